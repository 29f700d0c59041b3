"""Recordings of real devices, published by others: what is written in them is what is read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pagemeter.component import Answer, Ask, NotAPrinter
from pagemeter.model import LevelState, PrinterState, Reading, Since, Target
from pagemeter.snmp.recording import read_recording
from pagemeter.snmp.types import Walk, oid
from pagemeter.testing import FakeServices, RecordedSnmp
from pagemeter_plugins.printer_mib.printer_mib import SCOPES, parse_printer_mib
from pagemeter_plugins.printer_mib.profiles import shipped_profiles
from pagemeter_plugins.printer_mib.reader import PrinterMibReader
from pagemeter_plugins.printer_mib.settings import PrinterMibSettings

pytestmark = pytest.mark.walks

WALKS = Path(__file__).resolve().parents[2] / "../shared/walks"
INDEX = json.loads((WALKS / "index.json").read_text(encoding="utf-8")) if (WALKS / "index.json").is_file() else None
PRINTERS: list[dict[str, Any]] = INDEX["printers"] if INDEX else []
DECOYS: list[dict[str, Any]] = INDEX["decoys"] if INDEX else []
AT = datetime(2026, 1, 31, tzinfo=UTC)
STATES = {-3: LevelState.SOME_REMAINING, -2: LevelState.UNKNOWN, -1: LevelState.UNRESTRICTED}

each_printer = pytest.mark.parametrize("entry", PRINTERS, ids=lambda entry: entry["file"])
each_decoy = pytest.mark.parametrize("entry", DECOYS, ids=lambda entry: entry["file"])


def walk_of(entry: dict[str, Any]) -> Walk:
    return read_recording(WALKS / entry["file"])


def read(entry: dict[str, Any]) -> tuple[Reading, ...] | NotAPrinter:
    return parse_printer_mib(walk_of(entry), SCOPES, AT, shipped_profiles())


def one(entry: dict[str, Any]) -> Reading:
    found = read(entry)
    assert isinstance(found, tuple)
    [reading] = found
    return reading


def words(walk: Walk, where: str) -> str | None:
    raw = walk.octets(oid(where))
    return " ".join(raw.decode("utf-8", errors="replace").split()) or None if raw else None


def told_macs(walk: Walk) -> Iterator[str]:
    for row, bind in walk.column(oid("1.3.6.1.2.1.2.2.1.6")).items():
        kind = walk.integer((*oid("1.3.6.1.2.1.2.2.1.3"), *row))
        raw = bind.value if isinstance(bind.value, bytes) else b""
        parts = raw.decode("ascii").split(":") if b":" in raw and len(raw) > 6 else [f"{octet:x}" for octet in raw]
        if len(parts) == 6 and any(int(part, 16) for part in parts) and kind != 24:
            yield ":".join(f"{int(part, 16):02x}" for part in parts)


def test_the_recordings_are_there() -> None:
    if INDEX is None and not os.environ.get("CI"):
        pytest.skip("../shared/walks is not on this machine")
    assert len(PRINTERS) == 46
    assert len(DECOYS) == 25


@each_decoy
def test_what_is_no_printer_is_told_from_one(entry: dict[str, Any]) -> None:
    assert isinstance(read(entry), NotAPrinter)


@each_printer
def test_identity_agrees_with_the_recording(entry: dict[str, Any]) -> None:
    truth, walk, who = entry["truth"], walk_of(entry), one(entry).identity
    if serials := truth["prtGeneralSerialNumber"]:
        assert who.serial_number == serials[0].strip()
    if truth["model"]:
        assert who.model == truth["model"]
    if names := truth["prtGeneralPrinterName"]:
        assert who.name == (None if names[0] == "NULL" else names[0])
    assert who.location == words(walk, "1.3.6.1.2.1.1.6.0")
    assert who.contact == words(walk, "1.3.6.1.2.1.1.4.0")
    assert [host.name for host in who.host_names] == [name for name in [words(walk, "1.3.6.1.2.1.1.5.0")] if name]
    assert list(who.macs) == list(dict.fromkeys(told_macs(walk)))
    assert who.manufacturer is not None


@each_printer
def test_life_counts_agree_with_the_recording(entry: dict[str, Any]) -> None:
    reads = [read for read in one(entry).meter_reads if read.origin.where.startswith("1.3.6.1.2.1.43.10")]
    markers = entry["truth"]["markers"]
    wanted = [(str(m["lifecount"]), m["unit"] or "other") for m in markers if m["lifecount"] is not None]
    assert [(read.raw, read.unit) for read in reads if read.since is Since.LIFE] == wanted
    assert [str(m["poweron"]) for m in markers if m["poweron"] is not None] == [
        read.raw for read in reads if read.since is Since.POWER_ON
    ]


@each_printer
def test_supplies_and_levels_agree_with_the_recording(entry: dict[str, Any]) -> None:
    supplies = one(entry).supplies
    wanted = entry["truth"]["supplies"]
    assert [supply.index for supply in supplies] == [supply["index"] for supply in wanted]
    for supply, want in zip(supplies, wanted, strict=True):
        assert supply.max_capacity == want["max"]
        assert supply.type == want["type"]
        assert supply.unit == want["unit"]
        if want["class"]:
            assert (
                supply.kind == {"supplyThatIsConsumed": "consumed", "receptacleThatIsFilled": "filled"}[want["class"]]
            )
        assert (supply.level is None) is (want["level"] is None)
        if supply.level is not None:
            assert supply.level.state is STATES.get(want["level"], LevelState.MEASURED)
            assert supply.level.units == (want["level"] if want["level"] >= 0 else None)


@each_printer
def test_status_agrees_with_the_recording(entry: dict[str, Any]) -> None:
    truth, status = entry["truth"], one(entry).status
    device = next((row["status"] for row in truth["hrDevices"] if row["type"] == "5"), None)
    printer = truth["hrPrinterStatus"].get("1")
    bits = truth["hrPrinterDetectedErrorState"].get("1")
    if (device, printer, bits) == (None, None, None):
        assert status is None
        return
    assert status is not None
    assert status.device_status == {None: None, 1: "unknown", 2: "running", 3: "warning", 5: "down"}[device]
    assert status.printer_status == {None: None, 1: "other", 3: "idle", 4: "printing", 5: "warmup"}[printer]
    told = {"20": ("lowToner",), "2000": ("lowToner",), "0100": ("serviceRequested",)}.get(bits or "", ())
    assert status.error_bits == told
    if device == 3:
        assert status.state is PrinterState.WARNING
    elif device == 2 and printer is not None and not told:
        assert status.state is {3: PrinterState.IDLE, 1: PrinterState.STANDBY}[printer]


def test_two_rows_yield_two_facts_and_say_what_is_unknown() -> None:
    entry = next((entry for entry in PRINTERS if entry["file"] == "toshiba-e-studio2505ac.snmprec"), None)
    if entry is None:
        pytest.skip("../shared/walks is not on this machine")
    reading = one(entry)
    assert (reading.identity.manufacturer, reading.identity.model) == ("Toshiba", "TOSHIBA e-STUDIO2505AC")
    assert dict(reading.origins)["model"].where == "1.3.6.1.2.1.1.1.0"
    assert {unknown.what for unknown in reading.unknown} >= {"serial_number", "life_count", "mono", "color", "supplies"}


@pytest.mark.parametrize("entry", PRINTERS + DECOYS, ids=lambda entry: entry["file"])
async def test_the_reader_learns_by_asking_what_the_whole_recording_tells(entry: dict[str, Any]) -> None:
    services = FakeServices(snmp=RecordedSnmp({"127.0.0.7": walk_of(entry)}))
    reader = PrinterMibReader(PrinterMibSettings(), services)
    found = await reader.read(Target(uri="host://127.0.0.7", found_by="test"), Ask(scopes=SCOPES))
    whole = parse_printer_mib(walk_of(entry), SCOPES, services.clock.now(), shipped_profiles())
    assert (found.readings if isinstance(found, Answer) else found) == whole
