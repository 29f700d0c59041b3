"""The questions of one visit, that together may take so long: a slow device must not hold up the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pagemeter.clock import Clock
from pagemeter.component import Snmp
from pagemeter.model import Target
from pagemeter.snmp.types import Oid, Walk

VISIT_SECONDS = 60.0


class Patience:
    """An ``Snmp`` for one visit of one place; what there is no time for is missing."""

    def __init__(self, snmp: Snmp, target: Target, clock: Clock) -> None:
        self._snmp, self._target, self._clock = snmp, target, clock
        self._until = clock.monotonic() + VISIT_SECONDS

    async def walk(self, roots: Sequence[Oid]) -> Walk:
        """Walk with the time that is left."""
        left = self._left()
        return await self._snmp.walk(self._target, roots, within=left) if left > 0 else _unread(roots)

    async def columns(self, columns: Mapping[Oid, int], instances: Sequence[Oid] = ()) -> Walk:
        """Read columns, and single values beside them, with the time that is left."""
        if (left := self._left()) <= 0:
            return _unread((*columns, *instances))
        return await self._snmp.columns(self._target, columns, instances=instances, within=left)

    async def get(self, oids: Sequence[Oid]) -> Walk:
        """Ask for single values while there is time."""
        return await self._snmp.get(self._target, oids) if self._left() > 0 else _unread(oids)

    async def get_proven(self, oids: Sequence[Oid], proof: Sequence[Oid]) -> Walk:
        """Ask for single values, each packet with the proof of whose they are, whatever time is left."""
        return await self._snmp.get_proven(self._target, oids, proof)

    def _left(self) -> float:
        return self._until - self._clock.monotonic()


def _unread(oids: Sequence[Oid]) -> Walk:
    return Walk((), dict.fromkeys(oids, f"not read, the visit took {VISIT_SECONDS:.0f} s"))
