"""What happened to a device: facts are one dataclass a kind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from pagemeter.model.privacy import Address


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


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterReset:
    """A counter is lower than before; the raw values stay."""

    kind: Literal["meter-reset"] = "meter-reset"
    key: str
    old: int
    new: int


Facts: TypeAlias = DeviceFound | DeviceMoved | DeviceSilent | DeviceBack | DevicesMerged | SegmentFound | MeterReset


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
