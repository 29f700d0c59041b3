"""The Basic Encoding Rules as far as SNMP needs them (X.690; RFC 3417 section 8), bounded in every direction.

Written in the shortest form. Read with a patience that is listed here and nowhere wider: lengths in the long form,
numbers with extra octets of sign in front, numbers without any octet, unsigned numbers that are sent as negative,
INTEGER up to 2^32-1, object identifiers without any octet, sub-identifiers up to 2^32-1.
"""

from __future__ import annotations

from pagemeter.errors import PagemeterError
from pagemeter.snmp.types import EXCEPTIONS, Oid, Tag

# As plain numbers, for to look up a member of an enumeration costs more than to read a number off the wire.
SEQUENCE = 0x30
INTEGER = int(Tag.INTEGER)
OCTET_STRING = int(Tag.OCTET_STRING)
OBJECT_IDENTIFIER = int(Tag.OBJECT_IDENTIFIER)
IP_ADDRESS = int(Tag.IP_ADDRESS)
TIME_TICKS = int(Tag.TIME_TICKS)

_OCTETS = frozenset({Tag.OCTET_STRING, Tag.OPAQUE})
_EMPTY = EXCEPTIONS | {Tag.NULL}

_MOST_OCTETS_OF_A_LENGTH = 4
_MOST_OCTETS_OF_A_NUMBER = 16
_MOST_ARCS = 128
_LARGEST_ARC = 0xFFFF_FFFF
# Of the first octets 40 * 2 belong to the first arc.
_LARGEST_FIRST = _LARGEST_ARC + 80
_MOST_OCTETS_OF_AN_OID = 5 * _MOST_ARCS

_ADDRESS_OCTETS = 4
_RANGES: dict[int, tuple[int, int]] = {
    Tag.INTEGER: (-(1 << 31), (1 << 32) - 1),
    Tag.COUNTER32: (-(1 << 31), (1 << 32) - 1),
    Tag.GAUGE32: (-(1 << 31), (1 << 32) - 1),
    Tag.TIME_TICKS: (-(1 << 31), (1 << 32) - 1),
    Tag.COUNTER64: (-(1 << 63), (1 << 64) - 1),
}
_MASKS: dict[int, int] = {
    Tag.COUNTER32: (1 << 32) - 1,
    Tag.GAUGE32: (1 << 32) - 1,
    Tag.TIME_TICKS: (1 << 32) - 1,
    Tag.COUNTER64: (1 << 64) - 1,
}

# The devices of a fleet send the same identifiers again and again; what only one of them makes up must not fill the
# memory: both tables start anew when they are full, and keep nothing long.
_MOST_KEPT = 16_384
_LONGEST_KEPT = 40
OIDS: dict[bytes, Oid] = {}
_NAMES: dict[Oid, bytes] = {}


class MalformedError(PagemeterError):
    """A datagram is no SNMP message of version 1 or 2c."""


