"""The index of the roster finds whom a look at every device finds, whatever devices share; entries are held packed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pagemeter.fleet import Fleet, packed
from pagemeter.inventory import Inventory
from pagemeter.inventory.merge import told
from pagemeter.inventory.recognition import candidates_of
from pagemeter.inventory.roster import MOST_UNPACKED, Roster
from pagemeter.model import (
    Device,
    DeviceSnapshot,
    FleetEntry,
    HostName,
    Identity,
    NameOrigin,
    Origin,
    Reading,
    Scope,
    Target,
    host_uri,
)

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
GENERAL, IPP = Origin(protocol="snmp", where="1.3.6.1.2.1.43.5.1.1.17.1"), Origin(protocol="ipp", where="serial")

# What a fleet may share: a card's address, a UUID, names; serial numbers that differ by zeros, and placeholders.
identities = st.builds(
    Identity,
    serial_number=st.sampled_from([None, "K1000001", "0K1000001", "K-1000001", "K1000002", "K1000003", "0000000"]),
    manufacturer=st.sampled_from([None, "HP", "Hewlett-Packard", "Ricoh", "Lanier"]),
    model=st.sampled_from([None, "M 9001", "M 9002"]),
    uuid=st.sampled_from([None, "e3248000-80ce-11db-8000-001ba9000001", "e3248000-80ce-11db-8000-001ba9000002"]),
    macs=st.lists(st.sampled_from(["00:c0:ee:00:00:01", "00:c0:ee:00:00:02", "02:c0:ee:00:00:01"]), max_size=2).map(
        tuple
    ),
    host_names=st.sampled_from([(), *((HostName(name=name, origin=NameOrigin.DNS),) for name in ("prn-1", "prn-2"))]),
    addresses=st.sampled_from([(), ("10.0.0.1", "10.0.0.2"), ("10.0.0.9",)]),
)
readings = st.builds(
    Reading,
    identity=identities,
    origins=st.sampled_from([(), (("serial_number", GENERAL),), (("serial_number", IPP),)]),
    scopes=st.just(frozenset(Scope)),
)
places = st.sampled_from(
    [
        *(host_uri(f"10.0.0.{number}") for number in range(1, 5)),
        "snmp://10.0.0.1:1161",
        "ipp://10.0.0.2/ipp/print",
        "usb://HP/M9001?serial=K1000001",
    ]
)
visits = st.tuples(places, st.lists(readings, min_size=1, max_size=2).map(tuple))
darkness = st.tuples(places, st.just(()))


@settings(max_examples=400, deadline=None)
@given(st.lists(st.one_of(visits, visits, visits, darkness), max_size=25), readings, places)
def test_the_index_finds_the_candidates_that_a_look_at_every_device_finds(
    history: list[Any], reading: Reading, place: str
) -> None:
    devices, number = Inventory((), {}, new_id=map("d{:03}".format, count()).__next__), count()
    for uri, read in (*history, (place, (reading,))):
        at = START + timedelta(minutes=15 * next(number))
        entries = sorted(devices.entries(), key=lambda entry: entry.latest.device.id)
        roster = Roster(entries, {})
        there = roster.by("place", uri)
        for one in read:
            found = candidates_of(one, roster.like(one.identity, uri), uri, read=read, there=there)
            assert found == candidates_of(one, entries, uri, read=read, there=there)
        if read:
            devices.learn(Target(uri=uri, found_by="sweep"), read, at=at, read_by=())
        else:
            devices.silent(uri, at=at)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), places, identities), max_size=20))
def test_an_index_after_many_changes_is_the_index_of_what_is_there(changes: list[tuple[str, str, Identity]]) -> None:
    roster = Roster((), {})
    now: dict[str, FleetEntry] = {}
    for key, place, identity in changes:
        now[key] = entry(key, place, identity)
        roster.put(now[key])
    fresh = Roster(now.values(), {})
    for _, place, identity in changes:
        assert roster.like(identity, place) == fresh.like(identity, place)
        assert roster.by("place", place) == fresh.by("place", place)
        for mac in identity.macs:
            assert roster.by("mac", mac.replace(":", "")) == fresh.by("mac", mac.replace(":", ""))


def test_of_many_devices_with_one_network_card_only_the_one_that_is_read_is_looked_at() -> None:
    card, name = ("00:c0:ee:00:00:01",), (HostName(name="prn-1", origin=NameOrigin.DNS),)
    roster = Roster((), {})
    for number in range(1, 201):
        who = Identity(serial_number=f"K{number:07}", model="M 9001", macs=card, host_names=name)
        roster.put(entry(f"d{number:03}", host_uri(f"10.0.1.{number}"), who))
    who = Identity(serial_number="K0000007", model="M 9001", macs=card, host_names=name)
    assert [one.latest.device.id for one in roster.like(who, host_uri("10.0.1.9"))] == ["d007", "d009"]
    mute = Identity(model="M 9001", macs=card)
    assert len(roster.like(mute, host_uri("10.0.1.9"))) == 200


def test_a_roster_holds_more_devices_than_values_and_gives_each_back_as_it_was_put() -> None:
    entries = {
        f"d{number:03}": entry(f"d{number:03}", host_uri(f"10.0.1.{number}"), Identity(serial_number=f"K{number:07}"))
        for number in range(3 * MOST_UNPACKED)
    }
    roster = Roster(entries.values(), {})
    assert len(roster) == len(entries)
    for key, one in entries.items():
        assert roster.get(key) == one
    newest = roster.get("d000")
    assert newest is not None
    data = roster.data_of(newest)
    assert data == packed(newest)
    assert roster.data_of(entry("d000", host_uri("10.0.1.0"), Identity())) is None
    assert roster.fleet(entries) == tuple(entries.values())
    assert Roster(roster.fleet(entries), {}).fleet(entries) == tuple(entries.values())


def test_an_entry_that_can_not_be_written_stays_what_it_is() -> None:
    wrong: Any = 3
    bad = entry("bad", host_uri("10.0.1.1"), Identity(location=wrong))
    roster = Roster([bad], {})
    for number in range(2 * MOST_UNPACKED):
        roster.put(entry(f"d{number:03}", host_uri(f"10.0.2.{number}"), Identity()))
    assert roster.get("bad") is bad
    assert roster.data_of(bad) is None
    assert list(roster.fleet(["bad"])) == [bad]


def test_what_is_asked_of_a_whole_fleet_follows_each_change() -> None:
    devices = Inventory((), {}, new_id=map("d{:03}".format, count()).__next__)
    for number in (9, 10, 1):
        who = Identity(serial_number=f"K{number:07}", addresses=(f"10.0.0.{number}", f"10.1.0.{number}"))
        target = Target(uri=host_uri(f"10.0.0.{number}"), found_by="sweep")
        devices.learn(target, (Reading(identity=who),), at=START, read_by=())
    assert len(devices) == 3
    assert [place.host for place in devices.places()] == ["10.0.0.1", "10.0.0.9", "10.0.0.10"]
    assert devices.silent_devices() == frozenset()
    devices.silent(host_uri("10.0.0.9"), at=START)
    (gone,) = devices.at(host_uri("10.0.0.9"))
    assert devices.silent_devices() == {gone.latest.device.id}
    assert [place.host for place in devices.places()] == ["10.0.0.1", "10.0.0.9", "10.1.0.9", "10.0.0.10"]
    assert isinstance(devices.entries(), Fleet)
    assert [one.latest.target for one in devices.entries()] == [host_uri(f"10.0.0.{n}") for n in (1, 9, 10)]


def entry(key: str, place: str, who: Identity) -> FleetEntry:
    device = told(Device(id=key), who, addresses=who.addresses)
    return FleetEntry(latest=DeviceSnapshot(device=device, target=place, taken_at=START), first_seen=START)
