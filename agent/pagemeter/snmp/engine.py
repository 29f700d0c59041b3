"""The SNMP engine: values, walks and sweeps; GET, GETNEXT and GETBULK only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing
from ipaddress import IPv4Network
from types import MappingProxyType
from typing import Any, Self, overload

from pagemeter.clock import Clock
from pagemeter.component import Memory, Responder
from pagemeter.errors import AccessDenied, PagemeterError, Unreadable
from pagemeter.model import Hints, Target
from pagemeter.model.target import host_uri
from pagemeter.net.budget import Budget
from pagemeter.net.credentials import Credentials
from pagemeter.net.fence import Fence
from pagemeter.net.ranges import Resolver, resolve
from pagemeter.net.routes import Route, own_routes
from pagemeter.snmp.again import Known, read_again
from pagemeter.snmp.allowance import OUT_OF_TIME, of_the_visit
from pagemeter.snmp.broadcast import Broadcast
from pagemeter.snmp.caps import MOST_SECONDS
from pagemeter.snmp.columns import read_columns
from pagemeter.snmp.denied import denied_by, deny_list
from pagemeter.snmp.exchange import Exchange
from pagemeter.snmp.reading import answered, read_values
from pagemeter.snmp.session import Line, Session
from pagemeter.snmp.sizes import Sizes
from pagemeter.snmp.subtrees import read_subtrees
from pagemeter.snmp.sweeping import MOST_TRIES, Sweeping
from pagemeter.snmp.switchboard import Switchboard
from pagemeter.snmp.tickets import Counts
from pagemeter.snmp.types import Oid, Walk, dotted
from pagemeter.snmp.ways import Way, directed_way, limited_ways, parse_segment

_DENIED = deny_list()


def _nothing(_: str) -> Mapping[str, object]:
    return {}


def _nobody() -> Mapping[str, Mapping[str, object]]:
    return {}


class SnmpEngine:
    """Speaks SNMP to devices, one conversation at a time with each; remembers what works with which address.

    ``denied`` are the prefixes of identifiers that are never asked for: ``deny_list(jobs=True)`` allows job tables.
    """

    def __init__(  # noqa: PLR0913 - each is one thing that a test replaces
        self,
        *,
        fence: Fence,
        budget: Budget,
        credentials: Credentials,
        clock: Clock,
        timeout: float = 2.0,
        retries: int = 2,
        resolver: Resolver = resolve,
        denied: frozenset[Oid] = _DENIED,
        routes: Callable[[], Sequence[Route]] = own_routes,
        recall: Callable[[str], Mapping[str, object]] = _nothing,
        remembered: Callable[[], Mapping[str, Mapping[str, object]]] = _nobody,
    ) -> None:
        self._fence = fence
        self._clock = clock
        self._resolver = resolver
        self._denied = denied
        self._routes = routes
        self._exchange = Exchange()
        self._sizes = Sizes()
        self._switchboard = Switchboard(
            line=Line(exchange=self._exchange, timeout=timeout, tries=retries + 1),
            fence=fence,
            budget=budget,
            credentials=credentials,
            clock=clock,
            resolver=resolver,
            recall=recall,
            remembered=remembered,
        )
        self._sweeping = Sweeping(
            exchange=self._exchange,
            switchboard=self._switchboard,
            fence=fence,
            budget=budget,
            credentials=credentials,
            clock=clock,
            resolver=resolver,
            routes=routes,
            denied=denied,
            timeout=timeout,
            tries=min(retries + 1, MOST_TRIES),
            get=self.get,
        )

    def learned(self) -> dict[str, Memory]:
        """Return what is worth to be kept of the devices of which something new was learned since the last call.

        Keys are addresses, with the port where the target names one; ``recall`` is given such a key at the first
        contact, and returns what was kept; ``remembered`` returns all of it, for a sweep under several credentials.
        """
        return self._switchboard.learned()

    def confirm(self, place: str) -> None:
        """Take the SNMPv3 engine that waits at a place, written as ``learned`` does, for the one that belongs there.

        Raises PagemeterError where none waits.
        """
        self._switchboard.confirm(place)

    @property
    def counts(self) -> Counts:
        """How many answers came, and what was dropped."""
        return self._exchange.counts

    @property
    def outstanding(self) -> int:
        """How many devices owe an answer."""
        return self._exchange.outstanding

    @property
    def fence(self) -> Fence:
        """Whom it may ask."""
        return self._fence

    async def __aenter__(self) -> Self:
        """Open the engine; its sockets follow with the first question."""
        await self._switchboard.__aenter__()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Close all sockets."""
        await self._switchboard.__aexit__(*exc_info)

    async def get(self, target: Target, oids: Sequence[Oid], *, within: float = MOST_SECONDS) -> Walk:
        """Ask for single values in one packet where the device takes it; absent ones are not in the walk.

        Raises Unreachable, AccessDenied or Unreadable.
        """
        until = self._until(target, within)
        async with self._switchboard.session(target) as session:
            return self._switchboard.describe(session.habits, await self._values(session, oids, until, target.uri))

    def _values(self, session: Session, oids: Sequence[Oid], until: float, uri: str) -> Coroutine[Any, Any, Walk]:
        left = until - self._clock.monotonic()
        return read_values(session, oids, self._denied, clock=self._clock, within=left, uri=uri)

    async def again(
        self,
        target: Target,
        rows: Mapping[Oid, int],
        *,
        proof: Sequence[Oid],
        ends: Mapping[Oid, Oid] = MappingProxyType({}),
        columns: Mapping[Oid, int] = MappingProxyType({}),
        within: float = MOST_SECONDS,
    ) -> Walk:
        """Read once more what an earlier visit found, in as few packets as the device takes, each with the proof.

        Raises Unreachable, AccessDenied or Unreadable.
        """
        known = Known(rows=rows, proof=tuple(proof), ends=ends, columns=columns)
        until = self._until(target, within)
        async with self._switchboard.session(target) as session:
            walk = await read_again(
                session,
                known,
                clock=self._clock,
                denied=self._denied,
                within=until - self._clock.monotonic(),
                uri=target.uri,
            )
            return self._switchboard.describe(session.habits, walk)

    def _until(self, target: Target, within: float) -> float:
        """Say when a call ends; waiting for a device, and finding its credential, is part of it. Raises Unreadable."""
        now, visit = self._clock.monotonic(), of_the_visit()
        if visit is None:
            return now + within
        if visit.until(now) <= now:
            raise Unreadable(f"{target.uri} is {OUT_OF_TIME}")
        return min(now + within, visit.until(now))

    async def walk(self, target: Target, roots: Sequence[Oid], *, within: float = MOST_SECONDS) -> Walk:
        """Read subtrees, for ``within`` seconds at most; what was cut short keeps its rows and is in ``missing``.

        Raises Unreachable, AccessDenied or Unreadable where nothing could be read.
        """
        until = self._until(target, within)
        async with self._switchboard.session(target) as session:
            walk = await read_subtrees(
                session,
                roots,
                clock=self._clock,
                denied=self._denied,
                within=until - self._clock.monotonic(),
                uri=target.uri,
            )
            return self._switchboard.describe(session.habits, walk)

    async def broadcast(
        self, network: str | None, oid: Oid, *, found_by: str, seconds: float = 5.0
    ) -> AsyncGenerator[Responder, None]:
        """Ask a local segment at once for a value, or with none all that 255.255.255.255 reaches; yield who answers.

        Each address is yielded once, with an empty walk where it does not tell the value. Raises ConfigError for what
        is no network, AccessDenied or QuietHours for what may not be asked as a whole, Unreachable where nothing could
        be sent.
        """
        if denied_by(oid, self._denied) is not None:
            raise AccessDenied(f"{dotted(oid)} is never asked for")
        segment = None if network is None else parse_segment(network)
        ways = await self._ways(segment)
        broadcast = Broadcast(ways, oid, allows=self._fence.allows)
        async with aclosing(broadcast.run(seconds)) as heard:
            async for one in heard:
                hints = Hints(credential=self._switchboard.learn(one.address, one.credential))
                target = Target(uri=host_uri(str(one.address)), found_by=found_by, hints=hints)
                yield Responder(target=target, walk=Walk(answered((oid,), one.answer.rows) if one.is_fine else ()))

    async def _ways(self, segment: IPv4Network | None) -> list[Way]:
        try:
            routes = await asyncio.to_thread(self._routes)
        except PagemeterError as error:
            raise AccessDenied(f"nothing is broadcast, for {error}") from error
        if segment is None:
            return limited_ways(routes, self._switchboard.admit)
        return [directed_way(segment, routes, self._switchboard.admit)]

    @overload
    def sweep(
        self,
        ranges: Sequence[str],
        oids: Sequence[Oid],
        *,
        found_by: str,
        progress: Callable[[int, int], None] | None = None,
        memory: None = None,
    ) -> AsyncGenerator[Responder, None]: ...

    @overload
    def sweep(
        self,
        ranges: Sequence[str],
        oids: Sequence[Oid],
        *,
        found_by: str,
        progress: Callable[[int, int], None] | None = None,
        memory: Memory,
    ) -> AsyncGenerator[Responder | Memory, None]: ...

    def sweep(
        self,
        ranges: Sequence[str],
        oids: Sequence[Oid],
        *,
        found_by: str,
        progress: Callable[[int, int], None] | None = None,
        memory: Memory | None = None,
    ) -> AsyncGenerator[Any, None]:
        """Ask each address of the ranges that is inside the fence for the values; yield those that answer.

        A device that answers without telling the values is yielded with an empty walk. ``progress`` is told how
        many addresses are done and how many there are. With a ``memory``, empty at first, it yields now and then what
        to remember, from which a sweep of the same ranges goes on. Raises ConfigError for what is no range,
        AccessDenied for one that is outside the fence as a whole.
        """
        return self._sweeping.run(ranges, oids, found_by=found_by, progress=progress, memory=memory)

    async def columns(
        self,
        target: Target,
        columns: Mapping[Oid, int],
        *,
        instances: Sequence[Oid] = (),
        within: float = MOST_SECONDS,
    ) -> Walk:
        """Read columns, and single values beside them, in as few packets as the device takes.

        ``columns`` maps each to the rows that are expected; one that has more is read to its end all the same. What is
        absent is not in the walk; what was cut short is in ``missing``. Raises Unreachable, AccessDenied or Unreadable
        where nothing could be read.
        """
        until = self._until(target, within)
        async with self._switchboard.session(target) as session:
            walk = await read_columns(
                session,
                columns,
                instances,
                clock=self._clock,
                denied=self._denied,
                within=until - self._clock.monotonic(),
                uri=target.uri,
                sizes=self._sizes,
            )
            return self._switchboard.describe(session.habits, walk)
