"""What a reader learned of one printer."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from enum import StrEnum
from typing import Self

from pagemeter.model.alert import Alert, Status
from pagemeter.model.device import Identity
from pagemeter.model.meter import MeterColor, MeterRead, Origin, Rival, Sides, Since, Work
from pagemeter.model.privacy import FreeText
from pagemeter.model.same_supply import completed_supplies
from pagemeter.model.supply import Cover, Input, Marker, Supply

_ABSENT: tuple[object, ...] = (None, (), frozenset())
LATER_SOURCE = "a source named earlier tells this meter too"
"""Why a later reader's value is not elected: the order of the readers in the YAML decides."""


class Scope(StrEnum):
    """A part of a reading that can be asked for by itself."""

    IDENTITY = "identity"
    METERS = "meters"
    SUPPLIES = "supplies"
    STATUS = "status"
    JOBS = "jobs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """What is not known, and why: ``Unknown(what="mono", why="no profile")``."""

    what: str
    why: str

    def __str__(self) -> str:
        """Write it as ``mono: no profile``."""
        return f"{self.what}: {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a reader learned of one printer in one visit.

    ``origins`` says where each identity field was read, and by path (``panel``, ``supplies.1.3.serial_number``,
    ``markers.1.1.coverage``) what stands elsewhere than the rest of its part; ``scopes`` what was asked and answered,
    ``missing`` which tables were cut short, ``panel`` what the display shows, ``uptime`` how long the device's SNMP
    agent runs.
    """

    identity: Identity = field(default_factory=Identity)
    origins: tuple[tuple[str, Origin], ...] = ()
    scopes: frozenset[Scope] = frozenset()
    missing: tuple[str, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    uptime: timedelta | None = None
    panel: tuple[FreeText, ...] = ()
    status: Status | None = None
    meter_reads: tuple[MeterRead, ...] = ()
    rivals: tuple[Rival, ...] = ()
    markers: tuple[Marker, ...] = ()
    supplies: tuple[Supply, ...] = ()
    inputs: tuple[Input, ...] = ()
    covers: tuple[Cover, ...] = ()
    alerts: tuple[Alert, ...] = ()

    def completed_by(self, other: Reading) -> Self:
        """Take from ``other`` what is absent here, field by field; a meter is taken whole, the first reader's wins.

        What lost is kept as a rival: it confirms the elected value or contradicts it. Lists are the first reader's that
        has one; of supplies that are the same for sure, what the one lacks is taken from the other.
        """
        theirs = other.identity
        absent = [f.name for f in fields(Identity) if getattr(self.identity, f.name) in _ABSENT]
        identity = replace(self.identity, **{name: getattr(theirs, name) for name in absent})
        supplies, places = completed_supplies(self.supplies, other.supplies, dict(other.origins))
        known = {read.key for read in self.meter_reads}
        lost = tuple(Rival(read=read, why=LATER_SOURCE) for read in other.meter_reads if read.key in known)
        whole = replace(
            self,
            identity=identity,
            origins=tuple(sorted({**_origins_taken(self, other), **dict(self.origins), **places}.items())),
            scopes=self.scopes | other.scopes,
            missing=tuple(sorted({*self.missing, *other.missing})),
            unknown=tuple(dict.fromkeys((*self.unknown, *other.unknown))),
            uptime=self.uptime if self.uptime is not None else other.uptime,
            panel=self.panel or other.panel,
            status=self.status or other.status,
            meter_reads=self.meter_reads + tuple(read for read in other.meter_reads if read.key not in known),
            rivals=self.rivals + other.rivals + lost,
            markers=self.markers or other.markers,
            supplies=supplies or other.supplies,
            inputs=self.inputs or other.inputs,
            covers=self.covers or other.covers,
            alerts=self.alerts or other.alerts,
        )
        return replace(whole, unknown=tuple(one for one in whole.unknown if not _tells(whole, one.what)))


def _origins_taken(mine: Reading, other: Reading) -> dict[str, Origin]:
    """Return the origins of what is taken from the other: of a part that is here already none is."""
    here = {part for part in ("panel", "supplies", "markers") if getattr(mine, part)}
    here |= {f.name for f in fields(Identity) if getattr(mine.identity, f.name) not in _ABSENT}
    return {name: origin for name, origin in other.origins if name.partition(".")[0] not in here}


_COLORS = {"mono": MeterColor.MONOCHROME, "color": MeterColor.FULL_COLOR}


def _tells(reading: Reading, what: str) -> bool:
    """Say whether one reader told what another one did not know."""
    if what == "life_count":
        return any(
            (read.color, read.media, read.sides, read.since) == (MeterColor.ANY, "any", Sides.ANY, Since.LIFE)
            and read.work in (Work.TOTAL, Work.PRINT)
            for read in reading.meter_reads
        )
    if what in _COLORS:
        whole = (read for read in reading.meter_reads if read.media == "any" and read.work in (Work.TOTAL, Work.PRINT))
        return any(read.color is _COLORS[what] for read in whole)
    if what == "supply_serial_numbers":
        return any(supply.serial_number for supply in reading.supplies)
    whose = reading.identity if what in Identity.__dataclass_fields__ else reading
    return getattr(whose, what, None) not in (None, (), frozenset())
