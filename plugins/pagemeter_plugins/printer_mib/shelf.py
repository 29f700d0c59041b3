"""What a visit leaves for the next one: the rows that only describe, and which others to read again."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from typing import Any

from pydantic import JsonValue

from pagemeter.model import Scope
from pagemeter.snmp.types import Oid, Tag, VarBind, Walk, dotted, oid
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.columns import NEEDED, Kind
from pagemeter_plugins.printer_mib.integers import integer

FORM = 1
"""Counts up whenever a shelf of before can't be read or means something else."""

MOST_AGE = timedelta(hours=4)
_SPREAD = timedelta(hours=1)
_MOST_OCTETS = 1 << 20
_ROW_NUMBERS = 2
# The same identifiers for all devices of a model.
_oid = lru_cache(maxsize=8192)(oid)
_ALERTS = tuple((*mib.ALERT, number) for number in NEEDED[mib.ALERT])
_TEXTS = frozenset({Tag.OCTET_STRING, Tag.OBJECT_IDENTIFIER, Tag.OPAQUE})
_OF_A_NUMBER = 4
_A_TICK = timedelta(milliseconds=10)
# The clocks of a device and of this host may differ by so much over the time that a shelf is kept.
_CLOCKS_DIFFER = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Rows that are handled alike, for the visits of any of ``scopes``.

    ``column`` is set where they are all rows of one column, which is read as a whole. Rows that are read at each visit
    keep their value only where the next one is held against it; of other texts there is the number of octets.
    """

    scopes: frozenset[Scope]
    kind: Kind
    column: Oid | None = None
    rows: tuple[VarBind, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """What is known of the devices at one place since ``read_at`` (aware UTC).

    ``rules`` names the profiles and columns by which it was made, ``proof`` the objects that say who it is, ``up_time``
    is sysUpTime in hundredths of a second.
    """

    rules: str
    scopes: frozenset[Scope]
    read_at: datetime
    up_time: int | None
    proof: tuple[Oid, ...]
    sections: tuple[Section, ...]

    def serves(self, scopes: frozenset[Scope], rules: str, now: datetime) -> bool:
        """Say whether a visit can rely on it; shelves that were filled together do not end together."""
        spread = zlib.crc32(repr(self.proof + self._marks()).encode()) % 1000 / 1000 * _SPREAD
        young = timedelta(0) <= now - self.read_at < MOST_AGE - spread
        return young and self.rules == rules and scopes <= self.scopes

    def _marks(self) -> tuple[object, ...]:
        rows = (row for section in self.sections if section.kind is Kind.MARK for row in section.rows)
        return tuple(row.value for row in rows if row.oid in self.proof)

    def rows(self, scopes: frozenset[Scope]) -> dict[Oid, int]:
        """Return the rows to read again, each with about as many octets as its value took."""
        again = (one for one in self._of(scopes) if one.kind not in (Kind.SETTLED, Kind.PASSING))
        return {row.oid: 0 if one.kind is Kind.GONE else octets_of(row) for one in again for row in one.rows}

    def ends(self, scopes: frozenset[Scope]) -> dict[Oid, Oid]:
        """Return the columns in which no row should have come, each with its last row or itself."""
        whole = ((one.column, one) for one in self._of(scopes) if one.kind is not Kind.PASSING)
        return {column: one.rows[-1].oid if one.rows else column for column, one in whole if column is not None}

    def columns(self, scopes: frozenset[Scope]) -> dict[Oid, int]:
        """Return the columns whose rows come and go, each with the rows that it had."""
        passing = (one for one in self._of(scopes) if one.kind is Kind.PASSING)
        return {one.column: len(one.rows) for one in passing if one.column is not None}

    def counted(self) -> frozenset[Oid]:
        """Return the objects that counters are made of, or were before they were gone."""
        was = {Kind.COUNTER: None, Kind.GONE: Tag.COUNTER32}
        rows = (row for one in self.sections if one.kind in was for row in one.rows if was[one.kind] in (None, row.tag))
        return frozenset(row.oid for row in rows)

    def gone(self, scopes: frozenset[Scope]) -> tuple[Oid, ...]:
        """Return what was there once, or is usual, and is not told."""
        gone = (one for one in self._of(scopes) if one.kind is Kind.GONE)
        return tuple(dict.fromkeys(row.oid for one in gone for row in one.rows))

    def settled(self, scopes: frozenset[Scope]) -> Iterator[VarBind]:
        """Yield the rows that describe."""
        for one in self._of(scopes):
            if one.kind is Kind.SETTLED:
                yield from one.rows

    def misfit(self, fresh: Walk, scopes: frozenset[Scope], now: datetime, *, whole: bool = True) -> str | None:
        """Say by what was read anew why the shelf does not fit any more; none where it does.

        Unless it has to be read ``whole``, who it is and since when it is on is enough, with rows that are missing.
        """
        if fresh.missing and not whole:
            if (lost := next((one for one in self.proof if one not in fresh), None)) is not None:
                return f"{dotted(lost)} is not answered any more"
        elif fresh.missing:
            return f"{dotted(min(fresh.missing))}: {fresh.missing[min(fresh.missing)]}"
        if self._restarted(fresh, now):
            return "the device was started again"
        return next((why for one in self._of(scopes) for why in _misfits(one, fresh)), None)

    def _restarted(self, fresh: Walk, now: datetime) -> bool:
        """Tell by sysUpTime: it fell, or is less than the time that went by."""
        up_time = mib.up_time_of(fresh)
        if self.up_time is None or up_time is None:
            return self.up_time is not up_time
        return up_time < self.up_time or up_time * _A_TICK + _CLOCKS_DIFFER < now - self.read_at

    def _of(self, scopes: frozenset[Scope]) -> Iterator[Section]:
        return (one for one in self.sections if not scopes.isdisjoint(one.scopes))


def with_alerts(columns: Mapping[Oid, int], alerts: int) -> dict[Oid, int]:
    """Return the columns with as many rows of alerts as were told last, where they are more than on the shelf."""
    if mib.ALERT_SEVERITY_LEVEL not in columns or not alerts:
        return dict(columns)
    told = {one: max(alerts, rows) for one, rows in columns.items() if one in _ALERTS}
    return {**columns, **(told if any(columns[one] for one in told) else dict.fromkeys(_ALERTS, alerts))}


def other_alerts(columns: Mapping[Oid, int], fresh: Walk) -> dict[Oid, int]:
    """Return the columns of alerts that are still to be read, where there were none and some came."""
    asked = [one for one in _ALERTS if one in columns]
    if asked != [mib.ALERT_SEVERITY_LEVEL] or columns[mib.ALERT_SEVERITY_LEVEL]:
        return {}
    rows = len(fresh.column(mib.ALERT_SEVERITY_LEVEL))
    return dict.fromkeys((one for one in _ALERTS if one not in columns), rows) if rows else {}


def octets_of(row: VarBind) -> int:
    """Say about how many octets a row's value takes."""
    if isinstance(row.value, bytes | tuple):
        return len(row.value)
    return row.value if row.tag in _TEXTS and isinstance(row.value, int) else _OF_A_NUMBER


