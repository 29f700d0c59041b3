"""What a visit changed, and what of it is owed to the store."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from pagemeter.continuity import Records
from pagemeter.inventory.roster import Roster
from pagemeter.model import DeviceSnapshot, Event, FleetEntry

MOST_OWED = 10_000
"""How many events are held while the store can't be written; the oldest go first."""
MOST_AT_ONCE = 256
"""How many devices are handed out together: the entries of a large fleet don't fit into memory."""


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
    """Holds what could not be kept until it can be; of devices only which ones, for the roster knows them."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque(maxlen=MOST_OWED)
        self._devices: dict[str, None] = {}
        self._aliases: dict[str, str] = {}
        self._records: dict[str, Records] = {}

    def add(self, learned: Learned) -> None:
        """Take back what could not be kept: all but the snapshots."""
        self._events.extend(learned.events)
        self._devices |= dict.fromkeys(entry.latest.device.id for entry in learned.entries)
        self._aliases |= dict(learned.aliases)
        for device, records in learned.records:
            self._records[device] = self._records[device].joined(records) if device in self._records else records

    def of(self, device: str) -> Records:
        """Hand out the records of a device, for newer ones to be laid over them: they must not come after those."""
        return self._records.pop(device, Records())

    def take(self, roster: Roster) -> Learned | None:
        """Hand out what is to be kept still, with entries and aliases as they are now; none where that is nothing.

        Of many devices some are handed out at once.
        """
        if not (self._events or self._devices or self._aliases or self._records):
            return None
        some = list(dict.fromkeys((*self._devices, *self._records)))[:MOST_AT_ONCE]
        ids = dict.fromkeys(roster.id_of(device) for device in some if device in self._devices)
        records = [(device, self._records.pop(device)) for device in some if device in self._records]
        events, aliases = tuple(self._events), tuple((old, roster.id_of(old)) for old in self._aliases)
        self._events.clear()
        self._aliases.clear()
        for device in some:
            self._devices.pop(device, None)
        return Learned(
            events=events,
            entries=tuple(entry for entry in map(roster.get, ids) if entry is not None),
            aliases=aliases,
            # Rows of an id that was given up since were taken away with it.
            records=tuple((device, one) for device, one in records if roster.id_of(device) == device),
        )


def _records(all_of_them: Iterable[tuple[str, Records]]) -> tuple[tuple[str, Records], ...]:
    by_device: dict[str, Records] = {}
    for device, records in all_of_them:
        by_device[device] = by_device[device].joined(records) if device in by_device else records
    return tuple(by_device.items())
