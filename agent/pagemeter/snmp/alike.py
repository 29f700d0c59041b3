"""Answers that differ from earlier ones in nothing but the request id and a text: most of those of a sweep."""

from __future__ import annotations

from typing import NamedTuple

from pagemeter.snmp.ber import INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE
from pagemeter.snmp.codec import expect, header, integer
from pagemeter.snmp.echo import Values, understood
from pagemeter.snmp.types import Oid, VarBind

# What is kept is made up by devices: few, and nothing long.
_MOST_MOULDS = 256
_MOST_TAILS = 32
_LONGEST = 600
# Rows take more memory than the octets that they were read from.
_MOST_ROWS = 16


class _Mould(NamedTuple):
    """What does not change: ``head`` ends before the id of two octets, ``middle`` stands between it and the text."""

    head: bytes
    id_at: int
    middle: bytes
    text_at: int
    tail_at: int
    before: tuple[VarBind, ...]
    name: Oid
    tails: dict[bytes, tuple[VarBind, ...]]


class Alike:
    """Reads answers as ``understood`` does, at a glance where all but the id and the first text was read before.

    The octets of an OCTET STRING have no say in how the others are read, nor have the two of a positive id: as long as
    all others are the same in the same places, what was found in them is the same too.
    """

    def __init__(self) -> None:
        self._moulds: dict[int, tuple[_Mould, ...]] = {}
        self._count = 0

    def read(self, data: bytes) -> Values | None:
        """Read an answer of any version; none for what is no answer."""
        for head, at, middle, start, stop, before, name, tails in self._moulds.get(len(data), ()):
            if data.startswith(head) and data.startswith(middle, at + 2) and 0 < data[at] < 0x80:
                behind = tails.get(data[stop:])
                if behind is None:
                    break
                rows = (*before, VarBind(name, OCTET_STRING, data[start:stop]), *behind)
                return Values(data[at] << 8 | data[at + 1], rows, True)
        answer = understood(data)
        if answer is not None and answer.rows and answer.is_fine:
            self._learn(data, answer.rows)
        return answer

    def _learn(self, data: bytes, rows: tuple[VarBind, ...]) -> None:
        fits = len(data) <= _LONGEST and len(rows) <= _MOST_ROWS
        mould = _mould(data, rows) if fits else None
        if mould is None:
            return
        kept = self._moulds.get(len(data), ())
        for one in kept:
            if one[:-1] == mould[:-1]:
                if len(one.tails) >= _MOST_TAILS:
                    one.tails.clear()
                one.tails.update(mould.tails)
                return
        if self._count >= _MOST_MOULDS:
            self._moulds.clear()
            kept, self._count = (), 0
        self._moulds[len(data)] = (mould, *kept)
        self._count += 1


def _mould(data: bytes, rows: tuple[VarBind, ...]) -> _Mould | None:
    """Find the places of the id and of the first text in an answer that was understood; none where it has none."""
    start, end = expect(data, 0, len(data), SEQUENCE)
    _, at = integer(data, start, end)
    _, at = expect(data, at, end, OCTET_STRING)
    _, at, _ = header(data, at, end)
    id_at, behind = expect(data, at, end, INTEGER)
    _, at = integer(data, behind, end)
    _, at = integer(data, at, end)
    at, end = expect(data, at, end, SEQUENCE)
    for number, row in enumerate(rows):
        inner, after = expect(data, at, end, SEQUENCE)
        if row.tag == OCTET_STRING and behind - id_at == 2:
            _, value = expect(data, inner, after, OBJECT_IDENTIFIER)
            text_at, tail_at = expect(data, value, after, OCTET_STRING)
            tails = {data[tail_at:]: rows[number + 1 :]}
            middle = data[behind:text_at]
            return _Mould(data[:id_at], id_at, middle, text_at, tail_at, rows[:number], row.oid, tails)
        at = after
    return None
