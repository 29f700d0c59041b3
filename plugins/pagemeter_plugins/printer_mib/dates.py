"""When something was put in: the forms in which devices write a day; pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

_DAY, _DAY_AND_ZONE = 8, 11
_YEARS = range(1990, 2100)
_SIGNS = {ord("+"): 1, ord("-"): -1}
_TEXT = re.compile(
    r"(?P<year>\d{4})(?P<gap>[-/.]?)(?P<month>\d{2})(?P=gap)(?P<day>\d{2})"
    r"(?:[T ](?P<hour>\d{2}):?(?P<minute>\d{2})(?::?(?P<second>\d{2}))?(?P<zone>Z|[+-]\d{2}:?\d{2})?)?"
)


def moment(octets: bytes | None, words: str | None) -> datetime | None:
    """Read DateAndTime (RFC 2579, eight or eleven octets), ``20260131``, ``2026-01-31`` and what ISO 8601 adds.

    What has no zone is taken as UTC; a day that is none, or before 1990, tells nothing.
    """
    if octets is not None and len(octets) in (_DAY, _DAY_AND_ZONE) and int.from_bytes(octets[:2]) in _YEARS:
        return _date_and_time(octets)
    match = _TEXT.fullmatch(words or "")
    if match is None or int(match["year"]) not in _YEARS:
        return None
    zone = match["zone"] or "Z"
    sign = -1 if zone[0] == "-" else 1
    offset = (0, 0) if zone == "Z" else (sign * int(zone[1:3]), sign * int(zone[-2:]))
    parts = (match[name] or "0" for name in ("year", "month", "day", "hour", "minute", "second"))
    return _utc([int(part) for part in parts], *offset)


def _date_and_time(octets: bytes) -> datetime | None:
    """Read year, month, day, hour, minutes, seconds, tenths, and where there are eleven octets sign, hours, minutes."""
    sign = _SIGNS.get(octets[8], 0) if len(octets) == _DAY_AND_ZONE else 0
    hours, minutes = (sign * octets[9], sign * octets[10]) if sign else (0, 0)
    return _utc([int.from_bytes(octets[:2]), *octets[2:7]], hours, minutes)


def _utc(parts: list[int], hours: int, minutes: int) -> datetime | None:
    year, month, day, hour, minute, second = parts
    try:
        zone = timezone(timedelta(hours=hours, minutes=minutes))
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone).astimezone(UTC)
    except ValueError:
        return None
