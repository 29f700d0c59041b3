"""What is remembered of one device from visit to visit, packed small: a fleet's histories are held in memory."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

from pagemeter import wire
from pagemeter.continuity.alerts import AlertMemory
from pagemeter.continuity.memory import MetersMemory
from pagemeter.continuity.supply_memory import SupplyMemory
from pagemeter.continuity.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The open series of a device's meters, what is in it and what is wrong with it, and what it printed a day."""

    meters: MetersMemory = field(default_factory=MetersMemory)
    supplies: tuple[SupplyMemory, ...] = ()
    alerts: tuple[AlertMemory, ...] = ()
    usage: Usage = field(default_factory=Usage)


def packed(history: History) -> bytes:
    """Pack a history for memory and store."""
    return zlib.compress(wire.to_json(history), level=1)


def unpacked(data: bytes) -> History:
    """Unpack what ``packed`` made; raises WireError, zlib.error for what it did not make."""
    return wire.from_json(History, zlib.decompress(data))
