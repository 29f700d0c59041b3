"""The codec: what is encoded is read back, what is odd in a known way is understood, all else is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pagemeter.snmp.codec import (
    V1,
    V2C,
    MalformedError,
    Message,
    PduType,
    V1Trap,
    block,
    decode,
    encode,
    question,
    request_id_of,
    write_integer,
)
from pagemeter.snmp.probe import decode_report, encode_probe
from pagemeter.snmp.types import Oid, Tag, VarBind, oid

SYS_DESCR = oid("1.3.6.1.2.1.1.1.0")
SYS_UP_TIME = oid("1.3.6.1.2.1.1.3.0")
PRINTER_ALERT = oid("1.3.6.1.2.1.43.18.2")

# RFC 1157's GetRequest of sysDescr.0 with community "public", written octet by octet.
GET_SYS_DESCR = bytes.fromhex(
    "3026 020100 0406 7075626c6963 a019 020101 020100 020100 300e 300c 0608 2b06010201010100 0500"
)
SET_TAG = 0xA3

OF_VERSION: dict[int, list[PduType]] = {
    V1: [PduType.GET, PduType.GET_NEXT, PduType.RESPONSE],
    V2C: [kind for kind in PduType if kind != PduType.TRAP_V1],
}


def oids() -> st.SearchStrategy[Oid]:
    rest = st.lists(st.integers(0, 2**32 - 1), max_size=20).map(tuple)
    low = st.tuples(st.integers(0, 1), st.integers(0, 39))
    high = st.tuples(st.just(2), st.integers(0, 2**32 - 1))
    return st.tuples(low | high, rest).map(lambda parts: parts[0] + parts[1])


def rows() -> st.SearchStrategy[VarBind]:
    values = st.one_of(
        st.tuples(st.just(Tag.INTEGER), st.integers(-(2**31), 2**32 - 1) | st.none()),
        st.tuples(st.sampled_from([Tag.COUNTER32, Tag.GAUGE32, Tag.TIME_TICKS]), st.integers(0, 2**32 - 1)),
        st.tuples(st.just(Tag.COUNTER64), st.integers(0, 2**64 - 1)),
        st.tuples(st.sampled_from([Tag.OCTET_STRING, Tag.OPAQUE]), st.binary(max_size=300)),
        st.tuples(st.just(Tag.IP_ADDRESS), st.binary(min_size=4, max_size=4)),
        st.tuples(st.just(Tag.OBJECT_IDENTIFIER), oids()),
        st.tuples(
            st.sampled_from([Tag.NULL, Tag.NO_SUCH_OBJECT, Tag.NO_SUCH_INSTANCE, Tag.END_OF_MIB_VIEW]), st.none()
        ),
    )
    return st.builds(lambda name, value: VarBind(name, value[0], value[1]), oids(), values)


def plain() -> st.SearchStrategy[Message]:
    """All messages but the trap of v1; ids as a manager of ours sends them."""
    return st.builds(
        lambda kind, **fields: Message(version=kind[0], pdu=kind[1], **fields),
        kind=st.sampled_from([(version, pdu) for version, kinds in OF_VERSION.items() for pdu in kinds]),
        community=st.binary(max_size=40),
        request_id=st.integers(0, 2**31 - 1),
        error_status=st.integers(0, 18),
        error_index=st.integers(0, 100),
        rows=st.lists(rows(), max_size=8).map(tuple),
    )


def v1_traps() -> st.SearchStrategy[Message]:
    trap = st.builds(
        V1Trap,
        enterprise=oids(),
        agent_address=st.binary(min_size=4, max_size=4),
        generic=st.integers(0, 6),
        specific=st.integers(-(2**31), 2**31 - 1),
        time_stamp=st.integers(0, 2**32 - 1),
    )
    return st.builds(
        Message,
        version=st.just(V1),
        community=st.binary(max_size=40),
        pdu=st.just(PduType.TRAP_V1),
        rows=st.lists(rows(), max_size=8).map(tuple),
        trap=trap,
    )


def messages() -> st.SearchStrategy[Message]:
    return plain() | v1_traps()


def response(rows_octets: bytes, *, request_id: bytes = b"\x02\x01\x01", behind: bytes = b"") -> bytes:
    """Write a v2c response with community public around octets of one's own."""
    head = request_id + write_integer(0) + write_integer(0)
    pdu = block(PduType.RESPONSE, head + block(0x30, rows_octets) + behind)
    return block(0x30, write_integer(V2C) + block(0x04, b"public") + pdu)


