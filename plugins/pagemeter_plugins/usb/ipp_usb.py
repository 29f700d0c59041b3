"""Printers with IPP-over-USB, through the daemon ipp-usb: where it serves them, and what they tell."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from pagemeter.ieee1284 import MOST_CHARACTERS, parse_device_id
from pagemeter.ipp.message import Group
from pagemeter.ipp.reading import SCOPES, parse_attributes, queue_told_by, wanted
from pagemeter.model import Identity, Reading
from pagemeter.text import scrub
from pagemeter_plugins.usb.sysfs import UsbPrinter

REQUESTED = wanted(SCOPES)
_PORT = re.compile(r"^\s*http-port\s*=\s*([1-9][0-9]{0,4})\s*$", re.MULTILINE)
_MOST_OCTETS = 4096


def port_of(printer: UsbPrinter, state: Path) -> int | None:
    """Find the port that ipp-usb keeps for a printer (its devstate.go); none where it never served it."""
    vendor, product = printer.vendor_id, printer.product_id
    if vendor is None or product is None:
        return None
    made_by, model, serial = (scrub(one) or "" for one in (printer.manufacturer, printer.product, printer.serial))
    made = model if model.startswith(made_by) else f"{made_by} {model}"
    name = re.sub(r"[^0-9A-Za-z_-]", "-", "-".join(filter(None, (f"{vendor:04x}-{product:04x}", serial, made))))
    try:
        with (state / f"{name}.state").open("rb") as file:
            found = _PORT.search(file.read(_MOST_OCTETS).decode("utf-8", "replace"))
    except OSError:
        return None
    return int(found[1]) if found is not None and int(found[1]) <= 65535 else None


def door_of(url: str) -> str:
    """Write an address of ipp-usb as IPP's: ``http://localhost:60000`` is ``ipp://localhost:60000/ipp/print``."""
    parts = urlsplit(url)
    return f"ipp://{parts.netloc}{parts.path.rstrip('/') or '/ipp/print'}"


def fits(printer: Group, who: Identity) -> bool:
    """Say whether an answer may be of that printer: ports are handed on, and a list of them names no printer."""
    if queue_told_by(printer) is not None:
        return False
    serial_number = printer.text("printer-serial-number")
    if serial_number is not None and who.serial_number is not None:
        return serial_number.casefold() == who.serial_number.casefold()
    device_id = parse_device_id(printer.text("printer-device-id", most=MOST_CHARACTERS))
    model = (device_id.keys.get("MDL") if device_id is not None else None) or printer.text("printer-make-and-model")
    if model is None or who.model is None:
        return False
    return who.model.casefold() in model.casefold() or model.casefold() in who.model.casefold()


def completed(reading: Reading, printer: Group, at: datetime) -> Reading:
    """Complete what sysfs told of a printer by its own answer; ``at`` is when it was read (aware UTC)."""
    return reading.completed_by(parse_attributes(printer, scopes=SCOPES, at=at))
