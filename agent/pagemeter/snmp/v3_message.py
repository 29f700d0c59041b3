"""SNMP v3 messages in BER (RFC 3412 section 6, RFC 3414 section 2.4): the frame alone, keys are for ``usm``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pagemeter.snmp.codec import (
    V2C,
    MalformedError,
    Message,
    PduType,
    block,
    decode,
    encode,
    expect,
    header,
    integer,
    write_integer,
)
from pagemeter.snmp.types import Oid, Tag, VarBind

AUTH = 0x01
PRIV = 0x02
REPORTABLE = 0x04

LARGEST_NUMBER = 2**31 - 1

_SEQUENCE = 0x30
_V3 = 3
_USM = 3
_LARGEST_ANSWER = 65_507
_LARGEST_DATAGRAM = 65_535
_LONGEST_USER = 32
_LONGEST_ENGINE_ID = 32
# A v2c message without community: what stands before the PDU in it.
_V2C_HEAD = write_integer(V2C) + block(Tag.OCTET_STRING, b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class V3Message:
    """A message as it is on the wire: ``scoped`` is encrypted where the flags say so.

    ``signature`` stands at ``signed_at`` of ``whole``, which is without the octets behind the message.
    """

    message_id: int
    flags: int
    engine_id: bytes
    boots: int
    seconds: int
    user: bytes
    signature: bytes
    signed_at: int
    salt: bytes
    scoped: bytes
    whole: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopedPdu:
    """What an engine says: a Response, or a Report of what it could not take."""

    is_report: bool
    request_id: int
    error_status: int
    error_index: int
    rows: tuple[VarBind, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """The security parameters of a message that is written, and its flags."""

    flags: int = 0
    engine_id: bytes = b""
    boots: int = 0
    seconds: int = 0
    user: bytes = b""


def scoped_pdu(
    engine_id: bytes, context: bytes, pdu: PduType, request_id: int, oids: Sequence[Oid], counts: tuple[int, int]
) -> bytes:
    """Write a question in its context; ``counts`` are non-repeaters and max-repetitions of a GETBULK."""
    rows = tuple(VarBind(oid, Tag.NULL, None) for oid in oids)
    message = encode(
        Message(
            version=V2C,
            community=b"",
            pdu=pdu,
            request_id=request_id,
            error_status=counts[0],
            error_index=counts[1],
            rows=rows,
        )
    )
    start, _ = expect(message, 0, len(message), _SEQUENCE)
    places = block(Tag.OCTET_STRING, engine_id) + block(Tag.OCTET_STRING, context)
    return block(_SEQUENCE, places + message[start + len(_V2C_HEAD) :])


def write(message_id: int, security: Security, scoped: bytes, salt: bytes, signature_octets: int) -> tuple[bytes, int]:
    """Write a message with zeros for its signature; returns it, and where they begin."""
    head = (
        write_integer(message_id)
        + write_integer(_LARGEST_ANSWER)
        + block(Tag.OCTET_STRING, bytes((security.flags | REPORTABLE,)))
        + write_integer(_USM)
    )
    salted = block(Tag.OCTET_STRING, salt)
    parameters = block(
        _SEQUENCE,
        block(Tag.OCTET_STRING, security.engine_id)
        + write_integer(security.boots)
        + write_integer(security.seconds)
        + block(Tag.OCTET_STRING, security.user)
        + block(Tag.OCTET_STRING, bytes(signature_octets))
        + salted,
    )
    data = block(Tag.OCTET_STRING, scoped) if security.flags & PRIV else scoped
    whole = write_integer(_V3) + block(_SEQUENCE, head) + block(Tag.OCTET_STRING, parameters) + data
    message = block(_SEQUENCE, whole)
    return message, len(message) - len(data) - len(salted) - signature_octets


def read(data: bytes) -> V3Message:
    """Read a message; octets behind it are ignored, MalformedError is the only exception."""
    if len(data) > _LARGEST_DATAGRAM:
        raise MalformedError("larger than a datagram")
    start, end = expect(data, 0, len(data), _SEQUENCE)
    version, at = integer(data, start, end)
    if version != _V3:
        raise MalformedError(f"version field {version} is not v3")
    start, after = expect(data, at, end, _SEQUENCE)
    message_id, flags = _head(data, start, after)
    start, at = expect(data, after, end, Tag.OCTET_STRING)
    start, after = expect(data, start, at, _SEQUENCE)
    engine_id, start = _octets(data, start, after, _LONGEST_ENGINE_ID)
    boots, start = _natural(data, start, after)
    seconds, start = _natural(data, start, after)
    user, start = _octets(data, start, after, _LONGEST_USER)
    signed_at, start = expect(data, start, after, Tag.OCTET_STRING)
    salt_at, salt_end = expect(data, start, after, Tag.OCTET_STRING)
    return V3Message(
        message_id=message_id,
        flags=flags,
        engine_id=engine_id,
        boots=boots,
        seconds=seconds,
        user=user,
        signature=data[signed_at:start],
        signed_at=signed_at,
        salt=data[salt_at:salt_end],
        scoped=_data(data, at, end, flags),
        whole=data[:end],
    )


def read_scoped(data: bytes) -> ScopedPdu:
    """Read a decrypted scoped PDU; the padding behind it is ignored. Raises MalformedError."""
    start, end = expect(data, 0, len(data), _SEQUENCE)
    _, at = expect(data, start, end, Tag.OCTET_STRING)
    _, at = expect(data, at, end, Tag.OCTET_STRING)
    _, _, after = header(data, at, end)
    # The codec reads the PDU, within its own bounds, as that of a v2c message.
    inside = decode(block(_SEQUENCE, _V2C_HEAD + data[at:after]))
    if inside.pdu not in (PduType.RESPONSE, PduType.REPORT):
        raise MalformedError(f"a {inside.pdu.name} instead of an answer")
    return ScopedPdu(
        is_report=inside.pdu == PduType.REPORT,
        request_id=inside.request_id,
        error_status=inside.error_status,
        error_index=inside.error_index,
        rows=inside.rows,
    )


def _head(data: bytes, at: int, end: int) -> tuple[int, int]:
    message_id, at = integer(data, at, end)
    _, at = integer(data, at, end)
    flags, at = _octets(data, at, end, 1)
    model, _ = integer(data, at, end)
    if model != _USM:
        raise MalformedError(f"security model {model} is not the user-based one")
    if len(flags) != 1 or flags[0] & (AUTH | PRIV) == PRIV:
        raise MalformedError("flags that are none")
    return message_id, flags[0]


def _data(data: bytes, at: int, end: int, flags: int) -> bytes:
    """Return the plain scoped PDU as a whole, or the encrypted octets."""
    if flags & PRIV:
        start, after = expect(data, at, end, Tag.OCTET_STRING)
        return data[start:after]
    _, after = expect(data, at, end, _SEQUENCE)
    return data[at:after]


def _octets(data: bytes, at: int, end: int, most: int) -> tuple[bytes, int]:
    start, after = expect(data, at, end, Tag.OCTET_STRING)
    if after - start > most:
        raise MalformedError(f"{after - start} octets where {most} are the most")
    return data[start:after], after


def _natural(data: bytes, at: int, end: int) -> tuple[int, int]:
    value, after = integer(data, at, end)
    if not 0 <= value <= LARGEST_NUMBER:
        raise MalformedError(f"boots or time of {value}")
    return value, after