def answer(value: str) -> VarBind:
    """Wrap one BER value, in hex, into a response to sysDescr.0 and decode it."""
    row = bytes.fromhex("0608 2b06010201010100") + bytes.fromhex(value)
    return decode(response(block(0x30, row))).rows[0]


def named(name: str) -> Oid:
    """Wrap one BER object identifier, in hex, into a response as a name and decode it."""
    return decode(response(block(0x30, bytes.fromhex(name) + b"\x05\x00"))).rows[0].oid


# What is written


def test_a_get_request_is_written_as_the_rfc_says() -> None:
    message = Message(
        version=V1, community=b"public", pdu=PduType.GET, request_id=1, rows=(VarBind(SYS_DESCR, Tag.NULL, None),)
    )
    assert encode(message) == GET_SYS_DESCR
    assert decode(GET_SYS_DESCR) == message


def test_a_printer_alert_is_written_as_a_v1_trap_octet_by_octet() -> None:
    # RFC 1157 section 4.1.6 with the trap of RFC 3805: enterprise printerV2AlertPrefix, generic 6, specific 1.
    trap = V1Trap(enterprise=PRINTER_ALERT, agent_address=bytes([127, 0, 0, 1]), generic=6, specific=1, time_stamp=300)
    written = bytes.fromhex(
        "3029 020100 0406 7075626c6963 a41c 0608 2b060102012b1202 4004 7f000001 020106 020101 4302012c 3000"
    )
    message = Message(version=V1, community=b"public", pdu=PduType.TRAP_V1, trap=trap)
    assert encode(message) == written
    assert decode(written) == message


@given(messages())
def test_what_is_encoded_is_read_back(message: Message) -> None:
    assert decode(encode(message)) == message
    # The second time its names and variables are known.
    assert decode(encode(message)) == message


@given(plain())
def test_the_request_id_is_read_without_the_rest(message: Message) -> None:
    assert request_id_of(encode(message)) == message.request_id
    assert request_id_of(encode(replace(message, rows=())) + b"rubbish") == message.request_id


@given(v1_traps())
def test_a_v1_trap_has_no_request_id(message: Message) -> None:
    with pytest.raises(MalformedError, match="no request id"):
        request_id_of(encode(message))


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        (Tag.OBJECT_IDENTIFIER, b"text"),
        (Tag.OBJECT_IDENTIFIER, (1,)),
        (Tag.OBJECT_IDENTIFIER, (3, 1)),
        (Tag.OBJECT_IDENTIFIER, (1, 40)),
        (Tag.OBJECT_IDENTIFIER, (1, 3, 2**32)),
        (Tag.OBJECT_IDENTIFIER, (1, 3, -1)),
        (Tag.OBJECT_IDENTIFIER, (1, 3, *range(127))),
        (Tag.COUNTER32, b"text"),
        (Tag.COUNTER32, -1),
        (Tag.GAUGE32, 2**32),
        (Tag.COUNTER64, 2**64),
        (Tag.INTEGER, 2**32),
        (Tag.INTEGER, -(2**31) - 1),
        (Tag.IP_ADDRESS, b"\x7f"),
        (Tag.NULL, b""),
        (Tag.OCTET_STRING, None),
        (0x25, None),
        (SET_TAG, b""),
    ],
)
def test_a_value_that_its_tag_cannot_carry_is_not_encoded(tag: int, value: int | bytes | Oid | None) -> None:
    row = VarBind(SYS_DESCR, tag, value)
    with pytest.raises(MalformedError):
        encode(Message(version=V2C, community=b"", pdu=PduType.RESPONSE, request_id=1, rows=(row,)))


