"""What a simulated device answers, datagram by datagram (RFC 1157, RFC 3416)."""

from __future__ import annotations

import pytest

from pagemeter.simulator import Behaviour, SimulatedDevice, WalkFault
from pagemeter.snmp.codec import V1, V2C, MalformedError, Message, PduType, decode, encode, question
from pagemeter.snmp.types import Oid, Tag, VarBind, Walk, oid

DESCR, NAME, TRAFFIC, LAST = (oid(f"1.3.6.1.2.1.{tail}") for tail in ("1.1.0", "1.5.0", "31.1.1.1.6.1", "99.1.0"))
LEVELS = tuple(oid(f"1.3.6.1.2.1.43.11.1.1.9.1.{n}") for n in (1, 2, 3))
ROWS = (
    VarBind(DESCR, Tag.OCTET_STRING, b"A printer"),
    VarBind(NAME, Tag.OCTET_STRING, b"prn-1"),
    VarBind(TRAFFIC, Tag.COUNTER64, 2**40),
    *(VarBind(level, Tag.INTEGER, -3) for level in LEVELS),
    VarBind(LAST, Tag.TIME_TICKS, 7),
)
NO_ERROR, TOO_BIG, NO_SUCH_NAME = 0, 1, 2


def device(**behaviour: object) -> SimulatedDevice:
    return SimulatedDevice(Walk(ROWS), Behaviour(**behaviour))  # type: ignore[arg-type]  # the tests name the fields


def ask(
    simulated: SimulatedDevice,
    pdu: PduType,
    *oids: Oid,
    version: int = V2C,
    community: bytes = b"public",
    non_repeaters: int = 0,
    repetitions: int = 0,
) -> Message | None:
    request = Message(
        version=version,
        community=community,
        pdu=pdu,
        request_id=4711,
        error_status=non_repeaters,
        error_index=repetitions,
        rows=tuple(VarBind(name, Tag.NULL, None) for name in oids),
    )
    answer = simulated.answer(encode(request))
    return None if answer is None else decode(answer)


def answered(message: Message | None) -> Message:
    assert message is not None
    assert (message.pdu, message.request_id, message.community) == (PduType.RESPONSE, 4711, b"public")
    return message


@pytest.mark.parametrize("version", [V1, V2C])
def test_get_returns_the_rows_in_the_order_of_the_question(version: int) -> None:
    message = answered(ask(device(), PduType.GET, LAST, DESCR, version=version))
    assert (message.version, message.error_status) == (version, NO_ERROR)
    assert message.rows == (ROWS[-1], ROWS[0])


def test_v1_get_fails_as_a_whole_and_names_the_place_of_the_missing_one() -> None:
    message = answered(ask(device(), PduType.GET, DESCR, oid("1.3.6.1.2.1.1.9.0"), NAME, version=V1))
    assert (message.error_status, message.error_index) == (NO_SUCH_NAME, 2)
    assert [row.oid for row in message.rows] == [DESCR, oid("1.3.6.1.2.1.1.9.0"), NAME]


def test_v2c_get_tells_a_missing_instance_from_a_missing_object() -> None:
    no_instance, no_object = (*LEVELS[0][:-1], 9), oid("1.3.6.1.2.1.2.1.0")
    message = answered(ask(device(), PduType.GET, no_instance, NAME, no_object))
    assert (message.error_status, message.error_index) == (NO_ERROR, 0)
    assert [row.tag for row in message.rows] == [Tag.NO_SUCH_INSTANCE, Tag.OCTET_STRING, Tag.NO_SUCH_OBJECT]


@pytest.mark.parametrize("version", [V1, V2C])
def test_get_next_goes_on_behind_a_row_and_behind_a_gap(version: int) -> None:
    message = answered(ask(device(), PduType.GET_NEXT, DESCR, oid("1.3.6.1.2.1.43"), version=version))
    assert [row.oid for row in message.rows] == [NAME, LEVELS[0]]


