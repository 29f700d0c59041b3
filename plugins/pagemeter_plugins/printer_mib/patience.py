"""The questions of one visit, that together may take so long: a slow device must not hold up the others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType

from pagemeter.clock import Clock
from pagemeter.component import Snmp
from pagemeter.errors import AccessDenied, Forbidden, Unreachable, Unreadable
from pagemeter.model import Target
from pagemeter.snmp.types import Oid, Walk

VISIT_SECONDS = 60.0

# The counters are read last, with the proof of whose they are: all other questions leave them so much.
_FOR_THE_PROOF = 10.0
_MOST_SILENCES = 2
_NO_ANSWER = "no answer"


class Patience:
    """An ``Snmp`` for one visit of one place; what there is no time for is missing.

    The first answer makes it a visit: from then on a question that fails costs what it asked for, and no more. The
    second silence ends it. Raises what the questions before met.
    """

    def __init__(self, snmp: Snmp, target: Target, clock: Clock) -> None:
        self._snmp, self._target, self._clock = snmp, target, clock
        self._until = clock.monotonic() + VISIT_SECONDS
        self._heard = False
        self._silences = 0

    @property
    def uri(self) -> str:
        """Where it is."""
        return self._target.uri

    async def walk(self, roots: Sequence[Oid]) -> Walk:
        """Walk with the time that is left."""
        return await self._ask(roots, lambda left: self._snmp.walk(self._target, roots, within=left))

    async def columns(self, columns: Mapping[Oid, int]) -> Walk:
        """Read columns with the time that is left."""
        return await self._ask(tuple(columns), lambda left: self._snmp.columns(self._target, columns, within=left))

    async def get(self, oids: Sequence[Oid]) -> Walk:
        """Ask for single values with the time that is left."""
        return await self._ask(oids, lambda left: self._snmp.get(self._target, oids, within=left))

    async def again(
        self,
        rows: Mapping[Oid, int],
        *,
        proof: Sequence[Oid],
        ends: Mapping[Oid, Oid] = MappingProxyType({}),
        columns: Mapping[Oid, int] = MappingProxyType({}),
    ) -> Walk:
        """Read once more what was found before, each packet with the proof of whose it is; time is kept for it."""

        def ask(left: float) -> Awaitable[Walk]:
            return self._snmp.again(self._target, rows, proof=proof, ends=ends, columns=columns, within=left)

        return await self._ask((*proof, *rows, *ends, *columns), ask, kept=0.0)

    async def _ask(
        self, names: Sequence[Oid], ask: Callable[[float], Awaitable[Walk]], *, kept: float = _FOR_THE_PROOF
    ) -> Walk:
        left = self._until - self._clock.monotonic() - kept
        if left <= 0:
            return Walk((), dict.fromkeys(names, f"not read, a visit takes {VISIT_SECONDS:.0f} s at most"))
        if self._silences >= _MOST_SILENCES:
            return Walk((), dict.fromkeys(names, _NO_ANSWER))
        try:
            walk = await ask(left)
        except (Unreachable, Unreadable, AccessDenied) as error:
            if not self._heard or isinstance(error, Forbidden):
                raise
            self._silences += isinstance(error, Unreachable)
            return Walk((), dict.fromkeys(names, _NO_ANSWER if isinstance(error, Unreachable) else str(error)))
        self._heard = self._heard or len(walk) > 0
        return walk