def _misfits(section: Section, fresh: Walk) -> Iterator[str]:
    if section.kind in (Kind.SETTLED, Kind.PASSING):
        return
    cut = fresh.missing
    if section.column is not None and section.column not in cut and not any(row.oid in cut for row in section.rows):
        rows = fresh.column(section.column)
        if len(rows) != len(section.rows) or any(row.oid not in fresh for row in section.rows):
            yield f"rows of {dotted(section.column)} came or went"
    for row in section.rows:
        if section.kind is Kind.GONE:
            if row.oid in fresh:
                yield f"{dotted(row.oid)} is answered again"
        elif row.oid in cut:
            continue
        elif row.oid not in fresh:
            yield f"{dotted(row.oid)} is not answered any more"
        elif section.kind is Kind.MARK and fresh.get(row.oid) != row:
            yield f"{dotted(row.oid)} is another one"
        elif section.kind is Kind.LEVEL and row.value is not None and _rose(row, integer(fresh, row.oid)):
            yield f"{dotted(row.oid)} tells of another supply"


def _rose(before: VarBind, now: int | None) -> bool:
    """Say whether a level rose, or became a number, or is none any more: a supply was put in or taken out."""
    then = integer(Walk((before,)), before.oid)
    if then is None or now is None:
        return then is not now
    return now > then if now >= 0 and then >= 0 else now != then


