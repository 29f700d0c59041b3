"""The supplies of all markers (prtMarkerSuppliesTable, prtMarkerColorantTable)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pagemeter.colorants import colors_in
from pagemeter.iana_printer_mib import SUPPLY_TYPE
from pagemeter.model import Condition, Level, Supply, SupplyKind
from pagemeter.snmp.types import Walk
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.enumerations import PERCENT, UNIT
from pagemeter_plugins.printer_mib.localization import description_charset, text
from pagemeter_plugins.printer_mib.makers import enterprise_of

_RICOH = 367
_RICOH_EMPTY = -100
_WASTE_TYPES = frozenset({"wasteToner", "wasteInk", "wasteWax", "wasteWater", "wastePaper"})
_COLORED = frozenset({"toner", "tonerCartridge", "ink", "inkCartridge", "inkRibbon", "solidWax", "ribbonWax"})
_WASTE_WORDS = re.compile(r"\bwaste\b|toner collection|maintenance box", re.IGNORECASE)
# Tails of descriptions: Xerox ", PN 006R00000;SN0000" is split off, Samsung " S/N:CRUM-0000" is part of the name.
_TAILS = (
    re.compile(r"^(?P<words>.+?), ?PN:? ?(?P<part>[^;,]+?)(?:[;,] ?SN:? ?(?P<serial>[^;,]+))?$"),
    re.compile(r"^(?P<words>.+?);SN:? ?(?P<serial>[^;,]+)$"),
    re.compile(r"^(?P<words>.+? S/N:? ?(?P<serial>[^;,]+))$"),
)
# Part numbers inside descriptions, which stay whole: "Black Cartridge HP CF410A", "TK-1162".
_PARTS = (
    re.compile(r"\bHP (?P<part>(?=(?:[A-Z]*\d){3})[A-Z][A-Z0-9]{4,6})(?![\w-])"),
    re.compile(r"^(?P<part>(?:TK|DK|DV|MK|FK|WT)-?\d{3,5}[A-Z]{0,3})$"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    description: str | None = None
    part_number: str | None = None
    serial_number: str | None = None


def supplies_of(
    walk: Walk, index: int, at: datetime, conditions: Mapping[int, Condition] | None = None
) -> tuple[Supply, ...]:
    """Read every supply of a printer; ``conditions`` are what the alerts say, by the row of the supply.

    The index is the MIB's, ``hrDeviceIndex.prtMarkerSuppliesIndex``. A receptacle's level is kept as the device sends
    it: the RFC wants the space that is left, many devices send the fill.
    """
    charset = description_charset(walk, index)
    rows = mib.rows_of(walk, mib.SUPPLIES, index)
    return tuple(_supply(walk, index, row, charset, at, (conditions or {}).get(row)) for row in rows)


def _supply(walk: Walk, index: int, row: int, charset: int | None, at: datetime, condition: Condition | None) -> Supply:
    def number(column: int) -> int | None:
        return mib.signed(walk.integer((*mib.SUPPLIES, column, index, row)))

    words = split_description(text(walk, (*mib.SUPPLIES, 6, index, row), charset=charset))
    kind, unit, capacity, level = SUPPLY_TYPE.get(number(5) or 0), number(7), number(8), number(9)
    if level == _RICOH_EMPTY and enterprise_of(walk.oid(mib.SYS_OBJECT_ID)) == _RICOH:
        condition = Condition.EMPTY
    marker = number(2)
    return Supply(
        index=f"{index}.{row}",
        marker=f"{index}.{marker}" if marker else None,
        kind=_kind(number(4), kind, words.description),
        type=kind,
        colorants=_colorants(walk, index, number(3), kind, words.description),
        description=words.description,
        part_number=words.part_number,
        serial_number=words.serial_number,
        unit=UNIT.get(unit or 0),
        max_capacity=capacity,
        level=None if level is None else Level.from_mib(level, capacity, in_percent=unit == PERCENT),
        condition=condition,
        origin=mib.origin((*mib.SUPPLIES, 9, index, row)),
        at=at,
    )


def split_description(words: str | None) -> _Words:
    """Take part and serial numbers from a description where its form leaves no doubt; ``unknown`` is none."""
    if words is None:
        return _Words()
    for tail in _TAILS:
        if match := tail.match(words):
            told = {name: value for name, value in match.groupdict().items() if value and value.lower() != "unknown"}
            return _Words(
                description=told["words"],
                part_number=told.get("part"),
                serial_number=told.get("serial", "").strip() or None,
            )
    part = next((match["part"] for pattern in _PARTS if (match := pattern.search(words))), None)
    return _Words(description=words, part_number=part)


def _kind(supply_class: int | None, supply_type: str | None, words: str | None) -> SupplyKind:
    told = {3: SupplyKind.CONSUMED, 4: SupplyKind.FILLED, 1: SupplyKind.OTHER}.get(supply_class or 0)
    if told is not None:
        return told
    if supply_type in _WASTE_TYPES or (words is not None and _WASTE_WORDS.search(words)):
        return SupplyKind.FILLED
    return SupplyKind.OTHER if supply_type is None and words is None else SupplyKind.CONSUMED


def _colorants(
    walk: Walk, index: int, colorant: int | None, supply_type: str | None, words: str | None
) -> tuple[str, ...]:
    """Return what the colorant table says; without it what the description says in English.

    Colorant 0 is the MIB's word for none, which only toner and ink can't mean. Where both name one color and not the
    same, the description is right: it stands in the supply's own row, while some firmware mixes up the other table.
    """
    described = colors_in(words or "")
    if colorant is not None and colorant > 0:
        value = text(walk, (*mib.COLORANT_VALUE, index, colorant))
        if value is not None and value.lower() not in ("other", "unknown"):
            told = colors_in(value)
            contradicted = len(told) == len(described) == 1 and not _same(told[0], described[0])
            return described if contradicted else told or (value.lower().split()[0],)
    return () if colorant == 0 and supply_type not in _COLORED else described


def _same(one: str, other: str) -> bool:
    """Say whether two names mean one color, of which only one may tell the shade."""
    return one.rsplit("-", maxsplit=1)[-1] == other.rsplit("-", maxsplit=1)[-1]
