"""Counters that are told in another unit than before: other meters, and nothing is converted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from pagemeter.continuity.memory import MeterMemory, source_of
from pagemeter.model import MeterRead, MeterUnit

_UNITS = "|".join(re.escape(unit.value) for unit in MeterUnit)
_KEY = re.compile(rf"(.*)\.({_UNITS})((?:@\d+)?(?:\+[a-z-]+)?(?:#.*)?)", re.DOTALL)


def unit_of(key: str) -> MeterUnit:
    """Return the unit that a meter's key names."""
    found = _KEY.fullmatch(key)
    return MeterUnit(found[2]) if found else MeterUnit.OTHER


def unit_changes(known: Mapping[str, MeterMemory], reads: Sequence[MeterRead]) -> dict[str, MeterMemory]:
    """Return, by the new key, the counters that the same source tells in another unit now."""
    told = {read.key for read in reads}
    gone: dict[tuple[str, str | None], list[MeterMemory]] = {}
    for memory in _open(known.values()):
        if memory.key not in told:
            gone.setdefault((_but_the_unit(memory.key), memory.source), []).append(memory)
    changed: dict[str, MeterMemory] = {}
    for read in reads:
        if (old := known.get(read.key)) is not None and old.ended_by is None:
            continue
        candidates = gone.get((_but_the_unit(read.key), source_of(read.origin)), [])
        if len(candidates) == 1:
            changed[read.key] = candidates.pop()
    return changed


def _open(memories: Iterable[MeterMemory]) -> Iterable[MeterMemory]:
    return (memory for memory in memories if memory.ended_by is None)


def _but_the_unit(key: str) -> str:
    found = _KEY.fullmatch(key)
    return f"{found[1]}.*{found[3]}" if found else key
