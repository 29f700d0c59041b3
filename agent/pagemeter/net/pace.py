"""How much may pass by now: arithmetic alone, nobody waits here. Times are seconds of a monotonic clock."""

from __future__ import annotations

import math
from collections import deque

CATCH_UP_SECONDS = 0.2
"""So much of what a late timer missed is made up for; more is lost."""
IDLE_SECONDS = 0.25
"""Who sent nothing for so long does not find the bucket full."""
_MERGED_SECONDS = 0.001
_SECOND = 1.0
_LARGE_RATE = 400
"""From here on a batch is little of a second: the window has room for one that is sent late, in the next second."""


class PacketPace:
    """At most ``rate`` packets in any second: a bucket that fills a little slower, and a window that never lets more.

    The margins, half a percent in all and at low rates up to one packet a second (1 % at most), are for packets that
    leave a little after they were counted. ``batch`` is how many may go together so that the rate is kept all the same.
    """

    __slots__ = ("_at", "_entries", "_limit", "_passed", "_rate", "_slack", "_span", "_spent_at", "_tokens", "batch")

    def __init__(self, rate: float, now: float) -> None:
        """Raise ValueError for a rate that is not positive."""
        if rate <= 0:
            raise ValueError("packets per second must be more than 0")
        margin = min(0.01, max(0.0035, 1 / rate))
        self.batch = max(1, int(rate * 0.002))
        self._rate = rate * (1 - margin)
        self._slack = self._rate * CATCH_UP_SECONDS
        self._span = _SECOND + margin * (0.85 if rate < _LARGE_RATE else 0.6)
        self._limit = math.ceil(rate) - (0 if rate < _LARGE_RATE else self.batch)
        self._tokens = 1.0
        self._at = self._spent_at = now
        # [first, last, packets] of what passed within the span; what passed at nearly one moment is one entry.
        self._entries: deque[list[float]] = deque()
        self._passed = 0.0

    @property
    def most(self) -> int:
        """How many packets may ever pass together: those of one second."""
        return self._limit

    def arrive(self, now: float) -> None:
        """Take note that somebody comes while nobody waits: a pause is not saved up."""
        if now - self._spent_at > IDLE_SECONDS:
            self._refill(now, 1)
            self._tokens = min(self._tokens, 1.0)

    def wait(self, now: float, packets: int) -> float:
        """Return in how many seconds so many packets may pass together, 0 for at once."""
        self._refill(now, packets)
        missing = packets - self._tokens
        wait = missing / self._rate if missing > 1e-9 else 0.0
        while self._entries and self._entries[0][1] <= now - self._span:
            self._passed -= self._entries.popleft()[2]
        over = self._passed + packets - self._limit
        return wait if over <= 0 else max(wait, self._until_gone(over) - now)

    def spend(self, now: float, packets: int) -> None:
        """Count packets that pass now."""
        self._tokens -= packets
        self._spent_at = now
        self._passed += packets
        if self._entries and now - self._entries[-1][0] < _MERGED_SECONDS:
            self._entries[-1][1] = now
            self._entries[-1][2] += packets
        else:
            self._entries.append([now, now, packets])

    def _refill(self, now: float, packets: int) -> None:
        self._tokens = min(packets + self._slack, self._tokens + (now - self._at) * self._rate)
        self._at = now

    def _until_gone(self, packets: float) -> float:
        """Return when the window has let go of so many packets."""
        for _, last, passed in self._entries:
            packets -= passed
            if packets <= 0:
                return last + self._span
        return 0.0


class OctetPace:
    """``rate`` octets a second on average: what was received is charged afterwards and delays what is sent next."""

    __slots__ = ("_at", "_most", "_rate", "_tokens")

    def __init__(self, rate: float, now: float) -> None:
        """Raise ValueError for a rate that is not positive."""
        if rate <= 0:
            raise ValueError("bytes per second must be more than 0")
        self._rate = rate
        self._most = rate * CATCH_UP_SECONDS
        self._tokens = self._most
        self._at = now

    def wait(self, now: float, octets: int) -> float:
        """Return in how many seconds so many octets may pass; more than the bucket holds pass when it is full."""
        self._tokens = min(self._most, self._tokens + (now - self._at) * self._rate)
        self._at = now
        missing = min(octets, self._most) - self._tokens
        return missing / self._rate if missing > 1e-6 else 0.0

    def spend(self, octets: int) -> None:
        """Count octets, sent or received."""
        self._tokens -= octets
