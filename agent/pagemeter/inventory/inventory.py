"""The devices of a site: which device is this, where is it now, since when is it silent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from ipaddress import ip_address
from urllib.parse import urlsplit

from pagemeter.continuity import Continuity, Records
from pagemeter.inventory.doors import Doors, serials_of
from pagemeter.inventory.evidence import Match, comparable, host_of, match, traces
from pagemeter.inventory.links import Links
from pagemeter.inventory.merge import LINK, merged_latest, told, unlinked
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
    Link,
    Origin,
    Reading,
    Target,
    snapshot_of,
)

NETWORK_SCHEMES = frozenset({"host", "snmp", "ipp", "ipps"})
"""The places that readers visit; the others (``usb``, ``cups`` ...) are told by sources."""


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


class Inventory:
    """The known devices by our own id; it holds values only and is filled from the store at start.

    A device is recognised by serial number, UUID, MAC and, where none of these speaks, by its place; a merged device
    keeps the older id.
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
        self._entries: dict[str, FleetEntry] = {}
        self._traces: dict[tuple[str, str], set[str]] = {}
        self._aliases = dict(aliases)
        self._new_id = new_id
        self._owed = Learned()
        self._doors = Doors()
        self._continuity = continuity or Continuity()
        self.links = links or Links()
        for entry in entries:
            self._put(entry)

    def entries(self) -> tuple[FleetEntry, ...]:
        """Return all known devices in the order of their places."""
        return tuple(sorted(self._entries.values(), key=lambda e: (_place(e.latest.target), e.latest.device.id)))

    def places(self) -> tuple[Target, ...]:
        """Return where to visit, each place once, the order being that of the addresses."""
        uris = dict.fromkeys(entry.latest.target for entry in self.entries())
        return tuple(Target(uri=uri, found_by="inventory") for uri in uris if _is_visited(uri))

    def place_of(self, device: str) -> Target | None:
        """Return where a device is visited, none for one that is not known or not reached over the network."""
        entry = self._entries.get(self._aliases.get(device, device))
        if entry is None or not _is_visited(entry.latest.target):
            return None
        return Target(uri=entry.latest.target, found_by="inventory")

    def device_at(self, uri: str) -> str | None:
        """Return the id of the one device at a place, by one of its doors, or at its host; none where it is not one."""
        if found := self.at(uri):
            return found[0].latest.device.id if len(found) == 1 else None
        door = self._doors.of(uri)
        if door is not None and self._aliases.get(door, door) in self._entries:
            return self._aliases.get(door, door)
        signs = [("serial", comparable(serial)) for serial in serials_of(uri)] or [("host", host_of(uri))]
        ids = {key for what, value in signs if value is not None for key in self._traces.get((what, value), ())}
        return ids.pop() if len(ids) == 1 else None

    def at(self, uri: str) -> tuple[FleetEntry, ...]:
        """Return the devices whose last known place this is."""
        return tuple(self._entries[key] for key in sorted(self._traces.get(("place", uri), ())))

    def learn(
        self, target: Target, readings: tuple[Reading, ...], *, at: datetime, read_by: tuple[str, ...]
    ) -> Learned:
        """Take in what one visit read; several readings are several devices behind one address."""
        learned = Learned()
        used: set[str] = set()
        for reading in readings:
            known, merged = self._recognise(target, reading, used, alone=len(readings) == 1)
            one = self._learn_one(target, reading, known, merged, at=at, read_by=read_by)
            used |= {snapshot.device.id for snapshot in one.snapshots}
            learned = _joined(learned, one)
        # Whoever was thought to be here and did not speak has moved or is off: DHCP gave the place away.
        displaced = [e for e in self.at(target.uri) if used and e.latest.device.id not in used]
        return _joined(learned, self._gone(displaced, at))

    def also_found(self, target: Target) -> Learned:
        """Note that another discovery found the devices of a place that was just visited."""
        new = [e for e in self.at(target.uri) if target.found_by not in ("inventory", *e.latest.found_by)]
        entries = tuple(
            replace(e, latest=replace(e.latest, found_by=tuple(sorted({*e.latest.found_by, target.found_by}))))
            for e in new
        )
        for entry in entries:
            self._put(entry)
        return Learned(entries=entries)

    def silent(self, uri: str, *, at: datetime) -> Learned:
        """Note that nothing answered at a place; an event is made only when the silence begins."""
        return self._gone(self.at(uri), at)

    def owe(self, learned: Learned) -> None:
        """Take back what could not be kept: its events and aliases are handed out again by ``owed``."""
        owed = _joined(self._owed, replace(learned, snapshots=()))
        entries = {entry.latest.device.id: entry for entry in owed.entries}
        self._owed = replace(
            owed,
            events=owed.events[-MOST_OWED:],
            entries=tuple(entries.values()),
            aliases=tuple(dict(owed.aliases).items()),
        )

    def owed(self) -> Learned | None:
        """Hand out what is to be kept still, with the entries as they are now; none where that is nothing."""
        owed, self._owed = self._owed, Learned()
        if owed == Learned():
            return None
        ids = (entry.latest.device.id for entry in owed.entries)
        return replace(owed, entries=tuple(self._entries[key] for key in ids if key in self._entries))

    def _learn_one(
        self,
        target: Target,
        reading: Reading,
        known: FleetEntry | None,
        merged: tuple[str, ...],
        *,
        at: datetime,
        read_by: tuple[str, ...],
    ) -> Learned:
        device = told(
            unlinked(known.latest) if known else Device(id=self._new_id()),
            reading.identity,
            addresses=reading.identity.addresses or _address(target),
        )
        device, said = self._linked(device, target)
        found_by = () if target.found_by == "inventory" else (target.found_by,)
        snapshot = snapshot_of(
            device,
            replace(reading, origins=tuple(sorted({**dict(reading.origins), **said}.items()))),
            target=_kept_place(known, target),
            found_by=found_by or (known.latest.found_by if known else ()),
            taken_at=at,
            read_by=read_by,
        )
        records = [self._continuity.merged(device.id, alias) for alias in merged]
        followed = self._continuity.follow(snapshot, before=known.latest if known else None)
        snapshot = followed.snapshot
        entry = _entry(known, snapshot, at)
        self._put(entry)
        # Over the network the host is what counts, and that may be another printer's by now.
        local = (uri for uri in (target.uri, *target.hints.uris) if host_of(uri) is None)
        self._doors.found(device.id, local)
        facts: list[Facts] = [DevicesMerged(alias=alias) for alias in merged]
        facts += [DeviceFound(address=target.host)] if known is None else _changes(known, snapshot)
        events = tuple(Event(device=device.id, at=at, facts=fact) for fact in facts) + followed.events
        return Learned(
            snapshots=(snapshot,),
            events=events,
            entries=(entry,),
            aliases=tuple((alias, device.id) for alias in merged),
            records=((device.id, reduce(Records.joined, (*records, followed.records))),),
        )

    def _linked(self, device: Device, target: Target) -> tuple[Device, dict[str, Origin]]:
        """Add what operators say of the place: a table first, then the discovery's hints, then what was said before.

        Also returned is which fields a table told: they count as long as it does.
        """
        hints, link = target.hints, self.links.of(target.host) or Link(addresses=target.host)
        linked = replace(
            device,
            site=link.site or hints.site or device.site,
            name=link.name or device.name or hints.name,
            asset_tag=link.asset_tag or hints.asset_tag or device.asset_tag,
            labels=link.labels or hints.labels or device.labels,
        )
        names = (name for name in ("site", "name", "asset_tag", "labels") if getattr(link, name))
        return linked, {name: Origin(protocol=LINK, where=name) for name in names}

    def _recognise(
        self, target: Target, reading: Reading, used: set[str], *, alone: bool
    ) -> tuple[FleetEntry | None, tuple[str, ...]]:
        """Find the device, and the ids that turn out to be the same one: the older stays.

        Only what is a device's own merges entries: several printers behind one address share its MAC and place.
        """
        traced = {key for trace in traces(reading.identity, target.uri) for key in self._traces.get(trace, ())}
        found = [
            (sure, entry)
            for entry in map(self._entries.__getitem__, sorted(traced))
            if (sure := match(entry.latest.device, reading.identity, same_place=entry.latest.target == target.uri))
            >= (Match.SERIAL if entry.latest.device.id in used else Match.ADDRESS)
        ]
        if not found:
            return None, ()
        surest = max(sure for sure, _ in found)
        if surest < Match.UUID:
            likely = [entry for sure, entry in found if sure is surest]
            return min(likely, key=lambda entry: entry.latest.device.model != reading.identity.model), ()
        same = [entry for sure, entry in found if sure is surest or (alone and _nameless(entry))]
        same.sort(key=lambda entry: (entry.first_seen, entry.latest.device.id))
        merged = tuple(entry.latest.device.id for entry in same[1:])
        for alias in merged:
            self._drop(alias)
            stays = same[0].latest.device.id
            self._aliases |= {old: stays for old, new in self._aliases.items() if new == alias}
            self._aliases[alias] = stays
        return same[0], merged

    def _put(self, entry: FleetEntry) -> None:
        device = entry.latest.device
        self._drop(device.id)
        self._entries[device.id] = entry
        for trace in traces(device, entry.latest.target):
            self._traces.setdefault(trace, set()).add(device.id)

    def _drop(self, key: str) -> None:
        if (entry := self._entries.pop(key, None)) is not None:
            for trace in traces(entry.latest.device, entry.latest.target):
                self._traces[trace].discard(key)

    def _gone(self, entries: Iterable[FleetEntry], at: datetime) -> Learned:
        quiet = [entry for entry in entries if entry.silent_since is None]
        now = tuple(replace(entry, silent_since=at) for entry in quiet)
        for entry in now:
            self._put(entry)
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
    old = Target(uri=known.latest.target, found_by="").host
    new = Target(uri=snapshot.target, found_by="").host
    return [*facts, DeviceMoved(old_address=old, address=new)] if old != new else facts


