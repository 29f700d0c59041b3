"""Supplies and trays: printer-supply (PWG 5100.13), else marker-* (CUPS and AirPrint), and printer-input-tray."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice, zip_longest
from typing import TypeAlias

from pagemeter.colorants import colors_in, colors_named, colors_of
from pagemeter.conditions import Sign, judged, sign_of_code, signs_of_reasons
from pagemeter.iana_printer_mib import alert_code_named, supply_type_named
from pagemeter.ipp.message import Group
from pagemeter.ipp.origins import origin
from pagemeter.ipp.pairs import MOST_CHARACTERS, number_of, pairs_of
from pagemeter.model import Condition, Input, Level, LevelState, Supply, SupplyKind, step_of
from pagemeter.supply_names import supply_name

MARKERS = ("marker-names", "marker-types", "marker-colors", "marker-levels", "marker-low-levels", "marker-high-levels")
"""What ``markers_of`` reads, beside printer-state-reasons."""
CONDITIONS = ("printer-state-reasons", "printer-alert", "printer-alert-description")
"""What tells the condition of supplies."""

_Words: TypeAlias = tuple[str | None, str | None, str | None]
_Numbers: TypeAlias = tuple[int | None, int | None, int | None]

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
_COLORED = frozenset({"toner", "tonerCartridge", "ink", "inkCartridge", "inkRibbon", "solidWax", "ribbonWax"})
_SUPPLIES_GROUP = "markersupplies"
# The only reason, while nothing is the matter.
_WELL = {"none"}


def supplies_of(printer: Group, at: datetime) -> tuple[Supply, ...]:
    """Read every supply; the index is ``1.`` and the MIB's, or ``marker.`` and the place in the lists of marker-*."""
    supplies = tuple(_supplies(printer, at)) or _markers(printer, at)
    well = set(printer.texts("printer-state-reasons")) == _WELL
    return judged(supplies, _signs(printer), toner_well=well, all_well=well)


def markers_of(group: Group, at: datetime) -> tuple[Supply, ...]:
    """Read marker-* of a queue, which has its printer's word only for what is wrong."""
    return judged(_markers(group, at), _signs(group))


def _markers(group: Group, at: datetime) -> tuple[Supply, ...]:
    """Read parallel lists, which may differ in length; levels are percent.

    Printers send the MIB's words with hyphens or without, and CUPS turns some waste boxes round (cups/encode.c).
    """
    names, types, colors = (group.texts(f"marker-{what}") for what in ("names", "types", "colors"))
    levels, lows, highs = (group.integers(f"marker-{what}levels") for what in ("", "low-", "high-"))
    told = zip_longest(
        zip_longest(names, types, colors), zip_longest(levels, lows, highs), fillvalue=(None, None, None)
    )
    count = max(len(names), len(levels))
    return tuple(_marker(place, words, numbers, at) for place, (words, numbers) in enumerate(islice(told, count), 1))


def _signs(group: Group) -> Iterator[Sign]:
    yield from signs_of_reasons(reason for reason in group.texts("printer-state-reasons") if reason is not None)
    words = group.texts("printer-alert-description")
    for place, text in enumerate(group.texts("printer-alert", most=MOST_CHARACTERS), 1):
        pairs = pairs_of(text)
        of_supplies = pairs.get("group", "").casefold() == _SUPPLIES_GROUP
        row = number_of(pairs, "groupindex") if of_supplies else None
        sign = sign_of_code(
            alert_code_named(pairs.get("code", "")),
            of_supplies=of_supplies,
            supply=None if row is None else f"1.{row}",
            colorants=colors_in(words[place - 1] or "") if place <= len(words) else (),
        )
        if sign is not None:
            yield sign


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
                level=Level.from_mib(level, capacity, in_percent=unit == "percent"),
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
        name = supply_name(words[place - 1] if place <= len(words) else None)
        kind, unit = supply_type_named(pairs.get("type")), pairs.get("unit")
        capacity, level = number_of(pairs, "maxcapacity"), number_of(pairs, "level")
        marker = number_of(pairs, "markerindex")
        yield Supply(
            index=f"1.{number_of(pairs, 'index') or place}",
            marker=f"1.{marker}" if marker else None,
            kind=_CLASSES.get(pairs.get("class", "").lower()) or _kind(kind),
            type=kind,
            colorants=_colorants(pairs.get("colorantname"), kind, name.description),
            description=name.description,
            part_number=name.part_number,
            serial_number=name.serial_number,
            unit=unit,
            max_capacity=capacity,
            level=Level.from_mib(level, capacity, in_percent=unit == "percent", step=step_of(capacity, unit)),
            origin=origin("printer-supply"),
            at=at,
        )


def _marker(place: int, words_: _Words, numbers: _Numbers, at: datetime) -> Supply:
    (words, type_words, color), (level, low, high) = words_, numbers
    name, supply_type = supply_name(words), supply_type_named(type_words)
    kind = _kind(supply_type)
    return Supply(
        index=f"marker.{place}",
        kind=kind,
        type=supply_type,
        colorants=colors_in(name.description or "") or _colors_of_hex(color),
        description=name.description,
        part_number=name.part_number,
        serial_number=name.serial_number,
        unit="percent",
        max_capacity=100,
        level=_level(level),
        condition=_condition(level, low, high, kind),
        origin=origin("marker-levels"),
        at=at,
    )


def _level(value: int | None) -> Level:
    """Decode marker-levels: -3 is "some", and both -1 and -2 say that the level is not known."""
    if value == -1:
        return Level(state=LevelState.UNKNOWN, why="the device says that it does not know (-1)")
    return Level.from_mib(value, 100, in_percent=True)


def _condition(level: int | None, low: int | None, high: int | None, kind: SupplyKind) -> Condition | None:
    """Apply the device's own thresholds: low for what is used up, high (unless it is the end, 100) for what is filled.

    For what is filled a low level is no fault, and no two makers agree on it.
    """
    if level is None or level < 0:
        return None
    if kind is SupplyKind.FILLED:
        told = high is not None and 0 < high < 100
        return None if not told or high is None else Condition.LOW if level >= high else Condition.OK
    if kind is not SupplyKind.CONSUMED or level == 0 or low is None:
        return None
    return Condition.LOW if level <= low else Condition.OK


def _kind(supply_type: str | None) -> SupplyKind:
    if supply_type is None or supply_type in ("other", "unknown"):
        return SupplyKind.OTHER
    return SupplyKind.FILLED if supply_type.startswith("waste") else SupplyKind.CONSUMED


def _colorants(told: str | None, supply_type: str | None, description: str | None) -> tuple[str, ...]:
    """Return what colorantname and description say; a name that says "none" is right but for toner and ink."""
    named = colors_named(told)
    if told is not None and not named and supply_type not in _COLORED:
        return ()
    return colors_of(named, colors_in(description or ""))


def _colors_of_hex(words: str | None) -> tuple[str, ...]:
    """Name the colours of ``#00FFFF#FF00FF``; ``none`` and mixed ones have no name."""
    codes = (part.strip().upper() for part in (words or "").split("#"))
    return tuple(dict.fromkeys(_COLORS_OF_HEX[code] for code in codes if code in _COLORS_OF_HEX))
