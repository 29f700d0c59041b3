"""Lanes of a sweep: addresses that are asked alike, held as columns of octets and never as objects."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import compress

from pagemeter.net.budget import Toll
from pagemeter.net.credentials import IPAddress, SnmpCredential
from pagemeter.snmp.order import Order
from pagemeter.snmp.volley import Shots

UNHEARD, HEARD, ELSEWHERE = range(3)
"""What is known of an address: nothing yet, it answered, it is asked by other means."""

# The high octet of a request id is never 0 and never above 127: two octets are its shortest form, and positive.
_HIGH = bytes(1 + octet % 127 for octet in range(256))
_IS_UNHEARD = bytes((1,)) + bytes(255)

# So much time may share one stamp, so that a slow sweep does not keep one a packet.
_SECONDS_A_STAMP = 0.02


@dataclass(slots=True, kw_only=True)
class Lane:
    """Addresses in one network of the fence, with the same credentials; ``address`` is one of them.

    They are asked in turns: once under each credential, then again. ``turn`` and ``position`` say how far it is,
    ``heard`` has one octet an address, ``left`` counts those that may still be asked. ``attached`` says whether this
    host resolves them itself (ARP).
    """

    order: Order
    credentials: tuple[SnmpCredential, ...]
    address: IPAddress
    toll: Toll
    batch: int
    attached: bool = False
    turns: int = 1
    turn: int = 0
    position: int = 0
    heard: bytearray = field(init=False)
    left: int = field(init=False)
    _ids: list[tuple[int, bytes, bytes]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        """Begin with nobody heard."""
        self.know(bytes(self.order.count))

    def know(self, heard: bytes) -> None:
        """Begin with what is known of each address."""
        self.heard = bytearray(heard)
        self.left = self.heard.count(UNHEARD)

    def note(self, position: int, known: int) -> None:
        """Note what is known of an address that was unheard."""
        self.left -= self.heard[position] == UNHEARD
        self.heard[position] = known

    @property
    def credential(self) -> SnmpCredential:
        """Under which the present turn asks."""
        return self.credentials[self.turn % len(self.credentials)]

    @property
    def done(self) -> float:
        """The share that is done, between 0 and 1."""
        if self.turn >= self.turns or not self.order.count:
            return 1.0
        return (self.turn + self.position / self.order.count) / self.turns

    def begin_turn(self) -> None:
        """Draw the request ids of a turn; answers to those of the turns before still count."""
        count = self.order.count
        self._ids.insert(0, (self.turn, os.urandom(count).translate(_HIGH), os.urandom(count)))

    def next(self) -> bool:
        """Go on to the next address that is to be asked in this turn; say whether there is one."""
        place = self.heard.find(UNHEARD, self.position)
        self.position = self.order.count if place < 0 else place
        return place >= 0

    def shots(self, most: int) -> Shots:
        """Return the next addresses with their request ids, in at most so many positions."""
        _, high, low = self._ids[0]
        part = slice(self.position, self.position + most)
        columns = [column[part] for column in (*self.order.columns, high, low)]
        known = self.heard[part]
        if known.count(UNHEARD) < len(known):
            chosen = known.translate(_IS_UNHEARD)
            columns = [bytes(compress(column, chosen)) for column in columns]
        return Shots(*columns)

    def asked_in(self, position: int, request_id: int) -> int | None:
        """Return the turn in which an address was asked with that id; none for an id that it never got."""
        high, low = request_id >> 8, request_id & 0xFF
        for turn, highs, lows in self._ids:
            if highs[position] == high and lows[position] == low:
                return turn
        return None


class Stamps:
    """When the addresses of a turn were asked, as far back as the next turn needs to know."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._stamps: deque[tuple[int, float]] = deque()
        self._opened = 0.0

    def note(self, position: int, now: float) -> None:
        """Note that what begins at a position is asked now."""
        stamps = self._stamps
        while stamps and stamps[0][1] <= now - self._seconds and len(stamps) > 1:
            stamps.popleft()
        if stamps and now - self._opened < _SECONDS_A_STAMP:
            # The later time for both: nobody is asked too early.
            stamps[-1] = stamps[-1][0], now
        else:
            self._opened = now
            stamps.append((position, now))

    def due(self, position: int) -> float:
        """Return from when on a position may be asked again; positions never go back."""
        stamps = self._stamps
        while len(stamps) > 1 and stamps[1][0] <= position:
            stamps.popleft()
        return stamps[0][1] + self._seconds if stamps and stamps[0][0] <= position else 0.0


def addresses_of(shots: Shots) -> Iterator[int]:
    """Yield the addresses as numbers."""
    return (a << 24 | b << 16 | c << 8 | d for a, b, c, d in zip(*shots[:4], strict=True))
