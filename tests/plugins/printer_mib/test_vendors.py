"""Vendor profiles: a folder a device, invented from the facts, with what its profile must read."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from pagemeter.model import Reading
from pagemeter.snmp.recording import read_recording
from pagemeter.snmp.types import Walk
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.evidence import printers_of
from pagemeter_plugins.printer_mib.identity import Person
from pagemeter_plugins.printer_mib.printer_mib import SCOPES, parse_printer_mib
from pagemeter_plugins.printer_mib.profiles import shipped_profiles

VENDORS = sorted(path.parent for path in (Path(__file__).parent / "vendors").glob("*/expected.json"))
KEYS = {"profiles", "identity", "meters", "quality", "unknown", "supplies", "panel", "alerts"}
AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
AS_JSON = TypeAdapter(Reading)

each_vendor = pytest.mark.parametrize("folder", VENDORS, ids=lambda path: path.name)


def walk_of(folder: Path) -> Walk:
    return read_recording(folder / "snmp.snmprec")


def expected_of(folder: Path) -> dict[str, Any]:
    expected: dict[str, Any] = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    assert not expected.keys() - KEYS, "expected.json has keys that nothing looks at"
    return expected


def read(folder: Path) -> tuple[Reading, dict[str, Any]]:
    found = parse_printer_mib(walk_of(folder), SCOPES, AT, shipped_profiles())
    assert isinstance(found, tuple)
    [reading] = found
    return reading, AS_JSON.dump_python(reading, mode="json")


def assert_has(got: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Every field that is named has its value, in depth; others are not looked at."""
    for name, value in wanted.items():
        if isinstance(value, dict) and isinstance(got[name], dict):
            assert_has(got[name], value)
        else:
            assert got[name] == value, name


@each_vendor
def test_a_device_gets_the_profiles_that_are_meant_for_it(folder: Path) -> None:
    walk = walk_of(folder)
    [index] = printers_of(walk)
    who = Person(walk, index, alone=True, profiles=shipped_profiles())
    expected = expected_of(folder)
    if "profiles" in expected:
        assert [profile.name for profile in who.profiles] == expected["profiles"]


@each_vendor
def test_a_device_is_who_it_says(folder: Path) -> None:
    assert_has(read(folder)[1]["identity"], expected_of(folder).get("identity", {}))


@each_vendor
def test_a_device_tells_exactly_these_meters(folder: Path) -> None:
    reading, _ = read(folder)
    expected = expected_of(folder)
    if "meters" in expected:
        assert {meter.key: meter.value for meter in reading.meter_reads} == expected["meters"]
    quality = {meter.key: meter.quality for meter in reading.meter_reads}
    assert {key: quality.get(key) for key in expected.get("quality", {})} == expected.get("quality", {})
    assert {str(unknown) for unknown in reading.unknown} >= set(expected.get("unknown", ()))


@each_vendor
def test_a_device_tells_of_its_supplies(folder: Path) -> None:
    reading, got = read(folder)
    by_index = {supply["index"]: supply for supply in got["supplies"]}
    for wanted in expected_of(folder).get("supplies", ()):
        assert wanted["index"] in by_index, f"no supply {wanted['index']} among {sorted(by_index)}"
        assert_has(by_index[wanted["index"]], wanted)
    assert len(by_index) == len(reading.supplies)


@each_vendor
def test_a_device_tells_its_state(folder: Path) -> None:
    reading, got = read(folder)
    expected = expected_of(folder)
    if "panel" in expected:
        assert list(reading.panel) == expected["panel"]
    for wanted in expected.get("alerts", ()):
        alike = [alert for alert in got["alerts"] if all(alert.get(name) == wanted[name] for name in wanted)]
        assert alike, f"no alert is {wanted} among {got['alerts']}"


@each_vendor
def test_what_no_recording_proves_is_shown_as_unverified(folder: Path) -> None:
    reading, _ = read(folder)
    for meter in reading.meter_reads:
        assert (meter.quality == "unverified") is (meter.origin.doubt is not None)
        if meter.origin.where.startswith(mib.origin(mib.PRINTER_MIB).where + "."):
            assert meter.origin.doubt is None


@pytest.mark.parametrize("profile", shipped_profiles(), ids=lambda profile: profile.name)
def test_sources_are_named_so_that_they_can_be_found(profile: Any) -> None:
    """A source is a MIB, or a program with its path; a single letter's meaning is no source."""
    for key, words in profile.sources.items():
        assert len(words) > 8, f"{profile.name}: source {key} says too little"
    used = {rule.source for rule in profile.rules}
    base = list(profile.base)
    assert used == set(profile.sources) or base, f"{profile.name}: sources {set(profile.sources) - used} are not used"


@pytest.mark.parametrize("profile", shipped_profiles(), ids=lambda profile: profile.name)
def test_recordings_are_named_without_a_suffix(profile: Any) -> None:
    for rule in profile.rules:
        for name in rule.seen_in:
            assert re.fullmatch(r"[a-z0-9][a-z0-9-]*|elsewhere: .+", name), name
