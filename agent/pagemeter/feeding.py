"""How outputs get what is owed to them: their feeds, each with its masks and its times."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from pagemeter.clock import Clock, LocalZone
from pagemeter.component import Batch, Feed, Output
from pagemeter.config.settings import ItemConfig, ScheduleSettings
from pagemeter.errors import PluginError, StoreError
from pagemeter.masks import Masks
from pagemeter.outbox import Outbox, Subscription
from pagemeter.scheduler import Schedule, next_run
from pagemeter.store import Store
from pagemeter.supervisor import Supervisor

DELIVERY_SECONDS = 60.0
FEED_PAUSE_SECONDS = 30.0


class Feeding:
    """Subscribes outputs to the outbox; ``note`` is told what failed, by output."""

    def __init__(
        self,
        items: Iterable[ItemConfig],
        outbox: Outbox,
        store: Store,
        clock: Clock,
        *,
        note: Callable[[Mapping[str, str]], None],
    ) -> None:
        self._items = {item.name: item for item in items}
        self._outbox = outbox
        self._store = store
        self._clock = clock
        self._note = note

    async def run(self, output: Supervisor[Output]) -> None:
        """Deliver all feeds of one output for ever; an output that can't be opened owes until it can."""
        while True:
            try:
                subscriptions = await self._subscriptions(output)
                break
            except (PluginError, StoreError) as error:
                self._note({output.name: str(error)})
                await self._outbox.note_closed(output.name, str(error))
                await self._clock.sleep(FEED_PAUSE_SECONDS)
        async with asyncio.TaskGroup() as group:
            for subscription in subscriptions:
                group.create_task(self._outbox.run(subscription))

    async def drain(self, outputs: Sequence[Supervisor[Output]]) -> dict[str, str]:
        """Deliver what is owed to all outputs, once; returns what failed and why."""
        subscriptions: list[Subscription] = []
        failed = {}
        for output in outputs:
            try:
                subscriptions += await self._subscriptions(output)
            except (PluginError, StoreError) as error:
                failed[output.name] = str(error)
                await self._outbox.note_closed(output.name, str(error))
        results = await self._outbox.drain(subscriptions)
        return failed | {result.feed: result.error for result in results if result.error is not None}

    async def _subscriptions(self, output: Supervisor[Output]) -> list[Subscription]:
        item = self._items[output.name]
        timeout = item.timeout.total_seconds() if item.timeout else DELIVERY_SECONDS

        async def feeds(component: Output) -> Sequence[Feed]:
            found: tuple[Any, ...] = tuple(component.feeds())
            if strange := [type(feed).__name__ for feed in found if not isinstance(feed, Feed)]:
                raise TypeError(f"feeds returned {strange[0]} among its feeds")
            return found

        async def deliver(batch: Batch) -> None:
            await output.call(lambda component: component.deliver(batch), timeout=timeout)

        schedule = schedule_of(item.schedule) if item.schedule else None
        key = self._store.pseudonym_key if item.hash else b""
        masks = Masks(only=item.only, mask=item.mask, hashed=item.hash, key=key)
        return [
            Subscription(
                output=output.name,
                feed=feed,
                deliver=deliver,
                masks=masks,
                period=schedule.every if schedule else None,
                next_due=partial(next_run, schedule, zone=LocalZone()) if schedule else None,
            )
            for feed in await output.call(feeds, timeout=timeout)
        ]


def schedule_of(settings: ScheduleSettings) -> Schedule:
    """Turn what the YAML says into a schedule."""
    return Schedule(every=settings.every, on=settings.weekdays, at=settings.at)
