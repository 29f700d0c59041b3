"""IEEE 1284 device ids: ``MFG:Brother;MDL:HL-2270DW series;CMD:PJL,PCL;``."""

from __future__ import annotations

from dataclasses import dataclass

from pagemeter.model import Origin
from pagemeter.snmp.types import Oid, Walk
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.localization import text

_NAMES = {"MANUFACTURER": "MFG", "MODEL": "MDL", "COMMAND SET": "CMD", "CLASS": "CLS", "DESCRIPTION": "DES"}
_SERIALS = ("SN", "SERN", "SER", "SERIALNUMBER")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceId:
    """A device id as it came, its keys in their short form, and where it was read."""

    text: str
    keys: dict[str, str]
    origin: Origin

    @property
    def serial_number(self) -> str | None:
        """Return the serial number that some makers add."""
        return next((self.keys[name] for name in _SERIALS if name in self.keys), None)


def device_id_of(walk: Walk, index: int, *, alone: bool) -> DeviceId | None:
    """Return the device id of a printer; that of the whole host only where the printer is ``alone`` there."""
    for where in (*_port_monitor(walk, index, alone=alone), *(mib.DEVICE_IDS if alone else ())):
        words = text(walk, where)
        keys = parse_device_id(words) if words is not None else {}
        if words is not None and ("MFG" in keys or "MDL" in keys):
            return DeviceId(text=words, keys=keys, origin=mib.origin(where))
    return None


def parse_device_id(words: str) -> dict[str, str]:
    """Split a device id into its keys, upper-case and short (``MFG``, ``MDL``, ``CMD``); empty values are dropped."""
    keys: dict[str, str] = {}
    for part in words.split(";"):
        name, colon, value = part.partition(":")
        name = name.strip().upper()
        if colon and name and value.strip():
            keys.setdefault(_NAMES.get(name, name), value.strip())
    return keys


def _port_monitor(walk: Walk, index: int, *, alone: bool) -> list[Oid]:
    rows = walk.column(mib.PPM_DEVICE_ID)
    return [
        (*mib.PPM_DEVICE_ID, *row)
        for row in rows
        if walk.integer((*mib.PPM_HR_DEVICE_INDEX, *row)) == index or (alone and len(rows) == 1)
    ]
