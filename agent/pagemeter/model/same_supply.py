"""Supplies that two sources tell: which of them are one, and what the later source adds to the earlier one's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pagemeter.model.meter import Origin
from pagemeter.model.supply import WORST_FIRST, Condition, Level, LevelState, Supply, SupplyKind

_FIELDS = (
    *("type", "colorants", "description", "part_number", "serial_number"),
    *("pages_left", "coverage", "installed_at"),
)
# One source says toner where another one says toner cartridge.
_FAMILIES = {"tonerCartridge": "toner", "inkCartridge": "ink", "other": None, "unknown": None}


def completed_supplies(
    mine: Sequence[Supply], theirs: Sequence[Supply], origins: Mapping[str, Origin]
) -> tuple[tuple[Supply, ...], dict[str, Origin]]:
    """Fill in what supplies lack and the same ones of a later source have, and say by path where that was read.

    The list, and what it says, is the earlier source's. ``origins`` are the later one's, by path.
    """
    found = list(mine)
    places: dict[str, Origin] = {}
    for place, other in same_supplies(mine, theirs).items():
        supply, partner = mine[place], theirs[other]
        added = dict(_added(supply, partner))
        found[place] = replace(supply, **added)
        for name in added:
            told = origins.get(f"supplies.{partner.index}.{name}", partner.origin)
            places[f"supplies.{supply.index}.{name}"] = told
    return tuple(found), places


def same_supplies(mine: Sequence[Supply], theirs: Sequence[Supply]) -> dict[int, int]:
    """Find the supplies that are one, by their places in the two lists; what could be one of several is none.

    By serial number; by description; by type and color; by type, where each list has one of it. Each has to be alone
    in both lists, and nothing else may speak against it: two black cartridges of which nothing tells them apart have
    no partner.
    """
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for keys in (_serials, _words, _sorts_and_colors, _sorts):
        others = _alone(keys(theirs))
        for key, place in _alone(keys(mine)).items():
            other = others.get(key)
            if other is None or place in pairs or other in taken:
                continue
            if _may_be_one(mine[place], theirs[other]):
                pairs[place] = other
                taken.add(other)
    return pairs


def _alone(keys: Sequence[Hashable]) -> dict[Hashable, int]:
    counts = Counter(keys)
    return {key: place for place, key in enumerate(keys) if key is not None and counts[key] == 1}


def _serials(supplies: Sequence[Supply]) -> list[Hashable]:
    return [_folded(supply.serial_number) or None for supply in supplies]


def _words(supplies: Sequence[Supply]) -> list[Hashable]:
    return [_folded(supply.description) or None for supply in supplies]


def _sorts_and_colors(supplies: Sequence[Supply]) -> list[Hashable]:
    """Name type and color; not where another one of that type does not tell its color, for it may have the same."""
    sorts = _sorts(supplies)
    untold = {sort for sort, supply in zip(sorts, supplies, strict=True) if not supply.colorants}
    pairs = ((sort, frozenset(supply.colorants)) for sort, supply in zip(sorts, supplies, strict=True))
    return [None if sort is None or sort in untold else (sort, colors) for sort, colors in pairs]


def _sorts(supplies: Sequence[Supply]) -> list[Hashable]:
    return [None if _family(supply) is None else (_is_filled(supply), _family(supply)) for supply in supplies]


def _may_be_one(mine: Supply, theirs: Supply) -> bool:
    """Say whether nothing that both tell is another thing; a longer number may hold the shorter one."""
    if _is_filled(mine) is not _is_filled(theirs):
        return False
    alike = (
        (_family(mine), _family(theirs)),
        (frozenset(mine.colorants) or None, frozenset(theirs.colorants) or None),
        (_row(mine.marker), _row(theirs.marker)),
    )
    if any(None not in pair and pair[0] != pair[1] for pair in alike):
        return False
    numbers = ((mine.serial_number, theirs.serial_number), (mine.part_number, theirs.part_number))
    return all(_holds(_folded(one), _folded(other)) for one, other in numbers)


def _holds(one: str, other: str) -> bool:
    return not one or not other or one in other or other in one


def _folded(words: str | None) -> str:
    return "".join((words or "").split()).casefold()


def _family(supply: Supply) -> str | None:
    return _FAMILIES.get(supply.type or "unknown", supply.type)


def _is_filled(supply: Supply) -> bool:
    return supply.kind is SupplyKind.FILLED or (
        supply.kind is SupplyKind.OTHER and (supply.type or "").startswith("waste")
    )


def _row(marker: str | None) -> str | None:
    return None if marker is None else marker.rpartition(".")[2]


def _added(mine: Supply, theirs: Supply) -> Iterator[tuple[str, Any]]:
    """Yield the fields that one lacks and the other has."""
    if (level := _level(mine, theirs)) is not None:
        yield "level", level
    if (condition := _condition(mine, theirs)) is not None:
        yield "condition", condition
    for name in _FIELDS:
        if getattr(mine, name) in (None, ()) and getattr(theirs, name) not in (None, ()):
            yield name, getattr(theirs, name)


def _level(mine: Supply, theirs: Supply) -> Level | None:
    """Return the other's level where mine is not known or only "some" and the other's is a share that fits to it.

    Without its units where those are others. Not of what is filled: one source may tell the room that is left and
    the other the fill. Nothing left is not "some", and what is missing has no level.
    """
    known, told = mine.level, theirs.level
    if told is None or told.state is not LevelState.MEASURED or told.percent is None:
        return None
    if _is_filled(mine) or mine.condition is Condition.MISSING:
        return None
    if known is not None and known.state not in (LevelState.UNKNOWN, LevelState.SOME_REMAINING):
        return None
    some = known is not None and known.state is LevelState.SOME_REMAINING
    if some and _is_nothing(told):
        return None
    said = "only that some is left" if some else known.why if known is not None else None
    why = f"{mine.origin.protocol}: {said or 'no level'}"
    same_units = (mine.unit, mine.max_capacity) == (theirs.unit, theirs.max_capacity)
    return replace(
        told, units=told.units if same_units else None, why=why if told.why is None else f"{why}; {told.why}"
    )


def _condition(mine: Supply, theirs: Supply) -> Condition | None:
    """Return the other's condition where it is the worse one; not "empty" of a level that mine is above."""
    told = theirs.condition
    if told is None or mine.condition is told:
        return None
    if mine.condition is not None and WORST_FIRST.index(mine.condition) < WORST_FIRST.index(told):
        return None
    return None if told is Condition.EMPTY and _is_nothing(theirs.level) and _is_something(mine.level) else told


def _is_nothing(level: Level | None) -> bool:
    return level is not None and not (level.units or level.percent) and level.state is LevelState.MEASURED


def _is_something(level: Level | None) -> bool:
    if level is None or level.state is LevelState.SOME_REMAINING:
        return level is not None
    return level.state is LevelState.MEASURED and not _is_nothing(level)
