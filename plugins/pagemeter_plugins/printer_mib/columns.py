"""The columns of the standard tables that a reading is made of, and how the value of each may change between visits."""

from __future__ import annotations

from enum import StrEnum

from pagemeter.model import Scope
from pagemeter.snmp.types import Oid
from pagemeter_plugins.printer_mib import mib


class Kind(StrEnum):
    """What a visit does with a row that an earlier visit read.

    Of ``settled`` ones the value is taken from the earlier visit; all others are read at each visit. Another ``mark``,
    a ``level`` that rose or lost its number, a ``live`` row that came or went: then everything is read anew. The rows
    of ``passing`` columns come and go. A ``counter`` is read together with the proof of whose it is. What is ``gone``
    was there once or is usual, and is not told; when it is, everything is read anew.
    """

    SETTLED = "settled"
    LIVE = "live"
    MARK = "mark"
    LEVEL = "level"
    PASSING = "passing"
    COUNTER = "counter"
    GONE = "gone"


NEEDED: dict[Oid, tuple[int, ...]] = {
    mib.SYSTEM: (1, 2, 3, 4, 5, 6),
    mib.HR_DEVICE: (2, 3, 5),
    mib.HR_PRINTER: (1, 2),
    mib.GENERAL: (1, 2, 10, 16, 17),
    mib.COVER: (2, 3),
    mib.LOCALIZATION: (2, 4),
    mib.INPUT: (2, 8, 9, 10, 11, 12, 13, 18),
    mib.MARKER: (2, 3, 4, 5, 6, 15),
    mib.SUPPLIES: (2, 3, 4, 5, 6, 7, 8, 9),
    mib.COLORANT: (4,),
    mib.ALERT: (2, 3, 4, 5, 6, 7, 8, 9),
    mib.PPM_PRINTER: (2, 3, 6),
}
"""The columns of tables that are looked at; of other roots all that is below."""

KINDS: dict[Oid, Kind] = {
    mib.SYS_OBJECT_ID: Kind.MARK,
    mib.SYS_UP_TIME: Kind.LIVE,
    mib.SYS_NAME: Kind.MARK,
    mib.GENERAL_CONFIG_CHANGES: Kind.MARK,
    mib.GENERAL_SERIAL_NUMBER: Kind.MARK,
    mib.IF_PHYS_ADDRESS: Kind.MARK,
    mib.HR_DEVICE_STATUS: Kind.LIVE,
    mib.HR_PRINTER_STATUS: Kind.LIVE,
    mib.HR_PRINTER_DETECTED_ERROR_STATE: Kind.LIVE,
    mib.COVER_STATUS: Kind.LIVE,
    mib.INPUT_LEVEL: Kind.LIVE,
    mib.INPUT_STATUS: Kind.LIVE,
    mib.MARKER_COUNTER_UNIT: Kind.MARK,
    mib.MARKER_LIFE_COUNT: Kind.COUNTER,
    mib.MARKER_POWER_ON_COUNT: Kind.COUNTER,
    mib.MARKER_STATUS: Kind.LIVE,
    mib.SUPPLIES_MAX_CAPACITY: Kind.MARK,
    mib.SUPPLIES_LEVEL: Kind.LEVEL,
    mib.CONSOLE_DISPLAY: Kind.PASSING,
    mib.ALERT: Kind.PASSING,
    **dict.fromkeys(mib.PANELS, Kind.LIVE),
}
"""The kinds of columns and single objects of the standard; what is not here is settled."""

WHOLE: dict[Oid, tuple[Scope, ...]] = {
    mib.GENERAL_SERIAL_NUMBER: (Scope.IDENTITY, Scope.METERS, Scope.SUPPLIES, Scope.STATUS),
    mib.MARKER_STATUS: (Scope.METERS, Scope.SUPPLIES, Scope.STATUS),
    mib.SUPPLIES_LEVEL: (Scope.SUPPLIES,),
    mib.INPUT_STATUS: (Scope.SUPPLIES,),
    mib.COVER_STATUS: (Scope.STATUS,),
    mib.CONSOLE_DISPLAY: (Scope.STATUS,),
}
"""The columns that are read whole, for they say whether a row of their table came or went, and for which scopes."""
