"""From what sysfs says to places and readings: pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from pagemeter import Seen
from pagemeter.ieee1284 import DeviceId, parse_device_id, spelt_out
from pagemeter.model import Hints, Identity, Origin, Reading, Scope, Target, Unknown, usb_uri
from pagemeter.text import scrub
from pagemeter_plugins.usb.sysfs import UsbPrinter

FOUND_BY = "usb"

_MAKERS = {"hewlett-packard": "HP", "lexmark international": "Lexmark"}
_PROTOCOL = "usb"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """One printer's words, scrubbed; ``serials`` are the USB device's and the device id's own, as they came."""

    printer: UsbPrinter
    device_id: DeviceId | None
    keys: Mapping[str, str]
    manufacturer: str | None
    model: str | None
    serials: tuple[str, ...]


def seen(printers: Sequence[UsbPrinter]) -> tuple[Seen, ...]:
    """Turn each printer into its place and what is known of it; two that tell the same of themselves stay two."""
    told = [_told(printer) for printer in printers]
    uris = [_uris(one) for one in told]
    often = Counter(names[0] for names in uris)
    return tuple(_seen(one, names, alone=often[names[0]] == 1) for one, names in zip(told, uris, strict=True))


def _told(printer: UsbPrinter) -> _Told:
    device_id = parse_device_id(printer.device_id)
    keys = device_id.keys if device_id is not None else {}
    manufacturer = keys.get("MFG") or scrub(printer.manufacturer)
    serial_key = device_id.serial_key if device_id is not None else None
    found = (scrub(printer.serial), keys[serial_key] if serial_key is not None else None)
    return _Told(
        printer=printer,
        device_id=device_id,
        keys=keys,
        manufacturer=_MAKERS.get(manufacturer.casefold(), manufacturer) if manufacturer is not None else None,
        model=keys.get("MDL") or scrub(printer.product) or keys.get("DES"),
        serials=tuple(dict.fromkeys(one for one in found if one is not None)),
    )


def _uris(told: _Told) -> tuple[str, ...]:
    """Write the place as CUPS's backend usb does: by the USB device's serial number, and as it did by the id's."""
    manufacturer = told.manufacturer or (told.model or "Unknown").split()[0]
    model = _without(told.model or ("Printer" if told.manufacturer is None else "Unknown Model"), manufacturer)
    interface = [("interface", str(told.printer.interface))] if told.printer.interface else []
    serials = [[("serial", serial)] for serial in told.serials] or [[]]
    return tuple(usb_uri(manufacturer, model, serial + interface) for serial in serials)


def _without(model: str, manufacturer: str) -> str:
    begins = model.casefold().startswith(f"{manufacturer} ".casefold())
    return model[len(manufacturer) :].strip() or model if begins else model


def _seen(told: _Told, uris: tuple[str, ...], *, alone: bool) -> Seen:
    reading = _reading(told, alone=alone)
    who = reading.identity
    place = uris[0]
    if not alone:
        place += f"{'&' if '?' in place else '?'}port={quote(told.printer.port)}"
    hints = Hints(model=who.model, serial_number=who.serial_number, name=None, uris=uris[1:] if alone else ())
    return Seen(target=Target(uri=place, found_by=FOUND_BY, hints=hints), readings=(reading,))


def _reading(told: _Told, *, alone: bool) -> Reading:
    # The device id's serial number is the one of the label; a board's own may stand in the USB device's.
    key = told.device_id.serial_key if told.device_id is not None else None
    serial = (key, told.keys[key]) if key is not None else ("serial", told.serials[0]) if told.serials else None
    unknown = _unknown(told, serial is not None, alone=alone)
    if not alone:
        serial = None
    identity = Identity(
        serial_number=spelt_out(serial[1], told.manufacturer) if serial is not None else None,
        manufacturer=told.manufacturer,
        model=told.model,
        device_id=told.device_id.text if told.device_id is not None else None,
    )
    where = {
        "serial_number": serial and _where(serial[0], told.keys),
        "manufacturer": told.manufacturer and _where("MFG" if "MFG" in told.keys else "manufacturer", told.keys),
        "model": told.model and _where(_model_key(told), told.keys),
        "device_id": "ieee1284_id" if told.device_id is not None else None,
    }
    return Reading(
        identity=identity,
        origins=tuple(sorted((name, Origin(protocol=_PROTOCOL, where=at)) for name, at in where.items() if at)),
        scopes=frozenset({Scope.IDENTITY}),
        unknown=unknown,
    )


def _where(key: str, keys: Mapping[str, str]) -> str:
    return f"ieee1284_id {key}" if key in keys else key


def _model_key(told: _Told) -> str:
    if "MDL" in told.keys:
        return "MDL"
    return "product" if scrub(told.printer.product) is not None else "DES"


def _unknown(told: _Told, has_serial: bool, *, alone: bool) -> tuple[Unknown, ...]:
    unknown = []
    if not has_serial:
        unknown.append(Unknown(what="serial_number", why="the printer tells none over USB"))
    elif not alone:
        unknown.append(Unknown(what="serial_number", why="two printers of this host tell the same one"))
    if told.printer.device_id is not None and told.device_id is None:
        unknown.append(Unknown(what="device_id", why="what the printer sent is no device id of IEEE 1284"))
    return tuple(unknown)
