"""Alerts over time, on the function alone: each row is what a device lists from visit to visit, and what is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

import pytest

from pagemeter.continuity.alerts import MOST_ALERTS, PATIENCE, AlertsFollowed, follow_alerts
from pagemeter.continuity.history import History, packed, unpacked
from pagemeter.continuity.records import AlertLife
from pagemeter.model import (
    Alert,
    AlertCleared,
    AlertRaised,
    Device,
    DeviceSnapshot,
    Origin,
    PrinterState,
    Scope,
    Severity,
    Status,
    Training,
)

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
GROUPS = {8: "input", 11: "markerSupplies", 13: "mediaPath", 6: "cover", 1: "other"}


def snmp(row: int, code: int | None, *, group: int = 11, index: int = 1, ticks: int = 0, **more: Any) -> Alert:
    """A row of prtAlertTable, with the key that its reader makes."""
    known: dict[str, Any] = {
        "key": f"1.{row}:{ticks}:{code}:{group}:{index}",
        "severity": Severity.WARNING_BINARY_CHANGE_EVENT,
        "group": GROUPS[group],
        "code": code,
        "origin": Origin(protocol="snmp", where=f"1.3.6.1.2.1.43.18.1.1.7.1.{row}"),
    }
    return Alert(**(known | more))


def ipp(keyword: str, code: int | None, group: str | None) -> Alert:
    """A keyword of printer-state-reasons."""
    origin = Origin(protocol="ipp", where="printer-state-reasons")
    return Alert(key=f"ipp.{keyword}", code=code, code_name=keyword, group=group, description=keyword, origin=origin)


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What one visit finds; ``source`` told the status, ``readers`` answered."""

    alerts: tuple[Alert, ...] = ()
    state: PrinterState = PrinterState.IDLE
    word: str = "idle"
    source: str = "snmp"
    readers: tuple[str, ...] = ("printer_mib",)
    hours: float = 1
    missing: tuple[str, ...] = ()


def seen(*alerts: Alert, **more: Any) -> Visit:
    return Visit(alerts=alerts, **more)


def text(words: str) -> str:
    """Return the key of an alert that has nothing but a text, given here in small letters with 0 for each number."""
    return f"other.text-{crc32(words.encode()):08x}"


ASLEEP: dict[str, Any] = {"state": PrinterState.STANDBY, "word": "other"}
BY_IPP: dict[str, Any] = {"source": "ipp", "readers": ("ipp",)}


class Story:
    """A device from visit to visit; what is remembered goes through its packed form each time."""

    def __init__(self) -> None:
        self.memory = History()
        self.at = START
        self.last: AlertsFollowed | None = None
        self.lives: dict[tuple[str, datetime], AlertLife] = {}

    def visit(self, visit: Visit, *, uptime: timedelta | None = None) -> list[Any]:
        origin = Origin(protocol=visit.source, where="status")
        snapshot = DeviceSnapshot(
            device=Device(id="d1"),
            target="host://10.0.0.7",
            taken_at=self.at,
            read_by=visit.readers,
            scopes=frozenset({Scope.STATUS}),
            missing=visit.missing,
            uptime=uptime,
            status=Status(state=visit.state, printer_status=visit.word, origin=origin),
            alerts=visit.alerts,
        )
        self.last = follow_alerts(self.memory.alerts, snapshot)
        self.lives |= {(life.key, life.raised_at): life for life in self.last.lives}
        self.memory = unpacked(packed(History(alerts=self.last.memory)))
        self.at += visit.hours * HOUR
        return [event.facts for event in self.last.events]


def told(visits: Sequence[Visit]) -> list[str]:
    """Return ``visit kind key`` for each event, visits counted from 0."""
    story = Story()
    short = {"alert-raised": "+", "alert-cleared": "-"}
    return [f"{n} {short[fact.kind]}{fact.key}" for n, visit in enumerate(visits) for fact in story.visit(visit)]


LOW = snmp(1, 1104, description="Toner is running out")
JAM = snmp(2, 8, group=13, severity=Severity.CRITICAL)
TRAYS = (snmp(3, 808, group=8, index=1), snmp(4, 808, group=8, index=2))
FREE = (snmp(5, 1, group=1, index=-1, description="Call 1"), snmp(6, 1, group=1, index=-1, description="Check 2"))
TWINS = (snmp(7, 8, group=13, index=-1), snmp(8, 8, group=13, index=-1))


