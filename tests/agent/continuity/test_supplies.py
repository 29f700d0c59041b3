"""Supplies over time, on the function alone: a row is what a device tells from visit to visit, and what is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pagemeter.continuity.history import History, packed, unpacked
from pagemeter.continuity.places import paired
from pagemeter.continuity.records import SupplyLife
from pagemeter.continuity.supplies import MOST_SUPPLIES, SuppliesFollowed, follow_supplies
from pagemeter.continuity.usage import Usage
from pagemeter.model import (
    Alert,
    Condition,
    Device,
    DeviceSnapshot,
    Level,
    LevelState,
    MeterRead,
    MeterUnit,
    Origin,
    Scope,
    Supply,
    SupplyEmpty,
    SupplyInstalled,
    SupplyKind,
    SupplyLow,
    Work,
)

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SNMP = Origin(protocol="snmp", where="1.3.6.1.2.1.43.11.1.1.9.1.1")
IPP = Origin(protocol="ipp", where="printer-supply")


def supply(percent: int | None = None, **more: Any) -> Supply:
    """A black toner cartridge in row 1.1, unless said otherwise."""
    known: dict[str, Any] = {
        "index": "1.1",
        "kind": SupplyKind.CONSUMED,
        "type": "tonerCartridge",
        "colorants": ("black",),
        "description": "Black toner",
        "origin": SNMP,
        "at": START,
    }
    if percent is not None:
        known |= {"unit": "percent", "max_capacity": 100}
        known["level"] = Level(state=LevelState.MEASURED, units=percent, percent=percent)
    return Supply(**(known | more))


def waste(percent: int | None, **more: Any) -> Supply:
    return supply(
        percent, **({"kind": SupplyKind.FILLED, "type": "wasteToner", "colorants": (), "description": "Waste"} | more)
    )


SOME = Level(state=LevelState.SOME_REMAINING)
UNKNOWN = Level(state=LevelState.UNKNOWN)


def alert(code: int, row: int | None = None) -> Alert:
    key = f"1.9:4711:{code}:11:{row}" if row is not None else f"ipp.{code}"
    return Alert(key=key, group="markerSupplies", code=code, origin=SNMP)


@dataclass
class Story:
    """A device from visit to visit; what is remembered goes through its packed form each time."""

    memory: History = field(default_factory=History)
    at: datetime = START
    last: SuppliesFollowed | None = None

    def visit(
        self, *supplies: Supply, alerts: Sequence[Alert] = (), usage: Usage | None = None, pages: int | None = None
    ) -> list[Any]:
        """Visit the device once and let an hour pass; returns the facts of the events."""
        reads = () if pages is None else (total(pages),)
        snapshot = DeviceSnapshot(
            device=Device(id="d1"),
            target="host://10.0.0.7",
            taken_at=self.at,
            scopes=frozenset({Scope.SUPPLIES, Scope.STATUS}),
            supplies=supplies,
            alerts=tuple(alerts),
            meter_reads=reads,
        )
        self.last = follow_supplies(self.memory.supplies, snapshot, usage=usage or Usage())
        assert [event.at for event in self.last.events] == [self.at] * len(self.last.events)
        self.memory = unpacked(packed(History(supplies=self.last.memory)))
        self.at += timedelta(hours=1)
        return [event.facts for event in self.last.events]

    @property
    def lives(self) -> list[SupplyLife]:
        assert self.last is not None
        return list(self.last.lives)

    @property
    def supplies(self) -> list[Supply]:
        assert self.last is not None
        return list(self.last.supplies)


def total(pages: int) -> MeterRead:
    return MeterRead(work=Work.TOTAL, unit=MeterUnit.IMPRESSIONS, value=pages, raw=str(pages), origin=SNMP, at=START)


def told(visits: Sequence[Supply]) -> list[str]:
    """Return what is told of one supply: ``visit kind by`` for each event, visits counted from 0."""
    story = Story()
    return [f"{number} {fact.kind} {fact.by}" for number, one in enumerate(visits) for fact in story.visit(one)]


def levels(*percents: int | None, **more: Any) -> list[Supply]:
    return [supply(percent, **more) for percent in percents]


INSTALLED = "supply-installed"
CASES: dict[str, tuple[list[Supply], list[str]]] = {
    "nothing happens": (levels(60, 59, 58, 58), []),
    "another serial number": (
        [supply(20, serial_number="SIM-AA01"), supply(100, serial_number="SIM-AA02")],
        [f"1 {INSTALLED} serial-number"],
    ),
    "another serial number at the same level": (
        [supply(50, serial_number="SIM-AA01"), supply(50, serial_number="SIM-AA02")],
        [f"1 {INSTALLED} serial-number"],
    ),
    "a lower level, another serial number": (
        [supply(50, serial_number="SIM-AA01"), supply(30, serial_number="SIM-AA02")],
        [f"1 {INSTALLED} serial-number"],
    ),
    "a serial number that is told with blanks or in small letters": (
        [supply(50, serial_number="SIM AA01"), supply(50, serial_number="sim aa01 ")],
        [],
    ),
    "a serial number that is a placeholder": (
        [supply(50, serial_number="SIM-AA01"), supply(50, serial_number="00000000"), supply(49, serial_number="N/A")],
        [],
    ),
    "a serial number that is told only now": ([supply(50), supply(50, serial_number="SIM-AA01")], []),
    "another serial number after visits that told none": (
        [supply(50, serial_number="SIM-AA01"), supply(50), supply(50, serial_number="SIM-AA02")],
        [f"2 {INSTALLED} serial-number"],
    ),
    "another part number": (
        [supply(None, level=SOME, part_number="TK-1"), supply(None, level=SOME, part_number="TK-2")],
        [f"1 {INSTALLED} part-number"],
    ),
    "another part number of the same serial number": (
        [supply(50, serial_number="SIM-AA01", part_number="A"), supply(50, serial_number="SIM-AA01", part_number="B")],
        [],
    ),
    "a level that jumps up": (levels(14, 100), [f"1 {INSTALLED} level"]),
    "a cartridge that was used before": (levels(3, 45), ["0 supply-low level", f"1 {INSTALLED} level"]),
    "a refill in place": (
        [supply(12, serial_number="SIM-AA01"), supply(90, serial_number="SIM-AA01")],
        [f"1 {INSTALLED} level"],
    ),
    "a wobble of two per cent": (levels(51, 50, 52, 50, 51, 49, 51), []),
    "a wobble at the edge of a step of ten": (levels(60, 50, 40, 50, 40, 30, 40), []),
    "steps of twenty": (levels(80, 60, 40, 60, 40), []),
    "a step that the device names": (
        [
            supply(None, max_capacity=100, level=Level(state=LevelState.MEASURED, percent=percent, step=25))
            for percent in (50, 75, 50)
        ],
        [],
    ),
    "steps of ten, and another cartridge": (levels(40, 30, 20, 100), [f"3 {INSTALLED} level"]),
    "removed and put back": (
        [
            supply(40, serial_number="SIM-AA01"),
            supply(0, condition=Condition.MISSING),
            supply(40, serial_number="SIM-AA01"),
        ],
        [],
    ),
    "removed and put back without a serial number": (
        [supply(40), supply(0, condition=Condition.MISSING), supply(40)],
        [],
    ),
    "removed, and another one put in": (
        [supply(40), supply(None, level=UNKNOWN, condition=Condition.MISSING), supply(100)],
        [f"2 {INSTALLED} level"],
    ),
    "low once": (levels(12, 10, 9, 8, 7), ["1 supply-low level"]),
    "low at first sight": (levels(7, 7), ["0 supply-low level"]),
    "low, empty": (levels(11, 10, 4, 0, 0), ["1 supply-low level", "3 supply-empty level"]),
    "empty at once": (levels(30, 0, 1, 0), ["1 supply-empty level"]),
    "low, a new one, low again": (
        levels(9, 9, 100, 50, 9, 9),
        ["0 supply-low level", f"2 {INSTALLED} level", "4 supply-low level"],
    ),
    "a wobble around the mark": (levels(11, 10, 11, 10, 12, 10, 13, 9), ["1 supply-low level"]),
    "well above the mark, and low again": (levels(10, 16, 10), ["0 supply-low level", "2 supply-low level"]),
    "the device says low": (
        [supply(30), supply(29, condition=Condition.LOW), supply(28, condition=Condition.LOW), supply(27)],
        ["1 supply-low device"],
    ),
    "the device says low when it is awake": (
        [supply(30 - n // 2, condition=Condition.LOW if n % 2 else None) for n in range(8)],
        ["1 supply-low device"],
    ),
    "the device says low of what has no level": (
        [supply(None, level=SOME), *[supply(None, level=SOME, condition=Condition.LOW) for _ in range(3)]],
        ["1 supply-low device"],
    ),
    "the device says low, then empty": (
        [supply(None, condition=Condition.LOW), supply(None, condition=Condition.EMPTY), supply(None)],
        ["0 supply-low device", "1 supply-empty device"],
    ),
    "some remaining and unknown levels tell nothing": (
        [supply(None, level=level) for level in (SOME, UNKNOWN, SOME, Level(state=LevelState.UNRESTRICTED))],
        [],
    ),
    "an unknown level between known ones": (levels(50, None, 50), []),
    "an unknown level hides a new one only for a while": (
        levels(10, None, 100),
        ["0 supply-low level", f"2 {INSTALLED} level"],
    ),
    "a capacity in grams": (
        [
            supply(None, unit="tenthsOfGrams", max_capacity=2000, level=Level.from_mib(n, 2000, in_percent=False))
            for n in (300, 2000)
        ],
        [f"1 {INSTALLED} level"],
    ),
    "a waste box fills": ([waste(n) for n in (50, 60, 70, 80, 89, 95, 99)], ["5 supply-low level"]),
    "a waste box is full": ([waste(n) for n in (80, 89, 100)], ["2 supply-empty level"]),
    "a waste box fills and is emptied": (
        [waste(n) for n in (60, 80, 95, 3, 10, 93)],
        ["2 supply-low level", f"3 {INSTALLED} level", "5 supply-low level"],
    ),
    "a waste box that tells the space left": (
        [waste(n) for n in (60, 30, 8, 100, 90, 40, 9)],
        ["2 supply-low level", f"3 {INSTALLED} level", "6 supply-low level"],
    ),
    "a waste box is emptied before its direction is known": ([waste(n) for n in (90, 4, 8)], [f"1 {INSTALLED} level"]),
    "a waste box at 100 may be full or empty": ([waste(100), waste(100), waste(99)], []),
    "a waste box of which the device says that it is nearly full": (
        [waste(85, condition=Condition.LOW), waste(91), waste(5)],
        ["0 supply-low device", f"2 {INSTALLED} level"],
    ),
    "a waste box that two sources tell the opposite way": (
        [waste(n, origin=SNMP) if m % 2 else waste(100 - n, origin=IPP) for m, n in enumerate((40, 41, 42, 43, 44))],
        [],
    ),
    "another source tells another type and no serial number": (
        [
            supply(50, serial_number="SIM-AA01", part_number="TK-1"),
            supply(50, type="toner", index="marker.3", origin=IPP, part_number="TK1 black"),
            supply(49, serial_number="SIM-AA01", part_number="TK-1"),
        ],
        [],
    ),
}


@pytest.mark.parametrize(("visits", "expected"), CASES.values(), ids=CASES)
def test_what_is_told_of_a_supply(visits: list[Supply], expected: list[str]) -> None:
    assert told(visits) == expected


def test_an_installed_supply_says_how_sure_that_is_and_between_which_visits_it_was_put_in() -> None:
    story = Story()
    story.visit(supply(4, serial_number="SIM-AA01"))
    story.visit(supply(3, serial_number="SIM-AA01"))
    (fact,) = story.visit(supply(100, serial_number="SIM-AA02"))
    assert fact == SupplyInstalled(
        index="1.1",
        description="Black toner",
        colorants=("black",),
        old_serial_number="SIM-AA01",
        serial_number="SIM-AA02",
        old_percent=3,
        percent=100,
        by="serial-number",
        sure=True,
        between=(START + timedelta(hours=1), START + timedelta(hours=2)),
    )


def test_a_level_that_rose_is_told_as_unsure() -> None:
    story = Story()
    story.visit(supply(20))
    (fact,) = story.visit(supply(100))
    assert (fact.by, fact.sure, fact.old_percent, fact.percent) == ("level", False, 20, 100)


def test_a_clock_that_was_set_back_leaves_the_time_between_in_order() -> None:
    story = Story()
    story.visit(supply(20))
    story.at = START - timedelta(days=1)
    (fact,) = story.visit(supply(100))
    assert fact.between == (START - timedelta(days=1),) * 2
    assert story.lives[0].first_seen <= story.lives[0].last_seen


def test_a_device_says_low_again_of_what_has_no_level_only_after_a_week_of_silence() -> None:
    story = Story()
    low, fine = supply(None, level=SOME, condition=Condition.LOW), supply(None, level=SOME)
    assert len(story.visit(low)) == 1
    for _ in range(3):
        story.at += timedelta(days=2)
        assert story.visit(fine) == []
        assert story.visit(low) == []
    story.visit(fine)
    story.at += timedelta(days=8)
    story.visit(fine)
    assert [fact.kind for fact in story.visit(low)] == ["supply-low"]


ALERTS: dict[str, tuple[list[Supply], list[Alert], list[tuple[str, str]]]] = {
    "toner almost empty in a row": ([supply(60), supply(60, index="1.2")], [alert(1104, 2)], [("1.2", "supply-low")]),
    "toner empty in a row": ([supply(60)], [alert(1101, 1)], [("1.1", "supply-empty")]),
    "low and empty in one row": ([supply(60)], [alert(1104, 1), alert(1101, 1)], [("1.1", "supply-empty")]),
    "no row, one supply": ([supply(60), waste(50, index="1.2")], [alert(1104)], [("1.1", "supply-low")]),
    "no row, two supplies": ([supply(60), supply(60, index="1.2")], [alert(1104)], []),
    "waste nearly full, no row": ([supply(60), waste(50, index="1.2")], [alert(1107)], [("1.2", "supply-low")]),
    "waste full": ([waste(50)], [alert(1109, 1)], [("1.1", "supply-empty")]),
    "almost empty says nothing of a waste box": ([waste(50)], [alert(12, 1)], []),
    "a row that is not there": ([supply(60)], [alert(1104, 7)], []),
    "of a tray": ([supply(60)], [replace(alert(12, 1), group="input")], []),
}


@pytest.mark.parametrize(("supplies", "alerts", "expected"), ALERTS.values(), ids=ALERTS)
def test_what_the_alerts_say_of_supplies(
    supplies: list[Supply], alerts: list[Alert], expected: list[tuple[str, str]]
) -> None:
    facts = Story().visit(*supplies, alerts=alerts)
    assert [(fact.index, fact.kind) for fact in facts] == expected
    assert all(fact.by == "device" for fact in facts)
    assert all(isinstance(fact, SupplyLow | SupplyEmpty) for fact in facts)


def test_two_black_cartridges_stay_two() -> None:
    story = Story()
    story.visit(supply(50), supply(80, index="1.2"))
    facts = story.visit(supply(50), supply(100, index="1.2"))
    assert [(fact.kind, fact.index) for fact in facts] == [("supply-installed", "1.2")]
    assert [(life.place, life.number) for life in story.lives] == [("1.1", 1), ("1.2", 2)]


def test_rows_that_are_numbered_anew_are_the_same_supplies() -> None:
    story = Story()
    cyan, black = supply(30, colorants=("cyan",)), supply(90, index="1.2")
    story.visit(cyan, black)
    assert story.visit(replace(cyan, index="1.3"), replace(black, index="1.4")) == []
    assert [(life.place, life.number) for life in story.lives] == [("1.1", 1), ("1.2", 1)]


def test_cartridges_of_one_device_that_change_their_places_are_known_by_their_serial_numbers() -> None:
    story = Story()
    one, two = supply(30, serial_number="SIM-AA01"), supply(90, index="1.2", serial_number="SIM-AA02")
    story.visit(one, two)
    assert story.visit(replace(one, index="1.2"), replace(two, index="1.1")) == []
    assert {(life.place, life.serial_number) for life in story.lives} == {("1.1", "SIM-AA01"), ("1.2", "SIM-AA02")}


def test_one_serial_number_for_all_supplies_is_none() -> None:
    story = Story()
    one, two = supply(30, serial_number="SIM-DEVICE"), supply(90, index="1.2", serial_number="SIM-DEVICE")
    story.visit(one, two)
    assert story.visit(two, one) == []
    assert [life.place for life in story.lives] == ["1.2", "1.1"]


def test_a_supply_that_is_not_listed_once_is_not_another_one_afterwards() -> None:
    story = Story()
    story.visit(supply(50, serial_number="SIM-AA01"), waste(20, index="1.2"))
    assert story.visit(waste(20, index="1.2")) == []
    assert story.visit(supply(49, serial_number="SIM-AA01"), waste(20, index="1.2")) == []
    assert story.lives[0].first_seen == START


def test_a_row_that_lost_its_color_to_a_table_that_was_cut_short_is_the_same_supply() -> None:
    story = Story()
    story.visit(supply(50))
    assert story.visit(supply(50, colorants=())) == []
    assert story.visit(supply(49)) == []
    assert [(life.place, life.number) for life in story.lives] == [("1.1", 1)]


def test_a_cartridge_that_comes_back_goes_on_with_its_life() -> None:
    story = Story()
    first, second = supply(50, serial_number="SIM-AA01"), supply(100, serial_number="SIM-AA02")
    story.visit(first, pages=1000)
    story.visit(second, pages=1100)
    (fact,) = story.visit(first, pages=1200)
    assert (fact.by, fact.sure, fact.serial_number) == ("serial-number", True, "SIM-AA01")
    (life,) = story.lives
    assert (life.number, life.first_seen, life.first_pages, life.last_pages) == (1, START, 1000, 1200)
    story.visit(supply(100, serial_number="SIM-AA03"), pages=1300)
    assert story.lives[0].number == 3


def test_a_cartridge_that_comes_back_low_is_not_told_as_low_again() -> None:
    story = Story()
    old, new = supply(5, serial_number="SIM-AA01"), supply(100, serial_number="SIM-AA02")
    assert [fact.kind for fact in story.visit(old)] == ["supply-low"]
    story.visit(new)
    assert [fact.kind for fact in story.visit(old)] == ["supply-installed"]


def test_the_rows_hold_the_first_and_the_last_sight_with_levels_and_pages() -> None:
    story = Story()
    story.visit(supply(50, part_number="TK-1"), pages=1000)
    story.visit(supply(48, part_number="TK-1"), pages=1100)
    assert story.lives == [
        SupplyLife(
            place="1.1",
            number=1,
            part_number="TK-1",
            description="Black toner",
            first_seen=START,
            last_seen=START + timedelta(hours=1),
            first_percent=50,
            last_percent=48,
            first_pages=1000,
            last_pages=1100,
            began_by="found",
        )
    ]


def test_the_documents_say_when_a_supply_was_seen_first_and_when_it_was_put_in() -> None:
    story = Story()
    story.visit(supply(20))
    assert (story.supplies[0].first_seen, story.supplies[0].installed_at) == (START, None)
    story.visit(supply(100))
    later = START + timedelta(hours=1)
    assert (story.supplies[0].first_seen, story.supplies[0].installed_at) == (later, later)
    told_by_device = START - timedelta(days=3)
    story.visit(supply(99, installed_at=told_by_device))
    assert (story.supplies[0].first_seen, story.supplies[0].installed_at) == (later, told_by_device)


def test_a_refill_of_the_same_cartridge_is_a_row_of_its_own() -> None:
    story = Story()
    story.visit(supply(20, serial_number="SIM-AA01"))
    story.visit(supply(100, serial_number="SIM-AA01"))
    assert [(life.number, life.began_by, life.first_percent) for life in story.lives] == [(2, "refill", 100)]


def test_what_the_device_said_is_handed_on_as_it_is() -> None:
    story = Story()
    given = supply(37, part_number="TK-1", condition=Condition.OK, pages_left=900)
    story.visit(given)
    assert replace(story.supplies[0], first_seen=None) == given


def test_a_device_that_lists_supplies_without_end_is_followed_as_far_as_there_is_room() -> None:
    story = Story()
    for visit in range(3):
        many = [supply(5, index=f"1.{visit}{n}", type=f"type{visit}{n}") for n in range(200)]
        assert len(story.visit(*many)) == MOST_SUPPLIES
        assert len(story.supplies) == 200
        assert len(story.memory.supplies) == MOST_SUPPLIES


def test_a_supply_is_forgotten_when_it_was_not_listed_for_a_year() -> None:
    story = Story()
    story.visit(supply(50), waste(20, index="1.2"))
    story.at += timedelta(days=400)
    story.visit(supply(50))
    assert [one.place for one in story.memory.supplies] == ["1.1"]


def test_two_places_never_have_one_name() -> None:
    story = Story()
    story.visit(supply(50))
    story.visit(supply(50, index="1.2"), supply(70, index="1.1", colorants=("cyan",)))
    assert sorted(life.place for life in story.lives) == ["1.1", "1.1~2"]


def test_every_supply_finds_at_most_one_place() -> None:
    story = Story()
    story.visit(supply(1), supply(2, index="1.2"), supply(3, index="1.3"))
    pairs = paired(story.memory.supplies, [supply(1, index="1.9")] * 5)
    found = [place for place in pairs.found if place is not None]
    assert sorted([*found, *pairs.unseen]) == [0, 1, 2]


def test_a_serial_number_that_is_another_one_each_time_is_not_believed_for_long() -> None:
    story = Story()
    facts = [fact for visit in range(200) for fact in story.visit(supply(50, serial_number=f"SIM-{visit:04}"))]
    assert len(facts) < 40
    # A month later it would be believed again: twenty supplies in a month may be true.
    story.at += timedelta(days=30)
    assert len(story.visit(supply(50, serial_number="SIM-AA01"))) == 1


def test_a_level_of_another_source_is_not_laid_beside_those_of_the_first() -> None:
    """SNMP says 90, IPP 43; where SNMP is silent for a visit, its return is no new cartridge."""
    story = Story()
    story.visit(supply(90))
    told = [fact for origin, level in ((IPP, 43), (SNMP, 90), (IPP, 43), (SNMP, 89))
            for fact in story.visit(supply(level, origin=origin))]  # fmt: skip
    assert told == []


def test_another_source_counts_when_it_alone_tells_the_level_for_a_day() -> None:
    story = Story()
    story.visit(supply(90))
    told = [fact for hour in range(48) for fact in story.visit(supply(43 - hour // 24, origin=IPP))]
    told += story.visit(supply(100, origin=IPP))
    assert [(fact.kind, fact.old_percent, fact.percent) for fact in told] == [("supply-installed", 42, 100)]
