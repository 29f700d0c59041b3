"""The SNMP engine: values, walks and sweeps; GET, GETNEXT and GETBULK only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from ipaddress import IPv4Network
from typing import Self

from pagemeter.clock import Clock
from pagemeter.component import Responder
from pagemeter.errors import AccessDenied, ConfigError, DeviceError, PagemeterError
from pagemeter.model import Hints, Target
from pagemeter.model.target import host_uri
from pagemeter.net.budget import Budget
from pagemeter.net.credentials import Credentials, IPAddress
from pagemeter.net.fence import Fence
from pagemeter.net.ranges import AddressRange, Resolver, parse_range, resolve
from pagemeter.net.routes import Route, own_routes
from pagemeter.snmp.broadcast import Broadcast
from pagemeter.snmp.denied import denied_by, deny_list
from pagemeter.snmp.exchange import Exchange
from pagemeter.snmp.message import Message
from pagemeter.snmp.reading import MOST_SECONDS, answered, read_subtrees, read_values
from pagemeter.snmp.sweep import Candidate, Echo, Sweep
from pagemeter.snmp.switchboard import Switchboard
from pagemeter.snmp.types import Oid, Walk, dotted
from pagemeter.snmp.ways import Way, directed_way, limited_ways, parse_segment

_ADDRESSES_AT_ONCE = 65_536
_CLOSER_LOOKS_AT_ONCE = 40
_DENIED = deny_list()


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
        retries: int = 1,
        resolver: Resolver = resolve,
        denied: frozenset[Oid] = _DENIED,
        routes: Callable[[], Sequence[Route]] = own_routes,
    ) -> None:
        self._fence = fence
        self._clock = clock
        self._timeout = timeout
        self._tries = retries + 1
        self._resolver = resolver
        self._denied = denied
        self._routes = routes
        self._exchange = Exchange()
        self._switchboard = Switchboard(
            exchange=self._exchange,
            fence=fence,
            budget=budget,
            credentials=credentials,
            clock=clock,
            resolver=resolver,
            timeout=timeout,
            tries=self._tries,
        )

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

    async def get(self, target: Target, oids: Sequence[Oid]) -> Walk:
        """Ask for single values in one packet where the device takes it; absent ones are not in the walk.

        Raises Unreachable, AccessDenied or Unreadable.
        """
        async with self._switchboard.session(target) as session:
            return await read_values(session, oids, self._denied)

    async def walk(self, target: Target, roots: Sequence[Oid], *, within: float = MOST_SECONDS) -> Walk:
        """Read subtrees, for ``within`` seconds at most; what was cut short keeps its rows and is in ``missing``.

        Raises Unreachable, AccessDenied or Unreadable where nothing could be read.
        """
        async with self._switchboard.session(target) as session:
            return await read_subtrees(session, roots, clock=self._clock, denied=self._denied, within=within)

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

    async def sweep(
        self,
        ranges: Sequence[str],
        oids: Sequence[Oid],
        *,
        found_by: str,
        progress: Callable[[int, int], None] | None = None,
    ) -> AsyncGenerator[Responder, None]:
        """Ask each address of the ranges that is inside the fence for the values; yield those that answer.

        A device that answers without telling the values is yielded with an empty walk. ``progress`` is told how
        many addresses are done and how many there are. Raises ConfigError for what is no range, AccessDenied for
        one that is outside the fence as a whole.
        """
        wanted = tuple(oid for oid in oids if denied_by(oid, self._denied) is None)
        parsed = [self._checked(text) for text in ranges]
        total, done = sum(one.count or 1 for one in parsed), 0
        async with aclosing(self._blocks(parsed)) as blocks:
            async for addresses in blocks:
                sweep = Sweep(self._exchange, wanted, clock=self._clock, timeout=self._timeout, tries=self._tries)
                if progress is not None:
                    sweep.advanced = _advance(progress, done, len(addresses), total)
                candidates = [one for address in addresses if (one := self._switchboard.candidate(address))]
                async with aclosing(self._responders(sweep, candidates, wanted, found_by)) as responders:
                    async for responder in responders:
                        yield responder
                done += len(addresses)
        if progress is not None:
            progress(total, total)

    def _checked(self, text: str) -> AddressRange:
        try:
            one = parse_range(text)
        except ValueError as error:
            raise ConfigError(str(error)) from error
        if one.first is not None and one.last is not None:
            if one.count == 1:
                self._fence.check(one.first)
            elif not self._fence.overlaps(one.first, one.last):
                raise AccessDenied(f"{text} is outside the networks of the configuration; add its network there")
        return one

    async def _blocks(self, ranges: Sequence[AddressRange]) -> AsyncGenerator[list[IPAddress], None]:
        """Go through the addresses, each once, as many at a time as fit into memory with ease."""
        seen: set[IPAddress] = set()
        block: list[IPAddress] = []
        for one in ranges:
            found = [address async for address in one.expand(self._resolver)] if one.host else one.addresses()
            if isinstance(found, list) and found and not any(map(self._fence.allows, found)):
                raise AccessDenied(f"{one.text} is outside the networks of the configuration; add its network there")
            for address in found:
                if address not in seen:
                    seen.add(address)
                    block.append(address)
                if len(block) == _ADDRESSES_AT_ONCE:
                    yield block
                    block = []
        if block:
            yield block

    async def _responders(
        self, sweep: Sweep, candidates: Sequence[Candidate], oids: tuple[Oid, ...], found_by: str
    ) -> AsyncGenerator[Responder, None]:
        """Turn echoes into responders; those with half an answer are asked again by ``get`` meanwhile."""
        looks: set[asyncio.Task[Responder]] = set()
        gate = asyncio.Semaphore(_CLOSER_LOOKS_AT_ONCE)
        try:
            async with aclosing(sweep.run(candidates)) as echoes:
                async for echo in echoes:
                    target = self._target(echo, found_by)
                    if echo.whole and isinstance(echo.answer, Message):
                        yield Responder(target=target, walk=Walk(answered(oids, echo.answer.rows)))
                    else:
                        looks.add(asyncio.create_task(self._look(target, oids, gate)))
                    for look in [one for one in looks if one.done()]:
                        looks.discard(look)
                        yield look.result()
            for next_look in asyncio.as_completed(looks):
                yield await next_look
        finally:
            for look in looks:
                look.cancel()
            await asyncio.gather(*looks, return_exceptions=True)

    def _target(self, echo: Echo, found_by: str) -> Target:
        """Name who answered, and remember under which credential; for v3 that is not yet known."""
        if isinstance(echo.answer, Message):
            self._switchboard.habits(echo.candidate.address).credential = echo.credential
        hints = Hints(credential=echo.credential.name)
        return Target(uri=host_uri(str(echo.candidate.address)), found_by=found_by, hints=hints)

    async def _look(self, target: Target, oids: Sequence[Oid], gate: asyncio.Semaphore) -> Responder:
        try:
            async with gate:
                return Responder(target=target, walk=await self.get(target, oids))
        except DeviceError:
            return Responder(target=replace(target, hints=Hints()), walk=Walk(()))


def _advance(progress: Callable[[int, int], None], before: int, here: int, total: int) -> Callable[[float], None]:
    def advance(share: float) -> None:
        progress(before + int(share * here), total)

    return advance
