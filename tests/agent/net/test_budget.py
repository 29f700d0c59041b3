from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pagemeter.net.budget import Budget


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


@pytest.mark.parametrize("rate", [0.5, 10, 500])
async def test_no_more_is_sent_than_the_rate_and_a_short_burst_allow(rate: float) -> None:
    clock = StandingClock()
    budget = Budget(clock, rate)
    for _ in range(200):
        await budget.take()
    assert clock.seconds == pytest.approx(199 / rate, rel=0.02)


async def test_a_pause_is_not_saved_up() -> None:
    clock = StandingClock()
    budget = Budget(clock, 100)
    await budget.take(100)
    clock.seconds += 3600
    began = clock.seconds
    for _ in range(100):
        await budget.take()
    assert clock.seconds - began == pytest.approx(0.99, abs=0.02)


async def test_several_packets_at_once_wait_for_all_of_them() -> None:
    clock = StandingClock()
    budget = Budget(clock, 10)
    await budget.take(21)
    assert clock.seconds == pytest.approx(2.0, abs=0.11)


class LateClock(StandingClock):
    """A clock whose sleepers wake late now and then, as on a busy machine."""

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds + (0.3 if int(self.seconds * 7) % 5 == 0 else 0.0)


@pytest.mark.parametrize("rate", [3, 60, 100, 500])
async def test_no_second_has_more_than_the_rate_however_late_the_timers_are(rate: int) -> None:
    clock = LateClock()
    budget = Budget(clock, rate)
    sent = []
    for _ in range(rate * 10):
        await budget.take()
        sent.append(clock.seconds)
    assert max(sum(1 for other in sent if at <= other < at + 0.999) for at in sent) <= rate


@pytest.mark.parametrize("rate", [0, -1])
def test_a_rate_of_nothing_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        Budget(StandingClock(), rate)