def test_get_next_at_the_end_is_an_exception_in_v2c_and_an_error_in_v1() -> None:
    end = answered(ask(device(), PduType.GET_NEXT, NAME, LAST))
    assert (end.error_status, end.rows[1]) == (NO_ERROR, VarBind(LAST, Tag.END_OF_MIB_VIEW, None))
    error = answered(ask(device(), PduType.GET_NEXT, NAME, LAST, version=V1))
    assert (error.error_status, error.error_index) == (NO_SUCH_NAME, 2)


def test_v1_never_sees_a_counter_of_64_bits() -> None:
    assert answered(ask(device(), PduType.GET, TRAFFIC, version=V1)).error_status == NO_SUCH_NAME
    assert answered(ask(device(), PduType.GET_NEXT, NAME, version=V1)).rows[0].oid == LEVELS[0]
    assert answered(ask(device(), PduType.GET_NEXT, NAME)).rows[0].oid == TRAFFIC


def test_get_bulk_asks_once_then_in_turns() -> None:
    message = answered(ask(device(), PduType.GET_BULK, oid("1.3"), DESCR, TRAFFIC, non_repeaters=1, repetitions=2))
    assert [row.oid for row in message.rows] == [DESCR, NAME, LEVELS[0], TRAFFIC, LEVELS[1]]


def test_get_bulk_stops_when_all_are_at_the_end() -> None:
    message = answered(ask(device(), PduType.GET_BULK, LEVELS[1], repetitions=50))
    assert [row.oid for row in message.rows] == [LEVELS[2], LAST, LAST]
    assert message.rows[-1].tag == Tag.END_OF_MIB_VIEW


def test_get_bulk_without_repetitions_is_answered_without_rows() -> None:
    message = answered(ask(device(), PduType.GET_BULK, DESCR))
    assert (message.error_status, message.rows) == (NO_ERROR, ())


def test_get_bulk_does_not_exist_in_v1() -> None:
    asked = question(V2C, b"public", PduType.GET_BULK, (DESCR,), repetitions=5).stamped(4711)
    assert device().answer(asked) is not None
    # The same octets with the version field of v1, which can't be asked in earnest.
    assert device().answer(asked.replace(b"\x02\x01\x01\x04", b"\x02\x01\x00\x04", 1)) is None


def test_an_answer_that_is_too_long_is_cut_for_get_bulk_only() -> None:
    small = device(largest=60)
    cut = answered(ask(small, PduType.GET_BULK, oid("1.3"), repetitions=7))
    assert 0 < len(cut.rows) < len(ROWS)
    assert cut.rows == ROWS[: len(cut.rows)]
    assert len(encode(cut)) <= 60
    assert len(encode(Message(**{**_fields(cut), "rows": ROWS[: len(cut.rows) + 1]}))) > 60  # type: ignore[arg-type]  # the fields of a message
    for pdu in (PduType.GET, PduType.GET_NEXT):
        v2c = answered(ask(small, pdu, *LEVELS, DESCR))
        assert (v2c.error_status, v2c.error_index, v2c.rows) == (TOO_BIG, 0, ())
        v1 = answered(ask(small, pdu, *LEVELS, DESCR, version=V1))
        assert (v1.error_status, len(v1.rows)) == (TOO_BIG, 4)


def _fields(message: Message) -> dict[str, object]:
    names = ("version", "community", "pdu", "request_id", "error_status", "error_index", "rows")
    return {name: getattr(message, name) for name in names}


def test_a_wrong_community_meets_silence() -> None:
    assert ask(device(), PduType.GET, DESCR, community=b"private") is None
    assert ask(device(community="geheim"), PduType.GET, DESCR) is None


@pytest.mark.parametrize(("speaks", "silent"), [("1", V2C), ("2c", V1)])
def test_a_version_that_is_not_spoken_meets_silence(speaks: str, silent: int) -> None:
    simulated = device(versions=(speaks,))
    assert ask(simulated, PduType.GET, DESCR, version=silent) is None
    assert ask(simulated, PduType.GET, DESCR, version=1 - silent) is not None


