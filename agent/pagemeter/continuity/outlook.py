"""How long a supply will last: pages and days left, from the device's own history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import ceil, floor, sqrt

from pagemeter.continuity.course import LEAST_USED, Course, pages_left
from pagemeter.continuity.usage import Usage
from pagemeter.continuity.weekdays import MOST_WEEKS, WEEK, days_until, first_pace_of, pace_of
from pagemeter.model import Outlook

LEAST_HISTORY = timedelta(days=7)

_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SURE = 1.64
"""Standard deviations between the number and either end of its interval: nine of ten lie inside, were all normal."""


def outlook_of(course: Course, usage: Usage, *, at: datetime, since: datetime) -> Outlook | None:
    """Reckon what is left at ``at``; ``since`` is when the supply's place was first seen.

    None until two per cent were used or seven days have passed, where levels come in coarse steps, where nothing is
    printed, and where it would last for more than ten years.
    """
    early = at - since < LEAST_HISTORY
    now = (at - _EPOCH) / _DAY
    today = int(now)
    begun = min([(since - _EPOCH).days, *(day for day, _ in usage.days[:1])])
    first = max(begun, today - MOST_WEEKS * WEEK)
    # Of one step of a level nobody knows where in it the supply stood before.
    pages = pages_left(course, least=LEAST_USED if early else min(LEAST_USED, 2 * course.grain))
    pace = pace_of(usage, first=first, today=today) or first_pace_of(usage, since=(since - _EPOCH) / _DAY, now=now)
    if pages is None or pace is None:
        return None
    printed = sum(count for day, count in usage.days if day == today)
    days = days_until(pages.value, pace, today=today, passed=now - today, printed=printed)
    if days is None:
        return None
    weeks_ahead = max(days, 1.0) / WEEK
    spread = sqrt(pages.spread**2 + pace.variation**2 * (1 / pace.weeks + 1 / weeks_ahead))
    return Outlook(
        pages=round(pages.value),
        pages_low=floor(pages.value / (1 + _SURE * pages.spread)),
        pages_high=ceil(pages.value * (1 + _SURE * pages.spread)),
        days=round(days),
        days_low=floor(days / (1 + _SURE * spread)),
        days_high=ceil(days * (1 + _SURE * spread)),
        since=max(since, _EPOCH + timedelta(days=first)),
    )
