"""Variable bindings on the wire (RFC 3416 section 3): where the time of the codec goes.

What was read before is not read again: first the octets of the whole variable are looked up, then those of its name.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from pagemeter.snmp.ber import (
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    OIDS,
    SEQUENCE,
    MalformedError,
    block,
    expect,
    long_length,
    read_oid,
    read_value,
    write_oid,
    write_value,
)
from pagemeter.snmp.types import Oid, Tag, VarBind

MOST_VARBINDS = 1_024
# Identifiers take the longest to read: so many octets of them, as far as they were not met before, in one message.
_MOST_NEW_OCTETS = 32_768

# Most variables of a fleet have the same value in the next device of the same model, and in the next hour.
_VARBINDS: dict[bytes, VarBind] = {}
_MOST_KEPT = 16_384
_LONGEST_KEPT = 64
_RESTLESS = frozenset({Tag.COUNTER32, Tag.TIME_TICKS, Tag.COUNTER64})

_Row: TypeAlias = tuple[Oid, int, int | bytes | Oid | None]
# What the constructor of a named tuple does, without its step through Python.
_made: Callable[[_Row], VarBind] = partial(tuple.__new__, VarBind)


def read_varbinds(data: bytes, at: int, end: int) -> tuple[VarBind, ...]:
    """Read the list that ends each PDU; raises IndexError too where it is cut off."""
    at, after = expect(data, at, end, SEQUENCE)
    if after != end:
        raise MalformedError("octets stand behind the variables")
    rows: list[VarBind] = []
    known, new = _VARBINDS.get, 0
    for _ in range(MOST_VARBINDS):
        if at == end:
            return tuple(rows)
        length, start = data[at + 1], at + 2
        if length >= 0x80:
            start, length = long_length(data, start, length)
        after = start + length
        if data[at] != SEQUENCE or after > end:
            raise MalformedError("a variable is no sequence, or reaches beyond the end")
        contents = data[start:after]
        row = known(contents)
        if row is None:
            row = _read_varbind(contents)
            new += len(contents) if row[1] == OBJECT_IDENTIFIER or contents[1] >= 0x80 else contents[1]
            if new > _MOST_NEW_OCTETS:
                raise MalformedError("more identifiers than are read")
        rows.append(row)
        at = after
    if at == end:
        return tuple(rows)
    raise MalformedError("more variables than are read")


def _read_varbind(contents: bytes) -> VarBind:
    """Read name and value of one variable; without a call for each element as long as it is short and known."""
    length, at = contents[1], 2
    if length >= 0x80:
        at, length = long_length(contents, at, length)
    octets = contents[at : at + length]
    name = OIDS.get(octets) or read_oid(octets)
    value_at = at + length
    tag, length, at = contents[value_at], contents[value_at + 1], value_at + 2
    if length >= 0x80:
        at, length = long_length(contents, at, length)
    if contents[0] != OBJECT_IDENTIFIER or at + length != len(contents):
        raise MalformedError("a variable is no pair of a name and a value")
    octets = contents[at:]
    value: int | bytes | Oid | None
    if tag == OCTET_STRING:
        value = octets
    elif tag == INTEGER and 0 < length <= 4:
        value = int.from_bytes(octets, "big", signed=True)
    else:
        value = read_value(tag, octets)
    row = _made((name, tag, value))
    if tag not in _RESTLESS and len(contents) <= _LONGEST_KEPT:
        if len(_VARBINDS) >= _MOST_KEPT:
            _VARBINDS.clear()
        _VARBINDS[contents] = row
    return row


def write_varbind(name: Oid, tag: int, value: int | bytes | Oid | None) -> bytes:
    """Write one variable; raises MalformedError for a value that its tag can't carry."""
    return block(SEQUENCE, write_oid(name) + block(tag, write_value(tag, value)))
