"""Whether the supply in a place is another one than before, and what is remembered of it then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from pagemeter.continuity.course import height_of, yield_with
from pagemeter.continuity.levels import drifted, grain_of, is_filled, jump_of, left_of, measured, percent_of
from pagemeter.continuity.places import serial_of
from pagemeter.continuity.supply_memory import MOST_FORMER, Former, SupplyMemory, course_of
from pagemeter.continuity.supply_words import Word
from pagemeter.continuity.usage import Usage
from pagemeter.model import Condition, Supply, SupplyInstalled

_MANY_LIVES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a visit tells beside its supplies."""

    device: str
    at: datetime
    usage: Usage
    pages: int | None


def leaning(old: SupplyMemory, supply: Supply, word: Word | None) -> SupplyMemory:
    """Learn from a receptacle's level which end of it is the bad one; sources may tell it either way."""
    if not is_filled(supply):
        return old
    if old.source != supply.origin.protocol:
        old = replace(old, drift=0, level=None)
    drift = drifted(old.drift, old.level, measured(supply), word)
    return old if drift == old.drift else replace(old, drift=drift)


def recognised(old: SupplyMemory, supply: Supply, visit: Visit) -> tuple[SupplyMemory, list[SupplyInstalled]]:
    """Say whether a place has another supply than before, and begin anew where it has."""
    if supply.condition is Condition.MISSING:
        return old, []
    by = None if _changes_too_often(old, visit) else _change(old, supply)
    if by is None:
        return old, []
    fact = SupplyInstalled(
        index=supply.index,
        description=supply.description,
        colorants=supply.colorants,
        old_serial_number=old.serial_number,
        serial_number=supply.serial_number,
        old_percent=None if old.level is None else old.level // 100,
        percent=percent_of(supply),
        by=by,
        sure=by != "level",
        between=(min(old.last_seen, visit.at), visit.at),
    )
    return _replaced(old, supply, visit, by), [fact]


def _change(old: SupplyMemory, supply: Supply) -> Literal["serial-number", "part-number", "level"] | None:
    """Say what shows another supply: its serial number, its part number, or a level that no wobble explains."""
    mine, theirs = serial_of(old.serial_number), serial_of(supply.serial_number)
    same_source = old.source == supply.origin.protocol
    if mine is None or theirs is None:
        if same_source and _differ(old.part_number, supply.part_number):
            return "part-number"
    # Another source may tell a serial number with more or less around it.
    elif mine != theirs and (same_source or (mine not in theirs and theirs not in mine)):
        return "serial-number"
    level, filled = measured(supply), is_filled(supply)
    before, now = (left_of(one, filled=filled, drift=old.drift) for one in (old.level, level))
    if level is None or before is None or now is None:
        return None
    step = supply.level.step if supply.level is not None else None
    jump = jump_of(grain_of(old.grain, level, supply), seen=len(old.points) // 2, step=step)
    return "level" if now - before >= jump else None


def _changes_too_often(old: SupplyMemory, visit: Visit) -> bool:
    """Say no to more than two supplies a day for long: what such a device tells is neither serial number nor level."""
    days = (visit.at - old.since) / timedelta(days=1)
    return old.lives >= _MANY_LIVES and old.lives > 2 * days


def _differ(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one.casefold() != other.casefold()


def _replaced(old: SupplyMemory, supply: Supply, visit: Visit, by: str) -> SupplyMemory:
    """Begin the life of another supply in a place, or go on with that of one that was there before."""
    course, serial, mine = course_of(old), serial_of(old.serial_number), serial_of(supply.serial_number)
    formers = (*old.formers, _former(old, serial)) if serial is not None else old.formers
    begun = Former(
        number=old.lives + 1,
        serial_number=mine or "",
        first_seen=visit.at,
        first_percent=percent_of(supply),
        first_pages=visit.pages,
        began_by="refill" if mine is not None and mine == serial else by,
    )
    back = [one for one in formers if one.serial_number == mine] if by == "serial-number" else []
    life = back[0] if back else begun
    return replace(
        old,
        number=life.number,
        lives=max(old.lives, life.number),
        serial_number=None,
        part_number=None,
        first_seen=life.first_seen,
        installed_at=visit.at,
        first_percent=life.first_percent,
        first_pages=life.first_pages,
        began_by=life.began_by,
        level=None,
        pages=0,
        points=(),
        before=yield_with(course),
        height=height_of(course),
        told=life.told,
        told_at=None,
        quiet_since=None,
        formers=tuple(one for one in formers if one.serial_number != mine)[-MOST_FORMER:],
    )


def _former(old: SupplyMemory, serial: str) -> Former:
    return Former(
        number=old.number,
        serial_number=serial,
        first_seen=old.first_seen,
        first_percent=old.first_percent,
        first_pages=old.first_pages,
        began_by=old.began_by,
        told=old.told,
    )
