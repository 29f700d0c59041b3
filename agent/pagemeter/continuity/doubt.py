"""Steps that a device can hardly have made: held back, and counted when the next read confirms them."""

from __future__ import annotations

from dataclasses import replace

from pagemeter.continuity.between import Between
from pagemeter.continuity.memory import Held, MeterMemory
from pagemeter.continuity.pace import DAY, SATURATED, most
from pagemeter.continuity.run import Step, believable, going_on, new_run
from pagemeter.model import FallCause, MeterRead, MeterSuspicious, MeterUnit

FASTEST = 10
"""How many times faster than the usual pace a device may prove to be, where it tells the unit."""
YEAR = 365 * DAY
JUMPED = "jumped"


def held_back(memory: MeterMemory, read: MeterRead, between: Between) -> Step:
    """Keep a value back; it is told when that begins, and whenever it falls."""
    held = memory.held
    facts: tuple[MeterSuspicious, ...] = ()
    since = None
    if held is None:
        facts = (_fact(memory.last, read, _too_much(memory, read, between)),)
    elif read.value < held.value:
        facts = (_fact(held.value, read, "neither the value before nor this one can be; none of them is counted"),)
    elif _goes_on(memory, read, between) and read.value not in SATURATED:
        since = held.since or held.at
        seconds = between.seconds_since(since)
        if seconds is not None and seconds >= DAY:
            why = "it stands there for a day: it goes on as a count of its own, and nothing of the step is counted"
            return replace(new_run(memory, read, between, by=JUMPED), facts=(_fact(memory.last, read, why),))
    now = replace(memory, held=Held(value=read.value, at=between.at, since=since))
    return Step(memory=now, believed=False, facts=facts)


def _too_much(memory: MeterMemory, read: MeterRead, between: Between) -> str:
    seconds = between.seconds_since(memory.last_at)
    time = "an unknown time" if seconds is None else f"{seconds / 60:,.0f} minutes"
    return (
        f"{read.value - memory.last:,} more in {time}, where {believable(memory, read, between):,} are the most; "
        "they are counted when the next read confirms them"
    )


def confirms(memory: MeterMemory, read: MeterRead, between: Between) -> bool:
    """Say whether a read goes on where the held value was; what no device counts in a year is never confirmed."""
    held = memory.held
    if held is None or read.value in SATURATED or held.value - memory.last > most(read.unit, YEAR):
        return False
    return _goes_on(memory, read, between)


def _goes_on(memory: MeterMemory, read: MeterRead, between: Between) -> bool:
    """Say whether a value is where the counter must be by now if the held one was right."""
    held = memory.held
    if held is None or read.value < held.value:
        return False
    usual = most(read.unit, between.seconds_since(held.at), times=memory.pace or 1)
    jump, seconds = held.value - memory.last, (held.at - memory.last_at).total_seconds()
    steady = read.unit is MeterUnit.OTHER or jump <= FASTEST * most(read.unit, seconds if seconds >= 0 else None)
    return read.value - held.value <= (max(FASTEST * usual, 2 * jump) if steady else usual)


def confirmed(memory: MeterMemory, read: MeterRead, between: Between) -> Step:
    """Count a step that was held back, and remember how fast the device is; a 0 before it was no count at all."""
    held = memory.held
    if memory.first == memory.last == 0:
        why = "the 0 before was told while the counter was not known yet: nothing of the step is counted"
        return replace(new_run(memory, read, between, by=JUMPED), facts=(_fact(memory.last, read, why),))
    jump = 0 if held is None else read.value - held.value
    usual = most(read.unit, between.seconds_since(memory.last_at if held is None else held.at))
    pace = max(memory.pace or 1, 2 * -(-jump // usual)) if jump > usual else memory.pace
    went = going_on(replace(memory, pace=pace), read, between)
    why = f"the read after it confirms the step; {went.delta:,} are counted"
    return replace(went, facts=(_fact(memory.last, read, why),))


def replaced_upwards(memory: MeterMemory, read: MeterRead, between: Between) -> Step:
    """Begin a run where another part brought a higher count with it."""
    why = f"{between.replaced} changed with it: a part with a higher count was put in, and nothing is counted"
    return replace(
        new_run(memory, read, between, by=str(FallCause.REPLACEMENT)), facts=(_fact(memory.last, read, why),)
    )


def _fact(old: int, read: MeterRead, why: str) -> MeterSuspicious:
    return MeterSuspicious(key=read.key, old=old, new=read.value, why=why)
