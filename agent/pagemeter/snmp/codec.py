"""SNMP v1 and v2c messages (RFC 1157, RFC 1901, RFC 3416): encoded strictly, decoded with a patience that has bounds.

There is no way to write here: the tag of a SET request can neither be encoded nor decoded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from pagemeter.snmp.ber import (
    INTEGER,
    IP_ADDRESS,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    TIME_TICKS,
    MalformedError,
    block,
    expect,
    header,
    integer,
    read_oid,
    read_value,
    signed,
    write_integer,
    write_oid,
    write_value,
)
from pagemeter.snmp.types import Oid, VarBind
from pagemeter.snmp.varbinds import MOST_VARBINDS, read_varbinds, write_varbind

__all__ = [
    "V1",
    "V2C",
    "MalformedError",
    "Message",
    "PduType",
    "Question",
    "V1Trap",
    "block",
    "decode",
    "encode",
    "expect",
    "header",
    "integer",
    "question",
    "request_id_of",
    "write_integer",
]

V1 = 0
V2C = 1

_LARGEST = 65_535

# Between these an id takes two octets in the shortest form, and firmware that keeps only 16 bits keeps all of it.
_NARROWEST = 128
_WIDEST_NARROW = 32_767


class PduType(IntEnum):
    """The protocol data units that are sent and received."""

    GET = 0xA0
    GET_NEXT = 0xA1
    RESPONSE = 0xA2
    TRAP_V1 = 0xA4
    GET_BULK = 0xA5
    INFORM = 0xA6
    TRAP = 0xA7
    REPORT = 0xA8


_TRAP_V1 = PduType.TRAP_V1
_PDU_TYPES = {int(kind): kind for kind in PduType}
_OF_VERSION = {
    V1: frozenset({PduType.GET, PduType.GET_NEXT, PduType.RESPONSE, PduType.TRAP_V1}),
    V2C: frozenset(PduType) - {PduType.TRAP_V1},
}
_QUESTIONS = frozenset({PduType.GET, PduType.GET_NEXT, PduType.GET_BULK})
_ANSWERS = frozenset({PduType.RESPONSE, PduType.REPORT})


@dataclass(frozen=True, slots=True, kw_only=True)
class V1Trap:
    """What a v1 trap has in place of a request id (RFC 1157 section 4.1.6): an IPv4 address, hundredths of a second."""

    enterprise: Oid
    agent_address: bytes
    generic: int
    specific: int
    time_stamp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message; ``version`` is the number on the wire: 0 for v1, 1 for v2c.

    GETBULK carries non-repeaters in ``error_status`` and max-repetitions in ``error_index``. ``trap`` stands in the
    trap of v1 and nowhere else.
    """

    version: int
    community: bytes
    pdu: PduType
    request_id: int = 0
    error_status: int = 0
    error_index: int = 0
    rows: tuple[VarBind, ...] = ()
    trap: V1Trap | None = None


class Question:
    """A request that was encoded once and lacks only its request id; ``narrow`` holds two octets for it at ``id_at``.

    ``octets`` is the length of ``narrow``, which serves for ids between 128 and 32,767.
    """

    __slots__ = ("_after", "_before", "_pdu", "id_at", "narrow", "octets")

    def __init__(self, before: bytes, pdu: PduType, after: bytes) -> None:
        self._before = before
        self._pdu = pdu
        self._after = after
        self.narrow: Final[bytes] = self._whole(_NARROWEST)
        self.octets: Final[int] = len(self.narrow)
        self.id_at: Final[int] = self.octets - len(after) - 2

    def stamped(self, request_id: int) -> bytes:
        """Return the message with that request id; raises MalformedError for one beyond 31 bits."""
        if _NARROWEST <= request_id <= _WIDEST_NARROW:
            at = self.id_at
            return self.narrow[:at] + request_id.to_bytes(2, "big") + self.narrow[at + 2 :]
        return self._whole(request_id)

    def _whole(self, request_id: int) -> bytes:
        return block(SEQUENCE, self._before + block(self._pdu, _write_id(request_id) + self._after))


def question(
    version: int,
    community: bytes,
    pdu: PduType,
    oids: Sequence[Oid],
    *,
    non_repeaters: int = 0,
    repetitions: int = 0,
) -> Question:
    """Encode a request for those values, the two numbers for GETBULK; raises MalformedError as ``encode`` does."""
    if pdu not in _QUESTIONS or pdu not in _OF_VERSION.get(version, ()):
        raise MalformedError(f"PDU type {pdu:#x} is no question of version field {version}")
    if len(oids) > MOST_VARBINDS:
        raise MalformedError("asks for too many values")
    rows = b"".join([block(SEQUENCE, write_oid(name) + b"\x05\x00") for name in oids])
    return Question(
        write_integer(version) + block(OCTET_STRING, community),
        pdu,
        write_integer(non_repeaters) + write_integer(repetitions) + block(SEQUENCE, rows),
    )


