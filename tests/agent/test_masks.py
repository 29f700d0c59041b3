"""What of a document may leave: ``only``, ``mask`` and ``hash``."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pagemeter import wire
from pagemeter.cli import app
from pagemeter.data_sheet import UNITS, data_sheet, unit_of
from pagemeter.fields import all_fields
from pagemeter.masks import Masks, hashable, maskable, parse_hash, parse_mask, parse_only
from pagemeter.model import (
    AgentStatus,
    Amount,
    Device,
    DeviceFound,
    DevicesMerged,
    DeviceSnapshot,
    Document,
    Event,
    FleetEntry,
    HostName,
    JobRecord,
    Key,
    MeterRead,
    MeterUnit,
    NameOrigin,
    Origin,
    Queue,
    Supply,
    Work,
)

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 3, 2, 8, 0, 5, tzinfo=UTC)
ORIGIN = Origin(protocol="snmp", where="1.3.6.1.2.1.43.10.2.1.4.1.1")
DEVICE = Device(
    id="d1",
    serial_number="SN-7",
    name="Copy room",
    host_names=(HostName(name="copy-room", origin=NameOrigin.SYS_NAME),),
    addresses=("10.0.0.7", "10.0.0.8"),
    contact="Ada",
    location="Room 7",
    labels=(("floor", "3"),),
)
SNAPSHOT = DeviceSnapshot(
    device=DEVICE,
    target="host://10.0.0.7",
    taken_at=AT,
    meter_reads=(MeterRead(work=Work.TOTAL, unit=MeterUnit.SHEETS, value=12, raw="12", origin=ORIGIN, at=AT),),
    supplies=(Supply(index="1.1", serial_number="T-1", description="Black toner", origin=ORIGIN, at=AT),),
)
DOCUMENT = Document(key=Key(agent="a", epoch="00000001-0123456789abcdef", seq=7), at=AT, body=SNAPSHOT)
JOB = JobRecord(id="j", user="ada", document="will.doc", device="d1", printed=Amount(sheets=3), completed_at=AT)
BODIES: tuple[Any, ...] = (
    SNAPSHOT,
    JOB,
    Queue(name="hall", device="d1", at=AT),
    Event(device="d1", at=AT, facts=DeviceFound(address="10.0.0.7")),
    AgentStatus(agent="a", version="1", started_at=AT, at=AT, last_error="door"),
)


def test_a_field_name_masks_that_field_and_a_category_all_fields_marked_so() -> None:
    assert Masks(mask=["contact"])(SNAPSHOT) == replace(SNAPSHOT, device=replace(DEVICE, contact=None))
    hidden = Masks(mask=["serial", "address"])(SNAPSHOT)
    assert hidden.device == replace(DEVICE, serial_number=None, host_names=(), addresses=())
    assert hidden.target == ""
    assert hidden.supplies[0].serial_number is None
    assert hidden.supplies[0].description == "Black toner"
    assert hidden.meter_reads == SNAPSHOT.meter_reads


def test_masks_reach_events_jobs_documents_and_the_fleet() -> None:
    found = Event(at=AT, facts=DeviceFound(address="10.0.0.7"))
    assert Masks(mask=["address"])(found) == Event(at=AT, facts=DeviceFound(address=""))
    merged = Event(at=AT, facts=DevicesMerged(alias="d2"))
    assert Masks(mask=["address"])(merged) == merged
    person = Masks(mask=["person"])
    assert person(JOB).user is None
    assert person(FleetEntry(latest=SNAPSHOT, first_seen=AT)).latest.device.contact is None
    assert person(DOCUMENT).key == DOCUMENT.key
    assert isinstance(person(DOCUMENT).body, DeviceSnapshot)
    assert person(DOCUMENT) != DOCUMENT
    assert Masks()(SNAPSHOT) is SNAPSHOT


def test_a_path_masks_what_stands_there_and_nothing_of_the_same_name_elsewhere() -> None:
    hidden = Masks(mask=["supplies.serial_number"])(SNAPSHOT)
    assert (hidden.supplies[0].serial_number, hidden.device.serial_number) == (None, "SN-7")
    hidden = Masks(mask=["device.serial_number", "device.location"])(SNAPSHOT)
    assert (hidden.supplies[0].serial_number, hidden.device.serial_number) == ("T-1", None)
    assert hidden.device.location is None
    queue = Queue(name="hall", location="Room 8", at=AT)
    assert Masks(mask=["queue.location"])(queue).location is None
    assert Masks(mask=["queue.location"])(SNAPSHOT) == SNAPSHOT


def test_the_same_text_has_the_same_pseudonym_and_another_key_another_one() -> None:
    masks = Masks(hashed=["serial", "addresses", "host_names.name", "labels"], key=b"k")
    hidden = masks(SNAPSHOT).device
    wanted = hmac.new(b"k", b"SN-7", hashlib.sha256).hexdigest()[:16]
    assert hidden.serial_number == wanted
    assert hidden.addresses == (masks.hashed("10.0.0.7"), masks.hashed("10.0.0.8"))
    assert hidden.host_names == (HostName(name=masks.hashed("copy-room"), origin=NameOrigin.SYS_NAME),)
    assert hidden.labels == (("floor", masks.hashed("3")),)
    assert Masks(hashed=["serial"], key=b"other")(SNAPSHOT).device.serial_number != wanted
    assert masks(replace(SNAPSHOT, device=Device(id="d2"))).device == Device(id="d2")


def test_what_is_masked_is_not_hashed_and_what_only_leaves_out_is_neither() -> None:
    masks = Masks(only=["device.serial_number", "contact"], mask=["contact"], hashed=["contact", "serial"], key=b"k")
    device = masks(SNAPSHOT).device
    assert device == Device(id="d1", serial_number=masks.hashed("SN-7"))


def test_only_lets_types_and_fields_leave_and_nothing_else() -> None:
    masks = Masks(only=["event", "meter_reads", "device.model", "job.printed"])
    assert [masks.takes(body) for body in BODIES] == [True, True, False, True, False]
    snapshot, job, _, event, _ = (masks(body) for body in BODIES)
    assert snapshot == DeviceSnapshot(device=Device(id="d1"), target="", taken_at=AT, meter_reads=SNAPSHOT.meter_reads)
    assert job == JobRecord(id="j", device="d1", printed=Amount(sheets=3))
    assert event == BODIES[3]
    assert masks(BODIES[4]) == replace(BODIES[4], last_error=None)
    assert masks.takes_fleet
    assert not Masks(only=["job"]).takes_fleet
    whole = FleetEntry(latest=SNAPSHOT, first_seen=AT, silent_since=AT)
    assert Masks(only=["snapshot"])(whole) == whole
    assert masks(whole) == replace(whole, latest=snapshot)


def test_only_a_part_of_a_part_keeps_what_it_must_have() -> None:
    (supply,) = Masks(only=["supplies.serial_number"])(SNAPSHOT).supplies
    assert supply == Supply(index="1.1", serial_number="T-1", origin=ORIGIN, at=AT)
    assert Masks(only=["device"])(SNAPSHOT).device == DEVICE


@pytest.mark.parametrize("body", BODIES, ids=lambda body: type(body).__name__)
def test_keys_and_ids_stay_whatever_is_masked(body: Any) -> None:
    everything = sorted(maskable())
    document = replace(DOCUMENT, body=body)
    hidden = Masks(mask=everything)(document)
    assert (hidden.key, hidden.at) == (document.key, document.at)
    assert wire.from_json(Document, wire.to_json(hidden)) == hidden
    assert device_of(hidden.body) == device_of(body)
    assert device_of(Masks(only=["last_error"])(body)) == device_of(body)
    hashed = Masks(hashed=sorted(hashable()), key=b"k")(document)
    assert wire.from_json(Document, wire.to_json(hashed)) == hashed
    assert device_of(hashed.body) == device_of(body)


def device_of(body: Any) -> Any:
    device = getattr(body, "device", None)
    return device.id if isinstance(device, Device) else device


@pytest.mark.parametrize("name", ["contct", "value", "id", "raw", "device", "snapshot", "job.location", "device.id"])
def test_a_mask_that_masks_nothing_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no field that can be masked"):
        Masks(mask=[name])


@pytest.mark.parametrize(
    ("parse", "name", "near"),
    [
        (parse_mask, "suplies.serial_number", "supplies.serial_number"),
        (parse_hash, "contct", "contact"),
        (parse_hash, "free_text", "free-text"),
        (parse_only, "snapshots", "snapshot"),
    ],
)
def test_a_misspelt_name_is_told_what_it_may_mean(parse: Any, name: str, near: str) -> None:
    with pytest.raises(ValueError, match=f"did you mean {near}"):
        parse(name)


@pytest.mark.parametrize("name", ["uptime", "meter_reads", "level.percent", "taken_at", "device"])
def test_what_is_no_text_can_not_be_hashed(name: str) -> None:
    with pytest.raises(ValueError, match="no text that can be hashed"):
        Masks(hashed=[name])


@pytest.mark.parametrize(
    ("key", "name", "mistake"),
    [
        ("mask", "contct", "2: outputs[0].mask[0]: this is no field that can be masked"),
        ("hash", "uptime", "2: outputs[0].hash[0]: this is no text that can be hashed"),
        (
            "only",
            "snapshots",
            "2: outputs[0].only[0]: this is no type of document (agent, event, job,",
        ),
    ],
)
def test_check_names_the_line_of_a_mistake(tmp_path: Path, key: str, name: str, mistake: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"outputs:\n  - {{plugin: files, folder: out, {key}: [{name}]}}\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["check", str(path)])
    assert result.exit_code == 2
    assert mistake in result.output.replace("\n", " ")


# ---- the data sheet


def test_the_data_sheet_has_not_drifted() -> None:
    written = (ROOT / "docs" / "data-sheet.md").read_text("utf-8")
    assert written == data_sheet(), "write it anew: pagemeter schema --data-sheet > docs/data-sheet.md"


def test_the_data_sheet_names_every_field_of_every_document() -> None:
    text = data_sheet()
    missing = [one.path for one in all_fields() if f"| `{'.'.join(one.path[1:])}` |" not in text]
    assert missing == []
    assert set(_names(DeviceSnapshot)) <= {one.path[1] for one in all_fields() if one.path[0] == "snapshot"}


def _names(cls: Any) -> Iterator[str]:
    return (one.name for one in fields(cls))


def test_every_number_of_the_data_sheet_has_a_unit_and_every_unit_a_number() -> None:
    assert [one.path for one in all_fields() if unit_of(one) is None] == []
    paths = [".".join(one.path) for one in all_fields() if unit_of(one)]
    assert [end for end in UNITS if not any(path == end or path.endswith(f".{end}") for path in paths)] == []
