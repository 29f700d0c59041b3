"""The supplies of all markers (prtMarkerSuppliesTable, prtMarkerColorantTable)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from pagemeter.colorants import colors_in, colors_named, colors_of
from pagemeter.conditions import Sign, judged, signs_of_bits
from pagemeter.iana_printer_mib import SUPPLY_TYPE
from pagemeter.model import Condition, Level, LevelState, Supply, SupplyKind, step_of
from pagemeter.snmp.types import Oid, Walk
from pagemeter.supply_names import supply_name
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.enumerations import PERCENT, UNIT
from pagemeter_plugins.printer_mib.integers import integer
from pagemeter_plugins.printer_mib.localization import Charsets, description, description_charset
from pagemeter_plugins.printer_mib.makers import enterprise_of
from pagemeter_plugins.printer_mib.status import told_bits

_RICOH, _BROTHER = 367, 2435
_RICOH_EMPTY = -100
_RICOH_STEP = 10
# What Brother's older units send instead of a level, without a capacity: words, of which 0 is no bad one.
_BROTHER_WORDS = {1: Condition.LOW, 2: Condition.EMPTY, 3: Condition.LOW}
_RUNNING = 2
_WASTE_TYPES = frozenset({"wasteToner", "wasteInk", "wasteWax", "wasteWater", "wastePaper"})
_COLORED = frozenset({"toner", "tonerCartridge", "ink", "inkCartridge", "inkRibbon", "solidWax", "ribbonWax"})
_WASTE_WORDS = re.compile(
    r"\bwasted?\b|toner collection|maintenance box|resttoner|回収容器|回収ボトル|廃トナー|废粉|廢粉|폐토너"
    r"|récupérateur de toner|toner residual|toner di scarto|отработанн",
    re.IGNORECASE,
)
_CLASSES = {3: SupplyKind.CONSUMED, 4: SupplyKind.FILLED, 1: SupplyKind.OTHER}


def supplies_of(walk: Walk, index: int, at: datetime, signs: Sequence[Sign] = ()) -> tuple[Supply, ...]:
    """Read every supply of a printer; ``signs`` are what its alerts say of them.

    The index is the MIB's, ``hrDeviceIndex.prtMarkerSuppliesIndex``. A receptacle's level is kept as the device sends
    it: the RFC wants the room that is left, and many devices send the fill, so no condition follows from it.
    """
    rows = mib.rows_of(walk, mib.SUPPLIES, index)
    places: list[tuple[int, ...]] = [(index, row) for row in rows] or _without_row(walk, index)
    charset = description_charset(walk, index)
    found = [_Row(walk, place, charset) for place in places]
    step = _step(found)
    supplies = [row.supply(at, step) for row in found]
    bits = told_bits(walk, index)
    quiet = bits is not None and not signs
    running = integer(walk, (*mib.HR_DEVICE_STATUS, mib.host_index(walk, index))) == _RUNNING
    return judged(
        supplies,
        (*signs, *signs_of_bits(bits or ())),
        toner_well=quiet and not signs_of_bits(bits or ()),
        all_well=quiet and running and not bits,
    )


def _without_row(walk: Walk, index: int) -> list[tuple[int, ...]]:
    """Find the one supply of devices that leave out the row's number: ``column.hrDeviceIndex``."""
    return [(index,)] if any(key[1:] == (index,) for key in walk.column(mib.SUPPLIES)) else []


def _step(rows: Sequence[_Row]) -> int | None:
    """Tell steps of ten by the maker, as long as no level of the device lies between two of them."""
    known = [row.level for row in rows if row.level is not None and row.level >= 0 and row.capacity == 100]
    steps = bool(known) and rows[0].maker == _RICOH and not any(level % _RICOH_STEP for level in known)
    return _RICOH_STEP if steps else None


@dataclass(frozen=True)
class _Row:
    walk: Walk
    place: tuple[int, ...]
    charset: Charsets

    def where(self, column: int) -> Oid:
        return (*mib.SUPPLIES, column, *self.place)

    def number(self, column: int) -> int | None:
        return integer(self.walk, self.where(column))

    @cached_property
    def maker(self) -> int | None:
        return enterprise_of(self.walk.oid(mib.SYS_OBJECT_ID))

    @cached_property
    def capacity(self) -> int | None:
        return self.number(8)

    @cached_property
    def level(self) -> int | None:
        return self.number(9)

    def supply(self, at: datetime, step: int | None) -> Supply:
        """Decode the row; ``step`` is in which steps this device tells its levels, in per cent."""
        name = supply_name(description(self.walk, self.where(6), charset=self.charset))
        supply_type, unit, marker = SUPPLY_TYPE.get(self.number(5) or 0), self.number(7), self.number(2)
        kind = _kind(self.number(4), supply_type, name.description)
        device = self.place[0]
        row = self.place[1] if len(self.place) > 1 else 1
        return Supply(
            index=f"{device}.{row}",
            marker=f"{device}.{marker}" if marker and marker > 0 else None,
            kind=kind,
            type=supply_type,
            colorants=_colorants(self, supply_type, name.description),
            description=name.description,
            part_number=name.part_number,
            serial_number=name.serial_number,
            unit=UNIT.get(unit or 0),
            max_capacity=self.capacity,
            level=self._level(unit, step),
            condition=self._condition(kind, supply_type),
            origin=mib.origin(self.where(9)),
            at=at,
        )

    def _level(self, unit: int | None, step: int | None) -> Level:
        if self.maker == _RICOH and self.level == _RICOH_EMPTY:
            return Level(state=LevelState.UNKNOWN, why="the device says only that it is empty or nearly so (-100)")
        in_steps = step if self.capacity == 100 else step_of(self.capacity, UNIT.get(unit or 0))
        return Level.from_mib(self.level, self.capacity, in_percent=unit == PERCENT, step=in_steps)

    def _condition(self, kind: SupplyKind, supply_type: str | None) -> Condition | None:
        """Read what two makers send in place of a level."""
        if self.level is None or kind is SupplyKind.FILLED:
            return None
        if self.maker == _RICOH and self.level == _RICOH_EMPTY:
            return Condition.EMPTY
        counted = self.capacity is not None and self.capacity > 0
        words = _BROTHER_WORDS if self.maker == _BROTHER and supply_type in _COLORED and not counted else {}
        return words.get(self.level)


def _kind(supply_class: int | None, supply_type: str | None, words: str | None) -> SupplyKind:
    told = _CLASSES.get(supply_class or 0)
    if told is not None:
        return told
    if supply_type in _WASTE_TYPES or (words is not None and _WASTE_WORDS.search(words)):
        return SupplyKind.FILLED
    return SupplyKind.OTHER if supply_type is None and words is None else SupplyKind.CONSUMED


def _colorants(row: _Row, supply_type: str | None, words: str | None) -> tuple[str, ...]:
    """Return the colors of the colorant table and the description; the table may have no such row, or no color in it.

    Colorant 0 is the MIB's word for none, which only toner and ink can't mean.
    """
    described, colorant = colors_in(words or ""), row.number(3)
    if colorant is None or colorant <= 0:
        return () if colorant == 0 and supply_type not in _COLORED else described
    value = description(row.walk, (*mib.COLORANT_VALUE, row.place[0], colorant), charset=row.charset)
    return colors_of(colors_named(value), described)
