"""The root of the process: one event loop that a component's sys.exit does not end, and the signals that do."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
import threading
from collections.abc import Coroutine, Iterator
from contextlib import closing, contextmanager
from contextvars import ContextVar
from types import FrameType, TracebackType
from typing import Any, Protocol, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")

GRACE_SECONDS = 5.0
"""How long tasks that are left over may take to end before they are abandoned."""


class Owner(Protocol):
    """Who answers for a task: the supervisor of a component."""

    @property
    def name(self) -> str:
        """The name of the item in the YAML."""

    def child_exited(self, code: object) -> None:
        """Learn that a task or callback of the component called sys.exit."""


OWNER: ContextVar[Owner | None] = ContextVar("owner", default=None)
"""Tasks and callbacks inherit it from those that start them."""


class Terminated(KeyboardInterrupt):
    """SIGTERM, not Ctrl-C, ended the main task."""


def calm_collector() -> None:
    """Let this process look for garbage cycles less often; for whoever owns the process.

    Values are trees without cycles: looking for some every 700 objects took a quarter of the time of a job log
    (``bench/pcounter.py``: 16,400 lines a second before, 21,600 after).
    """
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)


def run_root(main: Coroutine[Any, Any, T], *, grace: float = GRACE_SECONDS) -> T:
    """Run ``main`` to its end on a SelectorEventLoop and return what it returns.

    SystemExit of a child task or a callback is told to its owner and the loop goes on. The first SIGINT or SIGTERM
    cancels ``main`` once; when it ends by that, KeyboardInterrupt or Terminated is raised. A second signal raises at
    once, a third one kills.
    """
    with closing(asyncio.SelectorEventLoop()) as loop:
        task = loop.create_task(main)
        with _signals(loop, task) as received:
            _complete(loop, task)
            _complete(loop, loop.create_task(_end_others(grace)))
        if task.cancelled() and received:
            raise _interrupt(received[0])
        return task.result()


def _complete(loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any]) -> None:
    """Run until the task is done; asyncio lets the SystemExit of any task out of the loop."""
    task.add_done_callback(lambda _: loop.stop())
    while not task.done():
        try:
            loop.run_forever()
        except SystemExit as error:
            if not task.done():
                _blame(error)


def _blame(error: SystemExit) -> None:
    owner = _owner(error.__traceback__)
    if owner is None:
        log.error("a task or callback of unknown origin called sys.exit(%r); the agent goes on", error.code)
    else:
        owner.child_exited(error.code)


def _owner(traceback: TracebackType | None) -> Owner | None:
    """Find who answers for what ran: the loop's frame holds the handle, and that the context of task or callback."""
    while traceback is not None:
        handle = traceback.tb_frame.f_locals.get("self")
        if isinstance(handle, asyncio.Handle):
            context = getattr(handle, "_context", None)
            return None if context is None else context.get(OWNER)
        traceback = traceback.tb_next
    return None


async def _end_others(grace: float) -> None:
    """Cancel what is left over; what swallows that is named and abandoned: it must not keep the process alive."""
    loop = asyncio.get_running_loop()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    if others:
        _, deaf = await asyncio.wait(others, timeout=grace)
        for task in deaf:
            log.warning("%s did not end when it was cancelled and is abandoned", task.get_coro())
    generators = loop.create_task(loop.shutdown_asyncgens())
    await asyncio.wait({generators}, timeout=grace)
    if asyncio.all_tasks() - {asyncio.current_task()}:
        # They are named above; that they are destroyed while pending is no news.
        loop.set_exception_handler(_say_nothing)


def _say_nothing(_loop: asyncio.AbstractEventLoop, _context: dict[str, Any]) -> None:
    return


def _interrupt(number: int) -> KeyboardInterrupt:
    return Terminated() if number == signal.SIGTERM else KeyboardInterrupt()


@contextmanager
def _signals(loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any]) -> Iterator[list[int]]:
    """Let SIGINT and SIGTERM cancel the task; yields the signals that came, in order.

    Plain handlers, for add_signal_handler is missing on Windows and waits for a loop that a plugin may block.
    """
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return

    def handle(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        if len(received) == 1:
            task.cancel()
            return
        signal.signal(number, signal.SIG_DFL)
        loop.set_exception_handler(_say_nothing)
        raise _interrupt(number)

    with _woken_by_signals(loop):
        before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield received
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def _woken_by_signals(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Make a signal end the loop's wait: on Windows nothing else does."""
    mine, theirs = socket.socketpair()
    with mine, theirs:
        mine.setblocking(False)
        theirs.setblocking(False)
        loop.add_reader(mine, lambda: mine.recv(4096))
        before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            loop.remove_reader(mine)
