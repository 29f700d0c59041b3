"""Supplies and trays: printer-supply (PWG 5100.13), else marker-* (CUPS and AirPrint), and printer-input-tray."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import islice, zip_longest
from typing import TypeAlias

from pagemeter.colorants import colors_in
from pagemeter.iana_printer_mib import supply_type_named
from pagemeter.ipp.message import Group
from pagemeter.ipp.origins import origin
from pagemeter.ipp.pairs import MOST_CHARACTERS, number_of, pairs_of
from pagemeter.model import Condition, Input, Level, LevelState, Supply, SupplyKind

MARKERS = ("marker-names", "marker-types", "marker-colors", "marker-levels", "marker-low-levels")
"""What ``markers_of`` reads."""

_Marker: TypeAlias = tuple[str | None, str | None, str | None, int | None, int | None]

_CLASSES = {
    "supplythatisconsumed": SupplyKind.CONSUMED,
    "receptaclethatisfilled": SupplyKind.FILLED,
    "other": SupplyKind.OTHER,
}
_COLORS_OF_HEX = {
    "000000": "black",
    "00FFFF": "cyan",
    "FF00FF": "magenta",
    "FFFF00": "yellow",
    "FF0000": "red",
    "00FF00": "green",
    "0000FF": "blue",
    "808080": "gray",
    "FFFFFF": "white",
}
_SERIAL = re.compile(r"^.+? S/N: ?(?P<serial>[^;, ]+)$")


def supplies_of(printer: Group, at: datetime) -> tuple[Supply, ...]:
    """Read every supply; the index is ``1.`` and the MIB's, or ``marker.`` and the place in the lists of marker-*."""
    return tuple(_supplies(printer, at)) or markers_of(printer, at)


def markers_of(group: Group, at: datetime) -> tuple[Supply, ...]:
    """Read marker-* of a printer or queue: parallel lists, which may differ in length; levels are percent.

    Printers send the MIB's words with hyphens or without, and CUPS turns some waste boxes round (cups/encode.c).
    """
    names, types, colors = (group.texts(f"marker-{what}") for what in ("names", "types", "colors"))
    levels, lows = group.integers("marker-levels"), group.integers("marker-low-levels")
    told = islice(zip_longest(names, types, colors, levels, lows), max(len(names), len(levels)))
    return tuple(_marker(place, one, at) for place, one in enumerate(told, 1))


def inputs_of(printer: Group) -> tuple[Input, ...]:
    """Read printer-input-tray."""
    found = []
    for place, words in enumerate(printer.texts("printer-input-tray", most=MOST_CHARACTERS), 1):
        pairs = pairs_of(words)
        if not pairs:
            continue
        capacity, level, unit = number_of(pairs, "maxcapacity"), number_of(pairs, "level"), pairs.get("unit")
        found.append(
            Input(
                index=f"1.{number_of(pairs, 'index') or place}",
                type=pairs.get("type"),
                name=pairs.get("name"),
                media=pairs.get("medianame"),
                unit=unit,
                max_capacity=capacity,
                level=None if level is None else Level.from_mib(level, capacity, in_percent=unit == "percent"),
                status=number_of(pairs, "status"),
                origin=origin("printer-input-tray"),
            )
        )
    return tuple(found)


def _supplies(printer: Group, at: datetime) -> Iterator[Supply]:
    """Decode printer-supply; its numbers mean what they mean in the Printer MIB."""
    words = printer.texts("printer-supply-description")
    for place, text in enumerate(printer.texts("printer-supply", most=MOST_CHARACTERS), 1):
        pairs = pairs_of(text)
        if not pairs:
            continue
        description = words[place - 1] if place <= len(words) else None
        serial = _SERIAL.match(description or "")
        kind, unit = supply_type_named(pairs.get("type")), pairs.get("unit")
        capacity, level = number_of(pairs, "maxcapacity"), number_of(pairs, "level")
        marker = number_of(pairs, "markerindex")
        yield Supply(
            index=f"1.{number_of(pairs, 'index') or place}",
            marker=f"1.{marker}" if marker else None,
            kind=_CLASSES.get(pairs.get("class", "").lower()) or _kind(kind),
            type=kind,
            colorants=_colorants(pairs.get("colorantname"), description),
            description=description,
            serial_number=serial["serial"] if serial else None,
            unit=unit,
            max_capacity=capacity,
            level=None if level is None else Level.from_mib(level, capacity, in_percent=unit == "percent"),
            origin=origin("printer-supply"),
            at=at,
        )


def _marker(place: int, told: _Marker, at: datetime) -> Supply:
    name, words, color, level, low = told
    supply_type = supply_type_named(words)
    kind = _kind(supply_type)
    return Supply(
        index=f"marker.{place}",
        kind=kind,
        type=supply_type,
        colorants=_colorants(None, name) or _colors_of_hex(color),
        description=name,
        unit="percent",
        max_capacity=100,
        level=None if level is None else _level(level),
        condition=_condition(level, low, kind),
        origin=origin("marker-levels"),
        at=at,
    )


def _level(value: int) -> Level:
    """Decode marker-levels: -3 is "some", and both -1 and -2 say that the level is not known."""
    if value == -1:
        return Level(state=LevelState.UNKNOWN)
    return Level.from_mib(value, 100, in_percent=True)


def _condition(level: int | None, low: int | None, kind: SupplyKind) -> Condition | None:
    """Apply the device's own threshold; for what is filled a low level is no fault, and no two makers agree on it."""
    if level is None or level < 0 or kind is not SupplyKind.CONSUMED:
        return None
    if level == 0:
        return Condition.EMPTY
    if low is None:
        return None
    return Condition.LOW if level <= low else Condition.OK


def _kind(supply_type: str | None) -> SupplyKind:
    if supply_type is None or supply_type in ("other", "unknown"):
        return SupplyKind.OTHER
    return SupplyKind.FILLED if supply_type.startswith("waste") else SupplyKind.CONSUMED


def _colorants(told: str | None, description: str | None) -> tuple[str, ...]:
    """Return what colorantname says, else what the description says in English; the description knows the shades."""
    words = told.lower() if told is not None and told.lower() not in ("unknown", "other", "none") else None
    if told is not None and words is None:
        return ()
    found = colors_in(words or "")
    described = colors_in(description or "")
    if len(found) == len(described) == 1 and described[0].endswith(found[0]):
        return described
    return found or ((words,) if words is not None else described)


def _colors_of_hex(words: str | None) -> tuple[str, ...]:
    """Name the colours of ``#00FFFF#FF00FF``; ``none`` and mixed ones have no name."""
    codes = (part.strip().upper() for part in (words or "").split("#"))
    return tuple(dict.fromkeys(_COLORS_OF_HEX[code] for code in codes if code in _COLORS_OF_HEX))
