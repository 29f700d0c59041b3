"""What a level says of how much is left: of what is used up as of what is filled."""

from __future__ import annotations

from math import gcd

from pagemeter.model import Condition, LevelState, Supply, SupplyKind

FULL = 10_000
"""A whole supply, in hundredths of a per cent."""

_JUMP = 1_000
_COARSEST = 2_500
_KNOWN_DRIFT = 300
# How far what is filled must leap, and from how bad a level, while nobody knows yet which end is the bad one.
_LEAP = 5_000
_BAD_HIGH, _BAD_LOW = 7_000, 3_000


def is_filled(supply: Supply) -> bool:
    """Say whether a supply is a receptacle: what the device does not tell, its type does."""
    if supply.kind is SupplyKind.OTHER:
        return (supply.type or "").startswith("waste")
    return supply.kind is SupplyKind.FILLED


def measured(supply: Supply) -> int | None:
    """Return the level in hundredths of a per cent of the capacity, as the device tells it; none where it is no number.

    What is missing has no level, whatever its row says.
    """
    level = supply.level
    if level is None or level.state is not LevelState.MEASURED or supply.condition is Condition.MISSING:
        return None
    if level.units is not None and supply.max_capacity is not None and supply.max_capacity > 0:
        return min(FULL, FULL * level.units // supply.max_capacity)
    return None if level.percent is None else 100 * level.percent


def percent_of(supply: Supply) -> int | None:
    """Return the level in whole per cent, as the supply tells it."""
    return supply.level.percent if supply.level is not None else None


def grain_of(known: int, level: int, supply: Supply) -> int:
    """Return the largest step that all levels so far allow, ``known`` being that of those before: 1 is a fine level."""
    step = supply.level.step if supply.level is not None else None
    return max(gcd(known or FULL, level), 100 * (step or 0))


def jump_of(grain: int, *, seen: int, step: int | None) -> int:
    """Return how far a level must rise to be another supply's: ten points, or two of the steps that the device knows.

    One level proves no step above ten per cent: ``seen`` says how many levels did, ``step`` is the device's own word.
    """
    known = min(grain, _COARSEST if seen > 1 or step else _JUMP)
    return max(_JUMP, 2 * known)


def drifted(drift: int, old: int | None, new: int | None, said: str | None) -> int:
    """Learn which way a receptacle's level goes: above 0 it tells the fill, below 0 the space that is left.

    RFC 3805 wants the space, many devices tell the fill. A word of the device, that it is nearly full, is the surest
    sign; a leap from one end to the other is an emptying, for nothing fills so fast.
    """
    if new is None:
        return drift
    if said is not None and not _BAD_LOW <= new <= _BAD_HIGH:
        return FULL if new > _BAD_HIGH else -FULL
    if old is None or knows_direction(drift):
        return drift
    if new - old <= -_LEAP and old >= _BAD_HIGH:
        return FULL
    if new - old >= _LEAP and old <= _BAD_LOW:
        return -FULL
    return drift + new - old


def knows_direction(drift: int) -> bool:
    """Say whether a receptacle's level went far enough one way."""
    return abs(drift) >= _KNOWN_DRIFT


def left_of(level: int | None, *, filled: bool, drift: int) -> int | None:
    """Return what is left: of a consumed supply its level, of a receptacle its space; none where nobody knows."""
    if level is None or not filled:
        return level
    if not knows_direction(drift):
        return None
    return FULL - level if drift > 0 else level
