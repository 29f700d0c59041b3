"""Finds the printers that announce themselves on the links of this host."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from importlib.util import find_spec
from typing import Self

from pagemeter import Discovery, Found, Memory, Services, Traffic
from pagemeter.errors import PluginError
from pagemeter.model import Scope, Target
from pagemeter_plugins.mdns.browser import Browser, browsing
from pagemeter_plugins.mdns.printers import SERVICE_TYPES, targets_of
from pagemeter_plugins.mdns.settings import MdnsSettings

log = logging.getLogger(__name__)

SETTLE_SECONDS = 2.0
"""How long the services of one printer, which come one by one, are waited for."""
REST_SECONDS = 600.0
"""For how long a place is not asked for again, whatever it announces."""
REOPEN_SECONDS = 3600.0
"""How often the watch is opened anew: the host may have got other addresses."""
RETRY_SECONDS = 60.0
IDENTIFY = frozenset({Scope.IDENTITY})


class MdnsDiscovery(Discovery):
    """Browses for a while in each discovery, and in between as long as it is watched."""

    def __init__(self, settings: MdnsSettings, services: Services) -> None:
        """Keep the settings; sockets are opened by each browsing."""
        self._settings, self._services = settings, services
        self._told: dict[str, float] = {}
        self._outage: str | None = None

    async def __aenter__(self) -> Self:
        """Raise PluginError where python-zeroconf is not installed."""
        if find_spec("zeroconf") is None:
            raise PluginError("mdns needs python-zeroconf: pip install 'pagemeter[mdns]'")
        return self

    def traffic(self) -> Iterable[Traffic]:
        """Say what goes to the groups of mDNS on each interface; how many answer nobody can tell."""
        groups = [("224.0.0.251", "224.0.0.22", "igmp")]
        groups += [("ff02::fb", "ff02::16", "icmpv6")] if self._settings.ipv6 else []
        often = "in each discovery" + (", and every hour or as records expire while it watches" * self._settings.watch)
        for group, routers, joining in groups:
            names = ", ".join(SERVICE_TYPES)
            yield Traffic(
                to=group,
                port=5353,
                packets=10,
                octets=2_000,
                why=f"questions for {names} on every interface, {often}",
            )
            yield Traffic(
                to=group, port=5353, direction="in", why="answers and announcements of the devices of the link"
            )
            joins = f"the system joins and leaves {group}"
            yield Traffic(to=routers, port=None, protocol=joining, packets=10, octets=800, why=joins)

    async def discover(self, memory: Memory) -> AsyncIterator[Found]:  # noqa: ARG002 - nothing to resume
        """Listen for ``seconds`` and yield who announced itself; raises PluginError where nobody can be heard."""
        async with browsing(self._settings) as browser:
            await self._services.clock.sleep(self._settings.seconds)
            found = self._targets(browser)
        for target in found:
            self._told[target.uri] = self._services.clock.monotonic()
            yield target

    async def serve(self) -> None:
        """Watch for printers that come later and ask for a visit; a network that is not there is waited for."""
        if not self._settings.watch:
            return
        # At the start a discovery is on its way as well: it has its turn first.
        await self._services.clock.sleep(self._settings.seconds + SETTLE_SECONDS)
        while True:
            try:
                async with asyncio.timeout(REOPEN_SECONDS), browsing(self._settings) as browser:
                    self._recovered()
                    await self._watch(browser)
            except TimeoutError:
                continue
            except PluginError as error:
                self._failed(str(error))
                await self._services.clock.sleep(RETRY_SECONDS)

    async def _watch(self, browser: Browser) -> None:
        while True:
            await browser.changed.wait()
            await self._services.clock.sleep(SETTLE_SECONDS)
            browser.changed.clear()
            for target in self._news(self._targets(browser)):
                self._services.read_soon(target, IDENTIFY, "announced by mDNS")

    def _news(self, targets: Iterable[Target]) -> list[Target]:
        """Pick what was not told yet; what says goodbye is news again when it comes back after a while."""
        now = self._services.clock.monotonic()
        there = {target.uri: target for target in targets}
        self._told = {uri: at for uri, at in self._told.items() if uri in there or now - at < REST_SECONDS}
        news = [target for uri, target in there.items() if uri not in self._told]
        self._told |= dict.fromkeys((target.uri for target in news), now)
        return news

    def _targets(self, browser: Browser) -> tuple[Target, ...]:
        return targets_of(browser.services, self._services.allows, found_by="mdns")

    def _failed(self, reason: str) -> None:
        log.log(logging.DEBUG if reason == self._outage else logging.WARNING, "mdns can't watch: %s", reason)
        self._outage = reason

    def _recovered(self) -> None:
        if self._outage is not None:
            log.info("mdns watches again")
        self._outage = None
