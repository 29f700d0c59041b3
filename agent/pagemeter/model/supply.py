"""Supplies, inputs, markers and covers: the Printer MIB's subunits (RFC 3805)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from pagemeter.model.meter import Origin
from pagemeter.model.privacy import FreeText, Serial


class LevelState(StrEnum):
    """What a level says: RFC 3805 section 2.4 turns -3, -2 and -1 into words."""

    MEASURED = "measured"
    SOME_REMAINING = "some-remaining"
    UNKNOWN = "unknown"
    UNRESTRICTED = "unrestricted"


# A cartridge may hold a little more than its nominal capacity; what is far above it was not measured by it.
_OVERSHOOT = 110
_MOST_PARTS = 50
# The largest Integer32 stands for "no number" where firmware has none.
_NO_CAPACITY = (1 << 31) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """How much is there: ``units`` in the supply's unit, ``percent`` 0..100, ``step`` if only such steps are known.

    ``step`` is in per cent; ``why`` says why a level is unknown, or why there is no percentage or not the one that
    ``units`` would give. Of what is filled (a waste box) this is the room that is left, as RFC 3805 has it and as far
    as the device keeps to that.
    """

    state: LevelState
    units: int | None = None
    percent: int | None = None
    step: int | None = None
    why: str | None = None

    @classmethod
    def from_mib(
        cls, value: int | None, max_capacity: int | None, *, in_percent: bool, step: int | None = None
    ) -> Self:
        """Decode prtMarkerSuppliesLevel or prtInputCurrentLevel (RFC 3805); none is a device that sends no level.

        -3 is "some", -2 "unknown", -1 "no restriction"; any other negative number is unknown. A percentage needs a
        capacity above 0, or a unit that is percent (19) itself; a level up to a tenth above its capacity is full,
        one further above has no percentage.
        """
        if value is None:
            return cls(state=LevelState.UNKNOWN, why="the device sends no level")
        if value < 0:
            return cls._without_number(value)
        percent, why = _percent(value, max_capacity, in_percent=in_percent)
        return cls(
            state=LevelState.MEASURED,
            units=value,
            percent=percent,
            step=step if percent is not None else None,
            why=why,
        )

    @classmethod
    def _without_number(cls, value: int) -> Self:
        if value == -2:
            return cls(state=LevelState.UNKNOWN, why="the device says that it does not know (-2)")
        states = {-3: LevelState.SOME_REMAINING, -1: LevelState.UNRESTRICTED}
        if value in states:
            return cls(state=states[value])
        return cls(state=LevelState.UNKNOWN, why=f"level {value} is in no standard")


def step_of(max_capacity: int | None, unit: str | None) -> int | None:
    """Return the steps, in per cent, of a level that counts parts of a whole: 3 of 5 is known in steps of 20.

    Sheets, grams or pages are counts; parts are what has no unit, or one that says nothing.
    """
    parts = (
        max_capacity is not None and 0 < max_capacity <= _MOST_PARTS and unit in (None, "other", "unknown", "percent")
    )
    return 100 // max_capacity if parts and max_capacity else None


def _percent(value: int, capacity: int | None, *, in_percent: bool) -> tuple[int | None, str | None]:
    """Reckon a percentage, or say why there is none; both where the level is a little above the capacity."""
    if capacity is not None and 0 < capacity < _NO_CAPACITY:
        above = f"level {value} is above the capacity {capacity}" if value > capacity else None
        return (min(100, 100 * value // capacity) if 100 * value <= _OVERSHOOT * capacity else None), above
    if in_percent:
        return (value, None) if value <= 100 else (None, f"level {value} is above 100 per cent")
    if capacity is None:
        return None, "the device sends no capacity"
    words = {0: "the capacity is 0", -1: "the capacity is unrestricted (-1)", -2: "the capacity is unknown (-2)"}
    return None, words.get(capacity, f"capacity {capacity} is none")


class SupplyKind(StrEnum):
    """Whether a supply is used up or filled; the full waste box is the bad one, see ``Level`` and ``Condition``."""

    CONSUMED = "consumed"
    FILLED = "filled"
    OTHER = "other"


class Condition(StrEnum):
    """What the device says about a supply, in the words of what is left.

    ``low``: little is left; of a waste box: little room, it is nearly full. ``empty``: nothing is left, of a waste box:
    it is full, of a drum or fuser: its life is over. ``foreign``: not of the maker, by the device's own word.
    """

    OK = "ok"
    LOW = "low"
    EMPTY = "empty"
    MISSING = "missing"
    FOREIGN = "foreign"


WORST_FIRST = (Condition.MISSING, Condition.EMPTY, Condition.LOW, Condition.FOREIGN, Condition.OK)
"""Of several conditions of one supply the first of these counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How long a supply will last, from the device's own history: the likely number between a low and a high one.

    ``pages`` and ``days`` are what is left; ``since`` is the beginning of the history that was used.
    """

    pages: int
    pages_low: int
    pages_high: int
    days: int
    days_low: int
    days_high: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """One supply of one marker or finisher.

    ``index`` is the MIB's (``1.3``), ``type`` and ``unit`` are spelt as in RFC 3805 (``tonerCartridge``,
    ``tenthsOfGrams``), ``colorants`` are lower-case colour names. ``pages_left`` is the device's own word, ``outlook``
    ours. ``coverage`` is the average share of the page that was covered, in hundredths of a per cent. ``installed_at``
    is when it was put in, as far as the device tells or we saw it, ``first_seen`` when we saw it first.
    """

    index: str
    marker: str | None = None
    kind: SupplyKind = SupplyKind.OTHER
    type: str | None = None
    colorants: tuple[str, ...] = ()
    description: FreeText | None = None
    part_number: str | None = None
    serial_number: Serial | None = None
    unit: str | None = None
    max_capacity: int | None = None
    level: Level | None = None
    condition: Condition | None = None
    pages_left: int | None = None
    coverage: int | None = None
    installed_at: datetime | None = None
    first_seen: datetime | None = None
    outlook: Outlook | None = None
    origin: Origin
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A tray or other input (prtInputTable)."""

    index: str
    type: str | None = None
    name: FreeText | None = None
    description: FreeText | None = None
    media: str | None = None
    unit: str | None = None
    max_capacity: int | None = None
    level: Level | None = None
    status: int | None = None
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """A print engine (prtMarkerTable); ``coverage`` is the average share of its pages, in hundredths of a per cent."""

    index: str
    technology: str | None = None
    process_colorants: int | None = None
    status: int | None = None
    coverage: int | None = None
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """A door or interlock (prtCoverTable); ``state`` as in PrtCoverStatusTC, ``coverOpen`` ..."""

    index: str
    description: FreeText | None = None
    state: str | None = None
    origin: Origin
