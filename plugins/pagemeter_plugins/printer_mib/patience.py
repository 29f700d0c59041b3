"""The questions of one visit: a device that falls silent on the way must not hold up the others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType

from pagemeter.component import Snmp
from pagemeter.errors import AccessDenied, Forbidden, Unreachable, Unreadable
from pagemeter.model import Target
from pagemeter.snmp.types import Oid, Walk

_MOST_SILENCES = 2
_NO_ANSWER = "no answer"


class Patience:
    """An ``Snmp`` for one visit of one place.

    The first answer makes it a visit: from then on a question that fails costs what it asked for, and no more. The
    second silence ends it. Raises what the questions before met.
    """

    def __init__(self, snmp: Snmp, target: Target) -> None:
        self._snmp, self._target = snmp, target
        self._heard = False
        self._silences = 0

    @property
    def uri(self) -> str:
        """Where it is."""
        return self._target.uri

    async def walk(self, roots: Sequence[Oid]) -> Walk:
        """Walk subtrees."""
        return await self._ask(roots, lambda: self._snmp.walk(self._target, roots))

    async def columns(self, columns: Mapping[Oid, int]) -> Walk:
        """Read columns."""
        return await self._ask(tuple(columns), lambda: self._snmp.columns(self._target, columns))

    async def get(self, oids: Sequence[Oid]) -> Walk:
        """Ask for single values."""
        return await self._ask(oids, lambda: self._snmp.get(self._target, oids))

    async def again(
        self,
        rows: Mapping[Oid, int],
        *,
        proof: Sequence[Oid],
        ends: Mapping[Oid, Oid] = MappingProxyType({}),
        columns: Mapping[Oid, int] = MappingProxyType({}),
    ) -> Walk:
        """Read once more what was found before, each packet with the proof of whose it is."""

        def ask() -> Awaitable[Walk]:
            return self._snmp.again(self._target, rows, proof=proof, ends=ends, columns=columns)

        return await self._ask((*proof, *rows, *ends, *columns), ask)

    async def _ask(self, names: Sequence[Oid], ask: Callable[[], Awaitable[Walk]]) -> Walk:
        if self._silences >= _MOST_SILENCES:
            return Walk((), dict.fromkeys(names, _NO_ANSWER))
        try:
            walk = await ask()
        except (Unreachable, Unreadable, AccessDenied) as error:
            if not self._heard or isinstance(error, Forbidden):
                raise
            self._silences += isinstance(error, Unreachable)
            return Walk((), dict.fromkeys(names, _NO_ANSWER if isinstance(error, Unreachable) else str(error)))
        self._heard = self._heard or len(walk) > 0
        return walk
