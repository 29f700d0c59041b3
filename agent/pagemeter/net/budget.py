"""The packet budget: one token bucket for everything that speaks to devices."""

from __future__ import annotations

import asyncio

from pagemeter.clock import Clock
from pagemeter.net.fence import FencedNetwork

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
        self._networks: dict[FencedNetwork, Budget] = {}

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

    def toll(self, network: FencedNetwork) -> Toll:
        """Return what is paid before packets go to a network, and counts what comes back from it."""
        rate = network.packets_per_second
        if rate is None:
            return Toll(self, None)
        return Toll(self, self._networks.setdefault(network, Budget(self._clock, rate)))


class Toll:
    """What one integration pays for its traffic with one network: the network's own budget and the agent's."""

    __slots__ = ("_all", "_own")

    def __init__(self, everything: Budget, own: Budget | None) -> None:
        self._all = everything
        self._own = own

    async def pay(self, octets: int, packets: int = 1) -> None:  # noqa: ARG002 - a budget of octets comes
        """Wait until packets with so many octets of payload in all may be sent, and count them as sent."""
        if self._own is not None:
            await self._own.take(packets)
        await self._all.take(packets)

    def got(self, octets: int, packets: int = 1) -> None:
        """Count what was received."""
