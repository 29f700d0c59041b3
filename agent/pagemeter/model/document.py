"""What an output gets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from pagemeter.model.event import Event
from pagemeter.model.job import JobRecord, Queue
from pagemeter.model.privacy import FreeText
from pagemeter.model.snapshot import DeviceSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStatus:
    """How the agent itself is; the head of every report."""

    agent: str
    version: str
    site: str | None = None
    started_at: datetime
    at: datetime
    last_error: FreeText | None = None
    last_error_at: datetime | None = None


Body: TypeAlias = DeviceSnapshot | JobRecord | Queue | Event | AgentStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What lets a receiver drop repeats; the order is (epoch, seq), never the wall clock.

    ``epoch`` is ``<start number as 8 hex digits>-<64 random bits as 16 hex digits>``: new at every start and salvage,
    sorted by start; ``seq`` runs on over epochs.
    """

    agent: str
    epoch: str
    seq: int

    def __str__(self) -> str:
        """Write it as ``agent/epoch/seq``."""
        return f"{self.agent}/{self.epoch}/{self.seq}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A snapshot, a job, an event or the agent's own status, with its key; ``at`` is when it was kept (aware UTC)."""

    key: Key
    at: datetime
    body: Body


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetEntry:
    """A known device for a report of the fleet: its latest values and when it last answered.

    ``latest`` holds the newest snapshot per scope, merged; ``silent_since`` is absent while the device answers.
    """

    latest: DeviceSnapshot
    first_seen: datetime
    last_success: datetime | None = None
    silent_since: datetime | None = None
    scope_times: tuple[tuple[str, datetime], ...] = ()
