"""SNMPv3 with the user-based security model (RFC 3412, RFC 3414); its keys, signatures and ciphers are pysnmp's."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pagemeter.clock import Clock
from pagemeter.errors import DeviceError, Unreachable, Unreadable
from pagemeter.net.credentials import SnmpCredential, Trust
from pagemeter.snmp.codec import MalformedError, PduType
from pagemeter.snmp.exchange import MOST_RUBBISH
from pagemeter.snmp.probe import EngineReport, encode_probe
from pagemeter.snmp.session import ErrorStatus, Habits, Line, Place, Reply
from pagemeter.snmp.tickets import Answer
from pagemeter.snmp.types import EXCEPTIONS, Oid
from pagemeter.snmp.usm import Usm
from pagemeter.snmp.v3_message import LARGEST_NUMBER, ScopedPdu, read, scoped_pdu
from pagemeter.snmp.v3_peer import Peer, Peers
from pagemeter.snmp.v3_refusals import (
    Refusal,
    another_engine,
    explained,
    ignored,
    locked,
    refusal_of,
    unauthorised,
    usual_context,
)
from pagemeter.snmp.v3_user import Heard, User

MOST_AT_ONCE = 40
"""So many questions of version 3 are in flight at once."""

_LARGEST_REQUEST_ID = 32_767
_PROBE_OCTETS = len(encode_probe(_LARGEST_REQUEST_ID))
_ENGINE_IDS = range(5, 33)
_NOTHING_HERE = frozenset({ErrorStatus.NO_ACCESS, ErrorStatus.AUTHORIZATION_ERROR})
_NO_CONTEXT = frozenset({Refusal.CONTEXT, Refusal.CONTEXT_AWAY, Refusal.HANDLER})

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Question:
    pdu: PduType
    oids: tuple[Oid, ...]
    counts: tuple[int, int]


class V3Users:
    """What all users of version 3 share: keys, the clocks of the engines, and how many questions are in flight."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.usm = Usm()
        self.peers = Peers()
        self.gate = asyncio.Semaphore(MOST_AT_ONCE)