def to_memory(shelf: Shelf) -> dict[str, JsonValue]:
    """Write a shelf as JSON of a few thousand octets."""
    content = {
        "rules": shelf.rules,
        "scopes": sorted(shelf.scopes),
        "read_at": shelf.read_at.timestamp(),
        "up_time": shelf.up_time,
        "proof": [dotted(one) for one in shelf.proof],
        "sections": [
            [sorted(one.scopes), one.kind, dotted(one.column) if one.column else "", list(_written(one.rows))]
            for one in shelf.sections
        ],
    }
    octets = zlib.compress(json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode(), 9)
    return {"form": FORM, "shelf": base64.b64encode(octets).decode("ascii")}


def from_memory(memory: Mapping[str, JsonValue]) -> Shelf | None:
    """Read a shelf; none where there is none, or what is there was not written by ``to_memory``."""
    words = memory.get("shelf")
    if memory.get("form") != FORM or not isinstance(words, str):
        return None
    try:
        unpacked = zlib.decompressobj().decompress(base64.b64decode(words, validate=True), _MOST_OCTETS)
        return _read(json.loads(unpacked))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError, OSError, zlib.error, binascii.Error):
        return None


def _read(content: Any) -> Shelf:
    up_time = content["up_time"]
    if not isinstance(content["rules"], str) or not isinstance(up_time, int | None):
        raise TypeError
    return Shelf(
        rules=content["rules"],
        scopes=frozenset(map(Scope, content["scopes"])),
        read_at=datetime.fromtimestamp(content["read_at"], UTC),
        up_time=up_time,
        proof=tuple(_oid(one) for one in content["proof"]),
        sections=tuple(
            Section(
                scopes=frozenset(map(Scope, scopes)),
                kind=Kind(kind),
                column=_oid(column) if column else None,
                rows=tuple(_rows(rows)),
            )
            for scopes, kind, column, rows in content["sections"]
        ),
    )


def _written(rows: Iterable[VarBind]) -> Iterator[list[JsonValue]]:
    """Write rows by what their identifiers have in common: ``[column, [[last two numbers, tag, value], ...]]``."""
    for column, some in groupby(rows, key=lambda row: row.oid[:-_ROW_NUMBERS]):
        yield [dotted(column), [[*row.oid[-_ROW_NUMBERS:], int(row.tag), _value(row)] for row in some]]


def _value(row: VarBind) -> JsonValue:
    if isinstance(row.value, bytes):
        return row.value.decode("latin-1")
    return dotted(row.value) if isinstance(row.value, tuple) else row.value


def _rows(written: Any) -> Iterator[VarBind]:
    for column, rows in written:
        place = _oid(column)
        for first, second, tag, value in rows:
            if not (isinstance(first, int) and isinstance(second, int)):
                raise TypeError
            where = (*place, first, second)
            if isinstance(value, str):
                octets = value.encode("latin-1") if tag != Tag.OBJECT_IDENTIFIER else _oid(value)
                yield VarBind(where, tag, octets)
            elif isinstance(value, int | None):
                yield VarBind(where, tag, value)
            else:
                raise TypeError
