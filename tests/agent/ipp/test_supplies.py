"""Supplies and trays: PWG 5100.13 and marker-*."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from pagemeter.model import Condition, LevelState, Reading, SupplyKind

Read: TypeAlias = Callable[..., Reading]


def test_a_supply_keeps_what_its_octets_say(read: Read) -> None:
    [waste, black, cyan] = read(
        printer_supply=(
            b"index=1;class=receptacleThatIsFilled;type=wasteToner;unit=percent;maxcapacity=100;level=25;colorantname=unknown;",
            b"COLORANTNAME=black;Index=2;Class=supplyThatIsConsumed;Type=toner-cartridge;unit=tenthsOfGrams;maxcapacity=2000;level=500",
            b"type=toner;maxcapacity=-2;level=-3;colorantname=cyan;vendor=x;;=;nothing",
        ),
        printer_supply_description=("Waste", "Black Toner S/N:AB12", "Light Cyan"),
    ).supplies
    assert (waste.index, waste.kind, waste.type, waste.colorants) == ("1.1", SupplyKind.FILLED, "wasteToner", ())
    assert waste.level is not None
    assert waste.level.percent == 25
    assert (black.index, black.kind, black.type) == ("1.2", SupplyKind.CONSUMED, "tonerCartridge")
    assert (black.unit, black.max_capacity, black.serial_number) == ("tenthsOfGrams", 2000, "AB12")
    assert black.level is not None
    assert (black.level.units, black.level.percent) == (500, 25)
    assert (cyan.index, cyan.colorants, cyan.kind) == ("1.3", ("light-cyan",), SupplyKind.CONSUMED)
    assert cyan.level is not None
    assert (cyan.level.state, cyan.level.percent) == (LevelState.SOME_REMAINING, None)


def test_supplies_come_from_markers_where_there_are_no_others(read: Read) -> None:
    supplies = read(
        marker_names=("Black", "Tri-color", "Waste", "Drum", "Odd"),
        marker_types=("toner-cartridge", "inkCartridge", "waste-toner", "opc", "pixie-dust"),
        marker_colors=("#000000", "#00FFFF#FF00FF#FFFF00", "none", "none", "#123456"),
        marker_levels=(9, 70, 5, -1, -3),
        marker_low_levels=(10, 10, 10, 10, 10),
    ).supplies
    assert [supply.index for supply in supplies] == [f"marker.{n}" for n in range(1, 6)]
    types = [supply.type for supply in supplies]
    assert types == ["tonerCartridge", "inkCartridge", "wasteToner", "opc", "pixie-dust"]
    assert [supply.colorants for supply in supplies] == [("black",), ("cyan", "magenta", "yellow"), (), (), ()]
    assert [supply.condition for supply in supplies] == [Condition.LOW, Condition.OK, None, None, None]
    states = [supply.level.state for supply in supplies if supply.level is not None]
    assert states == [*[LevelState.MEASURED] * 3, LevelState.UNKNOWN, LevelState.SOME_REMAINING]
    assert supplies[2].kind is SupplyKind.FILLED


def test_marker_lists_of_unequal_length_lose_nothing(read: Read) -> None:
    supplies = read(marker_names="Black", marker_levels=(50, 60)).supplies
    assert [(supply.description, supply.level and supply.level.percent) for supply in supplies] == [
        ("Black", 50),
        (None, 60),
    ]


def test_trays_are_inputs(read: Read) -> None:
    [tray, manual] = read(
        printer_input_tray=(
            b"type=sheetFeedAutoRemovableTray;unit=sheets;maxcapacity=250;level=100;name=tray-1;medianame=iso_a4_210x297mm;",
            b"type=sheetFeedManual;maxcapacity=1;level=-3;status=9;name=manual",
        )
    ).inputs
    assert (tray.index, tray.type, tray.name, tray.media) == (
        *("1.1", "sheetFeedAutoRemovableTray", "tray-1"),
        "iso_a4_210x297mm",
    )
    assert tray.level is not None
    assert (tray.unit, tray.max_capacity, tray.level.units, tray.level.percent) == ("sheets", 250, 100, 40)
    assert manual.level is not None
    assert (manual.level.state, manual.status) == (LevelState.SOME_REMAINING, 9)


def test_a_supply_at_zero_is_empty_and_one_without_threshold_is_not_judged(read: Read) -> None:
    supplies = read(
        marker_names=("Black", "Cyan", "Waste"),
        marker_types=("toner", "toner", "waste-toner"),
        marker_levels=(0, 4, 0),
        marker_low_levels=10,
    ).supplies
    assert [supply.condition for supply in supplies] == [Condition.EMPTY, None, None]
