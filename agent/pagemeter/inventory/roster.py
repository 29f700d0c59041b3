"""The known devices by our own id, what each can be looked up by, and the ids that were given up."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pagemeter.fleet import Fleet, packed, unpacked
from pagemeter.inventory.evidence import traces
from pagemeter.inventory.places import order
from pagemeter.inventory.signs import comparable
from pagemeter.model import FleetEntry, Identity
from pagemeter.wire import WireError

MOST_UNPACKED = 64
"""How many entries are held as values: somewhat more than devices are visited at once."""

# A network card, a UUID or a name that a whole fleet has in common says nothing of devices whose serial numbers differ.
_SHARED = frozenset({"mac", "uuid", "name"})


@dataclass(slots=True)
class _Held:
    """An entry, packed or as a value or both, and what is asked of all of a fleet at once."""

    entry: FleetEntry | None
    data: bytes | None
    place: str
    other_addresses: tuple[str, ...]
    is_silent: bool
    traces: tuple[str, ...]


class Roster:
    """Holds the entries and their index; an id that was given up leads to the one that stays, for ever.

    Entries are packed but for those that were asked for last: of ten thousand devices the values alone are a gigabyte.
    """

    def __init__(self, entries: Iterable[FleetEntry], aliases: Mapping[str, str]) -> None:
        self._entries: dict[str, _Held] = {}
        self._traces: dict[str, str | set[str]] = {}
        self._unpacked: OrderedDict[str, None] = OrderedDict()
        self._aliases = {old: _end(aliases, old) for old in aliases}
        if isinstance(entries, Fleet):
            for entry, data in entries.parts():
                self._take(entry, data)
        else:
            for entry in entries:
                self.put(entry)

    def __len__(self) -> int:
        """Count the devices."""
        return len(self._entries)

    def by_place(self) -> tuple[str, ...]:
        """Return the ids of all devices in the order of their places."""
        return tuple(sorted(self._entries, key=lambda key: (order(self._entries[key].place), key)))

    def places(self) -> Iterator[tuple[str, str]]:
        """Go through the devices: (id, place)."""
        return ((key, held.place) for key, held in self._entries.items())

    def fleet(self, devices: Iterable[str]) -> Fleet:
        """Return the entries of devices as they are now, to be gone through one by one."""
        return Fleet((key, held.data or held.entry or _nobody()) for key in devices for held in (self._entries[key],))

    def doors(self, device: str) -> tuple[str, tuple[str, ...]]:
        """Return the place of a device and, where it is silent, its other addresses."""
        held = self._entries[device]
        return held.place, held.other_addresses if held.is_silent else ()

    def silent(self) -> frozenset[str]:
        """Return the ids of the devices that are silent."""
        return frozenset(key for key, held in self._entries.items() if held.is_silent)

    def get(self, device: str) -> FleetEntry | None:
        """Return a device by its id, or by one that was given up."""
        key = self.id_of(device)
        return self._entry(key) if key in self._entries else None

    def id_of(self, device: str) -> str:
        """Return the id that a device has now."""
        return self._aliases.get(device, device)

    def put(self, entry: FleetEntry) -> None:
        """Keep an entry in the place of the one before."""
        self._take(entry, None)

    def data_of(self, entry: FleetEntry) -> bytes | None:
        """Return an entry packed, if it is the one held of its device."""
        held = self._entries.get(entry.latest.device.id)
        return self._packed(held) if held is not None and held.entry is entry else None

    def merge(self, alias: str, stays: str) -> None:
        """Give an id up; what led to it leads to the one that stays."""
        if (held := self._entries.pop(alias, None)) is not None:
            self._unpacked.pop(alias, None)
            self._forget(alias, held.traces)
        self._aliases |= {old: stays for old, new in self._aliases.items() if new == alias}
        self._aliases[alias] = stays

    def by(self, what: str, value: str) -> tuple[FleetEntry, ...]:
        """Return the devices that can be looked up by a trace, in the order of their ids."""
        found = {key for kind in _kinds(what) for key in self._led_to(f"{kind} {value}")}
        return tuple(map(self._entry, sorted(found)))

    def like(self, who: Identity, place: str) -> tuple[FleetEntry, ...]:
        """Return the devices that may be the one at a place, in the order of their ids: see ``match``.

        They have something in common with it. Of two that both tell serial numbers these count, and where they are:
        what else they share is left out.
        """
        named = comparable(who.serial_number) is not None
        found = {
            key
            for what, value in traces(who, place)
            for kind in (_kinds(what)[:1] if named else _kinds(what))
            for key in self._led_to(f"{kind} {value}")
        }
        return tuple(map(self._entry, sorted(found)))

    def _led_to(self, trace: str) -> Iterable[str]:
        found = self._traces.get(trace, ())
        return (found,) if isinstance(found, str) else found

    def _entry(self, key: str) -> FleetEntry:
        held = self._entries[key]
        if held.entry is None:
            held.entry = unpacked(key, held.data or b"")
        self._use(key)
        return held.entry

    def _use(self, key: str) -> None:
        """Hold an entry as a value for a while, in the place of the one that was not asked for the longest time."""
        self._unpacked[key] = None
        self._unpacked.move_to_end(key)
        while len(self._unpacked) > MOST_UNPACKED:
            held = self._entries[self._unpacked.popitem(last=False)[0]]
            if self._packed(held) is not None:
                held.entry = None

    def _packed(self, held: _Held) -> bytes | None:
        """Pack an entry once; one that can't be written stays as it is, and is refused where it is kept."""
        if held.data is None and held.entry is not None:
            try:
                held.data = packed(held.entry)
            except (WireError, ValueError, TypeError, OverflowError, RecursionError):
                return None
        return held.data

    def _take(self, entry: FleetEntry, data: bytes | None) -> None:
        device, place = entry.latest.device, entry.latest.target
        old = self._entries.get(device.id)
        found = _traces_of(entry, old)
        if old is None or found is not old.traces:
            self._forget(device.id, old.traces if old is not None else ())
            for trace in found:
                self._lead(trace, device.id)
        self._entries[device.id] = _Held(
            entry=entry,
            data=data,
            place=place,
            other_addresses=device.addresses[1:],
            is_silent=entry.silent_since is not None,
            traces=found,
        )
        self._use(device.id)

    def _lead(self, trace: str, key: str) -> None:
        there = self._traces.get(trace)
        if there is None:
            self._traces[trace] = key
        elif isinstance(there, set):
            there.add(key)
        elif there != key:
            self._traces[trace] = {there, key}

    def _forget(self, key: str, found: Iterable[str]) -> None:
        for trace in found:
            there = self._traces.get(trace)
            if isinstance(there, set):
                there.discard(key)
            if there == key or not there:
                self._traces.pop(trace, None)


