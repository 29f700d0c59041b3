"""The objects of the Printer MIB (RFC 3805), host resources (RFC 2790) and MIB-2 that a printer is read from."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

from pagemeter.model import Origin, Scope
from pagemeter.snmp.types import Oid, Walk, dotted, oid

SYSTEM = oid("1.3.6.1.2.1.1")
SYS_DESCR = (*SYSTEM, 1, 0)
SYS_OBJECT_ID = (*SYSTEM, 2, 0)
SYS_UP_TIME = (*SYSTEM, 3, 0)
SYS_CONTACT = (*SYSTEM, 4, 0)
SYS_NAME = (*SYSTEM, 5, 0)
SYS_LOCATION = (*SYSTEM, 6, 0)

IF_TYPE = oid("1.3.6.1.2.1.2.2.1.3")
IF_PHYS_ADDRESS = oid("1.3.6.1.2.1.2.2.1.6")

HR_DEVICE = oid("1.3.6.1.2.1.25.3.2.1")
HR_DEVICE_TYPE = (*HR_DEVICE, 2)
HR_DEVICE_DESCR = (*HR_DEVICE, 3)
HR_DEVICE_STATUS = (*HR_DEVICE, 5)
HR_PRINTER = oid("1.3.6.1.2.1.25.3.5.1")
HR_PRINTER_STATUS = (*HR_PRINTER, 1)
HR_PRINTER_DETECTED_ERROR_STATE = (*HR_PRINTER, 2)
HR_DEVICE_PRINTER = oid("1.3.6.1.2.1.25.3.1.5")

PRINTER_MIB = oid("1.3.6.1.2.1.43")
GENERAL = (*PRINTER_MIB, 5, 1, 1)
GENERAL_CONFIG_CHANGES = (*GENERAL, 1)
GENERAL_CURRENT_LOCALIZATION = (*GENERAL, 2)
CONSOLE_LOCALIZATION = (*GENERAL, 10)
GENERAL_PRINTER_NAME = (*GENERAL, 16)
GENERAL_SERIAL_NUMBER = (*GENERAL, 17)
COVER = (*PRINTER_MIB, 6, 1, 1)
COVER_STATUS = (*COVER, 3)
LOCALIZATION = (*PRINTER_MIB, 7, 1, 1)
LOCALIZATION_CHARACTER_SET = (*LOCALIZATION, 4)
INPUT = (*PRINTER_MIB, 8, 2, 1)
INPUT_LEVEL = (*INPUT, 10)
INPUT_STATUS = (*INPUT, 11)
MARKER = (*PRINTER_MIB, 10, 2, 1)
MARKER_COUNTER_UNIT = (*MARKER, 3)
MARKER_LIFE_COUNT = (*MARKER, 4)
MARKER_POWER_ON_COUNT = (*MARKER, 5)
MARKER_PROCESS_COLORANTS = (*MARKER, 6)
MARKER_STATUS = (*MARKER, 15)
SUPPLIES = (*PRINTER_MIB, 11, 1, 1)
SUPPLIES_CLASS = (*SUPPLIES, 4)
SUPPLIES_DESCRIPTION = (*SUPPLIES, 6)
SUPPLIES_MAX_CAPACITY = (*SUPPLIES, 8)
SUPPLIES_LEVEL = (*SUPPLIES, 9)
COLORANT = (*PRINTER_MIB, 12, 1, 1)
COLORANT_VALUE = (*COLORANT, 4)
MEDIA_PATH = (*PRINTER_MIB, 13, 4, 1)
MEDIA_PATH_TYPE = (*MEDIA_PATH, 9)
CONSOLE_DISPLAY = (*PRINTER_MIB, 16, 5, 1, 2)
ALERT = (*PRINTER_MIB, 18, 1, 1)
ALERT_SEVERITY_LEVEL = (*ALERT, 2)

# PWG 5107.1, and where vendors keep the IEEE 1284 device id.
PPM_PRINTER = oid("1.3.6.1.4.1.2699.1.2.1.2.1.1")
PPM_PRINTER_NAME = (*PPM_PRINTER, 2)
PPM_DEVICE_ID = (*PPM_PRINTER, 3)
PPM_HR_DEVICE_INDEX = (*PPM_PRINTER, 6)
DEVICE_IDS = (
    oid("1.3.6.1.4.1.11.2.3.9.1.1.7.0"),
    oid("1.3.6.1.4.1.2435.2.3.9.1.1.7.0"),
    oid("1.3.6.1.4.1.367.3.2.1.1.1.11.0"),
    oid("1.3.6.1.4.1.641.2.1.2.1.3.1"),
    oid("1.3.6.1.4.1.674.10898.100.2.1.2.1.3.1"),
    oid("1.3.6.1.4.1.253.8.51.1.2.1.20.1"),
    oid("1.3.6.1.4.1.1248.1.2.2.1.1.1.1.1"),
)
PANELS = (oid("1.3.6.1.4.1.11.2.3.9.1.1.3.0"), oid("1.3.6.1.4.1.2435.2.3.9.4.2.1.5.4.5.2.0"))

FIRST = (SYSTEM, HR_DEVICE, HR_PRINTER, GENERAL)
ROOTS: dict[Scope, tuple[Oid, ...]] = {
    Scope.IDENTITY: (IF_TYPE, IF_PHYS_ADDRESS, LOCALIZATION, MEDIA_PATH_TYPE, MARKER, PPM_PRINTER),
    Scope.METERS: (MARKER,),
    Scope.SUPPLIES: (LOCALIZATION, INPUT, MARKER, SUPPLIES, COLORANT),
    Scope.STATUS: (LOCALIZATION, COVER, MARKER, CONSOLE_DISPLAY, ALERT),
}
NAMES = {
    SYSTEM: "system",
    IF_TYPE: "ifType",
    IF_PHYS_ADDRESS: "ifPhysAddress",
    HR_DEVICE: "hrDeviceTable",
    HR_PRINTER: "hrPrinterTable",
    GENERAL: "prtGeneralTable",
    COVER: "prtCoverTable",
    LOCALIZATION: "prtLocalizationTable",
    INPUT: "prtInputTable",
    MARKER: "prtMarkerTable",
    SUPPLIES: "prtMarkerSuppliesTable",
    COLORANT: "prtMarkerColorantTable",
    MEDIA_PATH: "prtMediaPathTable",
    MEDIA_PATH_TYPE: "prtMediaPathType",
    CONSOLE_DISPLAY: "prtConsoleDisplayBufferText",
    ALERT: "prtAlertTable",
    PPM_PRINTER: "ppmPrinterTable",
}
# More than any device has of anything; firmware that never ends a walk makes up more.
_MOST_ROWS_OF_A_COLUMN = 150


# The same few thousand objects at every visit of every device; an origin never changes.
@lru_cache(maxsize=8192)
def origin(*where: Oid) -> Origin:
    """Say that a value was read there; the objects of a sum are joined by `` + ``."""
    return Origin(protocol="snmp", where=" + ".join(map(dotted, where)))


def up_time_of(walk: Walk) -> int | None:
    """Return sysUpTime in hundredths of a second; TimeTicks end at 2^32 (RFC 2578 section 7.1.8), more is nonsense."""
    ticks = walk.integer(SYS_UP_TIME)
    return ticks if ticks is not None and 0 <= ticks < 2**32 else None


def rows_of(walk: Walk, table: Oid, index: int) -> tuple[int, ...]:
    """Return the second indexes of a table's rows that belong to this printer, in order.

    ``table`` is an entry's identifier; rows are ``column.hrDeviceIndex.row``.
    """
    return tuple(sorted({key[2] for key in walk.column(table) if len(key) == 3 and key[1] == index}))


def host_index(walk: Walk, index: int) -> int:
    """Return the printer's row in hrDeviceTable, where rows begin at 1.

    Some inkjets call themselves 0 in all tables of the Printer MIB: that is the only printer in hrDeviceTable.
    """
    if index:
        return index
    rows = [row[0] for row, bind in walk.column(HR_DEVICE_TYPE).items() if bind.value == HR_DEVICE_PRINTER]
    return rows[0] if len(rows) == 1 else index


def without_endless_columns(walk: Walk) -> Walk:
    """Drop the columns of cut tables that have more rows than there can be: each would be a printer, a supply or so."""
    endless: set[Oid] = set()
    for root in walk.missing:
        columns = Counter(key[0] for key in walk.column(root))
        endless |= {(*root, column) for column, rows in columns.items() if rows > _MOST_ROWS_OF_A_COLUMN}
    if not endless:
        return walk
    made_up = {(*column, *key) for column in endless for key in walk.column(column) if key != (0,)}
    return Walk((row for row in walk if row.oid not in made_up), walk.missing)


def signed(value: int | None) -> int | None:
    """Return what an Integer32 means that came as unsigned: 4294967293 is -3."""
    return value - (1 << 32) if value is not None and 1 << 31 <= value < 1 << 32 else value


def with_cut_tables(walk: Walk) -> Walk:
    """Name the table in place of its rows that are missing."""
    if not walk.missing:
        return walk
    missing: dict[Oid, str] = {}
    for place, why in walk.missing.items():
        missing.setdefault(next((root for root in NAMES if place[: len(root)] == root), place), why)
    return Walk(walk, missing)


def missing_of(walk: Walk) -> tuple[str, ...]:
    """Name the tables that were cut short, each with the reason; makers' objects of one reason together."""
    named = [f"{NAMES[root]}: {why}" for root, why in walk.missing.items() if root in NAMES]
    by_reason: dict[str, list[Oid]] = {}
    for root, why in walk.missing.items():
        if root not in NAMES:
            by_reason.setdefault(why, []).append(root)
    for why, roots in by_reason.items():
        more = f" and {len(roots) - 1} more" if len(roots) > 1 else ""
        named.append(f"{dotted(min(roots))}{more}: {why}")
    return tuple(sorted(named))
