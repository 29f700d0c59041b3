"""What a discovery found is not forgotten: neither by a kill nor by a full waiting room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from ipaddress import ip_network
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pagemeter.clock import SystemClock
from pagemeter.component import Answer, Ask, Discovery, Memory, Reader
from pagemeter.due import Due
from pagemeter.inventory import Inventory
from pagemeter.job_details import JobPrivacy
from pagemeter.model import Identity, JobDetails, Reading, Scope, Target
from pagemeter.net.fence import Fence, FencedNetwork
from pagemeter.rounds import Rounds
from pagemeter.site import Site
from pagemeter.store import Keep, Store
from pagemeter.supervisor import Supervisor
from pagemeter.visitors import MOST_VISITORS, Visitors
from pagemeter.visits import Visits


def at(number: int) -> Target:
    return Target(uri=f"host://10.0.{number // 256}.{number % 256}", found_by="told")


class Told(Discovery):
    """Yields what it is told to, then waits for what it is told to wait for."""

    def __init__(self, *found: object, then: asyncio.Event | None = None) -> None:
        self._found, self._then = found, then
        self.told = asyncio.Event()
        self.memories: list[Memory] = []

    async def discover(self, memory: Memory) -> AsyncIterator[Any]:
        self.memories.append(memory)
        for one in self._found:
            yield one
        self.told.set()
        if self._then is not None:
            await self._then.wait()


class Slow(Reader):
    """Answers when ``gate`` is open, and before that for those who are ``quick``."""

    scopes: ClassVar[frozenset[Scope]] = frozenset({Scope.IDENTITY})

    def __init__(self, *quick: str) -> None:
        self.gate = asyncio.Event()
        self.asked: list[str] = []
        self._quick = quick

    async def read(self, target: Target, ask: Ask) -> Answer:
        self.asked.append(target.host)
        if target.host not in self._quick:
            await self.gate.wait()
        return Answer(readings=(Reading(identity=Identity(serial_number=target.host), scopes=ask.scopes),))


@asynccontextmanager
async def rounds(folder: Path, reader: Reader, discovery: Discovery) -> AsyncIterator[tuple[Rounds, Any, Store]]:
    clock, numbers = SystemClock(), count(1)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(Store.open(folder / "pagemeter.db", clock=clock, group_seconds=0.0))
        group = await stack.enter_async_context(asyncio.TaskGroup())
        inventory = Inventory(store.fleet(), store.aliases(), new_id=lambda: f"d{next(numbers)}")
        privacy = JobPrivacy(level=JobDetails.OFF, key=lambda: store.pseudonym_key)
        supervisors: list[Supervisor[Any]] = [
            Supervisor("reader", lambda: reader, clock=clock),
            Supervisor("told", lambda: discovery, clock=clock),
        ]
        tasks = [group.create_task(supervisor.run()) for supervisor in supervisors]
        fence = Fence([FencedNetwork(network=ip_network("10.0.0.0/16"))])
        made = Rounds(
            visits=Visits([supervisors[0]], inventory, store, clock, privacy=privacy),
            inventory=inventory,
            store=store,
            site=Site(store=store, inventory=inventory, fence=fence, clock=clock),
            fence=fence,
            privacy=privacy,
            clock=clock,
            watcher=lambda _: None,
        )
        try:
            yield made, supervisors[1], store
        finally:
            for task in tasks:
                task.cancel()


async def cut(made: Rounds, supervisor: Any, told: asyncio.Event) -> None:
    """Begin a discovery, and leave it in the middle as a kill does: nothing is kept behind that."""
    run = asyncio.create_task(made.discover(supervisor))
    await told.wait()
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)


async def test_who_was_found_and_not_visited_at_the_kill_is_visited_at_the_next_start(tmp_path: Path) -> None:
    reader = Slow(at(1).host)
    told = Told(at(1), {"n": 1}, at(2), at(3), {"n": 2}, then=asyncio.Event())
    async with rounds(tmp_path, reader, told) as (made, supervisor, store):
        assert not made.was_interrupted("told")
        await cut(made, supervisor, told.told)
        assert made.was_interrupted("told")
        assert {place.host for place in Due(store, "told").left} >= {at(2).host, at(3).host}
    reader, told = Slow(), Told({})
    reader.gate.set()
    async with rounds(tmp_path, reader, told) as (made, supervisor, store):
        result = await made.discover(supervisor)
        assert told.memories == [{"n": 2}]
        assert set(reader.asked) >= {at(2).host, at(3).host}
        assert result.failed == {}
        assert not made.was_interrupted("told")
        assert Due(store, "told").left == ()


async def test_a_discovery_goes_on_while_a_slow_device_is_visited(tmp_path: Path) -> None:
    reader = Slow()
    told = Told(at(1), {"n": 1}, *map(at, range(2, 900)), {"n": 2})
    async with rounds(tmp_path, reader, told) as (made, supervisor, store):
        run = asyncio.create_task(made.discover(supervisor))
        await told.told.wait()
        assert len(Due(store, "told").left) == 899
        reader.gate.set()
        result = await run
    assert result.answered == 899
    assert len(reader.asked) == 899


async def test_places_found_between_two_memories_share_a_slot_that_is_used_again(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "pagemeter.db", clock=SystemClock(), group_seconds=0.0) as store:
        due = Due(store, "told")
        for turn in range(5):
            for place in map(at, range(10)):
                due.found(place)
            await store.keep(Keep(memories=due.changes()), at_once=True)
            assert len(Due(store, "told").left) == 10
            for place in map(at, range(turn, 10)):
                due.visited(place)
            for place in map(at, range(turn)):
                due.visited(place)
        await store.keep(Keep(memories=due.ended()), at_once=True)
        assert (Due(store, "told").left, store.memory("told", "due 1")) == ((), {})


async def test_what_was_visited_before_it_was_kept_is_never_written(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "pagemeter.db", clock=SystemClock(), group_seconds=0.0) as store:
        due = Due(store, "told")
        due.found(at(1))
        due.visited(at(1))
        assert due.changes() == {("told", "due"): {"under way": True}}
        assert due.changes() == {}


async def test_a_place_that_a_later_version_wrote_is_passed_over(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "pagemeter.db", clock=SystemClock(), group_seconds=0.0) as store:
        await store.keep(Keep(memories={("told", "due 0"): {"places": ["{", "7", 7, "[]"]}}), at_once=True)
        assert Due(store, "told").left == ()


@pytest.mark.parametrize("places", [10, MOST_VISITORS + 100])
async def test_only_so_many_places_are_in_tasks_and_all_are_visited(places: int) -> None:
    gate, seen, most = asyncio.Event(), [], 0

    async def visit(place: Target) -> None:
        nonlocal most
        seen.append(place)
        most = max(most, len(seen))
        await gate.wait()

    async with asyncio.TaskGroup() as group:
        visitors = Visitors(group, visit)
        for number in range(places):
            visitors.soon(at(number))
        for _ in range(3):
            await asyncio.sleep(0)
        assert most == min(places, MOST_VISITORS)
        gate.set()
    assert [place.uri for place in seen] == [at(number).uri for number in range(places)]
