from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest

from pagemeter.net.budget import Budget, Toll
from pagemeter.net.fence import FencedNetwork
from pagemeter.testing import FakeClock

OCTETS = 90


class StandingClock:
    """A clock that moves only by its sleepers."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class LateClock(StandingClock):
    """A clock whose sleepers wake late now and then by up to ``most`` seconds, and always by a hair."""

    def __init__(self, most: float) -> None:
        super().__init__()
        self._most = most
        self._random = random.Random(7)
        self._next = 0.3

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds + self._random.uniform(0, 0.001)
        if self.seconds > self._next:
            self.seconds += self._random.uniform(0, self._most)
            self._next = self.seconds + self._random.uniform(0.1, 0.5)


def toll_of(budget: Budget, packets: float | None = None, octets: float | None = None, net: int = 1) -> Toll:
    network = ip_network(f"10.{net}.0.0/16")
    return budget.toll(FencedNetwork(network=network, packets_per_second=packets, bytes_per_second=octets))


def most_in_a_second(sent: list[tuple[float, int]]) -> int:
    worst = here = first = 0
    for at, packets in sent:
        here += packets
        while sent[first][0] <= at - 1:
            here -= sent[first][1]
            first += 1
        worst = max(worst, here)
    return worst


async def sent_by(toll: Toll, clock: StandingClock, seconds: float, batch: int) -> list[tuple[float, int]]:
    sent = []
    while clock.seconds < seconds:
        await toll.pay(OCTETS * batch, batch)
        sent.append((clock.seconds, batch))
    return sent


@pytest.mark.parametrize("own", [False, True], ids=["agent", "network"])
@pytest.mark.parametrize("late", [0.0, 0.04])
@pytest.mark.parametrize("singly", [True, False])
@pytest.mark.parametrize("rate", [500, 5_000, 20_000])
async def test_the_rate_is_kept_within_one_percent_and_no_second_has_more(
    rate: int, singly: bool, late: float, own: bool
) -> None:
    clock = LateClock(late)
    budget = Budget(clock, 50_000 if own else rate)
    toll = toll_of(budget, rate if own else None)
    sent = await sent_by(toll, clock, 10.0, 1 if singly else toll.batch)
    assert sum(packets for _, packets in sent) == pytest.approx(rate * clock.seconds, rel=0.01)
    assert most_in_a_second(sent) <= rate


@pytest.mark.parametrize("rate", [1, 3, 60, 100, 500])
@pytest.mark.parametrize("batch", [1, 7, 32, 200])
async def test_no_second_has_more_than_the_rate_however_late_the_timers_are(rate: int, batch: int) -> None:
    clock = LateClock(0.3)
    batch = min(batch, rate)
    sent = await sent_by(toll_of(Budget(clock, rate)), clock, 20.0, batch)
    assert most_in_a_second(sent) <= rate
    assert len(sent) > 5 or batch == rate


@pytest.mark.parametrize("rate", [0.5, 10, 500])
async def test_packets_are_spread_over_the_second(rate: float) -> None:
    clock = StandingClock()
    toll = toll_of(Budget(clock, rate))
    for _ in range(200):
        await toll.pay(OCTETS)
    assert clock.seconds == pytest.approx(199 / rate, rel=0.02)


async def test_a_pause_is_not_saved_up() -> None:
    clock = StandingClock()
    toll = toll_of(Budget(clock, 100))
    await toll.pay(OCTETS, 100)
    clock.seconds += 3600
    began = clock.seconds
    for _ in range(100):
        await toll.pay(OCTETS)
    assert clock.seconds - began == pytest.approx(0.99, abs=0.02)


async def test_more_packets_than_a_second_has_are_paid_second_by_second() -> None:
    clock = StandingClock()
    await toll_of(Budget(clock, 10)).pay(OCTETS, 21)
    assert 2.0 <= clock.seconds < 3.0


async def test_the_network_and_the_agent_are_both_paid() -> None:
    clock = StandingClock()
    budget = Budget(clock, 100)
    slow, free = toll_of(budget, 10), toll_of(budget, net=2)
    for _ in range(21):
        await slow.pay(OCTETS)
    assert clock.seconds == pytest.approx(2.0, rel=0.02)
    began = clock.seconds
    for _ in range(100):
        await free.pay(OCTETS)
    assert clock.seconds - began == pytest.approx(1.0, rel=0.03)


async def test_who_waits_for_a_slow_network_does_not_delay_another() -> None:
    clock = FakeClock()
    budget = Budget(clock, 1000)
    slow, free = toll_of(budget, 1), toll_of(budget, net=2)
    waiting = [asyncio.create_task(slow.pay(OCTETS)) for _ in range(5)]
    others = [asyncio.create_task(free.pay(OCTETS)) for _ in range(100)]
    await clock.advance(0.2)
    assert [task.done() for task in waiting] == [True, False, False, False, False]
    assert all(task.done() for task in others)
    await clock.advance(10)
    assert all(task.done() for task in waiting)


async def test_what_a_network_paid_before_a_jam_does_not_leave_it_in_one_burst() -> None:
    clock = FakeClock()
    budget = Budget(clock, 100)
    slow, free = toll_of(budget, 10), toll_of(budget, net=2)
    sent: list[tuple[float, int]] = []

    async def send() -> None:
        await slow.pay(OCTETS)
        sent.append((clock.monotonic(), 1))

    jam = asyncio.create_task(free.pay(OCTETS, 500))
    tasks = [asyncio.create_task(send()) for _ in range(40)]
    await clock.advance(20)
    assert jam.done()
    assert len(sent) == len(tasks)
    assert most_in_a_second(sent) <= 10


async def test_those_that_wait_are_served_in_the_order_in_which_they_came() -> None:
    clock = FakeClock()
    toll = toll_of(Budget(clock, 10))
    served: list[int] = []

    async def send(number: int) -> None:
        await toll.pay(OCTETS)
        served.append(number)

    tasks = [asyncio.create_task(send(number)) for number in range(8)]
    await clock.advance(0.45)
    tasks += [asyncio.create_task(send(number)) for number in range(8, 12)]
    await clock.advance(5)
    assert served == list(range(12))
    assert all(task.done() for task in tasks)


async def test_who_is_cancelled_while_waiting_has_paid_nothing() -> None:
    clock = FakeClock()
    budget = Budget(clock, 10)
    toll = toll_of(budget, 9)
    await toll.pay(OCTETS)
    waiting = [asyncio.create_task(toll.pay(OCTETS, 5)) for _ in range(20)]
    last = asyncio.create_task(toll.pay(OCTETS))
    await clock.advance(0.01)
    for task in waiting:
        task.cancel()
    await clock.advance(0.12)
    assert last.done()
    assert budget.accounts.current.total.packets_out == 2


async def test_octets_are_kept_on_average_received_ones_too() -> None:
    clock = StandingClock()
    budget = Budget(clock, 50_000, 10_000)
    toll = toll_of(budget)
    for _ in range(100):
        await toll.pay(100)
        toll.got(900)
    await toll.pay(100)
    assert clock.seconds == pytest.approx(10.0, rel=0.02)


async def test_a_large_answer_delays_what_is_sent_next_in_its_network_only() -> None:
    clock = FakeClock()
    budget = Budget(clock, 1000)
    thin, free = toll_of(budget, octets=1000), toll_of(budget, net=2)
    await thin.pay(40)
    thin.got(5000)
    waiting = asyncio.create_task(thin.pay(40))
    other = asyncio.create_task(free.pay(40))
    await clock.advance(4.5)
    assert other.done()
    assert not waiting.done()
    await clock.advance(0.7)
    assert waiting.done()


async def test_a_packet_larger_than_the_bucket_passes_when_it_is_full() -> None:
    clock = StandingClock()
    toll = toll_of(Budget(clock, 1000, 1000))
    for _ in range(10):
        await toll.pay(1400)
    assert clock.seconds == pytest.approx(14.0 - 1.4, rel=0.02)


@pytest.mark.parametrize("rate", [0, -1])
def test_a_rate_of_nothing_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        Budget(StandingClock(), rate)
    with pytest.raises(ValueError, match="more than 0"):
        Budget(StandingClock(), 10, rate)
