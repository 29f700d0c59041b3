"""Sweeps over ranges: which addresses are asked, what for, and who answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from pagemeter.clock import Clock
from pagemeter.component import Memory, Responder
from pagemeter.errors import AccessDenied, ConfigError, PagemeterError
from pagemeter.net.budget import Budget
from pagemeter.net.credentials import Credentials, IPAddress, IPNetwork
from pagemeter.net.fence import Fence
from pagemeter.net.ranges import AddressRange, Resolver, parse_range
from pagemeter.net.routes import Route, attached
from pagemeter.snmp.datagrams import Datagrams, Hear
from pagemeter.snmp.denied import denied_by
from pagemeter.snmp.exchange import Exchange
from pagemeter.snmp.looks import Get
from pagemeter.snmp.neighbours import Neighbours
from pagemeter.snmp.order import Stretch
from pagemeter.snmp.stages import Means, Stages
from pagemeter.snmp.switchboard import Switchboard
from pagemeter.snmp.territory import Territory, merged
from pagemeter.snmp.types import Oid

MOST_TRIES = 2
"""A sweep asks a silent address once more, however often a device is asked that is known to be there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a sweep goes through: stretches of IPv4, and single addresses of IPv6; ``count`` is how many there are."""

    stretches: tuple[Stretch, ...]
    singles: tuple[IPAddress, ...]

    @property
    def count(self) -> int:
        """How many addresses there are, asked or not."""
        return sum(stretch.last - stretch.first + 1 for stretch in self.stretches) + len(self.singles)


class Sweeping:
    """Asks ranges of addresses; ``get`` is how one that answered by half is looked at again."""

    def __init__(  # noqa: PLR0913 - the parts of the engine that a sweep uses
        self,
        *,
        exchange: Exchange,
        switchboard: Switchboard,
        fence: Fence,
        budget: Budget,
        credentials: Credentials,
        clock: Clock,
        resolver: Resolver,
        routes: Callable[[], Sequence[Route]],
        denied: frozenset[Oid],
        timeout: float,
        tries: int,
        get: Get,
        datagrams: Callable[[Hear], Datagrams] = Datagrams,
    ) -> None:
        self._fence = fence
        self._budget = budget
        self._credentials = credentials
        self._resolver = resolver
        self._routes = routes
        self._denied = denied
        self._tries = tries
        self._means = Means(
            exchange=exchange,
            switchboard=switchboard,
            clock=clock,
            timeout=timeout,
            tries=tries,
            get=get,
            datagrams=datagrams,
            neighbours=Neighbours(clock),
        )

    async def run(
        self,
        ranges: Sequence[str],
        oids: Sequence[Oid],
        *,
        found_by: str,
        progress: Callable[[int, int], None] | None = None,
        memory: Memory | None = None,
    ) -> AsyncGenerator[Responder | Memory, None]:
        """Ask each address of the ranges that is inside the fence for the values; yield those that answer.

        A device that answers without telling the values is yielded with an empty walk. ``progress`` is told how
        many addresses are done and how many there are. With a ``memory`` it goes on from there if that is of the same
        addresses, and yields what to remember; it never asks more than a hundredth of the addresses beyond what it was
        asked for the next item after. Raises ConfigError for what is no range, AccessDenied for one that is outside
        the fence as a whole.
        """
        oids = tuple(oid for oid in oids if denied_by(oid, self._denied) is None)
        wanted = await self._wanted([self._checked(text) for text in ranges])
        territory = Territory(
            fence=self._fence,
            credentials=self._credentials,
            budget=self._budget,
            attached=await self._attached(wanted),
            tries=self._tries,
        )
        stages = Stages(self._means, territory, wanted.stretches, wanted.singles, oids, found_by)
        async with stages.opened(progress, memory) as items:
            async for item in items:
                yield item

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

    async def _wanted(self, ranges: Sequence[AddressRange]) -> Wanted:
        """Resolve host names; raises AccessDenied for one all of whose addresses are outside the fence."""
        stretches: list[Stretch] = []
        singles: list[IPAddress] = []
        for one in ranges:
            if isinstance(one.first, IPv4Address) and one.last is not None:
                stretches.append(Stretch(int(one.first), int(one.last)))
                continue
            found = [address async for address in one.expand(self._resolver)]
            if one.host is not None and found and not any(map(self._fence.allows, found)):
                raise AccessDenied(f"{one.text} is outside the networks of the configuration; add its network there")
            stretches += [Stretch(int(a), int(a)) for a in found if isinstance(a, IPv4Address)]
            singles += [address for address in found if not isinstance(address, IPv4Address)]
        return Wanted(stretches=tuple(merged(stretches)), singles=tuple(dict.fromkeys(singles)))

    async def _attached(self, wanted: Wanted) -> tuple[IPNetwork, ...] | None:
        """Return the networks that this host resolves itself; none where it does not know its routes."""
        ends = (IPv4Address(end) for stretch in wanted.stretches for end in stretch)
        if all(address.is_loopback for address in (*ends, *wanted.singles)):
            return ()
        try:
            routes = await asyncio.to_thread(self._routes)
        except PagemeterError:
            return None
        return tuple(route.network for route in attached(routes))
