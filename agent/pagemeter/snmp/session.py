"""A conversation with one device under one credential."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

from pagemeter.errors import Unreachable, Unreadable
from pagemeter.net.budget import Toll
from pagemeter.net.credentials import IPAddress, SnmpCredential, SnmpVersion
from pagemeter.snmp.codec import V1, V2C, MalformedError, Message, PduType, encode
from pagemeter.snmp.exchange import Exchange
from pagemeter.snmp.types import Oid, Tag, VarBind


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


@dataclass(slots=True, kw_only=True)
class Habits:
    """What was learned of a device and spares it the next mistake.

    ``bulk`` is none until GETBULK was tried; ``oids_answered`` is the largest GET that was answered.
    """

    credential: SnmpCredential | None = None
    bulk: bool | None = None
    repetitions: int = 10
    oids_per_packet: int = 10
    oids_answered: int = 0
    engine_id: bytes | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a device is asked, and what is paid for it."""

    uri: str
    address: IPAddress
    port: int
    toll: Toll


class Session(Protocol):
    """Asks one device; raises Unreachable when it stays silent, AccessDenied, or Unreadable when it talks rubbish."""

    habits: Habits
    bulk_exists: bool

    async def ask(self, pdu: PduType, oids: Sequence[Oid], repetitions: int = 0) -> Reply:
        """Ask one question, again after a silence."""


class CommunitySession:
    """SNMP v1 or v2c."""

    def __init__(
        self,
        exchange: Exchange,
        place: Place,
        credential: SnmpCredential,
        habits: Habits,
        *,
        timeout: float,
        tries: int,
    ) -> None:
        self.habits = habits
        self.bulk_exists = credential.version != SnmpVersion.V1
        self._exchange = exchange
        self._place = place
        self._credential = credential
        self._timeout = timeout
        self._tries = tries

    async def ask(self, pdu: PduType, oids: Sequence[Oid], repetitions: int = 0) -> Reply:
        """Ask one question, again with a new request id after a silence."""
        place, rubbish = self._place, None
        for _ in range(self._tries):
            question = community_question(self._credential, pdu, oids, repetitions)
            await place.toll.pay(len(question(1)))
            try:
                answer = await self._exchange.ask(place.address, place.port, question, timeout=self._timeout)
            except TimeoutError:
                continue
            except MalformedError as error:
                rubbish = error
                continue
            except OSError as error:
                raise Unreachable(f"{place.uri} can't be reached from this host ({error.strerror})") from error
            if isinstance(answer, Message):
                return Reply(error_status=answer.error_status, error_index=answer.error_index, rows=answer.rows)
        if rubbish is not None:
            raise Unreadable(f"{place.uri} answers on port {place.port}, but not in SNMP ({rubbish})") from rubbish
        raise silent(place, self._tries)


def silent(place: Place, tries: int) -> Unreachable:
    """Say that a device did not answer."""
    return Unreachable(f"{place.uri} did not answer SNMP in {tries} tries; is it on, is the community right?")


def community_question(
    credential: SnmpCredential, pdu: PduType, oids: Sequence[Oid], repetitions: int = 0
) -> Callable[[int], bytes]:
    """Return what writes the v1 or v2c message once its request id is known."""
    community = credential.community.get_secret_value().encode() if credential.community is not None else b""
    version = V1 if credential.version == SnmpVersion.V1 else V2C
    rows = tuple(VarBind(oid, Tag.NULL, None) for oid in oids)

    def write(request_id: int) -> bytes:
        return encode(
            Message(
                version=version,
                community=community,
                pdu=pdu,
                request_id=request_id,
                error_index=repetitions,
                rows=rows,
            )
        )

    return write
