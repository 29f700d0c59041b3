"""A device with two interfaces: one of its addresses is its place, the other one is no move."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from pagemeter.inventory import Inventory, Learned
from pagemeter.model import FleetEntry, Identity, Reading, Scope, Target, host_uri

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
CABLE, RADIO = "10.0.0.7", "10.0.0.9"
MACS = {CABLE: "00:c0:ee:00:00:01", RADIO: "00:c0:ee:00:00:11"}


class Home:
    """An inventory and what a store would hold of it; each look is a quarter of an hour after the one before."""

    def __init__(self) -> None:
        self.numbers = count(1)
        self.entries: dict[str, FleetEntry] = {}
        self.now = START
        self.begin()

    def begin(self) -> None:
        self.inventory = Inventory(self.entries.values(), {}, new_id=lambda: f"d{next(self.numbers)}")

    def look(self, address: str) -> list[str]:
        """Meet the device at an address, where it tells the MAC of that interface alone."""
        who = Identity(serial_number="VSM0000001", manufacturer="Kyocera", macs=(MACS[address],))
        target = Target(uri=host_uri(address), found_by="sweep")
        read = (Reading(identity=who, scopes=frozenset(Scope)),)
        return self.kept(lambda at: self.inventory.learn(target, read, at=at, read_by=("printer_mib",)))

    def miss(self, address: str) -> list[str]:
        """Meet nobody there."""
        return self.kept(lambda at: self.inventory.silent(host_uri(address), at=at))

    def kept(self, work: Callable[[datetime], Learned]) -> list[str]:
        self.now += timedelta(minutes=15)
        learned = work(self.now)
        self.entries |= {entry.latest.device.id: entry for entry in learned.entries}
        return [event.kind for event in learned.events]

    @property
    def entry(self) -> FleetEntry:
        (entry,) = self.entries.values()
        return entry


@pytest.fixture
def home() -> Home:
    return Home()


def test_an_agent_that_starts_anew_before_each_round_tells_the_second_address_once(home: Home) -> None:
    told = []
    for _ in range(4):
        home.begin()
        told.append(home.look(CABLE) + home.look(RADIO))
    # In the second round it is learned that both answer.
    assert told == [["device-found", "device-moved"], ["device-moved"], [], []]
    assert set(home.entry.latest.device.addresses) == {CABLE, RADIO}


def test_a_device_that_answers_at_its_other_address_alone_has_moved_there_and_is_not_silent(home: Home) -> None:
    for address in (CABLE, RADIO, CABLE):
        home.look(address)
    assert home.entry.latest.target == host_uri(RADIO)
    assert home.miss(RADIO) == ["device-moved"]
    assert (home.entry.latest.target, home.entry.silent_since) == (host_uri(CABLE), None)
    assert home.entry.latest.device.addresses == (CABLE, RADIO)
    assert home.miss(CABLE) == ["device-silent"]
    assert home.look(RADIO) == ["device-back", "device-moved"]


def test_where_it_was_met_last_nobody_answers_and_it_is_silent(home: Home) -> None:
    for address in (CABLE, RADIO, CABLE, RADIO):
        home.look(address)
    assert home.miss(RADIO) == ["device-silent"]
    assert home.miss(RADIO) == home.miss(CABLE) == []
