"""The known devices by our own id, what each can be looked up by, and the ids that were given up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pagemeter.inventory.evidence import traces
from pagemeter.model import FleetEntry, Identity


class Roster:
    """Holds the entries and their index; an id that was given up leads to the one that stays, for ever."""

    def __init__(self, entries: Iterable[FleetEntry], aliases: Mapping[str, str]) -> None:
        self._entries: dict[str, FleetEntry] = {}
        self._traces: dict[tuple[str, str], set[str]] = {}
        self._aliases = {old: _end(aliases, old) for old in aliases}
        for entry in entries:
            self.put(entry)

    def __iter__(self) -> Iterator[FleetEntry]:
        """Go through the entries."""
        return iter(tuple(self._entries.values()))

    def get(self, device: str) -> FleetEntry | None:
        """Return a device by its id, or by one that was given up."""
        return self._entries.get(self.id_of(device))

    def id_of(self, device: str) -> str:
        """Return the id that a device has now."""
        return self._aliases.get(device, device)

    def put(self, entry: FleetEntry) -> None:
        """Keep an entry in the place of the one before."""
        device = entry.latest.device
        self._drop(device.id)
        self._entries[device.id] = entry
        for trace in traces(device, entry.latest.target):
            self._traces.setdefault(trace, set()).add(device.id)

    def merge(self, alias: str, stays: str) -> None:
        """Give an id up; what led to it leads to the one that stays."""
        self._drop(alias)
        self._aliases |= {old: stays for old, new in self._aliases.items() if new == alias}
        self._aliases[alias] = stays

    def by(self, what: str, value: str) -> tuple[FleetEntry, ...]:
        """Return the devices that can be looked up by a trace, in the order of their ids."""
        return tuple(self._entries[key] for key in sorted(self._traces.get((what, value), ())))

    def like(self, who: Identity, place: str) -> tuple[FleetEntry, ...]:
        """Return the devices that have anything in common with an identity at a place, in the order of their ids."""
        found = {key for trace in traces(who, place) for key in self._traces.get(trace, ())}
        return tuple(self._entries[key] for key in sorted(found))

    def _drop(self, key: str) -> None:
        if (entry := self._entries.pop(key, None)) is None:
            return
        for trace in traces(entry.latest.device, entry.latest.target):
            ids = self._traces[trace]
            ids.discard(key)
            if not ids:
                del self._traces[trace]


def _end(aliases: Mapping[str, str], device: str) -> str:
    """Follow aliases of aliases to their end; a ring, that only a damaged store can have, ends where it began."""
    seen = {device}
    while (device := aliases.get(device, device)) not in seen:
        seen.add(device)
    return device
