"""Yields what is listed, each place once, and what a table says of addresses and ranges."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator

from pagemeter import Discovery, Found, Memory, Services
from pagemeter.errors import PluginError
from pagemeter.model import Target
from pagemeter.net.lists import read_list
from pagemeter_plugins.static.links import Table, parse_table
from pagemeter_plugins.static.places import parse_place
from pagemeter_plugins.static.settings import StaticSettings
from pagemeter_plugins.static.table import read_table

log = logging.getLogger(__name__)

_MISTAKES_TOLD = 5


class StaticDiscovery(Discovery):
    """Sends nothing: whether somebody is there is the readers' work."""

    def __init__(self, settings: StaticSettings, services: Services) -> None:
        """Keep the list; the files are read at each discovery."""
        self._settings, self._services = settings, services

    async def discover(self, memory: Memory) -> AsyncIterator[Found]:  # noqa: ARG002 - nothing to resume
        """Yield the links, then the places in their order; raises PluginError that names file and line.

        A table's rows that can't be understood are told and passed over.
        """
        # In a thread: a large table takes seconds.
        table = await asyncio.to_thread(self._of_table)
        for link in table.links:
            yield link
        named = (*map(parse_place, self._settings.targets), *self._of_file())
        targets = {uri: Target(uri=uri, found_by="static") for uri in named}
        targets |= {target.uri: target for target in table.targets}
        for number, target in enumerate(targets.values(), start=1):
            yield target
            self._services.progress(number, len(targets))

    def _of_table(self) -> Table:
        settings = self._settings
        if settings.table is None:
            return Table(links=(), targets=(), mistakes=())
        path = self._services.folder / settings.table
        rows = read_table(path, sheet=settings.sheet)
        try:
            table = parse_table(rows, columns=settings.columns, labels=settings.labels, found_by="static")
        except ValueError as error:
            raise PluginError(f"{path}: {error}") from error
        if table.mistakes:
            told = "; ".join(f"{path.name}:{mistake}" for mistake in table.mistakes[:_MISTAKES_TOLD])
            more = len(table.mistakes) - _MISTAKES_TOLD
            log.warning("%s%s", told, f"; and {more} more" if more > 0 else "")
        return table

    def _of_file(self) -> Iterator[str]:
        if self._settings.file is None:
            return
        yield from read_list(self._services.folder / self._settings.file, parse_place)
