"""What a device says of its supplies beside their levels: conditions, and alerts that name a supply."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

from pagemeter.continuity.levels import is_filled
from pagemeter.model import Alert, Condition, Supply

Word: TypeAlias = Literal["low", "empty"]

_SUPPLIES = "markerSupplies"
# PrtAlertCodeTC (IANA-PRINTER-MIB): of what is used up, of what is filled, and of either.
_CONSUMED: dict[int, Word] = {
    **dict.fromkeys((12, 1104, 1105, 1106, 1113), "low"),
    **dict.fromkeys((13, 1101, 1102, 1103, 1114), "empty"),
}
_FILLED: dict[int, Word] = {
    **dict.fromkeys((14, 1107, 1108, 1125), "low"),
    **dict.fromkeys((15, 1109, 1110, 1126), "empty"),
}
_EITHER: dict[int, Word] = {
    **dict.fromkeys((10, 1111, 1122), "low"),
    **dict.fromkeys((11, 1112, 1123), "empty"),
}
# Whom a code means that names no row.
_FAMILIES = {
    **dict.fromkeys((1101, 1104), "toner"),
    **dict.fromkeys((1102, 1105), "ink"),
    **dict.fromkeys((1103, 1106), "inkRibbon"),
    **dict.fromkeys((1111, 1112), "opc"),
    **dict.fromkeys((1113, 1114), "developer"),
}
_CONDITIONS: dict[Condition | None, Word] = {Condition.LOW: "low", Condition.EMPTY: "empty"}


def warned(supplies: Sequence[Supply], alerts: Sequence[Alert]) -> tuple[Word | None, ...]:
    """Return for each supply what the device says of it: low or empty, which for a receptacle is nearly full or full.

    An alert that names no row counts only where one supply alone can be meant.
    """
    found: list[Word | None] = [_CONDITIONS.get(supply.condition) for supply in supplies]
    for alert in alerts:
        if alert.group != _SUPPLIES or alert.code is None:
            continue
        meant = list(_meant(supplies, alert))
        for place, word in meant if len(meant) == 1 else ():
            if word == "empty" or found[place] is None:
                found[place] = word
    return tuple(found)


def group_index_of(alert: Alert) -> int | None:
    """Return the row of the supply, tray or cover that an alert is of: the last part of the keys that readers make."""
    tail = alert.key.rpartition(":")[2] if ":" in alert.key else ""
    return int(tail) if tail.isascii() and tail.isdigit() and 0 < len(tail) <= 10 and int(tail) > 0 else None


def _meant(supplies: Sequence[Supply], alert: Alert) -> Iterator[tuple[int, Word]]:
    row = group_index_of(alert)
    for place, supply in enumerate(supplies):
        word = _EITHER.get(alert.code or 0) or (_FILLED if is_filled(supply) else _CONSUMED).get(alert.code or 0)
        if word is None:
            continue
        if row is not None:
            named = supply.index.rpartition(".")[2] == str(row)
        else:
            family = _FAMILIES.get(alert.code or 0)
            named = family is None or (supply.type or "").removesuffix("Cartridge") == family
        if named:
            yield place, word
