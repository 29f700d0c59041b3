"""A walk made into a shelf: which of its rows describe, and which are read again at each visit; pure."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime

from pagemeter import __version__
from pagemeter.model import Scope
from pagemeter.snmp.types import Oid, Tag, VarBind, Walk
from pagemeter.supply_names import supply_name
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.columns import KINDS, NEEDED, WHOLE, Kind
from pagemeter_plugins.printer_mib.identity import Person
from pagemeter_plugins.printer_mib.integers import integer
from pagemeter_plugins.printer_mib.localization import description
from pagemeter_plugins.printer_mib.objects import kinds_of
from pagemeter_plugins.printer_mib.profile import Profile
from pagemeter_plugins.printer_mib.shelf import Section, Shelf

# prtMarkerSuppliesClass receptacleThatIsFilled: many devices send how full it is, so that it rises as it should.
_FILLED = 4
_MOST_GONE = 40
_OF_A_MARKER = (mib.MARKER_COUNTER_UNIT, mib.MARKER_LIFE_COUNT, mib.MARKER_POWER_ON_COUNT)
# Where two want the same row, the later one decides.
_RANK = (Kind.SETTLED, Kind.LIVE, Kind.LEVEL, Kind.MARK, Kind.COUNTER)
_KEPT = frozenset({Kind.SETTLED, Kind.MARK, Kind.LEVEL})
_OF_PRINTERS = frozenset({mib.HR_DEVICE_STATUS, mib.HR_PRINTER_STATUS, mib.HR_PRINTER_DETECTED_ERROR_STATE})


def rules_of(profiles: Sequence[Profile]) -> str:
    """Name what decides which rows are kept: the version of the agent and the profiles."""
    told = hashlib.sha256(__version__.encode())
    for profile in profiles:
        told.update(profile.model_dump_json().encode())
    return told.hexdigest()[:16]


def shelf_of(
    walk: Walk,
    people: Sequence[Person],
    scopes: frozenset[Scope],
    counted: Iterable[Oid],
    proof: tuple[Oid, ...],
    *,
    rules: str,
    at: datetime,
    before: Shelf | None = None,
) -> Shelf | None:
    """Sort the rows of a visit; none where something was cut short, or nothing says who it is.

    ``before`` is a shelf that did not fit: what it had and is not there is looked for again.
    """
    if walk.missing or not proof:
        return None
    sorting = _Sorting(walk, people, scopes, frozenset(counted), frozenset(proof))
    return Shelf(
        rules=rules,
        scopes=scopes,
        read_at=at,
        up_time=mib.up_time_of(walk),
        proof=proof,
        sections=(*sorting.sections(), *_gone(walk, people, scopes, before)),
    )


def _gone(walk: Walk, people: Sequence[Person], scopes: frozenset[Scope], before: Shelf | None) -> Iterator[Section]:
    """Yield what may come back: rows of the shelf before, and the serial number and counters that are not told."""
    known = () if before is None or before.scopes != scopes else before.rows(scopes)
    if before is not None and (rows := [one for one in known if one not in walk]):
        counters = before.counted()
        told = sorted(rows, key=lambda one: one not in counters)[:_MOST_GONE]
        # The tag says of which there was a counter.
        rows_ = (VarBind(one, Tag.COUNTER32 if one in counters else Tag.NULL, None) for one in sorted(told))
        yield Section(scopes=scopes, kind=Kind.GONE, rows=tuple(rows_))
    markers = [(who.index, row) for who in people for row in mib.rows_of(walk, mib.MARKER, who.index)]
    silent = [place for column in _OF_A_MARKER for row in markers if (place := (*column, *row)) not in walk]
    serials = [(*mib.GENERAL_SERIAL_NUMBER, who.index) for who in people]
    if Scope.IDENTITY in scopes and not any(walk.octets(place) for place in serials):
        serials += [rule.oid.oid for who in people for one in who.profiles for rule in one.identity.serial_number]
    if anonymous := {place for place in serials if place not in walk}:
        yield Section(scopes=scopes, kind=Kind.GONE, rows=_nothing_at(anonymous))
    if silent and Scope.METERS in scopes:
        yield Section(scopes=frozenset({Scope.METERS}), kind=Kind.GONE, rows=_nothing_at(silent))


def _nothing_at(places: Iterable[Oid]) -> tuple[VarBind, ...]:
    return tuple(VarBind(place, Tag.NULL, None) for place in sorted(places))


class _Sorting:
    def __init__(
        self,
        walk: Walk,
        people: Sequence[Person],
        scopes: frozenset[Scope],
        counted: frozenset[Oid],
        proof: frozenset[Oid],
    ) -> None:
        self._walk, self._scopes, self._counted, self._proof = walk, scopes, counted, proof
        self._hosts = frozenset(mib.host_index(walk, who.index) for who in people)
        self._profiles = tuple(profile for who in people for profile in who.profiles)
        self._found: dict[Oid, tuple[set[Scope], Kind]] = {}

    def sections(self) -> Iterator[Section]:
        """Yield the columns that are read as a whole, then all other rows."""
        whole = [*self._tables(), *self._alerts()]
        self._put(self._scopes, self._of_every_visit())
        for scope in self._scopes:
            self._put({scope}, self._standard(scope))
            self._put({scope}, self._private(scope))
        self._put({Scope.METERS}, ((one, Kind.COUNTER) for one in self._counted))
        self._put(self._scopes, ((one, Kind.MARK) for one in self._proof))
        for section in whole:
            # A column that only stands in for its table's usual one describes, too, and does so at every visit.
            if section.column in KINDS or section.kind is Kind.PASSING:
                for row in section.rows:
                    self._found.pop(row.oid, None)
        yield from whole
        yield from self._single()

    def _tables(self) -> Iterator[Section]:
        """Take one column of each table in which rows may come and go; where a table is empty its usual one."""
        for column, wanted in WHOLE.items():
            if not (scopes := self._scopes & frozenset(wanted)):
                continue
            table = column[:-1]
            others = ((*table, number) for number in NEEDED.get(table, ()))
            told = next((one for one in (column, *others) if self._walk.column(one)), column)
            kind = KINDS.get(told, Kind.LIVE)
            rows = (self._without_value(row, kind) for row in below(self._walk, told))
            yield Section(scopes=scopes, kind=kind, column=told, rows=tuple(rows))

    def _alerts(self) -> Iterator[Section]:
        if Scope.STATUS not in self._scopes:
            return
        columns = [(*mib.ALERT, number) for number in NEEDED[mib.ALERT]]
        told = [one for one in columns if self._walk.column(one)] or [mib.ALERT_SEVERITY_LEVEL]
        for one in told:
            rows = (self._without_value(row, Kind.PASSING) for row in below(self._walk, one))
            yield Section(scopes=frozenset({Scope.STATUS}), kind=Kind.PASSING, column=one, rows=tuple(rows))

    def _of_every_visit(self) -> Iterator[tuple[Oid, Kind]]:
        for root in (*mib.FIRST, *mib.DEVICE_IDS):
            for row in _needed(self._walk, root):
                of_a_printer = row.oid[-1] in self._hosts
                if row.oid[:-1] == mib.HR_DEVICE_DESCR:
                    yield row.oid, Kind.MARK if of_a_printer else Kind.SETTLED
                elif of_a_printer or row.oid[:-1] not in _OF_PRINTERS:
                    yield row.oid, _kind(row.oid)
        probes = (probe for one in self._profiles if one.match is not None for probe in one.match.probe)
        yield from ((probe.oid.oid, Kind.SETTLED) for probe in probes)

    def _standard(self, scope: Scope) -> Iterator[tuple[Oid, Kind]]:
        for root in mib.ROOTS[scope]:
            if root not in (mib.ALERT, mib.CONSOLE_DISPLAY):
                rows = _needed(self._walk, root)
                yield from ((row.oid, kind) for row in rows if (kind := _kind(row.oid)) is not Kind.COUNTER)
        if scope is Scope.SUPPLIES:
            named = self._walk.column(mib.SUPPLIES_DESCRIPTION).values()
            yield from ((row.oid, Kind.MARK) for row in named if self._tells_which(row))
        if scope is Scope.STATUS:
            yield from ((one, Kind.LIVE) for one in mib.PANELS)

    def _tells_which(self, row: VarBind) -> bool:
        """Say whether a description tells one supply from the next of its kind, or has to, for the level does not."""
        level = integer(self._walk, (*mib.SUPPLIES_LEVEL, *row.oid[-2:]))
        name = supply_name(description(self._walk, row.oid))
        return level is None or level < 0 or name.serial_number is not None or name.part_number is not None

    def _private(self, scope: Scope) -> Iterator[tuple[Oid, Kind]]:
        for place, kind in kinds_of(self._profiles, scope):
            if not place.column:
                yield place.oid, kind
            elif kind is not Kind.COUNTER:
                yield from ((row.oid, kind) for row in below(self._walk, place.oid))

    def _put(self, scopes: Collection[Scope], rows: Iterable[tuple[Oid, Kind]]) -> None:
        for one, kind in rows:
            if one not in self._walk or (kind is Kind.COUNTER and one not in self._counted):
                continue
            before, other = self._found.get(one, (set(), Kind.SETTLED))
            self._found[one] = before | set(scopes), max(other, kind, key=_RANK.index)

    def _single(self) -> Iterator[Section]:
        sorted_: dict[tuple[frozenset[Scope], Kind], list[VarBind]] = {}
        for one in sorted(self._found):
            scopes, kind = self._found[one]
            if (row := self._walk.get(one)) is not None:
                sorted_.setdefault((frozenset(scopes), kind), []).append(self._without_value(row, kind))
        for (named, kind), rows in sorted_.items():
            yield Section(scopes=named, kind=kind, rows=tuple(rows))

    def _without_value(self, row: VarBind, kind: Kind) -> VarBind:
        filled = kind is Kind.LEVEL and self._walk.integer((*mib.SUPPLIES_CLASS, *row.oid[-2:])) == _FILLED
        if kind in _KEPT and not filled:
            return row
        return row._replace(value=len(row.value) if isinstance(row.value, bytes) else None)


def below(walk: Walk, root: Oid) -> Iterator[VarBind]:
    """Yield the rows at a root and below it."""
    if (row := walk.get(root)) is not None:
        yield row
    yield from walk.column(root).values()


def _kind(where: Oid) -> Kind:
    return KINDS.get(where) or KINDS.get(where[:-1]) or KINDS.get(where[:-2]) or Kind.SETTLED


def _needed(walk: Walk, root: Oid) -> Iterator[VarBind]:
    """Yield the rows of the columns that are looked at, and one of each row of the table that has none of them."""
    columns = NEEDED.get(root)
    if columns is None:
        yield from below(walk, root)
        return
    every = walk.column(root)
    told = {key[1:] for key in every if key[0] in columns}
    for key, row in every.items():
        if key[0] in columns:
            yield row
        elif key[1:] not in told:
            told.add(key[1:])
            yield row
