"""The codec of IPP messages, held against octets laid out by hand after RFC 8010 and against damage."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pagemeter.ipp.message import (
    MOST_NESTING,
    MOST_OCTETS,
    MOST_VALUES,
    Attribute,
    Collection,
    Content,
    Group,
    GroupTag,
    IppMessage,
    MalformedError,
    OutOfBand,
    Range,
    Resolution,
    TextWithLanguage,
    Value,
    ValueTag,
    decode,
    encode,
)

# Laid out as the Get-Jobs example of RFC 8010 appendix A.
GET_JOBS = (
    bytes.fromhex("0101 000a 0000007b 01")
    + bytes.fromhex("47 0012") + b"attributes-charset" + bytes.fromhex("0005") + b"utf-8"
    + bytes.fromhex("48 001b") + b"attributes-natural-language" + bytes.fromhex("0005") + b"en-us"
    + bytes.fromhex("45 000b") + b"printer-uri" + bytes.fromhex("0027") + b"ipp://printer.example.com/ipp/print/pin"
    + bytes.fromhex("21 0005") + b"limit" + bytes.fromhex("0004 00000032")
    + bytes.fromhex("44 0014") + b"requested-attributes" + bytes.fromhex("0006") + b"job-id"
    + bytes.fromhex("44 0000 0008") + b"job-name"
    + bytes.fromhex("44 0000 000f") + b"document-format"
    + b"\x03"
)  # fmt: skip
GET_JOBS_MESSAGE = IppMessage(
    (1, 1),
    0x000A,
    123,
    (
        Group(
            GroupTag.OPERATION,
            (
                Attribute.of("attributes-charset", ValueTag.CHARSET, "utf-8"),
                Attribute.of("attributes-natural-language", ValueTag.NATURAL_LANGUAGE, "en-us"),
                Attribute.of("printer-uri", ValueTag.URI, "ipp://printer.example.com/ipp/print/pin"),
                Attribute.of("limit", ValueTag.INTEGER, 50),
                Attribute.of("requested-attributes", ValueTag.KEYWORD, "job-id", "job-name", "document-format"),
            ),
        ),
    ),
)


def answer(*fields: bytes, end: bytes = b"\x03") -> bytes:
    return bytes.fromhex("0200 0000 00000001 04") + b"".join(fields) + end


def field(tag: int, name: bytes, value: bytes) -> bytes:
    return bytes([tag]) + len(name).to_bytes(2, "big") + name + len(value).to_bytes(2, "big") + value


def only_content(data: bytes) -> Content:
    [group] = decode(data).groups
    [attribute] = group.attributes
    [value] = attribute.values
    return value.content


def test_a_request_is_read_and_written_octet_by_octet() -> None:
    assert decode(GET_JOBS) == GET_JOBS_MESSAGE
    assert encode(GET_JOBS_MESSAGE) == GET_JOBS


@pytest.mark.parametrize(
    ("tag", "raw", "content"),
    [
        (ValueTag.INTEGER, "fffffffe", -2),
        (ValueTag.ENUM, "00000003", 3),
        (ValueTag.BOOLEAN, "01", True),
        (ValueTag.OCTET_STRING, "00ff", b"\x00\xff"),
        (ValueTag.RESOLUTION, "00000258 0000012c 03", Resolution(600, 300, 3)),
        (ValueTag.RANGE, "00000001 000003e7", Range(1, 999)),
        (ValueTag.TEXT_WITH_LANGUAGE, "0002 6465 0004 54c3bc72", TextWithLanguage("Tür", "de")),
        (ValueTag.TEXT, "54c3bc72", "Tür"),
        (ValueTag.UNSUPPORTED, "", OutOfBand.UNSUPPORTED),
        (ValueTag.UNKNOWN, "", OutOfBand.UNKNOWN),
        (ValueTag.NO_VALUE, "", OutOfBand.NO_VALUE),
        # RFC 2579: 1992-05-26, 13:30:15.0, 4 hours west of UTC.
        (
            ValueTag.DATE_TIME,
            "07c8 05 1a 0d 1e 0f 00 2d 04 00",
            datetime(1992, 5, 26, 13, 30, 15, tzinfo=timezone(timedelta(hours=-4))),
        ),
    ],
)
def test_a_value_of_each_syntax_is_read_and_written(tag: ValueTag, raw: str, content: Content) -> None:
    data = answer(field(tag, b"it", bytes.fromhex(raw)))
    assert only_content(data) == content
    assert encode(decode(data)) == data


@pytest.mark.parametrize(
    ("tag", "raw"),
    [
        (ValueTag.INTEGER, b"\x00\x05"),
        (ValueTag.BOOLEAN, b"\x02"),
        (ValueTag.DATE_TIME, bytes(11)),
        (ValueTag.RESOLUTION, b"\x00" * 8),
        (ValueTag.NAME_WITH_LANGUAGE, b"\x00\x09en"),
        (ValueTag.NO_VALUE, b"never"),
        (0x7F, b"\x00\x00\x01\x00?"),
    ],
)
def test_a_value_that_does_not_fit_its_tag_stays_octets_and_costs_no_other_value(tag: int, raw: bytes) -> None:
    data = answer(field(tag, b"odd", raw), field(ValueTag.INTEGER, b"even", b"\x00\x00\x00\x02"))
    [group] = decode(data).groups
    assert group.first("odd") == raw
    assert group.integer("even") == 2
    assert encode(decode(data)) == data


def test_text_in_another_charset_than_utf_8_is_read_as_latin_1() -> None:
    assert only_content(answer(field(ValueTag.TEXT, b"it", b"T\xfcr"))) == "Tür"


def test_collections_nest() -> None:
    size = Collection((Attribute.of("x-dimension", ValueTag.INTEGER, 21000),))
    media = Collection(
        (
            Attribute.of("media-size", ValueTag.COLLECTION, size),
            Attribute.of("media-color", ValueTag.KEYWORD, "blue", "white"),
        )
    )
    group = Group(GroupTag.PRINTER, (Attribute.of("media-col-ready", ValueTag.COLLECTION, media, media),))
    message = IppMessage((2, 0), 0, 7, (group,))
    assert decode(encode(message)) == message


def test_groups_may_be_empty_or_unknown_and_octets_may_follow_the_end() -> None:
    message = decode(bytes.fromhex("0200 0000 00000001 05 0f 04") + b"\x03%PDF")
    assert [group.tag for group in message.groups] == [5, 15, 4]
    assert message.data == b"%PDF"
    assert message.group(GroupTag.PRINTER) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"<html><body>Welcome</body></html>",
        answer(end=b""),
        answer(field(ValueTag.TEXT, b"", b"a value before any name")),
        answer(field(ValueTag.TEXT, b"it", b"x"), field(ValueTag.MEMBER_NAME, b"", b"x")),
        answer(field(ValueTag.END_COLLECTION, b"it", b"")),
        answer(field(ValueTag.COLLECTION, b"it", b""), field(ValueTag.TEXT, b"", b"a value without member")),
        answer(field(ValueTag.COLLECTION, b"it", b"")),
        bytes.fromhex("0200 0000 00000001") + field(ValueTag.TEXT, b"it", b"before any group") + b"\x03",
        bytes.fromhex("0200 0000 00000001 00 03"),
    ],
)
def test_what_is_no_message_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedError):
        decode(data)


def test_every_truncation_of_a_message_is_malformed() -> None:
    for length in range(len(GET_JOBS)):
        with pytest.raises(MalformedError):
            decode(GET_JOBS[:length])


def test_size_values_and_nesting_are_bounded() -> None:
    with pytest.raises(MalformedError, match="longer"):
        decode(GET_JOBS + bytes(MOST_OCTETS))
    with pytest.raises(MalformedError, match="values"):
        decode(answer(field(ValueTag.NO_VALUE, b"it", b""), field(ValueTag.NO_VALUE, b"", b"") * MOST_VALUES))
    begin = field(ValueTag.MEMBER_NAME, b"", b"m") + field(ValueTag.COLLECTION, b"", b"")
    with pytest.raises(MalformedError, match="nested"):
        decode(answer(field(ValueTag.COLLECTION, b"it", b""), begin * MOST_NESTING))


@pytest.mark.parametrize(
    "value",
    [
        Value(ValueTag.INTEGER, 1 << 31),
        Value(ValueTag.TEXT, 5),
        Value(ValueTag.INTEGER, True),
        Value(ValueTag.DATE_TIME, datetime(2026, 1, 1)),  # noqa: DTZ001 - a time without zone is the mistake
        Value(ValueTag.UNKNOWN, OutOfBand.NO_VALUE),
        Value(ValueTag.TEXT, "x" * 70_000),
        Value(ValueTag.TEXT, "\ud800"),
        Value(0x03, b""),
        Value(ValueTag.END_COLLECTION, b""),
    ],
)
def test_what_does_not_fit_the_format_is_not_written(value: Value) -> None:
    with pytest.raises(MalformedError):
        encode(IppMessage((2, 0), 0, 1, (Group(GroupTag.PRINTER, (Attribute("it", (value,)),)),)))


def test_text_for_people_is_scrubbed_and_of_either_kind() -> None:
    group = Group(
        GroupTag.PRINTER,
        (
            Attribute.of("printer-info", ValueTag.TEXT, "Second\r\n\x1b[31m floor\u202e"),
            Attribute.of("printer-location", ValueTag.TEXT_WITH_LANGUAGE, TextWithLanguage("Büro", "de")),
            Attribute.of("printer-geo-location", ValueTag.UNKNOWN, OutOfBand.UNKNOWN),
            Attribute.of("printer-supply", ValueTag.OCTET_STRING, b"type=toner;"),
        ),
    )
    assert group.text("printer-info") == "Second [31m floor"
    assert group.text("printer-location") == "Büro"
    assert group.text("printer-geo-location") is None
    assert group.text("printer-supply") == "type=toner;"
    assert group.text("absent") is None


def test_numbers_and_truths_are_not_mixed_up() -> None:
    group = Group(
        GroupTag.PRINTER,
        (
            Attribute.of("color-supported", ValueTag.BOOLEAN, True),
            Attribute.of("marker-levels", ValueTag.INTEGER, 5, -1),
            Attribute.of("printer-current-time", ValueTag.DATE_TIME, datetime(2026, 3, 1, tzinfo=UTC)),
        ),
    )
    assert (group.boolean("color-supported"), group.integer("color-supported")) == (True, None)
    assert (group.integers("marker-levels"), group.boolean("marker-levels")) == ((5, -1), None)
    assert group.date_time("printer-current-time") == datetime(2026, 3, 1, tzinfo=UTC)


PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)
NUMBERS = st.integers(-(1 << 31), (1 << 31) - 1)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.datetimes(timezones=ZONES).map(lambda at: at.replace(microsecond=at.microsecond // 100_000 * 100_000))
PLAIN = st.one_of(
    st.builds(Value, st.sampled_from([ValueTag.INTEGER, ValueTag.ENUM]), NUMBERS),
    st.builds(Value, st.just(ValueTag.BOOLEAN), st.booleans()),
    st.builds(Value, st.sampled_from([ValueTag.TEXT, ValueTag.KEYWORD, ValueTag.URI, ValueTag.NAME]), TEXTS),
    st.builds(Value, st.just(ValueTag.OCTET_STRING), st.binary(max_size=40)),
    st.builds(Value, st.just(ValueTag.RESOLUTION), st.builds(Resolution, NUMBERS, NUMBERS, st.integers(-128, 127))),
    st.builds(Value, st.just(ValueTag.RANGE), st.builds(Range, NUMBERS, NUMBERS)),
    st.builds(Value, st.just(ValueTag.TEXT_WITH_LANGUAGE), st.builds(TextWithLanguage, TEXTS, TEXTS)),
    st.builds(Value, st.just(ValueTag.DATE_TIME), TIMES),
    st.sampled_from([Value(int(one.value), one) for one in OutOfBand]),
)


def attributes_of(values: st.SearchStrategy[Value]) -> st.SearchStrategy[tuple[Attribute, ...]]:
    one = st.builds(Attribute, NAMES, st.lists(values, min_size=1, max_size=3).map(tuple))
    return st.lists(one, max_size=4).map(tuple)


VALUES = st.recursive(
    PLAIN,
    lambda inner: st.builds(Value, st.just(ValueTag.COLLECTION), attributes_of(inner).map(Collection)),
    max_leaves=8,
)
MESSAGES = st.builds(
    IppMessage,
    st.tuples(st.integers(0, 255), st.integers(0, 255)),
    st.integers(0, 0xFFFF),
    NUMBERS,
    st.lists(st.builds(Group, st.sampled_from(list(GroupTag)), attributes_of(VALUES)), max_size=3).map(tuple),
    st.binary(max_size=10),
)


def nesting(value: Value) -> int:
    if not isinstance(value.content, Collection):
        return 0
    return 1 + max((nesting(inner) for member in value.content.members for inner in member.values), default=0)


@given(MESSAGES)
@PATIENT
def test_what_is_written_is_read_as_it_was(message: IppMessage) -> None:
    values = [value for group in message.groups for one in group.attributes for value in one.values]
    if max(map(nesting, values), default=0) > MOST_NESTING:
        with pytest.raises(MalformedError):
            encode(message)
        return
    assert decode(encode(message)) == message


@given(st.binary(max_size=200))
@PATIENT
def test_noise_is_malformed_or_a_message_and_nothing_else(noise: bytes) -> None:
    for data in (noise, GET_JOBS[:8] + noise, GET_JOBS[:60] + noise):
        try:
            decode(data)
        except MalformedError:
            continue


@given(st.lists(st.tuples(st.integers(0, len(GET_JOBS) - 1), st.integers(0, 255)), min_size=1, max_size=6))
@settings(PATIENT, max_examples=300)
def test_a_damaged_message_is_malformed_or_another_message_that_can_be_written(damage: list[tuple[int, int]]) -> None:
    data = bytearray(GET_JOBS)
    for place, octet in damage:
        data[place] = octet
    try:
        message = decode(bytes(data))
    except MalformedError:
        return
    assert decode(encode(message)) == message
