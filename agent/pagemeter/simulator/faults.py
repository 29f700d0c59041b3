"""What broken firmware, and who does harm on purpose, makes of an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

from pagemeter.snmp.codec import Message, PduType, block, decode, encode, write_integer
from pagemeter.snmp.types import Oid, Tag, VarBind

_GARBAGE = b"HTTP/1.1 400 Bad Request\r\n\r\n"
_LARGEST = 65_507
_TOO_BIG = 1
_GEN_ERR = 5
_REPORT = 0xA8


class AnswerFault(StrEnum):
    """What is wrong with each answer; see ``sent_for``."""

    GARBAGE = "garbage"
    GARBAGE_FIRST = "garbage-first"
    WRONG_ID = "wrong-id"
    WRONG_ID_FIRST = "wrong-id-first"
    SHORT_ID = "short-id"
    TWICE = "twice"
    OTHER_PORT = "other-port"
    OTHER_ADDRESS = "other-address"
    TRUNCATED = "truncated"
    TOO_BIG = "too-big"
    GEN_ERR = "gen-err"
    NO_ROWS = "no-rows"
    REPORT = "report"
    TRAP = "trap"
    SAME = "same"
    BACKWARDS = "backwards"
    FORWARD = "forward"
    DRIP = "drip"
    HUGE = "huge"
    FLOOD = "flood"


class Elsewhere(StrEnum):
    """From where a datagram comes that does not come from where the question went."""

    PORT = "port"
    ADDRESS = "address"


class Sent(NamedTuple):
    """A datagram; after so many times of the behaviour's delay, and from elsewhere unless none."""

    data: bytes
    delays: int = 0
    elsewhere: Elsewhere | None = None


def sent_for(fault: AnswerFault | None, question: bytes, answer: bytes) -> tuple[Sent, ...]:
    """Return what is sent in place of an answer.

    ``short-id`` cuts request ids to 16 bits with a sign; ``same`` gives one row for ever, ``backwards`` rows before the
    place that was asked for, ``forward`` makes up rows for ever; ``drip`` sends the answer octet by octet, ``huge``
    64 KB at once, ``flood`` a thousand datagrams before it that are none of SNMP.
    """
    if fault is None:
        return (Sent(answer),)
    if fault in _DATAGRAMS:
        return _DATAGRAMS[fault](answer)
    asked, message = decode(question), decode(answer)
    return (Sent(encode(_MESSAGES[fault](asked, message))),)


