"""Supplies over time: put in, low, empty, and how long they will last."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from pagemeter.continuity.installed import Visit, leaning, recognised
from pagemeter.continuity.levels import grain_of, is_filled, left_of, measured, percent_of
from pagemeter.continuity.low import told
from pagemeter.continuity.outlook import outlook_of
from pagemeter.continuity.places import family_of, free_place, paired, serial_of
from pagemeter.continuity.records import SupplyLife
from pagemeter.continuity.supply_memory import SupplyMemory, course_of, printed, thinned
from pagemeter.continuity.supply_words import warned
from pagemeter.continuity.usage import Usage
from pagemeter.model import (
    DeviceSnapshot,
    Event,
    MeterColor,
    MeterRead,
    Outlook,
    Sides,
    Since,
    Supply,
    Work,
)

MOST_SUPPLIES = 64
"""How many supplies of a device are followed; what a device lists beyond them is handed on as it is."""
ANOTHER_SOURCE = timedelta(days=1)
"""How long a level must be told by another source before that one counts."""
FORGOTTEN = timedelta(days=366)
"""How long a supply that is not listed any more is remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppliesFollowed:
    """The supplies with what their history adds, what happened, what to remember, and the rows to keep."""

    supplies: tuple[Supply, ...]
    events: tuple[Event, ...] = ()
    memory: tuple[SupplyMemory, ...] = ()
    lives: tuple[SupplyLife, ...] = ()


def follow_supplies(memory: tuple[SupplyMemory, ...], snapshot: DeviceSnapshot, *, usage: Usage) -> SuppliesFollowed:
    """Lay a snapshot's supplies beside what is remembered of them; ``snapshot`` has its meters followed already.

    A supply that is not listed this time is remembered as it was: a table may have been cut short.
    """
    visit = Visit(device=snapshot.device.id, at=snapshot.taken_at, usage=usage, pages=_pages_of(snapshot.meter_reads))
    listed = snapshot.supplies[:MOST_SUPPLIES]
    pairs = paired(memory, listed)
    words, sources = warned(listed, snapshot.alerts), _level_sources(snapshot)
    names = [one.place for one in memory]
    supplies, kept, lives, events = [], [], [], []
    for supply, place, word in zip(listed, pairs.found, words, strict=True):
        if place is None:
            old = _found(supply, visit, names)
            names.append(old.place)
        else:
            old = memory[place]
        old, heard = _of_one_source(old, supply, sources.get(supply.index, supply.origin.protocol), visit)
        old, installed = recognised(leaning(old, heard, word), heard, visit)
        new = _counted(old, heard, visit)
        new, warnings = told(new, heard, word, visit.at)
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


def _level_sources(snapshot: DeviceSnapshot) -> dict[str, str]:
    """Return which protocol completed the levels of supplies, by their index (see ``Reading.completed_by``)."""
    start, end = "supplies.", ".level"
    return {
        path[len(start) : -len(end)]: origin.protocol
        for path, origin in snapshot.origins
        if path.startswith(start) and path.endswith(end)
    }


def _of_one_source(old: SupplyMemory, supply: Supply, source: str, visit: Visit) -> tuple[SupplyMemory, Supply]:
    """Hear a level only from the source that told it before, for each has figures of its own.

    Where another one tells it for a day, its levels begin anew.
    """
    if measured(supply) is None:
        return old, supply
    if old.level_source == source and old.other_since is None:
        return old, supply
    if old.level_source in (None, source):
        return replace(old, level_source=source, other_since=None), supply
    since = old.other_since or visit.at
    if visit.at - since < ANOTHER_SOURCE:
        return replace(old, other_since=since), replace(supply, level=None)
    anew = replace(old, level_source=source, other_since=None, level=None, grain=0, drift=0, pages=0, points=())
    return replace(anew, height=None, before=None), supply


def _found(supply: Supply, visit: Visit, names: list[str]) -> SupplyMemory:
    """Begin to remember a supply that was there already when its place was first seen."""
    return SupplyMemory(
        place=free_place(supply.index, names),
        index=supply.index,
        source=supply.origin.protocol,
        since=visit.at,
        first_seen=visit.at,
        last_seen=visit.at,
        first_percent=percent_of(supply),
        first_pages=visit.pages,
        began_by="found",
    )


def _counted(old: SupplyMemory, supply: Supply, visit: Visit) -> SupplyMemory:
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


def _shown(new: SupplyMemory, supply: Supply, visit: Visit) -> Supply:
    """Add to a supply what its history says; the device's own date of installation wins."""
    return replace(
        supply,
        first_seen=new.first_seen,
        installed_at=supply.installed_at or new.installed_at,
        outlook=_outlook(new, supply, visit),
    )


def _outlook(new: SupplyMemory, supply: Supply, visit: Visit) -> Outlook | None:
    if left_of(measured(supply), filled=is_filled(supply), drift=new.drift) is None:
        return None
    return outlook_of(course_of(new), visit.usage, at=visit.at, since=min(new.since, visit.at))


def _life(new: SupplyMemory, supply: Supply, visit: Visit) -> SupplyLife:
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
