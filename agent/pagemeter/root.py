"""The root of the process: one event loop that a component's sys.exit does not end, and the signals that do."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import threading
from collections.abc import Coroutine, Iterator
from contextlib import closing, contextmanager
from contextvars import Context, ContextVar
from types import FrameType
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


def run_root(main: Coroutine[Any, Any, T], *, grace: float = GRACE_SECONDS) -> T:
    """Run ``main`` to its end on a SelectorEventLoop and return what it returns.

    SystemExit of a child task or a callback is logged, its owner is told, and the loop goes on. The first SIGINT or
    SIGTERM cancels ``main`` once; when it ends by that, KeyboardInterrupt or Terminated is raised. A second signal
    raises at once, a third one kills.
    """
    with closing(asyncio.SelectorEventLoop()) as loop:
        task = loop.create_task(main)
        with _signals(loop, task) as received:
            try:
                _complete(loop, task)
            finally:
                if len(received) < 2:
                    _complete(loop, loop.create_task(_end_others(grace)))
        if task.cancelled() and received:
            raise (Terminated if received[0] == signal.SIGTERM else KeyboardInterrupt)
        return task.result()


def _complete(loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any]) -> None:
    """Run until the task is done, whatever becomes of it; asyncio lets SystemExit of any task out of the loop."""
    while not task.done():
        try:
            loop.run_until_complete(asyncio.wait({task}) if False else _done(task))
        except SystemExit as error:
            if not task.done():
                _blame(error)


async def _done(task: asyncio.Task[Any]) -> None:
    await asyncio.wait({task})
