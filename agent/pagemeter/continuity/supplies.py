"""Supplies over time: put in, low, empty, and how long they will last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from pagemeter.continuity.course import height_of, yield_with
from pagemeter.continuity.levels import drifted, grain_of, is_filled, jump_of, left_of, measured
from pagemeter.continuity.outlook import outlook_of
from pagemeter.continuity.places import family_of, free_place, paired, serial_of
from pagemeter.continuity.records import SupplyLife
from pagemeter.continuity.supply_memory import MOST_FORMER, Former, SupplyMemory, course_of, printed, thinned
from pagemeter.continuity.supply_words import Word, warned
from pagemeter.continuity.usage import Usage
from pagemeter.model import (
    Condition,
    DeviceSnapshot,
    Event,
    MeterColor,
    MeterRead,
    Outlook,
    Sides,
    Since,
    Supply,
    SupplyEmpty,
    SupplyInstalled,
    SupplyLow,
    Work,
)

MOST_SUPPLIES = 64
"""How many supplies of a device are followed; what a device lists beyond them is handed on as it is."""
FORGOTTEN = timedelta(days=366)
"""How long a supply that is not listed any more is remembered."""
LOW = 1_000
"""What is left of a supply that is low, in hundredths of a per cent, where the device itself does not say so."""
_RISEN = 500
_QUIET = timedelta(days=7)
_WORDS: Mapping[Word, int] = {"low": 1, "empty": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppliesFollowed:
    """The supplies with what their history adds, what happened, what to remember, and the rows to keep."""

    supplies: tuple[Supply, ...]
    events: tuple[Event, ...] = ()
    memory: tuple[SupplyMemory, ...] = ()
    lives: tuple[SupplyLife, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Visit:
    """What a visit tells beside its supplies."""

    device: str
    at: datetime
    usage: Usage
    pages: int | None


def follow_supplies(memory: tuple[SupplyMemory, ...], snapshot: DeviceSnapshot, *, usage: Usage) -> SuppliesFollowed:
    """Lay a snapshot's supplies beside what is remembered of them; ``snapshot`` has its meters followed already.

    A supply that is not listed this time is remembered as it was: a table may have been cut short.
    """
    visit = _Visit(device=snapshot.device.id, at=snapshot.taken_at, usage=usage, pages=_pages_of(snapshot.meter_reads))
    listed = snapshot.supplies[:MOST_SUPPLIES]
    pairs = paired(memory, listed)
    words = warned(listed, snapshot.alerts)
    names = [one.place for one in memory]
    supplies, kept, lives, events = [], [], [], []
    for supply, place, word in zip(listed, pairs.found, words, strict=True):
        if place is None:
            old = _found(supply, visit, names)
            names.append(old.place)
        else:
            old = memory[place]
        old, installed = _recognised(_leaning(old, supply, word), supply, visit)
        new = _counted(old, supply, visit)
        new, warnings = _told(new, supply, word, visit.at)
        supplies.append(_shown(new, supply, visit))
        kept.append(new)
        lives.append(_life(new, supply, visit))
        events += [Event(device=visit.device, at=visit.at, facts=fact) for fact in (*installed, *warnings)]
    unseen = [memory[place] for place in pairs.unseen if visit.at - memory[place].last_seen < FORGOTTEN]
    unseen.sort(key=lambda one: one.last_seen, reverse=True)
    return SuppliesFollowed(
        supplies=(*supplies, *snapshot.supplies[MOST_SUPPLIES:]),
        events=tuple(events),
        memory=(*kept, *unseen[: MOST_SUPPLIES - len(kept)]),
        lives=tuple(lives),
    )


def _found(supply: Supply, visit: _Visit, names: list[str]) -> SupplyMemory:
    """Begin to remember a supply that was there already when its place was first seen."""
    return SupplyMemory(
        place=free_place(supply.index, names),
        index=supply.index,
        source=supply.origin.protocol,
        since=visit.at,
        first_seen=visit.at,
        last_seen=visit.at,
        first_percent=_percent(supply),
        first_pages=visit.pages,
        began_by="found",
    )


def _leaning(old: SupplyMemory, supply: Supply, word: Word | None) -> SupplyMemory:
    """Learn from a receptacle's level which end of it is the bad one; sources may tell it either way."""
    if not is_filled(supply):
        return old
    if old.source != supply.origin.protocol:
        old = replace(old, drift=0, level=None)
    return replace(old, drift=drifted(old.drift, old.level, measured(supply), word))


