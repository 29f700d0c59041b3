"""The packet budget: one token bucket for everything that speaks to devices."""

from __future__ import annotations

from pagemeter.clock import Clock

# What may be sent at once after a pause; short enough that no switch or slow link sees a flood.
_BURST_SECONDS = 0.05


class Budget:
    """A token bucket; those that wait are served in the order in which they came."""

    def __init__(self, clock: Clock, packets_per_second: float) -> None:
        """Raise ValueError for a rate that is not positive."""
        if packets_per_second <= 0:
            raise ValueError("packets per second must be more than 0")
        self.packets_per_second = packets_per_second
        self._clock = clock
        self._burst = max(1.0, packets_per_second * _BURST_SECONDS)
        self._free_at = clock.monotonic() - self._burst / packets_per_second

    async def take(self, n: int = 1) -> None:
        """Wait until ``n`` packets may be sent."""
        delay = self.reserve(n)
        if delay > 0:
            await self._clock.sleep(delay)

    def reserve(self, n: int = 1) -> float:
        """Set ``n`` packets aside and return in how many seconds they may be sent, 0 for at once."""
        now = self._clock.monotonic()
        span = n / self.packets_per_second
        self._free_at = max(self._free_at, now - self._burst / self.packets_per_second) + span
        return max(0.0, self._free_at - now)