def again(*alerts: Alert, by: int = 10) -> tuple[Alert, ...]:
    """Number rows anew, as after a restart."""
    return tuple(
        replace(one, key="1." + str(by + n) + ":77:" + one.key.split(":", 2)[2]) for n, one in enumerate(alerts)
    )


CASES: dict[str, tuple[list[Visit], list[str]]] = {
    "raised, there, cleared": (
        [seen(), seen(LOW), seen(LOW), seen()],
        ["1 +markerSupplies.1104.1", "3 -markerSupplies.1104.1"],
    ),
    "there at first sight": ([seen(LOW), seen(LOW)], ["0 +markerSupplies.1104.1"]),
    "two at once, one goes": (
        [seen(LOW, JAM), seen(LOW)],
        ["0 +markerSupplies.1104.1", "0 +mediaPath.8.1", "1 -mediaPath.8.1"],
    ),
    "rows numbered anew": ([seen(LOW, JAM), seen(*again(JAM, LOW))], ["0 +markerSupplies.1104.1", "0 +mediaPath.8.1"]),
    "another order": ([seen(*TRAYS), seen(*reversed(TRAYS))], ["0 +input.808.1", "0 +input.808.2"]),
    "two trays, the first is filled": (
        [seen(*TRAYS), seen(TRAYS[1])],
        ["0 +input.808.1", "0 +input.808.2", "1 -input.808.1"],
    ),
    "two equal rows stay two": (
        [seen(*TWINS), seen(*again(*TWINS)), seen(again(TWINS[0])[0]), seen()],
        ["0 +mediaPath.8", "0 +mediaPath.8#2", "2 -mediaPath.8#2", "3 -mediaPath.8"],
    ),
    "another language": ([seen(LOW), seen(replace(LOW, description="Toner fast leer"))], ["0 +markerSupplies.1104.1"]),
    "a text that counts down": (
        [seen(snmp(1, 1, group=1, index=-1, description=f"{n} pages left")) for n in (120, 90, 7)],
        [f"0 +{text('0 pages left')}"],
    ),
    "two generic codes are told by their texts": (
        [seen(*FREE), seen(FREE[1])],
        [f"0 +{text('call 0')}", f"0 +{text('check 0')}", f"1 -{text('call 0')}"],
    ),
    "a severity that rises is the same alert": (
        [seen(LOW), seen(replace(LOW, severity=Severity.CRITICAL))],
        ["0 +markerSupplies.1104.1"],
    ),
    "sleep hides it": (
        [seen(LOW), seen(**ASLEEP), seen(**ASLEEP), seen(LOW), seen(**ASLEEP), seen(LOW)],
        ["0 +markerSupplies.1104.1"],
    ),
    "sleep hides it, and it is gone when the device wakes": (
        [seen(LOW), seen(**ASLEEP), seen()],
        ["0 +markerSupplies.1104.1", "2 -markerSupplies.1104.1"],
    ),
    "sleep for a weekend": (
        [seen(LOW), *[seen(**ASLEEP, hours=12) for _ in range(5)], seen(LOW)],
        ["0 +markerSupplies.1104.1"],
    ),
    "sleep for a week": (
        [seen(LOW), *[seen(**ASLEEP, hours=24) for _ in range(7)]],
        ["0 +markerSupplies.1104.1", "4 -markerSupplies.1104.1"],
    ),
    "cleared while it sleeps, seen while it slept": (
        [seen(LOW, **ASLEEP), seen(**ASLEEP)],
        ["0 +markerSupplies.1104.1", "1 -markerSupplies.1104.1"],
    ),
    "a jam of a device whose status has one word for jammed and asleep": (
        [seen(JAM, state=PrinterState.ERROR, word="other"), seen(**ASLEEP)],
        ["0 +mediaPath.8.1", "1 -mediaPath.8.1"],
    ),
    "warming up": (
        [seen(LOW), seen(state=PrinterState.WARMUP, word="warmup"), seen(LOW)],
        ["0 +markerSupplies.1104.1"],
    ),
    "IPP alone takes a turn and says the same": (
        [
            seen(LOW),
            seen(ipp("markerTonerAlmostEmpty", 1104, "markerSupplies"), **BY_IPP),
            seen(LOW),
            seen(ipp("markerTonerAlmostEmpty", 1104, "markerSupplies"), **BY_IPP),
        ],
        ["0 +markerSupplies.1104.1"],
    ),
    "IPP alone takes a turn and says less": (
        [seen(LOW, FREE[0]), seen(**BY_IPP), seen(LOW, FREE[0]), seen(**BY_IPP)],
        ["0 +markerSupplies.1104.1", f"0 +{text('call 0')}"],
    ),
    "IPP alone takes a turn and says more": (
        [
            seen(LOW),
            seen(ipp("wifi-off", None, None), **BY_IPP),
            seen(LOW),
            seen(ipp("wifi-off", None, None), **BY_IPP),
        ],
        ["0 +markerSupplies.1104.1", "1 +other.wifi-off"],
    ),
    "SNMP lists nothing any more, IPP still something else": (
        [seen(LOW), seen(ipp("wifi-off", None, None), readers=("printer_mib", "ipp"))],
        ["0 +markerSupplies.1104.1", "1 -markerSupplies.1104.1", "1 +other.wifi-off"],
    ),
    "both answer and list nothing": (
        [seen(ipp("wifi-off", None, None), readers=("printer_mib", "ipp")), seen(readers=("printer_mib", "ipp"))],
        ["0 +other.wifi-off", "1 -other.wifi-off"],
    ),
    "a source that is gone for good": (
        [seen(ipp("wifi-off", None, None), **BY_IPP), *[seen(hours=24) for _ in range(6)]],
        ["0 +other.wifi-off", "4 -other.wifi-off"],
    ),
    "a table that was cut short": (
        [seen(LOW, JAM), seen(LOW, missing=("prtAlertTable: timeout",)), seen(LOW, JAM)],
        ["0 +markerSupplies.1104.1", "0 +mediaPath.8.1"],
    ),
    "states are no faults": (
        [seen(snmp(1, 23, group=1)), seen(snmp(1, 24, group=1)), seen(snmp(1, 1801, group=1))],
        [],
    ),
    "raised again": (
        [seen(JAM), seen(), seen(JAM)],
        ["0 +mediaPath.8.1", "1 -mediaPath.8.1", "2 +mediaPath.8.1"],
    ),
    "a location tells rows apart": (
        [
            seen(snmp(1, 3, group=6, index=-1, location=1), snmp(2, 3, group=6, index=-1, location=2)),
            seen(snmp(5, 3, group=6, index=-1, location=2)),
        ],
        ["0 +cover.3.at-1", "0 +cover.3.at-2", "1 -cover.3.at-1"],
    ),
}