@pytest.mark.parametrize(
    "message",
    [
        Message(version=3, community=b"", pdu=PduType.GET),
        Message(version=V1, community=b"", pdu=PduType.GET_BULK),
        Message(version=V1, community=b"", pdu=PduType.TRAP),
        Message(version=V1, community=b"", pdu=PduType.TRAP_V1),
        Message(version=V2C, community=b"", pdu=PduType.GET, request_id=2**31),
        Message(version=V2C, community=b"", pdu=PduType.GET, request_id=-(2**31) - 1),
    ],
    ids=["v3", "GETBULK of v1", "v2 trap of v1", "v1 trap without its fields", "id too large", "id too small"],
)
def test_a_message_that_no_version_knows_is_not_encoded(message: Message) -> None:
    with pytest.raises(MalformedError):
        encode(message)


def test_a_set_request_can_neither_be_asked_nor_encoded_nor_decoded() -> None:
    assert SET_TAG not in [int(kind) for kind in PduType]
    forged: PduType = SET_TAG  # type: ignore[assignment]  # the point
    with pytest.raises(MalformedError):
        encode(Message(version=V2C, community=b"public", pdu=forged, request_id=1))
    with pytest.raises(MalformedError):
        question(V2C, b"public", forged, (SYS_DESCR,))
    with pytest.raises(MalformedError, match="PDU type 0xa3"):
        decode(GET_SYS_DESCR.replace(b"\xa0", b"\xa3"))


# Questions


@given(
    st.sampled_from(
        [(version, kind) for version, kinds in OF_VERSION.items() for kind in kinds if kind in (0xA0, 0xA1)]
    ),
    st.binary(max_size=200),
    st.lists(oids(), max_size=12),
    st.integers(0, 2**31 - 1),
)
def test_a_stamped_question_is_the_message_with_that_id(
    kind: tuple[int, PduType], community: bytes, names: list[Oid], request_id: int
) -> None:
    version, pdu = kind
    asked = tuple(VarBind(name, Tag.NULL, None) for name in names)
    message = Message(version=version, community=community, pdu=pdu, request_id=request_id, rows=asked)
    assert question(version, community, pdu, names).stamped(request_id) == encode(message)


@given(st.integers(128, 32_767), st.lists(oids(), max_size=12))
def test_a_narrow_id_is_set_by_writing_two_octets_in_place(request_id: int, names: list[Oid]) -> None:
    asked = question(V2C, b"public", PduType.GET_BULK, names, non_repeaters=1, repetitions=20)
    assert asked.octets == len(asked.narrow)
    patched = bytearray(asked.narrow)
    patched[asked.id_at : asked.id_at + 2] = request_id.to_bytes(2, "big")
    assert bytes(patched) == asked.stamped(request_id)
    read = decode(bytes(patched))
    assert (read.request_id, read.error_status, read.error_index) == (request_id, 1, 20)


@pytest.mark.parametrize("request_id", [0, 1, 127, 128, 32_767, 32_768, 2**23, 2**31 - 1])
def test_a_question_can_be_stamped_with_every_id_of_31_bits(request_id: int) -> None:
    assert decode(question(V1, b"public", PduType.GET, (SYS_DESCR,)).stamped(request_id)).request_id == request_id


def test_what_is_no_question_cannot_be_asked() -> None:
    for version, pdu in ((V2C, PduType.RESPONSE), (V2C, PduType.TRAP), (V1, PduType.GET_BULK), (3, PduType.GET)):
        with pytest.raises(MalformedError):
            question(version, b"public", pdu, (SYS_DESCR,))
    with pytest.raises(MalformedError, match="too many values"):
        question(V2C, b"public", PduType.GET, (SYS_DESCR,) * 1_025)
    with pytest.raises(MalformedError, match="more than 32 bits"):
        question(V2C, b"public", PduType.GET, (SYS_DESCR,)).stamped(2**31)


