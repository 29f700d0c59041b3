"""What is kept of an SNMPv3 engine at an address: its clock (RFC 3414 section 2.3) and its context."""

from __future__ import annotations

from dataclasses import dataclass

from pagemeter.net.credentials import IPAddress, SnmpCredential
from pagemeter.snmp.codec import MalformedError
from pagemeter.snmp.v3_message import LARGEST_NUMBER

WINDOW = 150
"""Seconds by which two clocks may differ (RFC 3414 section 2.2.3)."""

MOST_PEERS = 50_000


@dataclass(slots=True, kw_only=True)
class Peer:
    """An engine at one address and port; ``is_sure`` once a signed message told its clock.

    ``answered`` is the credential that it answered last; ``context`` is none until it is known in which one it has
    anything.
    """

    engine_id: bytes
    boots: int = 0
    seconds: int = 0
    at: float = 0.0
    is_sure: bool = False
    answered: SnmpCredential | None = None
    context: bytes | None = None

    def clock(self, now: float) -> tuple[int, int]:
        """Return boots and time as the engine has them now."""
        if self.boots == self.seconds == 0:
            return 0, 0
        return self.boots, min(LARGEST_NUMBER, self.seconds + int(now - self.at))

    def hear_unsigned(self, boots: int, seconds: int, now: float) -> None:
        """Take a clock that nobody signed where the kept one can't be right: the engine may have started anew.

        The next signed message decides.
        """
        mine, estimate = self.clock(now)
        if boots == seconds == 0 or (self.is_sure and boots == mine and abs(seconds - estimate) <= WINDOW):
            return
        self.boots, self.seconds, self.at, self.is_sure = boots, seconds, now, False

    def hear_signed(self, boots: int, seconds: int, now: float) -> None:
        """Take the clock of a signed message; raises MalformedError for an old one (RFC 3414 section 3.2 step 7b)."""
        if self.is_sure:
            mine, estimate = self.clock(now)
            if boots < mine or (boots == mine and seconds < estimate - WINDOW):
                raise MalformedError("an old message")
            if boots == mine and seconds <= estimate:
                return
        self.boots, self.seconds, self.at, self.is_sure = boots, seconds, now, True

    def correct(self, boots: int, seconds: int, now: float) -> None:
        """Take the clock with which an engine refused ours."""
        self.is_sure = False
        self.hear_signed(boots, seconds, now)


class Peers:
    """The engines that were met, each by its address and port too: devices were cloned with their engine ids."""

    def __init__(self) -> None:
        self._peers: dict[tuple[IPAddress, int, bytes], Peer] = {}

    def at(self, address: IPAddress, port: int, engine_id: bytes) -> Peer:
        """Return what is known of an engine at an address."""
        key = (address, port, engine_id)
        if key not in self._peers and len(self._peers) >= MOST_PEERS:
            for old in list(self._peers)[: MOST_PEERS // 2]:
                del self._peers[old]
        return self._peers.setdefault(key, Peer(engine_id=engine_id))
