"""A walk of a device made into readings; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pagemeter.component import NotAPrinter
from pagemeter.model import Origin, Reading, Scope, Unknown
from pagemeter.snmp.types import Oid, Walk
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.alerts import alerts_of, conditions_of
from pagemeter_plugins.printer_mib.engine import colorants_of, engine_of
from pagemeter_plugins.printer_mib.evidence import not_a_printer, printers_of
from pagemeter_plugins.printer_mib.identity import Person, identity_of
from pagemeter_plugins.printer_mib.meters import meter_reads_of, unknown_meters
from pagemeter_plugins.printer_mib.profile import Profile
from pagemeter_plugins.printer_mib.status import status_of
from pagemeter_plugins.printer_mib.subunits import covers_of, inputs_of, markers_of, panel_of
from pagemeter_plugins.printer_mib.supplies import supplies_of
from pagemeter_plugins.printer_mib.vendor_status import vendor_alerts, vendor_panel
from pagemeter_plugins.printer_mib.vendor_supplies import with_coverage, with_vendor_values

SCOPES = frozenset({Scope.IDENTITY, Scope.METERS, Scope.SUPPLIES, Scope.STATUS})
_SILENT = "device does not tell"
# What must have been read for a scope to count as answered; identity is always.
_PROOF: dict[Scope, tuple[Oid, ...]] = {
    Scope.METERS: (mib.MARKER,),
    Scope.SUPPLIES: (mib.SUPPLIES,),
    Scope.STATUS: (mib.HR_DEVICE, mib.HR_PRINTER, mib.ALERT),
}


def parse_printer_mib(
    walk: Walk, scopes: frozenset[Scope], at: datetime, profiles: Sequence[Profile]
) -> tuple[Reading, ...] | NotAPrinter:
    """Read every printer of a walk, in the order of hrDeviceIndex; ``at`` is when it was read (aware UTC)."""
    printers = printers_of(walk)
    if not printers:
        return not_a_printer(walk)
    alone = len(printers) == 1
    people = (Person(walk, index, alone=alone, profiles=profiles) for index in printers)
    return tuple(_reading(who, scopes & SCOPES, at) for who in people)


def _reading(who: Person, scopes: frozenset[Scope], at: datetime) -> Reading:
    walk, index = who.walk, who.index
    meters, supplies, status = (scope in scopes for scope in (Scope.METERS, Scope.SUPPLIES, Scope.STATUS))
    alerts = alerts_of(walk, index, at)
    all_supplies = supplies_of(walk, index, at, conditions_of(walk, index))
    colors = [color for supply in all_supplies for color in supply.colorants]
    identity, origins = identity_of(who, colorants=colorants_of(walk, index), colors=colors)
    up_time = mib.up_time_of(walk)
    reads, rivals = meter_reads_of(walk, index, who.profiles, at) if meters else ((), ())
    reading = Reading(
        identity=identity,
        origins=origins,
        missing=mib.missing_of(walk),
        uptime=timedelta(milliseconds=10 * up_time) if up_time is not None else None,
        panel=panel_of(walk, index, alone=who.alone) if status else (),
        status=status_of(walk, index, alerts) if status else None,
        meter_reads=reads,
        rivals=rivals,
        markers=markers_of(walk, index) if meters or supplies or status else (),
        supplies=all_supplies if supplies else (),
        inputs=inputs_of(walk, index) if supplies else (),
        covers=covers_of(walk, index) if status else (),
        alerts=alerts if status else (),
    )
    return _with_scopes(_completed(reading, who, scopes, at), who, scopes)


def _completed(reading: Reading, who: Person, scopes: frozenset[Scope], at: datetime) -> Reading:
    """Add what profiles tell of supplies, markers, panel and state, each with where it was read."""
    walk, index, profiles = who.walk, who.index, who.profiles
    if not profiles:
        return reading
    if Scope.SUPPLIES in scopes:
        engine = engine_of(walk, index)
        supplies, origins = with_vendor_values(reading.supplies, walk, index, profiles, engine, at)
        reading = _with(reading, origins, supplies=supplies)
    if Scope.METERS in scopes:
        markers, origins = with_coverage(reading.markers, walk, profiles)
        reading = _with(reading, origins, markers=markers)
    if Scope.STATUS in scopes:
        alerts, unknown = vendor_alerts(walk, profiles, reading.alerts)
        reading = replace(reading, alerts=reading.alerts + alerts, unknown=unknown)
        panel, origin = vendor_panel(walk, index, profiles)
        if origin is not None and not panel_of(walk, index, alone=False):
            reading = _with(reading, {"panel": origin}, panel=panel)
    return reading


def _with(reading: Reading, origins: Mapping[str, Origin], **parts: Any) -> Reading:
    return replace(reading, origins=tuple(sorted({**dict(reading.origins), **origins}.items())), **parts)


def _with_scopes(reading: Reading, who: Person, scopes: frozenset[Scope]) -> Reading:
    answered = frozenset(scope for scope in scopes if _answered(who.walk, scope, reading))
    unknown = tuple(_unknown(who, scopes, reading))
    return replace(reading, scopes=answered, unknown=reading.unknown + unknown)


def _answered(walk: Walk, scope: Scope, reading: Reading) -> bool:
    """Say whether a scope was answered: an empty one only where there is a Printer MIB and nothing was cut short."""
    if scope is Scope.IDENTITY:
        return True
    told = {
        Scope.METERS: bool(reading.meter_reads),
        Scope.SUPPLIES: bool(reading.supplies or reading.inputs),
        Scope.STATUS: reading.status is not None or bool(reading.alerts),
    }
    cut = any(root in walk.missing for root in _PROOF[scope])
    return told[scope] or (not cut and bool(walk.column(mib.PRINTER_MIB)))


def _unknown(who: Person, scopes: frozenset[Scope], reading: Reading) -> Iterator[Unknown]:
    if Scope.IDENTITY in scopes:
        for field in ("serial_number", "model", "manufacturer"):
            if getattr(reading.identity, field) is None:
                yield Unknown(what=field, why=_SILENT)
    if Scope.METERS in scopes:
        yield from unknown_meters(who.walk, who.index, who.profiles, reading.meter_reads)
    if Scope.SUPPLIES in scopes and not reading.supplies:
        cut = mib.SUPPLIES in who.walk.missing
        yield Unknown(what="supplies", why="prtMarkerSuppliesTable was not read to its end" if cut else _SILENT)
    elif Scope.SUPPLIES in scopes and not any(supply.serial_number for supply in reading.supplies):
        yield Unknown(what="supply_serial_numbers", why=_why_no_serial_numbers(who.profiles))
    if Scope.STATUS in scopes and reading.status is None:
        yield Unknown(what="status", why=_SILENT)


def _why_no_serial_numbers(profiles: Sequence[Profile]) -> str:
    told = next((one for profile in profiles if (one := profile.not_told.get("supply_serial_number"))), None)
    asked = any(rule.serial_number is not None for profile in profiles for rule in profile.supplies)
    return told or (_SILENT if asked else "no profile")
