"""Visits that somebody asked for: merged, side by side, and never the end of the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pagemeter.errands import PAUSE_SECONDS, Errands
from pagemeter.errors import StoreError
from pagemeter.model import Scope, Target
from pagemeter.testing import FakeClock

IDENTITY, STATUS = frozenset({Scope.IDENTITY}), frozenset({Scope.STATUS})


def place(number: int) -> Target:
    return Target(uri=f"host://10.0.0.{number}", found_by="trap")


class Visited:
    """Takes note of visits; the place number 1 never answers, number 2 can't be kept."""

    def __init__(self) -> None:
        self.places: list[tuple[str, frozenset[Scope]]] = []

    async def visit(self, target: Target, scopes: frozenset[Scope]) -> None:
        self.places.append((target.host, scopes))
        if target == place(1):
            await asyncio.Event().wait()
        if target == place(2):
            raise StoreError("the disk is full")


@asynccontextmanager
async def running(errands: Errands) -> AsyncIterator[None]:
    task = asyncio.get_running_loop().create_task(errands.run())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_asks_for_one_place_are_one_visit_of_all_that_was_asked() -> None:
    clock, visited = FakeClock(), Visited()
    errands = Errands(visited.visit, clock)
    async with running(errands):
        errands.ask(place(7), IDENTITY, "a trap")
        errands.ask(place(7), STATUS, "another trap")
        await clock.advance(PAUSE_SECONDS)
        assert visited.places == [("10.0.0.7", IDENTITY | STATUS)]


async def test_a_place_that_hangs_and_one_that_can_not_be_kept_do_not_keep_others_waiting() -> None:
    clock, visited = FakeClock(), Visited()
    errands = Errands(visited.visit, clock)
    async with running(errands):
        for number in (1, 2, 3):
            errands.ask(place(number), STATUS, "a button")
        await clock.advance(PAUSE_SECONDS)
        assert [host for host, _ in visited.places] == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]


async def test_what_is_known_to_be_no_printer_is_not_visited_for_its_announcements() -> None:
    clock, visited = FakeClock(), Visited()
    errands = Errands(visited.visit, clock, left_alone=lambda: frozenset({"host://10.0.0.7"}))
    async with running(errands):
        errands.ask(place(7), IDENTITY, "announced by mDNS")
        errands.ask(place(8), IDENTITY, "announced by mDNS")
        await clock.advance(PAUSE_SECONDS)
        assert [host for host, _ in visited.places] == ["10.0.0.8"]


async def test_a_flood_of_asks_is_bounded_and_a_device_nobody_knows_is_not_visited() -> None:
    clock, visited = FakeClock(), Visited()
    errands = Errands(visited.visit, clock, most=2)
    async with running(errands):
        errands.ask("d99", STATUS, "a button")
        for number in (5, 6, 7):
            errands.ask(place(number), STATUS, "a trap")
        await clock.advance(PAUSE_SECONDS)
        assert [host for host, _ in visited.places] == ["10.0.0.5", "10.0.0.6"]
