"""How much a device prints a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pagemeter.model import MeterColor, MeterRead, MeterUnit, Sides, Since, Work

MOST_DAYS = 100

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = (MeterUnit.IMPRESSIONS, MeterUnit.OTHER, MeterUnit.SHEETS, MeterUnit.EQUIVALENTS, MeterUnit.LABELS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Pages of the last days: ``days`` are (days since 1970-01-01 in UTC, pages counted that day), oldest first.

    A day on which nothing was counted stands with 0; a day that is absent was not watched.
    """

    days: tuple[tuple[int, int], ...] = ()


def follow_usage(usage: Usage, reads: Sequence[MeterRead], *, since: datetime | None, at: datetime) -> Usage:
    """Add what was counted since the last visit (``since``, none for the first), from the deltas of the reads.

    What was counted in a longer time is spread over it evenly; ``at`` is the visit's time.
    """
    pages = pages_of(reads)
    if pages is None:
        return usage
    today = day_of(at)
    begin = at if since is None or since > at else max(since, at - timedelta(days=MOST_DAYS))
    days = {day: count for day, count in usage.days if today - MOST_DAYS < day <= today}
    spread = 0
    for day in range(day_of(begin), today + 1):
        end = min(at, _BEGINNING + timedelta(days=day + 1))
        done = pages if day == today else round(pages * ((end - begin) / (at - begin)))
        days[day] = days.get(day, 0) + done - spread
        spread = done
    return Usage(days=tuple(sorted(days.items()))[-MOST_DAYS:])


def pages_of(reads: Sequence[MeterRead]) -> int | None:
    """Return what the device's counter of all impressions counted, none where it has none or was not followed.

    The device's own count goes before the sum of its engines, a total before what was printed.
    """
    whole = [read for read in reads if _is_whole(read)]
    for unit in _UNITS:
        for work in (Work.TOTAL, Work.PRINT):
            told = [read for read in whole if (read.unit, read.work) == (unit, work)]
            counted = [read for read in told if read.engine is None][:1] or told
            if counted:
                return sum(read.delta or 0 for read in counted)
    return None


def day_of(at: datetime) -> int:
    """Return the day in UTC, counted from 1970-01-01."""
    return (at - _BEGINNING).days


def _is_whole(read: MeterRead) -> bool:
    return (
        (read.color, read.media, read.sides, read.since) == (MeterColor.ANY, "any", Sides.ANY, Since.LIFE)
        and read.code is None
        and read.delta is not None
    )
