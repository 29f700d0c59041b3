"""The question that any SNMPv3 engine answers without a user: who are you (RFC 3414 section 4)."""

from __future__ import annotations

from dataclasses import dataclass

from pagemeter.snmp.codec import MalformedError, PduType, block, expect, integer, write_integer
from pagemeter.snmp.types import Tag

_SEQUENCE = 0x30
_V3 = 3
_USM = 3
_REPORTABLE = b"\x04"
_LARGEST_ANSWER = 65_507
_LONGEST_ENGINE_ID = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineReport:
    """A message of version 3: which request it answers, the engine's id, and for who reads on all of its octets."""

    request_id: int
    engine_id: bytes
    octets: bytes = b""


def encode_probe(request_id: int) -> bytes:
    """Write a noAuthNoPriv GET without engine id, user and variables; ``request_id`` is the msgID too."""
    numbers = write_integer(0) + write_integer(0)
    nobody = block(Tag.OCTET_STRING, b"")
    pdu = block(PduType.GET, write_integer(request_id) + numbers + block(_SEQUENCE, b""))
    head = (
        write_integer(request_id)
        + write_integer(_LARGEST_ANSWER)
        + block(Tag.OCTET_STRING, _REPORTABLE)
        + write_integer(_USM)
    )
    security = block(_SEQUENCE, nobody + numbers + nobody + nobody + nobody)
    return block(
        _SEQUENCE,
        write_integer(_V3)
        + block(_SEQUENCE, head)
        + block(Tag.OCTET_STRING, security)
        + block(_SEQUENCE, nobody + nobody + pdu),
    )


def decode_report(data: bytes) -> EngineReport:
    """Read msgID and engine id of a v3 message; raises MalformedError, also where the engine id is empty or absurd."""
    start, end = expect(data, 0, len(data), _SEQUENCE)
    version, at = integer(data, start, end)
    if version != _V3:
        raise MalformedError(f"version field {version} is not v3")
    head, after = expect(data, at, end, _SEQUENCE)
    request_id, _ = integer(data, head, after)
    start, after = expect(data, after, end, Tag.OCTET_STRING)
    start, after = expect(data, start, after, _SEQUENCE)
    start, after = expect(data, start, after, Tag.OCTET_STRING)
    if not 0 < after - start <= _LONGEST_ENGINE_ID:
        raise MalformedError("the engine id is empty or longer than RFC 3411 allows")
    return EngineReport(request_id=request_id, engine_id=data[start:after], octets=data)
