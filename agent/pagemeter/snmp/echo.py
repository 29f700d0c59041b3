"""What a sweep asks, and what it takes for an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Self

from pagemeter.net.credentials import IPAddress, SnmpCredential, SnmpVersion
from pagemeter.snmp.codec import MalformedError, Message, PduType, decode
from pagemeter.snmp.probe import EngineReport, decode_report, encode_probe
from pagemeter.snmp.session import ErrorStatus, community_question
from pagemeter.snmp.types import Oid, VarBind


class Values(NamedTuple):
    """What was answered to which request; ``rows`` are none of an SNMPv3 engine, which only says who it is."""

    request_id: int
    rows: tuple[VarBind, ...] | None
    is_fine: bool

    @classmethod
    def of(cls, message: Message | EngineReport) -> Self:
        """Take over what a sweep looks at; fine is an answer of values and without an error."""
        if isinstance(message, EngineReport):
            return cls(message.request_id, None, False)
        return cls(message.request_id, message.rows, message.error_status == ErrorStatus.NO_ERROR)


class Echo(NamedTuple):
    """An address that answered, also as text, and under which credential; ``rows`` are all only where ``whole``.

    They are none of an SNMPv3 engine.
    """

    address: IPAddress
    host: str
    credential: SnmpCredential
    rows: tuple[VarBind, ...] | None
    whole: bool


def question(credential: SnmpCredential, oids: Sequence[Oid]) -> Callable[[int], bytes]:
    """Return what a sweep asks once its request id is known: for the values, or an SNMPv3 engine who it is."""
    if credential.version == SnmpVersion.V3:
        return encode_probe
    return community_question(credential, PduType.GET, oids)


def understood(data: bytes) -> Values | None:
    """Read an answer of any version; none for what is no answer."""
    try:
        message = decode(data)
    except MalformedError:
        try:
            return Values.of(decode_report(data))
        except MalformedError:
            return None
    return Values.of(message) if message.pdu == PduType.RESPONSE else None
