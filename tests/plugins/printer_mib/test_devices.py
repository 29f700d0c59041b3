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
    for name in ("model", "serial_number", "name", "location"):
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
def test_a_simulated_device_tells_the_counts_that_were_decided_for_it(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    found = read(folder)
    if isinstance(found, NotAPrinter):
        assert "life_counts" not in expected
        return
    several = len(expected["life_counts"]) > 1
    counts = {read.key: read.value for read in found[0].meter_reads}
    for count in expected["life_counts"]:
        engine = f"@{count['marker'].partition('.')[2]}" if several else ""
        assert counts[f"total.any.any.any.{count['unit']}{engine}"] == count["life"]
        assert counts[f"total.any.any.any.{count['unit']}{engine}+power-on"] == count["power_on"]


@pytest.mark.parametrize("folder", [path for path in FLEET if path.name.startswith("kyocera")], ids=lambda p: p.name)
def test_a_profile_reads_every_vendor_counter_that_was_decided(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    found = read(folder)
    assert isinstance(found, tuple)
    facts = ("work", "color", "media", "sides", "value")
    got = {(*(getattr(read, fact) for fact in facts), read.origin.where) for read in found[0].meter_reads}
    for meter in expected["vendor_meters"]:
        media = meter["media"].replace(" ", "-")
        assert (meter["work"], meter["color"], media, meter["sides"], meter["value"], meter["where"]) in got
