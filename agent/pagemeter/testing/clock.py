"""A clock that stands still until a test moves it."""

from __future__ import annotations

import asyncio
import heapq
from datetime import UTC, datetime, timedelta

START = datetime(2025, 1, 6, 8, 0, tzinfo=UTC)

# One pass wakes a sleeper, its task and the tasks that wait for that one; more are for chains of queues and events.
_PASSES = 20


class FakeClock:
    """A ``Clock`` of which time passes only in ``advance``; the wall clock can also be set by itself.

    ``now`` begins at ``start`` (aware UTC, a Monday at 08:00 unless given) and ``monotonic`` at 0.
    """

    def __init__(self, start: datetime = START) -> None:
        self._now = start.astimezone(UTC)
        self._monotonic = 0.0
        self._order = 0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._arrived = asyncio.Event()

    def now(self) -> datetime:
        """Return the wall clock as aware UTC."""
        return self._now

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        """Wait until the test has advanced that far; 0 and less only lets the others run."""
        if seconds <= 0:
            await _let_run(1)
            return
        waker: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._order += 1
        heapq.heappush(self._sleepers, (self._monotonic + seconds, self._order, waker))
        self._arrived.set()
        await waker

    @property
    def sleeping(self) -> int:
        """Count those who sleep now."""
        return sum(not waker.done() for _, _, waker in self._sleepers)

    async def wait_for_sleepers(self, count: int = 1) -> None:
        """Wait until at least ``count`` sleep, however many turns of the event loop their work takes."""
        while self.sleeping < count:
            self._arrived.clear()
            await self._arrived.wait()

    async def advance(self, seconds: float) -> None:
        """Let time pass: each sleeper wakes at its own moment and runs until it waits again, in order."""
        end = self._monotonic + seconds
        await _let_run(_PASSES)
        while self._sleepers and self._sleepers[0][0] <= end:
            moment, _, waker = heapq.heappop(self._sleepers)
            if waker.done():
                continue
            self._move(moment)
            waker.set_result(None)
            await _let_run(_PASSES)
        self._move(end)
        await _let_run(_PASSES)

    def set_wall_clock(self, now: datetime) -> None:
        """Set the wall clock alone, as NTP or an operator does; sleepers do not notice."""
        self._now = now.astimezone(UTC)

    def _move(self, moment: float) -> None:
        self._now += timedelta(seconds=moment - self._monotonic)
        self._monotonic = moment


async def _let_run(passes: int) -> None:
    for _ in range(passes):
        turn = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(turn.set_result, None)
        await turn
