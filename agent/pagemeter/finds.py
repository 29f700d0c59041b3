"""What one run of a discovery finds, each brought to where it belongs."""

from __future__ import annotations

from collections.abc import Callable

from pagemeter.component import Found, Memory
from pagemeter.due import Due
from pagemeter.errors import PluginError
from pagemeter.model import Link, Segment, Target
from pagemeter.site import Site
from pagemeter.store import Keep, Store

MOST_LINKS = 100_000


class Finds:
    """Keeps what a discovery remembers together with the places that it found by then.

    ``visit_soon`` is told each place that is ``wanted``, those first that an earlier run left; ``outside`` are the
    others where ``is_outside`` says so.
    """

    def __init__(
        self,
        discovery: str,
        *,
        store: Store,
        site: Site,
        visit_soon: Callable[[Target], None],
        wanted: Callable[[str], bool],
        is_outside: Callable[[Target], bool],
    ) -> None:
        self.outside: list[str] = []
        self.links: list[Link] = []
        self._discovery = discovery
        self._store = store
        self._site = site
        self._visit_soon = visit_soon
        self._wanted = wanted
        self._is_outside = is_outside
        self._expected = 0
        self._due = Due(store, discovery)
        for place in self._due.left:
            if not self._place(place):
                self._due.visited(place)

    async def take(self, found: Found) -> None:
        """Take one find; raises PluginError for too many links, StoreError."""
        if isinstance(found, Target):
            if len(self.links) != self._expected:
                self._expected = len(self.links)
                self._site.expect(self._discovery, tuple(self.links))
            self._place(found)
        elif isinstance(found, Segment):
            await self._site.listed(self._discovery, found)
        elif isinstance(found, Link):
            self.links.append(found)
            if len(self.links) > MOST_LINKS:
                raise PluginError(f"{self._discovery}: more than {MOST_LINKS} links; join their addresses")
        else:
            await self._remember(found)

    def visited(self, place: Target) -> None:
        """Note that a place was visited."""
        self._due.visited(place)

    async def end(self) -> None:
        """Forget what was due, now that it was visited; raises StoreError."""
        if ended := self._due.ended():
            await self._store.keep(Keep(memories=ended))

    def _place(self, place: Target) -> bool:
        """Have a place visited; false where it is left alone, or visited anyway."""
        if self._is_outside(place):
            self.outside.append(place.uri)
            return False
        if not self._wanted(place.uri):
            return False
        self._due.found(place)
        self._visit_soon(place)
        return True

    async def _remember(self, memory: Memory) -> None:
        # At once, for a discovery may wait until it is kept.
        kept = {(self._discovery, ""): memory, **self._due.changes()}
        await self._store.keep(Keep(memories=kept), at_once=True)
