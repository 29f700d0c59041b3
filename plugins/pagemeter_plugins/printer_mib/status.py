"""How a printer is: RFC 3805 section 2.2.13.2 makes one state of three words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pagemeter.model import Alert, PrinterState, Severity, Status
from pagemeter.snmp.types import Walk
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.enumerations import DEVICE_STATUS, ERROR_BITS, PRINTER_STATUS
from pagemeter_plugins.printer_mib.integers import integer

_CRITICAL = frozenset(
    {"noPaper", "noToner", "doorOpen", "jammed", "inputTrayMissing", "outputTrayMissing", "markerSupplyMissing"}
    | {"outputFull", "inputTrayEmpty"}
)
_HEX = re.compile(rb"(0x)?([0-9A-Fa-f]{2}([ :]?))+", re.IGNORECASE)
_ACTIVE = {
    "idle": PrinterState.IDLE,
    "printing": PrinterState.PRINTING,
    "warmup": PrinterState.WARMUP,
}


def status_of(walk: Walk, index: int, alerts: Sequence[Alert]) -> Status | None:
    """Read the status, or none where the device tells neither status nor error bits."""
    row = mib.host_index(walk, index)
    places = [(*column, row) for column in (mib.HR_DEVICE_STATUS, mib.HR_PRINTER_STATUS)]
    places.append((*mib.HR_PRINTER_DETECTED_ERROR_STATE, row))
    told = [place for place in places if place in walk]
    if not told:
        return None
    device = DEVICE_STATUS.get(integer(walk, places[0]) or 0)
    printer = PRINTER_STATUS.get(integer(walk, places[1]) or 0)
    bits = told_bits(walk, index) or ()
    return Status(
        state=derived_state(device, printer, bits, alerts),
        device_status=device,
        printer_status=printer,
        error_bits=bits,
        origin=mib.origin(*told),
    )


def derived_state(
    device: str | None, printer: str | None, bits: Sequence[str], alerts: Sequence[Alert] = ()
) -> PrinterState:
    """Apply the RFC's table; combinations that it lacks fall back on the error bits, then on the alerts."""
    critical = bool(_CRITICAL & set(bits))
    match device, printer:
        case ("down", "warmup") | ("running" | "warning", "warmup"):
            return PrinterState.WARMUP
        case ("down", _):
            return PrinterState.OFFLINE if "offline" in bits and not critical else PrinterState.ERROR
        case ("running", "printing"):
            return PrinterState.PRINTING
        case ("running", "idle" | "other") if not bits:
            return PrinterState.IDLE if printer == "idle" else PrinterState.STANDBY
        case ("warning", _) if not critical:
            return PrinterState.WARNING
    return _fallback(printer, bits, alerts, critical=critical)


def _fallback(printer: str | None, bits: Sequence[str], alerts: Sequence[Alert], *, critical: bool) -> PrinterState:
    severities = {alert.severity for alert in alerts}
    if critical or Severity.CRITICAL in severities:
        return PrinterState.ERROR
    if "offline" in bits:
        return PrinterState.OFFLINE
    if bits or severities & {Severity.WARNING, Severity.WARNING_BINARY_CHANGE_EVENT}:
        return PrinterState.WARNING
    return _ACTIVE.get(printer or "", PrinterState.UNKNOWN)


def told_bits(walk: Walk, index: int) -> tuple[str, ...] | None:
    """Return the error bits of a printer, none where it tells none of them, not even that all is well."""
    row = walk.get((*mib.HR_PRINTER_DETECTED_ERROR_STATE, mib.host_index(walk, index)))
    return error_bits(row.value) if row is not None and isinstance(row.value, int | bytes) else None


def error_bits(value: object) -> tuple[str, ...]:
    """Decode hrPrinterDetectedErrorState (RFC 2790): octets of any number, hex written as text, or an integer.

    One octet is never taken for text; two or more that spell hex digits are.
    """
    octets = b""
    if isinstance(value, int):
        octets = value.to_bytes(max(1, (value.bit_length() + 7) // 8)) if 0 <= value < 1 << 32 else b""
    elif isinstance(value, bytes):
        spelt = value.strip(b'" \0')
        octets = value
        if len(spelt) > 1 and _HEX.fullmatch(spelt):
            octets = bytes.fromhex(re.sub(rb"^0x|[ :]", b"", spelt).decode("ascii"))
    numbers = (8 * place + bit for place, octet in enumerate(octets[:2]) for bit in range(8) if octet & 0x80 >> bit)
    return tuple(ERROR_BITS[number] for number in numbers if number in ERROR_BITS)
