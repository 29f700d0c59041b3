"""Meters over time: a fall is an explained event, the raw value stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pagemeter.continuity.records import Series
from pagemeter.model import DeviceSnapshot, Event, MeterRead, MeterReset, Since


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterMemory:
    """The open run of one counter."""

    key: str
    number: int = 1
    began_at: datetime
    last_at: datetime
    first: int
    last: int
    counted: int = 0
    began_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetersFollowed:
    """The reads with their series and deltas, what happened, what to remember, and the rows of the ledger."""

    reads: tuple[MeterRead, ...]
    events: tuple[Event, ...] = ()
    memory: tuple[MeterMemory, ...] = ()
    series: tuple[Series, ...] = ()


def follow_meters(
    memory: tuple[MeterMemory, ...], snapshot: DeviceSnapshot, *, before: DeviceSnapshot | None
) -> MetersFollowed:
    """Lay a snapshot's counters beside what is remembered of them."""
    earlier = {read.key: read for read in before.meter_reads if read.since is Since.LIFE} if before else {}
    events = tuple(
        Event(
            device=snapshot.device.id,
            at=snapshot.taken_at,
            facts=MeterReset(key=read.key, old=earlier[read.key].value, new=read.value),
        )
        for read in snapshot.meter_reads
        if read.key in earlier and read.value < earlier[read.key].value
    )
    return MetersFollowed(reads=snapshot.meter_reads, events=events, memory=memory)
