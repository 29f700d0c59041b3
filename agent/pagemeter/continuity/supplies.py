"""Supplies over time: put in, low, empty, and how long they will last."""

from __future__ import annotations

from dataclasses import dataclass

from pagemeter.continuity.records import SupplyLife
from pagemeter.continuity.usage import Usage
from pagemeter.model import DeviceSnapshot, Event, Supply


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyMemory:
    """What is remembered of the supply in one place."""

    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppliesFollowed:
    """The supplies with what their history adds, what happened, what to remember, and the rows to keep."""

    supplies: tuple[Supply, ...]
    events: tuple[Event, ...] = ()
    memory: tuple[SupplyMemory, ...] = ()
    lives: tuple[SupplyLife, ...] = ()


def follow_supplies(memory: tuple[SupplyMemory, ...], snapshot: DeviceSnapshot, *, usage: Usage) -> SuppliesFollowed:
    """Lay a snapshot's supplies beside what is remembered of them; ``snapshot`` has its meters followed already."""
    del usage
    return SuppliesFollowed(supplies=snapshot.supplies, memory=memory)
