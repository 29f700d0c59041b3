"""How much one device may cost: time, rows, octets, and silences; and what is said of what it cut short."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence

from pagemeter.clock import Clock
from pagemeter.errors import Unreadable
from pagemeter.snmp.allowance import (
    MOST_OCTETS,
    MOST_ROWS,
    MOST_SECONDS,
    PROOF_OCTETS,
    PROOF_ROWS,
    PROOF_SECONDS,
    of_the_visit,
)
from pagemeter.snmp.session import ErrorStatus
from pagemeter.snmp.types import EXCEPTIONS, Oid, VarBind, Walk

__all__ = ["MOST_OCTETS", "MOST_ROWS", "MOST_SECONDS", "REFUSALS", "Caps", "error_text", "size_of"]

REFUSALS = frozenset({ErrorStatus.NO_ACCESS, ErrorStatus.AUTHORIZATION_ERROR})

_MOST_SILENCES = 2
_MOST_FAULTS = 3
_OCTETS_OF_A_ROW = 40
_ERRORS = {1: "tooBig", 2: "noSuchName", 5: "genErr"}


class Caps:
    """What is left to one call; ``fault`` is the first thing that the device did wrong.

    During a visit it is what the calls before have left; a call that is not ``proven``, which reads no values together
    with the proof of whose they are, leaves a part of it to those that do.
    """

    __slots__ = (
        "_allowance",
        "_faults",
        "_most_octets",
        "_seconds",
        "_until",
        "_visit_ends",
        "all_rows",
        "clock",
        "fault",
        "most_rows",
        "octets",
        "rows",
        "silences",
    )

    def __init__(self, clock: Clock, within: float = MOST_SECONDS, *, proven: bool = False) -> None:
        now = clock.monotonic()
        self.clock = clock
        self._allowance = allowance = of_the_visit()
        self._seconds = min(within, MOST_SECONDS)
        self._visit_ends = False
        self.all_rows, self._most_octets = MOST_ROWS, MOST_OCTETS
        if allowance is not None:
            left = allowance.until(now) - now - (0 if proven else PROOF_SECONDS)
            self._visit_ends = left < self._seconds
            self._seconds = max(0.0, min(self._seconds, left))
            self.all_rows = max(0, allowance.rows - (0 if proven else PROOF_ROWS))
            self._most_octets = max(0, allowance.octets - (0 if proven else PROOF_OCTETS))
        self._until = now + self._seconds
        self._faults = 0
        self.fault: str | None = None
        self.most_rows = self.all_rows
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
        return max(0.0, self._until - self.clock.monotonic())

    @property
    def out_of_time(self) -> str:
        """Say that the time is up."""
        if (visit := self._allowance) is not None and self._visit_ends:
            now = self.clock.monotonic()
            return f"cut after {now + MOST_SECONDS - visit.until(now):.0f} s of this visit"
        return f"cut after {self._seconds:.0f} s"

    def exhausted(self) -> str | None:
        """Say what is used up, none where the reading may go on."""
        if self.silences >= _MOST_SILENCES:
            return "the device fell silent"
        if len(self.rows) >= self.most_rows:
            return self.out_of_rows(len(self.rows))
        if self.octets >= self._most_octets:
            visit = self._allowance
            octets = MOST_OCTETS if visit is None else MOST_OCTETS - visit.octets
            return f"cut after {octets} octets{'' if visit is None else ' of this visit'}"
        if self.clock.monotonic() >= self._until:
            return self.out_of_time
        if self._faults >= _MOST_FAULTS and not self.rows:
            return self.fault
        return None

    def out_of_rows(self, rows: int) -> str:
        """Say that there were too many rows: so many in this call, or in the visit."""
        if self._allowance is not None:
            return f"cut after {MOST_ROWS - self._allowance.rows} rows of this visit"
        return f"cut after {rows} rows"

    def take(self, rows: Sequence[VarBind]) -> bool:
        """Keep rows, less those that only say that there is none; returns whether there was room for all."""
        kept = [row for row in rows if row[1] not in EXCEPTIONS]
        room = max(0, self.most_rows - len(self.rows))
        taken = kept[:room] if len(kept) > room else kept
        octets = self.count(taken)
        if self._allowance is not None:
            self._allowance.rows -= len(taken)
            self._allowance.octets -= octets
        return len(kept) <= room

    def count(self, rows: Sequence[VarBind]) -> int:
        """Count rows that another call took from what a visit has; returns about how many octets they are."""
        self.rows += rows
        octets = _OCTETS_OF_A_ROW * len(rows) + sum([len(row[2]) for row in rows if isinstance(row[2], bytes)])
        self.octets += octets
        return octets

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
