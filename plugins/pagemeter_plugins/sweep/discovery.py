"""Sweeps ranges over SNMP."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from dataclasses import replace
from functools import partial

from pagemeter import Discovery, Found, Memory, Responder, Services, Traffic
from pagemeter.model import Target
from pagemeter.net.lists import read_list
from pagemeter.net.ranges import AddressRange
from pagemeter.snmp.types import dotted, oid
from pagemeter_plugins.sweep.settings import SEGMENTS, SweepSettings
from pagemeter_plugins.sweep.spans import checked_exclude, checked_range, without

SYS_DESCR = oid("1.3.6.1.2.1.1.1.0")
SYS_OBJECT_ID = oid("1.3.6.1.2.1.1.2.0")


class SweepDiscovery(Discovery):
    """One small GET an address; whether who answers is a printer is the readers' work."""

    def __init__(self, settings: SweepSettings, services: Services) -> None:
        """Keep the ranges; the file is read at each discovery."""
        self._settings, self._services = settings, services

    def traffic(self) -> Iterable[Traffic]:
        """Say what goes where; the retries for silent addresses come on top."""
        for text in self._ranges():
            count = checked_range(text, large=True).count
            yield Traffic(
                to=text,
                port=161,
                packets=count,
                each_address=True,
                why="one SNMP GET to each address, and one more where nobody answers; further ones only if this host "
                "drops answers",
                carries="the community",
            )
        if self._settings.file is not None:
            yield Traffic(to=f"the ranges of {self._settings.file}", port=161, why="one SNMP GET to each address")

    async def discover(self, memory: Memory) -> AsyncIterator[Found]:
        """Yield who answers; raises PluginError that names file and line of what is no range."""
        ranges = [checked_range(text, large=self._settings.large) for text in self._ranges()]
        ranges += self._of_file()
        left = without(ranges, map(checked_exclude, self._settings.exclude))
        if not left:
            return
        asked = (SYS_DESCR, SYS_OBJECT_ID)
        progress = self._services.progress
        responders = self._services.snmp.sweep(left, asked, found_by="sweep", progress=progress, memory=memory)
        try:
            async for responder in responders:
                yield _target(responder) if isinstance(responder, Responder) else responder
        finally:
            if isinstance(responders, AsyncGenerator):
                await responders.aclose()

    def _ranges(self) -> Iterator[str]:
        """Yield what is asked, the segments that are selected now in the place of the word for them."""
        for text in self._settings.ranges:
            if text == SEGMENTS:
                yield from self._services.segments
            else:
                yield text

    def _of_file(self) -> Iterator[AddressRange]:
        if self._settings.file is None:
            return
        path = self._services.folder / self._settings.file
        yield from read_list(path, partial(checked_range, large=self._settings.large))


def _target(responder: Responder) -> Target:
    object_id = responder.walk.oid(SYS_OBJECT_ID)
    if object_id is None:
        return responder.target
    return replace(responder.target, hints=replace(responder.target.hints, sys_object_id=dotted(object_id)))
