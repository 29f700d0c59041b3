"""What a visit changed, and what of it is owed to the store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pagemeter.continuity import Records
from pagemeter.inventory.roster import Roster
from pagemeter.model import DeviceSnapshot, Event, FleetEntry

MOST_OWED = 10_000
"""How many events are held while the store can't be written; the oldest go first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What a visit changed: snapshots to hand on, events, entries as they are now, and ids that became aliases.

    ``records`` are what changed in the histories of devices, by id.
    """

    snapshots: tuple[DeviceSnapshot, ...] = ()
    events: tuple[Event, ...] = ()
    entries: tuple[FleetEntry, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    records: tuple[tuple[str, Records], ...] = ()

    def joined(self, later: Learned) -> Learned:
        """Lay what was learned later behind this."""
        return Learned(
            snapshots=self.snapshots + later.snapshots,
            events=self.events + later.events,
            entries=self.entries + later.entries,
            aliases=self.aliases + later.aliases,
            records=_records(self.records + later.records),
        )


class Owed:
    """Holds what could not be kept until it can be."""

    def __init__(self) -> None:
        self._owed = Learned()

    def add(self, learned: Learned) -> None:
        """Take back what could not be kept: all but the snapshots."""
        owed = self._owed.joined(replace(learned, snapshots=()))
        entries = {entry.latest.device.id: entry for entry in owed.entries}
        self._owed = replace(
            owed,
            events=owed.events[-MOST_OWED:],
            entries=tuple(entries.values()),
            aliases=tuple(dict(owed.aliases).items()),
        )

    def of(self, device: str) -> Records:
        """Hand out the records of a device, for newer ones to be laid over them: they must not come after those."""
        owed = dict(self._owed.records)
        records = owed.pop(device, Records())
        self._owed = replace(self._owed, records=tuple(owed.items()))
        return records

    def take(self, roster: Roster) -> Learned | None:
        """Hand out what is to be kept still, with entries and aliases as they are now; none where that is nothing."""
        owed, self._owed = self._owed, Learned()
        if owed == Learned():
            return None
        ids = dict.fromkeys(roster.id_of(entry.latest.device.id) for entry in owed.entries)
        return replace(
            owed,
            entries=tuple(entry for entry in map(roster.get, ids) if entry is not None),
            aliases=tuple((old, roster.id_of(old)) for old, _ in owed.aliases),
            # Rows of an id that was given up since were taken away with it.
            records=tuple((device, one) for device, one in owed.records if roster.id_of(device) == device),
        )


def _records(all_of_them: Iterable[tuple[str, Records]]) -> tuple[tuple[str, Records], ...]:
    by_device: dict[str, Records] = {}
    for device, records in all_of_them:
        by_device[device] = by_device[device].joined(records) if device in by_device else records
    return tuple(by_device.items())
