"""Counters that stand still while the device goes on printing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from pagemeter.continuity.memory import MeterMemory, Still
from pagemeter.model import MeterColor, MeterFrozen, MeterRead, PrinterState, Quality, Sides, Since, Status, Work

PAGES, VISITS = 50, 3
"""So much must the parts of a counter have counted, in so many visits, before it is said to be frozen."""
PRINTING = 6
"""Where no part speaks: in so many visits the device must have been printing."""

# What the trade adds up in a total of pages; what is scanned or sent by fax makes none.
_OF_TOTAL = frozenset({Work.TOTAL, Work.PRINT, Work.COPY, Work.FAX, Work.FAX_IN, Work.REPORT})


def frozen(
    memory: MeterMemory, read: MeterRead, others: Sequence[MeterRead], *, since: datetime, status: Status | None
) -> tuple[MeterMemory, MeterFrozen | None]:
    """Take note of what speaks for a frozen counter; the fact is told once, when it is enough.

    ``read`` has its delta, ``others`` are the ones that moved; ``since`` is when the counter was read before.
    """
    if read.since is not Since.LIFE or read.quality is Quality.SUSPICIOUS or read.delta is None:
        return memory, None
    if read.delta:
        return replace(memory, still=None) if memory.still is not None else memory, None
    pages = max((other.delta or 0 for other in others if _is_part(other, read)), default=0)
    printing = status is not None and status.state is PrinterState.PRINTING and _is_whole(read)
    if not pages and not printing:
        return memory, None
    old = memory.still or Still(since=since)
    still = replace(old, pages=old.pages + pages, visits=old.visits + 1, printing=old.printing + printing)
    why = _why(still)
    if why is None or still.told:
        return replace(memory, still=still), None
    fact = MeterFrozen(key=read.key, value=read.value, since=still.since, why=why)
    return replace(memory, still=replace(still, told=True)), fact


def _why(still: Still) -> str | None:
    if still.pages >= PAGES and still.visits >= VISITS:
        return f"counters of its parts counted {still.pages:,} meanwhile, in {still.visits} visits"
    if still.printing >= PRINTING:
        return f"the device was printing in {still.printing} visits meanwhile"
    return None


def _is_part(part: MeterRead, whole: MeterRead) -> bool:
    """Say whether what one counter counts must be counted by the other too."""
    if part.unit is not whole.unit or whole.code not in (None, part.code) or whole.engine not in (None, part.engine):
        return False
    if part.since is Since.RESET or part.quality is Quality.SUSPICIOUS:
        return False
    return (
        _works(part.work, whole.work)
        and whole.color in (MeterColor.ANY, part.color)
        and whole.media in ("any", part.media)
        and whole.sides in (Sides.ANY, part.sides)
    )


def _works(part: Work, whole: Work) -> bool:
    return part is whole or (whole is Work.TOTAL and part in _OF_TOTAL)


def _is_whole(read: MeterRead) -> bool:
    return (
        read.work in (Work.TOTAL, Work.PRINT)
        and read.color is MeterColor.ANY
        and read.media == "any"
        and read.sides is Sides.ANY
        and read.engine is None
        and read.code is None
    )
