"""What a sweep asks, and what it takes for an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pagemeter.net.credentials import IPAddress, SnmpCredential, SnmpVersion
from pagemeter.snmp.codec import MalformedError, Message, PduType, decode
from pagemeter.snmp.probe import EngineReport, decode_report, encode_probe
from pagemeter.snmp.session import ErrorStatus, community_question
from pagemeter.snmp.types import Oid


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """An address that answered, under which credential; ``answer`` has all rows only where ``whole``."""

    address: IPAddress
    credential: SnmpCredential
    answer: Message | EngineReport
    whole: bool

    @property
    def host(self) -> str:
        """The address as text."""
        return str(self.address)


def question(credential: SnmpCredential, oids: Sequence[Oid]) -> Callable[[int], bytes]:
    """Return what a sweep asks once its request id is known: for the values, or an SNMPv3 engine who it is."""
    if credential.version == SnmpVersion.V3:
        return encode_probe
    return community_question(credential, PduType.GET, oids)


def understood(data: bytes) -> Message | EngineReport | None:
    """Read an answer of any version; none for what is no answer."""
    try:
        message = decode(data)
    except MalformedError:
        try:
            return decode_report(data)
        except MalformedError:
            return None
    return message if message.pdu == PduType.RESPONSE else None


def is_whole(answer: object, *, all_asked: bool) -> bool:
    """Say whether an answer has all values that the device can tell: no error, and all were asked for."""
    return isinstance(answer, Message) and all_asked and answer.error_status == ErrorStatus.NO_ERROR
