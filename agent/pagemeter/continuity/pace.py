"""How much a device can count in a time: a step beyond that is not believed at first sight."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pagemeter.model import MeterUnit

DAY = 86_400.0
"""How many seconds are taken where nobody can say how much time passed: the clock was set back."""

SATURATED = frozenset({2**31 - 1, 2**32 - 1, 2**63 - 1})
"""The largest Integer32, Counter32 and 63-bit number: a counter that jumps there says that it does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """``minute`` is more than a device counts in a minute, ``once`` what it may add at the end of one long job."""

    minute: float
    once: int


_PAGES = Pace(minute=200, once=1000)
_PACES: Mapping[MeterUnit, Pace] = {
    MeterUnit.IMPRESSIONS: _PAGES,
    MeterUnit.SHEETS: _PAGES,
    # A sheet of the largest size counts as four in some contracts.
    MeterUnit.EQUIVALENTS: Pace(minute=800, once=4000),
    # Lengths: 100 m a minute is five times what a fast label printer feeds, with 2 m of width and 600 dots an inch.
    MeterUnit.LABELS: Pace(minute=2000, once=10_000),
    MeterUnit.METRES: Pace(minute=100, once=500),
    MeterUnit.FEET: Pace(minute=330, once=1650),
    MeterUnit.MICROMETRES: Pace(minute=100e6, once=500_000_000),
    MeterUnit.TEN_THOUSANDTHS_OF_INCHES: Pace(minute=40e6, once=200_000_000),
    MeterUnit.SQUARE_CENTIMETRES: Pace(minute=2e6, once=10_000_000),
    MeterUnit.DOT_ROWS: Pace(minute=2.5e6, once=12_500_000),
    MeterUnit.LINES: Pace(minute=20_000, once=100_000),
    MeterUnit.CHARACTERS: Pace(minute=2e6, once=10_000_000),
    MeterUnit.HOURS: Pace(minute=1 / 60, once=2),
    # Most devices that tell no unit count pages; one that counts faster is learned to (see `MeterMemory.pace`).
    MeterUnit.OTHER: _PAGES,
}


def most(unit: MeterUnit, seconds: float | None, *, times: int = 1) -> int:
    """Return the largest step that is believed at once; ``times`` the usual pace where a device proved to be faster."""
    pace = _PACES[unit]
    return times * (math.ceil(pace.minute * (DAY if seconds is None else seconds) / 60) + pace.once)


def between_reads(unit: MeterUnit, seconds: float) -> int:
    """Return how far two reads of one counter may lie apart that were made within some seconds."""
    return math.ceil(_PACES[unit].minute * abs(seconds) / 60)