def encode(message: Message) -> bytes:
    """Write a message; raises MalformedError for a value that SNMP can't carry."""
    try:
        if message.pdu not in _OF_VERSION.get(message.version, ()):
            raise MalformedError(f"PDU type {message.pdu:#x} can't be sent")
        pdu = _write_head(message) + block(SEQUENCE, b"".join([write_varbind(*row) for row in message.rows]))
        head = write_integer(message.version) + block(OCTET_STRING, message.community)
        return block(SEQUENCE, head + block(message.pdu, pdu))
    except (ValueError, TypeError) as error:
        raise MalformedError(f"can't be encoded: {error}") from error


def _write_head(message: Message) -> bytes:
    trap = message.trap
    if (trap is None) == (message.pdu == _TRAP_V1):
        raise MalformedError("the trap of v1 has fields of its own, and no other message has them")
    if trap is None:
        return _write_id(message.request_id) + write_integer(message.error_status) + write_integer(message.error_index)
    return (
        write_oid(trap.enterprise)
        + block(IP_ADDRESS, write_value(IP_ADDRESS, trap.agent_address))
        + write_integer(trap.generic)
        + write_integer(trap.specific)
        + block(TIME_TICKS, write_value(TIME_TICKS, trap.time_stamp))
    )


def _write_id(request_id: int) -> bytes:
    if not -(1 << 31) <= request_id < 1 << 31:
        raise MalformedError(f"request id {request_id} takes more than 32 bits")
    return write_integer(request_id)


def decode(data: bytes) -> Message:
    """Read a message; octets behind it are ignored, MalformedError is the only exception.

    What else is tolerated stands in ``ber`` and at ``_read_id``; the bounds are 65,535 octets and 1,024 variables.
    """
    try:
        version, community, pdu, at, end = _read_envelope(data)
        if pdu == _TRAP_V1:
            trap, at = _read_trap(data, at, end)
            return Message(version=version, community=community, pdu=pdu, rows=read_varbinds(data, at, end), trap=trap)
        request_id, at = _read_id(data, at, end, pdu)
        status, at = integer(data, at, end)
        index, at = integer(data, at, end)
        return Message(
            version=version,
            community=community,
            pdu=pdu,
            request_id=request_id,
            error_status=status,
            error_index=index,
            rows=read_varbinds(data, at, end),
        )
    except IndexError:
        raise MalformedError("cut off") from None


def request_id_of(data: bytes) -> int:
    """Read no more of a message than its request id; raises MalformedError where there is none, a v1 trap included."""
    _, _, pdu, at, end = _read_envelope(data)
    if pdu == _TRAP_V1:
        raise MalformedError("the trap of v1 has no request id")
    return _read_id(data, at, end, pdu)[0]


def _read_envelope(data: bytes) -> tuple[int, bytes, PduType, int, int]:
    """Return version, community and type of the PDU, and where the PDU's contents begin and end."""
    if len(data) > _LARGEST:
        raise MalformedError("larger than a datagram")
    start, end = expect(data, 0, len(data), SEQUENCE)
    version, at = integer(data, start, end)
    if version not in _OF_VERSION:
        raise MalformedError(f"version field {version} is neither v1 nor v2c")
    at, after = expect(data, at, end, OCTET_STRING)
    tag, start, stop = header(data, after, end)
    pdu = _PDU_TYPES.get(tag)
    if pdu is None or pdu not in _OF_VERSION[version]:
        raise MalformedError(f"PDU type {tag:#x} is not one that is read")
    if stop != end:
        raise MalformedError("octets stand behind the PDU")
    return version, data[at:after], pdu, start, end


def _read_id(data: bytes, at: int, end: int, pdu: PduType) -> tuple[int, int]:
    """Read a request id; returns it and where it ends.

    Some firmware puts octets of sign in front of the id that it answers, FF before a positive one too. We ask with
    positive ids alone, so in an answer that FF is no part of the id.
    """
    start, after = expect(data, at, end, INTEGER)
    octets = data[start:after]
    value = signed(octets)
    if value < 0 and pdu in _ANSWERS:
        bare = octets.lstrip(b"\xff")
        if bare and bare[0] < 0x80:
            value = signed(bare)
    if not octets or not -(1 << 31) <= value < 1 << 31:
        raise MalformedError("a request id is empty or takes more than 32 bits")
    return value, after


def _read_trap(data: bytes, at: int, end: int) -> tuple[V1Trap, int]:
    start, at = expect(data, at, end, OBJECT_IDENTIFIER)
    enterprise = read_oid(data[start:at])
    start, at = expect(data, at, end, IP_ADDRESS)
    address = read_value(IP_ADDRESS, data[start:at])
    generic, at = integer(data, at, end)
    specific, at = integer(data, at, end)
    start, at = expect(data, at, end, TIME_TICKS)
    ticks = read_value(TIME_TICKS, data[start:at])
    if not isinstance(address, bytes) or not isinstance(ticks, int):
        raise MalformedError("the time-stamp of a trap is empty")
    trap = V1Trap(enterprise=enterprise, agent_address=address, generic=generic, specific=specific, time_stamp=ticks)
    return trap, at
