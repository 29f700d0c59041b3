"""How much SNMP one visit of a device may cost, however many readers and calls share it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

MOST_ROWS = 5000
MOST_OCTETS = 1_000_000
MOST_SECONDS = 60.0

OUT_OF_TIME = f"not asked any more, the {MOST_SECONDS:.0f} s of this visit are over"

# What all other questions leave to what is read together with the proof of whose it is: the counters.
PROOF_ROWS = 500
PROOF_OCTETS = 100_000
PROOF_SECONDS = 10.0


_OF_THE_VISIT: ContextVar[Allowance | None] = ContextVar("pagemeter_snmp_allowance", default=None)


class Allowance:
    """What is left to one visit: rows, octets, and the time since its first question."""

    __slots__ = ("_until", "octets", "rows")

    def __init__(self) -> None:
        self.rows = MOST_ROWS
        self.octets = MOST_OCTETS
        self._until: float | None = None

    def until(self, now: float) -> float:
        """Say when it ends; the first one to ask begins it. Both are seconds of the monotonic clock."""
        if self._until is None:
            self._until = now + MOST_SECONDS
        return self._until

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Let what the block and its tasks read by SNMP draw from it; outside each call has limits of its own."""
        token = _OF_THE_VISIT.set(self)
        try:
            yield
        finally:
            _OF_THE_VISIT.reset(token)


def of_the_visit() -> Allowance | None:
    """Return the allowance of the visit for which the caller works, none outside of visits."""
    return _OF_THE_VISIT.get()
