"""Alerts over time: raised, cleared, and how long they lasted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pagemeter.continuity.records import AlertLife
from pagemeter.model import Alert, DeviceSnapshot, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertMemory:
    """An alert that is there."""

    alert: Alert
    raised_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsFollowed:
    """The alerts with the time they were raised, what happened, what to remember, and the rows to keep."""

    alerts: tuple[Alert, ...]
    events: tuple[Event, ...] = ()
    memory: tuple[AlertMemory, ...] = ()
    lives: tuple[AlertLife, ...] = ()


def follow_alerts(memory: tuple[AlertMemory, ...], snapshot: DeviceSnapshot) -> AlertsFollowed:
    """Lay a snapshot's alerts beside those that were there."""
    return AlertsFollowed(alerts=snapshot.alerts, memory=memory)
