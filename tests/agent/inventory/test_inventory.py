"""Which device is this? Each test is one thing that happens in a network."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from pagemeter.inventory import Inventory
from pagemeter.inventory.learned import MOST_OWED
from pagemeter.model import (
    DeviceSilent,
    FleetEntry,
    Hints,
    Identity,
    MeterRead,
    MeterUnit,
    Origin,
    PrinterState,
    Reading,
    Scope,
    Status,
    Target,
    Work,
    host_uri,
)

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
ORIGIN = Origin(protocol="snmp", where="1.3.6.1.2.1.43.10.2.1.4.1.1")
ALL = frozenset({Scope.IDENTITY, Scope.METERS, Scope.SUPPLIES, Scope.STATUS})
OFFICE = Identity(serial_number="SIM0004711", manufacturer="Kyocera", model="ECOSYS X", macs=("02:00:00:00:00:01",))


def inventory(entries: tuple[FleetEntry, ...] = ()) -> Inventory:
    numbers = count(1)
    return Inventory(entries, {}, new_id=lambda: f"d{next(numbers)}")


def at(address: str, found_by: str = "sweep") -> Target:
    return Target(uri=host_uri(address), found_by=found_by)


def total(value: int) -> MeterRead:
    return MeterRead(work=Work.TOTAL, unit=MeterUnit.IMPRESSIONS, value=value, raw=str(value), origin=ORIGIN, at=START)


def reading(identity: Identity, pages: int | None = None, scopes: frozenset[Scope] = ALL) -> Reading:
    return Reading(identity=identity, scopes=scopes, meter_reads=(total(pages),) if pages is not None else ())


def kinds(learned: object) -> list[str]:
    return [event.kind for event in learned.events]  # type: ignore[attr-defined] # any Learned


def test_a_device_that_moves_keeps_its_id_and_the_move_is_told() -> None:
    devices = inventory()
    devices.learn(at("10.0.0.7"), (reading(OFFICE, 5),), at=START, read_by=("printer_mib",))
    learned = devices.learn(at("10.0.0.9"), (reading(OFFICE, 6),), at=START, read_by=("printer_mib",))
    assert [entry.latest.device.id for entry in devices.entries()] == ["d1"]
    assert kinds(learned) == ["device-moved"]
    assert devices.entries()[0].latest.device.addresses == ("10.0.0.9",)
    assert [place.uri for place in devices.places()] == ["host://10.0.0.9"]


def test_another_printer_at_a_known_address_is_another_device_and_the_first_is_silent() -> None:
    devices = inventory()
    devices.learn(at("10.0.0.7"), (reading(OFFICE, 5),), at=START, read_by=())
    other = replace(OFFICE, serial_number="SIM0004712", macs=("02:00:00:00:00:02",))
    learned = devices.learn(at("10.0.0.7"), (reading(other, 900),), at=START + timedelta(hours=1), read_by=())
    assert kinds(learned) == ["device-found", "device-silent"]
    first, second = devices.entries()
    assert first.silent_since == START + timedelta(hours=1)
    assert first.latest.meter_reads[0].value == 5
    assert second.silent_since is None


def test_a_print_server_that_moves_its_mac_to_another_printer_does_not_merge_them() -> None:
    devices = inventory()
    devices.learn(at("10.0.0.7"), (reading(OFFICE),), at=START, read_by=())
    devices.learn(at("10.0.0.8"), (reading(replace(OFFICE, serial_number="SIM0009999")),), at=START, read_by=())
    assert len(devices.entries()) == 2


@pytest.mark.parametrize("placeholder", ["0000000000", "XXXXXXXX", "n/a", " "])
def test_serial_numbers_that_are_placeholders_do_not_join_devices(placeholder: str) -> None:
    devices = inventory()
    for number in (1, 2):
        identity = Identity(serial_number=placeholder, model="Same", macs=(f"02:00:00:00:00:0{number}",))
        devices.learn(at(f"10.0.0.{number}"), (reading(identity),), at=START, read_by=())
    assert len(devices.entries()) == 2


def test_a_device_known_by_its_address_alone_is_joined_when_its_serial_number_shows_at_that_place() -> None:
    devices = inventory()
    devices.learn(at("10.0.0.7"), (reading(Identity(model="ECOSYS X")),), at=START, read_by=())
    devices.learn(at("10.0.0.7"), (reading(OFFICE),), at=START, read_by=())
    (entry,) = devices.entries()
    assert (entry.latest.device.id, entry.latest.device.serial_number) == ("d1", "SIM0004711")


def test_two_entries_that_turn_out_to_be_one_device_are_merged_and_the_older_id_stays() -> None:
    devices = inventory()
    devices.learn(at("10.0.0.7"), (reading(Identity(model="ECOSYS X")),), at=START, read_by=())
    devices.learn(at("10.0.0.8"), (reading(OFFICE),), at=START + timedelta(hours=1), read_by=())
    learned = devices.learn(at("10.0.0.7"), (reading(OFFICE),), at=START + timedelta(hours=2), read_by=())
    assert learned.aliases == (("d2", "d1"),)
    assert kinds(learned)[0] == "devices-merged"
    assert [entry.latest.device.id for entry in devices.entries()] == ["d1"]


def test_two_printers_behind_one_address_are_two_devices_and_stay_two() -> None:
    devices = inventory()
    pair = tuple(reading(replace(OFFICE, serial_number=f"SIM000471{n}"), n) for n in (1, 2))
    for _ in range(2):
        learned = devices.learn(at("10.0.0.7"), pair, at=START, read_by=())
    assert len(devices.entries()) == 2
    assert kinds(learned) == []
    assert len(devices.places()) == 1


def test_two_printers_behind_one_address_that_tell_no_serial_number_stay_two() -> None:
    devices = inventory()
    pair = tuple(reading(Identity(model=model, macs=("02:00:00:00:00:01",)), 7) for model in ("Mono", "Color"))
    for _ in range(3):
        learned = devices.learn(at("10.0.0.7"), pair, at=START, read_by=())
    assert learned.aliases == ()
    assert [(entry.latest.device.id, entry.latest.device.model) for entry in devices.entries()] == [
        ("d1", "Mono"),
        ("d2", "Color"),
    ]


def test_silence_is_told_once_and_so_is_the_return() -> None:
    devices = inventory()
    devices.learn(at("10.0.0.7"), (reading(OFFICE, 5),), at=START, read_by=())
    later = START + timedelta(minutes=15)
    assert kinds(devices.silent("host://10.0.0.7", at=later)) == ["device-silent"]
    assert kinds(devices.silent("host://10.0.0.7", at=later + timedelta(minutes=15))) == []
    (entry,) = devices.entries()
    assert (entry.silent_since, entry.last_success) == (later, START)
    assert entry.latest.meter_reads[0].value == 5
    back = devices.learn(at("10.0.0.7"), (reading(OFFICE, 5),), at=later, read_by=())
    assert kinds(back) == ["device-back"]
    assert devices.entries()[0].silent_since is None


def test_an_alert_visit_does_not_wipe_the_meters_and_each_scope_has_its_own_age() -> None:
    devices = inventory()
    devices.learn(at("10.0.0.7"), (reading(OFFICE, 5),), at=START, read_by=())
    later = START + timedelta(minutes=5)
    status = Status(state=PrinterState.IDLE, origin=ORIGIN)
    alert = Reading(identity=OFFICE, scopes=frozenset({Scope.STATUS}), status=status)
    devices.learn(at("10.0.0.7"), (alert,), at=later, read_by=())
    (entry,) = devices.entries()
    assert entry.latest.meter_reads[0].value == 5
    assert entry.latest.status == status
    assert dict(entry.scope_times)["meters"] == START
    assert dict(entry.scope_times)["status"] == later


def test_a_counter_that_falls_is_told_and_the_raw_value_stays() -> None:
    devices = inventory()
    devices.learn(at("10.0.0.7"), (reading(OFFICE, 5000),), at=START, read_by=())
    learned = devices.learn(at("10.0.0.7"), (reading(OFFICE, 12),), at=START, read_by=())
    (event,) = learned.events
    assert (event.kind, event.facts.old, event.facts.new) == ("meter-reset", 5000, 12)  # type: ignore[union-attr]
    assert devices.entries()[0].latest.meter_reads[0].value == 12


def test_what_the_device_does_not_tell_this_time_stays_known() -> None:
    devices = inventory()
    devices.learn(at("10.0.0.7"), (reading(OFFICE),), at=START, read_by=())
    devices.learn(at("10.0.0.7"), (reading(Identity(serial_number="SIM0004711")),), at=START, read_by=())
    assert devices.entries()[0].latest.device.model == "ECOSYS X"


def test_an_inventory_made_of_its_own_entries_knows_the_same() -> None:
    devices = inventory()
    devices.learn(at("10.0.0.7"), (reading(OFFICE, 5),), at=START, read_by=())
    again = inventory(tuple(devices.entries()))
    learned = again.learn(at("10.0.0.9"), (reading(OFFICE, 6),), at=START, read_by=())
    assert kinds(learned) == ["device-moved"]
    assert [entry.latest.device.id for entry in again.entries()] == ["d1"]


def usb(path: str, *doors: str) -> Target:
    return Target(uri=f"usb://{path}", found_by="usb", hints=Hints(uris=tuple(f"usb://{door}" for door in doors)))


def test_a_job_of_a_printer_at_a_cable_is_found_by_any_of_its_doors_and_never_by_its_maker() -> None:
    devices = inventory()
    other = Identity(serial_number="SIM00055", manufacturer="Acme", model="Ink 9")
    devices.learn(usb("Acme/Ink%209?serial=B1", "Acme/Ink%209?serial=X1"), (reading(other),), at=START, read_by=())
    assert devices.device_at("usb://Acme/Ink%209?serial=B1") == "d1"
    assert devices.device_at("usb://Acme/Ink%209?serial=X1") == "d1"
    assert devices.device_at("usb://Acme/Ink%209?serial=SIM00055") == "d1"
    assert devices.device_at("usb://Acme/Laser?serial=SIM00056") is None
    assert devices.device_at("usb://Acme/Laser") is None


def test_a_printer_with_network_and_cable_is_visited_over_the_network_while_it_answers_there() -> None:
    devices = inventory()
    devices.learn(at("10.0.0.7"), (reading(OFFICE),), at=START, read_by=())
    cabled = devices.learn(usb("Kyocera/ECOSYS?serial=SIM0004711"), (reading(OFFICE),), at=START, read_by=())
    assert kinds(cabled) == []
    assert [place.uri for place in devices.places()] == ["host://10.0.0.7"]
    assert devices.device_at("usb://Kyocera/ECOSYS?serial=SIM0004711") == "d1"
    devices.silent("host://10.0.0.7", at=START)
    devices.learn(usb("Kyocera/ECOSYS?serial=SIM0004711"), (reading(OFFICE),), at=START, read_by=())
    assert devices.places() == ()


def test_a_clock_that_is_set_back_makes_nothing_begin_in_the_future() -> None:
    devices = inventory()
    devices.learn(at("10.0.0.7"), (reading(OFFICE),), at=START, read_by=())
    before = START - timedelta(days=400)
    (event,) = devices.silent("host://10.0.0.7", at=before).events
    assert event.facts == DeviceSilent(since=before)
    devices.learn(at("10.0.0.7"), (reading(OFFICE),), at=before - timedelta(days=1), read_by=())
    (entry,) = devices.entries()
    assert entry.first_seen == entry.last_success == before - timedelta(days=1)
    assert entry.silent_since is None
    assert dict(entry.scope_times)["meters"] == entry.last_success


def test_what_is_owed_to_the_store_is_bounded_and_has_each_device_once() -> None:
    devices = inventory()
    lost = devices.learn(at("10.0.0.7"), (reading(OFFICE),), at=START, read_by=())
    for _ in range(MOST_OWED + 5):
        devices.owe(lost)
    owed = devices.owed()
    assert owed is not None
    assert (len(owed.events), len(owed.entries), owed.snapshots) == (MOST_OWED, 1, ())
    assert devices.owed() is None


def test_printers_behind_the_ports_of_one_address_are_several_whatever_mac_they_tell() -> None:
    devices = inventory()
    who = Identity(manufacturer="Zebra", model="ZT901", macs=("00:07:4d:00:00:01",))
    ids = []
    for uri in ("snmp://10.0.0.7:1161", "snmp://10.0.0.7:1162") * 2:
        learned = devices.learn(Target(uri=uri, found_by="static"), (reading(who),), at=START, read_by=("printer_mib",))
        ids += [snapshot.device.id for snapshot in learned.snapshots]
    assert ids == ["d1", "d2", "d1", "d2"]
