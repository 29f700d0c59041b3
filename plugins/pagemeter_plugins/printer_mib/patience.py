"""The questions of one visit, that together may take so long: a slow device must not hold up the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

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

    async def columns(self, columns: Mapping[Oid, int]) -> Walk:
        """Read columns with the time that is left."""
        left = self._left()
        return await self._snmp.columns(self._target, columns, within=left) if left > 0 else _unread(tuple(columns))

    async def get(self, oids: Sequence[Oid]) -> Walk:
        """Ask for single values while there is time."""
        return await self._snmp.get(self._target, oids) if self._left() > 0 else _unread(oids)

    async def again(
        self,
        rows: Mapping[Oid, int],
        *,
        proof: Sequence[Oid],
        ends: Mapping[Oid, Oid] = MappingProxyType({}),
        columns: Mapping[Oid, int] = MappingProxyType({}),
    ) -> Walk:
        """Read once more what was found before, each packet with the proof of whose it is, whatever time is left."""
        return await self._snmp.again(self._target, rows, proof=proof, ends=ends, columns=columns)

    def _left(self) -> float:
        return self._until - self._clock.monotonic()


def _unread(oids: Sequence[Oid]) -> Walk:
    return Walk((), dict.fromkeys(oids, f"not read, the visit took {VISIT_SECONDS:.0f} s"))
