"""The documents of a feed that may be poison: owed out of order, tried alone, set aside only when nothing else is left.

Why it is done so is told in ``docs/decisions/0011-poison.md``.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from pagemeter.component import Form
from pagemeter.model import DeviceSnapshot, Document, Key
from pagemeter.outbox.courier import Courier, Means, growing, is_about_us
from pagemeter.outbox.subscription import Subscription
from pagemeter.store import Aside, Suspect

log = logging.getLogger("pagemeter.outbox")

TRIES = 5
STRIKES = 2
# How many are tried after each batch: they must not hold up the others.
MOST_AT_ONCE = 10

Try = Callable[[Document], Awaitable[Exception | None]]


class Suspects:
    """Tries the suspects of one feed: each right after an arrival of something else, one if nothing else is owed."""

    def __init__(self, means: Means, subscription: Subscription, courier: Courier, deliver: Try) -> None:
        self._means = means
        self._store = means.store
        self._sub = subscription
        self._courier = courier
        self._deliver = deliver
        self._failures = 0
        self._due = 0.0
        self.delivered = 0
        self.aside = 0

    @property
    def known(self) -> tuple[Suspect, ...]:
        """The suspects, the oldest first."""
        return self._store.suspects(self._sub.name)

    async def after_an_arrival(self) -> None:
        """Try them now, for the receiver takes other documents: who fails now gets a strike."""
        for suspect in self.known[:MOST_AT_ONCE]:
            failure = await self._try(suspect, strike=1)
            if failure is not None and is_about_us(failure):
                return

    async def in_peace(self) -> bool:
        """Try the one that was tried least, if its time has come; say whether it was delivered."""
        known = self.known
        if not known or self._means.clock.monotonic() < self._due:
            return False
        if await self._try(min(known, key=lambda one: one.tries), strike=0) is None:
            return True
        self._failures += 1
        self._due = self._means.clock.monotonic() + growing(self._failures, self._means.random).total_seconds()
        return False

    async def in_haste(self) -> str | None:
        """Try each once more, one that is nearly found guilty until it is; return why one is still owed."""
        for suspect in self.known:
            left: Suspect | None = suspect
            while left is not None:
                failure = await self._try(left, strike=0)
                known = {one.key: one for one in self.known}
                left = None if failure is None or is_about_us(failure) else known.get(suspect.key)
                left = left if left is not None and left.strikes >= STRIKES else None
        return next((one.why for one in self.known), None)

    def wait(self) -> timedelta | None:
        """Return how long it is until one is to be tried again; none where there are none."""
        if not self.known:
            self._failures = 0
            return None
        return timedelta(seconds=max(0.0, self._due - self._means.clock.monotonic()))

    async def acquit_for_now(self) -> None:
        """Take back all strikes: something else failed as well, so that the receiver may be down."""
        struck = [replace(suspect, strikes=0) for suspect in self.known if suspect.strikes]
        if struck:
            await self._store.settle(self._sub.name, suspects=struck)

    async def _try(self, suspect: Suspect, *, strike: int) -> Exception | None:
        entry = self._store.entry(suspect.key)
        if entry is None or entry.document is None:
            why = "it is gone from the log" if entry is None else f"it can't be read: {entry.why}"
            await self._set_aside(suspect.key, why)
            return None
        if self._is_outdated(entry.document):
            await self._store.settle(self._sub.name, done=[suspect.key])
            return None
        failure = await self._deliver(entry.document)
        if failure is None:
            self.delivered += 1
            self._failures = 0
            await self._store.settle(self._sub.name, done=[suspect.key])
        elif not is_about_us(failure):
            await self._count(suspect, failure, strike)
        return failure

    async def _count(self, suspect: Suspect, failure: Exception, strike: int) -> None:
        why = str(failure) or type(failure).__name__
        tried = replace(suspect, tries=suspect.tries + 1, strikes=suspect.strikes + strike, why=why)
        if tried.tries >= TRIES and tried.strikes >= STRIKES:
            await self._set_aside(suspect.key, why)
        else:
            await self._store.settle(self._sub.name, suspects=[tried])

    async def _set_aside(self, key: Key, why: str) -> None:
        log.error("%s: document %s is set aside: %s", self._sub.name, key, why)
        self.aside += 1
        await self._store.settle(self._sub.name, aside=[Aside(key=key, why=why)])

    def _is_outdated(self, document: Document) -> bool:
        """Say whether a feed of the latest has handed on something newer of the same device."""
        if self._sub.feed.form is not Form.LATEST or not isinstance(document.body, DeviceSnapshot):
            return False
        body = document.body
        fleet = self._store.fleet_of([body.device.id])
        return any(entry.latest.taken_at > body.taken_at for entry in fleet)
