"""A counter at one moment, and where it was read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a value was read: protocol ``snmp`` with an OID, ``ipp`` with an attribute name.

    ``doubt`` says why the place may be the wrong one: ``unverified`` where no recording of a device proves it.
    """

    protocol: str
    where: str
    doubt: str | None = None

    def __str__(self) -> str:
        """Write it as ``snmp 1.3.6.1.2.1.43.10.2.1.4.1.1``."""
        return f"{self.protocol} {self.where}"


class Work(StrEnum):
    """What the device did (PWG 5106.3 service types, in the trade's words)."""

    TOTAL = "total"
    PRINT = "print"
    COPY = "copy"
    SCAN = "scan"
    FAX = "fax"
    FAX_IN = "fax-in"
    FAX_OUT = "fax-out"
    REPORT = "report"
    MAINTENANCE = "maintenance"
    OTHER = "other"


class MeterColor(StrEnum):
    """Which kind of color a counter counts."""

    ANY = "any"
    MONOCHROME = "monochrome"
    FULL_COLOR = "full-color"
    SINGLE = "single"
    TWO_COLOR = "two-color"
    HIGHLIGHT = "highlight"
    TIER_1 = "tier-1"
    TIER_2 = "tier-2"
    TIER_3 = "tier-3"


class Sides(StrEnum):
    """Whether a counter counts simplex, duplex or both."""

    ANY = "any"
    ONE = "one"
    TWO = "two"


class Since(StrEnum):
    """From when a counter counts."""

    LIFE = "life"
    POWER_ON = "power-on"
    RESET = "reset"


class MeterUnit(StrEnum):
    """What is counted."""

    IMPRESSIONS = "impressions"
    SHEETS = "sheets"
    LABELS = "labels"
    METRES = "metres"
    FEET = "feet"
    MICROMETRES = "micrometres"
    TEN_THOUSANDTHS_OF_INCHES = "ten-thousandths-of-inches"
    SQUARE_CENTIMETRES = "square-centimetres"
    HOURS = "hours"
    EQUIVALENTS = "equivalents"
    CHARACTERS = "characters"
    LINES = "lines"
    DOT_ROWS = "dot-rows"
    OTHER = "other"


class Quality(StrEnum):
    """How far a value may be trusted: ``unverified`` was read where only a source, and no recording, says it stands."""

    MEASURED = "measured"
    UNVERIFIED = "unverified"
    SUSPICIOUS = "suspicious"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterRead:
    """One counter at one moment; ``value`` is an integer, ``raw`` is what the device sent, ``at`` is aware UTC.

    ``series`` is the number of the unbroken run that the value belongs to, ``delta`` what was counted since the read
    before it, never negative; both are absent until the agent has followed the counter.
    """

    work: Work
    color: MeterColor = MeterColor.ANY
    media: str = "any"
    sides: Sides = Sides.ANY
    engine: int | None = None
    since: Since = Since.LIFE
    unit: MeterUnit
    code: str | None = None
    value: int
    raw: str
    quality: Quality = Quality.MEASURED
    origin: Origin
    at: datetime
    series: int | None = None
    delta: int | None = None

    @property
    def key(self) -> str:
        """The name for ledger, CSV column and ERP mapping: ``print.full-color.large.one.impressions``."""
        key = f"{self.work}.{self.color}.{self.media}.{self.sides}.{self.unit}"
        key += f"@{self.engine}" if self.engine is not None else ""
        key += f"+{self.since}" if self.since is not Since.LIFE else ""
        return key + (f"#{self.code}" if self.code is not None else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """A read of a meter that another source told too and that was not elected; ``why`` says what decided."""

    read: MeterRead
    why: str
