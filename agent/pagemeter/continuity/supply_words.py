"""What a device says of its supplies beside their levels: conditions, and alerts that name a supply."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

from pagemeter.colorants import colors_in
from pagemeter.conditions import Sign, judged, sign_of_code
from pagemeter.continuity.alert_identity import group_index_of
from pagemeter.model import Alert, Condition, Supply

Word: TypeAlias = Literal["low", "empty"]

_SUPPLIES = "markerSupplies"
_CONDITIONS: dict[Condition | None, Word] = {Condition.LOW: "low", Condition.EMPTY: "empty"}


def warned(supplies: Sequence[Supply], alerts: Sequence[Alert]) -> tuple[Word | None, ...]:
    """Return for each supply what the device says of it: low or empty, which for a receptacle is nearly full or full.

    Readers judge by what they read themselves; here the alerts of one source meet the supplies of another.
    """
    return tuple(_CONDITIONS.get(supply.condition) for supply in judged(supplies, _signs(supplies, alerts)))


def _signs(supplies: Sequence[Supply], alerts: Sequence[Alert]) -> Iterator[Sign]:
    indexes = {supply.index for supply in supplies}
    for alert in alerts:
        of_supplies = alert.group == _SUPPLIES
        row = group_index_of(alert) if of_supplies else None
        named = next((index for index in indexes if index.rpartition(".")[2] == str(row)), None)
        if row is not None and named is None:
            continue
        words = colors_in(alert.description or "")
        if (sign := sign_of_code(alert.code, of_supplies=of_supplies, supply=named, colorants=words)) is not None:
            yield sign
