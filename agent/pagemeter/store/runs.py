"""What the store keeps of the runs of cycles: their traffic, of each cycle's last hundred."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Self

from pagemeter import wire
from pagemeter.errors import StoreError
from pagemeter.net.accounts import RunTraffic
from pagemeter.store.frames import deflated, inflated

MOST_RUNS = 100
"""How many runs of one cycle are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRows:
    """The rows of one Keep, encoded before the writer's thread gets them."""

    rows: tuple[tuple[str, bytes], ...]

    @classmethod
    def of(cls, runs: tuple[RunTraffic, ...]) -> Self:
        """Encode runs; raises WireError."""
        return cls(rows=tuple((run.cycle, deflated(wire.to_json(run), None)) for run in runs))

    def write(self, db: sqlite3.Connection) -> None:
        """Write the rows and let go of old ones; the caller's transaction holds."""
        for cycle, body in self.rows:
            db.execute("INSERT INTO run (cycle, body) VALUES (?, ?)", (cycle, body))
            db.execute(
                "DELETE FROM run WHERE cycle = ? AND number <= "
                "(SELECT number FROM run WHERE cycle = ? ORDER BY number DESC LIMIT 1 OFFSET ?)",
                (cycle, cycle, MOST_RUNS),
            )


def run_of(body: bytes) -> RunTraffic:
    """Read one run; raises StoreError where the row is damaged."""
    try:
        return wire.from_json(RunTraffic, inflated(body, None))
    except (ValueError, wire.WireError) as error:
        raise StoreError(f"what is kept of a run is damaged: {error}") from error
