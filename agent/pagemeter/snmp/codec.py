"""SNMP v1 and v2c messages in BER (RFC 1157, RFC 3416, X.690): encoded strictly, decoded with patience.

There is no way to write here: the tag of a SET request can neither be encoded nor decoded.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from pagemeter.errors import PagemeterError
from pagemeter.snmp.types import EXCEPTIONS, Oid, Tag, VarBind

V1 = 0
V2C = 1

_SEQUENCE = 0x30
_LARGEST = 65_535
_MOST_OCTETS_OF_A_NUMBER = 16
_MOST_SUB_IDENTIFIERS = 128
_UNSIGNED32 = frozenset({Tag.COUNTER32, Tag.GAUGE32, Tag.TIME_TICKS})
_NUMBERS = _UNSIGNED32 | {Tag.INTEGER, Tag.COUNTER64}
_OCTETS = frozenset({Tag.OCTET_STRING, Tag.OPAQUE, Tag.IP_ADDRESS})
_EMPTY = EXCEPTIONS | {Tag.NULL}


class MalformedError(PagemeterError):
    """A datagram is no SNMP message of version 1 or 2c."""


class PduType(IntEnum):
    """The protocol data units that are sent and received."""

    GET = 0xA0
    GET_NEXT = 0xA1
    RESPONSE = 0xA2
    GET_BULK = 0xA5


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message; ``version`` is the number on the wire: 0 for v1, 1 for v2c.

    GETBULK carries non-repeaters in ``error_status`` and max-repetitions in ``error_index``.
    """

    version: int
    community: bytes
    pdu: PduType
    request_id: int
    error_status: int = 0
    error_index: int = 0
    rows: tuple[VarBind, ...] = ()


def encode(message: Message) -> bytes:
    """Write a message; raises MalformedError for a value that SNMP can't carry."""
    try:
        rows = b"".join(_encode_row(row) for row in message.rows)
        pdu = b"".join(
            (
                write_integer(message.request_id),
                write_integer(message.error_status),
                write_integer(message.error_index),
                block(_SEQUENCE, rows),
            )
        )
        head = write_integer(message.version) + block(Tag.OCTET_STRING, message.community)
        return block(_SEQUENCE, head + block(PduType(message.pdu), pdu))
    except (ValueError, TypeError) as error:
        raise MalformedError(f"can't be encoded: {error}") from error


def decode(data: bytes) -> Message:
    """Read a message; octets behind it are ignored, MalformedError is the only exception.

    Tolerated: long forms of lengths, numbers with extra octets in front, unsigned numbers sent as negative,
    sub-identifiers up to 2^32-1, numbers without any octet (their value is none).
    """
    if len(data) > _LARGEST:
        raise MalformedError("larger than a datagram")
    start, end = expect(data, 0, len(data), _SEQUENCE)
    version, at = integer(data, start, end)
    if version not in (V1, V2C):
        raise MalformedError(f"version field {version} is neither v1 nor v2c")
    at, after = expect(data, at, end, Tag.OCTET_STRING)
    community = data[at:after]
    tag, at, end = header(data, after, end)
    try:
        pdu = PduType(tag)
    except ValueError:
        raise MalformedError(f"PDU type {tag:#x} is not one that is read") from None
    request_id, at = integer(data, at, end)
    status, at = integer(data, at, end)
    index, at = integer(data, at, end)
    return Message(
        version=version,
        community=community,
        pdu=pdu,
        request_id=request_id,
        error_status=status,
        error_index=index,
        rows=_rows(data, *expect(data, at, end, _SEQUENCE)),
    )


def _rows(data: bytes, at: int, end: int) -> tuple[VarBind, ...]:
    rows = []
    while at < end:
        start, at = expect(data, at, end, _SEQUENCE)
        name_start, name_end = expect(data, start, at, Tag.OBJECT_IDENTIFIER)
        tag, value_start, value_end = header(data, name_end, at)
        rows.append(VarBind(_oid(data, name_start, name_end), tag, _value(tag, data, value_start, value_end)))
    return tuple(rows)


