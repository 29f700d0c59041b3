"""Falls of a counter: each has a cause and is told; some turn out to be none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from pagemeter.continuity.between import Between
from pagemeter.continuity.memory import MeterMemory, Run
from pagemeter.continuity.pace import most
from pagemeter.continuity.run import Step, believable, going_on, new_run
from pagemeter.model import FallCause, MeterRead, MeterReset, MeterSuspicious, Since

COUNTER32 = 2**32
"""Where prtMarkerLifeCount and every other Counter32 begins anew (RFC 2578 section 7.1.6)."""
TAIL = 10
"""A counter that is kept in steps loses less than this when the power goes."""
NEAR_ZERO = 100
MOST = 2**63 - 1

Explain: TypeAlias = Callable[[MeterMemory, MeterRead, Between], Step]


def fallen(memory: MeterMemory, read: MeterRead, between: Between) -> Step:
    """Explain a fall; every one is told."""
    cause, why, make = _explained(memory, read, between)
    fact = MeterReset(key=memory.key, old=memory.last, new=read.value, cause=cause, why=why)
    return replace(make(memory, read, between), facts=(fact,))


def _explained(memory: MeterMemory, read: MeterRead, between: Between) -> tuple[FallCause, str, Explain]:
    old, new = memory.last, read.value
    wrapped = new + COUNTER32 - old
    if read.since is Since.RESET:
        return FallCause.RESET, "this counter counts since it was reset by hand", _reset
    if _is_counter32(memory, read) and 0 < wrapped <= min(believable(memory, read, between), COUNTER32 // 16):
        return FallCause.WRAP, f"a counter of 32 bits begins anew at 0; {wrapped:,} were counted", _wrapped
    if old - new < TAIL and not (new == 0 and between.restarted is False):
        return FallCause.VOLATILE_TAIL, _tail_lost(old - new, between), going_on
    if between.replaced is not None:
        return FallCause.REPLACEMENT, f"{between.replaced} changed with it; {_company(between)}", _replacement
    if new <= max(NEAR_ZERO, old // 10) and new <= believable(memory, read, between):
        return FallCause.RESET, f"it began at or near 0; {_company(between)}", _reset
    why = f"a reset leads to 0 and not here: a part with a count of its own was put in; {_company(between)}"
    return FallCause.REPLACEMENT, why, _replacement


def _is_counter32(memory: MeterMemory, read: MeterRead) -> bool:
    """Say whether a counter can wrap: IPP's integers end at 2^31 - 1; of a sum each part may."""
    return read.origin.protocol == "snmp" and (memory.last < COUNTER32 or " + " in read.origin.where)


def _tail_lost(fall: int, between: Between) -> str:
    seen = {True: "the device was restarted", False: "no restart was seen"}
    words = seen.get(bool(between.restarted)) if between.restarted is not None else "a restart can't be seen"
    return f"{words}, and only {fall} are missing: they were not kept; they are not counted twice"


def _company(between: Between) -> str:
    """Say how many counters fell together."""
    if between.followed <= 1:
        return "the device tells no other counter"
    if between.fell == between.followed:
        return f"all {between.fell} counters of the device fell together"
    if between.fell == 1:
        return f"it fell alone, the device's other counters ({between.followed - 1}) did not"
    return f"{between.fell} of {between.followed} counters of the device fell together"


def _wrapped(memory: MeterMemory, read: MeterRead, between: Between) -> Step:
    delta = max(0, read.value + COUNTER32 - memory.highest)
    now = replace(
        memory,
        last=read.value,
        last_at=between.at,
        high=None,
        counted=memory.counted + delta,
        held=None,
        earlier=(),
    )
    return Step(memory=now, delta=delta)


def _reset(memory: MeterMemory, read: MeterRead, between: Between) -> Step:
    return new_run(memory, read, between, by=str(FallCause.RESET))


def _replacement(memory: MeterMemory, read: MeterRead, between: Between) -> Step:
    return new_run(memory, read, between, by=str(FallCause.REPLACEMENT))


def goes_back(memory: MeterMemory, read: MeterRead, between: Between, *, implausible: bool = False) -> Run | None:
    """Find the run that a counter goes on with as if it had not fallen: it was misread, or the old part is in again.

    That is believed where it never moved since the fall, or where it can't have come so far; the run that came nearest
    counts, for then the least is counted. A run below the counter as it is now would count more than going on does.
    """
    stood = not memory.counted and memory.last == memory.first
    if not implausible and not stood:
        return None
    runs = []
    for run in memory.earlier:
        # A part that lay in a drawer counted nothing there: it may have gone on since the last visit only.
        since = run.last_at if stood else memory.last_at
        if run.last > memory.last and _leads_to(run, memory, read, seconds=between.seconds_since(since)):
            runs.append(run)
        stood = stood and not run.counted and run.last == run.first
    return max(runs, key=lambda run: (run.last <= read.value, run.last), default=None)


def _leads_to(run: Run, memory: MeterMemory, read: MeterRead, *, seconds: float | None) -> bool:
    return -TAIL < read.value - run.last <= most(read.unit, seconds, times=memory.pace or 1)


def taken_back(memory: MeterMemory, read: MeterRead, between: Between, run: Run) -> Step:
    """Take up a run from before a fall again; what was counted since then is not counted twice."""
    place = memory.earlier.index(run)
    since = memory.counted + sum(newer.counted for newer in memory.earlier[:place])
    resumed = replace(
        memory,
        number=run.number,
        top=memory.newest,
        began_at=run.began_at,
        first=run.first,
        last=run.last,
        high=min(run.high + since, MOST),
        counted=run.counted,
        began_by=run.began_by,
        held=None,
        earlier=memory.earlier[place + 1 :],
    )
    went = going_on(resumed, read, between)
    why = f"it goes on where it stood before it fell ({run.last:,}): run {run.number} is taken up again"
    fact = MeterSuspicious(key=memory.key, old=memory.last, new=read.value, why=why)
    return replace(went, facts=(fact,), ended=(replace(memory, ended_by="taken-back").series(),))
