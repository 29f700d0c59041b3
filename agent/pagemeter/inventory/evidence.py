"""Which fields say that two readings are of one device, and which say that they are not."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from urllib.parse import urlsplit

from pagemeter.model import Device, Identity, Target

_LOCAL_SCHEMES = frozenset({"usb", "cups", "winspool"})


class Match(IntEnum):
    """How sure it is that a reading is of a known device; higher is surer, ``CONTRADICTED`` rules it out."""

    CONTRADICTED = -1
    NONE = 0
    ADDRESS = 1
    MAC = 2
    UUID = 3
    SERIAL = 4


def match(device: Device, identity: Identity, *, same_place: bool) -> Match:
    """Weigh what a reading says of itself against a known device.

    A serial number that both tell decides: equal (and of one maker, where both name one) is the same device, unequal is
    another one, whatever the address or the MAC says, for boards and print servers move between printers. An address
    alone counts only where neither serial number nor MAC speaks against it and the model is not another.
    """
    mine, theirs = comparable(device.serial_number), comparable(identity.serial_number)
    if mine is not None and theirs is not None:
        return (
            Match.SERIAL
            if mine == theirs and _agree(device.manufacturer, identity.manufacturer)
            else Match.CONTRADICTED
        )
    if device.uuid is not None and identity.uuid is not None:
        return Match.UUID if device.uuid.lower() == identity.uuid.lower() else Match.CONTRADICTED
    if device.macs and identity.macs:
        return Match.MAC if set(device.macs) & set(identity.macs) else Match.CONTRADICTED
    return Match.ADDRESS if same_place and _agree(device.model, identity.model) else Match.NONE


def comparable(serial_number: str | None) -> str | None:
    """Return a serial number as it is compared, or none where it can't tell devices apart.

    Makers leave placeholders: too short, or one character over and over.
    """
    if serial_number is None:
        return None
    folded = "".join(serial_number.split()).upper()
    return folded if len(folded) >= 4 and len(set(folded)) > 1 else None


def host_of(place: str) -> str | None:
    """Return the host of a place, none where the URI names no host there: that of ``usb://`` is a maker."""
    return None if urlsplit(place).scheme in _LOCAL_SCHEMES else Target(uri=place, found_by="").host or None


def _agree(mine: str | None, theirs: str | None) -> bool:
    return mine is None or theirs is None or mine.casefold() == theirs.casefold()


def traces(who: Device | Identity, place: str) -> Iterator[tuple[str, str]]:
    """Yield by what a device can be looked up: everything that ``match`` may find equal."""
    yield ("place", place)
    if host := host_of(place):
        yield ("host", host)
    if (serial := comparable(who.serial_number)) is not None:
        yield ("serial", serial)
    if who.uuid is not None:
        yield ("uuid", who.uuid.lower())
    for mac in who.macs:
        yield ("mac", mac)