def _value(tag: int, data: bytes, start: int, end: int) -> int | bytes | Oid | None:
    if tag in _NUMBERS:
        return _number(tag, data, start, end)
    if tag in _OCTETS:
        return data[start:end]
    if tag == Tag.OBJECT_IDENTIFIER:
        return _oid(data, start, end)
    if tag in _EMPTY:
        return None
    raise MalformedError(f"value tag {tag:#x} is none of SNMP's")


def _number(tag: int, data: bytes, start: int, end: int) -> int | None:
    if start == end:
        return None
    if end - start > _MOST_OCTETS_OF_A_NUMBER:
        raise MalformedError("a number is too long")
    value = int.from_bytes(data[start:end], "big", signed=True)
    if tag in _UNSIGNED32:
        return value & 0xFFFF_FFFF
    if tag == Tag.COUNTER64:
        return value & 0xFFFF_FFFF_FFFF_FFFF
    return value


def integer(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Read an INTEGER of the envelope; returns it and where it ends."""
    start, after = expect(data, at, end, Tag.INTEGER)
    value = _number(Tag.INTEGER, data, start, after)
    if value is None:
        raise MalformedError("an INTEGER is empty")
    return value, after


def _oid(data: bytes, start: int, end: int) -> Oid:
    if start == end:
        return (0, 0)
    parts: list[int] = []
    value = 0
    for octet in data[start:end]:
        value = value << 7 | octet & 0x7F
        if value > 0xFFFF_FFFF:
            raise MalformedError("a sub-identifier is too large")
        if octet < 0x80:
            parts.append(value)
            value = 0
    if data[end - 1] >= 0x80:
        raise MalformedError("an object identifier is cut off")
    if len(parts) > _MOST_SUB_IDENTIFIERS:
        raise MalformedError("an object identifier is too long")
    first = min(parts[0] // 40, 2)
    return (first, parts[0] - 40 * first, *parts[1:])


def expect(data: bytes, at: int, end: int, wanted: int) -> tuple[int, int]:
    """Read the header of an element of that tag; returns where its contents begin and end."""
    tag, start, after = header(data, at, end)
    if tag != wanted:
        raise MalformedError(f"tag {tag:#x} stands where {int(wanted):#x} is due")
    return start, after


def header(data: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Read tag and length; returns the tag, and where the contents begin and end."""
    if at + 2 > end:
        raise MalformedError("cut off")
    length = data[at + 1]
    start = at + 2
    if length >= 0x80:
        size = length & 0x7F
        if size == 0 or start + size > end:
            raise MalformedError("a length is indefinite or cut off")
        length = int.from_bytes(data[start : start + size], "big")
        start += size
    if start + length > end:
        raise MalformedError("a length reaches beyond the end")
    return data[at], start, start + length


def _encode_row(row: VarBind) -> bytes:
    tag, value = row.tag, row.value
    if tag in _EMPTY:
        contents = b""
    elif tag in _NUMBERS and isinstance(value, int):
        contents = _two_complement(value)
    elif tag in _OCTETS and isinstance(value, bytes):
        contents = value
    elif tag == Tag.OBJECT_IDENTIFIER and isinstance(value, tuple):
        contents = _encode_oid(value)
    else:
        raise MalformedError(f"tag {tag:#x} can't carry {type(value).__name__}")
    return block(_SEQUENCE, block(Tag.OBJECT_IDENTIFIER, _encode_oid(row.oid)) + block(tag, contents))


def _encode_oid(value: Oid) -> bytes:
    if len(value) < 2 or min(value) < 0 or value[0] > 2 or max(value[1:]) > 0xFFFF_FFFF:
        raise MalformedError("is no object identifier")
    out = bytearray()
    for part in (value[0] * 40 + value[1], *value[2:]):
        if part < 0x80:
            out.append(part)
        else:
            groups = range((part.bit_length() - 1) // 7 * 7, 0, -7)
            out.extend(part >> shift & 0x7F | 0x80 for shift in groups)
            out.append(part & 0x7F)
    return bytes(out)


def write_integer(value: int) -> bytes:
    """Write an INTEGER element."""
    return block(Tag.INTEGER, _two_complement(value))


def _two_complement(value: int) -> bytes:
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1
    return value.to_bytes(size, "big", signed=True)


def block(tag: int, contents: bytes) -> bytes:
    """Write an element with its length in the shortest form."""
    length = len(contents)
    if length < 0x80:
        return bytes((tag, length)) + contents
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + contents
