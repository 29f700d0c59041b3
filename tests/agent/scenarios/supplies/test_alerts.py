"""What becomes of alerts over time: each row of the table is told by a printer on the wire and kept by an agent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from pagemeter.continuity.alerts import MOST_ALERTS
from pagemeter.model import AlertRaised

ROWS = yaml.safe_load(Path(__file__).with_name("alerts.yaml").read_text(encoding="utf-8"))["rows"]
START = datetime(2026, 3, 2, 8, tzinfo=UTC)


def hours(at: datetime | None) -> str:
    return "-" if at is None else length(at - START)


def length(duration: timedelta) -> str:
    return f"{round(duration.total_seconds() / 3600, 2):g}h"


def said(fact: Any) -> str:
    """Write an event as the table does."""
    when = f"at {hours(fact.raised_at)}" if isinstance(fact, AlertRaised) else length(fact.lasted)
    return f"{'+' if isinstance(fact, AlertRaised) else '-'} {fact.key} {when} {fact.severity} {fact.training or '-'}"


def written(life: Any) -> str:
    """Write a row of the store as the table does."""
    times = f"{hours(life.raised_at)}..{hours(life.cleared_at)}"
    return f"{life.key} {times} {life.severity} {life.training or '-'} {life.code}"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["says"])
def test_what_becomes_of_alerts(row: dict[str, Any], live: Callable[..., Any]) -> None:
    heard = 0

    def each(home: Any, number: int) -> None:
        nonlocal heard
        events = home.told("alert")
        new, heard = events[heard:], len(events)
        assert [said(event.facts) for event in new] == row["visits"][number]["told"], f"visit {number}"

    home = live(row["visits"], each)
    if "rows" in row:
        assert [written(life) for life in home.alert_rows()] == row["rows"]
    if "now" in row:
        assert sorted(f"{alert.key} {hours(alert.raised_at)}" for alert in home.alerts()) == row["now"]


def test_the_table_has_rows_enough() -> None:
    assert len(ROWS) >= 8


def test_a_printer_that_lists_alerts_without_end_is_followed_as_far_as_there_is_room(live: Callable[..., Any]) -> None:
    """Each visit has other rows with other texts."""
    visits = [
        {
            "alerts": [
                {"row": row, "code": 1, "group": 1, "index": row, "words": f"{visit} {row}"} for row in range(1, 140)
            ]
        }
        for visit in "ab"
    ]
    home = live(visits, lambda home, number: None)
    kinds = [event.kind for event in home.told("alert")]
    assert kinds.count("alert-raised") <= 2 * MOST_ALERTS
    assert len([life for life in home.alert_rows() if life.cleared_at is None]) <= MOST_ALERTS
