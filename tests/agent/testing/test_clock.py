"""The clock that tests control."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest

from pagemeter.clock import Clock
from pagemeter.testing import FakeClock

START = datetime(2025, 3, 30, 0, 59, tzinfo=UTC)


async def test_time_stands_still_until_it_is_advanced() -> None:
    clock = FakeClock(START)
    task = asyncio.create_task(clock.sleep(10))
    await clock.wait_for_sleepers()
    assert (clock.now(), clock.monotonic(), task.done()) == (START, 0.0, False)
    await clock.advance(9.5)
    assert not task.done()
    await clock.advance(0.5)
    assert task.done()
    assert (clock.now(), clock.monotonic()) == (START + timedelta(seconds=10), 10.0)


async def test_a_sleeper_wakes_at_its_own_moment_and_in_order() -> None:
    clock = FakeClock()
    woken: list[tuple[str, float]] = []

    async def sleep(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.monotonic()))

    async with asyncio.TaskGroup() as group:
        for name, seconds in (("c", 30), ("a", 10), ("b", 20)):
            group.create_task(sleep(name, seconds))
        await clock.wait_for_sleepers(3)
        await clock.advance(60)
    assert woken == [("a", 10.0), ("b", 20.0), ("c", 30.0)]
    assert clock.monotonic() == 60.0


async def test_who_sleeps_again_while_time_passes_wakes_again() -> None:
    clock = FakeClock()
    ticks: list[float] = []

    async def tick() -> None:
        while True:
            await clock.sleep(60)
            ticks.append(clock.monotonic())

    task = asyncio.create_task(tick())
    await clock.advance(185)
    task.cancel()
    assert ticks == [60.0, 120.0, 180.0]
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_who_was_cancelled_sleeps_no_more() -> None:
    clock = FakeClock()
    task = asyncio.create_task(clock.sleep(5))
    await clock.wait_for_sleepers()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert clock.sleeping == 0
    await clock.advance(10)
    assert clock.monotonic() == 10.0


async def test_sleeping_for_nothing_lets_the_others_run() -> None:
    clock = FakeClock()
    order: list[str] = []

    async def other() -> None:
        order.append("other")

    task = asyncio.create_task(other())
    await clock.sleep(0)
    order.append("this")
    await task
    assert order == ["other", "this"]


async def test_the_wall_clock_can_be_set_alone() -> None:
    clock = FakeClock()
    task = asyncio.create_task(clock.sleep(10))
    await clock.wait_for_sleepers()
    clock.set_wall_clock(datetime(1970, 1, 1, 1, 0, tzinfo=timezone(timedelta(hours=1))))
    assert clock.now() == datetime(1970, 1, 1, tzinfo=UTC)
    assert clock.monotonic() == 0.0
    await clock.advance(10)
    assert task.done()
    assert clock.now() == datetime(1970, 1, 1, 0, 0, 10, tzinfo=UTC)


def test_it_is_a_clock_and_tells_utc() -> None:
    clock: Clock = FakeClock(datetime(2025, 1, 1, 9, tzinfo=timezone(timedelta(hours=9))))
    assert clock.now() == datetime(2025, 1, 1, 0, tzinfo=UTC)
    assert clock.now().tzinfo is UTC
