"""Meters, supplies and alerts of the devices over time: what a snapshot means after the ones before it."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from pagemeter.continuity.alerts import follow_alerts
from pagemeter.continuity.history import History, packed, unpacked
from pagemeter.continuity.joining import joined_meters, joined_usage
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
            snapshot = replace(snapshot, meter_reads=meters.reads, rivals=meters.rivals)
            since = new.meters.marks.at if new.meters.marks is not None else None
            usage = follow_usage(new.usage, meters.reads, since=since, at=snapshot.taken_at)
            new = replace(new, meters=meters.memory, usage=usage)
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

    def merged(self, stays: str, alias: str, *, at: datetime) -> Records:
        """Join the history of an id that is given up to that of the one that stays; returns what of it changed.

        ``at`` is the visit's time.
        """
        if alias not in self._histories:
            return Records()
        mine, theirs = self._history(stays), self._history(alias)
        del self._histories[alias]
        meters = joined_meters(mine.meters, theirs.meters, alias=alias, at=at)
        # The alias's lives in a place get numbers behind ours, and the next life must not get one of them.
        lives = {one.place: one.lives for one in theirs.supplies}
        supplies = tuple(replace(one, lives=one.lives + lives.get(one.place, 0)) for one in mine.supplies)
        alerts = {one.key: one for one in (*theirs.alerts, *mine.alerts)}
        history = History(
            meters=meters.memory,
            supplies=supplies or theirs.supplies,
            alerts=tuple(alerts.values()),
            usage=joined_usage(mine.usage, theirs.usage),
        )
        self._histories[stays] = packed(history)
        return Records(history=self._histories[stays], series=meters.series, moved=meters.moved)

    def unkept(self, device: str, snapshot: DeviceSnapshot) -> None:
        """Take note that a snapshot that was followed could not be kept: the next one tells what it counted."""
        lost = {read.key: read.delta for read in snapshot.meter_reads if read.delta}
        if lost and device in self._histories:
            old = self._history(device)
            counters = tuple(
                replace(one, owed=(one.owed or 0) + lost[one.key]) if one.key in lost else one
                for one in old.meters.counters
            )
            self._histories[device] = packed(replace(old, meters=replace(old.meters, counters=counters)))

    def current(self, device: str, records: Records) -> Records:
        """Return records that waited with the history as it is by now."""
        return replace(records, history=self._histories.get(device)) if records != Records() else records

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
