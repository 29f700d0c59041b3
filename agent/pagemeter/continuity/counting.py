"""One counter and one more read of it: the run it belongs to, what was counted, and whether it is believed."""

from __future__ import annotations

from dataclasses import replace

from pagemeter.continuity.between import Between
from pagemeter.continuity.doubt import confirmed, confirms, held_back, replaced_upwards
from pagemeter.continuity.falls import fallen, goes_back, taken_back
from pagemeter.continuity.memory import Away, MeterMemory, source_of
from pagemeter.continuity.run import Step, believable, going_on, new_run
from pagemeter.model import MeterRead, MeterSuspicious, Since

ANOTHER_SOURCE_SECONDS = 86_400.0
"""How long a meter is told by another source before that begins a run of its own."""


def step(memory: MeterMemory, read: MeterRead, between: Between) -> Step:
    """Lay a read beside the run so far; of two explanations the one that counts less is taken."""
    source = source_of(read.origin)
    if memory.source not in (None, source):
        return _from_another_source(memory, read, between)
    if memory.source is None or memory.away is not None:
        memory = replace(memory, source=source, away=None)
    if read.since is Since.POWER_ON and (read.value < memory.last or between.restarted):
        return new_run(memory, read, between, by=str(Since.POWER_ON))
    if memory.held is not None and confirms(memory, read, between):
        return confirmed(memory, read, between)
    return (fallen if read.value < memory.last else _risen)(memory, read, between)


def _risen(memory: MeterMemory, read: MeterRead, between: Between) -> Step:
    implausible = read.value > memory.last + believable(memory, read, between)
    if (run := goes_back(memory, read, between, implausible=implausible)) is not None:
        return taken_back(memory, read, between, run)
    if not implausible:
        return _counted(memory, read, between)
    if between.replaced not in (None, "the firmware"):
        return replaced_upwards(memory, read, between)
    return held_back(memory, read, between)


def _counted(memory: MeterMemory, read: MeterRead, between: Between) -> Step:
    """Go on; what an earlier fall of some pages took away is not counted again."""
    went = going_on(memory, read, between)
    if memory.held is None or memory.held.value == read.value:
        return went
    why = "the value before was a misreading; nothing of it is counted"
    fact = MeterSuspicious(key=memory.key, old=memory.held.value, new=read.value, why=why)
    return replace(went, facts=(fact,))


def _from_another_source(memory: MeterMemory, read: MeterRead, between: Between) -> Step:
    """Follow a source that was seen to tell the same; of any other one nobody knows whether it counts the same.

    While it stands in it is not followed; after a day it begins a run of its own.
    """
    source = source_of(read.origin)
    if source == memory.twin:
        return step(replace(memory, source=source, twin=memory.source), read, between)
    away = memory.away
    # A 0 is what a source tells as long as it does not know: its count begins behind it.
    if away is None or away.source != source or read.value < away.value or away.value == 0:
        away = Away(source=source, value=read.value, at=between.at)
    seconds = between.seconds_since(away.at)
    if seconds is None or seconds < ANOTHER_SOURCE_SECONDS:
        return Step(memory=replace(memory, away=away), followed=False)
    ended = replace(memory, away=None)
    first = replace(new_run(ended, read, between, by="source-changed").memory, earlier=())
    first = replace(first, first=away.value, last=away.value, began_at=away.at, last_at=away.at)
    why = f"{source} tells it for a day now, and not {memory.source}: what lies between the two is not counted"
    fact = MeterSuspicious(key=memory.key, old=memory.last, new=away.value, why=why)
    went = step(first, read, between)
    return replace(
        went, facts=(fact, *went.facts), ended=(replace(ended, ended_by="source-changed").series(), *went.ended)
    )
