"""The codec: what is encoded is read back, what is damaged is refused, what is odd is understood."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pagemeter.snmp.codec import MalformedError, Message, PduType, decode, encode
from pagemeter.snmp.probe import decode_report, encode_probe
from pagemeter.snmp.types import Oid, Tag, VarBind, oid

SYS_DESCR = oid("1.3.6.1.2.1.1.1.0")

# RFC 1157's GetRequest of sysDescr.0 with community "public", written octet by octet.
GET_SYS_DESCR = bytes.fromhex(
    "3026 020100 0406 7075626c6963 a019 020101 020100 020100 300e 300c 0608 2b06010201010100 0500"
)


def oids() -> st.SearchStrategy[Oid]:
    rest = st.lists(st.integers(0, 2**32 - 1), max_size=20).map(tuple)
    low = st.tuples(st.integers(0, 1), st.integers(0, 39))
    high = st.tuples(st.just(2), st.integers(0, 2**32 - 81))
    return st.tuples(low | high, rest).map(lambda parts: parts[0] + parts[1])


def rows() -> st.SearchStrategy[VarBind]:
    values = st.one_of(
        st.tuples(st.just(Tag.INTEGER), st.integers(-(2**31), 2**31 - 1)),
        st.tuples(st.sampled_from([Tag.COUNTER32, Tag.GAUGE32, Tag.TIME_TICKS]), st.integers(0, 2**32 - 1)),
        st.tuples(st.just(Tag.COUNTER64), st.integers(0, 2**64 - 1)),
        st.tuples(st.sampled_from([Tag.OCTET_STRING, Tag.OPAQUE, Tag.IP_ADDRESS]), st.binary(max_size=300)),
        st.tuples(st.just(Tag.OBJECT_IDENTIFIER), oids()),
        st.tuples(
            st.sampled_from([Tag.NULL, Tag.NO_SUCH_OBJECT, Tag.NO_SUCH_INSTANCE, Tag.END_OF_MIB_VIEW]), st.none()
        ),
    )
    return st.builds(lambda name, value: VarBind(name, value[0], value[1]), oids(), values)


def messages() -> st.SearchStrategy[Message]:
    return st.builds(
        Message,
        version=st.integers(0, 1),
        community=st.binary(max_size=40),
        pdu=st.sampled_from(PduType),
        request_id=st.integers(-(2**31), 2**31 - 1),
        error_status=st.integers(0, 18),
        error_index=st.integers(0, 100),
        rows=st.lists(rows(), max_size=8).map(tuple),
    )


def answer(value: str) -> VarBind:
    """Wrap one BER value, in hex, into a response to sysDescr.0 and decode it."""
    contents = bytes.fromhex(value)
    row = bytes.fromhex("0608 2b06010201010100") + contents
    listed = b"\x30" + bytes([len(row)]) + row
    pdu = bytes.fromhex("020101 020100 020100") + b"\x30" + bytes([len(listed)]) + listed
    body = bytes.fromhex("020101 0406 7075626c6963") + b"\xa2" + bytes([len(pdu)]) + pdu
    return decode(b"\x30" + bytes([len(body)]) + body).rows[0]


def test_a_get_request_is_written_as_the_rfc_says() -> None:
    message = Message(
        version=0, community=b"public", pdu=PduType.GET, request_id=1, rows=(VarBind(SYS_DESCR, Tag.NULL, None),)
    )
    assert encode(message) == GET_SYS_DESCR
    assert decode(GET_SYS_DESCR) == message


@given(messages())
def test_what_is_encoded_is_read_back(message: Message) -> None:
    assert decode(encode(message)) == message


@given(st.binary(max_size=200))
@example(b"")
@example(b"\x30\x80\x00\x00")
@example(b"\x30" * 200)
def test_any_octets_decode_or_are_refused_as_malformed(data: bytes) -> None:
    try:
        decode(data)
    except MalformedError:
        return


@given(messages(), st.data())
def test_damaged_messages_decode_or_are_refused_as_malformed(message: Message, data: st.DataObject) -> None:
    damaged = bytearray(encode(message))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        decode(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))
    except MalformedError:
        return


@given(messages(), st.data())
def test_a_message_that_is_cut_off_is_malformed(message: Message, data: st.DataObject) -> None:
    whole = encode(message)
    with pytest.raises(MalformedError):
        decode(whole[: data.draw(st.integers(0, len(whole) - 1))])


@given(messages(), st.binary(max_size=20))
def test_octets_behind_a_message_are_ignored(message: Message, rubbish: bytes) -> None:
    assert decode(encode(message) + rubbish) == message


@pytest.mark.parametrize(
    ("value", "tag", "expected"),
    [
        ("0201ff", Tag.INTEGER, -1),
        ("0201fe", Tag.INTEGER, -2),
        ("0204ffffffff", Tag.INTEGER, -1),
        ("0206000000003039", Tag.INTEGER, 12345),
        ("4104ffffffff", Tag.COUNTER32, 2**32 - 1),
        ("4105ff80000000", Tag.COUNTER32, 2**31),
        ("410480000000", Tag.COUNTER32, 2**31),
        ("4204fffffffe", Tag.GAUGE32, 2**32 - 2),
        ("4301ff", Tag.TIME_TICKS, 2**32 - 1),
        ("4608ffffffffffffffff", Tag.COUNTER64, 2**64 - 1),
        ("460900ffffffffffffffff", Tag.COUNTER64, 2**64 - 1),
        ("04820002 4142", Tag.OCTET_STRING, b"AB"),
        ("0484 00000002 4142", Tag.OCTET_STRING, b"AB"),
        ("0606 2b8fffffff7f", Tag.OBJECT_IDENTIFIER, (1, 3, 2**32 - 1)),
        ("0602 8837", Tag.OBJECT_IDENTIFIER, (2, 999)),
        ("0600", Tag.OBJECT_IDENTIFIER, (0, 0)),
        ("0200", Tag.INTEGER, None),
        ("8000", Tag.NO_SUCH_OBJECT, None),
        ("8100", Tag.NO_SUCH_INSTANCE, None),
        ("8200", Tag.END_OF_MIB_VIEW, None),
        ("0500", Tag.NULL, None),
        ("4004 0a000001", Tag.IP_ADDRESS, bytes([10, 0, 0, 1])),
    ],
)
def test_odd_values_of_firmware_are_understood(value: str, tag: int, expected: object) -> None:
    assert answer(value) == VarBind(SYS_DESCR, tag, expected)  # type: ignore[arg-type]  # any value of the table


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (GET_SYS_DESCR.replace(b"\x02\x01\x00\x04", b"\x02\x01\x03\x04"), "version field 3"),
        (GET_SYS_DESCR.replace(b"\xa0", b"\xa3"), "PDU type 0xa3"),
        (GET_SYS_DESCR[:-2] + b"\x99\x00", "value tag 0x99"),
        (b"\x30\x84\xff\xff\xff\xff", "beyond the end"),
        (b"\x30" + bytes(70_000), "larger than a datagram"),
        (b"HTTP/1.1 400 Bad Request\r\n" + bytes(80), "tag 0x48"),
    ],
)
def test_what_is_no_message_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(MalformedError, match=reason):
        decode(data)


@pytest.mark.parametrize("tag", [0x06, 0x41, 0x05 + 0x20, 0xA3])
def test_a_value_that_its_tag_cannot_carry_is_not_encoded(tag: int) -> None:
    message = Message(
        version=1, community=b"", pdu=PduType.RESPONSE, request_id=1, rows=(VarBind(SYS_DESCR, tag, b"text"),)
    )
    with pytest.raises(MalformedError):
        encode(message)


def test_a_set_request_does_not_exist() -> None:
    assert 0xA3 not in [int(kind) for kind in PduType]
    forged = Message(version=1, community=b"public", pdu=0xA3, request_id=1)  # type: ignore[arg-type]  # the point
    with pytest.raises(MalformedError):
        encode(forged)


@given(st.binary(max_size=120), st.data())
def test_a_damaged_v3_report_is_read_or_refused_as_malformed(data: bytes, draw: st.DataObject) -> None:
    damaged = bytearray(encode_probe(4711))
    damaged[draw.draw(st.integers(0, len(damaged) - 1))] = draw.draw(st.integers(0, 255))
    for attempt in (data, bytes(damaged)):
        try:
            decode_report(attempt)
        except MalformedError:
            continue


def test_a_v3_report_tells_its_engine_id() -> None:
    # A report as RFC 3414 section 4 describes it, with the engine id 8000000001020304 without its PDU.
    security = bytes.fromhex("3016 04088000000001020304 020105 020163 0400 0400 0400")
    body = bytes.fromhex("020103 300f 02021267 020300ffe3 040100 020103")
    report = b"\x30" + bytes([len(body) + len(security) + 2]) + body + b"\x04" + bytes([len(security)]) + security
    assert decode_report(report).engine_id == bytes.fromhex("8000000001020304")
    assert decode_report(report).request_id == 0x1267


def test_a_probe_is_no_report_for_its_engine_id_is_empty() -> None:
    with pytest.raises(MalformedError, match="engine id is empty"):
        decode_report(encode_probe(1))
