"""The active alerts (prtAlertTable), without the rows that are none."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from pagemeter.colorants import colors_in
from pagemeter.conditions import Sign, is_foreign, sign_of_code
from pagemeter.iana_printer_mib import ALERT_CODE
from pagemeter.model import Alert, Condition, Severity, Training
from pagemeter.snmp.types import Walk
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.enumerations import ALERT_GROUP, SEVERITY, TRAINING
from pagemeter_plugins.printer_mib.integers import integer
from pagemeter_plugins.printer_mib.localization import Charsets, description, description_charset

_TICKS = 1 << 32
_GENERIC = frozenset({None, 1, 2})
# Closed, asleep, warming up or ready: with severity "other" such a row tells a state and no fault.
_STATES = frozenset({4, 6, 19, 23, 24, 502, 507})
_POWER_SAVER = 23
_POWER_UP = 503
_NO_INTERVENTION = 7
_FUSER_UNDER_TEMPERATURE = 1001
_CLEARED = 1801
_BINARY_WARNING = 5
_SUPPLIES_GROUP = 11


class _Row:
    def __init__(self, walk: Walk, index: int, row: int, charset: Charsets) -> None:
        def number(column: int) -> int | None:
            return integer(walk, (*mib.ALERT, column, index, row))

        self.index, self.row = index, row
        self.severity, self.training, self.group = number(2), number(3), number(4)
        self.group_index, self.location, self.code, self.time = number(5), number(6), number(7), number(9)
        self.description = description(walk, (*mib.ALERT, 8, index, row), charset=charset)

    @property
    def is_alert(self) -> bool:
        """Say no to rows that only say "Sleep" or "Idle", that stay for ever, or that say what was cleared."""
        if self.code in (_CLEARED, _POWER_UP):
            return False
        if self.severity is not None and self.severity not in SEVERITY and self.code in (None, 0, -1):
            return False
        if self.severity == 1 and (self.code in _STATES or (self.code in _GENERIC and self._tells_nothing)):
            return False
        if self.code == _POWER_SAVER and self.training == _NO_INTERVENTION:
            return False
        # Some lasers warn of a cold fuser whenever they sleep; a fault of the fuser is critical or has a text.
        asleep = self.code == _FUSER_UNDER_TEMPERATURE and self.severity == _BINARY_WARNING
        return not (asleep and self.description is None)

    @property
    def _tells_nothing(self) -> bool:
        """Say whether neither group nor description name anything; a number alone is the maker's code for a state."""
        return self.group in _GENERIC or (self.description or "").isdigit()


def alerts_of(walk: Walk, index: int, at: datetime) -> tuple[Alert, ...]:
    """Read the active alerts; codes and groups that are not registered pass through as numbers."""
    up_time = mib.up_time_of(walk)
    return tuple(_alert(row, up_time, at) for row in _rows(walk, index) if row.is_alert)


def conditions_of(walk: Walk, index: int) -> tuple[Sign, ...]:
    """Say what the alerts tell of supplies, and of which, as far as they tell."""
    return tuple(sign for row in _rows(walk, index) if row.is_alert for sign in _signs(row))


def _signs(row: _Row) -> Iterable[Sign]:
    of_supplies = row.group == _SUPPLIES_GROUP
    supply = f"{row.index}.{row.group_index}" if of_supplies and row.group_index is not None else None
    colorants = colors_in(row.description or "")
    sign = sign_of_code(row.code, of_supplies=of_supplies, supply=supply, colorants=colorants)
    if sign is not None:
        yield sign
    if of_supplies and is_foreign(row.description):
        yield Sign(condition=Condition.FOREIGN, supply=supply, colorants=colorants)


def _rows(walk: Walk, index: int) -> Iterable[_Row]:
    charset = description_charset(walk, index)
    return [_Row(walk, index, row, charset) for row in mib.rows_of(walk, mib.ALERT, index)]


def _alert(row: _Row, up_time: int | None, at: datetime) -> Alert:
    """Make an alert; its key holds what tells it from a later one in the same row of the table."""
    severity, training = SEVERITY.get(row.severity or 0), TRAINING.get(row.training or 0)
    marks = (row.time, row.code, row.group, row.group_index)
    return Alert(
        key=":".join([f"{row.index}.{row.row}", *("" if mark is None else str(mark) for mark in marks)]),
        severity=Severity(severity) if severity else None,
        training=Training(training) if training else None,
        group=ALERT_GROUP.get(row.group or 0),
        code=row.code,
        code_name=ALERT_CODE.get(row.code or 0),
        description=row.description,
        location=row.location,
        raised_at=_raised_at(row.time, up_time, at),
        origin=mib.origin((*mib.ALERT, 7, row.index, row.row)),
    )


def _raised_at(time: int | None, up_time: int | None, at: datetime) -> datetime | None:
    """Reckon from sysUpTime in hundredths of a second, which wraps; the future tells nothing, nor does 0."""
    if time is None or up_time is None or time <= 0:
        return None
    age = (up_time - time) % _TICKS
    if age >= _TICKS // 2:
        return None
    return (at - timedelta(milliseconds=10 * age)).replace(microsecond=0)
