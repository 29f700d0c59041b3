"""How much one device may cost: time, rows, octets, and silences; and what is said of what it cut short."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence

from pagemeter.clock import Clock
from pagemeter.errors import Unreadable
from pagemeter.snmp.session import ErrorStatus
from pagemeter.snmp.types import EXCEPTIONS, Oid, VarBind, Walk

MOST_ROWS = 5000
MOST_OCTETS = 1_000_000
MOST_SECONDS = 60.0

REFUSALS = frozenset({ErrorStatus.NO_ACCESS, ErrorStatus.AUTHORIZATION_ERROR})

_MOST_SILENCES = 2
_MOST_FAULTS = 3
_OCTETS_OF_A_ROW = 40
_ERRORS = {1: "tooBig", 2: "noSuchName", 5: "genErr"}


class Caps:
    """What is left to one call; ``fault`` is the first thing that the device did wrong."""

    __slots__ = ("_clock", "_faults", "_seconds", "_until", "fault", "most_rows", "octets", "rows", "silences")

    def __init__(self, clock: Clock, within: float = MOST_SECONDS) -> None:
        self._clock = clock
        self._seconds = min(within, MOST_SECONDS)
        self._until = clock.monotonic() + self._seconds
        self._faults = 0
        self.fault: str | None = None
        self.most_rows = MOST_ROWS
        self.octets = 0
        self.rows: list[VarBind] = []
        self.silences = 0

    async def keep_time(self, reading: Awaitable[None]) -> bool:
        """Wait for a reading; returns whether it ended in time, and not by being cut off."""
        try:
            async with asyncio.timeout(self.left) as limit:
                await reading
        except TimeoutError:
            if not limit.expired():
                raise
            return False
        return True

    @property
    def left(self) -> float:
        """Say how many seconds are left."""
        return max(0.0, self._until - self._clock.monotonic())

    @property
    def out_of_time(self) -> str:
        """Say that the time is up."""
        return f"cut after {self._seconds:.0f} s"

    def exhausted(self) -> str | None:
        """Say what is used up, none where the reading may go on."""
        if self.silences >= _MOST_SILENCES:
            return "the device fell silent"
        if len(self.rows) >= self.most_rows:
            return f"cut after {len(self.rows)} rows"
        if self.octets >= MOST_OCTETS:
            return f"cut after {MOST_OCTETS} octets"
        if self._clock.monotonic() >= self._until:
            return self.out_of_time
        if self._faults >= _MOST_FAULTS and not self.rows:
            return self.fault
        return None

    def take(self, rows: Sequence[VarBind]) -> bool:
        """Keep rows, less those that only say that there is none; returns whether there was room for all."""
        kept = [row for row in rows if row[1] not in EXCEPTIONS]
        room = self.most_rows - len(self.rows)
        self.rows += kept[:room] if len(kept) > room else kept
        self.octets += _OCTETS_OF_A_ROW * len(kept) + sum([len(row[2]) for row in kept if isinstance(row[2], bytes)])
        return len(kept) <= room

    def note(self, fault: str) -> str:
        """Note what the device did wrong; returns it."""
        self._faults += 1
        self.fault = self.fault or fault
        return fault

    def walk(self, uri: str, missing: dict[Oid, str]) -> Walk:
        """Return what was read; raises Unreadable where that is nothing but faults."""
        if not self.rows and self.fault is not None:
            raise Unreadable(f"{uri} answers, but not with values: {self.fault}")
        return Walk(self.rows, missing)


def error_text(status: int) -> str:
    """Name an error-status (RFC 3416 section 3) with its number."""
    return f"error-status {status} ({_ERRORS[status]})" if status in _ERRORS else f"error-status {status}"


def size_of(rows: Sequence[VarBind]) -> int:
    """Estimate how many octets rows take in an answer."""
    return sum(_size(row) for row in rows)


def _size(row: VarBind) -> int:
    value = row.value
    octets = value.bit_length() // 8 + 1 if isinstance(value, int) else len(value) if value is not None else 0
    return len(row.oid) + 5 + octets
