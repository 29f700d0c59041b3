"""The values of IPP attributes (RFC 8010 section 3.9) and their octets."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from pagemeter.errors import PagemeterError

if TYPE_CHECKING:
    from pagemeter.ipp.message import Attribute


class MalformedError(PagemeterError):
    """These octets are no IPP message, or a message can't be written as octets."""


class ValueTag(IntEnum):
    """The syntax of a value (RFC 8010 section 3.5.2)."""

    UNSUPPORTED = 0x10
    UNKNOWN = 0x12
    NO_VALUE = 0x13
    INTEGER = 0x21
    BOOLEAN = 0x22
    ENUM = 0x23
    OCTET_STRING = 0x30
    DATE_TIME = 0x31
    RESOLUTION = 0x32
    RANGE = 0x33
    COLLECTION = 0x34
    TEXT_WITH_LANGUAGE = 0x35
    NAME_WITH_LANGUAGE = 0x36
    END_COLLECTION = 0x37
    TEXT = 0x41
    NAME = 0x42
    KEYWORD = 0x44
    URI = 0x45
    URI_SCHEME = 0x46
    CHARSET = 0x47
    NATURAL_LANGUAGE = 0x48
    MIME_MEDIA_TYPE = 0x49
    MEMBER_NAME = 0x4A


class OutOfBand(Enum):
    """What stands for a value where there is none."""

    UNSUPPORTED = ValueTag.UNSUPPORTED
    UNKNOWN = ValueTag.UNKNOWN
    NO_VALUE = ValueTag.NO_VALUE


@dataclass(frozen=True, slots=True)
class Resolution:
    """Cross-feed and feed resolution; ``unit`` is 3 for dots an inch, 4 for dots a centimetre."""

    cross_feed: int
    feed: int
    unit: int


@dataclass(frozen=True, slots=True)
class Range:
    """rangeOfInteger; both bounds are included."""

    lower: int
    upper: int


@dataclass(frozen=True, slots=True)
class TextWithLanguage:
    """textWithLanguage or nameWithLanguage."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Collection:
    """A value that is made of attributes of its own."""

    members: tuple[Attribute, ...]


Content: TypeAlias = (
    int | bool | str | bytes | datetime | Resolution | Range | TextWithLanguage | Collection | OutOfBand
)
"""What a value holds; one whose octets do not fit its tag, or whose tag is not known, stays bytes."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value of an attribute and the tag that it was sent with."""

    tag: int
    content: Content


_TEXTS: frozenset[int] = frozenset(
    {
        ValueTag.TEXT,
        ValueTag.NAME,
        ValueTag.KEYWORD,
        ValueTag.URI,
        ValueTag.URI_SCHEME,
        ValueTag.CHARSET,
        ValueTag.NATURAL_LANGUAGE,
        ValueTag.MIME_MEDIA_TYPE,
        ValueTag.MEMBER_NAME,
    }
)
_OUT_OF_BAND = {int(item.value): item for item in OutOfBand}


