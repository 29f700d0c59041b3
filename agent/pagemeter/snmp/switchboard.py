"""Connects to a device: through the fence and the packet budget, under the credential that it takes."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, ip_address
from typing import Any, Self, TypeAlias
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
from pagemeter.snmp.habits import DAYS_OF_A_LIMIT, SYS_DESCR, Habits
from pagemeter.snmp.session import CommunitySession, Line, Place, Session
from pagemeter.snmp.trial import Trial
from pagemeter.snmp.types import Oid, Walk
from pagemeter.snmp.v3 import V3Session, V3Users

_HELLO: tuple[Oid, ...] = ((1, 3, 6, 1, 2, 1, 1, 2, 0),)
"""Every device has a sysObjectID."""

MOST_HABITS = 50_000
"""More than an agent has devices; over the years addresses of IPv6 come and go."""

_SCHEMES_OF_SNMP = frozenset({"host", "snmp"})

_Key: TypeAlias = tuple[IPAddress, int | None]


class Switchboard:
    """Remembers for each address what works there; one conversation at a time unless its network says more."""

    def __init__(
        self,
        *,
        line: Line,
        fence: Fence,
        budget: Budget,
        credentials: Credentials,
        clock: Clock,
        resolver: Resolver,
        recall: Callable[[str], Mapping[str, object]],
        remembered: Callable[[], Mapping[str, Mapping[str, object]]],
    ) -> None:
        self._line = line
        self._fence = fence
        self._budget = budget
        self._credentials = credentials
        self._clock = clock
        self._resolver = resolver
        self._recall = recall
        self._all_remembered = remembered
        self._habits: dict[_Key, Habits] = {}
        self._changed: dict[_Key, Habits] = {}
        # Whom a sweep met, until they are talked to.
        self._met: dict[IPAddress, SnmpCredential] = {}
        self._users = V3Users(clock)

    async def __aenter__(self) -> Self:
        """Open the exchange."""
        await self._line.exchange.__aenter__()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Close the exchange and what SNMPv3 opened."""
        await self._line.exchange.__aexit__(*exc_info)

    def session(self, target: Target) -> _Talk:
        """Talk to a device while the block runs; entering raises Unreachable, AccessDenied or Unreadable."""
        return _Talk(self, target)

    def begin(self, talk: _Talk) -> Coroutine[Any, Any, Session]:
        """Find where a target is, wait until nobody else talks to it, and speak under the credential that it takes.

        Returned is one coroutine and not a chain of them: thousands of devices may be silent at once.
        """
        try:
            address = ip_address(talk.target.host)
        except ValueError:
            return self._begin_by_name(talk)
        return self._begin_at(talk, address)

    async def _begin_by_name(self, talk: _Talk) -> Session:
        return await self._begin_at(talk, await self._address_of(talk.target))

    def _begin_at(self, talk: _Talk, address: IPAddress) -> Coroutine[Any, Any, Session]:
        port = talk.target.port if urlsplit(talk.target.uri).scheme in _SCHEMES_OF_SNMP else None
        most = self._fence.check(address, port).requests_per_device or 1
        talk.key = self._key(address, port)
        talk.habits = self._habits_of(talk.key)
        return self._greet(talk) if talk.habits.begin(most) else self._greet_in_turn(talk)

    async def _greet_in_turn(self, talk: _Talk) -> Session:
        await talk.habits.wait()
        return await self._greet(talk)

    async def _greet(self, talk: _Talk) -> Session:
        """Take the credential that worked, else the first under which it answers at all; each once, then each again."""
        try:
            talk.before = talk.habits.as_before()
            if (credential := self._proven(talk.habits, talk.key[0])) is not None:
                return self._speak(talk, credential)
            trial = self._trial(talk)
            while (credential := trial.next()) is not None:
                try:
                    session = self._speak(talk, credential)
                    reply = await session.ask(PduType.GET, _HELLO, attempt=trial.attempt)
                except DeviceError as error:
                    trial.failed(error)
                    continue
                if trial.takes(reply):
                    talk.habits.credential, talk.habits.doubted = credential, False
                    return session
            raise trial.failure()
        except BaseException as error:
            self.end(talk, error)
            raise

    def end(self, talk: _Talk, error: BaseException | None) -> None:
        """Let others talk to a device, and note what was learned of it."""
        habits = talk.habits
        if isinstance(error, Unreadable):
            # Who fails at the smallest question does not fail at the size of any.
            habits.put_back(talk.before)
        if isinstance(error, Unreachable | AccessDenied):
            # The next visit tries all credentials: perhaps the community was changed.
            habits.doubted = True
        habits.end()
        if habits.settle(self._today()):
            self._changed[talk.key] = habits

    def _trial(self, talk: _Talk) -> Trial:
        """Begin with the credential that worked here or at this printer's former address."""
        known = talk.habits.credential
        first = talk.target.hints.credential if known is None else known.name
        return Trial(talk.target.uri, self._credentials.snmp(talk.key[0]), first, self._line.tries)

    def _key(self, address: IPAddress, port: int | None) -> _Key:
        """Return under what a device is known: it is the same one whether its usual port is named or not."""
        usual = {credential.port for credential in self._credentials.snmp(address)}
        return (address, None) if usual == {port} else (address, port)

    def _proven(self, habits: Habits, address: IPAddress) -> SnmpCredential | None:
        """Return the credential that worked; one that is doubted, or not for this address any more, is found anew."""
        if habits.since and self._today() >= habits.since + DAYS_OF_A_LIMIT:
            habits.try_again()
            habits.since = 0
        return (
            habits.credential if not habits.doubted and habits.credential in self._credentials.snmp(address) else None
        )

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
        key = self._key(*_read(place))
        habits = self._habits_of(key)
        if habits.engine_waiting is None:
            raise PagemeterError(f"no other SNMPv3 engine waits at {place}; `pagemeter engines` lists where one does")
        habits.engine_id, habits.engine_waiting = habits.engine_waiting, None
        habits.settle(self._today())
        self._changed[key] = habits

    def took(self, address: IPAddress, credential: SnmpCredential) -> None:
        """Note under which credential an address answered a sweep: thousands do within a second."""
        habits = self._habits.get((address, None))
        if habits is not None:
            habits.credential = credential
        elif len(self._met) < MOST_HABITS:
            self._met[address] = credential

    def habits(self, address: IPAddress, port: int | None = None) -> Habits:
        """Return what is known of an address; ``port`` where it is not the usual one."""
        return self._habits_of((address, port))

    def _habits_of(self, key: _Key) -> Habits:
        habits = self._habits.get(key)
        if habits is None:
            if len(self._habits) >= MOST_HABITS:
                self._forget()
            habits = self._habits[key] = self._remembered(key)
            if key[1] is None:
                habits.credential = self._met.pop(key[0], habits.credential)
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
            if not self._habits[key].talking:
                del self._habits[key]

    def known(self, among: Callable[[IPAddress], bool]) -> Iterator[tuple[IPAddress, SnmpCredential]]:
        """Yield the addresses that were met at their credential's port, now or before this start, with that credential.

        Only those ``among`` which it looks are held against what is remembered.
        """
        for address, met in self._met.items():
            if among(address):
                yield address, met
        for (address, port), habits in self._habits.items():
            if port is None and habits.credential is not None and among(address):
                yield address, habits.credential
        try:
            remembered = self._all_remembered()
        except PagemeterError:
            return
        for place, memory in remembered.items():
            with suppress(PagemeterError):
                key = address, port = _read(place)
                if port is None and key not in self._habits and address not in self._met and among(address):
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
        """Look a name up; of several addresses the first one counts that may be asked."""
        host = target.host
        if not host:
            raise Unreachable(f"{target.uri} has no network address to ask by SNMP")
        addresses = await self._resolver(host)
        if not addresses:
            raise Unreachable(f"{target.uri}: the name {host} has no address; is it right, is the DNS?")
        return next((address for address in addresses if self._fence.allows(address)), addresses[0])

    def _speak(self, talk: _Talk, credential: SnmpCredential) -> Session:
        address, port = talk.key[0], talk.key[1] or credential.port
        fenced = self._fence.check(address, port)
        place = Place(
            uri=talk.target.uri,
            address=address,
            port=port,
            toll=self._budget.toll(fenced),
            elsewhere=fenced.network if address in fenced.answers_from else None,
        )
        if credential.version == SnmpVersion.V3:
            return V3Session(self._line, place, self._users, credential, talk.habits)
        return CommunitySession(self._line, place, credential, talk.habits)


class _Talk:
    """One conversation; others with the same device wait for its end."""

    __slots__ = ("_board", "before", "habits", "key", "target")

    def __init__(self, board: Switchboard, target: Target) -> None:
        self._board = board
        self.target = target
        self.key: _Key
        self.habits: Habits
        self.before: tuple[object, ...]

    def __aenter__(self) -> Coroutine[Any, Any, Session]:
        return self._board.begin(self)

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._board.end(self, error)


def _read(place: str) -> _Key:
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
