"""Whatever devices do to addresses: with full serial numbers there are as many ids as devices, for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from pagemeter.inventory import Inventory
from pagemeter.model import FleetEntry, Identity, Reading, Scope, Target, host_uri

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
MAKERS = {"HP": ("HP", "Hewlett-Packard", "HP Inc."), "Kyocera": ("Kyocera", "KYOCERA"), "Ricoh": ("Ricoh", "RICOH")}
SERIALS = ("K1000001", "K1000002", "K1000003", "AB12345678", "9X00077")
PLACES = tuple(f"10.0.0.{number}" for number in range(1, 6))
MACS = tuple(f"00:c0:ee:00:00:0{number}" for number in range(1, 5))
UUIDS = ("e3248000-80ce-11db-8000-001ba9000001", "00000000-0000-0000-0000-000000000000", None)

device = st.tuples(st.sampled_from(sorted(MAKERS)), st.sampled_from(SERIALS))
sight = st.fixed_dictionaries(
    {
        "device": device,
        "place": st.sampled_from(PLACES),
        "spelling": st.integers(0, 2),
        "macs": st.lists(st.sampled_from(MACS), max_size=2, unique=True),
        "uuid": st.sampled_from(UUIDS),
        "model": st.sampled_from(["M 9001", "M 9002", None]),
        "padding": st.sampled_from(["", " "]),
    }
)
darkness = st.fixed_dictionaries({"dark": st.sampled_from(PLACES)})
restart = st.just({"restart": True})


class Life:
    """An inventory, what it told, and what a store would hold of it."""

    def __init__(self) -> None:
        self.numbers = count(1)
        self.aliases: dict[str, str] = {}
        self.entries: dict[str, FleetEntry] = {}
        self.now = START
        self.inventory = self.begun()

    def begun(self) -> Inventory:
        return Inventory(self.entries.values(), self.aliases, new_id=lambda: f"d{next(self.numbers)}")

    def step(self, told: dict[str, object]) -> str | None:
        """Let one thing happen; returns the id of the device that was seen."""
        self.now += timedelta(minutes=15)
        if "restart" in told:
            self.inventory = self.begun()
            return None
        if "dark" in told:
            learned = self.inventory.silent(host_uri(str(told["dark"])), at=self.now)
        else:
            target = Target(uri=host_uri(str(told["place"])), found_by="sweep")
            learned = self.inventory.learn(target, (reading(told),), at=self.now, read_by=("printer_mib",))
        self.entries |= {entry.latest.device.id: entry for entry in learned.entries}
        self.aliases |= dict(learned.aliases)
        for alias, _ in learned.aliases:
            del self.entries[alias]
        return learned.snapshots[0].device.id if learned.snapshots else None


def reading(told: dict[str, object]) -> Reading:
    maker, serial = told["device"]  # type: ignore[misc] # drawn so
    spellings = MAKERS[maker]  # type: ignore[has-type]
    identity = Identity(
        manufacturer=spellings[told["spelling"] % len(spellings)],  # type: ignore[operator]
        serial_number=f"{serial}{told['padding']}",  # type: ignore[has-type]
        macs=tuple(told["macs"]),  # type: ignore[arg-type]
        uuid=told["uuid"],  # type: ignore[arg-type]
        model=told["model"],  # type: ignore[arg-type]
    )
    return Reading(identity=identity, scopes=frozenset(Scope))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(sight, sight, sight, darkness, restart), max_size=40))
def test_there_are_as_many_ids_as_devices_and_an_id_never_changes_its_serial(history: list[dict[str, object]]) -> None:
    life = Life()
    ids: dict[str, set[object]] = {}
    for told in history:
        if (seen := life.step(told)) is not None:
            ids.setdefault(seen, set()).add(told["device"])
    assert all(len(devices) == 1 for devices in ids.values())
    assert len(ids) == len({told["device"] for told in history if "device" in told})
    assert life.aliases == {}
    assert {entry.latest.device.id: entry for entry in life.inventory.entries()} == life.entries


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(sight, sight, darkness, restart), max_size=40), st.data())
def test_with_serial_numbers_that_come_and_go_two_that_were_told_are_never_one(
    history: list[dict[str, object]], data: st.DataObject
) -> None:
    """What tells no serial number may become anybody's, but no id ever holds two numbers."""
    life = Life()
    serials: dict[str, set[object]] = {}
    for told in history:
        mute = "device" in told and data.draw(st.booleans())
        step = {**told, "device": (told["device"][0], ""), "padding": ""} if mute else told  # type: ignore[index]
        if (seen := life.step(step)) is not None and not mute:
            serials.setdefault(seen, set()).add(told["device"])
    whole: dict[str, set[object]] = {}
    for key, told_of_it in serials.items():
        whole.setdefault(life.aliases.get(key, key), set()).update(told_of_it)
    assert all(len(devices) == 1 for devices in whole.values())
    assert not set(life.aliases) & {entry.latest.device.id for entry in life.inventory.entries()}
    assert set(life.aliases.values()) <= {entry.latest.device.id for entry in life.inventory.entries()}
