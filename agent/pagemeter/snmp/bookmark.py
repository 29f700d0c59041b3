"""How far a sweep is, as JSON that the store keeps: a later one of the same addresses goes on from there."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from pagemeter.component import Memory
from pagemeter.snmp.lane import HEARD, UNHEARD, Lane

MOST_AGE = timedelta(hours=24)
"""An older sweep is begun anew: who was silent then may answer now."""

# What is asked elsewhere is asked anew.
_BITS = bytes((ord("0"), ord("1"), ord("0"))).ljust(256, b"0")
_BACK = bytes.maketrans(b"01", bytes((UNHEARD, HEARD)))
_MOST_OCTETS = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookmark:
    """The stage that a sweep is in, how far each of its lanes is, and who was heard.

    ``again`` are those that answered and of whom nothing was handed on yet.
    """

    sweep: str
    began: datetime
    stage: int = 0
    lanes: tuple[tuple[int, int], ...] = ()
    heard: bytes = b""
    again: tuple[str, ...] = ()

    def as_memory(self) -> Memory:
        """Write it."""
        return {
            "sweep": self.sweep,
            "began": self.began.isoformat(),
            "stage": self.stage,
            "lanes": [list(lane) for lane in self.lanes],
            "heard": _packed(self.heard),
            "again": list(self.again),
        }

    @classmethod
    def read(cls, memory: Memory, sweep: str, now: datetime) -> Bookmark:
        """Read one of the same sweep that is not too old; otherwise, or where it is broken, a new one."""
        new = cls(sweep=sweep, began=now)
        try:
            found = _parsed(memory)
            goes_on = found.sweep == sweep and now - MOST_AGE < found.began <= now
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, binascii.Error, zlib.error):
            return new
        return found if goes_on else new

    def restore(self, lanes: Sequence[Lane]) -> None:
        """Let lanes go on; what does not fit them leaves them at their beginning."""
        counts = [lane.order.count for lane in lanes]
        if len(self.lanes) != len(lanes) or len(self.heard) != sum(counts):
            return
        if any(not 0 <= at <= count or turn < 0 for (turn, at), count in zip(self.lanes, counts, strict=True)):
            return
        start = 0
        for lane, (turn, position) in zip(lanes, self.lanes, strict=True):
            lane.know(self.heard[start : start + lane.order.count])
            lane.turn, lane.position = turn, position
            start += lane.order.count


def fingerprint(facts: object) -> str:
    """Return what tells one sweep from another; it must not contain secrets, for short ones could be guessed."""
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def _parsed(memory: Mapping[str, object]) -> Bookmark:
    lanes, again = memory["lanes"], memory["again"]
    if not isinstance(lanes, list) or not isinstance(again, list):
        raise TypeError("these are lists")
    return Bookmark(
        sweep=str(memory["sweep"]),
        began=datetime.fromisoformat(str(memory["began"])),
        stage=int(str(memory["stage"])),
        lanes=tuple((int(turn), int(position)) for turn, position in lanes),
        heard=_unpacked(str(memory["heard"])),
        again=tuple(str(ip_address(str(host))) for host in again),
    )


def _packed(heard: bytes) -> str:
    """Write a bit an address, behind their number."""
    bits = int(b"1" + heard.translate(_BITS), 2)
    return base64.b64encode(zlib.compress(bits.to_bytes(len(heard) // 8 + 1, "big"), 1)).decode()


def _unpacked(text: str) -> bytes:
    octets = zlib.decompressobj().decompress(base64.b64decode(text, validate=True), _MOST_OCTETS)
    return f"{int.from_bytes(octets, 'big'):b}"[1:].encode().translate(_BACK)
