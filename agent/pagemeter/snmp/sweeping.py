"""Sweeps over ranges: which addresses are asked, what for, and who answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from pagemeter.clock import Clock
from pagemeter.component import Memory, Responder
from pagemeter.errors import AccessDenied, ConfigError, DeviceError
from pagemeter.model import Hints, Target
from pagemeter.model.target import host_uri
from pagemeter.net.credentials import IPAddress
from pagemeter.net.fence import Fence
from pagemeter.net.ranges import AddressRange, Resolver, parse_range
from pagemeter.snmp.candidate import Candidate
from pagemeter.snmp.codec import Message
from pagemeter.snmp.denied import denied_by
from pagemeter.snmp.exchange import Exchange
from pagemeter.snmp.reading import answered
from pagemeter.snmp.sweep import Echo, Sweep
from pagemeter.snmp.switchboard import Switchboard
from pagemeter.snmp.types import Oid, Walk

_ADDRESSES_AT_ONCE = 65_536
_CLOSER_LOOKS_AT_ONCE = 40


class Sweeping:
    """Asks ranges of addresses; ``get`` is how one that answered by half is looked at again."""

    def __init__(  # noqa: PLR0913 - the parts of the engine that a sweep uses
        self,
        *,
        exchange: Exchange,
        switchboard: Switchboard,
        fence: Fence,
        clock: Clock,
        resolver: Resolver,
        denied: frozenset[Oid],
        timeout: float,
        tries: int,
        get: Callable[[Target, Sequence[Oid]], Awaitable[Walk]],
    ) -> None:
        self._exchange = exchange
        self._switchboard = switchboard
        self._fence = fence
        self._clock = clock
        self._resolver = resolver
        self._denied = denied
        self._timeout = timeout
        self._tries = tries
        self._get = get

    async def run(
        self,
        ranges: Sequence[str],
        oids: Sequence[Oid],
        *,
        found_by: str,
        progress: Callable[[int, int], None] | None = None,
        memory: Memory | None = None,  # noqa: ARG002 - a sweep that goes on comes
    ) -> AsyncGenerator[Responder | Memory, None]:
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
                return Responder(target=target, walk=await self._get(target, oids))
        except DeviceError:
            return Responder(target=replace(target, hints=Hints()), walk=Walk(()))


def _advance(progress: Callable[[int, int], None], before: int, here: int, total: int) -> Callable[[float], None]:
    def advance(share: float) -> None:
        progress(before + int(share * here), total)

    return advance
