"""One visit of one place: what the readers say together, and what is kept of it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pagemeter.clock import SystemClock
from pagemeter.component import Answer, Ask, NotAPrinter, Reader, Seen
from pagemeter.errors import AccessDenied, Forbidden, StoreError, Unreachable
from pagemeter.inventory import Inventory
from pagemeter.model import Event, Identity, JobRecord, MeterRead, MeterUnit, Origin, Reading, Scope, Target, Work
from pagemeter.store import Position, Store
from pagemeter.supervisor import Supervisor
from pagemeter.visits import EVERYTHING, Visits, joined

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
PLACE = Target(uri="host://10.0.0.7", found_by="static")
WHO = Identity(serial_number="SIM0004711", model="X")
Say = Callable[[Target, Ask], "Answer | NotAPrinter | None"]


def meter(value: int, protocol: str = "snmp") -> MeterRead:
    origin = Origin(protocol=protocol, where="somewhere")
    return MeterRead(work=Work.TOTAL, unit=MeterUnit.IMPRESSIONS, value=value, raw=str(value), origin=origin, at=NOW)


def reading(identity: Identity = WHO, *pages: int, protocol: str = "snmp") -> Reading:
    return Reading(identity=identity, scopes=EVERYTHING, meter_reads=tuple(meter(p, protocol) for p in pages))


class Told(Reader):
    """A reader that says what it is told to say, and counts how often and how many at once it is asked."""

    scopes: ClassVar[frozenset[Scope]] = EVERYTHING

    def __init__(self, say: Say, gate: asyncio.Event | None = None) -> None:
        self._say = say
        self._gate = gate
        self.asked: list[Ask] = []
        self.entered = asyncio.Event()

    async def read(self, target: Target, ask: Ask) -> Answer | NotAPrinter | None:
        self.asked.append(ask)
        self.entered.set()
        if self._gate is not None:
            await self._gate.wait()
        return self._say(target, ask)


class Site:
    """Readers, an inventory and a store that work together."""

    def __init__(self, store: Store, readers: tuple[Told, ...]) -> None:
        numbers = count(1)
        self.store = store
        self.inventory = Inventory(store.fleet(), store.aliases(), new_id=lambda: f"d{next(numbers)}")
        self.supervisors = [
            Supervisor[Reader](f"reader{number}", lambda reader=reader: reader, clock=SystemClock())  # type: ignore[misc]
            for number, reader in enumerate(readers)
        ]
        self.visits = Visits(self.supervisors, self.inventory, store, SystemClock())

    def kept(self) -> list[str]:
        return [type(document.body).__name__ for document in self.store.documents(Position(), 100)]


@asynccontextmanager
async def site(folder: Path, *readers: Told) -> AsyncIterator[Site]:
    async with Store.open(folder / "pagemeter.db", clock=SystemClock(), group_seconds=0.0) as store:
        here = Site(store, readers)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(supervisor.run()) for supervisor in here.supervisors]
            try:
                yield here
            finally:
                for task in tasks:
                    task.cancel()


def raising(error: Exception) -> Say:
    def say(target: Target, ask: Ask) -> Answer:
        raise error

    return say


async def test_what_a_visit_read_is_in_the_log_and_in_the_fleet_when_the_visit_ends(tmp_path: Path) -> None:
    reader = Told(lambda *_: Answer(readings=(reading(WHO, 42),), memory={"seen": 1}))
    async with site(tmp_path, reader) as here:
        visited = await here.visits.visit(PLACE)
        assert [snapshot.meter_reads[0].value for snapshot in visited.snapshots] == [42]
        assert here.kept() == ["DeviceSnapshot", "Event"]
        assert [entry.latest.device.serial_number for entry in here.store.fleet()] == ["SIM0004711"]
        assert here.store.memory("reader0", "d1") == {"seen": 1}


async def test_a_reader_gets_back_what_it_remembered_and_what_is_known_of_the_place(tmp_path: Path) -> None:
    reader = Told(lambda *_: Answer(readings=(reading(),), memory={"seen": 1}))
    async with site(tmp_path, reader) as here:
        await here.visits.visit(PLACE)
        await here.visits.visit(PLACE)
    assert [ask.memory for ask in reader.asked] == [{}, {"seen": 1}]
    assert [len(ask.known) for ask in reader.asked] == [0, 1]


async def test_the_second_reader_completes_the_first_and_never_mixes_into_a_meter(tmp_path: Path) -> None:
    first = Told(lambda *_: Answer(readings=(reading(Identity(serial_number="SIM0004711"), 42),)))
    second = Told(
        lambda *_: Answer(readings=(reading(Identity(model="X", serial_number="SIM0004711"), 43, protocol="ipp"),))
    )
    async with site(tmp_path, first, second) as here:
        (snapshot,) = (await here.visits.visit(PLACE)).snapshots
    assert snapshot.device.model == "X"
    assert [(read.value, read.origin.protocol) for read in snapshot.meter_reads] == [(42, "snmp")]
    assert snapshot.read_by == ("reader0", "reader1")


async def test_a_reader_that_fails_does_not_cost_what_another_one_read(tmp_path: Path) -> None:
    broken = Told(raising(RuntimeError("boom")))
    async with site(tmp_path, broken, Told(lambda *_: Answer(readings=(reading(WHO, 7),)))) as here:
        visited = await here.visits.visit(PLACE)
    assert [snapshot.meter_reads[0].value for snapshot in visited.snapshots] == [7]
    assert "boom" in visited.warnings[0]


async def test_silence_keeps_the_last_values_and_makes_one_event(tmp_path: Path) -> None:
    answers = iter([Answer(readings=(reading(WHO, 7),))])

    def say(target: Target, ask: Ask) -> Answer:
        try:
            return next(answers)
        except StopIteration:
            raise Unreachable("no answer") from None

    async with site(tmp_path, Told(say)) as here:
        for _ in range(3):
            visited = await here.visits.visit(PLACE)
        assert isinstance(visited.error, Unreachable)
        (entry,) = here.store.fleet()
        assert (entry.latest.meter_reads[0].value, entry.silent_since is not None) == (7, True)
        assert here.kept() == ["DeviceSnapshot", "Event", "Event"]


async def test_a_refusal_says_more_than_silence(tmp_path: Path) -> None:
    async with site(tmp_path, Told(raising(Unreachable("mute"))), Told(raising(AccessDenied("wrong user")))) as here:
        visited = await here.visits.visit(PLACE)
    assert isinstance(visited.error, AccessDenied)


async def test_what_is_no_printer_is_remembered_with_what_it_is(tmp_path: Path) -> None:
    async with site(tmp_path, Told(lambda *_: NotAPrinter(what="a switch"))) as here:
        visited = await here.visits.visit(PLACE)
        assert visited.not_a_printer is not None
        assert [(decoy.address, decoy.what) for decoy in here.store.decoys()] == [("host://10.0.0.7", "a switch")]
        assert here.kept() == []


async def test_meters_without_any_sign_of_whose_they_are_are_not_kept(tmp_path: Path) -> None:
    async with site(tmp_path, Told(lambda *_: Answer(readings=(reading(Identity(), 42),)))) as here:
        (snapshot,) = (await here.visits.visit(PLACE)).snapshots
    assert snapshot.meter_reads == ()
    assert [unknown.what for unknown in snapshot.unknown] == ["meters"]


async def test_two_visits_of_one_place_are_one_when_the_first_covers_the_second(tmp_path: Path) -> None:
    gate = asyncio.Event()
    reader = Told(lambda *_: Answer(readings=(reading(),)), gate)
    async with site(tmp_path, reader) as here, asyncio.TaskGroup() as group:
        first = group.create_task(here.visits.visit(PLACE))
        await reader.entered.wait()
        second = group.create_task(here.visits.visit(PLACE, frozenset({Scope.STATUS})))
        gate.set()
        assert await second == await first
    assert len(reader.asked) == 1


async def test_whoever_found_a_place_while_it_was_visited_is_noted_too(tmp_path: Path) -> None:
    gate = asyncio.Event()
    reader = Told(lambda *_: Answer(readings=(reading(),)), gate)
    async with site(tmp_path, reader) as here, asyncio.TaskGroup() as group:
        first = group.create_task(here.visits.visit(replace(PLACE, found_by="sweep")))
        await reader.entered.wait()
        second = group.create_task(here.visits.visit(replace(PLACE, found_by="broadcast")))
        gate.set()
        await asyncio.gather(first, second)
        (entry,) = here.store.fleet()
    assert (len(reader.asked), entry.latest.found_by) == (1, ("broadcast", "sweep"))


@pytest.mark.parametrize("same", ["serial_number", "uuid", "device_id"])
def test_parts_are_joined_where_one_sign_agrees_and_else_stand_side_by_side(same: str) -> None:
    def part(sign: str, model: str | None = None) -> Reading:
        signs = {
            "serial_number": Identity(model=model, serial_number=sign),
            "uuid": Identity(model=model, uuid=sign),
            "device_id": Identity(model=model, device_id=sign),
        }
        return reading(signs[same])

    mine = (part("one"), part("two"))
    theirs = (part("two", "second"), part("three", "third"))
    assert [one.identity.model for one in joined(mine, theirs)] == [None, "second", "third"]


def test_two_single_parts_with_other_serial_numbers_are_not_joined() -> None:
    other = replace(WHO, serial_number="SIM0009999")
    assert len(joined((reading(WHO),), (reading(other),))) == 2


class Tight(sqlite3.Connection):
    """A disk that is full while a test says so."""

    full: ClassVar[bool] = False

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        if sql == "COMMIT" and Tight.full:
            raise sqlite3.OperationalError("database or disk is full")
        return super().execute(sql, *values)


async def test_what_was_learned_while_the_disk_was_full_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "pagemeter.db"
    elsewhere = Target(uri="host://10.0.0.9", found_by="static")
    async with Store.open(path, clock=SystemClock(), group_seconds=0.0, connection=Tight) as store:
        here = Site(store, ())
        said = (reading(WHO, 7),)
        learned = partial(here.visits.gathered, source="usb")
        try:
            Tight.full = True
            for place in (PLACE, elsewhere):
                with pytest.raises(StoreError, match="full"):
                    await learned((Seen(target=place, readings=said),))
            assert here.kept() == []
        finally:
            Tight.full = False
        await learned((Seen(target=elsewhere, readings=said),))
        bodies = [document.body for document in store.documents(Position(), 100)]
        assert [body.kind for body in bodies if isinstance(body, Event)] == ["device-found", "device-moved"]
        assert store.fleet() == here.inventory.entries()
        assert here.inventory.owed() is None


async def test_two_printers_that_swap_their_addresses_stay_two_and_keep_their_own(tmp_path: Path) -> None:
    serials = {"10.0.0.1": "SIM000000A", "10.0.0.2": "SIM000000B"}
    both = asyncio.Barrier(2)

    class Swapping(Told):
        async def read(self, target: Target, ask: Ask) -> Answer:
            self.asked.append(ask)
            serial = serials[target.host]
            if not ask.known:
                return Answer(readings=(reading(Identity(serial_number=serial), 5),), memory={"of": serial})
            await both.wait()
            return Answer(readings=(reading(Identity(serial_number=serial), 6),), memory=ask.memory)

    places = [Target(uri=f"host://{address}", found_by="sweep") for address in serials]
    async with site(tmp_path, Swapping(lambda *_: None)) as here:
        for place in places:
            await here.visits.visit(place)
        ids = {entry.latest.device.serial_number: entry.latest.device.id for entry in here.inventory.entries()}
        serials = {"10.0.0.1": "SIM000000B", "10.0.0.2": "SIM000000A"}
        await asyncio.gather(*map(here.visits.visit, places))
        entries = here.inventory.entries()
        assert [(e.latest.device.serial_number, e.latest.target, e.silent_since) for e in entries] == [
            ("SIM000000B", "host://10.0.0.1", None),
            ("SIM000000A", "host://10.0.0.2", None),
        ]
        assert {e.latest.device.serial_number: e.latest.device.id for e in entries} == ids
        assert tuple(sorted(here.store.fleet(), key=lambda e: e.latest.target)) == entries
        for serial, device in ids.items():
            assert here.store.memory("reader0", device) == {"of": serial}
        events = [d.body for d in here.store.documents(Position(), 100) if isinstance(d.body, Event)]
        # The one that was displaced first is silent for the moment until its new place has answered.
        told = {device: [event.kind for event in events if event.device == device] for device in ids.values()}
        assert sorted(told.values()) == [
            ["device-found", "device-moved"],
            ["device-found", "device-silent", "device-back", "device-moved"],
        ]


HUGE = replace(meter(7), value=10**5000)
CYCLE: dict[str, Any] = {}
CYCLE["me"] = CYCLE
BREACHES: dict[str, Any] = {
    "a set to remember": Answer(readings=(reading(),), memory={"seen": {1}}),  # type: ignore[dict-item] # the breach
    "no number to remember": Answer(readings=(reading(),), memory={"seen": float("nan")}),
    "octets to remember": Answer(readings=(reading(),), memory={"seen": b"x"}),  # type: ignore[dict-item] # the breach
    "a list to remember": Answer(readings=(reading(),), memory=[1]),  # type: ignore[arg-type] # the breach
    "endless memory": Answer(readings=(reading(),), memory=CYCLE),
    "too much to remember": Answer(readings=(reading(),), memory={"seen": "x" * (2 << 20)}),
    "half a character": Answer(readings=(reading(),), memory={"seen": "\ud800"}),
    "no readings but a number": Answer(readings=7),  # type: ignore[arg-type] # the breach
    "readings of another type": Answer(readings=("a printer",)),  # type: ignore[arg-type] # the breach
    "a field of another type": Answer(readings=(replace(reading(), identity=Identity(model=7)),)),  # type: ignore[arg-type] # the breach
    "no identity": Answer(readings=(replace(reading(), identity=None),)),  # type: ignore[arg-type] # the breach
    "a count beyond all numbers": Answer(readings=(replace(reading(), meter_reads=(HUGE,)),)),
    "a time without zone": Answer(
        readings=(replace(reading(), meter_reads=(replace(meter(7), at=datetime(2026, 1, 1)),)),)  # noqa: DTZ001 - the breach
    ),
    "a book on the panel": Answer(readings=(replace(reading(), panel=("x" * (2 << 20),)),)),
    "a job of another type": Answer(jobs=("a job",)),  # type: ignore[arg-type] # the breach
    "a job without words": Answer(jobs=(JobRecord(id=7),)),  # type: ignore[arg-type] # the breach
    "nobody": NotAPrinter(what=None),  # type: ignore[arg-type] # the breach
}


@pytest.mark.parametrize("breach", BREACHES.values(), ids=BREACHES)
async def test_an_answer_that_breaks_the_contract_costs_itself_and_names_its_reader(
    tmp_path: Path, breach: Answer | NotAPrinter
) -> None:
    healthy = Told(lambda *_: Answer(readings=(reading(WHO, 7),), memory={"seen": 1}))
    async with site(tmp_path, Told(lambda *_: breach), healthy) as here:
        visited = await here.visits.visit(PLACE)
        assert [snapshot.meter_reads[0].value for snapshot in visited.snapshots] == [7]
        assert visited.snapshots[0].read_by == ("reader1",)
        assert visited.warnings[0].startswith("reader0: read: ")
        assert len(visited.warnings[0]) < 200
        assert here.store.memory("reader1", "d1") == {"seen": 1}
        assert here.store.memory("reader0", "d1") == {}


async def test_a_reader_that_told_nothing_is_not_among_those_that_read(tmp_path: Path) -> None:
    async with site(
        tmp_path, Told(lambda *_: Answer(memory={"seen": 1})), Told(lambda *_: Answer(readings=(reading(),)))
    ) as here:
        (snapshot,) = (await here.visits.visit(PLACE)).snapshots
        assert snapshot.read_by == ("reader1",)
        assert here.store.memory("reader0", "d1") == {"seen": 1}


async def test_a_reader_that_remembers_that_nobody_was_there_does_not_hide_the_silence(tmp_path: Path) -> None:
    """IPP remembers how long it leaves a printer alone: that is no answer of the printer."""
    memories = iter([{"seen": 1}, {"alone": 1}, {"alone": 2}])
    there = iter([True])

    def say(target: Target, ask: Ask) -> Answer:
        readings = (reading(),) if next(there, False) else ()
        return Answer(readings=readings, memory=next(memories))

    async with site(tmp_path, Told(say)) as here:
        await here.visits.visit(PLACE)
        for alone in (1, 2):
            visited = await here.visits.visit(PLACE)
            assert isinstance(visited.error, Unreachable)
            assert here.inventory.entries()[0].silent_since is not None
            assert here.store.memory("reader0", "d1") == {"alone": alone}
        assert here.kept() == ["DeviceSnapshot", "Event", "Event"]


async def test_a_memory_beside_a_reader_that_failed_does_not_hide_the_silence(tmp_path: Path) -> None:
    answers: list[Answer | Exception] = [Answer(readings=(reading(),)), Unreachable("no answer")]

    def say(target: Target, ask: Ask) -> Answer:
        if isinstance(answer := answers.pop(0), Exception):
            raise answer
        return answer

    async with site(tmp_path, Told(say), Told(lambda *_: Answer(memory={"alone": 1}))) as here:
        await here.visits.visit(PLACE)
        await here.visits.visit(PLACE)
        assert here.inventory.entries()[0].silent_since is not None


async def test_a_reader_of_jobs_that_has_none_to_tell_but_remembers_is_an_answer(tmp_path: Path) -> None:
    answers = iter([Answer(readings=(reading(),)), Answer(memory={"last": 7})])
    reader = Told(lambda *_: next(answers))
    reader.scopes = EVERYTHING | {Scope.JOBS}  # type: ignore[misc] # this reader's own
    async with site(tmp_path, reader) as here:
        await here.visits.visit(PLACE)
        visited = await here.visits.visit(PLACE, frozenset({Scope.JOBS}))
        assert visited.error is None
        assert here.inventory.entries()[0].silent_since is None
        assert here.store.memory("reader0", "d1") == {"last": 7}


async def test_a_device_is_not_silent_because_nobody_can_read_its_jobs(tmp_path: Path) -> None:
    reader = Told(lambda *_: Answer(readings=(reading(WHO, 7),)))
    async with site(tmp_path, reader) as here:
        await here.visits.visit(PLACE)
        visited = await here.visits.visit(PLACE, frozenset({Scope.JOBS}))
        assert (visited.error, visited.snapshots, len(reader.asked)) == (None, (), 1)
        assert here.inventory.entries()[0].silent_since is None
        assert here.kept() == ["DeviceSnapshot", "Event"]


async def test_jobs_belong_to_the_printer_that_told_them_and_are_kept_without_a_reading_too(tmp_path: Path) -> None:
    answers = iter([Answer(readings=(reading(),), jobs=(JobRecord(id="a"),)), Answer(jobs=(JobRecord(id="b"),))])
    async with site(tmp_path, Told(lambda *_: next(answers))) as here:
        await here.visits.visit(PLACE)
        second = await here.visits.visit(PLACE)
        jobs = [d.body for d in here.store.documents(Position(), 100) if isinstance(d.body, JobRecord)]
        assert [(job.id, job.device) for job in jobs] == [("a", "d1"), ("b", None)]
        assert second.error is None
        assert here.inventory.entries()[0].silent_since is None


async def test_an_address_that_a_printer_got_is_no_longer_what_is_no_printer(tmp_path: Path) -> None:
    answers = iter((NotAPrinter(what="a switch"), Answer(readings=(reading(),))))
    async with site(tmp_path, Told(lambda *_: next(answers))) as here:
        await here.visits.visit(PLACE)
        assert len(here.store.decoys()) == 1
        await here.visits.visit(PLACE)
        assert here.store.decoys() == ()


async def test_a_device_that_the_fence_has_shut_out_is_not_silent(tmp_path: Path) -> None:
    answers: list[Answer | Exception] = [
        Answer(readings=(reading(),)),
        Forbidden("host://10.0.0.7 is outside the networks"),
    ]

    def say(target: Target, ask: Ask) -> Answer:
        said = answers.pop(0)
        if isinstance(said, Exception):
            raise said
        return said

    async with site(tmp_path, Told(say)) as here:
        await here.visits.visit(PLACE)
        visited = await here.visits.visit(PLACE)
        (entry,) = here.store.fleet()
    assert isinstance(visited.error, Forbidden)
    assert entry.silent_since is None
