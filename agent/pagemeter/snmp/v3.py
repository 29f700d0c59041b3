"""SNMPv3 with the user-based security model, through pysnmp (the extra ``pagemeter[snmpv3]``)."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from pagemeter.errors import AccessDenied, DeviceError, Unreachable, Unreadable
from pagemeter.net.credentials import Auth, Priv, SnmpCredential
from pagemeter.snmp.codec import MalformedError, PduType
from pagemeter.snmp.exchange import Exchange
from pagemeter.snmp.probe import EngineReport, encode_probe
from pagemeter.snmp.session import Habits, Place, Reply, silent
from pagemeter.snmp.types import EXCEPTIONS, Oid, Tag, VarBind

_AUTH = {
    Auth.MD5: "USM_AUTH_HMAC96_MD5",
    Auth.SHA1: "USM_AUTH_HMAC96_SHA",
    Auth.SHA224: "USM_AUTH_HMAC128_SHA224",
    Auth.SHA256: "USM_AUTH_HMAC192_SHA256",
    Auth.SHA384: "USM_AUTH_HMAC256_SHA384",
    Auth.SHA512: "USM_AUTH_HMAC384_SHA512",
}

# pysnmp's plain AES-192 and AES-256 extend the key as Reeder's draft does.
_PRIV = {
    Priv.DES: "USM_PRIV_CBC56_DES",
    Priv.AES128: "USM_PRIV_CFB128_AES",
    Priv.AES192: "USM_PRIV_CFB192_AES_BLUMENTHAL",
    Priv.AES256: "USM_PRIV_CFB256_AES_BLUMENTHAL",
    Priv.AES192_C: "USM_PRIV_CFB192_AES",
    Priv.AES256_C: "USM_PRIV_CFB256_AES",
}

_OCTET_TAGS = frozenset({Tag.OCTET_STRING, Tag.OPAQUE, Tag.IP_ADDRESS})
_EMPTY_TAGS = EXCEPTIONS | {Tag.NULL}
_OCTETS_OF_A_QUESTION = 200


class V3User:
    """One credential in a pysnmp engine of its own, for engines mix up users of one name; close it in the end."""

    def __init__(self, credential: SnmpCredential, *, timeout: float) -> None:
        """Raise AccessDenied where the extra is not installed or the credential can't be used."""
        self.name = credential.user or ""
        self.encrypts = credential.priv is not None
        self._timeout = timeout
        self._hlapi = _pysnmp("pysnmp.hlapi.v3arch.asyncio")
        self._failures = (_pysnmp("pysnmp.error").PySnmpError, _pysnmp("pyasn1.error").PyAsn1Error, OSError)
        self._engine = self._hlapi.SnmpEngine()
        self._auth = self._user(credential)
        self._context = self._hlapi.ContextData(contextName=credential.context.encode())
        self._targets: dict[tuple[str, int], Any] = {}

    async def ask(self, place: Place, pdu: PduType, oids: Sequence[Oid], repetitions: int) -> tuple[Any, Reply]:
        """Ask once; returns pysnmp's error indication, none where all is well, and the reply."""
        try:
            return await self._ask(place, pdu, oids, repetitions)
        except self._failures as error:
            raise Unreadable(f"{place.uri}: SNMPv3 failed ({type(error).__name__})") from error

    async def _ask(self, place: Place, pdu: PduType, oids: Sequence[Oid], repetitions: int) -> tuple[Any, Reply]:
        asked = [self._hlapi.ObjectType(self._hlapi.ObjectIdentity(oid)) for oid in oids]
        common = (self._engine, self._auth, await self._target(place), self._context)
        if pdu == PduType.GET_BULK:
            answer = await self._hlapi.bulk_cmd(*common, 0, repetitions, *asked, lookupMib=False)
        elif pdu == PduType.GET_NEXT:
            answer = await self._hlapi.next_cmd(*common, *asked, lookupMib=False)
        else:
            answer = await self._hlapi.get_cmd(*common, *asked, lookupMib=False)
        indication, status, index, rows = answer
        reply = Reply(error_status=int(status), error_index=int(index), rows=tuple(_row(row) for row in rows))
        return indication, reply

    def close(self) -> None:
        """Close pysnmp's sockets and its timer."""
        self._engine.close_dispatcher()

    def _user(self, credential: SnmpCredential) -> Any:
        arguments: dict[str, Any] = {}
        if credential.auth is not None and credential.auth_password is not None:
            arguments["authProtocol"] = getattr(self._hlapi, _AUTH[credential.auth])
            arguments["authKey"] = credential.auth_password.get_secret_value()
        if credential.priv is not None and credential.priv_password is not None:
            arguments["privProtocol"] = getattr(self._hlapi, _PRIV[credential.priv])
            arguments["privKey"] = credential.priv_password.get_secret_value()
        return self._hlapi.UsmUserData(self.name, **arguments)

    async def _target(self, place: Place) -> Any:
        key = (str(place.address), place.port)
        if key not in self._targets:
            kind = self._hlapi.UdpTransportTarget if place.address.version == 4 else self._hlapi.Udp6TransportTarget
            self._targets[key] = await kind.create(key, timeout=self._timeout, retries=0)
        return self._targets[key]


