"""Visitors: many places wait, only so many of them in a task of their own."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from pagemeter.model import Target

MOST_VISITORS = 512
"""How many places wait for a seat at once; of the others only the place is kept."""


class Visitors:
    """Visits places in the order in which they are told; the tasks are those of ``group``."""

    def __init__(self, group: asyncio.TaskGroup, visit: Callable[[Target], Awaitable[None]]) -> None:
        self._group = group
        self._visit = visit
        self._waiting: deque[Target] = deque()
        self._at_work = 0

    def soon(self, place: Target) -> None:
        """Visit a place when it is its turn."""
        self._waiting.append(place)
        if self._at_work < MOST_VISITORS:
            self._at_work += 1
            self._group.create_task(self._work())

    async def _work(self) -> None:
        while self._waiting:
            await self._visit(self._waiting.popleft())
        self._at_work -= 1
