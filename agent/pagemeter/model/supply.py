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


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """How much is there: ``units`` in the supply's unit, ``percent`` 0..100, ``step`` if only such steps are known.

    ``step`` is in per cent; ``why`` says why a level is unknown, or why there is no percentage.
    """

    state: LevelState
    units: int | None = None
    percent: int | None = None
    step: int | None = None
    why: str | None = None

    @classmethod
    def from_mib(cls, value: int, max_capacity: int | None, *, in_percent: bool) -> Self:
        """Decode prtMarkerSuppliesLevel or prtInputCurrentLevel (RFC 3805).

        -3 is "some", -2 "unknown", -1 "no restriction"; any other negative number is unknown. A percentage needs a
        capacity above 0, or a unit that is percent (19) itself; it is clamped to 0..100.
        """
        if value < 0:
            states = {-3: LevelState.SOME_REMAINING, -1: LevelState.UNRESTRICTED}
            return cls(state=states.get(value, LevelState.UNKNOWN))
        percent = None
        if max_capacity is not None and max_capacity > 0:
            percent = min(100, 100 * value // max_capacity)
        elif in_percent:
            percent = min(100, value)
        return cls(state=LevelState.MEASURED, units=value, percent=percent)


class SupplyKind(StrEnum):
    """Whether a supply is used up or filled: for a waste box a high fill is the bad one."""

    CONSUMED = "consumed"
    FILLED = "filled"
    OTHER = "other"


class Condition(StrEnum):
    """What the device says about a supply."""

    OK = "ok"
    LOW = "low"
    EMPTY = "empty"
    MISSING = "missing"
    FOREIGN = "foreign"


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
    """A print engine (prtMarkerTable)."""

    index: str
    technology: str | None = None
    process_colorants: int | None = None
    status: int | None = None
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """A door or interlock (prtCoverTable); ``state`` as in PrtCoverStatusTC, ``coverOpen`` ..."""

    index: str
    description: FreeText | None = None
    state: str | None = None
    origin: Origin
