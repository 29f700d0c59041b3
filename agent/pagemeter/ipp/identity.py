"""Who a printer is, by its printer-description attributes; each field with where it was read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pagemeter.ieee1284 import MOST_CHARACTERS, DeviceId, parse_device_id
from pagemeter.ipp.message import Collection, Group
from pagemeter.ipp.origins import origin
from pagemeter.model import Ability, DeviceKind, Identity, Origin
from pagemeter.nameplate import maker_by_words, serial_number

_Found = tuple[str, Origin]

_FIRMWARE = re.compile(r"firmware|system|controller", re.IGNORECASE)
_MFP = re.compile(r"\bMFP\b|\bMFC-|\bDCP-|WorkCentre|AltaLink|e-STUDIO", re.IGNORECASE)
_KINDS = {frozenset({"label"}): DeviceKind.LABEL, frozenset({"large-format"}): DeviceKind.LARGE_FORMAT}


def identity_of(printer: Group) -> tuple[Identity, tuple[tuple[str, Origin], ...]]:
    """Read the identity; what the printer does not tell stays absent."""
    device_id = parse_device_id(printer.text("printer-device-id", most=MOST_CHARACTERS))
    keys = device_id.keys if device_id is not None else {}
    found: dict[str, _Found | None] = {
        "serial_number": next(_serial_numbers(printer, device_id), None),
        "manufacturer": next(_manufacturers(printer, keys), None),
        "model": next(_models(printer, keys), None),
        "device_id": (device_id.text, origin("printer-device-id")) if device_id is not None else None,
        "name": next(_names(printer), None),
        "uuid": _uuid(printer),
        "firmware": _firmware(printer),
        "location": _attribute(printer, "printer-location"),
        "contact": _contact(printer),
    }
    abilities = frozenset(_abilities(printer))
    kind = _kind(printer, f"{printer.text('printer-make-and-model')} {device_id.text if device_id is not None else ''}")
    identity = Identity(
        kind=kind,
        abilities=abilities,
        **{name: value[0] for name, value in found.items() if value is not None},  # type: ignore[arg-type] # all of them are texts
    )
    origins = {name: value[1] for name, value in found.items() if value is not None}
    if abilities:
        origins["abilities"] = origin("color-supported", "sides-supported", "ipp-features-supported")
    return identity, tuple(sorted(origins.items()))


def _serial_numbers(printer: Group, device_id: DeviceId | None) -> Iterator[_Found]:
    for words, where in (
        (printer.text("printer-serial-number"), origin("printer-serial-number")),
        (device_id.serial_number if device_id is not None else None, origin("printer-device-id")),
    ):
        if (clean := serial_number(words)) is not None:
            yield clean, where


def _manufacturers(printer: Group, keys: Mapping[str, str]) -> Iterator[_Found]:
    for words, where in (
        (keys.get("MFG"), origin("printer-device-id")),
        (printer.text("printer-make-and-model"), origin("printer-make-and-model")),
    ):
        if (maker := maker_by_words(words)) is not None:
            yield maker, where
        elif words is not None and where.where == "printer-device-id":
            yield words, where


def _models(printer: Group, keys: Mapping[str, str]) -> Iterator[_Found]:
    if (told := _attribute(printer, "printer-make-and-model")) is not None:
        yield told
    if "MDL" in keys:
        yield keys["MDL"], origin("printer-device-id")


def _names(printer: Group) -> Iterator[_Found]:
    """Yield what people call it; some printers repeat their path in printer-name."""
    for name in ("printer-name", "printer-dns-sd-name", "printer-info"):
        if (told := _attribute(printer, name)) is not None and "/" not in told[0]:
            yield told


def _uuid(printer: Group) -> _Found | None:
    words = printer.text("printer-uuid")
    if words is None:
        return None
    plain = words.lower().removeprefix("urn:uuid:")
    return (plain, origin("printer-uuid")) if plain.strip("0-") else None


def _firmware(printer: Group) -> _Found | None:
    """Find the device's own version in the parallel lists of PWG 5100.13, which name every interpreter too."""
    names, versions = printer.texts("printer-firmware-name"), printer.texts("printer-firmware-string-version")
    where = origin("printer-firmware-string-version")
    own = [version for name, version in zip(names, versions, strict=False) if name and _FIRMWARE.search(name)]
    chosen = own[0] if own else versions[0] if len(versions) == 1 else None
    return (chosen, where) if chosen is not None else None


def _contact(printer: Group) -> _Found | None:
    contact = printer.first("printer-contact-col")
    if not isinstance(contact, Collection):
        return None
    words = Group(printer.tag, contact.members).text("contact-name")
    return (words, origin("printer-contact-col")) if words is not None else None


def _attribute(printer: Group, name: str) -> _Found | None:
    words = printer.text(name)
    return None if words is None or words.lower() in ("no-value", "unknown") else (words, origin(name))


def _abilities(printer: Group) -> Iterator[Ability]:
    if printer.boolean("color-supported"):
        yield Ability.COLOR
    if any((sides or "").startswith("two-sided") for sides in printer.texts("sides-supported")):
        yield Ability.DUPLEX
    if "faxout" in printer.texts("ipp-features-supported"):
        yield Ability.FAX


def _kind(printer: Group, words: str) -> DeviceKind | None:
    told = frozenset(kind for kind in printer.texts("printer-kind") if kind is not None)
    return DeviceKind.MFP if _MFP.search(words) else _KINDS.get(told)
