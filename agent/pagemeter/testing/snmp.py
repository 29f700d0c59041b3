"""SNMP answered from memory: for tests of readers and discoveries that need no socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from ipaddress import ip_address, ip_network
from types import MappingProxyType
from typing import overload

from pagemeter.component import Memory, Responder
from pagemeter.errors import Unreachable
from pagemeter.model import Target, host_uri
from pagemeter.snmp.types import EXCEPTIONS, Oid, VarBind, Walk


class RecordedSnmp:
    """An ``Snmp`` whose devices are walks by host; another host raises Unreachable.

    ``asked`` keeps each call as (``get``, ``walk``, ``columns``, ``sweep`` or ``broadcast``, host, identifiers),
    ``swept`` the ranges, ``called`` the networks of broadcasts, none for 255.255.255.255.
    """

    def __init__(self, walks: Mapping[str, Walk]) -> None:
        self._walks = dict(walks)
        self.asked: list[tuple[str, str, tuple[Oid, ...]]] = []
        self.swept: list[tuple[str, ...]] = []
        self.called: list[str | None] = []

    async def get(self, target: Target, oids: Sequence[Oid], *, within: float = 60.0) -> Walk:  # noqa: ARG002 - a recording answers at once
        """Return the rows that are there."""
        return _rows_of(self._device("get", target, oids), oids)

    async def again(
        self,
        target: Target,
        rows: Mapping[Oid, int],
        *,
        proof: Sequence[Oid],
        ends: Mapping[Oid, Oid] = MappingProxyType({}),
        columns: Mapping[Oid, int] = MappingProxyType({}),
        within: float = 60.0,
    ) -> Walk:
        """Return the rows that are there, with the proof in one packet; all are missing where it is not answered."""
        found = await self.get(target, (*proof, *(one for one in rows if one not in proof)))
        if not all(one in found for one in proof):
            return Walk((), {**found.missing, **dict.fromkeys(rows, "came without the proof of whose it is")})
        if ends or columns:
            whole = await self.columns(target, {**columns, **dict.fromkeys(ends, 1)}, within=within)
            new = (row for row in whole if row.oid not in rows)
            found = found.joined(Walk(new, whole.missing))
        return found

    async def walk(self, target: Target, roots: Sequence[Oid], *, within: float = 60.0) -> Walk:  # noqa: ARG002 - a recording answers at once
        """Return the subtrees, with the recording's own word on what is missing."""
        whole = self._device("walk", target, roots)
        return Walk((row for row in whole if _below(row, roots)), whole.missing)

    async def columns(
        self,
        target: Target,
        columns: Mapping[Oid, int],
        *,
        instances: Sequence[Oid] = (),
        within: float = 60.0,  # noqa: ARG002 - a recording answers at once
    ) -> Walk:
        """Return the columns, with the recording's own word on what is missing, and the single values."""
        whole = self._device("columns", target, (*columns, *instances))
        rows = (row for row in whole if row.oid in instances or _below(row, tuple(columns)))
        return Walk((row for row in rows if row.tag not in EXCEPTIONS), whole.missing)

    async def broadcast(
        self,
        network: str | None,
        oid: Oid,
        *,
        found_by: str,
        seconds: float = 5.0,  # noqa: ARG002 - a recording answers at once
    ) -> AsyncIterator[Responder]:
        """Yield the devices in the network, or all, with an empty walk where they lack the value."""
        self.called.append(network)
        for host, walk in self._walks.items():
            if network is None or ip_address(host) in ip_network(network):
                self.asked.append(("broadcast", host, (oid,)))
                yield Responder(target=Target(uri=host_uri(host), found_by=found_by), walk=_rows_of(walk, (oid,)))

    @overload
    def sweep(
        self,
        ranges: Sequence[str],
        oids: Sequence[Oid],
        *,
        found_by: str,
        progress: Callable[[int, int], None] | None = None,
        memory: None = None,
    ) -> AsyncIterator[Responder]: ...

    @overload
    def sweep(
        self,
        ranges: Sequence[str],
        oids: Sequence[Oid],
        *,
        found_by: str,
        progress: Callable[[int, int], None] | None = None,
        memory: Memory,
    ) -> AsyncIterator[Responder | Memory]: ...

    async def sweep(
        self,
        ranges: Sequence[str],
        oids: Sequence[Oid],
        *,
        found_by: str,
        progress: Callable[[int, int], None] | None = None,
        memory: Memory | None = None,  # noqa: ARG002 - a recording is gone through at once
    ) -> AsyncIterator[Responder | Memory]:
        """Yield the devices that have one of the values; ``ranges`` is kept and not looked at."""
        self.swept.append(tuple(ranges))
        for host, walk in self._walks.items():
            self.asked.append(("sweep", host, tuple(oids)))
            if rows := _rows_of(walk, oids):
                yield Responder(target=Target(uri=host_uri(host), found_by=found_by), walk=rows)
        if progress is not None:
            progress(len(self._walks), len(self._walks))

    def _device(self, call: str, target: Target, oids: Iterable[Oid]) -> Walk:
        self.asked.append((call, target.host, tuple(oids)))
        if target.host not in self._walks:
            raise Unreachable(f"{target.uri} did not answer SNMP; no walk was recorded for {target.host}")
        return self._walks[target.host]


def _rows_of(walk: Walk, oids: Sequence[Oid]) -> Walk:
    found = (walk.get(oid) for oid in oids)
    return Walk(row for row in found if row is not None and row.tag not in EXCEPTIONS)


def _below(row: VarBind, roots: Sequence[Oid]) -> bool:
    return any(row.oid[: len(root)] == root for root in roots)
