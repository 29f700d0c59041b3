"""Tries deliveries of one feed, waits between them, and says where an outage begins and where it ends."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random

from pagemeter.clock import Clock
from pagemeter.component import Batch
from pagemeter.errors import DeliveryError, Refused, StoreError, TooLarge, Undeliverable
from pagemeter.model import AgentStatus
from pagemeter.outbox.subscription import Subscription
from pagemeter.store import Delivery, Store

log = logging.getLogger("pagemeter.outbox")

SHORTEST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(minutes=15)
# A receiver may ask for more patience than our own longest wait, within reason.
MOST_PATIENCE = timedelta(days=1)


class GaveUp(Exception):
    """A delivery failed and there is no time to try again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What all feeds share; ``failing`` are those in an outage, each with its last error."""

    store: Store
    clock: Clock
    status: Callable[[], AgentStatus]
    random: Random
    failing: dict[str, str] = field(default_factory=dict)


class Courier:
    """Carries the batches of one feed; ``patient`` ones wait after a failure, others raise GaveUp."""

    def __init__(self, means: Means, subscription: Subscription, *, patient: bool) -> None:
        self._means = means
        self._sub = subscription
        self._noted = means.store.delivery(subscription.name)
        self._failures = 0
        self.patient = patient
        self.fresh = False
        """Whether the last delivery arrived."""
        self.fresh_before = False
        """Whether the delivery before the last one arrived."""

    async def begin(self) -> None:
        """Let the store know of the feed, and that its output is open now."""
        with suppress(StoreError):
            await self._means.store.forget_delivery(self._sub.output)
        if self._noted.form is not self._sub.feed.form:
            await self._note(self._noted)

    async def deliver(self, batch: Batch) -> Exception | None:
        """Try once; the failure is returned."""
        self.fresh_before = self.fresh
        try:
            await self._sub.deliver(batch)
        except Exception as error:  # noqa: BLE001 - the border to a component: whatever it raises is a failed delivery
            self.fresh = False
            return error
        self.fresh = True
        if self._failures:
            since = self._noted.since
            log.info("%s: delivers again, after %d failures since %s", self._sub.name, self._failures, since)
        self._failures = 0
        self._means.failing.pop(self._sub.name, None)
        if self._noted.why is not None:
            await self._note(Delivery())
        return None

    async def failed(self, error: Exception) -> None:
        """Wait before the next try: 1 s doubling to 15 min, jittered; longer where the receiver says so.

        Raises GaveUp where there is no next try.
        """
        self._failures += 1
        wait, now = self._wait(error), self._means.clock.now()
        text = str(error) or type(error).__name__
        if wait > LONGEST_WAIT and self.patient:
            text += f" (it asks us to wait until {now + wait:%Y-%m-%d %H:%M} UTC; a restart tries at once)"
        self._means.failing[self._sub.name] = text
        since = self._noted.since or now
        await self._note(Delivery(since=since, failures=self._noted.failures + 1, why=text))
        if not self.patient:
            raise GaveUp(text) from error
        if self._failures == 1:
            log.warning("%s: can't deliver, everything is kept and tried again: %s", self._sub.name, text)
        await self._means.clock.sleep(wait.total_seconds())

    async def _note(self, delivery: Delivery) -> None:
        """Tell the commands; a store that can't be written must not keep us from delivering."""
        self._noted = replace(delivery, form=self._sub.feed.form)
        with suppress(StoreError):
            await self._means.store.note_delivery(self._sub.name, self._sub.feed.form, delivery)

    def _wait(self, error: Exception) -> timedelta:
        wait = LONGEST_WAIT if isinstance(error, Refused) else growing(self._failures, self._means.random)
        asked = error.retry_after if isinstance(error, DeliveryError) else None
        return max(wait, min(asked, MOST_PATIENCE)) if asked is not None else wait


def growing(failures: int, random: Random) -> timedelta:
    """Return how long to wait after so many failures in a row, with jitter."""
    longest = min(LONGEST_WAIT, timedelta(seconds=1 << min(max(failures - 1, 0), 20)))
    return max(SHORTEST_WAIT, longest * random.uniform(0.5, 1.0))


def is_about_us(error: Exception) -> bool:
    """Say whether a failure has nothing to do with what was sent: we are not known, or shall come later."""
    return isinstance(error, Refused) or (isinstance(error, DeliveryError) and error.retry_after is not None)


def is_about_the_batch(error: Exception) -> bool:
    """Say whether the receiver itself blames what was sent."""
    return isinstance(error, TooLarge | Undeliverable)


class Size:
    """How many documents go together: fewer when they fail, twice as many when they arrive, never more than ``most``.

    A batch that fails without the receiver blaming it is tried five times before fewer are, for an outage looks the
    same; from then on, until whole batches arrive again, once.
    """

    SAME = 5

    def __init__(self, most: int) -> None:
        self._most = most
        self._failures = 0
        self._narrow = False
        self.now = most

    def arrived(self) -> None:
        """Take note of a delivery."""
        self._failures = 0
        self._narrow = self._narrow and self.now < self._most
        self.now = min(self._most, self.now * 2)

    def failed(self, count: int, *, blamed: bool, hurried: bool) -> bool:
        """Take note of a failure of ``count`` documents; say whether fewer are tried next.

        ``blamed`` means that the receiver blames the batch, ``hurried`` that there is no time to try the same again.
        """
        self._failures += 1
        if not (blamed or hurried) and self._failures < (1 if self._narrow else self.SAME):
            return False
        self._failures = 0
        self.now = max(1, count // 2) if blamed or self._narrow else 1
        self._narrow = True
        return True
