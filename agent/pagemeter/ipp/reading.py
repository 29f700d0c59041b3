"""What is asked of a printer by IPP, and what its answer says (RFC 8011, PWG 5100.9, 5100.13, 5100.22): pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from pagemeter.ipp.alerts import alerts_of, status_of
from pagemeter.ipp.identity import identity_of
from pagemeter.ipp.message import Group
from pagemeter.ipp.meters import meter_reads_of
from pagemeter.ipp.pairs import MOST_CHARACTERS
from pagemeter.ipp.supplies import CONDITIONS, MARKERS, inputs_of, supplies_of
from pagemeter.model import Reading, Scope, Unknown

SCOPES = frozenset({Scope.IDENTITY, Scope.METERS, Scope.SUPPLIES, Scope.STATUS})
"""All that a printer tells by IPP."""

# What proves whose answer it is, and that it is no queue, comes with every answer.
WHO = (
    *("printer-uuid", "printer-device-id", "printer-serial-number", "printer-make-and-model", "printer-name"),
    *("printer-info", "printer-dns-sd-name", "printer-location", "printer-uri-supported", "printer-up-time"),
    *("color-supported", "sides-supported", "cups-version", "printer-type"),
)
ATTRIBUTES: dict[Scope, tuple[str, ...]] = {
    Scope.IDENTITY: (
        *("printer-firmware-name", "printer-firmware-string-version", "printer-contact-col", "printer-kind"),
        "ipp-features-supported",
    ),
    Scope.METERS: (
        *("printer-impressions-completed", "printer-impressions-completed-col"),
        *("printer-media-sheets-completed", "printer-media-sheets-completed-col", "printer-pages-completed"),
    ),
    Scope.SUPPLIES: (
        *("printer-supply", "printer-supply-description", "printer-input-tray"),
        *(*MARKERS, *CONDITIONS),
    ),
    Scope.STATUS: ("printer-state", *CONDITIONS),
}

# Paths of queues: CUPS has /printers/ and /classes/, Windows /printers/NAME/.printer.
_SPOOLED = re.compile(r"\w+://[^/]*(?:/(?:printers|classes)/|/.*/\.printer$)")
_LONGEST_UP = timedelta(days=3650)
_SILENT = "device does not tell"


def wanted(scopes: frozenset[Scope]) -> tuple[str, ...]:
    """Name the attributes that the scopes need, each once."""
    return tuple(dict.fromkeys((*WHO, *(name for scope in sorted(scopes & SCOPES) for name in ATTRIBUTES[scope]))))


def parse_attributes(printer: Group, *, scopes: frozenset[Scope], at: datetime) -> Reading:
    """Read a printer group as far as the scopes go; ``at`` is when it was read (aware UTC).

    The reading's scopes are those that were answered; what was asked and not told is unknown.
    """
    meters, supplies, status = (scope in scopes for scope in (Scope.METERS, Scope.SUPPLIES, Scope.STATUS))
    identity, origins = identity_of(printer)
    alerts = alerts_of(printer)
    reading = Reading(
        identity=identity,
        origins=origins,
        uptime=_uptime(printer),
        status=status_of(printer, alerts) if status else None,
        meter_reads=meter_reads_of(printer, at) if meters else (),
        supplies=supplies_of(printer, at) if supplies else (),
        inputs=inputs_of(printer) if supplies else (),
        alerts=alerts if status else (),
    )
    told = {
        Scope.IDENTITY: True,
        Scope.METERS: bool(reading.meter_reads),
        Scope.SUPPLIES: bool(reading.supplies or reading.inputs),
        Scope.STATUS: reading.status is not None or bool(reading.alerts),
    }
    answered = frozenset(scope for scope in scopes & SCOPES if told[scope])
    return replace(reading, scopes=answered, unknown=tuple(_unknown(reading, scopes)))


def queue_told_by(printer: Group) -> str | None:
    """Name the queue of a spooler that gives itself for a printer; its counters and levels are copies or its own."""
    spooled = any(_SPOOLED.match(uri or "") for uri in printer.texts("printer-uri-supported", most=MOST_CHARACTERS))
    if printer.text("cups-version") is None and not (spooled and printer.integer("printer-type") is not None):
        return None
    model = printer.text("printer-make-and-model")
    return f"a print server's queue{f' for {model}' if model else ''}"


def _uptime(printer: Group) -> timedelta | None:
    """Return printer-up-time; some devices send the Unix time there."""
    seconds = printer.integer("printer-up-time")
    if seconds is None or not 0 < seconds < _LONGEST_UP.total_seconds():
        return None
    return timedelta(seconds=seconds)


def _unknown(reading: Reading, scopes: frozenset[Scope]) -> Iterator[Unknown]:
    if Scope.IDENTITY in scopes:
        for field in ("serial_number", "model", "manufacturer"):
            if getattr(reading.identity, field) is None:
                yield Unknown(what=field, why=_SILENT)
    if Scope.METERS in scopes and not reading.meter_reads:
        yield Unknown(what="life_count", why=_SILENT)
    if Scope.SUPPLIES in scopes and not reading.supplies:
        yield Unknown(what="supplies", why=_SILENT)
    if Scope.STATUS in scopes and reading.status is None:
        yield Unknown(what="status", why=_SILENT)
