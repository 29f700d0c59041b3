"""The values of SNMP: object identifiers, variable bindings and walks."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum
from operator import itemgetter
from typing import NamedTuple, TypeAlias

Oid: TypeAlias = tuple[int, ...]


class Tag(IntEnum):
    """BER tags of SNMP values (RFC 2578, RFC 3416); the ``.snmprec`` tags are the same numbers in decimal."""

    INTEGER = 0x02
    OCTET_STRING = 0x04
    NULL = 0x05
    OBJECT_IDENTIFIER = 0x06
    IP_ADDRESS = 0x40
    COUNTER32 = 0x41
    GAUGE32 = 0x42
    TIME_TICKS = 0x43
    OPAQUE = 0x44
    COUNTER64 = 0x46
    NO_SUCH_OBJECT = 0x80
    NO_SUCH_INSTANCE = 0x81
    END_OF_MIB_VIEW = 0x82


EXCEPTIONS = frozenset({Tag.NO_SUCH_OBJECT, Tag.NO_SUCH_INSTANCE, Tag.END_OF_MIB_VIEW})


class VarBind(NamedTuple):
    """One variable: an int for number tags, bytes for OCTET STRING, Opaque and IpAddress, an Oid, or none."""

    oid: Oid
    tag: int
    value: int | bytes | Oid | None


def oid(text: str) -> Oid:
    """Parse ``1.3.6.1.2.1`` (a leading dot is allowed); raises ValueError."""
    return tuple(int(part) for part in text.removeprefix(".").split("."))


def dotted(value: Oid) -> str:
    """Write an object identifier as ``1.3.6.1.2.1``."""
    return ".".join(map(str, value))


# All of a walk is read by it, at the price of one step for each row and none through Python.
_NAME_OF: Callable[[VarBind], Oid] = itemgetter(0)


class Walk:
    """What a device answered: its rows in the order of their object identifiers, and which subtrees were cut short.

    ``missing`` maps the root of each subtree that is not complete to the reason (a timeout, a cap, a loop).
    """

    __slots__ = ("_oids", "_rows", "missing")

    def __init__(self, rows: Iterable[VarBind], missing: dict[Oid, str] | None = None) -> None:
        ordered = sorted(rows, key=_NAME_OF)
        self._rows: dict[Oid, VarBind] = dict(zip(map(_NAME_OF, ordered), ordered, strict=True))
        self._oids: list[Oid] = list(self._rows)
        self.missing: dict[Oid, str] = dict(missing or {})

    def __len__(self) -> int:
        """Count the rows."""
        return len(self._oids)

    def __iter__(self) -> Iterator[VarBind]:
        """Go through the rows in order."""
        return iter(self._rows.values())

    def __contains__(self, key: Oid) -> bool:
        """Say whether there is a row."""
        return key in self._rows

    def get(self, key: Oid) -> VarBind | None:
        """Return the row, or none."""
        return self._rows.get(key)

    def integer(self, key: Oid) -> int | None:
        """Return a number, whatever integer tag it came with; none for anything else."""
        row = self._rows.get(key)
        return row.value if row is not None and isinstance(row.value, int) else None

    def octets(self, key: Oid) -> bytes | None:
        """Return octets; none for anything else."""
        row = self._rows.get(key)
        return row.value if row is not None and isinstance(row.value, bytes) else None

    def oid(self, key: Oid) -> Oid | None:
        """Return an object identifier; none for anything else."""
        row = self._rows.get(key)
        return row.value if row is not None and isinstance(row.value, tuple) else None

    def column(self, root: Oid) -> dict[Oid, VarBind]:
        """Return the rows strictly below ``root``, keyed by the rest of their identifier."""
        oids, rows, size = self._oids, self._rows, len(root)
        behind = bisect_left(oids, (*root[:-1], root[-1] + 1)) if root else len(oids)
        return {key[size:]: rows[key] for key in oids[bisect_right(oids, root) : behind]}

    def joined(self, other: Walk) -> Walk:
        """Return both walks as one; rows of ``other`` win."""
        return Walk({**self._rows, **other._rows}.values(), {**self.missing, **other.missing})
