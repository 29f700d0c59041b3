"""What continuity hands to the store: rows of the ledger, of supplies and of alerts, and a device's packed history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One unbroken run of one counter of a device.

    ``number`` counts the runs of ``key`` from 1. ``first`` and ``last`` are raw values, ``counted`` the sum of the
    deltas, never negative. ``began_by`` says why it is a new one (a FallCause, ``found``, ``unit-changed``,
    ``power-on``, ``source-changed``, ``jumped``), and ``ended_by`` why it ended (these, ``taken-back``, ``merged``); a
    run that goes on has none. ``last_at`` is exact where the counter moved, and to the hour while it stands still.
    """

    key: str
    number: int
    began_at: datetime
    last_at: datetime
    first: int
    last: int
    counted: int = 0
    began_by: str | None = None
    ended_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyLife:
    """One supply in one place of a device (``place`` is the supply's index), from its first to its last sight.

    Levels are in per cent, absent where the device tells none; pages are the device's count then.
    """

    place: str
    number: int
    serial_number: str | None = None
    part_number: str | None = None
    description: str | None = None
    first_seen: datetime
    last_seen: datetime
    first_percent: int | None = None
    last_percent: int | None = None
    first_pages: int | None = None
    last_pages: int | None = None
    began_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertLife:
    """One alert of a device; ``cleared_at`` is absent while it is there."""

    key: str
    raised_at: datetime
    cleared_at: datetime | None = None
    severity: str | None = None
    training: str | None = None
    code: int | None = None
    code_name: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The rows of a counter of an id that was given up: they go to the one that stays, ``by`` is added to numbers."""

    alias: str
    key: str
    by: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What of one device changed: its history as it is now (packed), rows that it takes over, and rows to replace."""

    history: bytes | None = None
    series: tuple[Series, ...] = ()
    supplies: tuple[SupplyLife, ...] = ()
    alerts: tuple[AlertLife, ...] = ()
    moved: tuple[Moved, ...] = ()

    def joined(self, later: Records) -> Records:
        """Lay later records of the same device over these; of two rows with one key the later one stays."""
        series = {(row.key, row.number): row for row in (*self.series, *later.series)}
        supplies = {(row.place, row.number): row for row in (*self.supplies, *later.supplies)}
        alerts = {(row.key, row.raised_at): row for row in (*self.alerts, *later.alerts)}
        return Records(
            history=later.history if later.history is not None else self.history,
            series=tuple(series.values()),
            supplies=tuple(supplies.values()),
            alerts=tuple(alerts.values()),
            moved=tuple(dict.fromkeys((*self.moved, *later.moved))),
        )