@pytest.mark.parametrize(("visits", "expected"), CASES.values(), ids=CASES)
def test_what_is_told_of_alerts(visits: list[Visit], expected: list[str]) -> None:
    assert told(visits) == expected


def test_a_cleared_alert_says_how_long_it_lasted_how_grave_it_was_and_who_can_clear_it() -> None:
    story = Story()
    alert = replace(JAM, training=Training.UNTRAINED, code_name="jam", description="Paper jam")
    (raised,) = story.visit(seen(alert))
    known = {"severity": Severity.CRITICAL, "training": Training.UNTRAINED, "group": "mediaPath", "code": 8}
    said: Any = known | {"key": "mediaPath.8.1", "code_name": "jam", "description": "Paper jam", "raised_at": START}
    assert raised == AlertRaised(**said)
    story.visit(seen(alert))
    (cleared,) = story.visit(seen())
    assert cleared == AlertCleared(**said, lasted=2 * HOUR)


def test_a_row_of_the_ledger_is_opened_and_closed() -> None:
    story = Story()
    alert = replace(JAM, training=Training.UNTRAINED, code_name="jam", description="Paper jam")
    story.visit(seen(alert))
    open_row = AlertLife(
        key="mediaPath.8.1",
        raised_at=START,
        severity="critical",
        training="untrained",
        code=8,
        code_name="jam",
        description="Paper jam",
    )
    assert list(story.lives.values()) == [open_row]
    story.visit(seen(alert))
    story.visit(seen())
    assert list(story.lives.values()) == [replace(open_row, cleared_at=START + 2 * HOUR)]


def test_what_slept_away_is_dated_back_to_when_it_was_first_seen_to_be_gone() -> None:
    story = Story()
    story.visit(seen(LOW))
    story.visit(seen(**ASLEEP))
    story.visit(seen(**ASLEEP))
    (cleared,) = story.visit(seen())
    assert cleared.lasted == HOUR


