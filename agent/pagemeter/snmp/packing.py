"""How columns and single values are packed into as few GETBULKs as a device takes (RFC 3416 section 4.2.3)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from pagemeter.snmp.reading import predecessor
from pagemeter.snmp.sizes import Sizes
from pagemeter.snmp.types import Oid

ENVELOPE = 45
"""What the message around the values takes, in octets."""

# What another packet costs, in octets that are wasted instead.
_PACKET = 10_000


class Part(NamedTuple):
    """What is asked of one column: so many rows behind an identifier, of so many octets each.

    A single value is a part without a column: its one row.
    """

    rows: int
    after: Oid
    name: Oid
    octets: int
    single: bool = False


class Packet(NamedTuple):
    """One GETBULK: what is asked once, then ``repetitions`` rows of each of the others; ``names`` are what it asks."""

    once: tuple[Part, ...]
    repeated: tuple[Part, ...]
    repetitions: int
    octets: int
    parts: tuple[Part, ...]
    names: tuple[Oid, ...]

    def first(self, some: int) -> Packet:
        """Return a packet of the first parts only."""
        once, repeated = self.once[:some], self.repeated[: max(0, some - len(self.once))]
        return _packet(once, repeated, self.repetitions)

    def without_first(self, some: int) -> Packet:
        """Return a packet of what ``first`` leaves."""
        return _packet(self.once[some:], self.repeated[max(0, some - len(self.once)) :], self.repetitions)


def part_of(name: Oid, after: Oid, rows: int, sizes: Sizes, most_octets: int) -> Part:
    """Return the part that asks for rows of a column, of so many as have room in one packet."""
    octets = sizes.of(name)
    return Part(max(1, min(rows, (most_octets - ENVELOPE) // octets)), after, name, octets)


def single(name: Oid, octets: int) -> Part:
    """Return the part that asks for one value."""
    return Part(1, predecessor(name), name, octets, single=True)


@lru_cache(maxsize=512)
def pack(parts: tuple[Part, ...], most_octets: int, at_once: int) -> tuple[Packet, ...]:
    """Pack parts of which none is larger than a packet.

    Columns with about as many rows share a packet, so that little is asked for beyond their ends; what has one row
    fills what is left.
    """
    repeated = sorted((part for part in parts if part.rows > 1), key=lambda part: (-part.rows, part.name))
    packets = []
    once = [part for part in parts if part.rows <= 1]
    for begin, end in _cuts(repeated, most_octets, at_once):
        here = repeated[begin:end]
        octets = ENVELOPE + here[0].rows * sum(part.octets for part in here)
        # In the order of the MIB, which agents are tested with.
        columns = tuple(sorted(here, key=lambda part: part.after))
        packets.append(_packet(_filling(once, most_octets - octets, at_once - len(here)), columns, here[0].rows))
    while once:
        packets.append(_packet(_filling(once, most_octets - ENVELOPE, at_once) or (once.pop(0),), (), 0))
    return tuple(packets)


def plain(parts: Sequence[Part], at_once: int) -> tuple[Packet, ...]:
    """Pack for GETNEXT: one row of each, so many at once."""
    return tuple(_packet(tuple(parts[at : at + at_once]), (), 0) for at in range(0, len(parts), at_once))


def _packet(once: tuple[Part, ...], repeated: tuple[Part, ...], repetitions: int) -> Packet:
    octets = sum(part.octets for part in once) + repetitions * sum(part.octets for part in repeated)
    parts = once + repeated
    return Packet(once, repeated, repetitions, ENVELOPE + octets, parts, tuple(part.after for part in parts))


def _filling(once: list[Part], octets: int, some: int) -> tuple[Part, ...]:
    """Take from ``once`` what has room."""
    taken = 0
    while taken < min(some, len(once)) and once[taken].octets <= octets:
        octets -= once[taken].octets
        taken += 1
    filling = tuple(once[:taken])
    del once[:taken]
    return filling


def _cuts(columns: Sequence[Part], most_octets: int, at_once: int) -> list[tuple[int, int]]:
    """Cut the columns, the longest first, into packets: as few as there can be, and then with as little waste."""
    best: list[tuple[int, int]] = [(0, 0)]
    for end in range(1, len(columns) + 1):
        width = 0
        choices: list[tuple[int, int]] = []
        for begin in range(end - 1, max(-1, end - at_once - 1), -1):
            width += columns[begin].octets
            octets = ENVELOPE + columns[begin].rows * width
            if octets > most_octets and choices:
                break
            choices.append((best[begin][0] + octets + _PACKET, begin))
        best.append(min(choices))
    cuts, end = [], len(columns)
    while end:
        cuts.append((best[end][1], end))
        end = best[end][1]
    return cuts[::-1]