def _kinds(what: str) -> tuple[str, ...]:
    """Return under which names a trace stands: what a fleet may share, apart for devices that tell serial numbers."""
    return (what, f"named {what}") if what in _SHARED else (what,)


def _traces_of(entry: FleetEntry, old: _Held | None) -> tuple[str, ...]:
    """Return by what a device is looked up; that of before where nothing of it changed, which is the rule."""
    device, place = entry.latest.device, entry.latest.target
    before = old.entry.latest.device if old is not None and old.entry is not None else None
    if old is not None and before is not None and place == old.place and _signs(before) == _signs(device):
        return old.traces
    named = comparable(device.serial_number) is not None
    return tuple(dict.fromkeys(f"{_kinds(what)[-1 if named else 0]} {value}" for what, value in traces(device, place)))


def _signs(who: Identity) -> tuple[object, ...]:
    """Return all that ``traces`` looks at."""
    return (
        who.serial_number,
        who.uuid,
        who.macs,
        who.addresses,
        who.host_names,
        who.manufacturer,
        who.model,
    )


def _nobody() -> FleetEntry:
    raise AssertionError("an entry is held packed or as a value")


def _end(aliases: Mapping[str, str], device: str) -> str:
    """Follow aliases of aliases to their end; a ring, that only a damaged store can have, ends where it began."""
    seen = {device}
    while (device := aliases.get(device, device)) not in seen:
        seen.add(device)
    return device
