"""Supplies and trays: printer-supply (PWG 5100.13), else marker-* (CUPS and AirPrint), and printer-input-tray."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from pagemeter.ipp.message import Group
from pagemeter.model import Condition, Input, Level, LevelState, Supply, SupplyKind
from pagemeter.ipp.origins import origin
from pagemeter.ipp.pairs import MOST_CHARACTERS, number_of, pairs_of

_CLASSES = {
    "supplythatisconsumed": SupplyKind.CONSUMED,
    "receptaclethatisfilled": SupplyKind.FILLED,
    "other": SupplyKind.OTHER,
}


def _folded(words: str) -> dict[str, str]:
    return {word.lower(): word for word in words.split()}


# PrtMarkerSuppliesTypeTC as RFC 3805 spells it; devices write it with hyphens and in any case.
_TYPES = _folded("""
    other unknown toner wasteToner ink inkCartridge inkRibbon wasteInk opc developer fuserOil solidWax ribbonWax
    wasteWax fuser coronaWire fuserOilWick cleanerUnit fuserCleaningPad transferUnit tonerCartridge fuserOiler water
    wasteWater glueWaterAdditive wastePaper bindingSupply bandingSupply stitchingWire shrinkWrap paperWrap staples
    inserts covers matteToner matteInk
""")
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
_COLOR = re.compile(
    r"(?:\b(?P<shade>light|dark|photo|matte|vivid)[ -])?\b(?P<color>black|cyan|magenta|yellow|gr[ae]y|red|green|blue|"
    r"orange|violet|white|gold|silver|clear)\b",
    re.IGNORECASE,
)
_SERIAL = re.compile(r"^.+? S/N: ?(?P<serial>[^;, ]+)$")


def supplies_of(printer: Group, at: datetime) -> tuple[Supply, ...]:
    """Read every supply; the index is ``1.`` and the MIB's, or ``marker.`` and the place in the lists of marker-*."""
    return tuple(_supplies(printer, at)) or tuple(_markers(printer, at))


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
        kind, unit = _type(pairs.get("type")), pairs.get("unit")
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


def _markers(printer: Group, at: datetime) -> Iterator[Supply]:
    """Decode the parallel lists of marker-*, which may differ in length; levels are percent."""
    names, colors, types = (printer.texts(f"marker-{what}") for what in ("names", "colors", "types"))
    levels, lows = printer.integers("marker-levels"), printer.integers("marker-low-levels")
    for place in range(max(len(names), len(levels))):
        name = names[place] if place < len(names) else None
        kind = _type(types[place] if place < len(types) else None)
        level = levels[place] if place < len(levels) else None
        sort = _kind(kind)
        yield Supply(
            index=f"marker.{place + 1}",
            kind=sort,
            type=kind,
            colorants=_colorants(None, name) or _colors_of_hex(colors[place] if place < len(colors) else None),
            description=name,
            unit="percent",
            max_capacity=100,
            level=None if level is None else _level(level),
            condition=_condition(level, lows[place] if place < len(lows) else None, sort),
            origin=origin("marker-levels"),
            at=at,
        )


def _level(value: int) -> Level:
    """Decode marker-levels: -3 is "some", and both -1 and -2 say that the level is not known."""
    if value == -1:
        return Level(state=LevelState.UNKNOWN)
    return Level.from_mib(value, 100, in_percent=True)


def _condition(level: int | None, low: int | None, kind: SupplyKind) -> Condition | None:
    """Apply the device's own threshold; for what is filled a low level is no fault."""
    if level is None or low is None or level < 0 or kind is not SupplyKind.CONSUMED:
        return None
    return Condition.LOW if level <= low else Condition.OK


def _type(words: str | None) -> str | None:
    folded = (words or "").replace("-", "").replace(" ", "").lower()
    return _TYPES.get(folded, words)


def _kind(supply_type: str | None) -> SupplyKind:
    if supply_type is None or supply_type in ("other", "unknown"):
        return SupplyKind.OTHER
    return SupplyKind.FILLED if supply_type.startswith("waste") else SupplyKind.CONSUMED


def _colorants(told: str | None, description: str | None) -> tuple[str, ...]:
    """Return what colorantname says, else what the description says in English; the description knows the shades."""
    words = told.lower() if told is not None and told.lower() not in ("unknown", "other", "none") else None
    if told is not None and words is None:
        return ()
    found = _colors_in(words or "")
    described = _colors_in(description or "")
    if len(found) == len(described) == 1 and described[0].endswith(found[0]):
        return described
    return found or ((words,) if words is not None else described)


def _colors_in(words: str) -> tuple[str, ...]:
    found = ((match["shade"], match["color"].lower()) for match in _COLOR.finditer(words))
    return tuple(dict.fromkeys(f"{shade.lower()}-{color}" if shade else color for shade, color in found))


def _colors_of_hex(words: str | None) -> tuple[str, ...]:
    """Name the colours of ``#00FFFF#FF00FF``; ``none`` and mixed ones have no name."""
    codes = (part.strip().upper() for part in (words or "").split("#"))
    return tuple(dict.fromkeys(_COLORS_OF_HEX[code] for code in codes if code in _COLORS_OF_HEX))
