"""The SNMP engine: GET, walks and sweeps through the fence, the packet budget and the credentials."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from itertools import islice
from ipaddress import ip_address
from typing import Self
from urllib.parse import urlsplit

from pagemeter.clock import Clock
from pagemeter.component import Responder
from pagemeter.errors import AccessDenied, ConfigError, DeviceError, Unreachable
from pagemeter.model import Hints, Target
from pagemeter.model.target import host_uri
from pagemeter.net.budget import Budget
from pagemeter.net.credentials import Credentials, IPAddress, SnmpCredential, SnmpVersion
from pagemeter.net.fence import Fence, FencedNetwork
from pagemeter.net.ranges import AddressRange, Resolver, parse_range, resolve
from pagemeter.snmp.denied import denied_by, deny_list
from pagemeter.snmp.exchange import Exchange
from pagemeter.snmp.message import Message, PduType
from pagemeter.snmp.reading import answered, read_subtrees, read_values
from pagemeter.snmp.session import CommunitySession, ErrorStatus, Habits, Place, Session
from pagemeter.snmp.sweep import Candidate, Echo, Sweep
from pagemeter.snmp.types import Oid, Walk
from pagemeter.snmp.v3 import V3Session, V3User

SYS_OBJECT_ID: Oid = (1, 3, 6, 1, 2, 1, 1, 2, 0)

_SCHEMES = frozenset({"host", "snmp"})
_ADDRESSES_AT_ONCE = 65_536
_CLOSER_LOOKS_AT_ONCE = 40


class SnmpEngine:
    """Speaks SNMP to devices, one question at a time each; remembers what works with which address.

    ``denied`` are the prefixes of identifiers that are never asked for (see ``deny_list``).
    """

    def __init__(
        self,
        *,
        fence: Fence,
        budget: Budget,
        credentials: Credentials,
        clock: Clock,
        timeout: float = 2.0,
        retries: int = 1,
        resolver: Resolver = resolve,
        denied: frozenset[Oid] = deny_list(),
    ) -> None:
        self._fence = fence
        self._budget = budget
        self._credentials = credentials
        self._clock = clock
        self._timeout = timeout
        self._tries = retries + 1
        self._resolver = resolver
        self._denied = denied
        self._exchange = Exchange()
        self._habits: dict[tuple[IPAddress, int | None], Habits] = {}
        self._budgets: dict[FencedNetwork, Budget] = {}
        self._users: dict[SnmpCredential, V3User] = {}

    async def __aenter__(self) -> Self:
        """Open the engine; sockets follow with the first question."""
        await self._exchange.__aenter__()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Close all sockets."""
        for user in self._users.values():
            user.close()
        self._users.clear()
        await self._exchange.__aexit__(*exc_info)

    async def get(self, target: Target, oids: Sequence[Oid]) -> Walk:
        """Ask for single values in one packet where the device takes it; absent ones are not in the walk.

        Raises Unreachable, AccessDenied or Unreadable.
        """
        async with self._session(target) as session:
            return await read_values(session, oids, self._denied)

    async def walk(self, target: Target, roots: Sequence[Oid]) -> Walk:
        """Read whole subtrees; a subtree that was cut short is named in ``missing``, its rows are kept.

        Raises Unreachable, AccessDenied or Unreadable where nothing could be read.
        """
        async with self._session(target) as session:
            return await read_subtrees(session, roots, clock=self._clock, denied=self._denied)

    async def sweep(
        self,
        ranges: Sequence[str],
        oids: Sequence[Oid],
        *,
        found_by: str,
        progress: Callable[[int, int], None] | None = None,
    ) -> AsyncIterator[Responder]:
        """Ask each address of the ranges that is inside the fence for the values; yield those that answer.

        A device that answers without telling the values is yielded with an empty walk. ``progress`` is told how
        many addresses are done and how many there are. Raises ConfigError for what is no range, AccessDenied for
        one that is outside the fence as a whole.
        """
        wanted = tuple(oid for oid in oids if denied_by(oid, self._denied) is None)
        parsed = [self._checked(text) for text in ranges]
        total = sum(one.count or 1 for one in parsed)
        async with aclosing(self._blocks(parsed)) as blocks:
            async for passed, block in blocks:
                sweep = Sweep(self._exchange, wanted, clock=self._clock, timeout=self._timeout, tries=self._tries)
                if progress is not None:
                    sweep.advanced = partial(_proportion, progress, passed, total)
                async with aclosing(self._responders(sweep, block, wanted, found_by)) as responders:
                    async for responder in responders:
                        yield responder
        if progress is not None:
            progress(total, total)

    @asynccontextmanager
    async def _session(self, target: Target) -> AsyncIterator[Session]:
        address, port = await self._address_of(target)
        habits = self._habits.setdefault((address, port), Habits())
        async with habits.lock:
            session = await self._greet(target, address, port, habits)
            try:
                yield session
            except (Unreachable, AccessDenied):
                # The next visit tries all credentials again: perhaps the community was changed.
                habits.credential = None
                raise

    async def _address_of(self, target: Target) -> tuple[IPAddress, int | None]:
        host = target.host
        if not host:
            raise Unreachable(f"{target.uri} has no network address to ask by SNMP")
        try:
            addresses: tuple[IPAddress, ...] = (ip_address(host),)
        except ValueError:
            addresses = await self._resolver(host)
        if not addresses:
            raise Unreachable(f"{target.uri}: the name {host} has no address; is the DNS right?")
        port = target.port if urlsplit(target.uri).scheme in _SCHEMES else None
        inside = [address for address in addresses if self._fence.allows(address)]
        return (inside or addresses)[0], port

    async def _greet(self, target: Target, address: IPAddress, port: int | None, habits: Habits) -> Session:
        """Find the credential that the device takes: the remembered one, else the first that is answered."""
        fenced = self._fence.check(address, port)
        if habits.credential is not None:
            return self._speak(target, self._place(target, address, port, habits.credential, fenced), habits)
        credentials = self._credentials_for(target, address)
        refusals: list[DeviceError] = []
        for credential in credentials:
            place = self._place(target, address, port, credential, fenced)
            try:
                session = self._speak(target, place, habits)
                reply = await session.ask(PduType.GET, (SYS_OBJECT_ID,))
            except DeviceError as error:
                refusals.append(error)
                continue
        raise AssertionError
