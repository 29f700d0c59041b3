"""What is known of one device at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pagemeter.model.alert import Alert, Status
from pagemeter.model.device import Device
from pagemeter.model.meter import MeterRead, Origin, Rival
from pagemeter.model.privacy import Address, FreeText
from pagemeter.model.reading import Reading, Scope, Unknown
from pagemeter.model.supply import Cover, Input, Marker, Supply


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSnapshot:
    """A device and what one visit read of it; ``trusted_clock`` tells if ``taken_at`` (UTC) is right."""

    device: Device
    target: Address
    found_by: tuple[str, ...] = ()
    taken_at: datetime
    trusted_clock: bool = True
    read_by: tuple[str, ...] = ()
    origins: tuple[tuple[str, Origin], ...] = ()
    scopes: frozenset[Scope] = frozenset()
    missing: tuple[str, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    uptime: timedelta | None = None
    panel: tuple[FreeText, ...] = ()
    status: Status | None = None
    meter_reads: tuple[MeterRead, ...] = ()
    rivals: tuple[Rival, ...] = ()
    markers: tuple[Marker, ...] = ()
    supplies: tuple[Supply, ...] = ()
    inputs: tuple[Input, ...] = ()
    covers: tuple[Cover, ...] = ()
    alerts: tuple[Alert, ...] = ()


def snapshot_of(
    device: Device,
    reading: Reading,
    *,
    target: str,
    found_by: tuple[str, ...],
    taken_at: datetime,
    read_by: tuple[str, ...],
) -> DeviceSnapshot:
    """Join a device of the inventory with what a visit read of it."""
    return DeviceSnapshot(
        device=device,
        target=target,
        found_by=found_by,
        taken_at=taken_at,
        read_by=read_by,
        origins=reading.origins,
        scopes=reading.scopes,
        missing=reading.missing,
        unknown=reading.unknown,
        uptime=reading.uptime,
        panel=reading.panel,
        status=reading.status,
        meter_reads=reading.meter_reads,
        rivals=reading.rivals,
        markers=reading.markers,
        supplies=reading.supplies,
        inputs=reading.inputs,
        covers=reading.covers,
        alerts=reading.alerts,
    )