def _recognised(old: SupplyMemory, supply: Supply, visit: _Visit) -> tuple[SupplyMemory, list[SupplyInstalled]]:
    """Say whether a place has another supply than before, and begin anew where it has."""
    if supply.condition is Condition.MISSING:
        return old, []
    by = _change(old, supply)
    if by is None:
        return old, []
    fact = SupplyInstalled(
        index=supply.index,
        description=supply.description,
        colorants=supply.colorants,
        old_serial_number=old.serial_number,
        serial_number=supply.serial_number,
        old_percent=None if old.level is None else old.level // 100,
        percent=_percent(supply),
        by=by,
        sure=by != "level",
        between=(min(old.last_seen, visit.at), visit.at),
    )
    return _replaced(old, supply, visit, by), [fact]


def _change(old: SupplyMemory, supply: Supply) -> Literal["serial-number", "part-number", "level"] | None:
    """Say what shows another supply: its serial number, its part number, or a level that no wobble explains."""
    mine, theirs = serial_of(old.serial_number), serial_of(supply.serial_number)
    if mine is not None and theirs is not None and mine not in theirs and theirs not in mine:
        return "serial-number"
    if (mine is None or mine != theirs) and old.source == supply.origin.protocol:
        parts = [(part or "").casefold() for part in (old.part_number, supply.part_number)]
        if all(parts) and parts[0] != parts[1]:
            return "part-number"
    level, filled = measured(supply), is_filled(supply)
    before, now = (left_of(one, filled=filled, drift=old.drift) for one in (old.level, level))
    if level is None or before is None or now is None:
        return None
    return "level" if now - before >= jump_of(grain_of(old.grain, level, supply)) else None


def _replaced(old: SupplyMemory, supply: Supply, visit: _Visit, by: str) -> SupplyMemory:
    """Begin the life of another supply in a place, or go on with that of one that was there before."""
    serial = serial_of(old.serial_number)
    formers = [one for one in old.formers if one.serial_number != serial]
    if serial is not None:
        formers.append(
            Former(
                number=old.number,
                serial_number=serial,
                first_seen=old.first_seen,
                first_percent=old.first_percent,
                first_pages=old.first_pages,
                began_by=old.began_by,
                told=old.told,
            )
        )
    mine = serial_of(supply.serial_number)
    back = next((one for one in formers if one.serial_number == mine), None) if by == "serial-number" else None
    course = course_of(old)
    refill = by == "level" and serial is not None and serial == mine
    return replace(
        old,
        number=back.number if back else old.lives + 1,
        lives=old.lives if back else old.lives + 1,
        serial_number=None,
        part_number=None,
        first_seen=back.first_seen if back else visit.at,
        installed_at=visit.at,
        first_percent=back.first_percent if back else _percent(supply),
        first_pages=back.first_pages if back else visit.pages,
        began_by=back.began_by if back else "refill" if refill else by,
        level=None,
        pages=0,
        points=(),
        before=yield_with(course),
        height=height_of(course),
        told=back.told if back else 0,
        told_at=None,
        quiet_since=None,
        formers=tuple(one for one in formers if one.serial_number != mine)[-MOST_FORMER:],
    )


