"""SNMPv3 engines that took the place of known ones: listed, and asked again once an operator has confirmed them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import JsonValue

from pagemeter.component import Memory
from pagemeter.store import Keep, Store, StoreReader

if TYPE_CHECKING:
    from pagemeter.snmp.engine import SnmpEngine

LEARNED = "snmp"
"""Under this name the store remembers what was learned of devices by SNMP."""


class Engines:
    """What commands may do about engine ids while an agent has the store."""

    def __init__(self, engine: SnmpEngine, store: Store) -> None:
        self._engine = engine
        self._store = store

    def learned(self) -> dict[tuple[str, str], Memory]:
        """Return what was learned of devices since the last call, as the store keeps it."""
        return {(LEARNED, place): memory for place, memory in self._engine.learned().items()}

    async def waiting(self) -> JsonValue:
        """List the places whose engine waits to be confirmed."""
        await self._store.keep(Keep(memories=self.learned()), at_once=True)
        return {place: dict(ids) for place, ids in waiting(self._store).items()}

    async def confirm(self, place: str) -> JsonValue:
        """Take the engine that waits at a place for the one that belongs there; raises PagemeterError where none is."""
        self._engine.confirm(place)
        await self._store.keep(Keep(memories=self.learned()), at_once=True)
        return place


def waiting(store: StoreReader) -> Mapping[str, Mapping[str, str]]:
    """Return the places whose engine waits, sorted: the id that was known there, and the one that was met."""
    found: dict[str, Mapping[str, str]] = {}
    for place, memory in store.memories(LEARNED).items():
        known, met = memory.get("engine_id"), memory.get("engine_waiting")
        if isinstance(known, str) and isinstance(met, str):
            found[place] = {"known": known, "met": met}
    return dict(sorted(found.items(), key=lambda item: _by_number(item[0])))


def _by_number(place: str) -> list[tuple[bool, int, str]]:
    """Sort addresses as one counts: 10.0.0.9 stands before 10.0.0.10."""
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in re.split(r"(\d+)", place)]
