"""The counters: life and power-on counts of every marker, and what a vendor profile adds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from pagemeter.model import MeterColor, MeterRead, MeterUnit, Since, Unknown, Work
from pagemeter.snmp.types import Oid, Walk
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.localization import text
from pagemeter_plugins.printer_mib.profile import MeterRule, Profile

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


def meter_reads_of(walk: Walk, index: int, profiles: Sequence[Profile], at: datetime) -> tuple[MeterRead, ...]:
    """Read all counters; of two that mean the same the standard's wins, then the profile's first."""
    reads: dict[str, MeterRead] = {}
    for read in (*_markers(walk, index, at), *_profiled(walk, index, profiles, at)):
        reads.setdefault(read.key, read)
    return tuple(reads.values())


def unknown_meters(
    walk: Walk, index: int, profiles: Sequence[Profile], reads: Sequence[MeterRead]
) -> Iterator[Unknown]:
    """Say which of the usual counters are not known, and why."""
    if not any(read.origin.where.startswith(_LIFE_COUNT) for read in reads):
        yield Unknown(what="life_count", why="device does not tell")
    elif any(read.unit is MeterUnit.OTHER for read in reads):
        yield Unknown(what="life_count_unit", why="device does not tell")
    mine = [profile for profile in profiles if profile.meters]
    whole = {read.color for read in reads if read.media == "any" and read.work in (Work.TOTAL, Work.PRINT)}
    if MeterColor.MONOCHROME not in whole:
        yield Unknown(what="mono", why="device does not tell" if mine else "no profile")
    if MeterColor.FULL_COLOR not in whole:
        single = mine and colorants_of(walk, index) == 1
        why = "the engine has one colorant" if single else "device does not tell" if mine else "no profile"
        yield Unknown(what="color", why=why)


def _count(walk: Walk, where: Oid) -> int | None:
    """Return a counter; none for a negative one, also where -1 came as unsigned, and for what no 63 bits hold."""
    value = walk.integer(where)
    return None if value is None or not 0 <= value < 1 << 63 or value == _ALL_ONES else value


_ALL_ONES = (1 << 32) - 1
_LIFE_COUNT = mib.origin(mib.MARKER_LIFE_COUNT).where


def colorants_of(walk: Walk, index: int) -> int | None:
    """Return the most process colorants of a printer's markers, none where it does not tell."""
    rows = mib.rows_of(walk, mib.MARKER, index)
    told = [walk.integer((*mib.MARKER_PROCESS_COLORANTS, index, row)) for row in rows]
    return max((count for count in told if count is not None and count > 0), default=None)


def _markers(walk: Walk, index: int, at: datetime) -> Iterator[MeterRead]:
    """Yield per marker; a single marker's count is the device's own, several are never summed (RFC 3805 has no sum)."""
    markers = mib.rows_of(walk, mib.MARKER, index)
    for column, since in ((mib.MARKER_LIFE_COUNT, Since.LIFE), (mib.MARKER_POWER_ON_COUNT, Since.POWER_ON)):
        for marker in markers:
            where = (*column, index, marker)
            value = _count(walk, where)
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


def _profiled(walk: Walk, index: int, profiles: Sequence[Profile], at: datetime) -> Iterator[MeterRead]:
    engine = {None: None, 1: "monochrome"}.get(colorants_of(walk, index), "color")
    for rule in (rule for profile in profiles for rule in profile.meters):
        if rule.engine not in (None, engine):
            continue
        for media, where in _places(walk, rule):
            values = [_count(walk, place) for place in where]
            known = [value for value in values if value is not None]
            if known and len(known) == len(values):
                yield MeterRead(
                    work=rule.work,
                    color=rule.color,
                    media=media,
                    sides=rule.sides,
                    unit=rule.unit,
                    code=rule.code,
                    value=sum(known),
                    raw="+".join(map(str, known)),
                    origin=mib.origin(*where),
                    at=at,
                )


def _places(walk: Walk, rule: MeterRule) -> Iterator[tuple[str, tuple[Oid, ...]]]:
    if rule.oid is not None:
        yield rule.media, (rule.oid,)
    if rule.sum_of:
        yield rule.media, tuple(place for root in rule.sum_of for place in _instances(walk, root))
    if rule.each is not None and rule.media_names is not None:
        for row in walk.column(rule.each):
            name = text(walk, (*rule.media_names, *row))
            if name is not None:
                yield re.sub(r"[\W_]+", "-", name).strip("-") or "other", ((*rule.each, *row),)


def _instances(walk: Walk, root: Oid) -> list[Oid]:
    return [root] if root in walk else [(*root, *row) for row in walk.column(root)] or [root]
