"""Visits that somebody asked for: "read it now", merged per place and rationed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from pagemeter.clock import Clock
from pagemeter.errors import PagemeterError
from pagemeter.model import Scope, Target

log = logging.getLogger(__name__)

PAUSE_SECONDS = 5.0
"""How long asks for one place are gathered: a printer in trouble sends several traps at once."""
AT_ONCE = 8
"""So many visits go on side by side: one that waits for a silent device must not keep a button's waiting."""


class Errands:
    """Gathers asks and makes one visit a place of them."""

    def __init__(
        self,
        visit: Callable[[Target, frozenset[Scope]], Awaitable[object]],
        clock: Clock,
        *,
        place_of: Callable[[str], Target | None] = lambda _: None,
        left_alone: Callable[[], frozenset[str]] = frozenset,
        most: int = 1000,
    ) -> None:
        self._place_of = place_of
        self._left_alone = left_alone
        self._visit = visit
        self._clock = clock
        self._most = most
        self._waiting: dict[str, tuple[Target, frozenset[Scope]]] = {}
        self._asked = asyncio.Event()

    def ask(self, what: Target | str, scopes: frozenset[Scope], why: str) -> None:
        """Put a place, or a device by its id, on the list; a full list drops it, for the next cycle comes by anyway."""
        target = self._place_of(what) if isinstance(what, str) else what
        if target is None:
            log.info("a device that is not known, or that no visit reaches, is not read (%s)", why)
            return
        known = self._waiting.get(target.uri)
        if known is None and len(self._waiting) >= self._most:
            log.warning("%s is not visited early (%s): %d visits are waiting already", target.uri, why, self._most)
            return
        self._waiting[target.uri] = (target, scopes | (known[1] if known else frozenset()))
        self._asked.set()

    async def run(self) -> None:
        """Visit what is asked for, for ever."""
        while True:
            await self._asked.wait()
            await self._clock.sleep(PAUSE_SECONDS)
            self._asked.clear()
            waiting, self._waiting = self._waiting, {}
            seats = asyncio.Semaphore(AT_ONCE)
            resting = self._left_alone()
            async with asyncio.TaskGroup() as group:
                for target, scopes in waiting.values():
                    if target.uri not in resting:
                        group.create_task(self._run_one(target, scopes, seats))

    async def _run_one(self, target: Target, scopes: frozenset[Scope], seats: asyncio.Semaphore) -> None:
        async with seats:
            try:
                await self._visit(target, scopes)
            except PagemeterError as error:
                log.error("%s was visited and nothing could be kept: %s", target.uri, error)
