"""Counters that are told in another unit than before: other meters, and nothing is converted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pagemeter.continuity.memory import MeterMemory, source_of
from pagemeter.model import MeterRead, MeterUnit

_UNITS = "|".join(re.escape(unit.value) for unit in MeterUnit)
_KEY = re.compile(rf"(.*)\.({_UNITS})((?:@\d+)?(?:\+[a-z-]+)?(?:#.*)?)", re.DOTALL)


def unit_of(key: str) -> MeterUnit:
    """Return the unit that a meter's key names."""
    found = _KEY.fullmatch(key)
    return MeterUnit(found[2]) if found else MeterUnit.OTHER


def unit_changes(known: Mapping[str, MeterMemory], reads: Mapping[str, MeterRead]) -> dict[str, MeterMemory]:
    """Return, by the new key, the counters that the same source tells in another unit now; ``reads`` are by key."""
    gone: dict[tuple[str, str | None], list[MeterMemory]] = {}
    for memory in _open(known.values()):
        if memory.key not in reads:
            gone.setdefault((_but_the_unit(memory.key), memory.source), []).append(memory)
    changed: dict[str, MeterMemory] = {}
    for key, read in reads.items() if gone else ():
        if (old := known.get(key)) is not None and old.ended_by is None:
            continue
        candidates = gone.get((_but_the_unit(key), source_of(read.origin)), [])
        if len(candidates) == 1:
            changed[key] = candidates.pop()
    return changed


def _open(memories: Iterable[MeterMemory]) -> Iterable[MeterMemory]:
    return (memory for memory in memories if memory.ended_by is None)


def _but_the_unit(key: str) -> str:
    found = _KEY.fullmatch(key)
    return f"{found[1]}.*{found[3]}" if found else key
