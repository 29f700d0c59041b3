"""IPP answered from memory: for tests of readers and sources that need no socket."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from pagemeter.errors import DeviceError, Unreachable
from pagemeter.ipp.message import IppMessage

Reply: TypeAlias = IppMessage | DeviceError
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
