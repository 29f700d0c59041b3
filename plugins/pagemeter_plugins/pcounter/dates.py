"""Dates and times of a log: local, in the order of the print server's locale, turned into UTC."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache
from typing import Final

_DATE: Final = re.compile(r"\s*(\d{1,4})[/.\-](\d{1,2})[/.\-](\d{1,4})\s*")
_PACKED: Final = re.compile(r"\s*(\d{4})(\d{2})(\d{2})\s*")
_TIME: Final = re.compile(r"\s*(\d{1,2})[:.h](\d{2})(?:[:.](\d{2}))?(?:[.,]\d{1,6})?\s*(?:([AaPp])\.?\s?[Mm]\.?)?\s*")
_NAME: Final = re.compile(r"(?<!\d)(\d{4})\D?(\d{2})\D?(\d{2})(?!\d)")

NEAR: Final = timedelta(days=2)


class DateOrder(StrEnum):
    """The order of day and month; a date that begins with the year needs none."""

    MDY = "mdy"
    DMY = "dmy"


class Undecided(ValueError):
    """Day and month can't be told apart."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What tells the order of day and month, in words."""

    order: DateOrder
    why: str
    sure: bool


@lru_cache(maxsize=4096)
def is_date(text: str) -> bool:
    """Say whether a field looks like a date."""
    return _parts(text) is not None


def is_time(text: str) -> bool:
    """Say whether a field looks like a time of day."""
    if _is_plain(text):
        text = text[:5]
    return _is_time(text)


@lru_cache(maxsize=4096)
def date_of(text: str, order: DateOrder | None) -> date:
    """Return the date; raises Undecided where the order matters and is not known, ValueError for what is no date."""
    parts = _parts(text)
    if parts is None:
        raise ValueError("no date")
    first, second, third = parts
    if first > 31:
        return date(first, second, third)
    year = third + 2000 if third < 100 else third
    if first > 12:
        return date(year, second, first)
    if second > 12:
        return date(year, first, second)
    if order is None and first != second:
        raise Undecided
    return date(year, first, second) if order is DateOrder.MDY else date(year, second, first)


def utc_of(day: date, text: str, zone: tzinfo) -> datetime:
    """Turn a day and a local time into UTC; raises ValueError for what is no time.

    Of an hour that the clocks pass twice the first is meant; one that they leave out is taken as if they had not.
    """
    if _is_plain(text):
        return _utc_of(day, text[:5], zone).replace(second=int(text[6:]))
    return _utc_of(day, text, zone)


@lru_cache(maxsize=2048)
def _is_time(text: str) -> bool:
    found = _TIME.fullmatch(text)
    return found is not None and int(found[1]) < 24 and int(found[2]) < 60


@lru_cache(maxsize=2048)
def _utc_of(day: date, text: str, zone: tzinfo) -> datetime:
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError("no time")
    hour = int(found[1])
    if found[4]:
        hour = hour % 12 + (12 if found[4] in "Pp" else 0)
    local = datetime(day.year, day.month, day.day, hour, int(found[2]), int(found[3] or 0), tzinfo=zone)
    return local.astimezone(UTC)


def _is_plain(text: str) -> bool:
    """Say whether it is ``hh:mm:ss``: the usual form, of which the minute is worked out once."""
    return len(text) == 8 and text[2] == text[5] == ":" and text[6:].isdigit()


def order_of(texts: Sequence[str], *, modified: date | None = None, name: str = "") -> Evidence | None:
    """Tell the order of day and month by the dates of a log, in their order in the file, and by the file itself.

    ``modified`` is the day when the file was last written, ``name`` its name. None where nothing tells.
    """
    parts = [found for text in dict.fromkeys(texts) if (found := _parts(text)) is not None and found[0] <= 31]
    days = sum(first > 12 for first, _, _ in parts)
    months = sum(second > 12 for _, second, _ in parts)
    if days != months:
        order = DateOrder.DMY if days > months else DateOrder.MDY
        return Evidence(order, "a day beyond the 12th", sure=not min(days, months))
    open_texts = [text for text in dict.fromkeys(texts) if _is_open(text)]
    if not open_texts:
        return None
    readings = {order: [date_of(text, order) for text in open_texts] for order in DateOrder}
    return _by_name(readings, name) or _by_file(readings, modified) or _by_sequence(readings)


def _by_name(readings: dict[DateOrder, list[date]], name: str) -> Evidence | None:
    """Compare with the day in the name of a daily file."""
    found = _NAME.search(name)
    if found is None:
        return None
    try:
        day = date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None
    near = [o for o, days in readings.items() if all(abs(d - day) <= NEAR for d in days)]
    return Evidence(near[0], "the date in the file's name", sure=True) if len(near) == 1 else None


def _by_file(readings: dict[DateOrder, list[date]], modified: date | None) -> Evidence | None:
    """Compare with the file: no line is younger, and the last one is about as old."""
    if modified is None:
        return None
    possible = [o for o, days in readings.items() if max(days) <= modified + timedelta(days=1)]
    if len(possible) == 1:
        return Evidence(possible[0], "no line is younger than its file", sure=True)
    near = [o for o in possible if modified - readings[o][-1] <= NEAR]
    return Evidence(near[0], "the last line is as old as the file", sure=False) if len(near) == 1 else None


def _by_sequence(readings: dict[DateOrder, list[date]]) -> Evidence | None:
    """Compare the spans: days follow each other; read in the wrong order they jump by months."""
    if len(next(iter(readings.values()))) < 3:
        return None
    spans = {order: max(days) - min(days) for order, days in readings.items()}
    short, long = sorted(spans, key=lambda order: spans[order])
    if spans[short] * 5 > spans[long]:
        return None
    return Evidence(short, "the days follow each other", sure=False)


def _parts(text: str) -> tuple[int, int, int] | None:
    found = _DATE.fullmatch(text) or _PACKED.fullmatch(text)
    if found is None:
        return None
    first, second, third = int(found[1]), int(found[2]), int(found[3])
    day_and_month = (second, third) if first > 31 else (first, second)
    fits = all(1 <= part <= 31 for part in day_and_month) and min(day_and_month) <= 12
    if first > 31:
        fits = fits and second <= 12 and first >= 1980
    return (first, second, third) if fits else None


def _is_open(text: str) -> bool:
    try:
        date_of(text, None)
    except Undecided:
        return True
    except ValueError:
        return False
    return False


def dates_in(fields: Iterable[Sequence[str]], place: int) -> list[str]:
    """Return the date column of lines that were split."""
    return [field[place].strip().partition(" ")[0] for field in fields if len(field) > place]
