"""Connects to a device: through the fence and the packet budget, under the credential that it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, ip_address
from typing import Self, TypeAlias
from urllib.parse import urlsplit

from pagemeter.clock import Clock
from pagemeter.component import Memory
from pagemeter.errors import AccessDenied, DeviceError, PagemeterError, Unreachable, Unreadable
from pagemeter.model import Target
from pagemeter.net.budget import Budget
from pagemeter.net.credentials import Credentials, IPAddress, SnmpCredential, SnmpVersion
from pagemeter.net.fence import Fence
from pagemeter.net.ranges import Resolver
from pagemeter.snmp.candidate import Candidate
from pagemeter.snmp.codec import PduType
from pagemeter.snmp.exchange import Exchange
from pagemeter.snmp.habits import DAYS_OF_A_LIMIT, SYS_DESCR, Habits
from pagemeter.snmp.session import CommunitySession, ErrorStatus, Place, Session, silent
from pagemeter.snmp.types import Oid, Walk
from pagemeter.snmp.v3 import V3Session, V3Users

SYS_OBJECT_ID: Oid = (1, 3, 6, 1, 2, 1, 1, 2, 0)

MOST_HABITS = 50_000
"""More than an agent has devices; over the years addresses of IPv6 come and go."""

_SCHEMES_OF_SNMP = frozenset({"host", "snmp"})
_REFUSALS = frozenset({ErrorStatus.NO_ACCESS, ErrorStatus.AUTHORIZATION_ERROR})

_Key: TypeAlias = tuple[IPAddress, int | None]


class Switchboard:
    """Remembers for each address what works there; one conversation at a time unless its network says more."""

    def __init__(  # noqa: PLR0913 - what the engine is built from
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
        recall: Callable[[str], Mapping[str, object]],
        remembered: Callable[[], Mapping[str, Mapping[str, object]]],
    ) -> None:
        self._exchange = exchange
        self._fence = fence
        self._budget = budget
        self._credentials = credentials
        self._clock = clock
        self._resolver = resolver
        self._timeout = timeout
        self._tries = tries
        self._recall = recall
        self._all_remembered = remembered
        self._habits: dict[_Key, Habits] = {}
        self._changed: dict[_Key, Habits] = {}
        self._users = V3Users(clock)

    async def __aenter__(self) -> Self:
        """Open the exchange."""
        await self._exchange.__aenter__()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Close the exchange and what SNMPv3 opened."""
        await self._exchange.__aexit__(*exc_info)

    def session(self, target: Target) -> _Talk:
        """Talk to a device while the block runs; entering raises Unreachable, AccessDenied or Unreadable."""
        return _Talk(self, target)

    async def connect(self, target: Target) -> tuple[_Key, Habits]:
        """Find where a target is, and wait until nobody else talks to it; ``release`` it in the end."""
        address = await self._address_of(target)
        key = (address, target.port if urlsplit(target.uri).scheme in _SCHEMES_OF_SNMP else None)
        self._fence.check(*key)
        habits = self.habits(*key)
        await habits.lock.acquire()
        return key, habits

    async def greet(self, target: Target, key: _Key, habits: Habits) -> Session:
        """Speak to a device under the credential that it takes; a doubted one is found out anew."""
        address, port = key
        fenced = self._fence.check(address, port)
        toll = self._budget.toll(fenced)
        elsewhere = fenced.network if address in fenced.answers_from else None

        def place(credential: SnmpCredential) -> Place:
            chosen = port or credential.port
            self._fence.check(address, chosen)
            return Place(uri=target.uri, address=address, port=chosen, toll=toll, elsewhere=elsewhere)

        if habits.since and self._today() >= habits.since + DAYS_OF_A_LIMIT:
            habits.try_again()
            habits.since = 0
        # A credential that worked is not for this address any more where its segment was dropped.
        if not habits.doubted and habits.credential in self._credentials.snmp(address):
            return self._speak(place(habits.credential), habits.credential, habits)
        return await self._find_out(target, address, place, habits)

    def release(self, key: _Key, habits: Habits) -> None:
        """Let others talk to a device, and note what was learned of it."""
        habits.lock.release()
        if habits.settle(self._today()):
            self._changed[key] = habits

    def describe(self, habits: Habits, walk: Walk) -> Walk:
        """Note the sysDescr of a walk, if it has one; returns the walk."""
        if (sys_descr := walk.octets(SYS_DESCR)) is not None:
            habits.describe(sys_descr, self._today())
        return walk

    def learned(self) -> dict[str, Memory]:
        """Return what is worth to be kept of the devices of which something changed since it was asked last."""
        changed, self._changed = self._changed, {}
        return {_named(key): habits.as_memory() for key, habits in changed.items()}

    def confirm(self, place: str) -> None:
        """Pin the engine that waits at a place; raises PagemeterError where none does."""
        habits = self.habits(*(key := _key(place)))
        if habits.engine_waiting is None:
            raise PagemeterError(f"no other SNMPv3 engine waits at {place}; `pagemeter engines` lists where one does")
        habits.engine_id, habits.engine_waiting = habits.engine_waiting, None
        habits.settle(self._today())
        self._changed[key] = habits

    def habits(self, address: IPAddress, port: int | None = None) -> Habits:
        """Return what is known of an address; ``port`` as the target's URI names it."""
        key = (address, port)
        habits = self._habits.get(key)
        if habits is None:
            if len(self._habits) >= MOST_HABITS:
                self._forget()
            habits = self._habits[key] = self._remembered(key)
            network = self._fence.network_of(address)
            if network is not None and (most := network.requests_per_device or 1) > 1:
                habits.lock = asyncio.Semaphore(most)
        return habits

    def _remembered(self, key: _Key) -> Habits:
        try:
            memory = self._recall(_named(key))
        except PagemeterError:
            memory = {}
        if not memory:
            return Habits()
        habits = Habits.from_memory(memory, self._credentials.snmp(key[0]))
        habits.settle(habits.since)
        return habits

    def _today(self) -> int:
        return self._clock.now().date().toordinal()

    def _forget(self) -> None:
        """Forget the half that was met first, less those that are talked to: they are learned again."""
        for key in list(self._habits)[: MOST_HABITS // 2]:
            if not self._habits[key].lock.locked():
                del self._habits[key]

    def known(self, among: Callable[[IPAddress], bool]) -> Iterator[tuple[IPAddress, SnmpCredential]]:
        """Yield the addresses that were met at their credential's port, now or before this start, with that credential.

        Only those ``among`` which it looks are held against what is remembered.
        """
        for (address, port), habits in self._habits.items():
            if port is None and habits.credential is not None and among(address):
                yield address, habits.credential
        try:
            remembered = self._all_remembered()
        except PagemeterError:
            return
        for place, memory in remembered.items():
            with suppress(PagemeterError):
                key = address, port = _key(place)
                if port is None and key not in self._habits and among(address):
                    credential = Habits.from_memory(memory, self._credentials.snmp(address)).credential
                    if credential is not None:
                        yield address, credential

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

    async def _find_out(
        self, target: Target, address: IPAddress, place: Callable[[SnmpCredential], Place], habits: Habits
    ) -> Session:
        """Find the first credential under which the device answers anything at all; each once, then each again."""
        credentials = self._credentials.snmp(address)
        if not credentials:
            raise AccessDenied(f"{target.uri}: no SNMP credential is for this address; add one for its network")
        first = target.hints.credential if habits.credential is None else habits.credential.name
        silent_ones = sorted(credentials, key=lambda one: one.name != first)
        failures: dict[str, DeviceError] = {}
        for attempt in range(self._tries):
            for credential in tuple(silent_ones):
                try:
                    session = self._speak(place(credential), credential, habits)
                    reply = await session.ask(PduType.GET, (SYS_OBJECT_ID,), attempt=attempt)
                except Unreachable as error:
                    failures.setdefault(credential.name, error)
                    continue
                except DeviceError as error:
                    failures[credential.name] = error
                else:
                    if reply.error_status not in _REFUSALS:
                        habits.credential, habits.doubted = credential, False
                        return session
                    why = f"{target.uri} refuses the credential {credential.name!r}"
                    failures[credential.name] = AccessDenied(why)
                silent_ones.remove(credential)
        raise self._why(list(failures.values()), place(credentials[0]))

    def _why(self, failures: list[DeviceError], place: Place) -> DeviceError:
        """Choose what to tell: a refusal says more than a silence."""
        told = [failure for failure in failures if not isinstance(failure, Unreachable)]
        if told or len(failures) == 1:
            return (told or failures)[0]
        return silent(place, self._tries * len(failures))

    def _speak(self, place: Place, credential: SnmpCredential, habits: Habits) -> Session:
        if credential.version != SnmpVersion.V3:
            return CommunitySession(self._exchange, place, credential, habits, timeout=self._timeout, tries=self._tries)
        timeout, tries = self._timeout, self._tries
        return V3Session(self._exchange, place, self._users, credential, habits, timeout=timeout, tries=tries)


class _Talk:
    """One conversation; others with the same device wait for its end."""

    __slots__ = ("_board", "_habits", "_key", "_target", "_undo")

    def __init__(self, board: Switchboard, target: Target) -> None:
        self._board = board
        self._target = target

    async def __aenter__(self) -> Session:
        self._key, self._habits = await self._board.connect(self._target)
        self._undo = self._habits.as_before()
        try:
            return await self._board.greet(self._target, self._key, self._habits)
        except BaseException as error:
            self._end(error)
            raise

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._end(error)

    def _end(self, error: BaseException | None) -> None:
        if isinstance(error, Unreadable):
            # Who fails at the smallest question does not fail at the size of any.
            self._undo()
        if isinstance(error, Unreachable | AccessDenied):
            # The next visit tries all credentials: perhaps the community was changed.
            self._habits.doubted = True
        self._board.release(self._key, self._habits)


def _key(place: str) -> _Key:
    """Read what ``_named`` writes; raises PagemeterError for anything else."""
    host, _, port = place.rpartition(":")
    try:
        return ip_address(place), None
    except ValueError:
        pass
    try:
        return ip_address(host.strip("[]")), int(port)
    except ValueError:
        raise PagemeterError(f"{place} is no address; write it as `pagemeter engines` lists it") from None


def _named(key: _Key) -> str:
    """Write an address and the port that a target names, as the store's key: ``10.0.0.7`` or ``10.0.0.7:1161``."""
    address, port = key
    if port is None:
        return str(address)
    return f"{address}:{port}" if address.version == 4 else f"[{address}]:{port}"