def _kept_place(known: FleetEntry | None, target: Target) -> str:
    """Return the place that stays.

    A host that is known keeps its URI, whichever of its doors was found now; a printer that answers over the network
    is visited there, even if it has a cable too.
    """
    if known is None:
        return target.uri
    place = Target(uri=known.latest.target, found_by="")
    if known.silent_since is None and _is_visited(place.uri) and not _is_visited(target.uri):
        return place.uri
    same = bool(place.host) and place.host == target.host
    return place.uri if same and urlsplit(place.uri).scheme in ("host", "snmp") else target.uri


def _is_visited(uri: str) -> bool:
    return urlsplit(uri).scheme in NETWORK_SCHEMES


def _nameless(entry: FleetEntry) -> bool:
    """Say whether an entry was known by its place alone, so that better evidence may take it in."""
    device = entry.latest.device
    return device.serial_number is None and device.uuid is None


def _address(target: Target) -> tuple[str, ...]:
    try:
        return (str(ip_address(target.host)),)
    except ValueError:
        return ()


def _place(uri: str) -> tuple[int, int, str]:
    try:
        address = ip_address(Target(uri=uri, found_by="").host)
    except ValueError:
        return (0, 0, uri)
    return (address.version, int(address), uri)


def _joined(one: Learned, other: Learned) -> Learned:
    return Learned(
        snapshots=one.snapshots + other.snapshots,
        events=one.events + other.events,
        entries=one.entries + other.entries,
        aliases=one.aliases + other.aliases,
        records=_records(one.records + other.records),
    )


def _records(all_of_them: Iterable[tuple[str, Records]]) -> tuple[tuple[str, Records], ...]:
    by_device: dict[str, Records] = {}
    for device, records in all_of_them:
        by_device[device] = by_device[device].joined(records) if device in by_device else records
    return tuple(by_device.items())
