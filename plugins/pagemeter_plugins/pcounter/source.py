"""Follows the logs of Pcounter servers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from datetime import datetime

from pydantic import JsonValue

from pagemeter import Gathered, Services, Source
from pagemeter.errors import PluginError
from pagemeter.logs import OutageLog
from pagemeter_plugins.pcounter.follow import LogFollower
from pagemeter_plugins.pcounter.settings import PcounterSettings

log = logging.getLogger(__name__)


class PcounterSource(Source):
    """Reads what is new of each log, one after the other, and ends; files stay known and open between two rounds.

    Nothing is sent: a log on another host comes over a drive that the system has mounted.
    """

    def __init__(self, settings: PcounterSettings, services: Services) -> None:
        """Name the logs; nothing is opened yet."""
        self._services = services
        self._logs = [LogFollower(one, services.folder) for one in settings.every_log]
        self._outages = OutageLog(log, services.clock)

    async def __aexit__(self, *exc_info: object) -> None:
        """Close the files."""
        for one in self._logs:
            await asyncio.to_thread(one.close)

    async def collect(self, cursors: Mapping[str, JsonValue]) -> AsyncIterator[Gathered]:
        """Yield at most 1000 lines at a time, each batch with the place of its file.

        One log that is not there does not stop the others; raises PluginError where none is.
        """
        failed = {}
        now = self._services.clock.now()
        for one in self._logs:
            try:
                gathered = await asyncio.to_thread(_first, one, cursors, now)
                while gathered is not None:
                    yield gathered
                    gathered = await asyncio.to_thread(one.next)
            except OSError as error:
                failed[one.name] = f"{error.filename} can't be read: {error.strerror}"
                self._outages.failed(one.name, failed[one.name])
            else:
                self._outages.recovered(one.name)
        if failed and len(failed) == len(self._logs):
            raise PluginError("; ".join(f"{name}: {why}" for name, why in failed.items()) + "; is the path right?")


def _first(one: LogFollower, cursors: Mapping[str, JsonValue], now: datetime) -> Gathered | None:
    one.begin(cursors, now)
    return one.next()
