"""A run of a counter: begun, going on, ended."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from pagemeter.continuity.between import Between
from pagemeter.continuity.memory import MeterMemory, Run, source_of
from pagemeter.continuity.pace import most
from pagemeter.continuity.records import Series
from pagemeter.model import MeterRead, MeterReset, MeterSuspicious, Since

MOST_EARLIER = 4
"""How many earlier runs of a counter are remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one more read makes of a counter: its memory, what was counted, what happened, and runs that ended.

    ``believed`` is false for a value that is held, ``followed`` for one that belongs to no run.
    """

    memory: MeterMemory
    delta: int = 0
    believed: bool = True
    followed: bool = True
    facts: tuple[MeterReset | MeterSuspicious, ...] = ()
    ended: tuple[Series, ...] = ()


def begun(read: MeterRead, *, at: datetime, by: str, number: int = 1) -> MeterMemory:
    """Begin a run with a read; nothing is counted yet."""
    return MeterMemory(
        key=read.key,
        number=number,
        began_at=at,
        last_at=at,
        first=read.value,
        last=read.value,
        began_by=by,
        source=source_of(read.origin),
    )


def believable(memory: MeterMemory, read: MeterRead, between: Between) -> int:
    """Return the largest step that is believed of a counter now."""
    return most(read.unit, between.seconds_since(memory.last_at), times=memory.pace or 1)


def going_on(memory: MeterMemory, read: MeterRead, between: Between) -> Step:
    """Go on with a value; what an earlier fall of some pages took away is not counted again."""
    delta = max(0, read.value - memory.highest)
    if not delta and read.value == memory.last and memory.held is None:
        return Step(memory=replace(memory, last_at=between.at))
    now = replace(
        memory,
        last=read.value,
        last_at=between.at,
        high=memory.highest if read.value < memory.highest else None,
        counted=memory.counted + delta,
        held=None,
    )
    return Step(memory=now, delta=delta)


def new_run(memory: MeterMemory, read: MeterRead, between: Between, *, by: str) -> Step:
    """End the run and begin another one; what it may have counted since then nobody knows."""
    now = replace(
        begun(read, at=between.at, by=by, number=memory.newest + 1),
        earlier=_earlier(memory) if read.since is Since.LIFE else (),
        pace=memory.pace,
        owed=memory.owed,
    )
    return Step(memory=now, ended=(replace(memory, ended_by=by).series(),))


def _earlier(memory: MeterMemory) -> tuple[Run, ...]:
    """Return the runs to which the counter may go back, the newest first: of many those that came farthest."""
    runs = (run_of(memory), *memory.earlier)
    farthest = sorted(runs[1:], key=lambda run: run.last)[-MOST_EARLIER + 1 :]
    return (runs[0], *(run for run in runs[1:] if run in farthest))


def run_of(memory: MeterMemory) -> Run:
    """Return what is needed to take up this run again."""
    return Run(
        number=memory.number,
        began_at=memory.began_at,
        last_at=memory.last_at,
        first=memory.first,
        last=memory.last,
        high=memory.highest,
        counted=memory.counted,
        began_by=memory.began_by,
    )
