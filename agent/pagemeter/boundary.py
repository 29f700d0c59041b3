"""How a component's code is run: in a task of its own, under its owner's name, and abandoned when it will not end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextvars import copy_context
from typing import Any, Generic, TypeVar

from pagemeter.errors import PagemeterError, PluginError
from pagemeter.logs import redact
from pagemeter.root import OWNER, Owner
from pagemeter.text import scrub

log = logging.getLogger(__name__)

T = TypeVar("T")

_MOST_LEAVES = 3
_abandoned: set[asyncio.Task[Any]] = set()


class Exited(PluginError):
    """A component called sys.exit."""


def started(owner: Owner, work: Callable[[], Awaitable[T]]) -> asyncio.Task[T]:
    """Start a component's work in a task whose children inherit the owner; SystemExit becomes Exited."""
    context = copy_context()
    context.run(OWNER.set, owner)
    task = asyncio.get_running_loop().create_task(_contained(work), name=owner.name, context=context)
    task.add_done_callback(_seen)
    return task


async def abandon(task: asyncio.Task[Any], grace: float) -> None:
    """Cancel a task that is not done and wait ``grace`` seconds for its end, no longer."""
    if task.done():
        return
    task.cancel()
    await asyncio.wait({task}, timeout=grace)
    if not task.done():
        log.warning("%s goes on although it was cancelled %g s ago; it is abandoned", task.get_name(), grace)
        # The event loop holds tasks weakly.
        _abandoned.add(task)
        task.add_done_callback(_abandoned.discard)


def reason_of(error: BaseException) -> str:
    """Say in one clean line what an exception is, the parts of a group one after another; secrets are hidden."""
    leaves = list(leaves_of(error))
    parts = [_told(leaf) for leaf in leaves[:_MOST_LEAVES]]
    if len(leaves) > _MOST_LEAVES:
        parts.append(f"and {len(leaves) - _MOST_LEAVES} more")
    return "; ".join(parts)


def leaves_of(error: BaseException) -> Iterator[BaseException]:
    """Yield the exceptions of a group, of its groups too; or the exception itself."""
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from leaves_of(part)
    else:
        yield error


class Pump(Generic[T]):
    """Runs an async iterator in one task from its first step to its close, a step only when it is asked for.

    One task, for timeouts and task groups inside a generator belong to the task that entered them.
    """

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        self._step: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def ask(self) -> asyncio.Future[T]:
        """Ask for the next item; the future stays undone when there is none."""
        self._step = asyncio.get_running_loop().create_future()
        self._asked.set()
        return self._step

    async def run(self, items: AsyncIterator[T]) -> None:
        """Hand over the items, and close the iterator in the end."""
        try:
            await self._wait_to_be_asked()
            async for item in items:
                self._step.set_result(item)
                await self._wait_to_be_asked()
        finally:
            if (close := getattr(items, "aclose", None)) is not None:
                await close()

    async def _wait_to_be_asked(self) -> None:
        await self._asked.wait()
        self._asked.clear()


async def _contained(work: Callable[[], Awaitable[T]]) -> T:
    # Left to itself asyncio lets SystemExit out of the event loop.
    try:
        return await work()
    except SystemExit as error:
        raise Exited(f"called sys.exit({error.code!r})") from error


def _told(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"called sys.exit({error.code!r})"
    message = scrub(redact(str(error)))
    if isinstance(error, PagemeterError) and message is not None:
        return message
    return type(error).__name__ if message is None else f"{type(error).__name__}: {message}"


def _seen(task: asyncio.Task[Any]) -> None:
    """Take note of the exception, for asyncio complains of those that nobody asked for."""
    if not task.cancelled():
        task.exception()
