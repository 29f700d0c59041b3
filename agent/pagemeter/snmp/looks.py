"""Closer looks at those that answered a sweep by half."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from pagemeter.component import Responder
from pagemeter.errors import DeviceError
from pagemeter.model import Hints, Target
from pagemeter.snmp.types import Oid, Walk

_AT_ONCE = 40

Get = Callable[[Target, Sequence[Oid]], Awaitable[Walk]]


class Looks:
    """Asks some at once by ``get``, and hands each on to ``found``, without values where it does not tell any.

    What breaks one of them beyond that stands in ``failed``, and ``notice`` is called.
    """

    def __init__(
        self, get: Get, oids: Sequence[Oid], found: Callable[[Responder], None], notice: Callable[[], None]
    ) -> None:
        self.failed: BaseException | None = None
        self._notice = notice
        self._get = get
        self._oids = tuple(oids)
        self._found = found
        self._due: deque[Target] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self.pending: dict[str, None] = {}
        """The hosts that were not handed on yet."""

    def add(self, target: Target) -> None:
        """Look at a target soon."""
        self.pending[target.host] = None
        self._due.append(target)
        if len(self._tasks) < _AT_ONCE:
            task = asyncio.get_running_loop().create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failed = error
            self._notice()

    async def close(self) -> None:
        """Give up the rest."""
        self._due.clear()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self) -> None:
        while self._due:
            target = self._due.popleft()
            try:
                found = Responder(target=target, walk=await self._get(target, self._oids))
            except DeviceError:
                found = Responder(target=replace(target, hints=Hints()), walk=Walk(()))
            self.pending.pop(target.host, None)
            self._found(found)
