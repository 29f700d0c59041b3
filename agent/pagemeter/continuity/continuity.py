"""Meters, supplies and alerts of the devices over time: what a snapshot means after the ones before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pagemeter.continuity.meters import meter_events
from pagemeter.continuity.records import Records
from pagemeter.model import DeviceSnapshot, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A snapshot with what its history adds (series, deltas, outlooks), the events, and what is kept of it."""

    snapshot: DeviceSnapshot
    events: tuple[Event, ...] = ()
    records: Records = field(default_factory=Records)


class Continuity:
    """Follows devices by our own id; holds their histories packed, filled from the store at start."""

    def __init__(self, histories: Mapping[str, bytes] | None = None) -> None:
        self._histories = dict(histories or {})

    def follow(self, snapshot: DeviceSnapshot, *, before: DeviceSnapshot | None) -> Followed:
        """Take in what was read now; ``before`` is the latest of that device until now, merged by scope."""
        events = meter_events(before, snapshot) if before is not None else ()
        return Followed(snapshot=snapshot, events=events)

    def merged(self, stays: str, alias: str) -> Records:  # noqa: ARG002 - filled in next
        """Give the history of an id that is given up to the one that stays."""
        self._histories.pop(alias, None)
        return Records()
