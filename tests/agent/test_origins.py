"""Origins of single fields of supplies, markers and the panel stay with the part that they are of."""

from __future__ import annotations

from datetime import UTC, datetime

from pagemeter.inventory.merge import merged_latest
from pagemeter.model import (
    Device,
    Marker,
    MeterColor,
    MeterRead,
    MeterUnit,
    Origin,
    Reading,
    Scope,
    Supply,
    Unknown,
    Work,
    snapshot_of,
)
from pagemeter.model.snapshot import DeviceSnapshot

AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
SNMP, IPP = Origin(protocol="snmp", where="1.3.6.1"), Origin(protocol="ipp", where="marker-names")
PATH = "supplies.1.1.serial_number"


def supply(origin: Origin, serial: str | None = None) -> Supply:
    return Supply(index="1.1", serial_number=serial, origin=origin, at=AT)


def snapshot(*scopes: Scope, **parts: object) -> DeviceSnapshot:
    reading = Reading(scopes=frozenset(scopes), **parts)  # type: ignore[arg-type]  # the fields of a reading
    return snapshot_of(Device(id="d1"), reading, target="host://10.0.0.7", found_by=(), taken_at=AT, read_by=())


def test_origins_come_along_with_the_part_that_is_taken() -> None:
    other = Reading(supplies=(supply(SNMP, "S1"),), origins=((PATH, SNMP), ("model", SNMP)))
    assert dict(Reading().completed_by(other).origins) == {PATH: SNMP, "model": SNMP}
    assert dict(Reading(supplies=(supply(IPP),)).completed_by(other).origins) == {"model": SNMP}


def test_what_another_reader_tells_is_not_unknown() -> None:
    nothing = [Unknown(what=what, why="no profile") for what in ("mono", "color", "supply_serial_numbers")]
    mono = MeterRead(
        work=Work.PRINT,
        color=MeterColor.MONOCHROME,
        unit=MeterUnit.IMPRESSIONS,
        value=1,
        raw="1",
        origin=IPP,
        at=AT,
    )
    reading = Reading(unknown=tuple(nothing), supplies=(supply(SNMP, "S1"),)).completed_by(Reading(meter_reads=(mono,)))
    assert [one.what for one in reading.unknown] == ["color"]


def test_an_origin_goes_with_the_supplies_that_a_later_visit_replaces() -> None:
    old = snapshot(Scope.SUPPLIES, supplies=(supply(SNMP, "S1"),), origins=((PATH, SNMP), ("model", SNMP)))
    later = snapshot(Scope.SUPPLIES, supplies=(supply(SNMP),))
    assert dict(merged_latest(old, later).origins) == {"model": SNMP}
    assert dict(merged_latest(old, snapshot(Scope.STATUS)).origins) == {PATH: SNMP, "model": SNMP}


def test_the_coverage_of_a_marker_outlives_visits_that_did_not_ask_for_meters() -> None:
    path = "markers.1.1.coverage"
    old = snapshot(Scope.METERS, markers=(Marker(index="1.1", coverage=512, origin=SNMP),), origins=((path, SNMP),))
    bare = (Marker(index="1.1", origin=SNMP),)
    alerts = merged_latest(old, snapshot(Scope.STATUS, markers=bare))
    assert ([marker.coverage for marker in alerts.markers], dict(alerts.origins)) == ([512], {path: SNMP})
    meters = merged_latest(old, snapshot(Scope.METERS, markers=bare))
    assert ([marker.coverage for marker in meters.markers], dict(meters.origins)) == ([None], {})
