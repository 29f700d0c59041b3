"""Recorded devices: a folder each, invented from the facts, with what a reader must make of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from pagemeter.component import NotAPrinter
from pagemeter.model import Reading
from pagemeter.snmp.recording import read_recording
from pagemeter_plugins.printer_mib.printer_mib import SCOPES, parse_printer_mib
from pagemeter_plugins.printer_mib.profiles import shipped_profiles

ROOT = Path(__file__).resolve().parents[3]
DEVICES = sorted(path.parent for path in (ROOT / "tests/devices").glob("*/snmp.snmprec"))
FLEET = sorted(path.parent for path in (ROOT / "agent/pagemeter/simulator/fleet").glob("*/expected.json"))
AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
AS_JSON = TypeAdapter(Reading)


def read(folder: Path) -> tuple[Reading, ...] | NotAPrinter:
    return parse_printer_mib(read_recording(folder / "snmp.snmprec"), SCOPES, AT, shipped_profiles())


def assert_holds(got: Any, expected: Any, where: str = "") -> None:
    """Every key that is expected is there with its value; what is not named is not looked at."""
    if isinstance(expected, dict):
        for key, value in expected.items():
            assert_holds(got[key], value, f"{where}.{key}")
    elif isinstance(expected, list) and expected and isinstance(expected[0], dict):
        assert len(got) == len(expected), where
        for number, (one, other) in enumerate(zip(got, expected, strict=True)):
            assert_holds(one, other, f"{where}[{number}]")
    elif isinstance(got, datetime):
        assert got == datetime.fromisoformat(expected), where
    else:
        assert (list(got) if isinstance(got, tuple | frozenset) else got) == expected, where


@pytest.mark.parametrize("folder", DEVICES, ids=lambda path: path.name)
def test_a_recorded_device_reads_as_expected(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    found = read(folder)
    if isinstance(found, NotAPrinter):
        assert {"not_a_printer": found.what} == expected
        return
    assert len(found) == len(expected)
    for reading, wanted in zip(found, expected, strict=True):
        got = AS_JSON.dump_python(reading, mode="json")
        got["alerts"] = [
            {**one, "raised_at": alert.raised_at} for one, alert in zip(got["alerts"], reading.alerts, strict=True)
        ]
        got["meters"] = {meter.key: meter.value for meter in reading.meter_reads}
        got["unknown"] = [str(unknown) for unknown in reading.unknown]
        got["host_names"] = [host.name for host in reading.identity.host_names]
        got["scopes"] = sorted(reading.scopes)
        assert got["meters"] == wanted.pop("meters")
        assert_holds(got, {name: value for name, value in wanted.items() if value is not None})


@pytest.mark.parametrize("folder", FLEET, ids=lambda path: path.name)
def test_a_simulated_device_reads_as_was_decided_for_it(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    found = read(folder)
    assert isinstance(found, NotAPrinter) is not expected["printer"]
    if isinstance(found, NotAPrinter):
        return
    [reading] = found
    who = reading.identity
    assert (who.manufacturer or "").casefold() == expected["manufacturer"].casefold()
    for name in ("model", "serial_number", "product_number", "firmware", "name", "location"):
        assert getattr(who, name) == expected.get(name), name
    assert list(who.macs) == expected.get("macs", [])
    assert [host.name for host in who.host_names] == ([expected["host_name"]] if "host_name" in expected else [])
    assert list(reading.panel) == expected.get("panel", [])
    got = AS_JSON.dump_python(reading, mode="json")
    assert_holds(got["status"], expected["status"])
    assert_holds(got["supplies"], expected.get("supplies", []))
    assert_holds(got["inputs"], expected.get("inputs", []))
    assert_holds(got["covers"], expected.get("covers", []))
    assert_holds(got["alerts"], expected.get("alerts", []))


@pytest.mark.parametrize("folder", FLEET, ids=lambda path: path.name)
def test_a_simulated_device_tells_exactly_the_meters_that_were_decided_for_it(folder: Path) -> None:
    """Every meter of the fleet: key, value, quality and the object that it was read from, and no meter beside them."""
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    found = read(folder)
    if isinstance(found, NotAPrinter):
        assert not expected.keys() & {"life_counts", "vendor_meters", "rivals"}
        return
    [reading] = found
    wanted = {meter["key"]: (meter["value"], meter["quality"], meter["where"]) for meter in expected["vendor_meters"]}
    assert len(wanted) == len(expected["vendor_meters"])
    got = {one.key: (one.value, one.quality, one.origin.where) for one in reading.meter_reads}
    assert got == {**life_counts(expected), **wanted}
    assert {one.key for one in reading.meter_reads if one.origin.doubt} == {
        key for key, (_, quality, _) in wanted.items() if quality == "unverified"
    }
    told_twice = [(one.read.key, one.read.value, one.read.origin.where) for one in reading.rivals]
    assert sorted(told_twice) == sorted((one["key"], one["value"], one["where"]) for one in expected["rivals"])


def life_counts(expected: dict[str, Any]) -> dict[str, tuple[int, str, str]]:
    """Return the Printer MIB's own meters as they are expected: life and power-on count of each marker."""
    counts, several = {}, len(expected["life_counts"]) > 1
    for count in expected["life_counts"]:
        engine = f"@{count['marker'].partition('.')[2]}" if several else ""
        key = f"total.any.any.any.{count['unit']}{engine}"
        counts[key] = (count["life"], "measured", f"1.3.6.1.2.1.43.10.2.1.4.{count['marker']}")
        counts[f"{key}+power-on"] = (count["power_on"], "measured", f"1.3.6.1.2.1.43.10.2.1.5.{count['marker']}")
    return counts


@pytest.mark.parametrize("folder", FLEET, ids=lambda path: path.name)
def test_a_simulated_devices_coverage_and_origins_are_those_that_were_decided(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    found = read(folder)
    if isinstance(found, NotAPrinter):
        return
    [reading] = found
    origins = {what: origin.where for what, origin in reading.origins}
    assert {what: origins[what] for what in expected.get("origins", {})} == expected.get("origins", {})
    coverage = expected.get("coverage")
    told = {marker.index: marker.coverage for marker in reading.markers if marker.coverage is not None}
    assert told == ({coverage["marker"]: coverage["hundredths"]} if coverage else {})
    if coverage:
        assert origins[f"markers.{coverage['marker']}.coverage"] == coverage["where"]


@pytest.mark.parametrize("folder", FLEET, ids=lambda path: path.name)
def test_a_simulated_device_leaves_unknown_what_it_does_not_tell(folder: Path) -> None:
    found = read(folder)
    if isinstance(found, NotAPrinter):
        return
    [reading] = found
    unknown = {one.what for one in reading.unknown}
    keys = {
        one.key.split(".")[1] for one in reading.meter_reads if one.media == "any" and one.work in ("total", "print")
    }
    assert ("mono" in unknown) is ("monochrome" not in keys)
    assert ("color" in unknown) is ("full-color" not in keys)
    assert "life_count_unit" not in unknown
    assert ("supply_serial_numbers" in unknown) is not any(supply.serial_number for supply in reading.supplies)