class V3Session:
    """SNMPv3 with one device: it says who it is before a user is named to it, and is held to that."""

    bulk_exists = True

    def __init__(self, line: Line, place: Place, users: V3Users, credential: SnmpCredential, habits: Habits) -> None:
        self.habits = habits
        self._line = line
        self._place = place
        self._users = users
        self._credential = credential
        self._name = (credential.user or "").encode()
        self._peer: Peer | None = None
        self._rubbish: MalformedError | None = None

    @property
    def tries(self) -> int:
        """How often a question is asked before the device counts as silent."""
        return self._line.tries

    async def ask(
        self,
        pdu: PduType,
        oids: Sequence[Oid],
        repetitions: int = 0,
        *,
        once: int = 0,
        attempt: int | None = None,
    ) -> Reply:
        """Ask one question, again after a silence, or as that one of the tries only, counted from 0.

        The first ``once`` identifiers of a GETBULK are not repeated.
        """
        tries = range(self.tries) if attempt is None else range(attempt, attempt + 1)
        is_last = tries.stop == self.tries
        self._rubbish = None
        if self._peer is None:
            await self._greet(tries)
        question = _Question(pdu, tuple(oids), (once, repetitions) if pdu == PduType.GET_BULK else (0, 0))
        context = self._credential.context.encode() or self._known_peer.context or b""
        heard = await self._try(question, context, tries)
        tried: bytes | None = None
        if not self._credential.context and self._known_peer.context is None and (heard is not None or is_last):
            heard, tried = await self._settle_context(question, heard)
        if heard is None:
            raise self._silence(tried, is_last=is_last)
        if heard.scoped.is_report:
            raise explained(self._place, self._credential, heard.scoped, context, tried)
        if heard.scoped.error_status == ErrorStatus.AUTHORIZATION_ERROR and not self._answered_before:
            raise unauthorised(self._place, self._credential, tried)
        return self._take(heard)

    async def _greet(self, tries: Sequence[int]) -> None:
        """Ask who is there, without a user; so silence at the address is told from silence to the user."""
        for number in tries:
            if await self._meet(self._line.wait(number)):
                return
        place = self._place
        if self._rubbish is not None:
            raise Unreadable(f"{place.uri} answers on port {place.port}, but not in SNMPv3 ({self._rubbish})")
        raise Unreachable(f"{place.uri} did not answer SNMPv3 in {self.tries} tries; is it on, is v3 switched on?")

    async def _try(self, question: _Question, context: bytes, tries: Sequence[int]) -> Heard | None:
        """Ask, again after a silence: then it is asked anew who is there, for it may have started anew."""
        for number in tries:
            wait = self._line.wait(number)
            if (number == tries[0] or await self._meet(wait)) and (
                heard := await self._ask_in_time(question, context, wait)
            ) is not None:
                return heard
        return None

    async def _ask_in_time(self, question: _Question, context: bytes, wait: float) -> Heard | None:
        """Ask; put a wrong time right once, and ask once more who is there where the engine id is refused."""
        heard = await self._request(question, context, wait)
        refusal = refusal_of(heard.scoped) if heard is not None and heard.scoped.is_report else None
        if heard is not None and refusal is Refusal.TIME_WINDOW:
            now = self._users.clock.monotonic()
            hear = self._known_peer.correct if heard.is_signed else self._known_peer.hear_unsigned
            hear(heard.message.boots, heard.message.seconds, now)
        elif refusal is not Refusal.ENGINE or not await self._meet(wait):
            return heard
        return await self._request(question, context, wait)

    async def _settle_context(self, question: _Question, heard: Heard | None) -> tuple[Heard | None, bytes | None]:
        """Keep to the default context where it knows anything; else try the maker's, once for each engine."""
        peer = self._known_peer
        if heard is not None and not _is_nothing(heard.scoped):
            peer.context = None if heard.scoped.is_report else b""
            return heard, None
        if (other := usual_context(peer.engine_id)) is None:
            return heard, None
        second = await self._request(question, other, self._line.timeout)
        if second is None or second.scoped.is_report or _is_nothing(second.scoped):
            peer.context = b""
            return heard, other
        peer.context = other
        return second, other

    async def _meet(self, wait: float) -> bool:
        """Ask for the engine id, boots and time; says whether it answered. Raises AccessDenied for another engine."""
        place, clock = self._place, self._users.clock
        said = await self._send(encode_probe, _PROBE_OCTETS, wait, lambda answer: read(answer.octets))
        if said is None:
            return False
        if len(said.engine_id) not in _ENGINE_IDS:
            raise Unreadable(f"{place.uri} says an SNMPv3 engine id of {len(said.engine_id)} octets; it has 5 to 32")
        signs = self._credential.auth is not None
        if signs and self._credential.trust != Trust.NETWORK and self.habits.engine_id not in (None, said.engine_id):
            self.habits.engine_waiting = said.engine_id
            raise another_engine(place)
        if signs and said.boots == LARGEST_NUMBER:
            raise locked(place)
        self._peer = self._users.peers.at(place.address, place.port, said.engine_id)
        self._peer.hear_unsigned(said.boots, said.seconds, clock.monotonic())
        return True

    async def _request(self, question: _Question, context: bytes, wait: float) -> Heard | None:
        """Ask the engine as the user, once; none where no answer came that may be one."""
        peer = self._known_peer
        user = User(self._name, self._users.usm.keys(self._credential, peer.engine_id), peer)
        request_id = secrets.randbelow(_LARGEST_REQUEST_ID) + 1
        scoped = scoped_pdu(peer.engine_id, context, question.pdu, request_id, question.oids, question.counts)
        return await self._send(
            lambda message_id: user.written(message_id, scoped, self._users.clock.monotonic()),
            len(scoped) + user.envelope_octets,
            wait,
            lambda answer: user.judged(answer.octets, request_id, self._users.clock.monotonic()),
        )

    async def _send(
        self, question: Callable[[int], bytes], octets: int, wait: float, understand: Callable[[EngineReport], _T]
    ) -> _T | None:
        """Send once and wait for what can be understood; what can't is dropped, the real answer may follow."""
        place = self._place
        answered: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        left = MOST_RUBBISH

        def hear(answer: Answer) -> None:
            nonlocal left
            if isinstance(answer, EngineReport):
                place.toll.got(len(answer.octets))
            if answered.done() or left == 0:
                return
            try:
                answered.set_result(understand(_v3(answer)))
            except MalformedError as error:
                left -= 1
                self._rubbish = error

        async with self._users.gate:
            await place.toll.pay(octets)
            try:
                ticket = self._line.exchange.send(place.address, place.port, question, hear)
            except OSError as error:
                raise Unreachable(f"{place.uri} can't be reached from this host ({error.strerror})") from error
            try:
                async with asyncio.timeout(wait):
                    return await answered
            except TimeoutError:
                return None
            finally:
                self._line.exchange.forget(ticket)

    def _take(self, heard: Heard) -> Reply:
        """Pin the engine at its first signed answer."""
        peer = self._known_peer
        peer.answered = self._credential
        if heard.is_signed:
            self.habits.engine_id, self.habits.engine_waiting = peer.engine_id, None
        scoped = heard.scoped
        return Reply(error_status=scoped.error_status, error_index=scoped.error_index, rows=scoped.rows)

    def _silence(self, tried: bytes | None, *, is_last: bool) -> DeviceError:
        place = self._place
        if self._rubbish is not None:
            return Unreadable(f"{place.uri} answers SNMPv3, but with nothing that may count ({self._rubbish})")
        failure = ignored(place, self._credential, self.tries, tried, known=self._answered_before)
        return failure if is_last else Unreachable(str(failure))

    @property
    def _answered_before(self) -> bool:
        """Say whether this user was answered by this engine before, in this run of the agent or in an earlier one."""
        habits, engine_id = self.habits, self._known_peer.engine_id
        in_the_past = habits.engine_id == engine_id and habits.credential == self._credential
        return in_the_past or self._known_peer.answered == self._credential

    @property
    def _known_peer(self) -> Peer:
        if self._peer is None:
            raise RuntimeError("nobody was met yet")
        return self._peer


def _v3(answer: Answer) -> EngineReport:
    if isinstance(answer, MalformedError):
        raise answer
    if not isinstance(answer, EngineReport):
        raise MalformedError("an answer in another version")
    return answer


def _is_nothing(scoped: ScopedPdu) -> bool:
    """Say whether a context is not there, or knows nothing of what was asked."""
    if scoped.is_report:
        return refusal_of(scoped) in _NO_CONTEXT
    if scoped.error_status == ErrorStatus.NO_ERROR:
        return all(row.tag in EXCEPTIONS for row in scoped.rows)
    return scoped.error_status in _NOTHING_HERE
