"""Ids that were given up, entries that are laid together, and what is owed of it when the disk was full."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

from pagemeter.inventory import Inventory, Learned
from pagemeter.inventory.places import same_place
from pagemeter.inventory.roster import Roster
from pagemeter.model import Identity, Reading, Scope, Target, host_uri

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
BARE = Identity(model="SP 9001", manufacturer="Ricoh")
NAMED = Identity(model="SP 9001", manufacturer="Ricoh", serial_number="3001X000009")


def inventory() -> Inventory:
    numbers = count(1)
    return Inventory((), {}, new_id=lambda: f"d{next(numbers)}")


def learn(devices: Inventory, host: str, identity: Identity, hour: int) -> Learned:
    reading = Reading(identity=identity, scopes=frozenset(Scope))
    at = START + timedelta(hours=hour)
    return devices.learn(Target(uri=host_uri(host), found_by="sweep"), (reading,), at=at, read_by=())


def test_aliases_of_aliases_lead_to_the_end_also_where_the_store_has_them_in_steps() -> None:
    devices = inventory()
    learn(devices, "10.0.0.7", NAMED, 0)
    roster = Roster(devices.entries(), {"a": "b", "b": "c", "c": "d1"})
    assert [roster.id_of(one) for one in ("a", "b", "c", "d1", "e")] == ["d1", "d1", "d1", "d1", "e"]
    assert roster.get("a") == devices.entries()[0]


def test_a_ring_of_aliases_that_only_damage_can_make_ends() -> None:
    roster = Roster((), {"a": "b", "b": "a"})
    assert roster.get("a") is None


def test_an_alias_that_could_not_be_kept_leads_to_the_id_that_stays_by_then() -> None:
    devices = inventory()
    learn(devices, "10.0.0.6", BARE, 0)
    learn(devices, "10.0.0.7", BARE, 1)
    learn(devices, "10.0.0.8", NAMED, 2)
    lost = learn(devices, "10.0.0.7", NAMED, 3)
    assert lost.aliases == (("d3", "d2"),)
    devices.owe(lost)
    assert learn(devices, "10.0.0.6", NAMED, 4).aliases == (("d2", "d1"),)
    owed = devices.owed()
    assert owed is not None
    assert owed.aliases == (("d3", "d1"),)
    assert [entry.latest.device.id for entry in owed.entries] == ["d1"]
    assert [event.kind for event in owed.events][:1] == ["devices-merged"]


def test_a_place_is_one_by_its_host_but_ports_of_a_gateway_and_queues_of_a_server_are_several() -> None:
    assert same_place("host://10.0.0.7", "ipp://10.0.0.7/ipp/print")
    assert same_place("snmp://10.0.0.7:1161", "host://10.0.0.7")
    assert same_place("ipp://10.0.0.7/ipp/print", "ipps://10.0.0.7:443/ipp/print")
    assert not same_place("snmp://10.0.0.7:1161", "snmp://10.0.0.7:1162")
    assert not same_place("ipp://10.0.0.7/printers/a", "ipp://10.0.0.7/printers/b")
    assert not same_place("usb://Ricoh/SP", "host://ricoh")
    assert not same_place("usb://Ricoh/SP%201", "usb://Ricoh/SP%202")


def test_two_printers_behind_a_gateway_stay_at_their_ports_and_follow_when_these_change() -> None:
    devices = inventory()
    other = Identity(model="SP 9001", manufacturer="Ricoh", serial_number="3001X000010")
    first, second = (Target(uri=host_uri("10.0.0.7", port=port), found_by="list") for port in (1161, 1162))
    for places in ((first, second), (second, first)):
        for target, identity in zip(places, (NAMED, other), strict=True):
            devices.learn(target, (Reading(identity=identity),), at=START, read_by=())
        found = {entry.latest.device.id: entry.latest.target for entry in devices.entries()}
        assert found == {"d1": places[0].uri, "d2": places[1].uri}
        assert all(entry.silent_since is None for entry in devices.entries())


def test_a_printer_at_a_cable_was_found_at_its_uri_and_moves_to_an_address() -> None:
    devices = inventory()
    place = "usb://Ricoh/SP%209001?serial=3001X000009"
    reading = (Reading(identity=NAMED),)
    found = devices.learn(Target(uri=place, found_by="usb"), reading, at=START, read_by=())
    assert [event.facts.address for event in found.events] == [place]  # type: ignore[union-attr] # it is found
    (moved,) = learn(devices, "10.0.0.7", NAMED, 1).events
    facts = moved.facts
    assert (facts.old_address, facts.address) == (place, "10.0.0.7")  # type: ignore[union-attr] # it moved