@pytest.mark.parametrize("datagram", [b"", b"\x30", b"GET / HTTP/1.0\r\n\r\n", bytes(200)])
def test_what_is_no_snmp_meets_silence(datagram: bytes) -> None:
    assert device().answer(datagram) is None


def test_a_response_is_not_answered() -> None:
    assert ask(device(), PduType.RESPONSE, DESCR) is None


def test_a_set_request_is_not_answered() -> None:
    get = encode(Message(version=V2C, community=b"public", pdu=PduType.GET, request_id=1, rows=(ROWS[0],)))
    place = get.index(PduType.GET)
    assert device().answer(get) is not None
    assert device().answer(get[:place] + b"\xa3" + get[place + 1 :]) is None


def test_a_sleeping_device_is_silent_and_still_counts_who_knocks() -> None:
    simulated = device(sleeps=True)
    assert [ask(simulated, PduType.GET, DESCR) for _ in range(3)] == [None, None, None]
    assert simulated.requests == 3


def test_every_nth_request_is_lost() -> None:
    simulated = device(drop=3)
    assert [ask(simulated, PduType.GET, DESCR) is None for _ in range(6)] == [False, False, True] * 2


def test_garbage_is_never_readable_and_the_same_for_each_device_made_anew() -> None:
    request = encode(Message(version=V2C, community=b"public", pdu=PduType.GET, request_id=1, rows=(ROWS[0],)))
    first, second = device(garbage=True), device(garbage=True)
    answers = [first.answer(request) for _ in range(200)]
    assert answers == [second.answer(request) for _ in range(200)]
    for answer in answers:
        assert answer is not None
        with pytest.raises(MalformedError):
            decode(answer)


def test_a_walk_that_repeats_gives_one_row_for_ever() -> None:
    simulated = device(walk_fault=WalkFault.REPEATS, at=LEVELS[0])
    assert [row.oid for row in answered(ask(simulated, PduType.GET_NEXT, LEVELS[0])).rows] == [LEVELS[1]]
    assert [row.oid for row in answered(ask(simulated, PduType.GET_NEXT, LEVELS[1])).rows] == [LEVELS[1]]
    bulk = answered(ask(simulated, PduType.GET_BULK, LEVELS[0], repetitions=20))
    assert {row.oid for row in bulk.rows} == {LEVELS[1]}


def test_a_walk_that_grows_has_no_end_and_always_larger_identifiers() -> None:
    simulated = device(walk_fault=WalkFault.GROWS, at=LEVELS[0])
    at = LEVELS[0]
    for _ in range(300):
        (row,) = answered(ask(simulated, PduType.GET_NEXT, at)).rows
        assert row.oid > at
        at = row.oid
    assert at == (*LEVELS[0][:-1], 301)


def test_a_walk_that_ends_says_so_too_early() -> None:
    simulated = device(walk_fault=WalkFault.ENDS, at=LEVELS[0])
    assert answered(ask(simulated, PduType.GET_NEXT, LEVELS[1])).rows[0].tag == Tag.END_OF_MIB_VIEW
    assert answered(ask(simulated, PduType.GET, LEVELS[2])).rows[0].value == -3


def test_a_walk_that_falls_silent_gives_what_comes_before() -> None:
    simulated = device(walk_fault=WalkFault.SILENT, at=LEVELS[0])
    bulk = answered(ask(simulated, PduType.GET_BULK, NAME, repetitions=20))
    assert [row.oid for row in bulk.rows] == [TRAFFIC, LEVELS[0], LEVELS[1]]
    assert ask(simulated, PduType.GET_BULK, LEVELS[1], repetitions=20) is None
    assert ask(simulated, PduType.GET_NEXT, LEVELS[1]) is None
    assert ask(simulated, PduType.GET, LEVELS[2]) is not None
