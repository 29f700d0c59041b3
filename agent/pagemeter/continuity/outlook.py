"""How long a supply will last: pages and days left, from the device's own history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil, floor, sqrt

from pagemeter.continuity.levels import FULL
from pagemeter.continuity.usage import Usage
from pagemeter.model import Outlook

LEAST_USED = 200
"""Hundredths of a per cent that must have been used before anything is told."""
LEAST_HISTORY = timedelta(days=7)
COARSEST = 1_000
"""The largest step of a level, in hundredths of a per cent, from which a yield can be reckoned."""
MOST_DAYS = 3650

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WEEK = 7
_MOST_WEEKS = 14
_WEEKS_FOR_WEEKDAYS = 3
# What former supplies of the place count for, in hundredths of a per cent used.
_PRIOR = 1_000
# How much the yield of a tenth of a supply is taken to vary before that was seen, and how many observations that is worth.
_SPREAD, _SPREAD_WORTH = 0.2, 3
_Z = 1.64


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a supply went down: ``points`` are (pages printed since it began, what was left) at each lower level.

    What is left is in hundredths of a per cent, ``grain`` the step of the levels. The first point is the first sight;
    it is ``whole`` where a full supply was seen to be put in. ``pages`` were printed until now. ``before`` are the
    pages and the share used of its forerunners.
    """

    points: Sequence[tuple[int, int]]
    grain: int
    pages: int
    whole: bool
    before: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Estimate:
    """A likely number and how far off it may be, as a share of it (one standard deviation)."""

    value: float
    spread: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pace:
    """Pages a day for each day of the week (0 is Monday), how much weeks differ, and how many were seen."""

    weekdays: tuple[float, ...]
    variation: float
    weeks: int


def outlook_of(course: Course, usage: Usage, *, at: datetime, since: datetime) -> Outlook | None:
    """Reckon what is left at ``at``; ``since`` is when the supply's place was first seen.

    None while less than two per cent were used or seven days seen, where levels come in coarse steps, where nothing is
    printed, and where it would last for more than ten years.
    """
    if at - since < LEAST_HISTORY or course.grain > COARSEST or not course.points:
        return None
    pages = _pages_left(course)
    today, passed = divmod((at - _EPOCH) / timedelta(days=1), 1)
    today = int(today)
    first = max(min([(since - _EPOCH).days, *(day for day, _ in usage.days[:1])]), today - _MOST_WEEKS * _WEEK)
    pace = _pace(usage, first=first, today=today)
    if pages is None or pace is None:
        return None
    printed = sum(count for day, count in usage.days if day == today)
    days = _days(pages.value, pace, today=today, passed=passed, printed=printed)
    if days is None:
        return None
    weeks_ahead = max(1.0, days / _WEEK)
    spread = sqrt(pages.spread**2 + pace.variation**2 * (1 / pace.weeks + 1 / weeks_ahead))
    return Outlook(
        pages=round(pages.value),
        pages_low=floor(pages.value / (1 + _Z * pages.spread)),
        pages_high=ceil(pages.value * (1 + _Z * pages.spread)),
        days=round(days),
        days_low=floor(days / (1 + _Z * spread)),
        days_high=ceil(days * (1 + _Z * spread)),
        since=max(since, _EPOCH + timedelta(days=first)),
    )


def _pages_left(course: Course) -> _Estimate | None:
    """Divide what is left by what a page took; none where too little was used.

    A level in steps is exact only where it changes: there the supply stands somewhere in the step, always at the same
    height of it. So two changes tell a yield that no rounding spoils, while a first sight is off by up to a step.
    """
    points, grain = list(course.points), course.grain
    used = points[0][1] - points[-1][1]
    exact = len(points) > 2 and points[1][1] - points[-1][1] >= LEAST_USED  # noqa: PLR2004 - a first sight and two changes
    if exact:
        points = points[1:]
    pages, share = points[-1][0] - points[0][0], float(points[0][1] - points[-1][1])
    if used < LEAST_USED or pages <= 0 or (not exact and not course.whole and used < 2 * grain):
        return None
    if not exact and course.whole:
        share -= grain / 2
    before_pages, before_share = course.before
    weight = min(1.0, _PRIOR / before_share) if before_share > 0 and before_pages > 0 else 0.0
    rate = (share + weight * before_share) / (pages + weight * before_pages)
    since_change = course.pages - course.points[-1][0]
    lowest = course.points[-1][1]
    left = max(lowest + grain / 2 - rate * since_change, lowest - grain / 2, grain / 4)
    future = left / rate
    walk = _variance(points, rate)
    blur = (0.3 if exact else 0.6) * grain
    seen = pages + weight * before_pages
    variance = walk * future + (future / seen) ** 2 * (walk * seen + blur**2) + (0.29 * grain) ** 2
    return _Estimate(value=future, spread=sqrt(variance) / left)


def _variance(points: Sequence[tuple[int, int]], rate: float) -> float:
    """Say how far the share used strays from the rate, as variance a page."""
    steps = [(b[0] - a[0], a[1] - b[1]) for a, b in zip(points, points[1:], strict=False)]
    seen = sum((share - rate * pages) ** 2 / max(pages, 1) for pages, share in steps)
    assumed = _SPREAD**2 * (FULL / 10) * rate
    return (seen + _SPREAD_WORTH * assumed) / (len(steps) + _SPREAD_WORTH)


def _pace(usage: Usage, *, first: int, today: int) -> _Pace | None:
    """Reckon pages a day over whole weeks that ended yesterday; from three weeks on each day of the week by itself.

    With many weeks the emptiest and the fullest ones are left out: holidays, and a print run of the year.
    """
    printed = dict(usage.days)
    weeks = [
        [printed.get(day, 0) for day in range(end - _WEEK, end)]
        for end in range(today, first + _WEEK - 1, -_WEEK)
    ]
    if not weeks:
        return None
    weeks.sort(key=sum)
    edge = int(len(weeks) * 0.15)
    kept = weeks[edge : len(weeks) - edge]
    totals = [sum(week) for week in weeks]
    mean = sum(map(sum, kept)) / len(kept)
    if mean <= 0:
        return None
    by_place = [sum(week[place] for week in kept) / len(kept) for place in range(_WEEK)]
    if len(weeks) < _WEEKS_FOR_WEEKDAYS:
        by_place = [mean / _WEEK] * _WEEK
    average = sum(totals) / len(totals)
    variation = sqrt(sum((total - average) ** 2 for total in totals) / max(1, len(totals) - 1)) / mean
    # The place in a week that ended yesterday -> the day of the week; 1970-01-01 was a Thursday.
    weekdays = tuple(by_place[(day - today - 3) % _WEEK] for day in range(_WEEK))
    return _Pace(weekdays=weekdays, variation=variation if len(weeks) > 1 else 0.5, weeks=len(weeks))


def _days(pages: float, pace: _Pace, *, today: int, passed: float, printed: int) -> float | None:
    """Count days until that many pages are printed; of today only what is usual and not printed yet."""
    days = 0.0
    for day in range(today, today + MOST_DAYS):
        expected, length = pace.weekdays[(day + 3) % _WEEK], 1.0
        if day == today:
            expected, length = max(0.0, expected - printed), 1 - passed
        if pages < expected:
            return days + length * pages / expected
        pages -= expected
        days += length
    return None
