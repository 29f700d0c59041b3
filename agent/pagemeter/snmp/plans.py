"""What is asked of a known device at first: worked out once for all devices of one model with equal tables."""

from __future__ import annotations

from functools import lru_cache

from pagemeter.snmp.denied import denied_by
from pagemeter.snmp.packing import Packet, pack, part_of, single
from pagemeter.snmp.sizes import Sizes
from pagemeter.snmp.types import Oid

_MOST_EXPECTED = 500


class Plan:
    """Columns, each with the rows that are expected and its witness, and single values; ``walked`` are read alone.

    Of the columns of one table with equally many rows the first looks beyond its end for the others, their witness.
    """

    def __init__(self, columns: tuple[tuple[Oid, int], ...], singles: tuple[Oid, ...], denied: frozenset[Oid]) -> None:
        names = (*(name for name, _ in columns), *singles)
        self.forbidden = frozenset(name for name in names if denied_by(name, denied) is not None)
        self.singles = tuple(name for name in singles if name not in self.forbidden)
        witnesses: dict[tuple[Oid, int], Oid] = {}
        planned: list[tuple[Oid, int, Oid | None]] = []
        # A walk goes around what is forbidden below a column.
        self.walked = tuple(name for name, _ in columns if any(prefix[: len(name)] == name for prefix in denied))
        for name, rows in columns:
            if name not in self.forbidden and name not in self.walked:
                expected = min(max(rows, 0), _MOST_EXPECTED)
                planned.append((name, expected, witnesses.get((name[:-1], expected)) if expected else None))
                witnesses.setdefault((name[:-1], expected), name)
        self.columns = tuple(planned)
        self._packed: tuple[tuple[int, int, int], tuple[Packet, ...]] | None = None

    def packets(self, sizes: Sizes, most_octets: int, at_once: int) -> tuple[Packet, ...]:
        """Pack everything."""
        key = (sizes.edition, most_octets, at_once)
        if self._packed is None or self._packed[0] != key:
            parts = [single(name, sizes.of(name)) for name in self.singles]
            for name, expected, witness in self.columns:
                ask = expected + 1 if witness is None else expected
                parts.append(part_of(name, name, ask, sizes, most_octets))
            self._packed = key, pack(tuple(parts), most_octets, at_once)
        return self._packed[1]


@lru_cache(maxsize=512)
def planned(columns: tuple[tuple[Oid, int], ...], singles: tuple[Oid, ...], denied: frozenset[Oid]) -> Plan:
    """Return the plan for these columns and values."""
    return Plan(columns, singles, denied)
