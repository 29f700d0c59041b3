"""What proves a printer, and how many there are."""

from __future__ import annotations

from pagemeter.component import NotAPrinter
from pagemeter.snmp.types import Oid, Walk, dotted
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.device_id import device_id_at
from pagemeter_plugins.printer_mib.localization import text
from pagemeter_plugins.printer_mib.makers import is_printer_tree, names_a_printer, names_another

# Tables of which a row makes a printer; all are indexed by hrDeviceIndex after the column.
_TABLES: tuple[Oid, ...] = (mib.GENERAL, mib.MARKER, mib.SUPPLIES, mib.INPUT)
_WEAK_TABLES: tuple[Oid, ...] = (mib.LOCALIZATION, mib.ALERT, mib.COVER, mib.COLORANT, mib.MEDIA_PATH)
ALONE = 1


def printers_of(walk: Walk) -> tuple[int, ...]:
    """Return the hrDeviceIndex of each printer; empty where nothing proves that the device is one.

    Rows of the Printer MIB prove it. Rows of type printer in hrDeviceTable alone do not: the queues of a Windows server
    and the memory of a management board look like that. Without Printer MIB a printer's tree in sysObjectID, a
    printer's words in sysDescr or an IEEE 1284 device id prove it.
    """
    found = _indexes(walk, _TABLES) or _indexes(walk, _WEAK_TABLES)
    if found:
        return found
    if not _says_printer(walk):
        return ()
    return _host_resources(walk) or (ALONE,)


def not_a_printer(walk: Walk) -> NotAPrinter:
    """Say what else it is, as far as it tells."""
    descr = text(walk, mib.SYS_DESCR)
    object_id = walk.oid(mib.SYS_OBJECT_ID)
    return NotAPrinter(what=descr or (f"sysObjectID {dotted(object_id)}" if object_id else "tells nothing of itself"))


def _indexes(walk: Walk, tables: tuple[Oid, ...]) -> tuple[int, ...]:
    return tuple(sorted({key[1] for table in tables for key in walk.column(table) if len(key) > 1}))


def _says_printer(walk: Walk) -> bool:
    descr = text(walk, mib.SYS_DESCR)
    if names_another(descr):
        return False
    return is_printer_tree(walk.oid(mib.SYS_OBJECT_ID)) or names_a_printer(descr) or _has_device_id(walk)


def _has_device_id(walk: Walk) -> bool:
    places = (*mib.DEVICE_IDS, *((*mib.PPM_DEVICE_ID, *row) for row in walk.column(mib.PPM_DEVICE_ID)))
    for place in places:
        found = device_id_at(walk, place)
        if found is not None and found.keys.get("CLS", "PRINTER").upper() == "PRINTER":
            return True
    return False


def _host_resources(walk: Walk) -> tuple[int, ...]:
    return tuple(row[0] for row, bind in walk.column(mib.HR_DEVICE_TYPE).items() if bind.value == mib.HR_DEVICE_PRINTER)
