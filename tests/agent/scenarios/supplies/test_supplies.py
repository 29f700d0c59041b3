"""What becomes of supplies over time: each row of the table is told by printers on the wire and kept by an agent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

ROWS = yaml.safe_load(Path(__file__).with_name("supplies.yaml").read_text(encoding="utf-8"))["rows"]
START = datetime(2026, 3, 2, 8, tzinfo=UTC)


def hours(at: datetime | None) -> str:
    return "-" if at is None else f"{(at - START).total_seconds() / 3600:g}h"


def percent(value: int | None) -> str:
    return "" if value is None else str(value)


def said(fact: Any) -> str:
    """Write an event as the table does."""
    kind = fact.kind.removeprefix("supply-")
    if kind != "installed":
        return f"{kind} {fact.index} {fact.by} {percent(fact.percent) or '-'}"
    sure = "sure" if fact.sure else "unsure"
    between = "..".join(map(hours, fact.between))
    return f"{kind} {fact.index} {fact.by} {sure} {percent(fact.old_percent)}->{percent(fact.percent)} {between}"


def written(life: Any) -> str:
    """Write a row of the store as the table does."""
    levels = f"{percent(life.first_percent)}->{percent(life.last_percent)}"
    seen = f"{hours(life.first_seen)}..{hours(life.last_seen)}"
    return f"{life.place} #{life.number} {life.serial_number or '-'} {levels} {seen} {life.began_by}"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["says"])
def test_what_becomes_of_supplies(row: dict[str, Any], live: Callable[..., Any]) -> None:
    heard = 0

    def each(home: Any, number: int) -> None:
        nonlocal heard
        events = home.told("supply")
        new, heard = events[heard:], len(events)
        expected = [" ".join(words.split()) for words in row["visits"][number]["told"]]
        assert [said(event.facts) for event in new] == expected, f"visit {number}"
        assert all(event.at == home.clock.time for event in new)

    home = live(row["visits"], each)
    if "lives" in row:
        assert [written(life) for life in home.lives()] == row["lives"]
    if "now" in row:
        shown = [f"{one.index} seen {hours(one.first_seen)}, in {hours(one.installed_at)}" for one in home.supplies()]
        assert shown == row["now"]


def test_the_table_has_rows_enough() -> None:
    assert len(ROWS) >= 12


def test_pages_of_the_device_stand_in_the_rows(live: Callable[..., Any]) -> None:
    supplies = [{"level": 15}], [{"level": 11}], [{"level": 100}]
    visits = [{"supplies": one, "life": 1000 + 40 * number} for number, one in enumerate(supplies)]
    home = live(visits, lambda home, number: None)
    assert [(life.first_pages, life.last_pages) for life in home.lives()] == [(1000, 1040), (1080, 1080)]


@pytest.mark.slow
def test_an_outlook_comes_with_two_per_cent_used_and_is_about_right(live: Callable[..., Any]) -> None:
    """100 pages a working day; a cartridge of 2,000 pages is at 80 % after four days of the first week."""
    visits, printed = [], 0
    for day in range(19):
        printed += 100 if day % 7 < 5 else 0
        level = 100 - printed // 20
        visits.append({"supplies": [{"level": level}], "life": 1000 + printed, "hours": 24 if day else 0})
    outlooks: list[Any] = []
    home = live(visits, lambda home, number: outlooks.append(home.supplies()[0].outlook))
    assert outlooks[0] is None
    assert all(outlook is not None for outlook in outlooks[3:])
    # On a Friday morning 1,500 pages are printed; the 500 that are left last for five working days.
    now = home.supplies()[0].outlook
    assert now.pages == pytest.approx(500, rel=0.15)
    assert now.days == pytest.approx(7, abs=2)
    assert now.pages_low <= 500 <= now.pages_high
    assert now.days_low <= 7 <= now.days_high
