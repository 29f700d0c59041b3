"""What is remembered of a device's counters from visit to visit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pagemeter.continuity.between import Marks
from pagemeter.continuity.records import Series
from pagemeter.model import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A value that is not believed yet, read at ``at``; ``since`` is when the counter came there, if before that."""

    value: int
    at: datetime
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Away:
    """What another source tells while the one of the series is silent; ``value`` at ``at`` was its first word."""

    source: str
    value: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """What says that a counter is frozen: pages of its parts, visits, and how often the device was printing."""

    since: datetime
    pages: int = 0
    visits: int = 0
    printing: int = 0
    told: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run of a counter that ended by a fall, as far as it can be taken up again; counted is up to ``high``."""

    number: int
    began_at: datetime
    last_at: datetime
    first: int
    last: int
    high: int
    counted: int
    began_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterMemory:
    """The latest run of one counter; ``last`` is the last value that was believed.

    ``high`` is the highest value that was counted where ``last`` is lower, ``top`` the highest number of the counter's
    runs where ``number`` is lower. ``source`` tells the values (see ``source_of``), ``twin`` told the same ones.
    ``pace`` is how many times faster than usual the device counts, ``owed`` was counted and stands in no document yet.
    """

    key: str
    number: int = 1
    began_at: datetime
    last_at: datetime
    first: int
    last: int
    counted: int = 0
    began_by: str | None = None
    ended_by: str | None = None
    high: int | None = None
    top: int | None = None
    source: str | None = None
    twin: str | None = None
    held: Held | None = None
    away: Away | None = None
    earlier: tuple[Run, ...] = ()
    still: Still | None = None
    pace: int | None = None
    owed: int | None = None

    @property
    def highest(self) -> int:
        """The value up to which is counted."""
        return self.last if self.high is None else self.high

    @property
    def newest(self) -> int:
        """The highest number of the counter's runs."""
        return self.number if self.top is None else self.top

    def series(self) -> Series:
        """Return the row of the ledger."""
        return Series(
            key=self.key,
            number=self.number,
            began_at=self.began_at,
            last_at=max(self.began_at, self.last_at),
            first=self.first,
            last=self.last,
            counted=self.counted,
            began_by=self.began_by,
            ended_by=self.ended_by,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MetersMemory:
    """The counters of a device, what it showed at the last visit, and the disagreements that were told."""

    counters: tuple[MeterMemory, ...] = ()
    marks: Marks | None = None
    disagreeing: tuple[tuple[str, str], ...] = ()


def source_of(origin: Origin) -> str:
    """Name what tells a counter, no closer than needed: of an OID the MIB or the enterprise, for rows change places."""
    place = origin.where.split(" + ")[0]
    return f"{origin.protocol} {'.'.join(place.split('.')[:7])}" if origin.protocol == "snmp" else str(origin)
