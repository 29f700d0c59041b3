"""Attributes and groups of attributes (RFC 8010 section 3.1), and their values as clean words and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Self

from pagemeter.ipp.values import Content, OutOfBand, TextWithLanguage, Value
from pagemeter.text import MOST_CHARACTERS, scrub


class GroupTag(IntEnum):
    """What a group of attributes describes (RFC 8010 section 3.5.1, RFC 3995, PWG 5100.22)."""

    OPERATION = 0x01
    JOB = 0x02
    PRINTER = 0x04
    UNSUPPORTED = 0x05
    SUBSCRIPTION = 0x06
    EVENT_NOTIFICATION = 0x07
    RESOURCE = 0x08
    DOCUMENT = 0x09
    SYSTEM = 0x0A


@dataclass(frozen=True, slots=True)
class Attribute:
    """A name and at least one value."""

    name: str
    values: tuple[Value, ...]

    @classmethod
    def of(cls, name: str, tag: int, *contents: Content) -> Self:
        """Make an attribute whose values have all the same tag."""
        return cls(name, tuple(Value(tag, content) for content in contents))

    @property
    def contents(self) -> tuple[Content, ...]:
        """The values without their tags."""
        return tuple(value.content for value in self.values)


@dataclass(frozen=True, slots=True)
class Group:
    """The attributes of one thing: the operation, a printer, a job, a subscription, an event."""

    tag: int
    attributes: tuple[Attribute, ...] = ()

    def attribute(self, name: str) -> Attribute | None:
        """Give the first attribute of that name."""
        return next((attribute for attribute in self.attributes if attribute.name == name), None)

    def all(self, name: str) -> tuple[Content, ...]:
        """Give all values of an attribute as they came, out-of-band ones left out; none where it is absent."""
        attribute = self.attribute(name)
        return () if attribute is None else tuple(c for c in attribute.contents if not isinstance(c, OutOfBand))

    def first(self, name: str) -> Content | None:
        """Give the first value of an attribute as it came; none where it is absent or out of band."""
        return next(iter(self.all(name)), None)

    def texts(self, name: str, *, most: int = MOST_CHARACTERS) -> tuple[str | None, ...]:
        """Give all values that are text or octets, each scrubbed; none where nothing of it is left."""
        return tuple(_text(content, most) for content in self.all(name))

    def text(self, name: str, *, most: int = MOST_CHARACTERS) -> str | None:
        """Give the first value as scrubbed text, none where there is none."""
        return next(iter(self.texts(name, most=most)), None)

    def integers(self, name: str) -> tuple[int, ...]:
        """Give the values that are integers or enums."""
        return tuple(c for c in self.all(name) if isinstance(c, int) and not isinstance(c, bool))

    def integer(self, name: str) -> int | None:
        """Give the first value that is an integer or enum, none where there is none."""
        return next(iter(self.integers(name)), None)

    def boolean(self, name: str) -> bool | None:
        """Give the first value that is a boolean, none where there is none."""
        return next((c for c in self.all(name) if isinstance(c, bool)), None)

    def date_time(self, name: str) -> datetime | None:
        """Give the first value that is a dateTime (aware), none where there is none."""
        return next((c for c in self.all(name) if isinstance(c, datetime)), None)


def _text(content: Content, most: int) -> str | None:
    match content:
        case str() | bytes():
            return scrub(content, most=most)
        case TextWithLanguage():
            return scrub(content.text, most=most)
    return None
