"""Printers with IPP-over-USB, through the daemon ipp-usb: where it serves them, and what they tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from pagemeter.ieee1284 import MOST_CHARACTERS, parse_device_id
from pagemeter.ipp.message import Group
from pagemeter.model import (
    Identity,
    Level,
    MeterRead,
    MeterUnit,
    Origin,
    Reading,
    Scope,
    Supply,
    SupplyKind,
    Work,
)
from pagemeter.text import scrub
from pagemeter_plugins.usb.sysfs import UsbPrinter

REQUESTED = (
    "printer-uuid",
    "printer-device-id",
    "printer-serial-number",
    "printer-make-and-model",
    "printer-name",
    "printer-location",
    "printer-firmware-string-version",
    "printer-impressions-completed",
    "printer-media-sheets-completed",
    "printer-supply",
    "printer-supply-description",
)
_METERS = {
    "printer-impressions-completed": MeterUnit.IMPRESSIONS,
    "printer-media-sheets-completed": MeterUnit.SHEETS,
}
_KINDS = {"supplythatisconsumed": SupplyKind.CONSUMED, "receptaclethatisfilled": SupplyKind.FILLED}
_PORT = re.compile(r"^\s*http-port\s*=\s*([1-9][0-9]{0,4})\s*$", re.MULTILINE)
_MOST_OCTETS = 4096
_MOST_CHARACTERS = 1023


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
    told = identity_of(printer)
    if told.serial_number is not None and who.serial_number is not None:
        return told.serial_number.casefold() == who.serial_number.casefold()
    if told.model is None or who.model is None:
        return False
    return who.model.casefold() in told.model.casefold() or told.model.casefold() in who.model.casefold()


def identity_of(printer: Group) -> Identity:
    """Read who the printer is."""
    device_id = parse_device_id(printer.text("printer-device-id", most=MOST_CHARACTERS))
    keys = device_id.keys if device_id is not None else {}
    uuid = printer.text("printer-uuid")
    firmware = " ".join(filter(None, printer.texts("printer-firmware-string-version")))
    return Identity(
        serial_number=printer.text("printer-serial-number"),
        manufacturer=keys.get("MFG"),
        model=keys.get("MDL") or printer.text("printer-make-and-model"),
        device_id=device_id.text if device_id is not None else None,
        name=printer.text("printer-name"),
        uuid=uuid.removeprefix("urn:uuid:") if uuid is not None else None,
        firmware=scrub(firmware),
        location=printer.text("printer-location"),
    )


def completed(reading: Reading, printer: Group, at: datetime) -> Reading:
    """Complete what sysfs told of a printer by its own answer; ``at`` is when it was read (aware UTC)."""
    told = Reading(
        identity=identity_of(printer),
        origins=tuple((name, _origin(where)) for name, where in _ORIGINS if printer.first(where) is not None),
        scopes=frozenset({Scope.IDENTITY}),
        meter_reads=tuple(_meter_reads(printer, at)),
        supplies=tuple(_supplies(printer, at)),
    )
    told = replace(
        told,
        scopes=told.scopes
        | ({Scope.METERS} if told.meter_reads else set())
        | ({Scope.SUPPLIES} if told.supplies else set()),
    )
    whole = reading.completed_by(told)
    still = tuple(one for one in whole.unknown if getattr(whole.identity, one.what, None) is None)
    return replace(whole, unknown=still)


_ORIGINS = (
    ("uuid", "printer-uuid"),
    ("name", "printer-name"),
    ("location", "printer-location"),
    ("firmware", "printer-firmware-string-version"),
)


def _meter_reads(printer: Group, at: datetime) -> Iterator[MeterRead]:
    for name, unit in _METERS.items():
        value = printer.integer(name)
        if value is not None and value >= 0:
            yield MeterRead(work=Work.PRINT, unit=unit, value=value, raw=str(value), origin=_origin(name), at=at)


def _supplies(printer: Group, at: datetime) -> Iterator[Supply]:
    """Read printer-supply and its descriptions, which are parallel lists (PWG 5100.13)."""
    descriptions = printer.texts("printer-supply-description")
    for number, words in enumerate(printer.texts("printer-supply", most=_MOST_CHARACTERS)):
        pairs = _pairs(words or "")
        capacity, level = _number(pairs.get("maxcapacity")), _number(pairs.get("level"))
        unit = pairs.get("unit")
        color = pairs.get("colorantname", "").lower()
        yield Supply(
            index=f"1.{_number(pairs.get('index')) or number + 1}",
            kind=_KINDS.get(pairs.get("class", "").lower(), SupplyKind.OTHER),
            type=pairs.get("type"),
            colorants=(color,) if color not in ("", "unknown", "none") else (),
            description=descriptions[number] if number < len(descriptions) else None,
            unit=unit,
            max_capacity=capacity,
            level=None if level is None else Level.from_mib(level, capacity, in_percent=unit == "percent"),
            origin=_origin("printer-supply"),
            at=at,
        )


def _pairs(words: str) -> dict[str, str]:
    parts = (part.partition("=") for part in words.split(";"))
    return {key.strip().lower(): value for key, _, text in parts if (value := text.strip())}


def _number(words: str | None) -> int | None:
    return int(words) if words is not None and re.fullmatch(r"-?[0-9]{1,10}", words) else None


def _origin(attribute: str) -> Origin:
    return Origin(protocol="ipp", where=attribute)
