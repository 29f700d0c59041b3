"""Steps that a device can hardly have made: held back, and counted when the next read confirms them."""

from __future__ import annotations

from dataclasses import replace

from pagemeter.continuity.between import Between
from pagemeter.continuity.memory import Held, MeterMemory
from pagemeter.continuity.pace import SATURATED, most
from pagemeter.continuity.run import Step, believable, going_on, new_run
from pagemeter.model import FallCause, MeterRead, MeterSuspicious, MeterUnit

FASTEST = 10
"""How many times faster than the usual pace a device may prove to be, where it tells the unit."""


def held_back(memory: MeterMemory, read: MeterRead, between: Between) -> Step:
    """Keep a value back; it is told when that begins, and whenever it falls."""
    seconds, held = between.seconds_since(memory.last_at), memory.held
    now = replace(memory, held=Held(value=read.value, at=between.at))
    facts: tuple[MeterSuspicious, ...] = ()
    if held is None:
        time = "an unknown time" if seconds is None else f"{seconds / 60:,.0f} minutes"
        why = (
            f"{read.value - memory.last:,} more in {time}, where {believable(memory, read, between):,} are the most; "
            "they are counted when the next read confirms them"
        )
        facts = (MeterSuspicious(key=memory.key, old=memory.last, new=read.value, why=why),)
    elif read.value < held.value:
        why = "neither the value before nor this one can be; none of them is counted"
        facts = (MeterSuspicious(key=memory.key, old=held.value, new=read.value, why=why),)
    return Step(memory=now, believed=False, facts=facts)


def confirms(memory: MeterMemory, read: MeterRead, between: Between) -> bool:
    """Say whether a read goes on where the held value was; a counter that is full never does."""
    held = memory.held
    if held is None or read.value < held.value or read.value in SATURATED:
        return False
    usual = most(read.unit, between.seconds_since(held.at), times=memory.pace or 1)
    jump, seconds = held.value - memory.last, (held.at - memory.last_at).total_seconds()
    steady = read.unit is MeterUnit.OTHER or jump <= FASTEST * most(read.unit, seconds if seconds >= 0 else None)
    return read.value - held.value <= (max(FASTEST * usual, 2 * jump) if steady else usual)


def confirmed(memory: MeterMemory, read: MeterRead, between: Between) -> Step:
    """Count a step that was held back, and remember how fast the device is."""
    held = memory.held
    jump = 0 if held is None else read.value - held.value
    usual = most(read.unit, between.seconds_since(memory.last_at if held is None else held.at))
    pace = max(memory.pace or 1, 2 * -(-jump // usual)) if jump > usual else memory.pace
    went = going_on(replace(memory, pace=pace), read, between)
    why = f"the read after it confirms the step; {went.delta:,} are counted"
    fact = MeterSuspicious(key=memory.key, old=memory.last, new=read.value, why=why)
    return replace(went, facts=(fact,))


def replaced_upwards(memory: MeterMemory, read: MeterRead, between: Between) -> Step:
    """Begin a run where another part brought a higher count with it."""
    why = f"{between.replaced} changed with it: a part with a higher count was put in, and nothing is counted"
    fact = MeterSuspicious(key=memory.key, old=memory.last, new=read.value, why=why)
    return replace(new_run(memory, read, between, by=str(FallCause.REPLACEMENT)), facts=(fact,))
