"""Alerts over time: raised, cleared, and how long they lasted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pagemeter.continuity.alert_identity import key_of, paired_alerts
from pagemeter.continuity.records import AlertLife
from pagemeter.continuity.supply_words import group_index_of
from pagemeter.model import (
    Alert,
    AlertCleared,
    AlertRaised,
    DeviceSnapshot,
    Event,
    PrinterState,
    Severity,
    Training,
)

MOST_ALERTS = 64
"""How many alerts of a device are followed at once; what a device lists beyond them is handed on as it is."""
PATIENCE = timedelta(days=3)
"""How long an alert that is not listed may be hidden, by sleep or by another source, before it counts as cleared."""
_AHEAD = timedelta(minutes=2)
_TABLE = "1.3.6.1.2.1.43.18"
# Closed, power saver, warming up, power up, ready, a removal: states and no faults (PrtAlertCodeTC).
_STATES = frozenset({4, 6, 19, 23, 24, 502, 503, 507, 1019, 1030, 1801})


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertMemory:
    """An alert that is there, or hidden since ``gone_since``.

    ``seen_as`` is the word of the printer's status when it was seen last, ``asleep`` where the device slept then.
    """

    key: str
    raised_at: datetime
    severity: Severity | None = None
    training: Training | None = None
    group: str | None = None
    group_index: int | None = None
    code: int | None = None
    code_name: str | None = None
    description: str | None = None
    location: int | None = None
    source: str
    seen_as: str | None = None
    gone_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsFollowed:
    """The alerts with the time they were raised, what happened, what to remember, and the rows to keep."""

    alerts: tuple[Alert, ...]
    events: tuple[Event, ...] = ()
    memory: tuple[AlertMemory, ...] = ()
    lives: tuple[AlertLife, ...] = ()


def follow_alerts(memory: tuple[AlertMemory, ...], snapshot: DeviceSnapshot) -> AlertsFollowed:
    """Lay a snapshot's alerts beside those that were there; each keeps its key and the time it was raised at.

    Raised and cleared are told once, at the edge. What is not listed is cleared only where the visit proves it.
    """
    at, asleep = snapshot.taken_at, _word(snapshot)
    listed = [_marks(alert, asleep, at) for alert in snapshot.alerts[: 4 * MOST_ALERTS] if alert.code not in _STATES]
    found, unseen = paired_alerts(memory, listed)
    names = [one.key for one in memory]
    places = [place for place, alert in enumerate(snapshot.alerts[: 4 * MOST_ALERTS]) if alert.code not in _STATES]
    alerts, kept, raised = list(snapshot.alerts), list[AlertMemory](), list[AlertMemory]()
    room = MOST_ALERTS - sum(place is not None for place in found)
    for marks, place, number in zip(listed, found, places, strict=True):
        if place is not None:
            one = replace(marks, key=memory[place].key, raised_at=memory[place].raised_at)
        elif room > 0:
            one = replace(marks, key=key_of(marks, names))
            names.append(one.key)
            raised.append(one)
            room -= 1
        else:
            continue
        kept.append(one)
        alerts[number] = replace(alerts[number], key=one.key, raised_at=one.raised_at)
    hidden, cleared = _unseen([memory[place] for place in unseen], snapshot)
    return AlertsFollowed(
        alerts=tuple(alerts),
        events=tuple(
            Event(device=snapshot.device.id, at=at, facts=fact)
            for fact in (*map(_cleared, cleared), *map(_raised, raised))
        ),
        memory=(*kept, *hidden[: MOST_ALERTS - len(kept)]),
        lives=(*(_life(one, one.gone_since) for one in cleared), *(_life(one, None) for one in raised)),
    )
