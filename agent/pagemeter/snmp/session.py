"""A conversation with one device under one credential."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Any, Protocol

from pagemeter.errors import DeviceError, Unreachable, Unreadable
from pagemeter.net.budget import Toll
from pagemeter.net.credentials import IPAddress, IPNetwork, SnmpCredential, SnmpVersion
from pagemeter.snmp.codec import V1, V2C, MalformedError, Message, PduType, Question, question
from pagemeter.snmp.exchange import Exchange
from pagemeter.snmp.habits import Habits
from pagemeter.snmp.tickets import LARGEST_SHORT, Ids, Spot, Ticket
from pagemeter.snmp.types import Oid, VarBind

__all__ = ["CommunitySession", "ErrorStatus", "Habits", "Place", "Reply", "Session", "community_question", "silent"]


class ErrorStatus(IntEnum):
    """Those values of error-status (RFC 3416 section 3) that are acted upon."""

    NO_ERROR = 0
    TOO_BIG = 1
    NO_SUCH_NAME = 2
    GEN_ERR = 5
    NO_ACCESS = 6
    AUTHORIZATION_ERROR = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a device answered to one question; ``error_index`` counts from 1."""

    error_status: int = 0
    error_index: int = 0
    rows: tuple[VarBind, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a device is asked, and what is paid for it; ``elsewhere`` is from where else it may answer."""

    uri: str
    address: IPAddress
    port: int
    toll: Toll
    elsewhere: IPNetwork | None = None

    @property
    def spot(self) -> Spot:
        """The address and port as the exchange takes them."""
        return str(self.address), self.port


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """How all devices are asked: the first try waits ``timeout`` seconds, the others twice as long."""

    exchange: Exchange
    timeout: float
    tries: int

    def wait(self, number: int) -> float:
        """How many seconds a try waits, counted from 0."""
        return self.timeout if number == 0 else 2 * self.timeout


class Session(Protocol):
    """Asks one device; raises Unreachable when it stays silent, AccessDenied, or Unreadable when it talks rubbish."""

    habits: Habits

    @property
    def bulk_exists(self) -> bool:
        """Say whether the version has GETBULK."""

    @property
    def tries(self) -> int:
        """How often a question is asked before the device counts as silent."""

    def ask(
        self,
        pdu: PduType,
        oids: Sequence[Oid],
        repetitions: int = 0,
        *,
        once: int = 0,
        attempt: int | None = None,
    ) -> Coroutine[Any, Any, Reply]:
        """Ask one question, again after a silence, or as that one of the tries only, counted from 0.

        The first ``once`` identifiers of a GETBULK are not repeated.
        """


class CommunitySession:
    """SNMP v1 or v2c; after a silence it asks again with a new request id, and waits twice as long."""

    __slots__ = ("_credential", "_line", "_place", "_silent_to", "habits")

    def __init__(self, line: Line, place: Place, credential: SnmpCredential, habits: Habits) -> None:
        self.habits = habits
        self._credential = credential
        self._line = line
        self._place = place
        self._silent_to: Ids | None = None

    @property
    def bulk_exists(self) -> bool:
        """Say whether the version has GETBULK."""
        return self._credential.version != SnmpVersion.V1

    @property
    def tries(self) -> int:
        """How often a question is asked before the device counts as silent."""
        return self._line.tries

    def ask(
        self,
        pdu: PduType,
        oids: Sequence[Oid],
        repetitions: int = 0,
        *,
        once: int = 0,
        attempt: int | None = None,
    ) -> Coroutine[Any, Any, Reply]:
        """Ask one question, again with a new request id after a silence."""
        # What waits holds the question alone: thousands do.
        return self._answer(_question(self._credential, pdu, tuple(oids), once, repetitions), attempt)

    async def _answer(self, question: Question, attempt: int | None) -> Reply:
        number, rubbish = attempt or 0, None
        while number < self._line.tries:
            await self._place.toll.pay(question.octets)
            ticket = self._send(question, number)
            try:
                answer = await ticket
            except TimeoutError:
                self._note_ids(ticket.ids, None)
            except MalformedError as error:
                rubbish = error
            else:
                if isinstance(answer, Message):
                    self._note_ids(ticket.ids, answer.request_id)
                    return Reply(error_status=answer.error_status, error_index=answer.error_index, rows=answer.rows)
            finally:
                self._line.exchange.forget(ticket)
            number = number + 1 if attempt is None else self._line.tries
        raise self._failure(rubbish)

    def _failure(self, rubbish: MalformedError | None) -> DeviceError:
        if rubbish is None:
            return silent(self._place.uri, self.tries)
        place = self._place
        failure = Unreadable(f"{place.uri} answers on port {place.port}, but not in SNMP ({rubbish})")
        failure.__cause__ = rubbish
        return failure

    def _send(self, question: Question, number: int) -> Ticket:
        place = self._place
        try:
            return self._line.exchange.ask(
                place.spot,
                question,
                timeout=self._line.wait(number),
                ids=self._ids(),
                payer=place.toll,
                elsewhere=(place.elsewhere, _community(self._credential)) if place.elsewhere is not None else None,
                reports=False,
            )
        except OSError as error:
            raise Unreachable(f"{place.uri} can't be reached from this host ({error.strerror})") from error

    def _ids(self) -> Ids:
        """Choose how wide an id is: one that answers is tried with a wide one, and after a silence with a short one."""
        wide = self.habits.wide
        if wide is False or self._silent_to is not None or not self.habits.heard:
            return Ids.NARROW
        return Ids.WIDE if wide else Ids.TRIAL

    def _note_ids(self, ids: Ids, answered: int | None) -> None:
        habits = self.habits
        if answered is None:
            self._silent_to = ids if ids is not Ids.NARROW else self._silent_to
            return
        habits.heard = True
        if ids is Ids.TRIAL:
            habits.wide = answered > LARGEST_SHORT
        elif self._silent_to is not None:
            # A wide id may have been too much; one that was kept before is tried once more.
            habits.wide = False if self._silent_to is Ids.TRIAL else None
            self._silent_to = None


def silent(uri: str, tries: int) -> Unreachable:
    """Say that a device did not answer."""
    times = "1 try" if tries == 1 else f"{tries} tries"
    return Unreachable(f"{uri} did not answer SNMP in {times}; is it on, is the community right?")


def community_question(
    credential: SnmpCredential, pdu: PduType, oids: Sequence[Oid], repetitions: int = 0
) -> Callable[[int], bytes]:
    """Return what writes the v1 or v2c message once its request id is known."""
    return _question(credential, pdu, tuple(oids), 0, repetitions).stamped


def _community(credential: SnmpCredential) -> bytes:
    return credential.community.get_secret_value().encode() if credential.community is not None else b""


# Devices of one model are asked the same: most questions were written before.
@lru_cache(maxsize=512)
def _written(version: int, community: bytes, pdu: PduType, oids: tuple[Oid, ...], numbers: tuple[int, int]) -> Question:
    return question(version, community, pdu, oids, non_repeaters=numbers[0], repetitions=numbers[1])


def _question(credential: SnmpCredential, pdu: PduType, oids: tuple[Oid, ...], once: int, repetitions: int) -> Question:
    version = V1 if credential.version == SnmpVersion.V1 else V2C
    return _written(version, _community(credential), pdu, oids, (once, repetitions))
