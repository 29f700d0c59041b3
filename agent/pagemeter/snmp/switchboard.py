"""Connects to a device: through the fence and the packet budget, under the credential that it takes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv4Network, ip_address
from typing import Self
from urllib.parse import urlsplit

from pagemeter.clock import Clock
from pagemeter.errors import AccessDenied, DeviceError, Unreachable
from pagemeter.model import Target
from pagemeter.net.budget import Budget
from pagemeter.net.credentials import Credentials, IPAddress, SnmpCredential, SnmpVersion
from pagemeter.net.fence import Fence
from pagemeter.net.ranges import Resolver
from pagemeter.snmp.candidate import Candidate
from pagemeter.snmp.codec import PduType
from pagemeter.snmp.exchange import Exchange
from pagemeter.snmp.session import CommunitySession, ErrorStatus, Habits, Place, Session, silent
from pagemeter.snmp.types import Oid
from pagemeter.snmp.v3 import V3Session, V3User

SYS_OBJECT_ID: Oid = (1, 3, 6, 1, 2, 1, 1, 2, 0)

MOST_HABITS = 50_000
"""More than an agent has devices; over the years addresses of IPv6 come and go."""

_SCHEMES_OF_SNMP = frozenset({"host", "snmp"})
_REFUSALS = frozenset({ErrorStatus.NO_ACCESS, ErrorStatus.AUTHORIZATION_ERROR})


class Switchboard:
    """Remembers for each address what works there; one conversation at a time with each."""

    def __init__(
        self,
        *,
        exchange: Exchange,
        fence: Fence,
        budget: Budget,
        credentials: Credentials,
        clock: Clock,
        resolver: Resolver,
        timeout: float,
        tries: int,
    ) -> None:
        self._exchange = exchange
        self._fence = fence
        self._budget = budget
        self._credentials = credentials
        self._clock = clock
        self._resolver = resolver
        self._timeout = timeout
        self._tries = tries
        self._habits: dict[tuple[IPAddress, int | None], Habits] = {}
        self._users: dict[SnmpCredential, V3User] = {}

    async def __aenter__(self) -> Self:
        """Open the exchange."""
        await self._exchange.__aenter__()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Close the exchange and what SNMPv3 opened."""
        for user in self._users.values():
            user.close()
        self._users.clear()
        await self._exchange.__aexit__(*exc_info)

    @asynccontextmanager
    async def session(self, target: Target) -> AsyncIterator[Session]:
        """Talk to a device; raises Unreachable, AccessDenied or Unreadable."""
        address = await self._address_of(target)
        port = target.port if urlsplit(target.uri).scheme in _SCHEMES_OF_SNMP else None
        fenced = self._fence.check(address, port)
        habits = self.habits(address, port)

        def place(credential: SnmpCredential) -> Place:
            chosen = port or credential.port
            self._fence.check(address, chosen)
            return Place(uri=target.uri, address=address, port=chosen, toll=self._budget.toll(fenced))

        async with habits.lock:
            try:
                if habits.credential is not None:
                    session = self._speak(place(habits.credential), habits.credential, habits)
                else:
                    session = await self._greet(target, address, place, habits)
                yield session
            except (Unreachable, AccessDenied):
                # The next visit tries all credentials again: perhaps the community was changed.
                habits.credential = None
                raise

    def habits(self, address: IPAddress, port: int | None = None) -> Habits:
        """Return what is known of an address; ``port`` as the target's URI names it."""
        key = (address, port)
        if key not in self._habits and len(self._habits) >= MOST_HABITS:
            self._forget()
        return self._habits.setdefault(key, Habits())

    def _forget(self) -> None:
        """Forget the half that was met first, less those that are talked to: they are learned again."""
        for key in list(self._habits)[: MOST_HABITS // 2]:
            if not self._habits[key].lock.locked():
                del self._habits[key]

    def candidate(self, address: IPAddress) -> Candidate | None:
        """Prepare an address for a sweep; none where the fence or missing credentials forbid to ask it."""
        credentials = self._credentials.snmp(address)
        if not credentials or not self._fence.allows(address):
            return None
        known = self.habits(address).credential if (address, None) in self._habits else None
        ordered = sorted(credentials, key=lambda credential: credential != known)
        fenced = self._fence.check(address)
        return Candidate(address=address, credentials=tuple(ordered), toll=self._budget.toll(fenced))

    def admit(self, segments: Sequence[IPv4Network], address: IPv4Address) -> Candidate:
        """Prepare a broadcast that reaches all of these segments; raises AccessDenied or QuietHours.

        It carries the communities that may be sent to each of them as a whole; a user of SNMPv3 talks to one engine
        at a time.
        """
        fenced = [self._fence.check_whole(segment) for segment in segments]
        allowed = [set(self._credentials.snmp_of_all(segment)) for segment in segments]
        credentials = tuple(
            one
            for one in self._credentials.snmp_of_all(segments[0])
            if one.version != SnmpVersion.V3 and all(one in others for others in allowed)
        )
        if not credentials:
            places = ", ".join(map(str, segments))
            raise AccessDenied(f"no community may be sent to all of {places}; add one (version 1 or 2c) for it")
        for credential in credentials:
            self._fence.check(segments[0].broadcast_address, credential.port)
        return Candidate(address=address, credentials=credentials, toll=self._budget.toll(fenced[0]))

    def learn(self, address: IPAddress, credential: SnmpCredential) -> str | None:
        """Remember to which community an address answered a broadcast; returns its name, none where it is not used.

        It is not used where it may not be sent to that very address, nor where a user of SNMPv3 stands before it: that
        one is tried first.
        """
        choice = (one for one in self._credentials.snmp(address) if one == credential or one.version == SnmpVersion.V3)
        if next(choice, None) != credential:
            return None
        habits = self.habits(address)
        habits.credential = habits.credential or credential
        return credential.name

    async def _address_of(self, target: Target) -> IPAddress:
        host = target.host
        if not host:
            raise Unreachable(f"{target.uri} has no network address to ask by SNMP")
        try:
            return ip_address(host)
        except ValueError:
            addresses = await self._resolver(host)
        if not addresses:
            raise Unreachable(f"{target.uri}: the name {host} has no address; is it right, is the DNS?")
        return next((address for address in addresses if self._fence.allows(address)), addresses[0])

    async def _greet(
        self, target: Target, address: IPAddress, place: Callable[[SnmpCredential], Place], habits: Habits
    ) -> Session:
        """Find the first credential under which the device answers anything at all."""
        credentials = self._credentials.snmp(address)
        if not credentials:
            raise AccessDenied(f"{target.uri}: no SNMP credential is for this address; add one for its network")
        failures: list[DeviceError] = []
        for credential in sorted(credentials, key=lambda one: one.name != target.hints.credential):
            try:
                session = self._speak(place(credential), credential, habits)
                reply = await session.ask(PduType.GET, (SYS_OBJECT_ID,))
            except DeviceError as error:
                failures.append(error)
                continue
            if reply.error_status in _REFUSALS:
                failures.append(AccessDenied(f"{target.uri} refuses the credential {credential.name!r}"))
                continue
            habits.credential = credential
            return session
        raise self._why(failures, place(credentials[0]))

    def _why(self, failures: list[DeviceError], place: Place) -> DeviceError:
        """Choose what to tell: a refusal says more than a silence."""
        told = [failure for failure in failures if not isinstance(failure, Unreachable)]
        if told or len(failures) == 1:
            return (told or failures)[0]
        return silent(place, self._tries * len(failures))

    def _speak(self, place: Place, credential: SnmpCredential, habits: Habits) -> Session:
        if credential.version != SnmpVersion.V3:
            return CommunitySession(self._exchange, place, credential, habits, timeout=self._timeout, tries=self._tries)
        if credential not in self._users:
            self._users[credential] = V3User(credential, timeout=self._timeout)
        user = self._users[credential]
        return V3Session(self._exchange, place, user, habits, timeout=self._timeout, tries=self._tries)
