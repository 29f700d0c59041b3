"""How a supply went down page by page, and how many pages are left in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import sqrt

from pagemeter.continuity.levels import FULL

LEAST_USED = 200
"""Hundredths of a per cent that must have been used before anything is told."""
COARSEST = 1_000
"""The largest step of a level, in hundredths of a per cent, from which a yield can be reckoned."""

# What former supplies of the place count for, in hundredths of a per cent used.
_FORMER_COUNT = 2_000
# A former supply must have been used that far to count.
_TELLING = 1_000
_FINE = 100
# How much the yield of a tenth of a supply is taken to vary before it was seen, and what that is worth in observations.
_SPREAD, _SPREAD_WORTH = 0.2, 3
# Of a level that may stand anywhere in its step: one standard deviation, as a share of the step.
_BLUR = 0.29


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a supply went down: ``points`` are (pages printed since it began, what was left) at each lower level.

    What is left is in hundredths of a per cent, ``grain`` the step of the levels. The first point is the first sight;
    it is ``whole`` where a full supply was seen to be put in. ``pages`` were printed until now. ``before`` are the
    pages and the share used of its forerunners. ``height`` is where in a step the device stands when it tells a lower
    level, above that level: the whole step where it rounds down, 0 where it rounds up; none while nobody knows.
    """

    points: Sequence[tuple[int, int]]
    grain: int
    pages: int
    whole: bool
    before: tuple[int, int] | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A likely number and how far off it may be, as a share of it (one standard deviation)."""

    value: float
    spread: float


def pages_left(course: Course, *, least: int = LEAST_USED) -> Estimate | None:
    """Divide what is left by what a page took; none where less than ``least`` was used (hundredths of a per cent).

    A level in steps is exact only where it changes: the supply stands always at the same height of the step then. So
    two changes tell a yield that no rounding spoils, while a first sight is off by up to a step.
    """
    points, grain = course.points, course.grain
    if grain > COARSEST or not points or points[0][1] - points[-1][1] < least:
        return None
    pages, share = _with_former(course)
    if pages <= 0 or share <= 0:
        return None
    rate = share / pages
    height = height_of(course)
    last_pages, lowest = points[-1]
    at_change = lowest + (grain / 2 if height is None else height)
    left = max(at_change - rate * (course.pages - last_pages), at_change - grain, grain / 4)
    future = left / rate
    exact = _is_exact(course)
    walk = _variance(points[1:] if exact else points, rate)
    blur = (_BLUR if exact or course.whole else 2 * _BLUR) * grain
    height_blur = (_BLUR if height is None else _BLUR / 3) * grain
    variance = walk * future + (future / pages) ** 2 * (walk * pages + blur**2) + height_blur**2
    return Estimate(value=future, spread=sqrt(variance) / left)


def used_of(course: Course) -> tuple[int, int]:
    """Return the pages and the share that are known to belong together, from the first change or a full supply on.

    Nothing is known of one change of a coarse level: a device that rounds down leaves 100 % with the first page.
    """
    points, grain = course.points, course.grain
    if not points:
        return 0, 0
    start, end = points[1] if _is_exact(course) else points[0], points[-1]
    pages, share = end[0] - start[0], start[1] - end[1]
    if _is_exact(course) or share == 0:
        return pages, share
    if course.whole and (course.height is not None or grain <= _FINE):
        return pages, share - (grain // 2 if course.height is None else course.height)
    return (pages, share) if not course.whole and share >= 2 * grain else (0, 0)


def height_of(course: Course) -> int | None:
    """Learn from a supply that was full at first where in a step the device changes its level; else what was known."""
    pages, share = _with_former(replace(course, height=None))
    if not course.whole or len(course.points) < 2 or pages <= 0 or share <= 0:
        return course.height
    (began, _), (changed, level) = course.points[:2]
    learned = FULL - share * (changed - began) / pages - level
    return round(min(max(learned, 0), course.grain))


def yield_with(course: Course) -> tuple[int, int] | None:
    """Return pages and share used of the supplies of a place until now, the last one counting as much as all before."""
    pages, share = used_of(course)
    if pages <= 0 or share < _TELLING:
        return course.before
    before_pages, before_share = course.before or (0, 0)
    part = min(1.0, share / before_share) if before_share else 0.0
    return pages + round(part * before_pages), share + round(part * before_share)


def _with_former(course: Course) -> tuple[float, float]:
    """Return pages and share that belong together, those of former supplies of the place among them."""
    pages, share = used_of(course)
    before_pages, before_share = course.before or (0, 0)
    weight = min(1.0, _FORMER_COUNT / before_share) if before_share > 0 and before_pages > 0 else 0.0
    return pages + weight * before_pages, share + weight * before_share


def _is_exact(course: Course) -> bool:
    """Say whether two changes of the level lie far enough apart to do without the first sight."""
    return len(course.points) > 2 and course.points[1][1] - course.points[-1][1] >= LEAST_USED


def _variance(points: Sequence[tuple[int, int]], rate: float) -> float:
    """Say how far the share used strays from the rate, as variance a page."""
    steps = [(b[0] - a[0], a[1] - b[1]) for a, b in pairwise(points)]
    seen = sum((share - rate * pages) ** 2 / max(pages, 1) for pages, share in steps)
    assumed = _SPREAD**2 * (FULL / 10) * rate
    return (seen + _SPREAD_WORTH * assumed) / (len(steps) + _SPREAD_WORTH)
