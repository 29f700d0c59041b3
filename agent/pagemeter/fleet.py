"""The latest of many devices, held small: a hundred kilobytes of values are two kilobytes of bytes."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias, overload

from pagemeter import wire
from pagemeter.errors import StoreError
from pagemeter.model import FleetEntry

Change: TypeAlias = Callable[[FleetEntry], FleetEntry]

# A tenth larger than at level 6, and packed in half the time: it is done for each device in each cycle.
_LEVEL = 1
_MOST_BYTES = 8 * 1024 * 1024


def packed(entry: FleetEntry) -> bytes:
    """Pack an entry for memory and store: JSON, deflated. Raises WireError."""
    return zlib.compress(wire.to_json(entry), _LEVEL)


def unpacked(device: str, data: bytes) -> FleetEntry:
    """Undo ``packed``; raises StoreError, which names the device, where it can't be undone."""
    unpacker = zlib.decompressobj()
    try:
        plain = unpacker.decompress(data, _MOST_BYTES)
        # zlib raises nothing for a body that is cut short.
        if not unpacker.eof:
            raise ValueError("it is cut short or too large")
        return wire.from_json(FleetEntry, plain)
    except (zlib.error, ValueError, wire.WireError) as error:
        raise StoreError(f"what is current of device {device} is damaged: {error}") from error


class Fleet(Sequence[FleetEntry]):
    """Entries of devices in an order, each unpacked when it is asked for: never a whole fleet of values at once.

    Whoever goes through it twice unpacks twice. Raises StoreError on the way where one is damaged.
    """

    __slots__ = ("_changes", "_held")

    def __init__(
        self, held: Iterable[tuple[str, bytes | FleetEntry]] = (), *, changes: tuple[Change, ...] = ()
    ) -> None:
        """Take (device, packed) pairs; ``changes`` are applied to each entry as it is handed out."""
        self._held = tuple(held)
        self._changes = changes

    @property
    def ids(self) -> tuple[str, ...]:
        """The devices, without unpacking anything."""
        return tuple(device for device, _ in self._held)

    def parts(self) -> Iterator[tuple[FleetEntry, bytes | None]]:
        """Go through the entries, each with the bytes that it was made of, for whoever holds it on."""
        for device, data in self._held:
            whole = isinstance(data, bytes) and not self._changes
            yield self._one(device, data), data if whole and isinstance(data, bytes) else None

    def changed(self, change: Change) -> Fleet:
        """Return the same devices, each changed as it is handed out."""
        return Fleet(self._held, changes=(*self._changes, change))

    @overload
    def __getitem__(self, place: int) -> FleetEntry: ...
    @overload
    def __getitem__(self, place: slice) -> Fleet: ...
    def __getitem__(self, place: int | slice) -> FleetEntry | Fleet:
        """Unpack one, or take a part."""
        if isinstance(place, slice):
            return Fleet(self._held[place], changes=self._changes)
        return self._one(*self._held[place])

    def __len__(self) -> int:
        """Count the devices."""
        return len(self._held)

    def __iter__(self) -> Iterator[FleetEntry]:
        """Unpack one after another."""
        return (self._one(device, data) for device, data in self._held)

    def __eq__(self, other: object) -> bool:
        """Say whether these are the same entries in the same order; also of a tuple or a list of entries."""
        if not isinstance(other, Fleet | tuple | list):
            return NotImplemented
        return len(self) == len(other) and all(one == another for one, another in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment] # as of a list

    def __repr__(self) -> str:
        """Name how many there are."""
        return f"<Fleet of {len(self)}>"

    def _one(self, device: str, data: bytes | FleetEntry) -> FleetEntry:
        entry = unpacked(device, data) if isinstance(data, bytes) else data
        for change in self._changes:
            entry = change(entry)
        return entry


def ids_of(fleet: Sequence[FleetEntry]) -> tuple[str, ...]:
    """Return the devices of a fleet, whichever way it is held."""
    return fleet.ids if isinstance(fleet, Fleet) else tuple(entry.latest.device.id for entry in fleet)
