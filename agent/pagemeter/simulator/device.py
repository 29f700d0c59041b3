"""A device that answers SNMP from a recording: datagram in, datagram out, no I/O (RFC 1157 section 4.1, RFC 3416)."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from enum import IntEnum

from pagemeter.simulator.behaviour import WELL_BEHAVED, Behaviour, WalkFault
from pagemeter.simulator.faults import Sent, sent_for
from pagemeter.snmp.codec import V1, MalformedError, Message, PduType, decode, encode
from pagemeter.snmp.types import Oid, Tag, VarBind, Walk

_VERSION_NAMES = {0: "1", 1: "2c"}


class ErrorStatus(IntEnum):
    """error-status (RFC 3416 section 3), as far as a device that is only read says it."""

    NO_ERROR = 0
    TOO_BIG = 1
    NO_SUCH_NAME = 2


class SimulatedDevice:
    """Answers as its recording and its behaviour say; ``requests`` counts the datagrams that reached it."""

    def __init__(self, walk: Walk, behaviour: Behaviour = WELL_BEHAVED) -> None:
        self.walk = walk
        self.behaviour = behaviour
        self.requests = 0
        self._rows = tuple(walk)
        self._oids = [row.oid for row in self._rows]
        # Seeded, so that a test that meets some garbage meets it again.
        self._random = random.Random(len(self._rows))  # noqa: S311 - nothing secret
        self._fault_row = self._after(behaviour.at) if behaviour.walk_fault is not None else None

    def answer(self, datagram: bytes) -> bytes | None:
        """Return the answer, or none where the device is silent."""
        self.requests += 1
        behaviour = self.behaviour
        if behaviour.sleeps or (behaviour.drop and self.requests % behaviour.drop == 0):
            return None
        if behaviour.garbage:
            return self._random.randbytes(self._random.randint(1, 200))
        try:
            request = decode(datagram)
        except MalformedError:
            return None
        known = _VERSION_NAMES[request.version] in behaviour.versions
        return self._answer(request) if known and request.community == behaviour.community.encode() else None

    def answers(self, datagram: bytes) -> tuple[Sent, ...]:
        """Return all that is sent, as the behaviour's fault has it."""
        answer = self.answer(datagram)
        return () if answer is None else sent_for(self.behaviour.fault, datagram, answer)

    def _answer(self, request: Message) -> bytes | None:
        match request.pdu:
            case PduType.GET:
                return self._get(request)
            case PduType.GET_NEXT:
                return self._get_next(request)
            case PduType.GET_BULK if request.version != V1:
                return self._get_bulk(request)
            case _:
                return None

    def _get(self, request: Message) -> bytes:
        rows = []
        for place, asked in enumerate(request.rows, start=1):
            row = self.walk.get(asked.oid)
            if request.version == V1 and (row is None or row.tag == Tag.COUNTER64):
                return self._error(request, ErrorStatus.NO_SUCH_NAME, place)
            rows.append(row if row is not None else VarBind(asked.oid, self._absence(asked.oid), None))
        return self._respond(request, rows)

    def _absence(self, asked: Oid) -> Tag:
        """Tell a missing instance from a missing object: siblings make it an instance."""
        return Tag.NO_SUCH_INSTANCE if self.walk.column(asked[:-1]) else Tag.NO_SUCH_OBJECT

    def _get_next(self, request: Message) -> bytes | None:
        rows = []
        for place, asked in enumerate(request.rows, start=1):
            if self._silent_behind(asked.oid):
                return None
            row = self._next(asked.oid, request.version)
            if request.version == V1 and row.tag == Tag.END_OF_MIB_VIEW:
                return self._error(request, ErrorStatus.NO_SUCH_NAME, place)
            rows.append(row)
        return self._respond(request, rows)

    def _get_bulk(self, request: Message) -> bytes | None:
        once = min(max(request.error_status, 0), len(request.rows))
        if any(self._silent_behind(asked.oid) for asked in request.rows):
            return None
        rows = [self._next(asked.oid, request.version) for asked in request.rows[:once]]
        size = _size(request, rows)
        for row in self._repetitions([asked.oid for asked in request.rows[once:]], request):
            size += _size(request, [row]) - _size(request, [])
            if size > self.behaviour.largest:
                break
            rows.append(row)
        return self._cut(request, rows)

    def _repetitions(self, asked: list[Oid], request: Message) -> Iterator[VarBind]:
        """Go on from each identifier, a row each in turn, until the repetitions or all of them are at an end."""
        for _ in range(max(request.error_index, 0) if asked else 0):
            if any(self._silent_behind(oid) for oid in asked):
                return
            rows = [self._next(oid, request.version) for oid in asked]
            yield from rows
            if all(row.tag == Tag.END_OF_MIB_VIEW for row in rows):
                return
            asked = [row.oid for row in rows]

    def _cut(self, request: Message, rows: list[VarBind]) -> bytes:
        """Leave rows out at the end until the answer is small enough (RFC 3416 section 4.2.3)."""
        while rows and _size(request, rows) > self.behaviour.largest:
            rows = rows[:-1]
        if request.rows and not rows and request.error_index + request.error_status > 0:
            return self._error(request, ErrorStatus.TOO_BIG, 0)
        return self._respond(request, rows)

    def _next(self, asked: Oid, version: int) -> VarBind:
        fault = self._fault_row
        if fault is not None and asked >= fault.oid:
            kind = self.behaviour.walk_fault
            if kind is WalkFault.ENDS:
                return VarBind(asked, Tag.END_OF_MIB_VIEW, None)
            if kind is WalkFault.REPEATS and asked == fault.oid:
                return fault
            if kind is WalkFault.GROWS and asked[:-1] == fault.oid[:-1]:
                return VarBind((*asked[:-1], asked[-1] + 1), fault.tag, fault.value)
        row = self._after(asked)
        while version == V1 and row is not None and row.tag == Tag.COUNTER64:
            row = self._after(row.oid)
        return row if row is not None else VarBind(asked, Tag.END_OF_MIB_VIEW, None)

    def _after(self, asked: Oid) -> VarBind | None:
        place = bisect_right(self._oids, asked)
        return self._rows[place] if place < len(self._rows) else None

    def _silent_behind(self, asked: Oid) -> bool:
        fault = self._fault_row
        return self.behaviour.walk_fault is WalkFault.SILENT and fault is not None and asked >= fault.oid

    def _respond(self, request: Message, rows: Sequence[VarBind]) -> bytes:
        datagram = encode(_response(request, rows))
        if len(datagram) <= self.behaviour.largest:
            return datagram
        return self._error(request, ErrorStatus.TOO_BIG, 0)

    @staticmethod
    def _error(request: Message, status: ErrorStatus, place: int) -> bytes:
        """Say why not: v1 and errors of one row repeat the request's rows, tooBig of v2c has none."""
        rows = () if status is ErrorStatus.TOO_BIG and request.version != V1 else request.rows
        return encode(replace(_response(request, rows), error_status=status, error_index=place))


def _size(request: Message, rows: Sequence[VarBind]) -> int:
    return len(encode(_response(request, rows)))


def _response(request: Message, rows: Sequence[VarBind]) -> Message:
    return replace(request, pdu=PduType.RESPONSE, error_status=0, error_index=0, rows=tuple(rows))
