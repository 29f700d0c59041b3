"""Holds a sweep back: it runs neither too far ahead of what is remembered of it nor of who takes what it finds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_MOST_WAITING = 4096


class Valve:
    """``ahead`` is how many may be asked beyond what was remembered, none for no limit.

    ``waiting`` tells how many answers nobody has taken yet; ``notice`` is called when it is time to remember.
    """

    def __init__(
        self, waiting: Callable[[], int], *, ahead: int | None = None, notice: Callable[[], None] | None = None
    ) -> None:
        self._waiting = waiting
        self._notice = notice
        self._ahead = ahead
        self._reserved = self._kept = self.asked = 0
        self._opened = asyncio.Event()

    async def room(self, wanted: int) -> int:
        """Wait until somebody may be asked; returns how many of those wanted, which count as promised."""
        while (free := min(wanted, self._free())) <= 0:
            self._opened.clear()
            await self._opened.wait()
        self._reserved += free
        return free

    def sent(self, count: int, promised: int) -> None:
        """Note how many of the promised ones were asked."""
        self.asked += count
        self._reserved -= promised - count
        if self._notice is not None and self.due():
            self._notice()

    def due(self) -> bool:
        """Say whether it is time to remember how far the sweep is."""
        return self._ahead is not None and self.asked - self._kept >= max(1, self._ahead // 2)

    def kept(self, asked: int) -> None:
        """Note that it is remembered up to where so many were asked."""
        self._kept = asked
        self.taken()

    def taken(self) -> None:
        """Note that somebody took answers."""
        self._opened.set()

    def _free(self) -> int:
        if self._waiting() >= _MOST_WAITING:
            return 0
        return 1 << 30 if self._ahead is None else self._ahead - (self._reserved - self._kept)
