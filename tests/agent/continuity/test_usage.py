"""How much a device prints a day, from what its counters counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pagemeter.continuity.usage import MOST_DAYS, Usage, day_of, follow_usage, pages_of
from pagemeter.model import MeterColor, MeterRead, MeterUnit, Origin, Since, Work

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TODAY = day_of(NOON)
ORIGIN = Origin(protocol="snmp", where="1.3.6.1.2.1.43.10.2.1.4.1.1")


def counted(delta: int | None, **fields: object) -> MeterRead:
    told = {"work": Work.TOTAL, "unit": MeterUnit.IMPRESSIONS, **fields}
    return MeterRead(value=9000, raw="9000", origin=ORIGIN, at=NOON, delta=delta, **told)  # type: ignore[arg-type] # by name


def test_the_day_is_that_of_utc() -> None:
    assert day_of(datetime(1970, 1, 1, tzinfo=UTC)) == 0
    assert day_of(datetime(1970, 1, 2, 0, 30, tzinfo=UTC)) == 1
    at_home = datetime.fromisoformat("1970-01-02T00:30:00+02:00")
    assert day_of(at_home) == 0


def test_the_first_visit_says_nothing_but_that_the_day_is_watched() -> None:
    assert follow_usage(Usage(), [counted(0)], since=None, at=NOON).days == ((TODAY, 0),)


def test_visits_of_one_day_add_up() -> None:
    usage = follow_usage(Usage(), [counted(0)], since=None, at=NOON)
    usage = follow_usage(usage, [counted(7)], since=NOON, at=NOON + timedelta(minutes=15))
    usage = follow_usage(usage, [counted(5)], since=NOON + timedelta(minutes=15), at=NOON + timedelta(minutes=30))
    assert usage.days == ((TODAY, 12),)


def test_what_was_counted_in_a_longer_time_is_spread_over_its_days() -> None:
    usage = follow_usage(Usage(), [counted(40)], since=NOON - timedelta(days=2), at=NOON)
    assert usage.days == ((TODAY - 2, 10), (TODAY - 1, 20), (TODAY, 10))


@pytest.mark.parametrize("pages", [0, 1, 2, 7, 1001])
def test_nothing_is_lost_by_spreading(pages: int) -> None:
    usage = follow_usage(Usage(), [counted(pages)], since=NOON - timedelta(days=7.3), at=NOON)
    assert sum(count for _, count in usage.days) == pages
    assert min(count for _, count in usage.days) >= 0


def test_a_hundred_days_are_remembered() -> None:
    usage = follow_usage(Usage(), [counted(50_000)], since=NOON - timedelta(days=500), at=NOON)
    assert len(usage.days) == MOST_DAYS
    assert usage.days[-1][0] == TODAY


def test_a_clock_that_was_wrong_leaves_no_days_in_the_future() -> None:
    usage = Usage(days=((TODAY - 1, 5), (TODAY + 4000, 9)))
    assert follow_usage(usage, [counted(3)], since=NOON + timedelta(days=4000), at=NOON).days == (
        (TODAY - 1, 5),
        (TODAY, 3),
    )


@pytest.mark.parametrize(
    ("reads", "pages"),
    [
        ([counted(9, color=MeterColor.MONOCHROME), counted(11)], 11),
        ([counted(11, work=Work.PRINT), counted(12)], 12),
        ([counted(3, engine=1), counted(4, engine=2)], 7),
        ([counted(3, engine=1), counted(4, engine=2), counted(9)], 9),
        ([counted(3, unit=MeterUnit.SHEETS), counted(5)], 5),
        ([counted(3, unit=MeterUnit.SHEETS)], 3),
        ([counted(3, since=Since.POWER_ON)], None),
        ([counted(3, unit=MeterUnit.HOURS)], None),
        ([counted(None)], None),
        ([], None),
    ],
)
def test_the_device_s_own_total_counts(reads: list[MeterRead], pages: int | None) -> None:
    assert pages_of(reads) == pages
