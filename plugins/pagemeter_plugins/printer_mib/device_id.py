"""Where a walk holds the IEEE 1284 device id of a printer."""

from __future__ import annotations

from dataclasses import dataclass

from pagemeter.ieee1284 import MOST_CHARACTERS, DeviceId, parse_device_id
from pagemeter.model import Origin
from pagemeter.snmp.types import Oid, Walk
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.localization import text


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDeviceId:
    """A device id that names a maker or a model, and where it was read."""

    value: DeviceId
    origin: Origin


def device_id_of(walk: Walk, index: int, *, alone: bool) -> FoundDeviceId | None:
    """Return the device id of a printer; that of the whole host only where the printer is ``alone`` there."""
    for where in (*_port_monitor(walk, index, alone=alone), *(mib.DEVICE_IDS if alone else ())):
        if (value := device_id_at(walk, where)) is not None:
            return FoundDeviceId(value=value, origin=mib.origin(where))
    return None


def device_id_at(walk: Walk, where: Oid) -> DeviceId | None:
    """Return the device id of a row, none where it names neither maker nor model."""
    found = parse_device_id(text(walk, where, most=MOST_CHARACTERS))
    return found if found is not None and not found.keys.keys().isdisjoint({"MFG", "MDL"}) else None


def _port_monitor(walk: Walk, index: int, *, alone: bool) -> list[Oid]:
    rows = walk.column(mib.PPM_DEVICE_ID)
    return [
        (*mib.PPM_DEVICE_ID, *row)
        for row in rows
        if walk.integer((*mib.PPM_HR_DEVICE_INDEX, *row)) == index or (alone and len(rows) == 1)
    ]
