"""Yields what is listed, each place once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from pagemeter import Discovery, Memory, Services
from pagemeter.errors import PluginError
from pagemeter.model import Segment, Target
from pagemeter_plugins.static.places import listed, parse_place
from pagemeter_plugins.static.settings import StaticSettings


class StaticDiscovery(Discovery):
    """Sends nothing: whether somebody is there is the readers' work."""

    def __init__(self, settings: StaticSettings, services: Services) -> None:
        """Keep the list; the file is read at each discovery."""
        self._settings, self._services = settings, services

    async def discover(self, memory: Memory) -> AsyncIterator[Target | Segment | Memory]:  # noqa: ARG002 - nothing to resume
        """Yield the places in their order; raises PluginError that names file and line of what is none."""
        uris = dict.fromkeys((*map(parse_place, self._settings.targets), *self._of_file()))
        for number, uri in enumerate(uris, start=1):
            yield Target(uri=uri, found_by="static")
            self._services.progress(number, len(uris))

    def _of_file(self) -> Iterator[str]:
        if self._settings.file is None:
            return
        path = self._services.folder / self._settings.file
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise PluginError(
                f"{path} can't be read ({error.__class__.__name__}); is it a text file in UTF-8?"
            ) from error
        for number, place in listed(text):
            try:
                yield parse_place(place)
            except ValueError as error:
                raise PluginError(f"{path}:{number}: {error}") from error
