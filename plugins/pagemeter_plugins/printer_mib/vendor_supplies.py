"""What profiles add to supplies and markers: serial numbers, dates, pages left, levels that the Printer MIB lacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pagemeter.colorants import colors_in
from pagemeter.model import Level, LevelState, Marker, Origin, Supply
from pagemeter.nameplate import serial_number
from pagemeter.snmp.types import Oid, Walk
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.dates import moment
from pagemeter_plugins.printer_mib.places import Place
from pagemeter_plugins.printer_mib.profile import Profile, SupplyRule, SupplyValue
from pagemeter_plugins.printer_mib.rules import (
    holds,
    is_whole,
    origin_of,
    rows_of,
    scaled_at,
    text_at,
    words_at,
)

_Found = dict[str, tuple[Any, Oid]]
_TEXTS = ("serial_number", "part_number", "description")
_WHERE_ABSENT = (*_TEXTS, "installed_at", "pages_left", "coverage")
_WHOLE = 10_000
# The types of which a colorant alone says which supply is meant: drums and developers have colors, too.
_COLORED = frozenset({"toner", "tonerCartridge", "ink", "inkCartridge", "inkRibbon", "solidWax", "ribbonWax", None})
_MOST = {"percent": 100, "coverage": _WHOLE}
_MOST_ADDED = 40
_A_DAY = timedelta(days=1)


def with_coverage(
    markers: tuple[Marker, ...], walk: Walk, profiles: Iterable[Profile]
) -> tuple[tuple[Marker, ...], dict[str, Origin]]:
    """Give the only marker its average coverage, and say where it was read; of several none is meant."""
    if len(markers) == 1:
        for rule in (rule for profile in profiles for rule in profile.coverage):
            value = scaled_at(walk, rule.oid.oid, rule)
            if value is not None and value <= _WHOLE:
                origin = origin_of(rule.oid.oid, unverified=rule.unverified)
                return (replace(markers[0], coverage=value),), {f"markers.{markers[0].index}.coverage": origin}
    return markers, {}


def with_vendor_values(
    supplies: Sequence[Supply], walk: Walk, index: int, profiles: Sequence[Profile], engine: str | None, at: datetime
) -> tuple[tuple[Supply, ...], dict[str, Origin]]:
    """Complete supplies by the rules of profiles, in their order; also say where each added field was read.

    The keys of the origins are ``supplies.<index>.<field>``; a level that was added has its own in the supply.
    """
    shelf = _Shelf(supplies, walk, index, at)
    for profile in profiles:
        for rule in profile.supplies:
            if holds(walk, rule.when, engine=engine):
                shelf.apply(rule, profile.name)
    return tuple(shelf.supplies.values()), shelf.origins


class _Shelf:
    """The supplies of one printer while rules complete them."""

    def __init__(self, supplies: Sequence[Supply], walk: Walk, index: int, at: datetime) -> None:
        self.supplies = {supply.index: supply for supply in supplies}
        self.origins: dict[str, Origin] = {}
        self._walk, self._index, self._at = walk, index, at
        self._may_add = _MOST_ADDED if is_whole(walk, (Place(mib.SUPPLIES),)) else 0

    def apply(self, rule: SupplyRule, profile: str) -> None:
        """Read what a rule tells, and give it to the supplies that it finds."""
        if rule.key is None and not rule.values:
            for supply in self._selected(rule):
                self.supplies[supply.index] = _stepped(supply, rule)
            return
        found = list(self._by_key(rule, profile) if rule.key is not None else self._alone(rule, profile))
        several = Counter(supply.index for supply, _ in found)
        for supply, row in found:
            values = self._values(rule, row)
            if several[supply.index] > 1 or not self._has_place(supply, values):
                continue
            self._complete(supply, rule, values)

    def _has_place(self, supply: Supply, values: _Found) -> bool:
        """Say whether a supply is there already, or may become one; not where the Printer MIB's table was cut short."""
        if supply.index in self.supplies:
            return True
        self._may_add -= bool(values)
        return bool(values) and self._may_add >= 0

    def _by_key(self, rule: SupplyRule, profile: str) -> Iterator[tuple[Supply, Oid]]:
        columns = [value.column for value in rule.values.values() if value.column is not None]
        rows = dict.fromkeys(row for column in columns for row in rows_of(self._walk, column.oid, rule.where))
        for row in rows:
            supply = self._by_index(rule, row) if rule.key and rule.key.by == "index" else None
            supply = supply or self._by_words(rule, row, profile)
            if supply is not None:
                yield supply, row

    def _by_index(self, rule: SupplyRule, row: Oid) -> Supply | None:
        part = rule.key.part if rule.key is not None else -1
        if not -len(row) <= part < len(row):
            return None
        index = f"{self._index}.{row[part]}"
        supply = self.supplies.get(index)
        if supply is None:
            return self._new(rule, index, rule.colorants)
        return supply if _fits(rule, supply) else None

    def _by_words(self, rule: SupplyRule, row: Oid, profile: str) -> Supply | None:
        """Find the only supply of a colorant or a name; the word that the row has is that of ``names``."""
        key = rule.key
        if key is None or key.column is None:
            return None
        told = words_at(self._walk, (*key.column.oid, *row))
        name = told if key.names is None or told is None else key.names.get(told)
        if name is None:
            return None
        colorants = (colors_in(name) or (name.lower(),)) if key.by == "colorant" else ()
        fitting = [
            supply
            for supply in self._selected(rule)
            if (colorants and supply.colorants == colorants and (rule.types or supply.type in _COLORED))
            or (not colorants and (supply.description or "").casefold() == name.casefold())
        ]
        if not fitting:
            index = f"{self._index}.{profile}-{'-'.join(map(str, row))}"
            return self._new(rule, index, colorants or rule.colorants, None if colorants else name)
        return fitting[0] if len(fitting) == 1 else None

    def _alone(self, rule: SupplyRule, profile: str) -> Iterator[tuple[Supply, Oid]]:
        """Yield the only supply of the colorants and types of a rule, and the only row of its columns."""
        columns = [value.column for value in rule.values.values() if value.column is not None]
        rows = dict.fromkeys(row for column in columns for row in rows_of(self._walk, column.oid, rule.where))
        fitting = list(self._selected(rule))
        if len(fitting) > 1 or len(rows) != min(1, len(columns)):
            return
        words = "-".join((rule.type or "-".join(rule.types), *rule.colorants))
        supply = fitting[0] if fitting else self._new(rule, f"{self._index}.{profile}-{words}", rule.colorants)
        if supply is not None:
            yield supply, next(iter(rows), ())

    def _selected(self, rule: SupplyRule) -> list[Supply]:
        return [supply for supply in self.supplies.values() if _fits(rule, supply)]

    def _new(self, rule: SupplyRule, index: str, colorants: tuple[str, ...], name: str | None = None) -> Supply | None:
        """Make a supply that the Printer MIB does not have."""
        if not rule.adds:
            return None
        kind = rule.type or (rule.types[0] if len(rule.types) == 1 else None)
        nowhere = Origin(protocol="snmp", where="")
        return Supply(
            index=index, kind=rule.kind, type=kind, colorants=colorants, description=name, origin=nowhere, at=self._at
        )

    def _values(self, rule: SupplyRule, row: Oid) -> _Found:
        found: _Found = {}
        for name, value in rule.values.items():
            where = value.oid.oid if value.oid is not None else (*value.column.oid, *row) if value.column else ()
            one = _value(self._walk, name, where, value, self._at)
            if one is not None:
                found[name] = one, where
        return found

    def _complete(self, supply: Supply, rule: SupplyRule, values: _Found) -> None:
        changes = {name: values[name] for name in _WHERE_ABSENT if name in values and getattr(supply, name) is None}
        told = replace(supply, **{name: value for name, (value, _) in changes.items()})
        told, places = _measured(told, rule, values)
        for name, where in {**{name: where for name, (_, where) in changes.items()}, **places}.items():
            origin = origin_of(where, unverified=rule.unverified)
            if name == "level":
                told = replace(told, origin=origin)
            else:
                self.origins[f"supplies.{supply.index}.{name}"] = origin
        if not told.origin.where:
            told = replace(told, origin=origin_of(next(iter(values.values()))[1], unverified=rule.unverified))
        self.supplies[supply.index] = told


