"""IPP messages and their octets (RFC 8010): pure and bounded.

What the structure says is held strictly; a value whose octets do not fit its tag stays bytes, for one wrong value of
a device must not cost the other two hundred.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from pagemeter.ipp.attributes import Attribute, Group, GroupTag
from pagemeter.ipp.values import (
    Collection,
    Content,
    MalformedError,
    OutOfBand,
    Range,
    Resolution,
    TextWithLanguage,
    Value,
    ValueTag,
    content_of,
    octets_of,
    text_of,
)

__all__ = [
    "Attribute",
    "Collection",
    "Content",
    "Group",
    "GroupTag",
    "IppMessage",
    "MalformedError",
    "OutOfBand",
    "Range",
    "Resolution",
    "TextWithLanguage",
    "Value",
    "ValueTag",
    "decode",
    "encode",
]

MOST_OCTETS = 1 << 20
MOST_VALUES = 1 << 16
MOST_NESTING = 8
_LONGEST = 0xFFFF
_END = 0x03
_FIRST_VALUE_TAG = 0x10


@dataclass(frozen=True, slots=True)
class IppMessage:
    """A request or an answer; ``code`` is the operation-id of the one or the status-code of the other."""

    version: tuple[int, int]
    code: int
    request_id: int
    groups: tuple[Group, ...] = ()
    data: bytes = b""

    def group(self, tag: int) -> Group | None:
        """Give the first group of that tag that is not empty."""
        return next(iter(self.all(tag)), None)

    def all(self, tag: int) -> tuple[Group, ...]:
        """Give all groups of that tag that are not empty: the jobs of Get-Jobs, the events of Get-Notifications."""
        return tuple(group for group in self.groups if group.tag == tag and group.attributes)


def encode(message: IppMessage) -> bytes:
    """Write a message as octets; raises MalformedError where a part of it does not fit the format."""
    try:
        parts = [struct.pack(">BBHi", *message.version, message.code, message.request_id)]
    except struct.error as error:
        raise MalformedError("version, code or request-id does not fit the format") from error
    for group in message.groups:
        if not 0 < group.tag < _FIRST_VALUE_TAG or group.tag == _END:
            raise MalformedError(f"0x{group.tag:02x} is no tag of a group")
        parts.append(bytes((group.tag,)))
        for attribute in group.attributes:
            parts += _attribute(attribute)
    parts += [bytes((_END,)), message.data]
    if sum(map(len, parts)) > MOST_OCTETS:
        raise MalformedError(f"the message is longer than {MOST_OCTETS} octets")
    return b"".join(parts)


def decode(data: bytes) -> IppMessage:
    """Read a message; raises MalformedError, and nothing else, where the octets are none."""
    if len(data) > MOST_OCTETS:
        raise MalformedError(f"the message is longer than {MOST_OCTETS} octets")
    try:
        return _Octets(data).message()
    except struct.error as error:
        raise MalformedError("the message ends too early") from error


def _attribute(attribute: Attribute, nesting: int = 0) -> Iterator[bytes]:
    if not attribute.name or not attribute.values:
        raise MalformedError("an attribute has a name and at least one value")
    name = _encoded(attribute.name)
    for value in attribute.values:
        yield from _value(name, value, nesting)
        name = b""


def _value(name: bytes, value: Value, nesting: int) -> Iterator[bytes]:
    if not isinstance(value.content, Collection):
        if not _FIRST_VALUE_TAG <= value.tag <= 0xFF or value.tag in _STRUCTURE:
            raise MalformedError(f"0x{value.tag:02x} is no tag of a value")
        yield _field(value.tag, name, octets_of(value))
        return
    if nesting >= MOST_NESTING:
        raise MalformedError(f"collections are nested more than {MOST_NESTING} deep")
    yield _field(ValueTag.COLLECTION, name, b"")
    for member in value.content.members:
        yield _field(ValueTag.MEMBER_NAME, b"", _encoded(member.name))
        for inner in member.values:
            yield from _value(b"", inner, nesting + 1)
    yield _field(ValueTag.END_COLLECTION, b"", b"")


_STRUCTURE = frozenset({ValueTag.COLLECTION, ValueTag.END_COLLECTION, ValueTag.MEMBER_NAME})


def _field(tag: int, name: bytes, raw: bytes) -> bytes:
    if len(name) > _LONGEST or len(raw) > _LONGEST:
        raise MalformedError(f"a name or value is longer than {_LONGEST} octets")
    return struct.pack(">BH", tag, len(name)) + name + struct.pack(">H", len(raw)) + raw


def _encoded(name: str) -> bytes:
    try:
        return name.encode("utf-8")
    except UnicodeEncodeError as error:
        raise MalformedError("a name can't be written as UTF-8") from error


class _Octets:
    """Reads octets from the front, and counts what it found."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._values = 0

    def message(self) -> IppMessage:
        major, minor, code, request_id = self._unpack(">BBHi")
        groups: list[Group] = []
        while (tag := self._byte()) != _END:
            if not 0 < tag < _FIRST_VALUE_TAG:
                raise MalformedError(f"0x{tag:02x} stands where a group begins")
            groups.append(Group(tag, tuple(self._attributes())))
        return IppMessage((major, minor), code, request_id, tuple(groups), self._data[self._at :])

    def _attributes(self) -> Iterator[Attribute]:
        while self._peek() >= _FIRST_VALUE_TAG:
            tag, name, raw = self._field()
            if not name:
                raise MalformedError("a value stands where an attribute begins")
            values = [self._content(tag, raw)]
            while self._peek() >= _FIRST_VALUE_TAG and self._unnamed():
                tag, _, raw = self._field()
                values.append(self._content(tag, raw))
            yield Attribute(text_of(name), tuple(values))

    def _content(self, tag: int, raw: bytes, nesting: int = 0) -> Value:
        if tag in (ValueTag.END_COLLECTION, ValueTag.MEMBER_NAME):
            raise MalformedError("a piece of a collection stands outside of one")
        if tag == ValueTag.COLLECTION:
            return Value(tag, Collection(tuple(self._members(nesting + 1))))
        return Value(tag, content_of(tag, raw))

    def _members(self, nesting: int) -> Iterator[Attribute]:
        """Read a collection up to its end (RFC 8010 section 3.1.6): member names, each with its values."""
        if nesting > MOST_NESTING:
            raise MalformedError(f"collections are nested more than {MOST_NESTING} deep")
        name: str | None = None
        values: list[Value] = []
        while True:
            tag, _, raw = self._field()
            if tag not in (ValueTag.END_COLLECTION, ValueTag.MEMBER_NAME):
                if name is None:
                    raise MalformedError("a collection has a value without a name")
                values.append(self._content(tag, raw, nesting))
                continue
            if name is not None and values:
                yield Attribute(name, tuple(values))
            if tag == ValueTag.END_COLLECTION:
                return
            if not raw:
                raise MalformedError("a member of a collection has no name")
            name, values = text_of(raw), []

    def _field(self) -> tuple[int, bytes, bytes]:
        self._values += 1
        if self._values > MOST_VALUES:
            raise MalformedError(f"the message has more than {MOST_VALUES} values")
        tag = self._byte()
        if tag < _FIRST_VALUE_TAG:
            raise MalformedError("a group begins inside a collection")
        return tag, self._string(), self._string()

    def _string(self) -> bytes:
        (length,) = self._unpack(">H")
        end = self._at + length
        if end > len(self._data):
            raise MalformedError("the message ends too early")
        raw = self._data[self._at : end]
        self._at = end
        return raw

    def _unnamed(self) -> bool:
        (length,) = struct.unpack_from(">H", self._data, self._at + 1)
        return int(length) == 0

    def _peek(self) -> int:
        if self._at >= len(self._data):
            raise MalformedError("the message has no end-of-attributes tag")
        return self._data[self._at]

    def _byte(self) -> int:
        byte = self._peek()
        self._at += 1
        return byte

    def _unpack(self, form: str) -> tuple[int, ...]:
        found = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        return found
