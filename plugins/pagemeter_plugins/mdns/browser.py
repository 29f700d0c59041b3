"""Browsing with python-zeroconf: what was announced so far, and when that changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from pagemeter.errors import PluginError
from pagemeter.text import scrub
from pagemeter_plugins.mdns.interfaces import browsed, own_addresses
from pagemeter_plugins.mdns.printers import SERVICE_TYPES, Service
from pagemeter_plugins.mdns.settings import MdnsSettings
from pagemeter_plugins.mdns.txt import parse_txt

if TYPE_CHECKING:
    from zeroconf import ServiceStateChange, Zeroconf
    from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

log = logging.getLogger(__name__)

MOST_SERVICES = 4096
"""More than any link has; a flood of invented names ends there."""
MOST_ASKED = 256
"""How many announcements that lack something may wait to be asked for."""

_LOOK_UPS_AT_ONCE = 16
_LOOK_UP_MILLISECONDS = 3000
_START_SECONDS = 5.0
_LOCAL = "local."


class Browser:
    """The services that are announced now; ``changed`` is set at each change."""

    def __init__(self, zeroconf: Zeroconf) -> None:
        self.changed = asyncio.Event()
        self._zeroconf = zeroconf
        self._services: dict[tuple[str, str], Service] = {}
        self._asked: set[tuple[str, str]] = set()
        self._queue: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self._flooded = False

    @property
    def services(self) -> tuple[Service, ...]:
        """All that are announced and complete."""
        return tuple(self._services.values())

    def heard(self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:  # noqa: ARG002 - zeroconf names it
        """Take note of an announcement or a goodbye; what it lacks is asked for."""
        key = (service_type, name)
        if state_change.name == "Removed":
            self._services.pop(key, None)
            self.changed.set()
        elif (info := _info(key)) is not None:
            if info.load_from_cache(self._zeroconf):
                self._keep(key, info)
            elif key not in self._asked and len(self._asked) < MOST_ASKED:
                self._asked.add(key)
                self._queue.put_nowait(key)

    async def look_up(self) -> None:
        """Ask for the host, TXT and addresses of what was announced without them, for ever."""
        while True:
            key = await self._queue.get()
            info = _info(key)
            try:
                if info is not None and await info.async_request(self._zeroconf, _LOOK_UP_MILLISECONDS):
                    self._keep(key, info)
            finally:
                self._asked.discard(key)

    def _keep(self, key: tuple[str, str], info: AsyncServiceInfo) -> None:
        if key not in self._services and len(self._services) >= MOST_SERVICES:
            if not self._flooded:
                log.warning("mdns: more than %d services are announced; the others are passed over", MOST_SERVICES)
            self._flooded = True
            return
        service_type, name = key
        self._services[key] = Service(
            type=service_type.removesuffix(f".{_LOCAL}"),
            instance=scrub(name.removesuffix(f".{service_type}")) or "",
            host=info.server or "",
            port=info.port or 0,
            addresses=tuple(info.parsed_scoped_addresses()),
            txt=parse_txt(info.text or b""),
        )
        self.changed.set()


@asynccontextmanager
async def browsing(settings: MdnsSettings) -> AsyncIterator[Browser]:
    """Browse while the context is open; raises PluginError where this host has no network or port 5353 is taken."""
    from zeroconf import DNSQuestionType
    from zeroconf.asyncio import AsyncServiceBrowser

    zeroconf = await _opened(settings)
    try:
        async with asyncio.TaskGroup() as group:
            browser = Browser(zeroconf.zeroconf)
            workers = [group.create_task(browser.look_up()) for _ in range(_LOOK_UPS_AT_ONCE)]
            # Answers to QU questions come by unicast, and only one of the programs at port 5353 gets those.
            listener = AsyncServiceBrowser(
                zeroconf.zeroconf,
                [f"{one}.{_LOCAL}" for one in SERVICE_TYPES],
                handlers=[browser.heard],
                question_type=DNSQuestionType.QM,
            )
            try:
                yield browser
            finally:
                await listener.async_cancel()
                for worker in workers:
                    worker.cancel()
    finally:
        await zeroconf.async_close()


def _info(key: tuple[str, str]) -> AsyncServiceInfo | None:
    from zeroconf import Error
    from zeroconf.asyncio import AsyncServiceInfo

    try:
        return AsyncServiceInfo(*key)
    except (Error, ValueError):
        log.debug("%s announces a name that can't be", key[0])
        return None


async def _opened(settings: MdnsSettings) -> AsyncZeroconf:
    from zeroconf import IPVersion, NotRunningException
    from zeroconf.asyncio import AsyncZeroconf

    interfaces = browsed(own_addresses(), settings.interfaces, ipv6=settings.ipv6)
    kinds = {type(one) for one in interfaces}
    version = IPVersion.All if len(kinds) > 1 else IPVersion.V4Only if str in kinds else IPVersion.V6Only
    try:
        zeroconf = AsyncZeroconf(interfaces=list(interfaces), ip_version=version)
        await _started(zeroconf)
    except (OSError, RuntimeError, NotRunningException) as error:
        reason = scrub(f"{type(error).__name__}: {error}")
        raise PluginError(
            f"UDP port 5353 can't be used for mDNS ({reason}); does another program keep it for itself "
            "(avahi: disallow-other-stacks=no), does the system forbid it?"
        ) from error
    return zeroconf


async def _started(zeroconf: AsyncZeroconf) -> None:
    try:
        await zeroconf.zeroconf.async_wait_for_start(timeout=_START_SECONDS)
        if not zeroconf.zeroconf.engine.senders:
            raise RuntimeError("no interface takes part in multicast")
    except BaseException:
        await zeroconf.async_close()
        raise
