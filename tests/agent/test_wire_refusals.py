"""What is written can be read back, whatever a plugin puts into the fields of a document."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from pagemeter import wire
from pagemeter.model import (
    Ability,
    Alert,
    Amount,
    Body,
    Cost,
    Cover,
    Device,
    DeviceSnapshot,
    Event,
    FleetEntry,
    HostName,
    Input,
    JobRecord,
    Level,
    LevelState,
    Marker,
    MeterRead,
    MeterUnit,
    NameOrigin,
    Origin,
    Outlook,
    PrinterState,
    Queue,
    Rival,
    Scope,
    Status,
    Supply,
    SupplyInstalled,
    Unknown,
    Work,
)

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)

WRONG: list[Any] = [
    None, True, False, 0, 3, -1, 1.5, float("nan"), float("inf"), "", "x", "null", b"x", (), ("x",), (None,),
    ((None, 3),), (("A4", True),), (("A4",),), (("A4", 3, 4),), [], ["x"], {}, frozenset(), AT, AT.replace(tzinfo=None),
    date(2026, 3, 2), timedelta(seconds=3), Decimal("1.5"), Decimal("NaN"), Cost(amount=Decimal(1)), Amount(), "\ud800",
]  # fmt: skip

WHOLE = JobRecord(
    id="1", completed_at=AT, ordered=Amount(impressions=3, media=(("A4", 3),)), cost=Cost(amount=Decimal("0.1"))
)
SNAPSHOT = DeviceSnapshot(device=Device(id="1"), target="host://10.0.0.7", taken_at=AT)
ORIGIN = Origin(protocol="snmp", where="1.3")
READ = MeterRead(work=Work.PRINT, unit=MeterUnit.SHEETS, value=3, raw="3", origin=ORIGIN, at=AT)
OUTLOOK = Outlook(pages=1, pages_low=1, pages_high=1, days=1, days_low=1, days_high=1, since=AT)
LEVEL = Level(state=LevelState.MEASURED, percent=3)
PARTS: dict[str, Any] = {
    "device": Device(id="1", abilities=frozenset({Ability.COLOR})),
    "status": Status(state=PrinterState.IDLE, origin=ORIGIN),
    "meter_reads": READ,
    "rivals": Rival(read=READ, why="later"),
    "markers": Marker(index="1.1", origin=ORIGIN),
    "supplies": Supply(index="1.1", level=LEVEL, outlook=OUTLOOK, origin=ORIGIN, at=AT),
    "inputs": Input(index="1.1", level=LEVEL, origin=ORIGIN),
    "covers": Cover(index="1.1", origin=ORIGIN),
    "alerts": Alert(key="1", origin=ORIGIN),
    "unknown": Unknown(what="mono", why="no profile"),
}
INSTALLED = SupplyInstalled(index="1.1", by="level", sure=False, between=(AT, AT))


def spoiled() -> list[tuple[str, Body]]:
    """Documents with one wrong value each, in a field of their own or of what they hold."""
    found: list[tuple[str, Body]] = []
    for number, value in enumerate(WRONG):
        for body in (WHOLE, Queue(name="q", at=AT), SNAPSHOT):
            name = type(body).__name__
            found += [(f"{name}.{f.name}-{number}", replace(body, **{f.name: value})) for f in fields(body)]
        for inner in fields(Amount):
            amount = replace(Amount(impressions=3), **{inner.name: value})
            found.append((f"Amount.{inner.name}-{number}", replace(WHOLE, ordered=amount)))
        for inner in fields(Cost):
            cost = replace(Cost(amount=Decimal(1)), **{inner.name: value})
            found.append((f"Cost.{inner.name}-{number}", replace(WHOLE, cost=cost)))
        found += [(f"{name}-{number}", body) for name, body in spoiled_parts(value)]
    return found


def spoiled_parts(value: Any) -> list[tuple[str, Body]]:
    """Snapshots and an event with a wrong value in a part, or in a part of a part."""
    found: list[tuple[str, Body]] = []
    for part, whole in PARTS.items():
        inner = [(f.name, replace(whole, **{f.name: value})) for f in fields(whole)]
        for name, deeper in (("origin", ORIGIN), ("level", LEVEL), ("outlook", OUTLOOK), ("read", READ)):
            if hasattr(whole, name):
                inner += [
                    (f.name, replace(whole, **{name: replace(deeper, **{f.name: value})})) for f in fields(deeper)
                ]
        for name, bad in inner:
            held: Any = bad if part in ("device", "status") else (bad,)
            found.append((f"{part}.{name}", replace(SNAPSHOT, **{part: held})))
    host = HostName(name="prn", origin=NameOrigin.DNS)
    for f in fields(host):
        device = replace(PARTS["device"], host_names=(replace(host, **{f.name: value}),))
        found.append((f"host_names.{f.name}", replace(SNAPSHOT, device=device)))
    spoiled = ((f.name, replace(INSTALLED, **{f.name: value})) for f in fields(INSTALLED))
    return found + [(f"installed.{name}", Event(at=AT, facts=facts)) for name, facts in spoiled]


def test_a_document_with_a_wrong_value_is_refused_or_can_be_read_back() -> None:
    refused = 0
    for name, body in spoiled():
        try:
            data = wire.body_to_json(body)
        except wire.WireError:
            refused += 1
            continue
        try:
            again = wire.body_from_json(data)
        except wire.WireError as error:
            pytest.fail(f"{name} was written and can't be read: {error}")
        assert wire.body_to_json(again) == data, name
    assert refused > 2500


@pytest.mark.parametrize("wrong", [None, "true", 1])
def test_words_of_a_device_that_look_like_a_boolean_hide_no_wrong_value(wrong: Any) -> None:
    right = replace(SNAPSHOT, trusted_clock=False, panel=("true", '"trusted_clock":true', "false", "null"))
    assert wire.body_from_json(wire.body_to_json(right)) == right
    for bad in (replace(right, trusted_clock=wrong), replace(right, meter_reads=(replace(READ, at=wrong),))):
        with pytest.raises(wire.WireError):
            wire.body_to_json(bad)


def test_an_entry_is_written_to_the_letter_as_its_parts_are() -> None:
    scopes = tuple((str(scope), AT) for scope in sorted(Scope))
    for entry in (
        FleetEntry(latest=SNAPSHOT, first_seen=AT),
        FleetEntry(latest=SNAPSHOT, first_seen=AT, last_success=AT, silent_since=AT, scope_times=scopes),
    ):
        plain = wire.to_json(entry)
        assert plain.startswith(b'{"latest":' + wire.to_json(SNAPSHOT) + b',"first_seen":"2026-03-02T08:00:00Z"')
        assert wire.from_json(FleetEntry, plain) == entry
        wrong: Any = "x"
        for name in ("first_seen", "last_success", "silent_since", "scope_times"):
            with pytest.raises(wire.WireError):
                wire.to_json(replace(entry, **{name: wrong}))
    with pytest.raises(wire.WireError):
        wire.to_json(replace(entry, latest=wrong))
    with pytest.raises(wire.WireError):
        wire.to_json(replace(entry, first_seen=AT.replace(tzinfo=None)))
