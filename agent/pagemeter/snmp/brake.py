"""Keeps a sweep from drowning in answers: no more are on their way than the receive buffer holds."""

from __future__ import annotations

from pagemeter.clock import Clock

# What the buffer gives to a short datagram besides its octets is more than they are (skbuff of Linux).
_OCTETS_A_DATAGRAM = 1664
_FEWEST = 32

# The share that answers is that of about so many packets; it differs from network to network.
_PACKETS_OF_SHARE = 512
_PACKETS_A_STEP = 256

# Before anybody was heard: so few that a silent network does not look like one whose answers are late.
_FIRST_SHARE = 0.2

# An answer that takes longer than this is not waited for: others have latency too.
_LONGEST_WAIT, _A_LOOK = 0.1, 0.001

_FIRST_PAUSE, _STRONGEST_PAUSE, _EASING = 0.002, 0.1, 0.9


class Brake:
    """Guesses from what came in how many answers are on their way; ``buffer`` is the receive buffer in octets.

    What was dropped nevertheless halves what may be on its way, and each packet is followed by a pause for a while.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._room = 0.0
        self._most = 0.0
        self._share, self._owed, self._pause = _FIRST_SHARE, 0.0, 0.0
        self._fetched = 0
        self.lost = 0
        """How many were lost by the last packet."""
        self.fetched = 0
        """How many datagrams were fetched from the buffer; whoever fetches them counts."""

    def begin(self, buffer: int) -> None:
        """Fit to a buffer; 0 for one that is not known. What was learned of it stays."""
        most = max(_FEWEST, buffer / _OCTETS_A_DATAGRAM)
        if most != self._most:
            self._room, self._most = min(self._room, most) if self._most else most, most

    def sent(self, count: int, lost: int) -> None:
        """Note that so many were asked, and how many datagrams were lost by now."""
        came, self._fetched = self.fetched - self._fetched, self.fetched
        self._share += (min(1.0, came / count) - self._share) * min(1.0, count / _PACKETS_OF_SHARE)
        self._owed = max(0.0, self._owed + count * self._share - came)
        if lost > self.lost:
            self.lost = lost
            self._room = max(_FEWEST, self._room / 2)
            self._pause = min(max(2 * self._pause, _FIRST_PAUSE), _STRONGEST_PAUSE)
        else:
            self._room = min(self._most, self._room + count / _PACKETS_A_STEP)
            self._pause = self._pause * _EASING if self._pause > _FIRST_PAUSE / 10 else 0.0

    @property
    def is_on(self) -> bool:
        """Whether somebody should wait before the next packet."""
        return self._pause > 0 or self._owed > self._room

    async def wait(self) -> None:
        """Wait until there is room again, or until half of what is missing may be taken for silent."""
        if self._pause:
            await self._clock.sleep(self._pause)
        until = self._clock.monotonic() + _LONGEST_WAIT
        while self._owed - (self.fetched - self._fetched) > self._room / 2:
            if self._clock.monotonic() >= until:
                self._owed /= 2
                return
            await self._clock.sleep(_A_LOOK)
