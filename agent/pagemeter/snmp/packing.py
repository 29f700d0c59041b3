"""How columns and single values are packed into as few GETBULKs as a device takes (RFC 3416 section 4.2.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from pagemeter.snmp.reading import predecessor
from pagemeter.snmp.types import Oid

Part: TypeAlias = tuple[Oid, Oid, int]
"""A column: itself, behind what it is read, and how many rows are expected there."""

_ENVELOPE = 45
_AROUND_A_VALUE = 8
_INDEX = 2
# What another packet costs, in octets that are wasted instead.
_PACKET = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One GETBULK: the values that are asked once, then the columns, ``repetitions`` rows of each."""

    singles: tuple[Oid, ...] = ()
    columns: tuple[Part, ...] = ()
    repetitions: int = 0
    octets: int = 0

    @property
    def asked(self) -> tuple[Oid, ...]:
        """Return the identifiers of the question."""
        return (*map(predecessor, self.singles), *(after for _, after, _ in self.columns))

    @property
    def width(self) -> int:
        """Say how many identifiers the question has."""
        return len(self.singles) + len(self.columns)

    def halves(self) -> tuple[Packet, Packet]:
        """Return two packets that ask for the same."""
        half = self.width // 2
        singles, columns = self.singles[:half], self.columns[: max(0, half - len(self.singles))]
        rest = Packet(
            singles=self.singles[len(singles) :],
            columns=self.columns[len(columns) :],
            repetitions=self.repetitions,
            octets=self.octets // 2,
        )
        return Packet(singles=singles, columns=columns, repetitions=self.repetitions, octets=self.octets // 2), rest


# Devices of one model with equal tables are asked the same.
@lru_cache(maxsize=512)
def pack(parts: tuple[Part, ...], singles: tuple[Oid, ...], most_octets: int, at_once: int) -> tuple[Packet, ...]:
    """Pack; each row more than the expected ones shows that a column is at its end.

    Columns with about as many rows share a packet, so that little is asked for beyond their ends.
    """
    ordered = sorted(parts, key=lambda part: (-part[2], part[0]))
    packets = [_packet(ordered[begin:end]) for begin, end in _cuts(ordered, most_octets, at_once)]
    return tuple(_with_singles(packets, singles, most_octets, at_once))


def _packet(columns: Sequence[Part]) -> Packet:
    repetitions = columns[0][2] + 1
    octets = _ENVELOPE + repetitions * sum(_size(column) for column, _, _ in columns)
    # In the order of the MIB, which agents are tested with.
    return Packet(columns=tuple(sorted(columns)), repetitions=repetitions, octets=octets)


def _cuts(columns: Sequence[Part], most_octets: int, at_once: int) -> list[tuple[int, int]]:
    """Cut the columns, the longest first, into packets: as few as there can be, and then with as little waste."""
    best: list[tuple[float, int]] = [(0, 0)]
    for end in range(1, len(columns) + 1):
        width, choice = 0, (float("inf"), end - 1)
        for begin in range(end - 1, max(-1, end - at_once - 1), -1):
            width += _size(columns[begin][0])
            octets = _ENVELOPE + (columns[begin][2] + 1) * width
            if octets > most_octets and begin < end - 1:
                break
            choice = min(choice, (best[begin][0] + octets + _PACKET, begin))
        best.append(choice)
    cuts, end = [], len(columns)
    while end:
        cuts.append((best[end][1], end))
        end = best[end][1]
    return cuts[::-1]


def _with_singles(
    packets: list[Packet], singles: Sequence[Oid], most_octets: int, at_once: int
) -> list[Packet]:
    """Put single values into what is left of the packets, and the others into packets of their own."""
    left = list(singles)
    for place, packet in enumerate(packets):
        taken: list[Oid] = []
        octets = packet.octets
        while left and octets + _size(left[0]) <= most_octets and len(taken) + packet.width < at_once:
            octets += _size(left[0])
            taken.append(left.pop(0))
        packets[place] = Packet(
            singles=tuple(taken), columns=packet.columns, repetitions=packet.repetitions, octets=octets
        )
    while left:
        taken, octets = [left.pop(0)], _ENVELOPE
        while left and octets + _size(left[0]) <= most_octets and len(taken) < at_once:
            octets += _size(left[0])
            taken.append(left.pop(0))
        packets.append(Packet(singles=tuple(taken), octets=octets))
    return packets


def _size(name: Oid) -> int:
    return len(name) + _INDEX + 4 + _AROUND_A_VALUE
