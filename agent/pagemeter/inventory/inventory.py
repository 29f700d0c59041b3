"""The devices of a site: which device is this, where is it now, since when is it silent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce

from pagemeter.continuity import Continuity, Records
from pagemeter.fleet import Fleet
from pagemeter.inventory.doors import Doors, serials_of
from pagemeter.inventory.learned import Learned, Owed
from pagemeter.inventory.links import Links
from pagemeter.inventory.merge import fused, merged_latest
from pagemeter.inventory.places import addresses_of, host_of, is_visited, where
from pagemeter.inventory.recognition import candidates_of, chosen_of, merged_with, told_apart
from pagemeter.inventory.roster import Roster
from pagemeter.inventory.sighting import Sightings, Visit
from pagemeter.inventory.signs import comparable
from pagemeter.model import (
    Device,
    DeviceBack,
    DeviceFound,
    DeviceMoved,
    DeviceSilent,
    DevicesMerged,
    DeviceSnapshot,
    Event,
    Facts,
    FleetEntry,
    Reading,
    Target,
    host_uri,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recognised:
    """The device of a reading as it was known: all of its entries laid together, and the one whose id stays."""

    whole: FleetEntry
    stays: FleetEntry
    merged: tuple[str, ...] = ()


class Inventory:
    """The known devices by our own id; it holds values only and is filled from the store at start.

    A device is recognised by maker and serial number, by UUID and MAC and, where none of these speaks, by its place; a
    merged device keeps the older id.
    """

    def __init__(
        self,
        entries: Iterable[FleetEntry],
        aliases: Mapping[str, str],
        *,
        new_id: Callable[[], str],
        links: Links | None = None,
        continuity: Continuity | None = None,
    ) -> None:
        self._roster = Roster(entries, aliases)
        self._owed = Owed()
        self._cables = Doors()
        self._continuity = continuity or Continuity()
        self.links = links or Links()
        self._sightings = Sightings(self._roster, self.links, new_id=new_id)

    def __len__(self) -> int:
        """Count the known devices."""
        return len(self._roster)

    def entries(self) -> Fleet:
        """Return all known devices as they are now, in the order of their places."""
        return self._roster.fleet(self._roster.by_place())

    def silent_devices(self) -> frozenset[str]:
        """Return the ids of the devices that do not answer."""
        return self._roster.silent()

    def packed(self, entries: Iterable[FleetEntry]) -> Mapping[str, bytes]:
        """Return those of the entries that are held as they are, packed as the store keeps them, by device."""
        pairs = ((entry.latest.device.id, self._roster.data_of(entry)) for entry in entries)
        return {device: data for device, data in pairs if data is not None}

    def places(self) -> tuple[Target, ...]:
        """Return where to visit, each place once, the order being that of the addresses.

        A device that is silent is looked for at its other addresses too.
        """
        uris: dict[str, None] = {}
        for device in self._roster.by_place():
            place, others = self._roster.doors(device)
            uris[place] = None
            if is_visited(place):
                uris |= dict.fromkeys(map(host_uri, others))
        return tuple(Target(uri=uri, found_by="inventory") for uri in uris if is_visited(uri))

    def place_of(self, device: str) -> Target | None:
        """Return where a device is visited, none for one that is not known or not reached over the network."""
        entry = self._roster.get(device)
        if entry is None or not is_visited(entry.latest.target):
            return None
        return Target(uri=entry.latest.target, found_by="inventory")

    def device_at(self, uri: str) -> str | None:
        """Return the id of the one device at a place, by one of its doors, or at its host; none where it is not one."""
        if found := self.at(uri):
            return found[0].latest.device.id if len(found) == 1 else None
        door = self._cables.of(uri)
        if door is not None and (entry := self._roster.get(door)) is not None:
            return entry.latest.device.id
        signs = [("serial", comparable(serial)) for serial in serials_of(uri)] or [("host", host_of(uri))]
        ids = {e.latest.device.id for what, value in signs if value is not None for e in self._roster.by(what, value)}
        return ids.pop() if len(ids) == 1 else None

    def at(self, uri: str) -> tuple[FleetEntry, ...]:
        """Return the devices whose last known place this is."""
        return self._roster.by("place", uri)

    def learn(
        self, target: Target, readings: tuple[Reading, ...], *, at: datetime, read_by: tuple[str, ...]
    ) -> Learned:
        """Take in what one visit read; several readings are several devices behind one address."""
        apart = told_apart(readings)
        visit = Visit(target=target, at=at, read_by=read_by, read=apart)
        learned = Learned()
        used: set[str] = set()
        for reading in apart:
            one = self._learn_one(visit, reading, self._recognise(visit, reading, used))
            used |= {snapshot.device.id for snapshot in one.snapshots}
            learned = learned.joined(one)
        return learned.joined(self._displaced(target, used, at)) if used else learned

    def also_found(self, target: Target) -> Learned:
        """Note that another discovery found the devices of a place that was just visited."""
        new = [e for e in self.at(target.uri) if target.found_by not in ("inventory", *e.latest.found_by)]
        entries = tuple(
            replace(e, latest=replace(e.latest, found_by=tuple(sorted({*e.latest.found_by, target.found_by}))))
            for e in new
        )
        for entry in entries:
            self._roster.put(entry)
        return Learned(entries=entries)

    def silent(self, uri: str, *, at: datetime) -> Learned:
        """Note that nothing answered at a place; an event is made only when the silence begins.

        A device that was met at another one of its addresses since is there, and not silent.
        """
        awake = (entry for entry in self.at(uri) if entry.silent_since is None)
        moved = tuple(one for entry in awake if (one := self._sightings.at_last_door(entry)) is not None)
        for entry in moved:
            self._roster.put(entry)
        facts = [DeviceMoved(old_address=where(uri), address=where(entry.latest.target)) for entry in moved]
        pairs = zip(moved, facts, strict=True)
        events = tuple(Event(device=entry.latest.device.id, at=at, facts=fact) for entry, fact in pairs)
        return Learned(events=events, entries=moved).joined(self._gone(self.at(uri), at))

    def owe(self, learned: Learned) -> None:
        """Take back what could not be kept: its events and aliases are handed out again by ``owed``."""
        for snapshot in learned.snapshots:
            self._continuity.unkept(self._roster.id_of(snapshot.device.id), snapshot)
        self._owed.add(learned)

    def owed(self) -> Learned | None:
        """Hand out what is to be kept still, with the entries as they are now; none where that is nothing."""
        owed = self._owed.take(self._roster)
        if owed is None:
            return None
        records = tuple((device, self._continuity.current(device, one)) for device, one in owed.records)
        return replace(owed, records=records)

    def _recognise(self, visit: Visit, reading: Reading, used: set[str]) -> _Recognised | None:
        """Find the device, and the ids that turn out to be the same one: the older stays."""
        place = visit.target.uri
        known = [e for e in self._roster.like(reading.identity, place) if e.latest.device.id not in used]
        there = self.at(place)
        candidates = candidates_of(reading, known, place, read=visit.read, there=there)
        chosen = chosen_of(candidates, reading)
        if chosen is None:
            return None
        same = [chosen.entry, *merged_with(chosen, candidates, reading, alone=len(visit.read) == 1)]
        same.sort(key=lambda entry: (entry.first_seen, entry.latest.device.id))
        stays, *others = same
        for other in others:
            self._roster.merge(other.latest.device.id, stays.latest.device.id)
        merged = tuple(other.latest.device.id for other in others)
        return _Recognised(whole=reduce(fused, others, stays), stays=stays, merged=merged)

    def _learn_one(self, visit: Visit, reading: Reading, known: _Recognised | None) -> Learned:
        whole = known.whole if known else None
        snapshot = self._sightings.snapshot(visit, reading, whole)
        device = snapshot.device.id
        merged = known.merged if known else ()
        owed = self._continuity.current(device, self._owed.of(device))
        records = [owed, *(self._continuity.merged(device, alias, at=visit.at) for alias in merged)]
        followed = self._continuity.follow(snapshot, before=whole.latest if whole else None)
        entry = _entry(whole, followed.snapshot, visit.at)
        self._roster.put(entry)
        self._note_doors(device, visit.target)
        facts: list[Facts] = [DevicesMerged(alias=alias) for alias in merged]
        facts += _changes(known.stays, snapshot) if known else [DeviceFound(address=where(visit.target.uri))]
        return Learned(
            snapshots=(followed.snapshot,),
            events=(*(Event(device=device, at=visit.at, facts=fact) for fact in facts), *followed.events),
            entries=(entry,),
            aliases=tuple((alias, device) for alias in merged),
            records=((device, reduce(Records.joined, (*records, followed.records))),),
        )

    def _note_doors(self, device: str, target: Target) -> None:
        # Over the network the host is what counts, and that may be another printer's by now.
        self._cables.found(device, (uri for uri in (target.uri, *target.hints.uris) if host_of(uri) is None))
        self._sightings.note(device, target)

    def _displaced(self, target: Target, used: set[str], at: datetime) -> Learned:
        """Note that whoever was thought to be here and did not speak has moved or is off: DHCP gave the place away."""
        missing = [e for e in self.at(target.uri) if e.latest.device.id not in used]
        here = addresses_of(target)
        doors = [
            replace(e, latest=replace(e.latest, device=_without_address(e.latest.device, here[0])))
            for e in (self._roster.by("host", here[0]) if here else ())
            if here[0] in e.latest.device.addresses[1:] and e.latest.device.id not in used
        ]
        for entry in doors:
            self._roster.put(entry)
        return self._gone(missing, at).joined(Learned(entries=tuple(doors)))

    def _gone(self, entries: Iterable[FleetEntry], at: datetime) -> Learned:
        quiet = [entry for entry in entries if entry.silent_since is None]
        now = tuple(replace(entry, silent_since=at) for entry in quiet)
        for entry in now:
            self._roster.put(entry)
        # A clock that was set back must not make a silence begin in the future.
        since = [min(entry.last_success or at, at) for entry in now]
        events = tuple(
            Event(device=entry.latest.device.id, at=at, facts=DeviceSilent(since=last))
            for entry, last in zip(now, since, strict=True)
        )
        return Learned(events=events, entries=now)


def _entry(known: FleetEntry | None, snapshot: DeviceSnapshot, at: datetime) -> FleetEntry:
    times = {**dict(known.scope_times if known else ()), **{str(scope): at for scope in snapshot.scopes}}
    return FleetEntry(
        latest=merged_latest(known.latest, snapshot) if known else snapshot,
        first_seen=min(known.first_seen, at) if known else at,
        last_success=at,
        scope_times=tuple(sorted(times.items())),
    )


def _changes(known: FleetEntry, snapshot: DeviceSnapshot) -> list[Facts]:
    facts: list[Facts] = []
    if known.silent_since is not None:
        facts.append(DeviceBack(silent_since=min(known.silent_since, snapshot.taken_at)))
    old, new = where(known.latest.target), where(snapshot.target)
    return [*facts, DeviceMoved(old_address=old, address=new)] if old != new else facts


def _without_address(device: Device, address: str) -> Device:
    return replace(device, addresses=tuple(one for one in device.addresses if one != address))
