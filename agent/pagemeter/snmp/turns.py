"""Who talks to a device: so many at once as its network allows, the others in the order in which they came."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class InTurns:
    """What is talked to in turns: ``talking`` do so now, ``queue`` wait. Most never have one."""

    talking: int = 0
    queue: deque[asyncio.Future[None]] | None = None

    def begin(self, most: int) -> bool:
        """Begin to talk where that is free; else ``wait`` for it."""
        free = self.talking < most and not self.queue
        self.talking += free
        return free

    async def wait(self) -> None:
        """Wait until another one ends, and talk in its place; who is cancelled passes it on."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.queue is None:
            self.queue = deque()
        self.queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.end()
            raise

    def end(self) -> None:
        """Let the next one talk."""
        while self.queue:
            turn = self.queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.queue = None
        self.talking -= 1
