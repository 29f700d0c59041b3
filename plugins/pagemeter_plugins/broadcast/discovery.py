"""Hands on who answers a broadcast."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing
from dataclasses import replace
from ipaddress import IPv4Network

from pagemeter import Discovery, Found, Memory, Responder, Services, Traffic
from pagemeter.errors import DeviceError
from pagemeter.model import Target
from pagemeter.snmp.types import dotted, oid
from pagemeter_plugins.broadcast.settings import BroadcastSettings

log = logging.getLogger(__name__)

SYS_OBJECT_ID = oid("1.3.6.1.2.1.1.2.0")


class BroadcastDiscovery(Discovery):
    """One GET for sysObjectID to each segment; whether who answers is a printer is the readers' work."""

    def __init__(self, settings: BroadcastSettings, services: Services) -> None:
        """Keep the segments."""
        self._settings, self._services = settings, services

    def traffic(self) -> Iterable[Traffic]:
        """Say what goes where: how many answer nobody can tell."""
        for network in self._calls():
            to = "255.255.255.255" if network is None else str(IPv4Network(network).broadcast_address)
            where = "out of each interface" if network is None else f"to all of {network}"
            yield Traffic(
                to=to,
                port=161,
                packets=3,
                octets=270,
                why=f"an SNMP GET for sysObjectID {where}, up to 3 times with each community; each device answers each",
                carries="the communities that are for the whole segment",
            )

    async def discover(self, memory: Memory) -> AsyncIterator[Found]:  # noqa: ARG002 - nothing to resume
        """Yield who answers, each address once; a segment that may not be asked does not keep the others from it."""
        seen: set[str] = set()
        refusals: list[DeviceError] = []
        calls = self._calls()
        for number, network in enumerate(calls, start=1):
            try:
                async with aclosing(self._answers(network)) as answers:
                    async for target in answers:
                        if target.uri not in seen:
                            seen.add(target.uri)
                            yield target
            except DeviceError as error:
                log.info("%s is not asked: %s", network or "255.255.255.255", error)
                refusals.append(error)
            self._services.progress(number, len(calls))
        if len(refusals) == len(calls):
            raise refusals[0]

    def _calls(self) -> list[str | None]:
        limited: list[str | None] = [None] if self._settings.limited else []
        return [*dict.fromkeys(self._settings.segments), *limited]

    async def _answers(self, network: str | None) -> AsyncGenerator[Target, None]:
        seconds = self._settings.seconds
        stream = self._services.snmp.broadcast(network, SYS_OBJECT_ID, found_by="broadcast", seconds=seconds)
        try:
            async for responder in stream:
                yield _target(responder)
        finally:
            if isinstance(stream, AsyncGenerator):
                await stream.aclose()


def _target(responder: Responder) -> Target:
    object_id = responder.walk.oid(SYS_OBJECT_ID)
    if object_id is None:
        return responder.target
    return replace(responder.target, hints=replace(responder.target.hints, sys_object_id=dotted(object_id)))
