"""IPP answered from memory: for tests of readers and sources that need no socket."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from pagemeter.errors import DeviceError, Unreachable
from pagemeter.ipp.message import (
    Attribute,
    Collection,
    Content,
    Group,
    GroupTag,
    IppMessage,
    OutOfBand,
    Value,
    ValueTag,
)

Reply: TypeAlias = IppMessage | DeviceError
Told: TypeAlias = Content | Mapping[str, Content] | Sequence[Content]
Script: TypeAlias = Reply | Sequence[Reply] | Callable[[IppMessage], Reply]


class RecordedIpp:
    """An ``Ipp`` that answers by URI: always the same, one after another, or what a function makes of the question.

    An error is raised; a URI that is not there, or has no answer left, raises Unreachable. ``asked`` keeps every call
    as (URI, message).
    """

    def __init__(self, answers: Mapping[str, Script]) -> None:
        self._answers: dict[str, Script] = {
            uri: list(script) if isinstance(script, Sequence) else script for uri, script in answers.items()
        }
        self.asked: list[tuple[str, IppMessage]] = []

    async def ask(self, uri: str, message: IppMessage, *, server: bool = False) -> IppMessage:  # noqa: ARG002 - a recording has no fence
        """Answer, or raise what was recorded."""
        self.asked.append((uri, message))
        reply = self._reply(uri, message)
        if isinstance(reply, DeviceError):
            raise reply
        return reply

    def _reply(self, uri: str, message: IppMessage) -> Reply:
        script = self._answers.get(uri)
        if isinstance(script, list):
            script = script.pop(0) if script else None
        if script is None:
            return Unreachable(f"{uri} does not answer IPP; nothing was recorded")
        return script(message) if callable(script) else script  # type: ignore[return-value] # a list is popped above


_TAGS: dict[type, ValueTag] = {
    bool: ValueTag.BOOLEAN,
    int: ValueTag.INTEGER,
    str: ValueTag.TEXT,
    bytes: ValueTag.OCTET_STRING,
    datetime: ValueTag.DATE_TIME,
    Collection: ValueTag.COLLECTION,
}


def ipp_group(tag: int = GroupTag.PRINTER, /, **attributes: Told) -> Group:
    """Make a group: ``printer_name="x"`` is printer-name; a list is several values, a mapping a collection."""
    return Group(tag, tuple(_attribute(name.replace("_", "-"), told) for name, told in attributes.items()))


def _attribute(name: str, told: Told) -> Attribute:
    if isinstance(told, Mapping):
        told = Collection(tuple(_attribute(member.replace("_", "-"), value) for member, value in told.items()))
    contents = told if isinstance(told, tuple | list) else (told,)
    return Attribute(name, tuple(Value(_tag(content), content) for content in contents))


def _tag(content: Content) -> int:
    return int(content.value) if isinstance(content, OutOfBand) else _TAGS[type(content)]
