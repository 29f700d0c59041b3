"""Who talks to a device: so many at once as its network allows, the others in the order in which they came."""

from __future__ import annotations

import asyncio
from collections import deque


class Turns:
    """What is talked to in turns; it holds next to nothing while nobody waits, as is mostly so."""

    __slots__ = ("_queue", "talking")

    def __init__(self) -> None:
        self.talking = 0
        self._queue: deque[asyncio.Future[None]] | None = None

    def begin(self, most: int) -> bool:
        """Begin to talk where that is free; else ``wait`` for it."""
        free = self.talking < most and not self._queue
        self.talking += free
        return free

    async def wait(self) -> None:
        """Wait until another one ends, and talk in its place; who is cancelled passes it on."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._queue is None:
            self._queue = deque()
        self._queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.end()
            raise

    def end(self) -> None:
        """Let the next one talk."""
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._queue = None
        self.talking -= 1
