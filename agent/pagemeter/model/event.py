"""What happened to a device: facts are one dataclass a kind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, TypeAlias

from pagemeter.model.alert import Severity, Training
from pagemeter.model.meter import Origin
from pagemeter.model.privacy import Address, FreeText, Serial


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFound:
    """A device was seen for the first time."""

    kind: Literal["device-found"] = "device-found"
    address: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceMoved:
    """A known device answers at another address."""

    kind: Literal["device-moved"] = "device-moved"
    old_address: Address
    address: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSilent:
    """A known device stopped answering."""

    kind: Literal["device-silent"] = "device-silent"
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceBack:
    """A silent device answers again."""

    kind: Literal["device-back"] = "device-back"
    silent_since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicesMerged:
    """Two entries of the inventory were found to be one device; ``alias`` is the id that was given up."""

    kind: Literal["devices-merged"] = "devices-merged"
    alias: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentFound:
    """A gateway lists a network that was not known; it is searched only where an operator selects it."""

    kind: Literal["segment-found"] = "segment-found"
    network: Address
    learned_from: Address | None = None


class FallCause(StrEnum):
    """Why a counter is lower than before."""

    VOLATILE_TAIL = "volatile-tail"
    RESET = "reset"
    REPLACEMENT = "replacement"
    WRAP = "wrap"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterReset:
    """A counter is lower than before; the raw values stay. ``why`` says what speaks for the cause."""

    kind: Literal["meter-reset"] = "meter-reset"
    key: str
    old: int
    new: int
    cause: FallCause = FallCause.RESET
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterUnitChanged:
    """A counter is told in another unit than before; it goes on as another meter, and nothing is converted."""

    kind: Literal["meter-unit-changed"] = "meter-unit-changed"
    key: str
    old_key: str
    old: int
    new: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSuspicious:
    """A counter made a step that is hardly believed; the raw value stays, ``why`` says what becomes of it."""

    kind: Literal["meter-suspicious"] = "meter-suspicious"
    key: str
    old: int
    new: int
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterFrozen:
    """A counter stands still while the device goes on printing."""

    kind: Literal["meter-frozen"] = "meter-frozen"
    key: str
    value: int
    since: datetime
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetersDisagree:
    """Two sources tell different values of one meter; told when it begins, not each time."""

    kind: Literal["meters-disagree"] = "meters-disagree"
    key: str
    elected: int
    elected_origin: Origin
    other: int
    other_origin: Origin
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyInstalled:
    """A supply was put in: another serial number or part number, or a level that rose.

    ``by`` says which; where it is ``level`` a refill or a shaken cartridge may look the same, and ``sure`` is false.
    ``between`` are the last time that the old one was seen and the first of the new one. ``old_percent`` and
    ``percent`` are the levels.
    """

    kind: Literal["supply-installed"] = "supply-installed"
    index: str
    description: FreeText | None = None
    colorants: tuple[str, ...] = ()
    old_serial_number: Serial | None = None
    serial_number: Serial | None = None
    old_percent: int | None = None
    percent: int | None = None
    by: Literal["serial-number", "part-number", "level"]
    sure: bool
    between: tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyLow:
    """A supply runs out soon: the device says so, or its level fell below the mark."""

    kind: Literal["supply-low"] = "supply-low"
    index: str
    description: FreeText | None = None
    colorants: tuple[str, ...] = ()
    serial_number: Serial | None = None
    percent: int | None = None
    by: Literal["device", "level"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyEmpty:
    """A supply is used up, or a receptacle is full: the device says so, or its level does."""

    kind: Literal["supply-empty"] = "supply-empty"
    index: str
    description: FreeText | None = None
    colorants: tuple[str, ...] = ()
    serial_number: Serial | None = None
    percent: int | None = None
    by: Literal["device", "level"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRaised:
    """An alert is there that was not there before."""

    kind: Literal["alert-raised"] = "alert-raised"
    key: str
    severity: Severity | None = None
    training: Training | None = None
    group: str | None = None
    code: int | None = None
    code_name: str | None = None
    description: FreeText | None = None
    raised_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCleared:
    """An alert is gone; ``lasted`` is from when it was raised, or first seen, to when it was seen to be gone."""

    kind: Literal["alert-cleared"] = "alert-cleared"
    key: str
    severity: Severity | None = None
    training: Training | None = None
    group: str | None = None
    code: int | None = None
    code_name: str | None = None
    description: FreeText | None = None
    raised_at: datetime
    lasted: timedelta


Facts: TypeAlias = (
    DeviceFound
    | DeviceMoved
    | DeviceSilent
    | DeviceBack
    | DevicesMerged
    | SegmentFound
    | MeterReset
    | MeterUnitChanged
    | MeterSuspicious
    | MeterFrozen
    | MetersDisagree
    | SupplyInstalled
    | SupplyLow
    | SupplyEmpty
    | AlertRaised
    | AlertCleared
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something happened to a device (or to the agent, where ``device`` is absent) at an aware UTC time."""

    device: str | None = None
    at: datetime
    facts: Facts

    @property
    def kind(self) -> str:
        """The kind of the facts, such as ``device-moved``."""
        return self.facts.kind