def text_of(raw: bytes) -> str:
    """Decode text as UTF-8; what is none is taken for Latin-1, for some devices declare a charset they don't use."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("iso-8859-1")


def content_of(tag: int, raw: bytes) -> Content:
    """Decode the octets of one value; what does not fit its tag stays bytes."""
    if tag in _TEXTS:
        return text_of(raw)
    if tag in _OUT_OF_BAND:
        return raw or _OUT_OF_BAND[tag]
    decoder = _DECODERS.get(tag)
    if decoder is None:
        return raw
    try:
        return decoder(raw)
    except (struct.error, ValueError, OverflowError):
        return raw


def octets_of(value: Value) -> bytes:
    """Write one value that is no collection; raises MalformedError where its content does not suit its tag."""
    content = value.content
    if isinstance(content, bytes):
        return content
    if isinstance(content, OutOfBand) and content.value == value.tag:
        return b""
    tags, encoder = _ENCODERS.get(type(content), (frozenset(), None))
    if encoder is None or value.tag not in tags:
        raise MalformedError(f"a {type(content).__name__} can't be written with tag 0x{value.tag:02x}")
    try:
        return encoder(content)
    except (struct.error, ValueError, OverflowError) as error:
        raise MalformedError(f"a value does not fit tag 0x{value.tag:02x}") from error


def _integer(raw: bytes) -> int:
    (number,) = struct.unpack(">i", raw)
    return int(number)


def _boolean(raw: bytes) -> bool:
    if raw not in (b"\x00", b"\x01"):
        raise ValueError("neither true nor false")
    return raw == b"\x01"


def _date_time(raw: bytes) -> datetime:
    """Decode DateAndTime (RFC 2579): year, month, day, hour, minute, second, tenths, direction, hours, minutes."""
    year, month, day, hour, minute, second, tenths, sign, hours, minutes = struct.unpack(">HBBBBBBcBB", raw)
    if sign not in (b"+", b"-"):
        raise ValueError("no direction from UTC")
    offset = timedelta(hours=hours, minutes=minutes)
    zone = timezone(-offset if sign == b"-" else offset)
    # A leap second is written as 60, which Python has not.
    return datetime(year, month, day, hour, minute, min(second, 59), min(tenths, 9) * 100_000, tzinfo=zone)


def _write_date_time(at: datetime) -> bytes:
    offset = at.utcoffset()
    if offset is None:
        raise ValueError("a time without zone")
    minutes = round(abs(offset).total_seconds() / 60)
    sign = b"-" if offset < timedelta(0) else b"+"
    date = (at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond // 100_000)
    return struct.pack(">HBBBBBBcBB", *date, sign, *divmod(minutes, 60))


def _resolution(raw: bytes) -> Resolution:
    return Resolution(*struct.unpack(">iib", raw))


def _range(raw: bytes) -> Range:
    return Range(*struct.unpack(">ii", raw))


def _with_language(raw: bytes) -> TextWithLanguage:
    (length,) = struct.unpack_from(">H", raw, 0)
    language = raw[2 : 2 + length]
    (size,) = struct.unpack_from(">H", raw, 2 + length)
    text = raw[4 + length : 4 + length + size]
    if len(language) != length or len(text) != size or len(raw) != 4 + length + size:
        raise ValueError("the lengths inside do not add up")
    return TextWithLanguage(text=text_of(text), language=text_of(language))


def _write_with_language(value: TextWithLanguage) -> bytes:
    language, text = value.language.encode("utf-8"), value.text.encode("utf-8")
    return struct.pack(">H", len(language)) + language + struct.pack(">H", len(text)) + text


_DECODERS: dict[int, Callable[[bytes], Content]] = {
    ValueTag.INTEGER: _integer,
    ValueTag.BOOLEAN: _boolean,
    ValueTag.ENUM: _integer,
    ValueTag.DATE_TIME: _date_time,
    ValueTag.RESOLUTION: _resolution,
    ValueTag.RANGE: _range,
    ValueTag.TEXT_WITH_LANGUAGE: _with_language,
    ValueTag.NAME_WITH_LANGUAGE: _with_language,
}

_ENCODERS: dict[type, tuple[frozenset[int], Callable[[Any], bytes]]] = {
    bool: (frozenset({ValueTag.BOOLEAN}), lambda value: bytes((value,))),
    int: (frozenset({ValueTag.INTEGER, ValueTag.ENUM}), lambda value: struct.pack(">i", value)),
    str: (_TEXTS, lambda value: value.encode("utf-8")),
    datetime: (frozenset({ValueTag.DATE_TIME}), _write_date_time),
    Resolution: (frozenset({ValueTag.RESOLUTION}), lambda it: struct.pack(">iib", it.cross_feed, it.feed, it.unit)),
    Range: (frozenset({ValueTag.RANGE}), lambda value: struct.pack(">ii", value.lower, value.upper)),
    TextWithLanguage: (
        frozenset({ValueTag.TEXT_WITH_LANGUAGE, ValueTag.NAME_WITH_LANGUAGE}),
        _write_with_language,
    ),
}