def test_the_devices_own_time_counts_and_stays_though_it_wobbles() -> None:
    story = Story()
    real = START - timedelta(minutes=40)
    (raised,) = story.visit(seen(replace(LOW, raised_at=real)))
    for wobble in (-3, 2, 1):
        story.visit(seen(replace(LOW, raised_at=real + timedelta(seconds=wobble))))
        assert story.last is not None
        assert [one.raised_at for one in story.last.alerts] == [real]
    (cleared,) = story.visit(seen())
    assert (raised.raised_at, cleared.raised_at, cleared.lasted) == (real, real, timedelta(hours=4, minutes=40))
    assert [life.raised_at for life in story.lives.values()] == [real]


@pytest.mark.parametrize(
    ("told_at", "uptime"),
    [
        (START + timedelta(days=1), None),
        (START - timedelta(days=3), timedelta(hours=5)),
        (None, timedelta(hours=5)),
    ],
    ids=["in the future", "before it was switched on", "not told"],
)
def test_a_time_that_can_not_be_is_the_time_of_the_first_sight(
    told_at: datetime | None, uptime: timedelta | None
) -> None:
    story = Story()
    (raised,) = story.visit(seen(replace(LOW, raised_at=told_at)), uptime=uptime)
    assert raised.raised_at == START


def test_a_clock_that_was_set_back_never_makes_a_negative_duration() -> None:
    story = Story()
    story.visit(seen(LOW))
    story.at = START - timedelta(days=2)
    (cleared,) = story.visit(seen())
    assert cleared.lasted == timedelta(0)
    (life,) = story.lives.values()
    assert life.cleared_at == life.raised_at


def test_a_clock_that_was_set_back_does_not_keep_what_sleeps_for_ever() -> None:
    story = Story()
    story.visit(seen(LOW))
    story.visit(seen(**ASLEEP))
    story.at -= timedelta(days=400)
    facts = [fact for _ in range(5) for fact in story.visit(seen(**ASLEEP, hours=24))]
    assert [fact.kind for fact in facts] == ["alert-cleared"]
    assert timedelta(days=5) > PATIENCE


def test_the_documents_hold_the_same_key_from_visit_to_visit() -> None:
    story = Story()
    keys = set()
    for rows in ((LOW, JAM), again(JAM, LOW), again(LOW, JAM, by=40)):
        story.visit(seen(*rows))
        assert story.last is not None
        keys.add(frozenset(one.key for one in story.last.alerts))
    assert keys == {frozenset({"markerSupplies.1104.1", "mediaPath.8.1"})}


def test_no_key_holds_words_of_the_device() -> None:
    story = Story()
    (fact,) = story.visit(seen(snmp(1, 1, group=1, index=-1, description="Ask Mrs Invented in room 12")))
    assert "Invented" not in fact.key
    assert fact.description == "Ask Mrs Invented in room 12"


def hostile(visit: int) -> Iterator[Alert]:
    for row in range(1000):
        yield snmp(row, 5000 + row, group=1, index=row, ticks=visit, description=f"{'x' * (row % 60)} {visit}")


def test_a_device_that_lists_alerts_without_end_is_followed_as_far_as_there_is_room() -> None:
    story = Story()
    for visit in range(5):
        facts = story.visit(seen(*hostile(visit)))
        assert len(facts) == (MOST_ALERTS if visit == 0 else 0)
        assert len(story.memory.alerts) == MOST_ALERTS
        assert story.last is not None
        assert len(story.last.alerts) == 1000


def test_alerts_that_are_others_each_time_stay_bounded() -> None:
    story = Story()
    for visit in range(5):
        rows = [snmp(row, 1, group=1, description=f"{chr(97 + visit) * (row + 1)}") for row in range(300)]
        assert len(story.visit(seen(*rows))) <= 2 * MOST_ALERTS
        assert len(story.memory.alerts) <= MOST_ALERTS


def test_a_critical_alert_is_followed_though_it_stands_at_the_end_of_a_long_table() -> None:
    rows = [snmp(row, 5000 + row, group=1) for row in range(200)]
    facts = Story().visit(seen(*rows, JAM))
    assert "mediaPath.8.1" in {fact.key for fact in facts}
