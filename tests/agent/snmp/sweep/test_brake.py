"""A sweep never has more answers on their way than its receive buffer holds."""

from __future__ import annotations

import asyncio

from pagemeter.snmp.brake import Brake
from pagemeter.testing.clock import FakeClock

BUFFER = 212_992
BATCH = 40


def brake_where_all_answer(clock: FakeClock) -> Brake:
    brake = Brake(clock)
    brake.begin(BUFFER)
    for _ in range(100):
        brake.fetched += BATCH
        brake.sent(BATCH, 0)
    return brake


def sent_until_it_waits(brake: Brake, most: int = 100) -> int:
    for number in range(most):
        if brake.is_on:
            return number * BATCH
        brake.sent(BATCH, 0)
    return most * BATCH


def test_who_gets_answers_waits_before_they_could_fill_the_buffer() -> None:
    # With its book-keeping a short datagram takes 768 octets of it at least.
    assert 0 < sent_until_it_waits(brake_where_all_answer(FakeClock())) <= BUFFER // 768


def test_a_silent_network_is_never_waited_for() -> None:
    brake = Brake(FakeClock())
    brake.begin(BUFFER)
    assert sent_until_it_waits(brake, 1000) == 1000 * BATCH


def test_a_large_buffer_holds_nobody_back_whose_answers_come_in() -> None:
    brake = Brake(FakeClock())
    brake.begin(8 << 20)
    for _ in range(1000):
        brake.fetched += BATCH
        brake.sent(BATCH, 0)
        assert not brake.is_on


def test_what_was_dropped_halves_the_room_and_brings_a_pause_that_eases() -> None:
    brake, other = (brake_where_all_answer(FakeClock()) for _ in range(2))
    brake.fetched += BATCH
    brake.sent(BATCH, 7)
    assert brake.is_on
    for _ in range(30):
        brake.fetched += BATCH
        brake.sent(BATCH, 7)
    assert not brake.is_on
    assert sent_until_it_waits(brake) < sent_until_it_waits(other)


async def test_the_wait_ends_when_the_answers_came() -> None:
    clock = FakeClock()
    brake = brake_where_all_answer(clock)
    sent = sent_until_it_waits(brake)
    wait = asyncio.create_task(brake.wait())
    await clock.advance(0.01)
    assert not wait.done()
    brake.fetched += sent
    await clock.advance(0.01)
    assert wait.done()


async def test_nobody_waits_for_ever_for_those_that_fell_silent() -> None:
    clock = FakeClock()
    brake = brake_where_all_answer(clock)
    assert sent_until_it_waits(brake) > 0
    waits = 0
    for _ in range(1000):
        if brake.is_on:
            waits += 1
            wait = asyncio.create_task(brake.wait())
            for _ in range(200):
                await clock.advance(0.001)
            assert wait.done()
        brake.sent(BATCH, 0)
    assert waits < 20
