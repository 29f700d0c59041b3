"""Services for a component under test."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pagemeter.clock import Clock
from pagemeter.component import Snmp
from pagemeter.model import Scope, Target
from pagemeter.testing.clock import FakeClock
from pagemeter.testing.snmp import RecordedSnmp


@dataclass(slots=True, kw_only=True)
class FakeServices:
    """The ``Services`` of a component; what it asked of the agent is kept in ``reads`` and ``progressed``."""

    snmp: Snmp = field(default_factory=lambda: RecordedSnmp({}))
    clock: Clock = field(default_factory=FakeClock)
    folder: Path = Path()
    reads: list[tuple[Target, frozenset[Scope], str]] = field(default_factory=list)
    progressed: list[tuple[int, int | None]] = field(default_factory=list)

    def read_soon(self, target: Target, scopes: frozenset[Scope], why: str) -> None:
        """Keep the wish."""
        self.reads.append((target, scopes, why))

    def progress(self, done: int, total: int | None) -> None:
        """Keep the step."""
        self.progressed.append((done, total))
