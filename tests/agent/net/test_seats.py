from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from ipaddress import ip_network

import pytest

from pagemeter.net.fence import Fence, FencedNetwork
from pagemeter.net.seats import Seats

SLOW = FencedNetwork(network=ip_network("10.1.0.0/16"), reads_at_once=2)
OTHER = FencedNetwork(network=ip_network("10.2.0.0/16"))
FENCE = Fence([SLOW, OTHER])


class Room:
    """Readers that sit until they are told to leave; says who sits."""

    def __init__(self, seats: Seats) -> None:
        self.sitting: list[str] = []
        self._seats = seats
        self._ends: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def enter(self, *hosts: str) -> None:
        for host in hosts:
            self._ends[host] = asyncio.Event()
            self._tasks[host] = asyncio.create_task(self._sit(host))
            await turns()

    async def leave(self, host: str) -> None:
        self._ends[host].set()
        await self._tasks[host]
        await turns()

    async def cancel(self, host: str) -> None:
        self._tasks[host].cancel()
        await asyncio.wait({self._tasks[host]})
        await turns()

    async def _sit(self, host: str) -> None:
        async with self._seats.taken(host):
            self.sitting.append(host)
            try:
                await self._ends[host].wait()
            finally:
                self.sitting.remove(host)


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_no_more_are_read_at_once_than_there_are_seats() -> None:
    room = Room(Seats(FENCE, 3))
    await room.enter("10.2.0.1", "10.2.0.2", "10.2.0.3", "10.2.0.4")
    assert room.sitting == ["10.2.0.1", "10.2.0.2", "10.2.0.3"]
    await room.leave("10.2.0.2")
    assert room.sitting == ["10.2.0.1", "10.2.0.3", "10.2.0.4"]


async def test_a_network_that_waits_for_its_own_seats_holds_none_of_the_agents() -> None:
    room = Room(Seats(FENCE, 4))
    await room.enter("10.1.0.1", "10.1.0.2", "10.1.0.3", "10.1.0.4")
    assert room.sitting == ["10.1.0.1", "10.1.0.2"]
    await room.enter("10.2.0.1", "10.2.0.2")
    assert room.sitting == ["10.1.0.1", "10.1.0.2", "10.2.0.1", "10.2.0.2"]
    await room.leave("10.1.0.1")
    assert room.sitting == ["10.1.0.2", "10.2.0.1", "10.2.0.2", "10.1.0.3"]


async def test_a_network_with_fewer_reads_under_way_gets_the_next_seat() -> None:
    room = Room(Seats(Fence([OTHER]), 2))
    await room.enter("10.2.0.1", "10.2.0.2", "10.2.0.3", "10.2.0.4", "printer.example")
    await room.leave("10.2.0.1")
    assert room.sitting == ["10.2.0.2", "printer.example"]
    await room.leave("10.2.0.2")
    assert room.sitting == ["printer.example", "10.2.0.3"]


async def test_who_is_cancelled_while_waiting_takes_no_seat() -> None:
    room = Room(Seats(FENCE, 1))
    await room.enter("10.2.0.1", "10.2.0.2", "10.2.0.3")
    await room.cancel("10.2.0.2")
    await room.leave("10.2.0.1")
    assert room.sitting == ["10.2.0.3"]


async def test_a_seat_given_at_the_moment_of_a_cancellation_goes_on_to_the_next() -> None:
    seats = Seats(FENCE, 1)
    room = Room(seats)
    async with AsyncExitStack() as first:
        await first.enter_async_context(seats.taken("10.2.0.9"))
        await room.enter("10.2.0.1", "10.2.0.2")
        await first.aclose()
        await room.cancel("10.2.0.1")
    assert room.sitting == ["10.2.0.2"]
    await room.leave("10.2.0.2")
    await room.enter("10.2.0.3")
    assert room.sitting == ["10.2.0.3"]
    await room.cancel("10.2.0.3")


async def test_the_smallest_network_that_holds_an_address_counts() -> None:
    inner = FencedNetwork(network=ip_network("10.2.7.0/24"), reads_at_once=1)
    room = Room(Seats(Fence([OTHER, inner]), 9))
    await room.enter("10.2.7.1", "10.2.7.2", "10.2.0.1")
    assert room.sitting == ["10.2.7.1", "10.2.0.1"]
    await room.cancel("10.2.7.2")


def test_no_seats_at_all_are_refused() -> None:
    with pytest.raises(ValueError, match="1 or more"):
        Seats(FENCE, 0)
