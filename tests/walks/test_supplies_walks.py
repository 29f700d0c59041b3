"""Supplies of recorded devices: each follows from the numbers that are written in the recording."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pagemeter.model import Condition, LevelState, Supply, SupplyKind
from pagemeter.snmp.recording import read_recording
from pagemeter.snmp.types import Walk, oid
from pagemeter_plugins.printer_mib.alerts import conditions_of
from pagemeter_plugins.printer_mib.evidence import printers_of
from pagemeter_plugins.printer_mib.subunits import inputs_of
from pagemeter_plugins.printer_mib.supplies import supplies_of

pytestmark = pytest.mark.walks

WALKS = Path(__file__).resolve().parents[2] / "../shared/walks"
INDEX = json.loads((WALKS / "index.json").read_text(encoding="utf-8")) if (WALKS / "index.json").is_file() else None
ENTRIES: list[dict[str, Any]] = [entry for entry in INDEX["printers"] if entry["truth"]["supplies"]] if INDEX else []
AT = datetime(2026, 1, 31, tzinfo=UTC)
CURRENT_LEVEL, MAX_CAPACITY = oid("1.3.6.1.2.1.43.8.2.1.10"), oid("1.3.6.1.2.1.43.8.2.1.9")

each_printer = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["file"])


def walk_of(entry: dict[str, Any]) -> Walk:
    return read_recording(WALKS / entry["file"])


def read(entry: dict[str, Any]) -> tuple[Supply, ...]:
    walk = walk_of(entry)
    [index] = printers_of(walk)
    return supplies_of(walk, index, AT, conditions_of(walk, index))


def named(name: str) -> dict[str, Any]:
    found = next((entry for entry in ENTRIES if entry["file"].startswith(name)), None)
    if found is None:
        pytest.skip("../shared/walks is not on this machine")
    return found


def test_the_recordings_are_there() -> None:
    if INDEX is None and not os.environ.get("CI"):
        pytest.skip("../shared/walks is not on this machine")
    assert len(ENTRIES) == 21


@each_printer
def test_a_percentage_is_the_level_by_its_capacity_or_there_is_a_reason(entry: dict[str, Any]) -> None:
    for supply, told in zip(read(entry), entry["truth"]["supplies"], strict=True):
        level, capacity, number = supply.level, told["max"], told["level"]
        assert level is not None
        assert level.units == (number if number >= 0 else None)
        if number >= 0 and capacity > 0:
            assert number <= capacity
            assert level.percent == 100 * number // capacity
            assert level.why is None
        else:
            assert level.percent is None
            assert (level.state is LevelState.SOME_REMAINING) is (number == -3)
            assert bool(level.why) is (number != -3)


@each_printer
def test_a_description_keeps_the_words_of_the_device(entry: dict[str, Any]) -> None:
    for supply, told in zip(read(entry), entry["truth"]["supplies"], strict=True):
        words = told["description"].rstrip("\0")
        assert supply.description is not None
        assert words.startswith(supply.description)
        rest = words.removeprefix(supply.description)
        assert not rest or rest.startswith(", PN ")
        for number in (supply.part_number, supply.serial_number):
            assert number is None or (number in words and number != "unknown")
        if rest:
            assert [supply.part_number or "unknown", supply.serial_number or "unknown"] == rest[5:].split(";SN")


@each_printer
def test_colors_are_those_of_the_rows(entry: dict[str, Any]) -> None:
    for supply, told in zip(read(entry), entry["truth"]["supplies"], strict=True):
        basic = [word for word in ("black", "cyan", "magenta", "yellow") if word in told["description"].lower()]
        if len(basic) == 1:
            assert list(supply.colorants) == basic
        elif told["colorant"]:
            assert list(supply.colorants) == [told["colorant"].rstrip("\0").split()[0].lower()]
        else:
            assert supply.colorants == ()


@each_printer
def test_a_waste_box_is_filled_and_never_called_full_by_its_level(entry: dict[str, Any]) -> None:
    for supply, told in zip(read(entry), entry["truth"]["supplies"], strict=True):
        words = told["description"].lower()
        boxes = ("waste", "collection unit", "maintenance box")
        assert (supply.kind is SupplyKind.FILLED) is any(word in words for word in boxes)
        if supply.kind is SupplyKind.FILLED:
            assert supply.condition in (None, Condition.OK)
            assert supply.condition is None or told["level"] == -3


@each_printer
def test_steps_of_ten_are_ricohs_alone(entry: dict[str, Any]) -> None:
    steps = {supply.level.step for supply in read(entry) if supply.level is not None}
    assert steps == ({10} if entry["vendor"] == "ricoh" else {None})


@each_printer
def test_a_condition_is_one_that_the_device_tells(entry: dict[str, Any]) -> None:
    """Low are the rows that an alert names; ok is what has some left, where no error bit speaks of toner."""
    truth = entry["truth"]
    alerts = [alert for alert in truth.get("alerts", []) if alert["group"] == "markerSupplies"]
    low = {f"1.{alert['group_index']}" for alert in alerts if "AlmostEmpty" in alert["code"]}
    for supply, told in zip(read(entry), truth["supplies"], strict=True):
        if supply.index in low:
            assert supply.condition is Condition.LOW
        elif supply.condition is not None:
            assert (supply.condition, told["level"]) == (Condition.OK, -3)
            assert truth["hrPrinterDetectedErrorState"]["1"] in ("00", "0000")


@each_printer
def test_trays_are_as_full_as_their_rows_say(entry: dict[str, Any]) -> None:
    walk = walk_of(entry)
    [index] = printers_of(walk)
    for tray in inputs_of(walk, index):
        row = int(tray.index.rpartition(".")[2])
        number, capacity = (walk.integer((*column, index, row)) for column in (CURRENT_LEVEL, MAX_CAPACITY))
        assert tray.level is not None
        assert tray.level.units == (number if number is not None and number >= 0 else None)
        if number is not None and capacity is not None and 0 <= number <= capacity != 0:
            assert tray.level.percent == 100 * number // capacity
        else:
            assert tray.level.percent is None


def test_epsons_low_inks_are_the_three_that_its_alerts_name() -> None:
    found = {supply.index: supply.condition for supply in read(named("epson-cw-c6500au"))}
    assert found == {"1.1": None, "1.2": Condition.LOW, "1.3": Condition.LOW, "1.4": Condition.LOW, "1.5": None}


def test_one_error_bit_for_four_toners_names_none_of_them() -> None:
    entry = named("sharp-mx-3570n")
    assert entry["truth"]["hrPrinterDetectedErrorState"]["1"] == "2000"
    assert {supply.condition for supply in read(entry)} == {None}


def test_brothers_mixed_up_colorants_are_put_right_by_the_descriptions() -> None:
    entry = named("brother-mfc-9970cdw")
    told = {supply["index"]: supply["colorant"] for supply in entry["truth"]["supplies"]}
    assert (told["1.3"], told["1.4"]) == ("yellow", "magenta")
    found = {supply.index: supply.colorants for supply in read(entry)}
    assert (found["1.3"], found["1.4"]) == (("magenta",), ("yellow",))
