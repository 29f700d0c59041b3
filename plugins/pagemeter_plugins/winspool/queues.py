"""Printers and ports of the spooler into queues. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from pagemeter.model import Queue, host_uri
from pagemeter_plugins.winspool.structures import OFFLINE, Printer

# PRINTER_STATUS_* of winspool.h -> printer-state-reasons of IPP (RFC 8011, 5.4.12).
_REASONS: Final[Mapping[int, str]] = {
    0x1: "paused",
    0x2: "other-error",
    0x4: "deactivated",
    0x8: "media-jam-error",
    0x10: "media-empty-error",
    0x20: "media-needed",
    0x40: "media-needed-error",
    0x80: "offline-report",
    0x800: "output-area-full-error",
    0x1000: "shutdown",
    0x20000: "toner-low-warning",
    0x40000: "toner-empty-error",
    0x100000: "other-error",
    0x200000: "other-error",
    0x400000: "door-open-error",
}
_BUSY: Final = 0x100 | 0x200 | 0x400 | 0x4000
_STOPPED: Final = 0x1 | 0x2 | 0x8 | 0x10 | 0x40 | 0x80 | 0x1000 | 0x40000 | 0x100000 | 0x400000
_TCP_PORT: Final = re.compile(r"(?:IP_)?(\d{1,3}(?:\.\d{1,3}){3})(?:_\d+|:\d+)?", re.IGNORECASE)


def queue_of(printer: Printer, hosts: Mapping[str, str], computer: str | None, at: datetime) -> Queue:
    """Return the queue that a printer of the spooler is; ``hosts`` are the addresses of TCP ports by name."""
    reasons = [reason for bit, reason in _REASONS.items() if printer.status & bit]
    if printer.attributes & OFFLINE:
        reasons.append("offline-report")
    state = "processing" if printer.status & _BUSY else "idle"
    if printer.status & _STOPPED or printer.attributes & OFFLINE:
        state = "stopped"
    return Queue(
        name=printer.name,
        host=computer,
        printer=place_of(printer.port, hosts),
        model=printer.driver,
        location=printer.location,
        state=state,
        reasons=tuple(dict.fromkeys(reasons)),
        accepting=not printer.status & 0x4,
        queued_jobs=printer.jobs,
        at=at,
    )


def place_of(port: str | None, hosts: Mapping[str, str]) -> str | None:
    """Return the URI of the place that a port leads to: as configured, else by its usual name (IP_10.0.0.7)."""
    if port is None:
        return None
    host = hosts.get(port.casefold())
    if host is None:
        # A pool names several ports; its jobs may be in any.
        found = _TCP_PORT.fullmatch(port)
        host = found[1] if found is not None else None
    if not host:
        return None
    try:
        return host_uri(str(ipaddress.ip_address(host)))
    except ValueError:
        # An address that is none is not taken for a name.
        return host_uri(host) if re.fullmatch(r"(?=.*[A-Za-z])[\w.-]{1,255}", host) else None


def is_ignored(port: str | None, ignored: Iterable[str]) -> bool:
    """Say whether a port is one of those behind which there is no paper."""
    return port is not None and port.casefold() in {name.casefold() for name in ignored}