def _counted(old: SupplyMemory, supply: Supply, visit: _Visit) -> SupplyMemory:
    """Add what a visit tells: pages printed since, the level, and who the supply is."""
    pages, printed_on = printed(old, visit.usage)
    level, points = measured(supply), old.points
    left = left_of(level, filled=is_filled(supply), drift=old.drift)
    if left is not None and (not points or left < points[-1]):
        points = thinned((*points, pages, left))
    return replace(
        old,
        index=supply.index,
        family=family_of(supply) or old.family,
        colorants=supply.colorants or old.colorants,
        source=supply.origin.protocol,
        serial_number=supply.serial_number if serial_of(supply.serial_number) else old.serial_number,
        part_number=supply.part_number or (old.part_number if old.source == supply.origin.protocol else None),
        first_seen=min(old.first_seen, visit.at),
        last_seen=visit.at,
        level=old.level if level is None else level,
        grain=old.grain if level is None else grain_of(old.grain, level, supply),
        pages=pages,
        printed_on=printed_on,
        points=points,
    )


def _told(
    new: SupplyMemory, supply: Supply, word: Word | None, at: datetime
) -> tuple[SupplyMemory, list[SupplyLow | SupplyEmpty]]:
    """Tell low and empty once each, until another supply is there or the level rose well above what was told.

    Where no level says so, the device must have been silent about it for a week: some warnings sleep with the device.
    """
    left = left_of(measured(supply), filled=is_filled(supply), drift=new.drift)
    by_level: Word | None = None if left is None or left > LOW else "low" if left > 0 else "empty"
    now = max(_WORDS[one] if one else 0 for one in (word, by_level))
    if now > new.told:
        fact = SupplyEmpty if now == _WORDS["empty"] else SupplyLow
        told = fact(
            index=supply.index,
            description=supply.description,
            colorants=supply.colorants,
            serial_number=supply.serial_number,
            percent=_percent(supply),
            by="device" if word and _WORDS[word] == now else "level",
        )
        return replace(new, told=now, told_at=left, quiet_since=None), [told]
    if now > 0 or new.told == 0 or supply.condition is Condition.MISSING:
        return (replace(new, quiet_since=None) if new.quiet_since else new), []
    if left is not None and new.told_at is not None:
        again = left >= max(new.told_at, LOW) + _RISEN
    else:
        new = replace(new, quiet_since=new.quiet_since or at)
        again = at - (new.quiet_since or at) >= _QUIET
    return (replace(new, told=0, told_at=None, quiet_since=None) if again else new), []


def _shown(new: SupplyMemory, supply: Supply, visit: _Visit) -> Supply:
    """Add to a supply what its history says; the device's own date of installation wins."""
    return replace(
        supply,
        first_seen=new.first_seen,
        installed_at=supply.installed_at or new.installed_at,
        outlook=_outlook(new, supply, visit),
    )


def _outlook(new: SupplyMemory, supply: Supply, visit: _Visit) -> Outlook | None:
    if left_of(measured(supply), filled=is_filled(supply), drift=new.drift) is None:
        return None
    return outlook_of(course_of(new), visit.usage, at=visit.at, since=min(new.since, visit.at))


def _life(new: SupplyMemory, supply: Supply, visit: _Visit) -> SupplyLife:
    return SupplyLife(
        place=new.place,
        number=new.number,
        serial_number=new.serial_number,
        part_number=new.part_number,
        description=supply.description,
        first_seen=new.first_seen,
        last_seen=max(new.last_seen, new.first_seen),
        first_percent=new.first_percent,
        last_percent=None if new.level is None else new.level // 100,
        first_pages=new.first_pages,
        last_pages=visit.pages,
        began_by=new.began_by,
    )


def _percent(supply: Supply) -> int | None:
    return supply.level.percent if supply.level is not None else None


def _pages_of(reads: tuple[MeterRead, ...]) -> int | None:
    """Return the device's count of pages: the most general life count, of the whole device or of a marker."""
    general = [
        read
        for read in reads
        if (read.color, read.media, read.sides, read.since) == (MeterColor.ANY, "any", Sides.ANY, Since.LIFE)
        and read.work in (Work.TOTAL, Work.PRINT)
    ]
    general.sort(key=lambda read: (read.engine is not None, read.work is not Work.TOTAL, read.code is not None))
    return general[0].value if general else None
