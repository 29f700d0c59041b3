"""Gathers the printers at the USB ports of this host."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterable, Mapping

from pydantic import JsonValue

from pagemeter import Gathered, Seen, Services, Source
from pagemeter.errors import PluginError
from pagemeter.model import Target
from pagemeter_plugins.usb.printers import FOUND_BY, seen
from pagemeter_plugins.usb.settings import UsbSettings
from pagemeter_plugins.usb.sysfs import UsbPrinter, read_printers

STREAM = "usb"


class UsbSource(Source):
    """Reads files of sysfs; nothing is sent to a device by that."""

    def __init__(self, settings: UsbSettings, services: Services, *, platform: str = sys.platform) -> None:
        """Keep the settings; ``platform`` is this host's."""
        self._settings, self._services, self._platform = settings, services, platform

    async def collect(self, cursors: Mapping[str, JsonValue]) -> AsyncIterator[Gathered]:
        """Yield who is plugged in, and once each who was at the last run; raises PluginError where there is no USB."""
        found = seen(await self._printers())
        here = sorted({one.target.uri for one in found})
        gone = tuple(Seen(target=Target(uri=uri, found_by=FOUND_BY)) for uri in _left(cursors, here))
        yield Gathered(stream=STREAM, cursor=list(here), seen=(*found, *gone))

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
