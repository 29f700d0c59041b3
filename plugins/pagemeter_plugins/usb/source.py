"""Gathers the printers at the USB ports of this host."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace

from pydantic import JsonValue

from pagemeter import Gathered, Per, Seen, Services, Source, Traffic
from pagemeter.errors import DeviceError, PluginError
from pagemeter.ipp.message import Group, GroupTag
from pagemeter.ipp.operations import get_printer_attributes, status_name, succeeded
from pagemeter.model import Target
from pagemeter_plugins.usb.ipp_usb import REQUESTED, completed, door_of, fits, port_of
from pagemeter_plugins.usb.printers import FOUND_BY, seen
from pagemeter_plugins.usb.settings import UsbSettings
from pagemeter_plugins.usb.sysfs import UsbPrinter, read_printers

log = logging.getLogger(__name__)

STREAM = "usb"

_PACKETS = 16


class UsbSource(Source):
    """Reads files of sysfs; nothing is sent to a device by that."""

    def __init__(self, settings: UsbSettings, services: Services, *, platform: str = sys.platform) -> None:
        """Keep the settings; ``platform`` is this host's."""
        self._settings, self._services, self._platform = settings, services, platform

    def traffic(self) -> Iterable[Traffic]:
        """Say that ipp-usb is asked on this host; sysfs is no network."""
        if self._settings.ipp_usb != "off":
            yield Traffic(
                to="ipp-usb on this host",
                port=None,
                protocol="tcp",
                per=Per.DEVICE,
                packets=_PACKETS,
                octets=_PACKETS * 800,
                why="one IPP question to each USB printer that ipp-usb serves, on loopback, at 60000 and up",
                carries="identity, meters, supplies and status",
            )

    async def collect(self, cursors: Mapping[str, JsonValue]) -> AsyncIterator[Gathered]:
        """Yield who is plugged in, and once each who was at the last run; raises PluginError where there is no USB."""
        printers = await self._printers()
        found = await self._asked(printers, seen(printers))
        here = sorted({one.target.uri for one in found})
        gone = tuple(Seen(target=Target(uri=uri, found_by=FOUND_BY)) for uri in _left(cursors, here))
        yield Gathered(stream=STREAM, cursor=list(here), seen=(*found, *gone))

    async def _asked(self, printers: Sequence[UsbPrinter], found: Sequence[Seen]) -> tuple[Seen, ...]:
        """Complete the printers that ipp-usb serves; one that does not answer keeps what sysfs told."""
        asked = list(found)
        doors = [self._door(printer) for printer in printers]
        for number, uri in enumerate(doors):
            # ipp-usb names its state by the serial number: of two printers that tell the same one it may be either.
            if uri is not None and doors.count(uri) == 1 and (group := await self._ask(uri)) is not None:
                asked[number] = self._completed(asked[number], group, uri)
        for url in self._settings.ipp_usb if isinstance(self._settings.ipp_usb, tuple) else ():
            if (group := await self._ask(door_of(url))) is not None:
                asked = self._assigned(asked, group, url)
        return tuple(asked)

    def _door(self, printer: UsbPrinter) -> str | None:
        port = port_of(printer, self._settings.ipp_usb_state) if self._settings.ipp_usb == "auto" else None
        return door_of(f"http://localhost:{port}") if port is not None and printer.speaks_ipp else None

    async def _ask(self, uri: str) -> Group | None:
        try:
            answer = await self._services.ipp.ask(uri, get_printer_attributes(uri, REQUESTED), server=True)
        except DeviceError as error:
            log.info("ipp-usb: %s", error)
            return None
        if not succeeded(answer):
            log.info("ipp-usb: %s answers %s", uri, status_name(answer.code))
        return answer.group(GroupTag.PRINTER)

    def _assigned(self, found: Sequence[Seen], group: Group, url: str) -> list[Seen]:
        """Give an answer to the one printer that it can be of; to none where it may be of several."""
        [*places] = (number for number, one in enumerate(found) if fits(group, one.readings[0].identity))
        if len(places) != 1:
            log.warning(
                "usb: %s answers for a printer that is %s", url, "plugged in twice" if places else "not plugged in"
            )
            return list(found)
        return [self._completed(one, group, url) if number == places[0] else one for number, one in enumerate(found)]

    def _completed(self, one: Seen, group: Group, uri: str) -> Seen:
        if not fits(group, one.readings[0].identity):
            log.info("usb: %s answers for another printer than %s", uri, one.target.uri)
            return one
        return replace(one, readings=(completed(one.readings[0], group, self._services.clock.now()),))

    async def _printers(self) -> tuple[UsbPrinter, ...]:
        if self._platform != "linux":
            raise PluginError("usb reads sysfs, which only Linux has; take this source out of the file")
        try:
            return await asyncio.to_thread(read_printers, self._settings.sysfs)
        except OSError as error:
            raise PluginError(
                f"{self._settings.sysfs}/bus/usb/devices can't be read ({error.__class__.__name__}); "
                "has this host USB, and may the agent see its sysfs (a container may not)?"
            ) from error


def _left(cursors: Mapping[str, JsonValue], here: Iterable[str]) -> list[str]:
    before = cursors.get(STREAM)
    known = [uri for uri in before if isinstance(uri, str)] if isinstance(before, list) else []
    return sorted(set(known) - set(here))
