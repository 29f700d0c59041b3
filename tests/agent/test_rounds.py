"""What a cycle does: targets that are found, devices that are visited, and one that breaks costs only itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import JsonValue

from pagemeter.clock import Clock, SystemClock
from pagemeter.component import Answer, Ask, Discovery, Gathered, Memory, NotAPrinter, Reader, Source
from pagemeter.errors import AccessDenied, PluginError, QuietHours, Unreachable
from pagemeter.inventory import Inventory
from pagemeter.model import AgentStatus, Identity, Reading, Scope, Target
from pagemeter.progress import Progress
from pagemeter.rounds import DECOY_REST, METERS, Rounds
from pagemeter.store import Position, Store
from pagemeter.supervisor import Supervisor
from pagemeter.testing.clock import FakeClock
from pagemeter.visits import Visits


def at(number: int) -> Target:
    return Target(uri=f"host://10.0.0.{number}", found_by="told")


class Told(Discovery):
    """Yields what it is told to; raises what is an exception."""

    def __init__(self, *found: object) -> None:
        self._found = found
        self.memories: list[Memory] = []

    async def discover(self, memory: Memory) -> AsyncIterator[Any]:
        self.memories.append(memory)
        for one in self._found:
            if isinstance(one, BaseException):
                raise one
            yield one


class Answers(Reader):
    """Answers for each host as it is told; where nothing is told is a printer with the host as its serial number."""

    scopes: ClassVar[frozenset[Scope]] = METERS

    def __init__(self, **hosts: Exception | NotAPrinter) -> None:
        self._hosts = {f"10.0.0.{name.removeprefix('h')}": answer for name, answer in hosts.items()}
        self.asked: list[str] = []

    async def read(self, target: Target, ask: Ask) -> Answer | NotAPrinter | None:
        self.asked.append(target.host)
        answer = self._hosts.get(target.host)
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            return answer
        return Answer(readings=(Reading(identity=Identity(serial_number=target.host), scopes=ask.scopes),))


class Batches(Source):
    """Yields batches, and keeps the cursors that it began at."""

    def __init__(self, *batches: object) -> None:
        self._batches = batches
        self.began: list[dict[str, JsonValue]] = []

    async def collect(self, cursors: Mapping[str, JsonValue]) -> AsyncIterator[Any]:
        self.began.append(dict(cursors))
        for batch in self._batches:
            yield batch


class Site:
    """Rounds with all that they need, and the supervisors of the components that are handed in."""

    def __init__(self, store: Store, clock: Clock, reader: Reader, group: asyncio.TaskGroup) -> None:
        numbers = count(1)
        self.store = store
        self.inventory = Inventory(store.fleet(), store.aliases(), new_id=lambda: f"d{next(numbers)}")
        self.seen: list[Progress] = []
        self._group = group
        self.tasks: list[asyncio.Task[None]] = []
        visits = Visits([self.supervised("reader", reader)], self.inventory, store, SystemClock())
        self.rounds = Rounds(
            visits=visits, inventory=self.inventory, store=store, clock=clock, watcher=self.seen.append
        )

    def supervised(self, name: str, component: Any) -> Supervisor[Any]:
        supervisor: Supervisor[Any] = Supervisor(name, lambda: component, clock=SystemClock())
        self.tasks.append(self._group.create_task(supervisor.run()))
        return supervisor


@asynccontextmanager
async def site(folder: Path, reader: Reader, clock: Clock | None = None) -> AsyncIterator[Site]:
    clock = clock or SystemClock()
    async with (
        Store.open(folder / "pagemeter.db", clock=clock, group_seconds=0.0) as store,
        asyncio.TaskGroup() as group,
    ):
        here = Site(store, clock, reader, group)
        try:
            yield here
        finally:
            for task in here.tasks:
                task.cancel()


async def test_each_target_is_visited_once_however_often_it_is_found(tmp_path: Path) -> None:
    reader = Answers()
    async with site(tmp_path, reader) as here:
        result = await here.rounds.discover(here.supervised("told", Told(at(1), at(2), at(1))))
    assert sorted(reader.asked) == ["10.0.0.1", "10.0.0.2"]
    assert (result.answered, result.failed, result.silent) == (2, {}, [])


async def test_each_answer_is_counted_as_what_it_is(tmp_path: Path) -> None:
    reader = Answers(
        h2=NotAPrinter(what="a switch"),
        h3=Unreachable("host://10.0.0.3 did not answer"),
        h4=AccessDenied("host://10.0.0.4 refuses the community"),
        h5=QuietHours("host://10.0.0.5 is left alone until 06:00"),
        h6=ValueError("no eyes"),
    )
    async with site(tmp_path, reader) as here:
        result = await here.rounds.discover(here.supervised("told", Told(*(at(number) for number in range(1, 7)))))
    assert (result.answered, result.not_printers, result.quiet) == (1, 1, 1)
    assert result.silent == ["host://10.0.0.3"]
    assert set(result.failed) == {"host://10.0.0.4", "host://10.0.0.6"}
    assert "no eyes" in result.failed["host://10.0.0.6"]


@pytest.mark.parametrize(("what", "reason"), [(ValueError("no map"), "no map"), (7, "discover yielded int")])
async def test_what_was_found_before_a_discovery_failed_is_visited_all_the_same(
    tmp_path: Path, what: object, reason: str
) -> None:
    async with site(tmp_path, Answers()) as here:
        result = await here.rounds.discover(here.supervised("told", Told(at(1), what, at(2))))
    assert result.answered == 1
    assert reason in result.failed["told"]


async def test_a_discovery_gets_back_what_it_remembered(tmp_path: Path) -> None:
    told = Told({"resume": 7}, at(1))
    async with site(tmp_path, Answers()) as here:
        supervisor = here.supervised("told", told)
        await here.rounds.discover(supervisor)
        await here.rounds.discover(supervisor)
    assert told.memories == [{}, {"resume": 7}]


async def test_what_is_no_printer_is_left_alone_until_its_rest_is_over(tmp_path: Path) -> None:
    reader = Answers(h1=NotAPrinter(what="a switch"))
    clock = FakeClock()
    async with site(tmp_path, reader, clock) as here:
        supervisor = here.supervised("told", Told(at(1)))
        asked = []
        for days in (0, 1, DECOY_REST.days):
            clock.set_wall_clock(clock.now().replace(tzinfo=UTC) + DECOY_REST / DECOY_REST.days * days)
            await here.rounds.discover(supervisor)
            asked.append(len(reader.asked))
    assert asked == [1, 1, 2]


async def test_every_known_device_is_visited_and_each_is_told_to_the_watcher(tmp_path: Path) -> None:
    reader = Answers()
    async with site(tmp_path, reader) as here:
        await here.rounds.discover(here.supervised("told", Told(at(1), at(2), at(3))))
        here.seen.clear()
        reader.asked.clear()
        result = await here.rounds.visit_all(METERS, "Reading")
        assert sorted(reader.asked) == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
        assert [(step.done, step.total) for step in here.seen] == [(1, 3), (2, 3), (3, 3)]
    assert result.answered == 3


async def test_a_source_goes_on_where_its_cursor_was_kept(tmp_path: Path) -> None:
    source = Batches(Gathered(stream="log", cursor=10), Gathered(stream="log", cursor=20))
    async with site(tmp_path, Answers()) as here:
        supervisor = here.supervised("jobs", source)
        await here.rounds.gather(supervisor)
        await here.rounds.gather(supervisor)
    assert source.began == [{}, {"log": 20}]


async def test_a_batch_of_another_type_ends_the_source_and_keeps_what_came_before(tmp_path: Path) -> None:
    source = Batches(Gathered(stream="log", cursor=10), 7, Gathered(stream="log", cursor=20))
    async with site(tmp_path, Answers()) as here:
        with pytest.raises(PluginError, match="jobs: collect yielded int"):
            await here.rounds.gather(here.supervised("jobs", source))
        assert here.store.cursors("jobs") == {"log": 10}


async def test_the_agents_own_status_is_a_document(tmp_path: Path) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    async with site(tmp_path, Answers()) as here:
        status = AgentStatus(agent=here.store.agent, version="0.1.0", started_at=now, at=now)
        await here.rounds.say(status)
        assert [document.body for document in here.store.documents(Position(), 10)] == [status]