def header(data: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Read tag and length; returns the tag, and where the contents begin and end."""
    if at + 2 > end:
        raise MalformedError("cut off")
    length = data[at + 1]
    start = at + 2
    if length >= 0x80:
        start, length = long_length(data, start, length)
    if start + length > end:
        raise MalformedError("a length reaches beyond the end")
    return data[at], start, start + length


def long_length(data: bytes, at: int, first: int) -> tuple[int, int]:
    """Read the rest of a length in the long form; returns where the contents begin, and the length."""
    size = first & 0x7F
    if not 0 < size <= _MOST_OCTETS_OF_A_LENGTH or at + size > len(data):
        raise MalformedError("a length is indefinite, cut off or absurd")
    return at + size, int.from_bytes(data[at : at + size], "big")


def expect(data: bytes, at: int, end: int, wanted: int) -> tuple[int, int]:
    """Read the header of an element of that tag; returns where its contents begin and end."""
    tag, start, after = header(data, at, end)
    if tag != wanted:
        raise MalformedError(f"tag {tag:#x} stands where {int(wanted):#x} is due")
    return start, after


def integer(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Read an INTEGER of the envelope; returns it and where it ends."""
    if at + 3 <= end and data[at] == INTEGER and data[at + 1] == 1 and data[at + 2] < 0x80:
        return data[at + 2], at + 3
    start, after = expect(data, at, end, INTEGER)
    value = read_number(INTEGER, data[start:after])
    if value is None:
        raise MalformedError("an INTEGER is empty")
    return value, after


def read_number(tag: int, octets: bytes) -> int | None:
    """Read the contents of a number of that tag; none where there are no octets."""
    if not octets:
        return None
    value = signed(octets)
    lowest, highest = _RANGES[tag]
    if not lowest <= value <= highest:
        raise MalformedError(f"the number {value} is too large for tag {tag:#x}")
    return value & _MASKS[tag] if tag != INTEGER else value


def signed(octets: bytes) -> int:
    """Read a number in two's complement, whatever it counts."""
    if len(octets) > _MOST_OCTETS_OF_A_NUMBER:
        raise MalformedError("a number is too long")
    return int.from_bytes(octets, "big", signed=True)


def read_value(tag: int, octets: bytes) -> int | bytes | Oid | None:
    """Read the contents of a value."""
    if tag in _RANGES:
        return read_number(tag, octets)
    if tag == OBJECT_IDENTIFIER:
        return read_oid(octets)
    if tag in _OCTETS:
        return octets
    if tag in _EMPTY:
        if octets:
            raise MalformedError(f"tag {tag:#x} carries octets")
        return None
    if tag == IP_ADDRESS:
        if len(octets) != _ADDRESS_OCTETS:
            raise MalformedError("an IpAddress has not four octets")
        return octets
    raise MalformedError(f"value tag {tag:#x} is none of SNMP's")


def read_oid(octets: bytes) -> Oid:
    """Read the contents of an object identifier; without any octet it is 0.0."""
    known = OIDS.get(octets)
    if known is not None:
        return known
    arcs = _arcs(octets)
    if len(octets) <= _LONGEST_KEPT:
        if len(OIDS) >= _MOST_KEPT:
            OIDS.clear()
        OIDS[octets] = arcs
    return arcs


def _arcs(octets: bytes) -> Oid:
    if not octets:
        return (0, 0)
    if len(octets) > _MOST_OCTETS_OF_AN_OID or octets[-1] >= 0x80:
        raise MalformedError("an object identifier is too long or cut off")
    parts = octets if octets.isascii() else _sub_identifiers(octets)
    if len(parts) >= _MOST_ARCS:
        raise MalformedError("an object identifier is too long")
    first = parts[0]
    if 40 <= first < 80:
        return (1, first - 40, *parts[1:])
    return (2, first - 80, *parts[1:]) if first >= 80 else (0, *parts)


def _sub_identifiers(octets: bytes) -> list[int]:
    parts: list[int] = []
    append = parts.append
    above = 0
    for octet in octets:
        if octet < 0x80:
            append(above | octet)
            above = 0
        elif octet == 0x80 and above == 0:
            raise MalformedError("a sub-identifier begins with nothing")
        else:
            above = (above | octet & 0x7F) << 7
    if max(parts) > _LARGEST_ARC and (parts[0] > _LARGEST_FIRST or max(parts[1:], default=0) > _LARGEST_ARC):
        raise MalformedError("a sub-identifier is too large")
    return parts


def block(tag: int, contents: bytes) -> bytes:
    """Write an element with its length in the shortest form."""
    length = len(contents)
    if length < 0x80:
        return bytes((tag, length)) + contents
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + contents


def write_integer(value: int) -> bytes:
    """Write an INTEGER element; raises MalformedError for one beyond 32 bits."""
    return block(INTEGER, write_value(INTEGER, value))


def write_value(tag: int, value: int | bytes | Oid | None) -> bytes:
    """Write the contents of a value; raises MalformedError for one that its tag can't carry."""
    match value:
        case None if tag in _EMPTY or tag in _RANGES:
            return b""
        case int() if tag in _RANGES:
            return _two_complement(tag, value)
        case bytes() if tag in _OCTETS or (tag == IP_ADDRESS and len(value) == _ADDRESS_OCTETS):
            return value
        case tuple() if tag == OBJECT_IDENTIFIER:
            return _oid_octets(value)
    raise MalformedError(f"tag {tag:#x} can't carry this {type(value).__name__}")


def _two_complement(tag: int, value: int) -> bytes:
    lowest, highest = _RANGES[tag]
    if not (lowest if tag == INTEGER else 0) <= value <= highest:
        raise MalformedError(f"the number {value} is too large for tag {tag:#x}")
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1
    return value.to_bytes(size, "big", signed=True)


def write_oid(value: Oid) -> bytes:
    """Write an OBJECT IDENTIFIER element; raises MalformedError for what is none."""
    known = _NAMES.get(value)
    if known is not None:
        return known
    element = block(OBJECT_IDENTIFIER, _oid_octets(value))
    if len(element) <= _LONGEST_KEPT:
        if len(_NAMES) >= _MOST_KEPT:
            _NAMES.clear()
        _NAMES[value] = element
    return element


def _oid_octets(value: Oid) -> bytes:
    if not 2 <= len(value) <= _MOST_ARCS or min(value) < 0 or max(value) > _LARGEST_ARC:
        raise MalformedError("is no object identifier")
    if value[0] > 2 or (value[0] < 2 and value[1] >= 40):
        raise MalformedError("is no object identifier")
    out = bytearray()
    for part in (value[0] * 40 + value[1], *value[2:]):
        if part >= 0x80:
            out.extend(part >> shift & 0x7F | 0x80 for shift in range((part.bit_length() - 1) // 7 * 7, 0, -7))
        out.append(part & 0x7F)
    return bytes(out)
