"""Pages and days left: when they are told, what they say, and how far off they are."""

from __future__ import annotations

import runpy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pagemeter.continuity.course import Course, height_of, pages_left
from pagemeter.continuity.outlook import outlook_of
from pagemeter.continuity.supplies import follow_supplies
from pagemeter.continuity.supply_memory import MOST_POINTS, SupplyMemory
from pagemeter.continuity.usage import Usage
from pagemeter.continuity.weekdays import days_until, pace_of
from pagemeter.model import Device, DeviceSnapshot, Level, LevelState, Origin, Outlook, Scope, Supply, SupplyKind

BENCH = Path(__file__).resolve().parents[3] / "bench" / "outlook.py"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday at midnight: the first day of every history here."""
FIRST = (MONDAY - EPOCH).days
WEEKDAYS = (100, 100, 100, 100, 100, 0, 0)


def used(days: int, by_weekday: tuple[int, ...] = WEEKDAYS) -> Usage:
    return Usage(days=tuple((FIRST + day, by_weekday[day % 7]) for day in range(days)))


# A toner for 5,000 pages, whole at the beginning; 100 pages are 2 % of it.
def course(percent: int, **more: Any) -> Course:
    points = tuple((50 * (100 - level), 100 * level) for level in range(100, percent - 1, -1))
    known: dict[str, Any] = {"points": points, "grain": 100, "pages": points[-1][0], "whole": True}
    return Course(**(known | more))


def outlook(days: int, percent: int, **more: Any) -> Outlook | None:
    return outlook_of(course(percent, **more), used(days), at=MONDAY + timedelta(days=days), since=MONDAY)


def test_pages_and_days_of_an_even_office() -> None:
    # 28 days are 20 working days: 2,000 pages of 5,000, and 3,000 pages are 30 working days, from a Monday on.
    found = outlook(28, 60)
    assert found is not None
    assert found.pages == pytest.approx(3000, rel=0.02)
    assert found.days == pytest.approx(40, abs=2)
    assert found.pages_low < 3000 < found.pages_high
    assert found.days_low < 40 < found.days_high
    assert found.since == MONDAY


@pytest.mark.parametrize(
    ("pages", "weekday", "days"), [(250, 0, 2.5), (250, 3, 4.5), (100, 5, 3), (600, 0, 8), (50, 4, 0.5)]
)
def test_days_left_know_the_weekend(pages: int, weekday: int, days: float) -> None:
    """250 pages are Monday, Tuesday and half of Wednesday; from Thursday on the weekend lies between."""
    pace = pace_of(used(28), first=FIRST, today=FIRST + 28)
    assert pace is not None
    found = days_until(pages, pace, today=FIRST + 28 + weekday, passed=0.0, printed=0)
    assert found == pytest.approx(days, abs=0.01)


def test_of_today_only_what_is_usual_and_not_printed_yet_is_expected() -> None:
    pace = pace_of(used(28), first=FIRST, today=FIRST + 28)
    assert pace is not None
    late = days_until(100, pace, today=FIRST + 28, passed=0.75, printed=100)
    early = days_until(100, pace, today=FIRST + 28, passed=0.25, printed=0)
    assert late is not None
    assert early is not None
    assert late == pytest.approx(0.25 + 0.875, abs=0.01)
    assert early == pytest.approx(0.75 + 0.125, abs=0.01)


def test_an_office_that_prints_more_from_week_to_week_is_taken_to_where_it_got_to() -> None:
    # Working days of 100 pages in the first week, 110 in the second one ... 200 in the eleventh: now it is at 205.
    days = tuple((FIRST + day, (100 + 10 * (day // 7)) * (day % 7 < 5)) for day in range(77))
    pace = pace_of(Usage(days=days), first=FIRST, today=FIRST + 77)
    assert pace is not None
    assert sum(pace.weekdays) == pytest.approx(5 * 205, rel=0.02)


def test_weeks_that_differ_at_random_have_no_trend() -> None:
    weeks = (100, 130, 90, 120, 140, 100, 150, 110, 130, 120)
    days = tuple((FIRST + day, weeks[day // 7] * (day % 7 < 5)) for day in range(70))
    pace = pace_of(Usage(days=days), first=FIRST, today=FIRST + 70)
    assert pace is not None
    # The middle four: 110, 120, 120 and 130.
    assert sum(pace.weekdays) == pytest.approx(5 * 120, rel=0.02)


def test_a_holiday_and_a_print_run_of_the_year_do_not_change_the_usual_week() -> None:
    days = dict(used(70).days)
    days |= {FIRST + day: 0 for day in range(14, 28)}
    days |= {FIRST + day: 3000 for day in range(35, 37)}
    pace = pace_of(Usage(days=tuple(days.items())), first=FIRST, today=FIRST + 70)
    assert pace is not None
    assert sum(pace.weekdays) == pytest.approx(500)
    assert pace.variation > 0.5


ABSENT: dict[str, tuple[int, Course]] = {
    "nothing was used": (60, course(100)),
    "one step of the level was used in two months": (60, course(99)),
    "one per cent in three days": (3, course(99)),
    "much was used within the first hours": (0, course(60)),
    "only one level was seen": (60, replace(course(60), points=((0, 6000),))),
    "levels in steps of 25": (60, replace(course(60), points=((0, 10000), (900, 7500), (2000, 5000)), grain=2500)),
    "one change of a level in steps of ten": (60, replace(course(60), points=((0, 9000), (5, 8000)), grain=1000)),
    "a coarse level that was whole at first and changed once": (
        60,
        replace(course(60), points=((0, 10000), (1, 9000)), grain=1000),
    ),
    "no pages were counted": (60, replace(course(60), points=((0, 10000), (0, 9000), (0, 8000)))),
}


@pytest.mark.parametrize(("days", "given"), ABSENT.values(), ids=ABSENT)
def test_nothing_is_told_before_two_per_cent_were_used_or_seven_days_have_passed(days: int, given: Course) -> None:
    assert outlook_of(given, used(days), at=MONDAY + timedelta(days=days), since=MONDAY) is None


def test_it_is_told_as_soon_as_two_per_cent_were_used_and_hardly_sure_before_a_weekend_was_seen() -> None:
    early, later = outlook(3, 94), outlook(21, 94)
    assert early is not None
    assert later is not None
    assert early.days_high / early.days_low > 2 * later.days_high / later.days_low


def test_it_is_told_after_seven_days_of_a_level_in_fine_steps_of_which_less_was_used() -> None:
    fine = Course(points=((0, 10_000), (40, 9_990), (80, 9_980), (120, 9_970)), grain=10, pages=140, whole=True)
    told = outlook_of(fine, used(8), at=MONDAY + timedelta(days=8), since=MONDAY)
    assert told is not None
    assert told.pages_low <= 39_900 <= told.pages_high


def test_nothing_is_told_of_a_device_that_prints_nothing() -> None:
    idle = used(28, (0,) * 7)
    assert outlook_of(course(60), idle, at=MONDAY + timedelta(days=28), since=MONDAY) is None
    assert outlook_of(course(60), Usage(), at=MONDAY + timedelta(days=28), since=MONDAY) is None


def test_nothing_is_told_where_it_would_last_for_more_than_ten_years() -> None:
    slow = used(28, (1, 0, 0, 0, 0, 0, 0))
    assert outlook_of(course(60), slow, at=MONDAY + timedelta(days=28), since=MONDAY) is None


@pytest.mark.parametrize(("rounding", "height"), [("down", 1000), ("up", 0), ("half", 500)])
def test_where_a_device_rounds_is_learned_from_a_supply_that_was_whole(rounding: str, height: int) -> None:
    """A page takes two hundredths of a per cent; levels come in steps of ten."""
    change = {"down": 0, "up": 500, "half": 250}[rounding]
    points = ((0, 10000), *((change + 500 * n, 9000 - 1000 * n) for n in range(4)))
    coarse = Course(points=points, grain=1000, pages=points[-1][0], whole=True)
    assert height_of(coarse) == pytest.approx(height, abs=20)
    left = pages_left(coarse)
    assert left is not None
    assert left.value == pytest.approx(5000 - points[-1][0], rel=0.02)


def test_the_forerunner_tells_of_a_new_supply_what_it_can_not_tell_yet() -> None:
    young = Course(points=((0, 10000), (10, 9900), (20, 9800)), grain=100, pages=20, whole=True)
    alone, with_former = pages_left(young), pages_left(replace(young, before=(5000, 10000)))
    assert alone is not None
    assert with_former is not None
    assert abs(with_former.value - 4900) < abs(alone.value - 4900)
    assert with_former.spread < alone.spread


# ---- through the visits


def visit(memory: tuple[SupplyMemory, ...], at: datetime, usage: Usage, supply: Supply) -> Any:
    snapshot = DeviceSnapshot(
        device=Device(id="d1"),
        target="host://10.0.0.7",
        taken_at=at,
        scopes=frozenset({Scope.SUPPLIES}),
        supplies=(supply,),
    )
    return follow_supplies(memory, snapshot, usage=usage)


def toner(percent: int | None, **more: Any) -> Supply:
    level = Level(state=LevelState.SOME_REMAINING)
    if percent is not None:
        level = Level(state=LevelState.MEASURED, units=percent, percent=percent)
    known: dict[str, Any] = {"index": "1.1", "kind": SupplyKind.CONSUMED, "type": "toner", "max_capacity": 100}
    return Supply(**(known | {"level": level, "origin": Origin(protocol="snmp", where="1"), "at": MONDAY} | more))


def run(days: int, pages_of_a_supply: int = 1000, **more: Any) -> list[tuple[int, Any]]:
    """Visit a device each evening; it gets a new supply when one is used up. Returns (level, followed)."""
    memory: tuple[SupplyMemory, ...] = ()
    printed, told = 0, []
    for day in range(days):
        printed += WEEKDAYS[day % 7]
        percent = 100 - 100 * (printed % pages_of_a_supply) // pages_of_a_supply
        shown = percent if not more.get("kind") else 100 - percent
        followed = visit(memory, MONDAY + timedelta(days=day, hours=20), used(day + 1), toner(shown, **more))
        memory = followed.memory
        told.append((percent, followed))
    return told


def test_a_refill_in_the_middle_begins_anew_and_soon_knows_as_much() -> None:
    told = run(40)
    installed = [
        day
        for day, (_, followed) in enumerate(told)
        if followed.events[:1] and followed.events[0].kind == "supply-installed"
    ]
    # 1,000 pages are ten working days: the eleventh working day's first page is a new supply's.
    assert installed == [11, 25, 39]
    assert told[11][1].supplies[0].outlook is None
    percent, followed = told[14]
    assert percent == 90
    assert followed.supplies[0].outlook.pages == pytest.approx(900, rel=0.1)


def test_a_waste_box_has_pages_until_it_is_full() -> None:
    percent, followed = run(20, 2000, kind=SupplyKind.FILLED, type="wasteToner")[-1]
    found = followed.supplies[0].outlook
    assert found is not None
    assert found.pages == pytest.approx(20 * percent, rel=0.1)


def test_a_level_that_is_not_told_now_has_no_outlook() -> None:
    _, followed = run(20)[-1]
    at = MONDAY + timedelta(days=20)
    assert visit(followed.memory, at, used(20), toner(None)).supplies[0].outlook is None


def test_a_fine_level_keeps_a_bounded_number_of_points() -> None:
    memory: tuple[SupplyMemory, ...] = ()
    for day in range(400):
        level = Level(state=LevelState.MEASURED, units=100_000 - 200 * day, percent=100)
        supply = toner(50, max_capacity=100_000, level=level)
        memory = visit(memory, MONDAY + timedelta(days=day), used(day + 1), supply).memory
        assert len(memory[0].points) <= 2 * MOST_POINTS
    assert memory[0].points[:2] == (0, 10_000)
    assert memory[0].points[-1] == 2020


@pytest.mark.slow
@pytest.mark.parametrize("step", [1, 10])
def test_on_simulated_histories_the_median_error_is_at_most_15_per_cent_and_intervals_are_honest(step: int) -> None:
    found = runpy.run_path(str(BENCH))["figures"](40, step=step)
    assert found.moments > 10_000
    assert found.days <= 0.15
    assert found.pages <= 0.15
    assert found.days_inside >= 0.8
    assert found.pages_inside >= 0.8
