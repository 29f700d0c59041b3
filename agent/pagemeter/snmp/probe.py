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

# What is the same in every probe: msgMaxSize, msgFlags and msgSecurityModel; boots and time; names that are empty.
_VERSION = write_integer(_V3)
_MODEL = write_integer(_LARGEST_ANSWER) + block(Tag.OCTET_STRING, _REPORTABLE) + write_integer(_USM)
_NUMBERS = write_integer(0) + write_integer(0)
_NOBODY = block(Tag.OCTET_STRING, b"")
_NO_ROWS = block(_SEQUENCE, b"")
_NO_SECURITY = block(Tag.OCTET_STRING, block(_SEQUENCE, _NOBODY + _NUMBERS + _NOBODY + _NOBODY + _NOBODY))


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineReport:
    """A message of version 3: which request it answers, the engine's id, and for who reads on all of its octets."""

    request_id: int
    engine_id: bytes
    octets: bytes = b""


def encode_probe(request_id: int) -> bytes:
    """Write a noAuthNoPriv GET without engine id, user and variables; ``request_id`` is the msgID too."""
    number = write_integer(request_id)
    pdu = block(PduType.GET, number + _NUMBERS + _NO_ROWS)
    return block(
        _SEQUENCE,
        _VERSION + block(_SEQUENCE, number + _MODEL) + _NO_SECURITY + block(_SEQUENCE, _NOBODY + _NOBODY + pdu),
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