def _fits(rule: SupplyRule, supply: Supply) -> bool:
    return (not rule.types or supply.type in rule.types) and (
        not rule.colorants or set(supply.colorants) == set(rule.colorants)
    )


def _stepped(supply: Supply, rule: SupplyRule) -> Supply:
    level = supply.level
    if rule.step is None or level is None or level.state is not LevelState.MEASURED or level.step is not None:
        return supply
    return replace(supply, level=replace(level, step=rule.step))


def _measured(supply: Supply, rule: SupplyRule, values: _Found) -> tuple[Supply, dict[str, Oid]]:
    """Give a supply the level that the Printer MIB does not tell, or the capacity; also say where they were read."""
    known = supply.level is not None and supply.level.state is LevelState.MEASURED
    if known or not {"level", "percent"} & values.keys():
        plain = rule.level is None and rule.percent is None
        return _with_capacity(_stepped(supply, rule) if plain else supply, rule, values)
    if "level" not in values:
        percent, where = values["percent"]
        level = Level(state=LevelState.MEASURED, percent=percent, step=rule.step)
        return replace(supply, level=level), {"level": where}
    capacity = values["max_capacity"][0] if "max_capacity" in values else None
    if capacity is None and rule.unit is not None and rule.unit == supply.unit:
        capacity = supply.max_capacity
    level = Level.from_mib(values["level"][0], capacity, in_percent=rule.unit == "percent")
    if "percent" in values:
        level = replace(level, percent=values["percent"][0], why=None)
    told = replace(supply, level=replace(level, step=rule.step), unit=rule.unit, max_capacity=capacity)
    return told, {name: values[name][1] for name in ("level", "max_capacity") if name in values}


def _with_capacity(supply: Supply, rule: SupplyRule, values: _Found) -> tuple[Supply, dict[str, Oid]]:
    """Give a supply the capacity that the Printer MIB does not know, where it is in the same unit."""
    unknown = supply.max_capacity is None or supply.max_capacity < 0
    if not unknown or "max_capacity" not in values or (rule.unit is not None and supply.unit not in (None, rule.unit)):
        return supply, {}
    capacity, where = values["max_capacity"]
    level = supply.level
    if level is not None and level.percent is None and level.units is not None:
        level = Level.from_mib(level.units, capacity, in_percent=False, step=level.step)
    return replace(supply, max_capacity=capacity, level=level), {"max_capacity": where}


def _value(walk: Walk, name: str, where: Oid, value: SupplyValue, at: datetime) -> Any:
    """Read one value; a word for nothing, a number out of range and a day to come tell nothing."""
    if name in _TEXTS:
        return serial_number(text_at(walk, where, value.decode, value.pattern))
    if name == "installed_at":
        words = text_at(walk, where, value.decode, value.pattern)
        plain = value.decode is None and value.pattern is None
        day = moment(walk.octets(where) if plain else None, words)
        return day if day is not None and day <= at + _A_DAY else None
    number = scaled_at(walk, where, value, value.pattern)
    return number if number is not None and number <= _MOST.get(name, number) else None
