"""What a device prints on each day of the week, and in how many days a number of pages is printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import sqrt
from statistics import median

from pagemeter.continuity.usage import Usage

MOST_DAYS = 3650
MOST_WEEKS = 14
WEEK = 7

# The share of the weeks that is left out at either end: holidays, and a print run of the year.
_EDGE = 0.3
# A day of the week below that share of the average is one on which nobody works.
_FREE = 0.2
# What the likes of a day (working or free) are worth beside itself, in weeks.
_LIKES = 2
_VARIATION_UNSEEN = 0.4
# Of fewer weeks nobody can say that they rise; a trend is believed to have come so far at most.
_TREND_WEEKS, _TREND_SURE, _MOST_TREND = 5, 2.58, 2.0
# Before a weekend was seen, or a working day, nobody knows how much there is of either.
_VARIATION_EARLY = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Pages for each day of the week (0 is Monday), how much weeks differ (as a share), and how many were seen."""

    weekdays: tuple[float, ...]
    variation: float
    weeks: int


# The supplies of a device ask one after another for the same days.
@lru_cache(maxsize=4)
def pace_of(usage: Usage, *, first: int, today: int) -> Pace | None:
    """Reckon over the whole weeks from the day ``first`` (since 1970-01-01) that ended yesterday; none without pages.

    Each day of the week counts by itself and with its likes, the more by itself the more weeks were seen. The emptiest
    and the fullest of many weeks are left out. Where weeks rise or fall for sure, all are taken to where they got to.
    """
    printed = dict(usage.days)
    ends = range(today, first + WEEK - 1, -WEEK)
    newest_first = [[printed.get(day, 0) for day in range(end - WEEK, end)] for end in ends[:MOST_WEEKS]]
    weeks = sorted(newest_first, key=sum)
    edge = int(len(weeks) * _EDGE)
    kept = weeks[edge : len(weeks) - edge]
    if not any(map(sum, kept)):
        return None
    places = _smoothed([sum(week[place] for week in kept) / len(kept) for place in range(WEEK)], len(kept))
    by_now = _trend([sum(week) for week in reversed(newest_first)], sum(places))
    return Pace(
        # From the place in a week that ended yesterday to the day of the week; 1970-01-01 was a Thursday.
        weekdays=tuple(by_now * places[(day - today - 3) % WEEK] for day in range(WEEK)),
        variation=_variation([sum(week) for week in weeks], sum(places)),
        weeks=len(weeks),
    )


def first_pace_of(usage: Usage, *, since: float, now: float) -> Pace | None:
    """Reckon before a whole week was seen: all days alike, and hardly sure; none within the first day.

    ``since`` and ``now`` are days since 1970-01-01.
    """
    pages = sum(count for day, count in usage.days if day >= int(since))
    if now - since < 1 or not pages:
        return None
    weeks = max(1, round((now - since) / WEEK))
    return Pace(weekdays=(pages / (now - since),) * WEEK, variation=_VARIATION_EARLY, weeks=weeks)


def days_until(pages: float, pace: Pace, *, today: int, passed: float, printed: int) -> float | None:
    """Count the days in which that many pages are printed; none where they last for more than ten years.

    ``passed`` is the share of today that is over, ``printed`` what was printed today.
    """
    days = 0.0
    for day in range(today, today + MOST_DAYS):
        expected, length = pace.weekdays[(day + 3) % WEEK], 1.0
        if day == today:
            # Nobody knows when a day's work ends: half by what is missing of the usual, half by the clock.
            expected, length = (max(0.0, expected - printed) + expected * (1 - passed)) / 2, 1 - passed
        if pages < expected:
            return days + length * pages / expected
        pages -= expected
        days += length
    return None


def _smoothed(places: Sequence[float], weeks: int) -> list[float]:
    average = sum(places) / WEEK
    free = [pages < _FREE * average for pages in places]
    likes = [
        [pages for pages, is_free in zip(places, free, strict=True) if is_free is which] for which in (False, True)
    ]
    return [
        (weeks * pages + _LIKES * sum(likes[is_free]) / len(likes[is_free])) / (weeks + _LIKES)
        for pages, is_free in zip(places, free, strict=True)
    ]


def _trend(totals: Sequence[int], mean: float) -> float:
    """Say how much a week is by now, as a share of the usual one; ``totals`` are of weeks, the oldest first.

    A trend is sure where pairs of weeks agree about it (Mann and Kendall, 99 %); its slope is the median of theirs
    (Theil and Sen), so that a holiday bends it little.
    """
    count = len(totals)
    pairs = list(combinations(range(count), 2))
    agree = sum((totals[late] > totals[early]) - (totals[late] < totals[early]) for early, late in pairs)
    if count < _TREND_WEEKS or agree**2 <= _TREND_SURE**2 * count * (count - 1) * (2 * count + 5) / 18:
        return 1.0
    slope = median((totals[late] - totals[early]) / (late - early) for early, late in pairs)
    now = median(total + slope * (count - place - 0.5) for place, total in enumerate(totals))
    return min(max(now / mean, 1 / _MOST_TREND), _MOST_TREND)


def _variation(totals: Sequence[int], mean: float) -> float:
    """Say how much a week differs from the usual one; few weeks are mixed with what is usual elsewhere."""
    average = sum(totals) / len(totals)
    seen = sum((total - average) ** 2 for total in totals) / mean**2
    return sqrt((seen + 2 * _VARIATION_UNSEEN**2) / (len(totals) + 1))