# What printers do wrong and what is understood all the same: each tolerance by its name


@pytest.mark.parametrize(
    ("value", "tag", "expected"),
    [
        ("0201ff", Tag.INTEGER, -1),
        ("0201fe", Tag.INTEGER, -2),
        ("0201fd", Tag.INTEGER, -3),
        ("02020080", Tag.INTEGER, 128),
        ("0602 8837", Tag.OBJECT_IDENTIFIER, (2, 999)),
        ("0606 2b8fffffff7f", Tag.OBJECT_IDENTIFIER, (1, 3, 2**32 - 1)),
        ("8000", Tag.NO_SUCH_OBJECT, None),
        ("8100", Tag.NO_SUCH_INSTANCE, None),
        ("8200", Tag.END_OF_MIB_VIEW, None),
        ("0500", Tag.NULL, None),
        ("4004 0a000001", Tag.IP_ADDRESS, bytes([10, 0, 0, 1])),
        ("4404 9f780400", Tag.OPAQUE, bytes.fromhex("9f780400")),
    ],
)
def test_values_as_the_rfcs_want_them_are_read(value: str, tag: int, expected: int | bytes | Oid | None) -> None:
    assert answer(value) == VarBind(SYS_DESCR, tag, expected)


@pytest.mark.parametrize(
    ("value", "tag", "expected"),
    [
        ("0204ffffffff", Tag.INTEGER, -1),
        ("0206000000003039", Tag.INTEGER, 12_345),
        ("0208fffffffffffffffe", Tag.INTEGER, -2),
        ("4105ff80000000", Tag.COUNTER32, 2**31),
        ("410600000000002a", Tag.COUNTER32, 42),
        ("460900ffffffffffffffff", Tag.COUNTER64, 2**64 - 1),
    ],
)
def test_tolerated_a_number_may_have_extra_octets_of_sign(value: str, tag: int, expected: int) -> None:
    assert answer(value) == VarBind(SYS_DESCR, tag, expected)


@pytest.mark.parametrize(
    ("value", "tag", "expected"),
    [
        ("4104ffffffff", Tag.COUNTER32, 2**32 - 1),
        ("410480000000", Tag.COUNTER32, 2**31),
        ("4204fffffffe", Tag.GAUGE32, 2**32 - 2),
        ("4301ff", Tag.TIME_TICKS, 2**32 - 1),
        ("4608ffffffffffffffff", Tag.COUNTER64, 2**64 - 1),
    ],
)
def test_tolerated_an_unsigned_number_may_be_sent_as_negative(value: str, tag: int, expected: int) -> None:
    assert answer(value) == VarBind(SYS_DESCR, tag, expected)


def test_tolerated_a_counter_that_is_sent_as_integer_may_have_its_highest_bit() -> None:
    assert answer("0205 00ffffffff") == VarBind(SYS_DESCR, Tag.INTEGER, 2**32 - 1)


@pytest.mark.parametrize("tag", [Tag.INTEGER, Tag.COUNTER32, Tag.GAUGE32, Tag.TIME_TICKS, Tag.COUNTER64])
def test_tolerated_a_number_without_octets_is_no_number_and_not_zero(tag: int) -> None:
    assert answer(f"{tag:02x}00") == VarBind(SYS_DESCR, tag, None)


def test_tolerated_an_object_identifier_without_octets_is_zero_dot_zero() -> None:
    assert answer("0600") == VarBind(SYS_DESCR, Tag.OBJECT_IDENTIFIER, (0, 0))
    assert answer("060100") == VarBind(SYS_DESCR, Tag.OBJECT_IDENTIFIER, (0, 0))


def test_tolerated_sub_identifiers_beyond_31_bits_are_unsigned() -> None:
    assert named("0608 2b06 88 80 80 80 00 01") == (1, 3, 6, 2**31, 1)
    assert named("0607 2b06 8fffffff7f") == (1, 3, 6, 2**32 - 1)


