"""Meters, supplies and alerts of the devices over time: what a snapshot means after the ones before it."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pagemeter.continuity.alerts import follow_alerts
from pagemeter.continuity.history import History, packed, unpacked
from pagemeter.continuity.meters import follow_meters
from pagemeter.continuity.records import Records
from pagemeter.continuity.supplies import follow_supplies
from pagemeter.continuity.usage import follow_usage
from pagemeter.model import DeviceSnapshot, Event, Scope
from pagemeter.wire import WireError

log = logging.getLogger(__name__)


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
        """Take in what was read now; ``before`` is the latest of that device until now, merged by scope.

        A scope that was not answered leaves its part of the history as it is.
        """
        old = self._history(snapshot.device.id)
        events: tuple[Event, ...] = ()
        records, new = Records(), old
        if Scope.METERS in snapshot.scopes:
            meters = follow_meters(new.meters, snapshot, before=before)
            snapshot = replace(snapshot, meter_reads=meters.reads)
            new = replace(new, meters=meters.memory, usage=follow_usage(new.usage, meters.reads))
            events, records = meters.events, replace(records, series=meters.series)
        if Scope.SUPPLIES in snapshot.scopes:
            supplies = follow_supplies(new.supplies, snapshot, usage=new.usage)
            snapshot = replace(snapshot, supplies=supplies.supplies)
            new = replace(new, supplies=supplies.memory)
            events, records = events + supplies.events, replace(records, supplies=supplies.lives)
        if Scope.STATUS in snapshot.scopes:
            alerts = follow_alerts(new.alerts, snapshot)
            snapshot = replace(snapshot, alerts=alerts.alerts)
            new = replace(new, alerts=alerts.memory)
            events, records = events + alerts.events, replace(records, alerts=alerts.lives)
        if new != old:
            self._histories[snapshot.device.id] = packed(new)
            records = replace(records, history=self._histories[snapshot.device.id])
        return Followed(snapshot=snapshot, events=events, records=records)

    def merged(self, stays: str, alias: str) -> Records:  # noqa: ARG002 - filled in next
        """Give the history of an id that is given up to the one that stays."""
        self._histories.pop(alias, None)
        return Records()

    def _history(self, device: str) -> History:
        """Unpack what is remembered; what can't be read any more is begun anew, for the raw values stand in the log."""
        data = self._histories.get(device)
        if data is None:
            return History()
        try:
            return unpacked(data)
        except (WireError, zlib.error) as error:
            log.warning("the history of device %s can't be read and begins anew: %s", device, error)
            return History()
