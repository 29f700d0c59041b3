"""One task a feed, for ever or until nothing is owed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from pydantic import JsonValue

from pagemeter.clock import Clock
from pagemeter.component import Form
from pagemeter.errors import StoreError
from pagemeter.model import AgentStatus, Key
from pagemeter.outbox.courier import GaveUp, Means
from pagemeter.outbox.lane import Lane
from pagemeter.outbox.report import ReportLane
from pagemeter.outbox.subscription import Subscription
from pagemeter.store import Delivery, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedResult:
    """What ``drain`` did for one feed: documents and devices delivered, documents set aside, the error at its end."""

    feed: str
    delivered: int
    aside: int
    error: str | None


class Outbox:
    """Delivers what the store owes; one ``run`` per feed, each in a task that its caller owns."""

    def __init__(
        self, store: Store, *, clock: Clock, status: Callable[[], AgentStatus], random: Random | None = None
    ) -> None:
        self._store = store
        self._means = Means(
            store=store,
            clock=clock,
            status=status,
            random=random or Random(),  # noqa: S311 - jitter is no secret
        )

    @property
    def failing(self) -> Mapping[str, str]:
        """The feeds in an outage, each with its last error."""
        return dict(self._means.failing)

    async def run(self, subscription: Subscription) -> None:
        """Deliver for ever; a feed that is new begins at the beginning of the log, a new report feed waits its period.

        Ends only by cancellation.
        """
        lane = _lane(self._means, subscription, patient=True)
        await lane.courier.begin()
        with self._store.listening() as committed:
            while True:
                committed.clear()
                try:
                    idle = not await lane.step()
                except StoreError as error:
                    await lane.courier.failed(error)
                    idle = False
                if idle:
                    await self._rest(committed, lane)

    async def drain(self, subscriptions: Sequence[Subscription]) -> tuple[FeedResult, ...]:
        """Deliver everything owed and one report per report feed, side by side; a feed ends when its receiver fails."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._drain(subscription)) for subscription in subscriptions]
        return tuple(task.result() for task in tasks)

    async def note_closed(self, output: str, why: str) -> None:
        """Write down that an output can't be opened, so that whoever asks knows why its feeds owe."""
        with suppress(StoreError):
            feeds = [name for name in self._store.feeds() if name.partition("/")[0] == output]
            for name in feeds or [output]:
                known = self._store.delivery(name)
                since = known.since or self._means.clock.now()
                closed = Delivery(since=since, failures=known.failures + 1, why=why)
                await self._store.note_delivery(name, known.form or Form.EVERY, closed)

    async def retry(self, feed: str, key: str | None = None) -> JsonValue:
        """Owe again what a feed set aside, one document by its key or all; returns how many. Raises StoreError."""
        return await self._store.retry_aside(feed, None if key is None else parse_key(key))

    async def drop(self, feed: str, key: str | None = None) -> JsonValue:
        """Forget what a feed set aside, one document by its key or all; returns how many. Raises StoreError."""
        return await self._store.drop_aside(feed, None if key is None else parse_key(key))

    async def _drain(self, subscription: Subscription) -> FeedResult:
        lane = _lane(self._means, subscription, patient=False)
        error = None
        try:
            await lane.courier.begin()
            if isinstance(lane, ReportLane):
                await lane.report(self._means.clock.now())
            else:
                while await lane.step():
                    pass
                error = await lane.suspects.in_haste()
        except (GaveUp, StoreError) as failure:
            error = str(failure)
        return FeedResult(feed=subscription.name, delivered=lane.delivered, aside=lane.aside, error=error)

    async def _rest(self, committed: asyncio.Event, lane: Lane | ReportLane) -> None:
        """Wait for something new in the log, or until a suspect is to be tried again."""
        wait = lane.suspects.wait()
        if wait is None:
            await committed.wait()
            return
        loop = asyncio.get_running_loop()
        tasks = {
            loop.create_task(committed.wait()),
            loop.create_task(self._means.clock.sleep(wait.total_seconds())),
        }
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _lane(means: Means, subscription: Subscription, *, patient: bool) -> Lane | ReportLane:
    lane = ReportLane if subscription.feed.form is Form.REPORT else Lane
    return lane(means, subscription, patient=patient)


def parse_key(text: str) -> Key:
    """Read a key as it is written, ``agent/epoch/seq``; raises StoreError."""
    parts = text.split("/")
    if len(parts) != 3 or not (parts[2].isascii() and parts[2].isdigit()):
        raise StoreError("this is no key; write it like AGENT/EPOCH/SEQ, as `pagemeter outbox` lists it")
    return Key(agent=parts[0], epoch=parts[1], seq=int(parts[2]))
