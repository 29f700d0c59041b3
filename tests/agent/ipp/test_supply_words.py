"""Supplies by IPP say the same words as those by the Printer MIB."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest

from pagemeter.ipp.reading import wanted
from pagemeter.ipp.supplies import CONDITIONS, MARKERS
from pagemeter.model import Condition, LevelState, Reading, Scope

Read: TypeAlias = Callable[..., Reading]


def octets(**pairs: object) -> bytes:
    return "".join(f"{key}={value};" for key, value in pairs.items()).encode()


@pytest.mark.parametrize(
    ("pairs", "state", "percent", "why"),
    [
        ({"maxcapacity": 100, "level": 40}, LevelState.MEASURED, 40, None),
        ({"maxcapacity": 100, "level": -2}, LevelState.UNKNOWN, None, "the device says that it does not know (-2)"),
        ({"maxcapacity": 100, "level": -1}, LevelState.UNRESTRICTED, None, None),
        ({"maxcapacity": -2, "level": -3}, LevelState.SOME_REMAINING, None, None),
        ({"maxcapacity": 100}, LevelState.UNKNOWN, None, "the device sends no level"),
        ({"maxcapacity": -2, "level": 5}, LevelState.MEASURED, None, "the capacity is unknown (-2)"),
        ({"maxcapacity": 100, "level": 150}, LevelState.MEASURED, None, "level 150 is above the capacity 100"),
    ],
)
def test_a_level_of_printer_supply_says_why(
    read: Read, pairs: dict[str, int], state: LevelState, percent: int | None, why: str | None
) -> None:
    [supply] = read(printer_supply=octets(type="toner", **pairs)).supplies
    assert supply.level is not None
    assert (supply.level.state, supply.level.percent, supply.level.why) == (state, percent, why)


def test_a_level_of_marker_levels_says_why(read: Read) -> None:
    supplies = read(marker_names=("a", "b", "c", "d"), marker_levels=(-1, -2, -3)).supplies
    assert [(supply.level and (supply.level.state, supply.level.why)) for supply in supplies] == [
        (LevelState.UNKNOWN, "the device says that it does not know (-1)"),
        (LevelState.UNKNOWN, "the device says that it does not know (-2)"),
        (LevelState.SOME_REMAINING, None),
        (LevelState.UNKNOWN, "the device sends no level"),
    ]


def test_a_few_parts_are_steps(read: Read) -> None:
    [supply] = read(printer_supply=octets(type="ink", maxcapacity=4, level=3)).supplies
    assert supply.level is not None
    assert (supply.level.percent, supply.level.step) == (75, 25)


@pytest.mark.parametrize(
    ("high", "level", "condition"),
    [(90, 95, Condition.LOW), (90, 90, Condition.LOW), (90, 89, Condition.OK), (100, 100, None), (None, 100, None)],
)
def test_a_box_is_nearly_full_by_the_devices_own_threshold_alone(
    read: Read, high: int | None, level: int, condition: Condition | None
) -> None:
    thresholds = {} if high is None else {"marker_high_levels": high}
    told = {"marker_names": "Waste", "marker_types": "waste-toner", "marker_levels": level, "marker_low_levels": 10}
    [supply] = read(**told, **thresholds).supplies
    assert supply.condition is condition


def test_reasons_and_alerts_tell_the_condition_of_the_one_supply_that_they_can_mean(read: Read) -> None:
    mono = {
        "printer_supply": (octets(type="toner", maxcapacity=-2, level=-3), octets(type="opc", maxcapacity=-2, level=-3))
    }
    assert [one.condition for one in read(**mono).supplies] == [None, None]
    assert [one.condition for one in read(**mono, printer_state_reasons="none").supplies] == [Condition.OK] * 2
    assert [one.condition for one in read(**mono, printer_state_reasons="toner-low-warning").supplies] == [
        Condition.LOW,
        None,
    ]
    alert = b"code=markerOpcLifeOver;severity=critical;group=markerSupplies;groupindex=2"
    assert [one.condition for one in read(**mono, printer_alert=alert).supplies] == [None, Condition.EMPTY]


def test_one_reason_for_several_inks_names_none_of_them(read: Read) -> None:
    inks = (octets(type="ink", colorname="x", maxcapacity=100, level=level) for level in (50, 40))
    supplies = read(printer_supply=tuple(inks), printer_state_reasons="marker-supply-low-warning").supplies
    assert [supply.condition for supply in supplies] == [None, None]


def test_numbers_and_colors_are_taken_from_descriptions(read: Read) -> None:
    toner, photo = read(
        printer_supply=(
            octets(type="toner", level=-3, colorantname="unknown"),
            octets(type="ink", level=-3, colorantname="PK"),
        ),
        printer_supply_description=("Schwarzer Toner schwarz, PN 0ACME1;SN77AB", "Ink"),
    ).supplies
    assert (toner.part_number, toner.serial_number, toner.colorants) == ("0ACME1", "77AB", ("black",))
    assert photo.colorants == ("photo-black",)


def test_what_tells_conditions_is_asked_for_with_the_supplies() -> None:
    assert {*MARKERS, *CONDITIONS} <= set(wanted(frozenset({Scope.SUPPLIES})))
