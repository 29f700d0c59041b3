"""What is remembered of the supply in one place, and how a visit adds to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pagemeter.continuity.course import Course
from pagemeter.continuity.levels import FULL
from pagemeter.continuity.places import Placed
from pagemeter.continuity.usage import Usage

MOST_POINTS = 24
MOST_FORMER = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """A supply that was in a place before and may come back: its serial number, and how its row began."""

    number: int
    serial_number: str
    first_seen: datetime
    first_percent: int | None = None
    first_pages: int | None = None
    began_by: str | None = None
    told: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyMemory(Placed):
    """What is remembered of the supply in one place.

    ``place`` is the row that it was first seen in, ``index`` the last one, ``since`` when the place was first seen.
    Levels are in hundredths of a per cent. ``printed_on`` is the last day that was counted (days since 1970-01-01, and
    its pages then), ``points`` are pages and what was left at each lower level, one after the other, ``before`` the
    pages and the share used of its forerunners, ``height`` as in ``Course``. ``told`` is 1 for low, 2 for empty.
    ``level_source`` tells the level (a protocol), ``other_since`` is since when only another one does.
    """

    place: str
    source: str
    since: datetime
    number: int = 1
    lives: int = 1
    part_number: str | None = None
    first_seen: datetime
    last_seen: datetime
    installed_at: datetime | None = None
    first_percent: int | None = None
    first_pages: int | None = None
    began_by: str | None = None
    level: int | None = None
    level_source: str | None = None
    other_since: datetime | None = None
    grain: int = 0
    drift: int = 0
    pages: int = 0
    printed_on: tuple[int, int] | None = None
    points: tuple[int, ...] = ()
    before: tuple[int, int] | None = None
    height: int | None = None
    told: int = 0
    told_at: int | None = None
    quiet_since: datetime | None = None
    formers: tuple[Former, ...] = ()


def course_of(memory: SupplyMemory) -> Course:
    """Return how the supply that is in the place went down."""
    points = tuple(zip(memory.points[::2], memory.points[1::2], strict=True))
    full = bool(points) and points[0][1] == FULL
    return Course(
        points=points,
        grain=memory.grain,
        pages=memory.pages,
        # At first sight 100 % in steps of ten may be 91; in a supply that was just put in it is 100.
        whole=full and (memory.began_by != "found" or memory.grain <= FULL // 100),
        before=memory.before,
        height=memory.height,
    )


def printed(old: SupplyMemory, usage: Usage) -> tuple[int, tuple[int, int] | None]:
    """Add the pages of the days since the last sight; nothing is subtracted where a day has fewer than it had."""
    if not usage.days:
        return old.pages, old.printed_on
    if old.printed_on is None:
        return old.pages, usage.days[-1]
    last, counted = old.printed_on
    since = sum(pages - (counted if day == last else 0) for day, pages in usage.days if day >= last)
    return old.pages + max(0, since), usage.days[-1]


def thinned(points: tuple[int, ...]) -> tuple[int, ...]:
    """Leave out every second point between the first and the last where there are too many."""
    pairs = [points[place : place + 2] for place in range(0, len(points), 2)]
    if len(pairs) <= MOST_POINTS:
        return points
    # The first two stay: a first sight, and the first change, from which a yield is exact.
    return tuple(number for place, pair in enumerate(pairs) if place < 2 or place % 2 for number in pair)
