"""The packet budget: one token bucket for everything that speaks to devices."""

from __future__ import annotations

import asyncio

from pagemeter.clock import Clock

# What a late timer may catch up with: as much of the rate as it is less than the rate, so that no second has more.
_BURST_SHARE = 0.01


class Budget:
    """A token bucket; those that wait are served in the order in which they came.

    In no second more than ``packets_per_second`` go out: time in which nobody could send is lost, not caught up with.
    """

    def __init__(self, clock: Clock, packets_per_second: float) -> None:
        """Raise ValueError for a rate that is not positive."""
        if packets_per_second <= 0:
            raise ValueError("packets per second must be more than 0")
        self.packets_per_second = packets_per_second
        self._clock = clock
        burst = max(1.0, packets_per_second * _BURST_SHARE)
        self._span = 1 / (packets_per_second if burst == 1.0 else packets_per_second - burst)
        self._slack = (burst - 1) * self._span
        self._free_at = clock.monotonic()
        self._turn = asyncio.Lock()

    async def take(self, n: int = 1) -> None:
        """Wait until ``n`` packets may be sent."""
        async with self._turn:
            now = self._clock.monotonic()
            free_at = max(self._free_at, now - self._slack) + (n - 1) * self._span
            if (wait := free_at - now) > 0:
                await self._clock.sleep(wait)
            self._free_at = max(free_at, self._clock.monotonic() - self._slack) + self._span

    @property
    def wait(self) -> float:
        """In how many seconds the next packet may be sent, 0 for at once; those that wait for it not counted."""
        return max(0.0, self._free_at - self._clock.monotonic())
