"""Seats: how many devices are read at once, all together and of one network."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address

from pagemeter.net.credentials import IPNetwork
from pagemeter.net.fence import Fence

READS_AT_ONCE = 40


class Seats:
    """Seats for reads; a network with fewer reads under way goes first, so that a slow one leaves others their share.

    A host name is asked for a seat of no network in particular: which one it is in is known when it is resolved.
    """

    def __init__(self, fence: Fence, reads_at_once: int = READS_AT_ONCE) -> None:
        """Raise ValueError where nobody could sit."""
        if reads_at_once < 1:
            raise ValueError("reads at once must be 1 or more")
        self._fence = fence
        self._most = reads_at_once
        self._free = reads_at_once
        self._taken: Counter[IPNetwork | None] = Counter()
        self._limits: dict[IPNetwork | None, int] = {}
        self._waiting: dict[IPNetwork | None, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def taken(self, host: str) -> AsyncIterator[None]:
        """Hold a seat while the block runs."""
        network = self._network_of(host)
        if self._free and self._has_room(network) and network not in self._waiting:
            self._sit(network)
        else:
            await self._wait(network)
        try:
            yield
        finally:
            self._leave(network)

    def _network_of(self, host: str) -> IPNetwork | None:
        """Return the network whose seats count, and take note of how many it has."""
        try:
            network = self._fence.network_of(ip_address(host))
        except ValueError:
            return None
        if network is None:
            return None
        self._limits[network.network] = network.reads_at_once or self._most
        return network.network

    async def _wait(self, network: IPNetwork | None) -> None:
        seat: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue = self._waiting.setdefault(network, deque())
        queue.append(seat)
        try:
            await seat
        except asyncio.CancelledError:
            if not seat.cancelled():
                self._leave(network)  # it was given the seat at the moment when it was cancelled
            raise

    def _sit(self, network: IPNetwork | None) -> None:
        self._free -= 1
        self._taken[network] += 1

    def _leave(self, network: IPNetwork | None) -> None:
        """Give a seat back, and every free one to whom it is due."""
        self._free += 1
        self._taken[network] -= 1
        while self._free and (due := [one for one in self._waiting if self._has_room(one)]):
            # The first of those with the fewest: who was served goes to the end.
            chosen = min(due, key=self._taken.__getitem__)
            queue = self._waiting.pop(chosen)
            seat = queue.popleft()
            if queue:
                self._waiting[chosen] = queue
            if not seat.cancelled():
                self._sit(chosen)
                seat.set_result(None)

    def _has_room(self, network: IPNetwork | None) -> bool:
        return self._taken[network] < self._limits.get(network, self._most)
