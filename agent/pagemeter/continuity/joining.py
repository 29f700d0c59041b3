"""Two histories that turn out to be of one device: joined, so that nothing is lost and nothing counted twice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from pagemeter.continuity.memory import MeterMemory, MetersMemory
from pagemeter.continuity.pace import most
from pagemeter.continuity.records import Moved, Series
from pagemeter.continuity.units import unit_of
from pagemeter.continuity.usage import MOST_DAYS, Usage

MERGED = "merged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """The counters of both, the rows that change, and what becomes of the rows of the id that is given up."""

    memory: MetersMemory
    series: tuple[Series, ...] = ()
    moved: tuple[Moved, ...] = ()


def joined_meters(stays: MetersMemory, gone: MetersMemory, *, alias: str, at: datetime) -> Joined:
    """Join the counters of the id ``alias`` to those of the one that stays, at the visit of ``at``.

    Runs of one counter that fit together become one; other runs of the alias get numbers behind those of the one that
    stays, whose numbers stand in documents, and what came last goes on. Where the clock was set back nobody knows what
    that was: the higher count goes on, for then the least is counted.
    """
    counters = {memory.key: memory for memory in stays.counters}
    series: list[Series] = []
    moved: list[Moved] = []
    for theirs in gone.counters:
        mine = counters.get(theirs.key)
        whole = None if mine is None else _one_run(mine, theirs, at)
        if whole is not None:
            counters[theirs.key] = whole
            series.append(whole.series())
            continue
        by = 0 if mine is None else mine.newest
        moved.append(Moved(alias=alias, key=theirs.key, by=by))
        counters[theirs.key], ended = _behind(mine, theirs, by, at)
        series += ended
    marks = max((m for m in (stays.marks, gone.marks) if m is not None), key=lambda m: m.at, default=None)
    told = dict.fromkeys((*stays.disagreeing, *gone.disagreeing))
    memory = MetersMemory(counters=tuple(counters.values()), marks=marks, disagreeing=tuple(told))
    return Joined(memory=memory, series=tuple(series), moved=tuple(moved))


def joined_usage(stays: Usage, gone: Usage) -> Usage:
    """Join what was printed a day; of a day that both saw the larger number counts."""
    days = dict(stays.days)
    for day, pages in gone.days:
        days[day] = max(pages, days.get(day, 0))
    return Usage(days=tuple(sorted(days.items()))[-MOST_DAYS:])


def _one_run(mine: MeterMemory, theirs: MeterMemory, at: datetime) -> MeterMemory | None:
    """Make one run of two that are parts of the same counting; none where they can't be.

    What was counted under both ids counts once; what lies between them was counted by nobody and is owed.
    """
    if theirs.newest > 1 or "+" in mine.key.split("#")[0] or mine.source != theirs.source:
        return None
    if mine.ended_by is not None or theirs.ended_by is not None:
        return None
    early, late = _in_order(mine, theirs, at)
    if late.last < early.highest:
        return None
    gap = max(0, late.first - early.highest)
    seconds = max(0.0, (late.began_at - early.last_at).total_seconds())
    if gap > (0 if _set_back(mine, theirs, at) else most(unit_of(mine.key), seconds)):
        return None
    twice = max(0, min(early.highest, late.highest) - max(early.first, late.first))
    counted = early.counted + late.counted + gap - min(twice, early.counted, late.counted)
    return replace(
        late,
        number=mine.number,
        top=mine.top,
        began_at=min(mine.began_at, theirs.began_at),
        began_by=min((mine, theirs), key=lambda one: one.began_at).began_by,
        first=min(mine.first, theirs.first),
        counted=counted,
        earlier=mine.earlier,
        owed=(early.owed or 0) + (late.owed or 0) + gap or None,
    )


def _in_order(mine: MeterMemory, theirs: MeterMemory, at: datetime) -> tuple[MeterMemory, MeterMemory]:
    """Return the one that was read last behind the other; the alias's where both were read at once."""
    if _set_back(mine, theirs, at):
        return (mine, theirs) if theirs.highest >= mine.highest else (theirs, mine)
    return (mine, theirs) if theirs.last_at >= mine.last_at else (theirs, mine)


def _set_back(mine: MeterMemory, theirs: MeterMemory, at: datetime) -> bool:
    """Say whether the clock was set back since: a run ended before it began, or will go on in the future."""
    return any(one.last_at < one.began_at or one.last_at > at for one in (mine, theirs))


def _behind(mine: MeterMemory | None, theirs: MeterMemory, by: int, at: datetime) -> tuple[MeterMemory, list[Series]]:
    """Put the runs of the alias behind; the run that came last goes on, the other one ends."""
    renumbered = replace(
        theirs,
        number=theirs.number + by,
        top=theirs.newest + by,
        earlier=tuple(replace(run, number=run.number + by) for run in theirs.earlier),
    )
    if mine is None:
        return renumbered, [renumbered.series()]
    other, latest = _in_order(mine, renumbered, at)
    owed = (mine.owed or 0) + (theirs.owed or 0) or None
    # What stood in for its source meanwhile may be what the other one counted.
    goes_on = replace(latest, top=renumbered.newest, owed=owed, away=None)
    ended = other if other.ended_by is not None else replace(other, ended_by=MERGED)
    return goes_on, [ended.series(), goes_on.series()]