_DATAGRAMS: dict[AnswerFault, Callable[[bytes], tuple[Sent, ...]]] = {
    AnswerFault.GARBAGE: lambda _: (Sent(_GARBAGE),),
    AnswerFault.GARBAGE_FIRST: lambda answer: (Sent(_GARBAGE), Sent(answer[:-1]), Sent(b""), Sent(answer)),
    AnswerFault.WRONG_ID_FIRST: lambda answer: (Sent(encode(_wrong_id(None, decode(answer)))), Sent(answer)),
    AnswerFault.TWICE: lambda answer: (Sent(answer), Sent(answer), Sent(answer, 1)),
    AnswerFault.OTHER_PORT: lambda answer: (Sent(answer, elsewhere=Elsewhere.PORT),),
    AnswerFault.OTHER_ADDRESS: lambda answer: (Sent(answer, elsewhere=Elsewhere.ADDRESS),),
    AnswerFault.TRUNCATED: lambda answer: (Sent(answer[: len(answer) * 2 // 3]),),
    AnswerFault.REPORT: lambda answer: (Sent(_report(answer)),),
    AnswerFault.TRAP: lambda answer: (Sent(answer.replace(bytes((PduType.RESPONSE,)), b"\xa7", 1)),),
    AnswerFault.DRIP: lambda answer: tuple(Sent(bytes((octet,)), at + 1) for at, octet in enumerate(answer)),
    AnswerFault.FLOOD: lambda answer: (*(Sent(_GARBAGE) for _ in range(1000)), Sent(answer)),
}


def _wrong_id(_: Message | None, answer: Message) -> Message:
    return replace(answer, request_id=answer.request_id ^ 1)


def _short_id(_: Message, answer: Message) -> Message:
    low = answer.request_id & 0xFFFF
    return replace(answer, request_id=low - 0x1_0000 if low & 0x8000 else low)


def _error(status: int) -> Callable[[Message, Message], Message]:
    def fail(asked: Message, answer: Message) -> Message:
        return replace(answer, error_status=status, error_index=0, rows=asked.rows)

    return fail


def _no_rows(_: Message, answer: Message) -> Message:
    return replace(answer, rows=(), error_status=0, error_index=0)


def _same(asked: Message, answer: Message) -> Message:
    return _unless_get(asked, answer, [VarBind((*_place(asked), 7), Tag.INTEGER, 7) for _ in range(10)])


def _backwards(asked: Message, answer: Message) -> Message:
    place = _place(asked)
    while place[-1] == 0:
        place = place[:-1]
    return _unless_get(asked, answer, [VarBind((*place[:-1], place[-1] - 1, n), Tag.INTEGER, n) for n in (3, 2, 1)])


def _forward(asked: Message, answer: Message) -> Message:
    last = asked.rows[0].oid
    place, number = (last[:-1], last[-1]) if len(last) > _DEEP else (_deep(last), 0)
    rows = [VarBind((*place, number + n), Tag.INTEGER, n) for n in range(1, 60)]
    return _unless_get(asked, answer, rows)


def _huge(asked: Message, answer: Message) -> Message:
    """Fill a datagram to the brim: with one value, or with rows of long ones."""
    room = _LARGEST - len(encode(replace(answer, rows=()))) - 100
    if asked.pdu == PduType.GET:
        return replace(answer, rows=(VarBind(asked.rows[0].oid, Tag.OCTET_STRING, b"x" * room),))
    rows = _forward(asked, answer).rows
    long = b"x" * (room // len(rows) - 60)
    return replace(
        answer, error_status=0, error_index=0, rows=tuple(VarBind(row.oid, Tag.OCTET_STRING, long) for row in rows)
    )


_MESSAGES: dict[AnswerFault, Callable[[Message, Message], Message]] = {
    AnswerFault.WRONG_ID: _wrong_id,
    AnswerFault.SHORT_ID: _short_id,
    AnswerFault.TOO_BIG: _error(_TOO_BIG),
    AnswerFault.GEN_ERR: _error(_GEN_ERR),
    AnswerFault.NO_ROWS: _no_rows,
    AnswerFault.SAME: _same,
    AnswerFault.BACKWARDS: _backwards,
    AnswerFault.FORWARD: _forward,
    AnswerFault.HUGE: _huge,
}

# Rows that are made up have so many sub-identifiers more than anything that a walk begins with.
_DEEP = 20


def _deep(place: Oid) -> Oid:
    return place + (1,) * (_DEEP - len(place))


def _place(asked: Message) -> Oid:
    """Return the place behind which something is asked, less what was made up."""
    place = asked.rows[0].oid
    return place[:-1] if place[-1] == 7 else place


def _unless_get(asked: Message, answer: Message, rows: list[VarBind]) -> Message:
    if asked.pdu == PduType.GET:
        return answer
    return replace(answer, error_status=0, error_index=0, rows=tuple(rows))


def _report(answer: bytes) -> bytes:
    """Write a Report of SNMPv3 (RFC 3412) that answers the same id with an engine id."""
    number = write_integer(decode(answer).request_id)
    zero, empty = write_integer(0), block(Tag.OCTET_STRING, b"")
    engine = block(Tag.OCTET_STRING, bytes.fromhex("8000270f05706167656d"))
    head = number + write_integer(_LARGEST) + block(Tag.OCTET_STRING, b"\x00") + write_integer(3)
    security = block(0x30, engine + zero + zero + empty + empty + empty)
    scoped = block(0x30, engine + empty + block(_REPORT, number + zero + zero + block(0x30, b"")))
    return block(0x30, write_integer(3) + block(0x30, head) + block(Tag.OCTET_STRING, security) + scoped)