@pytest.mark.parametrize("length", ["8102", "820002", "83000002", "8400000002"])
def test_tolerated_a_length_may_have_its_long_form(length: str) -> None:
    assert answer(f"04{length}4142") == VarBind(SYS_DESCR, Tag.OCTET_STRING, b"AB")
    assert named(f"06{length}2b06") == (1, 3, 6)


def test_tolerated_all_lengths_of_a_message_may_have_their_long_form() -> None:
    def wide(tag: int, contents: bytes) -> bytes:
        return bytes((tag, 0x82)) + len(contents).to_bytes(2, "big") + contents

    row = wide(0x30, wide(0x06, bytes.fromhex("2b06010201010100")) + wide(0x02, b"\x07"))
    head = wide(0x02, b"\x12\x34") + wide(0x02, b"\x00") + wide(0x02, b"\x00")
    pdu = wide(PduType.RESPONSE, head + wide(0x30, row))
    data = wide(0x30, wide(0x02, b"\x01") + wide(0x04, b"public") + pdu)
    expected = Message(
        version=V2C,
        community=b"public",
        pdu=PduType.RESPONSE,
        request_id=0x1234,
        rows=(VarBind(SYS_DESCR, Tag.INTEGER, 7),),
    )
    assert decode(data) == expected


@given(messages(), st.binary(max_size=20))
def test_tolerated_octets_behind_a_message_are_ignored(message: Message, rubbish: bytes) -> None:
    assert decode(encode(message) + rubbish) == message


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        ("0202 1234", 0x1234),
        ("0203 001234", 0x1234),
        ("0203 ff1234", 0x1234),
        ("0204 ffff1234", 0x1234),
        ("0202 ff05", 5),
        ("0205 0012345678", 0x12345678),
        ("0205 ff12345678", 0x12345678),
        ("0201 ff", -1),
        ("0202 8001", -32_767),
    ],
)
def test_tolerated_an_answer_may_have_octets_of_sign_in_front_of_its_request_id(octets: str, expected: int) -> None:
    data = response(b"", request_id=bytes.fromhex(octets))
    assert decode(data).request_id == expected
    assert request_id_of(data) == expected


@given(st.integers(-(2**31), -1))
def test_the_negative_id_of_an_inform_is_kept_for_it_has_to_be_repeated(request_id: int) -> None:
    inform = Message(version=V2C, community=b"public", pdu=PduType.INFORM, request_id=request_id)
    assert decode(encode(inform)) == inform


# What is wrong in any other way


