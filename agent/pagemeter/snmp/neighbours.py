"""How many addresses of attached networks may be unresolved at once: the system's neighbour table (ARP) is small."""

from __future__ import annotations

import math
from collections.abc import Iterable

from pagemeter.clock import Clock

MOST_UNRESOLVED = 256

# The system asks three times, a second apart, before it gives an address up (net.ipv4.neigh.*.mcast_solicit).
_SECONDS = 3.0
_LOOK_AGAIN = 0.05


class Neighbours:
    """Counts who was asked and did not answer yet, each for three seconds from the last packet on."""

    def __init__(self, clock: Clock, *, most: int = MOST_UNRESOLVED) -> None:
        self._clock = clock
        self._most = most
        self._until: dict[int, float] = {}

    async def room(self) -> int:
        """Wait until somebody may be asked; returns how many at once."""
        while True:
            now = self._clock.monotonic()
            for address in [address for address, until in self._until.items() if until <= now]:
                del self._until[address]
            if (free := self._most - len(self._until)) > 0:
                return free
            await self._clock.sleep(min(_LOOK_AGAIN, max(0.0, min(self._until.values()) - now)))

    def hold(self, addresses: Iterable[int]) -> None:
        """Count addresses that are about to be asked; call it right behind ``room``."""
        self._until.update(dict.fromkeys(addresses, math.inf))

    def asked(self, addresses: Iterable[int]) -> None:
        """Note that they were asked just now; those that have answered meanwhile stay resolved."""
        until = self._clock.monotonic() + _SECONDS
        self._until.update((address, until) for address in addresses if address in self._until)

    def forget(self, addresses: Iterable[int]) -> None:
        """Do not count them any longer: they answered, or they are not asked after all."""
        for address in addresses:
            self._until.pop(address, None)
