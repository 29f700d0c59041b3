"""Day and month, and local times."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from pagemeter_plugins.pcounter.dates import DateOrder, Undecided, date_of, is_date, is_time, order_of, utc_of

MDY, DMY = DateOrder.MDY, DateOrder.DMY
VIENNA = ZoneInfo("Europe/Vienna")


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("03/17/2026", None, date(2026, 3, 17)),
        ("17/03/2026", None, date(2026, 3, 17)),
        ("17.3.26", None, date(2026, 3, 17)),
        ("2026-03-04", None, date(2026, 3, 4)),
        ("20260304", None, date(2026, 3, 4)),
        ("03/04/2026", MDY, date(2026, 3, 4)),
        ("03/04/2026", DMY, date(2026, 4, 3)),
        ("05/05/2026", None, date(2026, 5, 5)),
    ],
)
def test_dates_are_read(text: str, order: DateOrder | None, day: date) -> None:
    assert is_date(text)
    assert date_of(text, order) == day


@pytest.mark.parametrize("text", ["", "Timetable", "13/13/2026", "0/4/2026", "32/1/2026", "1/2", "03/04/2026x"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert not is_date(text)


def test_a_date_of_which_nobody_knows_the_order_is_undecided() -> None:
    with pytest.raises(Undecided):
        date_of("03/04/2026", None)


@pytest.mark.parametrize(
    ("text", "hour", "minute", "second"),
    [
        ("08:05:09", 8, 5, 9),
        ("8:05", 8, 5, 0),
        ("08:05:09 PM", 20, 5, 9),
        ("12:00 AM", 0, 0, 0),
        ("12:30 p.m.", 12, 30, 0),
    ],
)
def test_times_are_read(text: str, hour: int, minute: int, second: int) -> None:
    assert is_time(text)
    assert utc_of(date(2026, 3, 17), text, UTC) == datetime(2026, 3, 17, hour, minute, second, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "25:00:00", "08:61:00", "8", "later"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert not is_time(text)


@pytest.mark.parametrize(
    ("day", "time", "utc"),
    [
        (date(2026, 1, 10), "12:00:00", "2026-01-10T11:00:00"),
        (date(2026, 7, 10), "12:00:00", "2026-07-10T10:00:00"),
        # The clocks go back on 25 October 2026 at 3:00: 2:30 comes twice, and the first is taken.
        (date(2026, 10, 25), "02:30:00", "2026-10-25T00:30:00"),
        # They go forward on 29 March at 2:00: 2:30 is nowhere, and taken as if they had not.
        (date(2026, 3, 29), "02:30:00", "2026-03-29T01:30:00"),
    ],
)
def test_local_times_become_utc(day: date, time: str, utc: str) -> None:
    assert utc_of(day, time, VIENNA).isoformat() == f"{utc}+00:00"


@pytest.mark.parametrize(
    ("texts", "modified", "name", "order"),
    [
        (["03/04/2026", "03/17/2026"], None, "", MDY),
        (["03/04/2026", "17/03/2026"], None, "", DMY),
        (["03/04/2026"], None, "PCOUNTER_2026_0304.LOG", MDY),
        (["03/04/2026"], None, "pcounter-20260403.log", DMY),
        (["03/04/2026"], date(2026, 3, 4), "", MDY),
        (["03/04/2026"], date(2026, 4, 3), "", DMY),
        (["01/02/2026", "02/02/2026", "03/02/2026", "04/02/2026"], None, "", DMY),
        (["02/01/2026", "02/02/2026", "02/03/2026", "02/04/2026"], None, "", MDY),
        (["03/04/2026"], None, "", None),
        (["05/05/2026"], None, "", None),
        ([], None, "", None),
    ],
)
def test_the_order_of_day_and_month_is_told_by_what_there_is(
    texts: list[str], modified: date | None, name: str, order: DateOrder | None
) -> None:
    evidence = order_of(texts, modified=modified, name=name)
    assert (evidence.order if evidence else None) == order
