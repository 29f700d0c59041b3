"""Which supplies of two sources are one, and what the one adds to the other."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagemeter.model import Condition, Identity, Level, LevelState, Origin, Reading, Supply, SupplyKind
from pagemeter.model.same_supply import completed_supplies, same_supplies

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
SNMP, IPP = Origin(protocol="snmp", where="1.3.6.1"), Origin(protocol="ipp", where="marker-levels")
SOME = Level(state=LevelState.SOME_REMAINING)
UNKNOWN = Level(state=LevelState.UNKNOWN, why="the device sends no level")


def share(percent: int, units: int | None = None, **more: Any) -> Level:
    return Level(state=LevelState.MEASURED, units=percent if units is None else units, percent=percent, **more)


def supply(*, origin: Origin = SNMP, **parts: Any) -> Supply:
    known = {"index": "1.1", "kind": SupplyKind.CONSUMED, "type": "tonerCartridge", "origin": origin, "at": AT}
    return Supply(**{**known, **parts})


def toner(*colors: str, **parts: Any) -> Supply:
    return supply(colorants=colors, **parts)


# Each: what one source lists, what the other does, and which of them are the same by their places.
CASES: dict[str, tuple[list[Supply], list[Supply], dict[int, int]]] = {
    "one color each": (
        [toner("black"), toner("cyan"), toner("magenta")],
        [toner("magenta"), toner("black"), toner("cyan")],
        {0: 1, 1: 2, 2: 0},
    ),
    "toner and toner cartridge": ([toner("black")], [toner("black", type="toner")], {0: 0}),
    "ink is no toner": ([toner("black")], [toner("black", type="ink")], {}),
    "a drum is no toner": ([toner("black")], [toner("black", type="opc")], {}),
    "the only fuser": ([supply(type="fuser")], [supply(type="fuser"), toner("black")], {0: 0}),
    "two fusers": ([supply(type="fuser")], [supply(type="fuser")] * 2, {}),
    "the only toner, without a color here": ([toner()], [toner("black")], {0: 0}),
    "two blacks here": ([toner("black")] * 2, [toner("black")], {}),
    "two blacks there": ([toner("black")], [toner("black")] * 2, {}),
    "two blacks in both": ([toner("black")] * 2, [toner("black")] * 2, {}),
    "two blacks with names": (
        [toner("black", description="K1"), toner("black", description="K2")],
        [toner("black", description="k2"), toner("black", description="K 1")],
        {0: 1, 1: 0},
    ),
    "two blacks, of which one has its name in both": (
        [toner("black", description="K1"), toner("black", description="K2")],
        [toner("black", description="K2"), toner("black", description="Black")],
        {1: 0},
    ),
    "two blacks with serial numbers": (
        [toner("black", serial_number="AB12"), toner("black", serial_number="CD34")],
        [toner("black", serial_number="cd34"), toner("black", serial_number="AB12")],
        {0: 1, 1: 0},
    ),
    "placeholders of serial numbers": (
        [toner("black", serial_number="0000"), toner("cyan", serial_number="0000")],
        [toner("cyan", serial_number="0000"), toner("black", serial_number="0000")],
        {0: 1, 1: 0},
    ),
    "another serial number": (
        [toner("black", serial_number="AB12")],
        [toner("black", serial_number="CD34")],
        {},
    ),
    "a serial number with more around it": (
        [toner("black", serial_number="AB1234")],
        [toner("black", serial_number="CRUM-AB1234")],
        {0: 0},
    ),
    "another part number": ([toner("black", part_number="TK-1")], [toner("black", part_number="TK-2")], {}),
    "one whose color is not told may be black too": ([toner("black"), toner()], [toner("black")], {}),
    "one name and another color": (
        [toner("black", description="Toner")],
        [toner("cyan", description="Toner")],
        {},
    ),
    "another engine": ([toner("black", marker="1.1")], [toner("black", marker="1.2")], {}),
    "the same engine of another device row": ([toner("black", marker="5.1")], [toner("black", marker="1.1")], {0: 0}),
    "what is used up and what fills": (
        [supply(type="wasteToner", kind=SupplyKind.FILLED)],
        [supply(type="wasteToner", kind=SupplyKind.CONSUMED)],
        {},
    ),
    "no type and no name": ([supply(type=None)], [supply(type=None)], {}),
    "no type but one name": (
        [supply(type=None, description="Kit")],
        [supply(type="fuser", description="kit")],
        {0: 0},
    ),
    "light cyan is not cyan": ([toner("cyan")], [toner("light-cyan")], {}),
    "three colors in one cartridge": (
        [toner("cyan", "magenta", "yellow"), toner("black")],
        [toner("yellow", "cyan", "magenta"), toner("black")],
        {0: 0, 1: 1},
    ),
    "nothing there": ([toner("black")], [], {}),
}


@pytest.mark.parametrize(("mine", "theirs", "same"), CASES.values(), ids=CASES)
def test_supplies_are_the_same_where_nothing_else_can_be_meant(
    mine: list[Supply], theirs: list[Supply], same: dict[int, int]
) -> None:
    assert same_supplies(mine, theirs) == same
    assert same_supplies(theirs, mine) == {other: place for place, other in same.items()}


@pytest.mark.parametrize(("mine", "theirs", "same"), CASES.values(), ids=CASES)
def test_the_order_of_the_other_list_does_not_matter(
    mine: list[Supply], theirs: list[Supply], same: dict[int, int]
) -> None:
    for order in permutations(range(len(theirs))):
        found = same_supplies(mine, [theirs[place] for place in order])
        assert {place: order[other] for place, other in found.items()} == same


def both(mine: Supply, theirs: Supply) -> Supply:
    ((found,), _) = completed_supplies([mine], [theirs], {})
    return found


# Each: what one source says, what the other does, and what is said of them together.
LEVELS: dict[str, tuple[Level | None, Level | None, Level | None]] = {
    "some, and a share": (SOME, share(43), share(43, why="snmp: only that some is left")),
    "unknown, and a share": (UNKNOWN, share(43), share(43, why="snmp: the device sends no level")),
    "none, and a share": (None, share(43), share(43, why="snmp: no level")),
    "a share that was above the capacity": (
        SOME,
        share(100, 105, why="level 105 is above the capacity 100"),
        share(100, 105, why="snmp: only that some is left; level 105 is above the capacity 100"),
    ),
    "steps stay steps": (SOME, share(40, step=10), share(40, step=10, why="snmp: only that some is left")),
    "some, and nothing": (SOME, share(0), SOME),
    "unknown, and nothing": (UNKNOWN, share(0), share(0, why="snmp: the device sends no level")),
    "unknown, and some": (UNKNOWN, SOME, UNKNOWN),
    "measured stays": (share(90), share(43), share(90)),
    "no limit stays": (
        Level(state=LevelState.UNRESTRICTED),
        share(43),
        Level(state=LevelState.UNRESTRICTED),
    ),
    "a number without a share": (SOME, Level(state=LevelState.MEASURED, units=7, why="no capacity"), SOME),
    "nothing on both sides": (None, None, None),
}


@pytest.mark.parametrize(("mine", "theirs", "together"), LEVELS.values(), ids=LEVELS)
def test_a_level_is_taken_where_one_source_has_a_number_and_the_other_none(
    mine: Level | None, theirs: Level | None, together: Level | None
) -> None:
    known = {"unit": "percent", "max_capacity": 100}
    assert both(toner("black", level=mine, **known), toner("black", level=theirs, **known)).level == together


def test_units_are_not_taken_over_into_another_unit_or_capacity() -> None:
    theirs = toner("black", level=share(43), unit="percent", max_capacity=100)
    for unit, capacity in (("tenthsOfGrams", 100), ("percent", 200), (None, None)):
        found = both(toner("black", level=SOME, unit=unit, max_capacity=capacity), theirs)
        assert found.level is not None
        assert (found.level.units, found.level.percent) == (None, 43)
        assert (found.unit, found.max_capacity) == (unit, capacity)


@pytest.mark.parametrize("kind", [SupplyKind.FILLED, SupplyKind.OTHER])
def test_the_level_of_what_fills_is_not_taken(kind: SupplyKind) -> None:
    found = both(supply(type="wasteToner", kind=kind, level=SOME), supply(type="wasteToner", kind=kind, level=share(3)))
    assert found.level == SOME


def test_what_is_missing_gets_no_level() -> None:
    assert both(toner("black", condition=Condition.MISSING), toner("black", level=share(43))).level is None


OK, LOW, EMPTY = Condition.OK, Condition.LOW, Condition.EMPTY
CONDITIONS: dict[str, tuple[Supply, Supply, Condition | None]] = {
    "only the other one tells": (toner("black"), toner("black", condition=LOW), LOW),
    "the worse one counts": (toner("black", condition=OK), toner("black", condition=LOW), LOW),
    "a worse one stays": (toner("black", condition=EMPTY), toner("black", condition=LOW), EMPTY),
    "a level of 0 makes nothing empty that has some": (
        toner("black", level=SOME, condition=OK),
        toner("black", level=share(0), condition=EMPTY),
        OK,
    ),
    "nor what was measured": (
        toner("black", level=share(40)),
        toner("black", level=share(0), condition=EMPTY),
        None,
    ),
    "but what is not known": (
        toner("black", level=UNKNOWN),
        toner("black", level=share(0), condition=EMPTY),
        EMPTY,
    ),
    "and where the device says so": (
        toner("black", level=share(4)),
        toner("black", level=SOME, condition=EMPTY),
        EMPTY,
    ),
}


@pytest.mark.parametrize(("mine", "theirs", "condition"), CONDITIONS.values(), ids=CONDITIONS)
def test_of_two_conditions_the_worse_one_counts(mine: Supply, theirs: Supply, condition: Condition | None) -> None:
    assert both(mine, theirs).condition is condition


def test_what_is_added_stands_with_its_own_place() -> None:
    serial = Origin(protocol="ipp", where="printer-supply-description")
    mine = [toner("cyan"), toner("black", index="1.2", level=SOME)]
    theirs = [toner("black", index="marker.7", level=share(43), serial_number="AB12", part_number="K", origin=IPP)]
    found, places = completed_supplies(mine, theirs, {"supplies.marker.7.serial_number": serial})
    assert found[0] is mine[0]
    assert (found[1].serial_number, found[1].part_number, found[1].index, found[1].origin) == ("AB12", "K", "1.2", SNMP)
    assert places == {
        "supplies.1.2.level": IPP,
        "supplies.1.2.serial_number": serial,
        "supplies.1.2.part_number": IPP,
    }


ANY = st.builds(
    toner,
    st.sampled_from(["black", "cyan"]),
    index=st.sampled_from(["1.1", "1.2"]),
    level=st.sampled_from([None, SOME, UNKNOWN, share(0), share(43)]),
    description=st.sampled_from([None, "A", "B"]),
    serial_number=st.sampled_from([None, "AB12", "CD34"]),
    condition=st.sampled_from([None, OK, EMPTY]),
)
SHELF = st.lists(ANY, max_size=4)


@given(SHELF, SHELF)
def test_nothing_that_was_told_is_changed_but_what_said_less(mine: list[Supply], theirs: list[Supply]) -> None:
    found, places = completed_supplies(mine, theirs, {})
    assert len(found) == len(mine)
    for before, after in zip(mine, found, strict=True):
        for name in Supply.__dataclass_fields__:
            told = getattr(before, name)
            if name not in ("level", "condition") and told not in (None, ()):
                assert getattr(after, name) == told
        if before.level is not None and before.level.state is LevelState.MEASURED:
            assert after.level == before.level
    assert all(path.startswith("supplies.") for path in places)


@given(SHELF)
def test_a_source_asked_twice_adds_nothing(mine: list[Supply]) -> None:
    assert completed_supplies(mine, mine, {}) == (tuple(mine), {})


def test_the_origin_of_a_field_that_is_here_is_never_the_other_sources() -> None:
    mine = Reading(identity=Identity(location="2nd floor"))
    theirs = Reading(
        identity=Identity(location="Hall", name="hall"),
        origins=(("location", IPP), ("name", IPP)),
    )
    whole = mine.completed_by(theirs)
    assert (whole.identity.location, whole.identity.name) == ("2nd floor", "hall")
    assert whole.origins == (("name", IPP),)
