"""The counters: life and power-on counts of every marker, and what a vendor profile adds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Literal

from pagemeter.model import MeterColor, MeterRead, MeterUnit, Origin, Quality, Rival, Sides, Since, Unknown, Work
from pagemeter.snmp.types import Oid, Walk, dotted
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.engine import colorants_of, engine_of
from pagemeter_plugins.printer_mib.objects import places_of
from pagemeter_plugins.printer_mib.places import Place
from pagemeter_plugins.printer_mib.profile import Enumeration, MeterRule, Profile
from pagemeter_plugins.printer_mib.rules import (
    UNVERIFIED,
    answers,
    counter_at,
    holds,
    is_whole,
    rows_of,
    words_at,
)

# PrtMarkerCounterUnitTC; what a device does not say is "other", never a guess.
_UNITS = {
    3: MeterUnit.TEN_THOUSANDTHS_OF_INCHES,
    4: MeterUnit.MICROMETRES,
    5: MeterUnit.CHARACTERS,
    6: MeterUnit.LINES,
    7: MeterUnit.IMPRESSIONS,
    8: MeterUnit.SHEETS,
    9: MeterUnit.DOT_ROWS,
    11: MeterUnit.HOURS,
    16: MeterUnit.FEET,
    17: MeterUnit.METRES,
}


# Sizes with names of their own (PWG 5101.1); A4 and its like are known by their form.
_SIZES = frozenset({"letter", "legal", "executive", "folio", "statement", "ledger", "tabloid", "foolscap", "invoice"})
_ABOVE = "it is more than the device's life count"
_BY_MIB = "the Printer MIB tells this meter too"
_BY_RULE = "a rule before it tells this meter too"


def meter_reads_of(
    walk: Walk, index: int, profiles: Sequence[Profile], at: datetime
) -> tuple[tuple[MeterRead, ...], tuple[Rival, ...]]:
    """Read all counters, and those that were told twice and not elected.

    Of two that mean the same the standard's wins unless the profile gives a reason, then the profile's first.
    """
    reads = {read.key: read for read in _markers(walk, index, at)}
    standard = set(reads)
    rivals: list[Rival] = []
    for read, reason in _profiled(walk, index, profiles, at):
        other = reads.get(read.key)
        if other is None:
            reads[read.key] = read
        elif reason is not None and read.key in standard:
            reads[read.key] = read
            standard.discard(read.key)
            rivals.append(Rival(read=other, why=reason))
        elif other.origin.where != read.origin.where:
            rivals.append(Rival(read=read, why=_BY_MIB if read.key in standard else _BY_RULE))
    return tuple(_held_against(reads.values())), tuple(rivals)


def counted_objects(walk: Walk, index: int, profiles: Sequence[Profile]) -> Iterator[Oid]:
    """Yield the objects that the device answered and that counters are made of, some of them more than once."""
    for column in (mib.MARKER_LIFE_COUNT, mib.MARKER_POWER_ON_COUNT):
        yield from ((*column, *row) for row in walk.column(column) if row[0] == index)
    for rule in _holding(walk, index, profiles):
        for one in _sums(walk, rule):
            yield from (place for place in (*one.plus, *one.minus) if place in walk)


def _held_against(reads: Iterable[MeterRead]) -> Iterator[MeterRead]:
    """Doubt a maker's total that is far above the only life count of the device, for a part can't be more than all.

    It stays what it is: after a swap of the board the life count may be the wrong one.
    """
    every = tuple(reads)
    lives = [read for read in every if read.origin.where.startswith(_LIFE_COUNT) and read.since is Since.LIFE]
    for read in every:
        above = (
            len(lives) == 1
            and read is not lives[0]
            and (read.work, read.since, read.unit) == (Work.TOTAL, Since.LIFE, lives[0].unit)
            and read.value > lives[0].value + max(100, lives[0].value // 20)
        )
        yield replace(read, origin=replace(read.origin, doubt=_ABOVE)) if above else read


def unknown_meters(
    walk: Walk, index: int, profiles: Sequence[Profile], reads: Sequence[MeterRead]
) -> Iterator[Unknown]:
    """Say which of the usual counters are not known, and why."""
    if not any(read.origin.where.startswith(_LIFE_COUNT) or _counts_all(read) for read in reads):
        why = "prtMarkerTable was not read to its end" if mib.MARKER in walk.missing else "device does not tell"
        yield Unknown(what="life_count", why=why)
    elif any(read.unit is MeterUnit.OTHER for read in reads if read.origin.where.startswith(_LIFE_COUNT)):
        yield Unknown(what="life_count_unit", why="device does not tell")
    whole = {read.color for read in reads if read.media == "any" and read.work in (Work.TOTAL, Work.PRINT)}
    if MeterColor.MONOCHROME not in whole:
        yield Unknown(what="mono", why=_why_not(walk, profiles, "mono"))
    if MeterColor.FULL_COLOR not in whole:
        single = colorants_of(walk, index) == 1
        yield Unknown(what="color", why="the engine has one colorant" if single else _why_not(walk, profiles, "color"))


def _counts_all(read: MeterRead) -> bool:
    """Say whether a counter is the whole life's, as the Printer MIB's is."""
    return read.work in (Work.TOTAL, Work.PRINT) and (read.color, read.media, read.sides, read.since) == (
        MeterColor.ANY,
        "any",
        Sides.ANY,
        Since.LIFE,
    )


def _why_not(walk: Walk, profiles: Sequence[Profile], what: Literal["mono", "color"]) -> str:
    """Say why a counter is not known: what a profile says of it, what was not read, else whose fault it is."""
    told = next((profile.not_told[what] for profile in profiles if what in profile.not_told), None)
    if told is not None:
        return told
    rules = [rule for profile in profiles for rule in profile.meters]
    cut = not _OF_ENGINES.isdisjoint(walk.missing) and any(one.engine for rule in rules for one in rule.when)
    if cut or not all(is_whole(walk, places_of(rule)) for rule in rules):
        return "not all of the maker's counters were read"
    return "device does not tell" if rules else "no profile"


# What tells a color engine from another, on which rules depend.
_OF_ENGINES = frozenset({mib.MARKER, mib.SUPPLIES, mib.COLORANT})
_LIFE_COUNT = mib.origin(mib.MARKER_LIFE_COUNT).where


def _markers(walk: Walk, index: int, at: datetime) -> Iterator[MeterRead]:
    """Yield per marker; a single marker's count is the device's own, several are never summed (RFC 3805 has no sum)."""
    markers = mib.rows_of(walk, mib.MARKER, index)
    if mib.MARKER in walk.missing:
        # With another unit, or with rows beside it that are made up, it would be another meter.
        markers = tuple(row for row in markers if (*mib.MARKER_COUNTER_UNIT, index, row) in walk)
    for column, since in ((mib.MARKER_LIFE_COUNT, Since.LIFE), (mib.MARKER_POWER_ON_COUNT, Since.POWER_ON)):
        for marker in markers:
            where = (*column, index, marker)
            value = counter_at(walk, where)
            if value is None:
                continue
            yield MeterRead(
                work=Work.TOTAL,
                engine=marker if len(markers) > 1 else None,
                since=since,
                unit=_UNITS.get(walk.integer((*mib.MARKER_COUNTER_UNIT, index, marker)) or 0, MeterUnit.OTHER),
                value=value,
                raw=str(value),
                origin=mib.origin(where),
                at=at,
            )


def media_name(words: str) -> str:
    """Make a key's part of a medium's name; sizes are spelt alike, whichever way a device or a profile spells them."""
    name = re.sub(r"[\W_]+", "-", words).strip("-") or "other"
    folded = name.lower()
    if re.fullmatch(r"((iso|jis)-)?[abc]\d{1,2}", folded):
        return folded.upper()
    return folded.capitalize() if folded in _SIZES else name


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sum:
    """The objects that make one counter, and on what it is counted."""

    media: str
    plus: tuple[Oid, ...]
    minus: tuple[Oid, ...] = ()


def _profiled(
    walk: Walk, index: int, profiles: Sequence[Profile], at: datetime
) -> Iterator[tuple[MeterRead, str | None]]:
    """Yield what the profiles' rules find, each with the reason why it counts before the Printer MIB's."""
    for rule in _holding(walk, index, profiles):
        if (unit := _unit(walk, rule)) is None:
            continue
        for one in _sums(walk, rule):
            if (read := _read(walk, rule, one, unit, at)) is not None:
                yield read, rule.prefer


def _holding(walk: Walk, index: int, profiles: Sequence[Profile]) -> Iterator[MeterRule]:
    """Yield the rules whose conditions hold, as long as nothing of their objects was cut short."""
    engine = engine_of(walk, index)
    for rule in (rule for profile in profiles for rule in profile.meters):
        if holds(walk, rule.when, engine=engine) and is_whole(walk, places_of(rule)):
            yield rule


def _read(walk: Walk, rule: MeterRule, one: _Sum, unit: MeterUnit, at: datetime) -> MeterRead | None:
    """Add up; a sum of which a term is missing, that is negative, or that no 63 bits hold, is no counter."""
    plus = [counter_at(walk, place, rule.decode, rule.absent) for place in one.plus]
    minus = [counter_at(walk, place, rule.decode, rule.absent) for place in one.minus]
    known = [value for value in (*plus, *minus) if value is not None]
    if not plus or len(known) != len(plus) + len(minus):
        return None
    value = (sum(known[: len(plus)]) - sum(known[len(plus) :])) * rule.multiply // rule.divide
    if not 0 <= value < 1 << 63:
        return None
    return MeterRead(
        work=rule.work,
        color=rule.color,
        media=one.media,
        sides=rule.sides,
        since=rule.since,
        unit=unit,
        code=rule.code,
        value=value,
        raw="+".join(map(str, known[: len(plus)])) + "".join(f"-{value}" for value in known[len(plus) :]),
        quality=Quality.UNVERIFIED if rule.unverified else Quality.MEASURED,
        origin=_origin_of(one.plus, one.minus, unverified=rule.unverified),
        at=at,
    )


@lru_cache(maxsize=8192)
def _origin_of(plus: tuple[Oid, ...], minus: tuple[Oid, ...], *, unverified: bool) -> Origin:
    where = " + ".join(map(dotted, plus)) + "".join(f" - {dotted(place)}" for place in minus)
    return Origin(protocol="snmp", where=where, doubt=UNVERIFIED if unverified else None)


def _unit(walk: Walk, rule: MeterRule) -> MeterUnit | None:
    if rule.unit_from is None:
        return rule.unit
    told = walk.integer(rule.unit_from.oid.oid)
    return None if told is None else rule.unit_from.units.get(told)


def _sums(walk: Walk, rule: MeterRule) -> Iterator[_Sum]:
    if rule.oid is not None:
        yield _Sum(media=rule.media, plus=(rule.oid.oid,))
    if rule.column is not None:
        rows = rows_of(walk, rule.column.oid, rule.where, rule.index)
        yield _Sum(media=rule.media, plus=tuple((*rule.column.oid, *row) for row in rows))
    if rule.sum_of:
        optional = [place for place in rule.optional if answers(walk, place)]
        yield _Sum(
            media=rule.media,
            plus=tuple(_instances(walk, (*rule.sum_of, *optional))),
            minus=tuple(_instances(walk, rule.minus)),
        )
    if rule.each is not None and rule.media_names is not None:
        yield from _each(walk, rule.each, rule.media_names, rule)


def _each(walk: Walk, each: Place, named: Enumeration, rule: MeterRule) -> Iterator[_Sum]:
    """Yield a counter a row whose medium has a name; rows with one name are added up."""
    by_name: dict[str, tuple[Oid, ...]] = {}
    for row in rows_of(walk, each.oid, rule.where, rule.index):
        words = words_at(walk, (*named.column.oid, *row))
        name = words if named.names is None or words is None else named.names.get(words)
        if name is not None:
            media = media_name(name)
            by_name[media] = (*by_name.get(media, ()), (*each.oid, *row))
    for media, places in by_name.items():
        yield _Sum(media=media, plus=places)


def _instances(walk: Walk, places: Iterable[Place]) -> Iterator[Oid]:
    """Yield the objects of instances and of the rows of columns; a column without rows stays, and is missing."""
    for place in places:
        rows = [(*place.oid, *row) for row in walk.column(place.oid)] if place.column else []
        yield from rows or [place.oid]
