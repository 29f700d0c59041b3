"""Alerts over time: raised, cleared, and how long they lasted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pagemeter.continuity.alert_identity import Marks, group_index_of, key_of, paired_alerts
from pagemeter.continuity.records import AlertLife
from pagemeter.model import (
    Alert,
    AlertCleared,
    AlertRaised,
    DeviceSnapshot,
    Event,
    Facts,
    PrinterState,
    Severity,
    Training,
)

MOST_ALERTS = 64
"""How many alerts of a device are followed at once; what a device lists beyond them is handed on as it is."""
PATIENCE = timedelta(days=3)
"""How long an alert that is not listed may be hidden, by sleep or by another source, before it counts as cleared."""
MOST_LISTED = 4 * MOST_ALERTS
_SLACK = timedelta(minutes=2)
_TABLES = ("prtAlertTable", "1.3.6.1.2.1.43.18", "printer-alert")
# Closed, power saver, warming up, power up, ready, a removal: states and no faults (PrtAlertCodeTC).
_STATES = frozenset({4, 6, 19, 23, 24, 502, 503, 507, 1019, 1030, 1801})


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertMemory(Marks):
    """An alert that is there, or hidden since ``gone_since``.

    ``key`` and ``raised_at`` stay as they were at first. ``seen_as`` is the word of the status when it was seen last.
    """

    key: str
    raised_at: datetime
    severity: Severity | None = None
    training: Training | None = None
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
    listed = {
        place: _marks(alert, snapshot)
        for place, alert in enumerate(snapshot.alerts[:MOST_LISTED])
        if alert.code not in _STATES
    }
    found, unseen = paired_alerts(memory, tuple(listed.values()))
    known = {
        place: _seen_again(memory[mark], listed[place], snapshot)
        for place, mark in zip(listed, found, strict=True)
        if mark is not None
    }
    # Of rows that were cut short nobody knows what they say.
    new = {} if _was_cut(snapshot) else {place: marks for place, marks in listed.items() if place not in known}
    raised = _named(new, [one.key for one in memory], room=MOST_ALERTS - len(known))
    hidden, cleared = _unseen([memory[mark] for mark in unseen], snapshot)
    followed = {**known, **raised}
    facts = (*map(_cleared, cleared), *map(_raised, raised.values()))
    return AlertsFollowed(
        alerts=tuple(
            replace(alert, key=followed[place].key, raised_at=followed[place].raised_at) if place in followed else alert
            for place, alert in enumerate(snapshot.alerts)
        ),
        events=tuple(Event(device=snapshot.device.id, at=snapshot.taken_at, facts=fact) for fact in facts),
        memory=(*followed.values(), *hidden[: max(0, MOST_ALERTS - len(followed))]),
        lives=(*(_life(one, one.gone_since) for one in cleared), *(_life(one, None) for one in raised.values())),
    )


def _marks(alert: Alert, snapshot: DeviceSnapshot) -> AlertMemory:
    return AlertMemory(
        key=alert.key,
        raised_at=_raised_at(alert, snapshot),
        severity=alert.severity,
        training=alert.training,
        group=alert.group,
        group_index=group_index_of(alert),
        code=alert.code,
        code_name=alert.code_name,
        description=alert.description,
        location=alert.location if alert.location is None or alert.location >= 0 else None,
        source=alert.origin.protocol,
        seen_as=_word(snapshot),
    )


def _seen_again(one: AlertMemory, marks: AlertMemory, snapshot: DeviceSnapshot) -> AlertMemory:
    """Take over what an alert says now; what another source says of it, or half a table, is less than is known."""
    if marks.source != one.source or _was_cut(snapshot):
        return replace(one, gone_since=None)
    return replace(marks, key=one.key, raised_at=one.raised_at)


def _was_cut(snapshot: DeviceSnapshot) -> bool:
    return any(table.startswith(_TABLES) for table in snapshot.missing)


def _raised_at(alert: Alert, snapshot: DeviceSnapshot) -> datetime:
    """Take the device's time where it can be true: not in the future, and not before the device was switched on."""
    told, at = alert.raised_at, snapshot.taken_at
    if told is None or told > at + _SLACK:
        return at
    if snapshot.uptime is not None and told < at - snapshot.uptime - _SLACK:
        return at
    return min(told, at)


def _named(new: Mapping[int, AlertMemory], taken: list[str], *, room: int) -> dict[int, AlertMemory]:
    """Give new alerts their keys, critical ones first, as far as there is room."""
    order = sorted(new, key=lambda place: (new[place].severity is not Severity.CRITICAL, place))
    named: dict[int, AlertMemory] = {}
    for place in sorted(order[: max(0, room)]):
        named[place] = replace(new[place], key=key_of(new[place], taken))
        taken.append(named[place].key)
    return named


def _unseen(gone: Sequence[AlertMemory], snapshot: DeviceSnapshot) -> tuple[list[AlertMemory], list[AlertMemory]]:
    """Part what is hidden from what is cleared; cleared is dated back to when it was first seen to be gone."""
    at = snapshot.taken_at
    hidden, cleared = list[AlertMemory](), list[AlertMemory]()
    for one in gone:
        since = min(one.gone_since or at, at)
        proved = _proves(snapshot, one) or at - since >= PATIENCE
        (cleared if proved else hidden).append(replace(one, gone_since=since))
    return hidden, cleared


def _proves(snapshot: DeviceSnapshot, one: AlertMemory) -> bool:
    """Say whether an alert that is not listed is gone.

    Not where the table was cut short, where its source was not heard, nor where the device fell asleep or warms up
    since: some tables are empty then.
    """
    if _was_cut(snapshot):
        return False
    heard = {alert.origin.protocol for alert in snapshot.alerts}
    if snapshot.status is not None:
        heard.add(snapshot.status.origin.protocol)
    # Where several sources were read and none lists an alert, all of them say so.
    alone = bool(snapshot.alerts) or len(snapshot.read_by) <= 1
    if alone and heard and one.source not in heard:
        return False
    dozes = snapshot.status is not None and snapshot.status.state in (PrinterState.STANDBY, PrinterState.WARMUP)
    return not dozes or one.seen_as == _word(snapshot)


def _word(snapshot: DeviceSnapshot) -> str | None:
    """Return the word that changes when a device falls asleep: hrPrinterStatus, of other sources the state."""
    status = snapshot.status
    if status is None:
        return None
    return status.printer_status if status.origin.protocol == "snmp" else str(status.state)


def _raised(one: AlertMemory) -> Facts:
    return AlertRaised(
        key=one.key,
        severity=one.severity,
        training=one.training,
        group=one.group,
        code=one.code,
        code_name=one.code_name,
        description=one.description,
        raised_at=one.raised_at,
    )


def _cleared(one: AlertMemory) -> Facts:
    """Say how long an alert lasted; a clock that was set back makes it short, never negative."""
    return AlertCleared(
        key=one.key,
        severity=one.severity,
        training=one.training,
        group=one.group,
        code=one.code,
        code_name=one.code_name,
        description=one.description,
        raised_at=one.raised_at,
        lasted=max(timedelta(0), (one.gone_since or one.raised_at) - one.raised_at),
    )


def _life(one: AlertMemory, cleared_at: datetime | None) -> AlertLife:
    return AlertLife(
        key=one.key,
        raised_at=one.raised_at,
        cleared_at=None if cleared_at is None else max(cleared_at, one.raised_at),
        severity=one.severity,
        training=one.training,
        code=one.code,
        code_name=one.code_name,
        description=one.description,
    )
