"""One visit of one place: what the readers say together, and what is kept of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import ClassVar

import pytest

from pagemeter.clock import SystemClock
from pagemeter.component import Answer, Ask, NotAPrinter, Reader
from pagemeter.errors import AccessDenied, Unreachable
from pagemeter.inventory import Inventory
from pagemeter.model import Identity, MeterRead, MeterUnit, Origin, Reading, Scope, Target, Work
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
