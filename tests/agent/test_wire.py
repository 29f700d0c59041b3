"""The JSON of the model: strict in both directions."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pagemeter import wire
from pagemeter.model import (
    Ability,
    AgentStatus,
    Alert,
    Cost,
    Device,
    DeviceFound,
    DeviceSnapshot,
    Document,
    Event,
    FleetEntry,
    HostName,
    JobRecord,
    Key,
    MeterRead,
    MeterReset,
    MeterUnit,
    NameOrigin,
    Origin,
    Reading,
    Scope,
    Supply,
    Target,
    Work,
)

AT = datetime(2026, 3, 2, 8, 0, 5, tzinfo=UTC)
ORIGIN = Origin(protocol="snmp", where="1.3.6.1.2.1.43.10.2.1.4.1.1")
KEY = Key(agent="a", epoch="00000001-0123456789abcdef", seq=7)
DEVICE = Device(
    id="d1",
    abilities=frozenset({Ability.SCAN, Ability.COLOR, Ability.FAX}),
    serial_number="SN-7",
    name="Copy room",
    host_names=(HostName(name="copy-room", origin=NameOrigin.SYS_NAME),),
    addresses=("10.0.0.7",),
    contact="Ada",
)
SNAPSHOT = DeviceSnapshot(
    device=DEVICE,
    target="host://10.0.0.7",
    taken_at=AT,
    uptime=timedelta(days=3, milliseconds=10),
    scopes=frozenset({Scope.METERS, Scope.IDENTITY}),
    meter_reads=(MeterRead(work=Work.TOTAL, unit=MeterUnit.IMPRESSIONS, value=12, raw="12", origin=ORIGIN, at=AT),),
    supplies=(Supply(index="1.1", serial_number="T-9", description="Black toner", origin=ORIGIN, at=AT),),
)
DOCUMENT = Document(key=KEY, at=AT, body=SNAPSHOT)


def from_types(cls: type) -> st.SearchStrategy[Any]:
    return st.from_type(cls)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))
st.register_type_strategy(timedelta, st.timedeltas(timedelta(days=-3650), timedelta(days=3650)))
st.register_type_strategy(str, TEXT)
st.register_type_strategy(Decimal, st.decimals(allow_nan=False, allow_infinity=False))
st.register_type_strategy(int, st.integers(-(2**63), 2**64))


@pytest.mark.parametrize("cls", [Document, FleetEntry, Reading, Target], ids=lambda cls: cls.__name__)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_whatever_the_model_can_say_comes_back_as_it_was(cls: type, data: st.DataObject) -> None:
    value = data.draw(from_types(cls))
    assert wire.from_json(cls, wire.to_json(value)) == value


@pytest.mark.parametrize(
    ("body", "type_"),
    [
        (SNAPSHOT, "snapshot"),
        (JobRecord(id="j", cost=Cost(amount=Decimal("1.50"))), "job"),
        (Event(at=AT, facts=DeviceFound(address="10.0.0.7")), "event"),
        (AgentStatus(agent="a", version="1", started_at=AT, at=AT), "agent"),
    ],
)
def test_a_document_names_its_version_its_key_and_the_type_of_its_body(body: Any, type_: str) -> None:
    document = Document(key=KEY, at=AT, body=body)
    written = json.loads(wire.to_json(document))
    assert {name: written[name] for name in ("v", "key", "at", "type")} == {
        "v": 1,
        "key": {"agent": "a", "epoch": "00000001-0123456789abcdef", "seq": 7},
        "at": "2026-03-02T08:00:05Z",
        "type": type_,
    }
    assert wire.from_json(Document, json.dumps(written)) == document
    assert wire.body_from_json(wire.body_to_json(body)) == body


def test_sets_are_sorted_durations_are_seconds_and_what_is_absent_is_absent() -> None:
    written = json.loads(wire.to_json(SNAPSHOT))
    assert written["device"]["abilities"] == ["color", "fax", "scan"]
    assert written["scopes"] == ["identity", "meters"]
    assert written["uptime"] == 3 * 86400 + 0.01
    assert "model" not in written["device"]
    assert "alerts" not in written
    assert written["meter_reads"][0]["color"] == "any"


def test_a_time_of_another_zone_is_written_in_utc() -> None:
    elsewhere = AT.astimezone(timezone(timedelta(hours=2)))
    assert b'"at":"2026-03-02T08:00:05Z"' in wire.to_json(replace(DOCUMENT, at=elsewhere))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"seq":7', '"seq":"7"'),
        ('"at":"2026-03-02T08:00:05Z"', '"at":"2026-03-02T08:00:05"'),
        ('"contact":"Ada"', '"contakt":"Ada"'),
        ('"trusted_clock":true', '"trusted_clock":1'),
        ('"type":"snapshot"', '"type":"job"'),
        ('"type":"snapshot"', '"type":"toaster"'),
        ('"work":"total"', '"work":"TOTAL"'),
        ('"v":1', '"v":2'),
        ('"v":1', '"v":"1"'),
        ('"v":1,', ""),
        ('"uptime":259200.01', '"uptime":"259200"'),
        ('"value":12', '"value":12.5'),
        ("}]}}", "}]}"),
    ],
)
def test_what_we_would_not_have_written_is_refused(old: str, new: str) -> None:
    written = wire.to_json(DOCUMENT).decode()
    assert old in written
    with pytest.raises(wire.WireError):
        wire.from_json(Document, written.replace(old, new))


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b"{}", b"\xff\x00", b'{"v":1}', b'{"v":null}'])
def test_what_is_no_document_is_refused(data: bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.from_json(Document, data)


@pytest.mark.parametrize(
    "body",
    [
        replace(SNAPSHOT, taken_at=datetime(2026, 3, 2)),  # noqa: DTZ001 - the mistake under test
        replace(SNAPSHOT, device=replace(DEVICE, serial_number=7)),  # type: ignore[arg-type]
        replace(SNAPSHOT, meter_reads=(replace(SNAPSHOT.meter_reads[0], value="12"),)),  # type: ignore[arg-type]
        JobRecord(id="j", cost=Cost(amount=Decimal("NaN"))),
        Event(at=AT, facts=MeterReset(key="k", old=2, new=None)),  # type: ignore[arg-type]
        replace(SNAPSHOT, device=replace(DEVICE, name="\ud800")),
    ],
    ids=["naive time", "number as text", "text as number", "not a number", "none", "surrogate"],
)
def test_what_could_not_be_read_back_is_not_written(body: Any) -> None:
    with pytest.raises(wire.WireError):
        wire.body_to_json(body)


def test_no_error_quotes_a_value() -> None:
    with pytest.raises(wire.WireError) as reading:
        wire.from_json(Document, wire.to_json(DOCUMENT).replace(b'"seq":7', b'"seq":"hush"'))
    with pytest.raises(wire.WireError) as writing:
        wire.to_json(replace(SNAPSHOT, meter_reads=(replace(SNAPSHOT.meter_reads[0], value="hush"),)))  # type: ignore[arg-type]
    assert "hush" not in f"{reading.value}{writing.value}"
    assert "key.seq" in str(reading.value)


def test_an_older_document_is_upgraded_step_by_step() -> None:
    old = b'{"v":-1,"type":"thing","content":{}}'
    steps = {
        -1: lambda d: {"v": 0, "type": d["type"], "body": d["content"]},
        0: lambda d: {**d, "type": "event"},
    }
    assert json.loads(wire.upgraded(old, upgrades=steps)) == {"v": 1, "type": "event", "body": {}}
    with pytest.raises(wire.WireError, match="no way"):
        wire.upgraded(old, upgrades={0: steps[0]})


def test_an_alert_without_a_time_stays_without_one() -> None:
    alert = Alert(key="1", origin=ORIGIN)
    assert json.loads(wire.to_json(alert)) == {
        "key": "1",
        "origin": {"protocol": "snmp", "where": "1.3.6.1.2.1.43.10.2.1.4.1.1"},
    }