def test_what_a_scanner_heard_instead_of_snmp_is_malformed() -> None:
    with pytest.raises(MalformedError):
        decode(bytes.fromhex("23 07 ff 01 00 00 f8"))
    with pytest.raises(MalformedError):
        request_id_of(bytes.fromhex("23 07 ff 01 00 00 f8"))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "cut off"),
        (GET_SYS_DESCR.replace(b"\x02\x01\x00\x04", b"\x02\x01\x03\x04"), "version field 3"),
        (GET_SYS_DESCR.replace(b"\xa0", b"\xa5"), "PDU type 0xa5"),
        (GET_SYS_DESCR.replace(b"\xa0", b"\xa9"), "PDU type 0xa9"),
        (GET_SYS_DESCR[:-2] + b"\x99\x00", "value tag 0x99"),
        (b"\x30\x84\xff\xff\xff\xff", "beyond the end"),
        (b"\x30\x85\x00\x00\x00\x00\x02", "absurd"),
        (b"\x30\x80\x02\x01\x00\x00\x00", "indefinite"),
        (b"\x30" + bytes(70_000), "larger than a datagram"),
        (b"HTTP/1.1 400 Bad Request\r\n" + bytes(80), "tag 0x48"),
        (response(b"", request_id=b"\x02\x00"), "request id"),
        (response(b"", request_id=b"\x02\x05\x01\x00\x00\x00\x00"), "request id"),
        (response(b"", request_id=b"\x02\x11" + bytes(17)), "too long"),
        (response(b"", behind=b"\x05\x00"), "behind the variables"),
        (response(b"\x05\x00"), "no sequence"),
        (response(b"\x30"), "cut off"),
        (response(b"\x30\x00"), "cut off"),
        (response(b"\x30\x7f\x06\x01\x2b\x05\x00"), "beyond the end"),
        (response(b"\x30\x07\x06\x01\x2b\x05\x00\x05\x00"), "no pair"),
        (response(b"\x30\x06\x04\x02\x2b\x06\x05\x00"), "no pair"),
        (response(b"\x30\x06\x06\x02\x2b\x06\x05\x00" * 1_025), "more variables"),
    ],
)
def test_what_is_no_message_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(MalformedError, match=reason):
        decode(data)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("0205 0100000000", "too large"),
        ("0205 ff7fffffff", "too large"),
        ("4105 0100000000", "too large"),
        ("4105 ff00000001", "too large"),
        ("4609 010000000000000000", "too large"),
        ("0211" + "00" * 17, "too long"),
        ("4003 7f0000", "four octets"),
        ("4000", "four octets"),
        ("0501 00", "carries octets"),
        ("8001 00", "carries octets"),
        ("0606 2b9080808000", "too large"),
        ("0607 2bffffffffff7f", "too large"),
        ("0604 2b800601", "begins with nothing"),
        ("0602 2b86", "cut off"),
        ("067f 2b" + "01" * 126, None),
        ("068180 2b" + "01" * 127, "too long"),
        ("2404 04024142", "value tag 0x24"),
        ("4704 00000001", "value tag 0x47"),
    ],
)
def test_a_value_that_is_wrong_in_no_known_way_is_refused(value: str, reason: str | None) -> None:
    if reason is None:
        row = answer(value)
        assert isinstance(row.value, tuple)
        assert len(row.value) == 128
        return
    with pytest.raises(MalformedError, match=reason):
        answer(value)


def test_more_new_identifiers_than_a_device_has_are_refused() -> None:
    # 900 names of 60 sub-identifiers each that nobody has sent yet.
    made_up = (bytes((0x2B, number >> 7, number & 0x7F)) + b"\x7e" * 60 for number in range(900))
    with pytest.raises(MalformedError, match="more identifiers"):
        decode(response(b"".join(block(0x30, block(0x06, name) + b"\x05\x00") for name in made_up)))


# SNMPv3's question who is there


@settings(max_examples=200)
@given(st.binary(max_size=120), st.data())
def test_a_damaged_v3_report_is_read_or_refused_as_malformed(data: bytes, draw: st.DataObject) -> None:
    damaged = bytearray(encode_probe(4711))
    damaged[draw.draw(st.integers(0, len(damaged) - 1))] = draw.draw(st.integers(0, 255))
    for attempt in (data, bytes(damaged)):
        try:
            decode_report(attempt)
        except MalformedError:
            continue


def report(engine_id: str) -> bytes:
    """Write a report as RFC 3414 section 4 describes it, without its PDU; ``engine_id`` is an element in hex."""
    security = block(0x30, bytes.fromhex(engine_id) + bytes.fromhex("020105 020163 0400 0400 0400"))
    return block(0x30, bytes.fromhex("020103 300f 02021267 020300ffe3 040100 020103") + block(0x04, security))


def test_a_v3_report_tells_its_engine_id() -> None:
    read = decode_report(report("0408 8000000001020304"))
    assert read.engine_id == bytes.fromhex("8000000001020304")
    assert read.request_id == 0x1267


def test_a_probe_is_no_report_for_its_engine_id_is_empty() -> None:
    with pytest.raises(MalformedError, match="engine id is empty"):
        decode_report(encode_probe(1))


@pytest.mark.parametrize("engine_id", ["0421" + "80" * 33, "0208 0100000001020304"], ids=["33 octets", "a number"])
def test_an_engine_id_that_no_rfc_allows_is_refused(engine_id: str) -> None:
    with pytest.raises(MalformedError):
        decode_report(report(engine_id))
