"""Which supply of a visit is which of those that are remembered."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pagemeter.model import Supply

_FAMILIES = {"tonerCartridge": "toner", "inkCartridge": "ink", "other": None, "unknown": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What is remembered of a supply to find it again: its row in the last visit, what it is, its serial number."""

    index: str
    family: str | None = None
    colorants: tuple[str, ...] = ()
    serial_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """For each supply of a visit its place in what is remembered, or none; and what was remembered and not seen."""

    found: tuple[int | None, ...]
    unseen: tuple[int, ...]


def paired(memory: Sequence[Placed], supplies: Sequence[Supply]) -> Pairs:
    """Find each supply again: by serial number and color; by row, type and color; by type and color alone, in order.

    Rows are sparse, can vanish and may be numbered anew, and another source calls them otherwise. Two equal cartridges
    without serial numbers stay two: each finds one. No toner changes its color: a serial number that another color
    tells now finds its place again only where nothing else does.
    """
    left = dict(enumerate(memory))
    found: list[int | None] = [None] * len(supplies)

    def match(mine: Callable[[Placed], Hashable], theirs: Callable[[Supply], Hashable], *, alone: bool = False) -> None:
        places: dict[Hashable, list[int]] = {}
        for mark, one in left.items():
            places.setdefault(mine(one), []).append(mark)
        asked = [theirs(supply) if found[number] is None else None for number, supply in enumerate(supplies)]
        for number, key in enumerate(asked):
            if key is None or not (here := places.get(key)):
                continue
            if not alone or (len(here) == 1 and asked.count(key) == 1):
                found[number] = place = here.pop(0)
                del left[place]

    match(_serial_and_color, _serial_and_color, alone=True)
    match(lambda one: (one.index, one.family, one.colorants), lambda one: (one.index, family_of(one), one.colorants))
    match(
        lambda one: (one.family, one.colorants),
        lambda one: (family_of(one), one.colorants) if family_of(one) is not None else None,
    )
    match(lambda one: serial_of(one.serial_number), lambda one: serial_of(one.serial_number), alone=True)
    # The same row, of which a table that was cut short told less: its color or its type.
    match(lambda one: one.index, lambda one: one.index if not (one.colorants and family_of(one)) else None)
    return Pairs(found=tuple(found), unseen=tuple(left))


def _serial_and_color(one: Placed | Supply) -> Hashable:
    serial = serial_of(one.serial_number)
    return None if serial is None else (serial, one.colorants)


def family_of(supply: Supply) -> str | None:
    """Return the type as it is compared: one source says toner where another one says toner cartridge."""
    return _FAMILIES.get(supply.type or "unknown", supply.type)


@lru_cache(maxsize=1024)
def serial_of(serial_number: str | None) -> str | None:
    """Return a supply's serial number as it is compared; none for placeholders: too short, or one character."""
    folded = "".join((serial_number or "").split()).upper()
    return folded if len(folded) >= 4 and len(set(folded)) > 1 and folded not in ("UNKNOWN", "NONE") else None


def free_place(index: str, taken: Iterable[str]) -> str:
    """Name a place by the row that it was first seen in; a second one of that name is ``1.3~2``."""
    names, number = set(taken), 1
    while (name := index if number == 1 else f"{index}~{number}") in names:
        number += 1
    return name