class V3Session:
    """SNMPv3 with one device; its engine id is asked first and pinned at the first success."""

    def __init__(
        self, exchange: Exchange, place: Place, user: V3User, habits: Habits, *, timeout: float, tries: int
    ) -> None:
        self.habits = habits
        self.bulk_exists = True
        self._exchange = exchange
        self._place = place
        self._user = user
        self._timeout = timeout
        self._tries = tries
        self._engine_id: bytes | None = None

    async def ask(self, pdu: PduType, oids: Sequence[Oid], repetitions: int = 0) -> Reply:
        """Ask one question, again after a silence."""
        if self._engine_id is None:
            self._engine_id = await self._greet()
        indication = None
        for _ in range(self._tries):
            # Before the first answer pysnmp asks for engine id and time of its own.
            await self._place.toll.pay(_OCTETS_OF_A_QUESTION, 1 if self.habits.engine_id else 3)
            indication, reply = await self._user.ask(self._place, pdu, oids, repetitions)
            if indication is None:
                self.habits.engine_id = self._engine_id
                return reply
            if type(indication).__name__ not in _TRY_AGAIN:
                break
        raise self._explain(type(indication).__name__)

    async def _greet(self) -> bytes:
        """Ask for the engine id; so silence at the address is told from silence to the user."""
        place = self._place
        for _ in range(self._tries):
            await place.toll.pay(len(encode_probe(1)))
            try:
                answer = await self._exchange.ask(place.address, place.port, encode_probe, timeout=self._timeout)
            except (TimeoutError, MalformedError):
                continue
            except OSError as error:
                raise Unreachable(f"{place.uri} can't be reached from this host ({error.strerror})") from error
            if isinstance(answer, EngineReport):
                return self._pinned(answer.engine_id)
        raise Unreachable(f"{place.uri} did not answer SNMPv3 in {self._tries} tries; is it on, is v3 switched on?")

    def _pinned(self, engine_id: bytes) -> bytes:
        if self.habits.engine_id not in (None, engine_id):
            raise AccessDenied(
                f"{self._place.uri} answers with another SNMPv3 engine id than at first; "
                "was the device exchanged? a restart of the agent takes the new one"
            )
        return engine_id

    def _explain(self, indication: str) -> DeviceError:
        uri, user = self._place.uri, self._user.name
        if indication == "RequestTimedOut" and self.habits.engine_id is not None:
            return silent(self._place, self._tries)
        if indication == "RequestTimedOut" and not self._user.encrypts:
            return Unreachable(f"{uri} answers SNMPv3, but not the user {user!r}; may the user read?")
        if indication in _DENIALS:
            return AccessDenied(f"{uri} {_DENIALS[indication].format(user=repr(user))}")
        return Unreadable(f"{uri} answers SNMPv3, but can't be understood ({indication})")


# What pysnmp's indications mean for the credential (RFC 3414 section 3.2; the reports of usmStats).
_DENIALS = {
    "UnknownUserName": "does not know the SNMPv3 user {user}",
    "UnknownSecurityName": "does not know the SNMPv3 user {user}",
    "WrongDigest": "refuses the authentication password or protocol of the SNMPv3 user {user}",
    "AuthenticationFailure": "refuses the authentication password or protocol of the SNMPv3 user {user}",
    "DecryptionError": "can't decrypt what the SNMPv3 user {user} sends; is the privacy password or protocol right?",
    "RequestTimedOut": "ignores what the SNMPv3 user {user} encrypts; is the privacy password or protocol right?",
    "UnsupportedSecurityLevel": "does not support the security level of the SNMPv3 user {user}",
    "UnsupportedAuthProtocol": "does not support the authentication protocol of the SNMPv3 user {user}",
    "UnsupportedPrivProtocol": "does not support the privacy protocol of the SNMPv3 user {user}",
    "NoSuchContext": "does not know the SNMPv3 context of the user {user}",
    "EncryptionError": "can't be sent encrypted messages; pip install 'pagemeter[snmpv3]' brings the ciphers",
    "NotInTimeWindow": "refuses the time of the SNMPv3 user {user}; did its clock run backwards?",
    "UnknownEngineID": "changed its SNMPv3 engine id while the user {user} was reading",
}
_TRY_AGAIN = frozenset({"RequestTimedOut", "NotInTimeWindow", "UnknownEngineID"})


def _pysnmp(module: str) -> Any:
    """Import pysnmp only where a v3 credential is used: it costs 80 ms."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise AccessDenied("SNMPv3 needs pysnmp, which is not installed: pip install 'pagemeter[snmpv3]'") from error


def _row(row: Any) -> VarBind:
    name, value = row
    outer = value.tagSet.superTags[-1]
    tag = int(outer.tagClass | outer.tagFormat | outer.tagId)
    plain: int | bytes | Oid | None
    if tag in _EMPTY_TAGS:
        plain = None
    elif tag == Tag.OBJECT_IDENTIFIER:
        plain = tuple(int(part) for part in value)
    elif tag in _OCTET_TAGS:
        plain = bytes(value)
    else:
        plain = int(value)
    return VarBind(tuple(int(part) for part in name), tag, plain)
