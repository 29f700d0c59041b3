"""A fleet is held packed, and each entry comes out as it went in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pagemeter.errors import StoreError
from pagemeter.fleet import Fleet, ids_of, packed, unpacked
from pagemeter.model import Device, DeviceSnapshot, FleetEntry, MeterRead, MeterUnit, Origin, Scope, Work

AT = datetime(2026, 3, 2, 8, 0, 0, 250_000, tzinfo=UTC)
READ = MeterRead(
    work=Work.PRINT,
    unit=MeterUnit.IMPRESSIONS,
    value=1000,
    raw="1000",
    origin=Origin(protocol="snmp", where="1.3.6.1.2.1.43.10.2.1.4.1.1"),
    at=AT,
)


def entry(key: str) -> FleetEntry:
    snapshot = DeviceSnapshot(
        device=Device(id=key, location="Büro 3, \u0000\u2028 <b>"),
        target="host://10.0.0.7",
        taken_at=AT,
        scopes=frozenset(Scope),
        meter_reads=(READ,),
    )
    return FleetEntry(latest=snapshot, first_seen=AT, last_success=AT, scope_times=(("meters", AT),))


ENTRIES = tuple(map(entry, "abcd"))


def fleet() -> Fleet:
    return Fleet((one.latest.device.id, packed(one)) for one in ENTRIES)


def test_each_entry_comes_out_as_it_went_in() -> None:
    assert unpacked("a", packed(ENTRIES[0])) == ENTRIES[0]
    assert fleet() == ENTRIES
    assert fleet() != ENTRIES[:3]
    assert fleet() != (*ENTRIES[:3], ENTRIES[0])
    assert fleet() == fleet()
    assert fleet() != "abcd"
    assert Fleet() == ()
    assert not Fleet()


def test_it_is_a_sequence() -> None:
    assert fleet()[1] == ENTRIES[1]
    assert fleet()[-1] == ENTRIES[-1]
    assert fleet()[1:3] == ENTRIES[1:3]
    assert isinstance(fleet()[1:], Fleet)
    assert list(reversed(fleet())) == list(reversed(ENTRIES))
    assert ENTRIES[2] in fleet()
    with pytest.raises(IndexError):
        fleet()[4]


def test_devices_are_named_without_a_look_at_them() -> None:
    assert Fleet([("a", b"rubbish"), ("b", b"")]).ids == ("a", "b")
    assert ids_of(fleet()) == ids_of(ENTRIES) == ("a", "b", "c", "d")


def test_changes_are_made_to_each_entry_as_it_is_handed_out() -> None:
    made = []

    def without_meters(one: FleetEntry) -> FleetEntry:
        made.append(one.latest.device.id)
        return replace(one, latest=replace(one.latest, meter_reads=()))

    changed = fleet().changed(without_meters).changed(lambda one: replace(one, silent_since=AT))
    assert made == []
    assert [(one.latest.meter_reads, one.silent_since) for one in changed[1:]] == [((), AT)] * 3
    assert made == ["b", "c", "d"]


def test_what_it_was_made_of_is_handed_on_only_where_nothing_was_changed() -> None:
    assert [(one, data) for one, data in fleet().parts()] == [(one, packed(one)) for one in ENTRIES]
    assert [data for _, data in Fleet([("a", ENTRIES[0])]).parts()] == [None]
    assert [data for _, data in fleet().changed(lambda one: one).parts()] == [None] * 4


WHOLE = packed(ENTRIES[0])


@pytest.mark.parametrize("data", [b"", b"rubbish", WHOLE[:-1], WHOLE[:300], WHOLE[:9] + b"\xff" + WHOLE[10:]])
def test_a_damaged_entry_names_its_device(data: bytes) -> None:
    with pytest.raises(StoreError, match="what is current of device a is damaged"):
        list(Fleet([("a", data)]))
