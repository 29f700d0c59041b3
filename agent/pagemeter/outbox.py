"""Feeds read the log: masks, batches, back-off, what is set aside. At least once, in order, position after delivery."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from pagemeter.clock import Clock
from pagemeter.component import Batch, Feed, Form
from pagemeter.errors import DeliveryError, Refused, StoreError, TooLarge, Undeliverable
from pagemeter.model import AgentStatus, DeviceSnapshot, Document, FleetEntry, Key, Scope
from pagemeter.store import Aside, Entry, Position, Store
from pagemeter.wire import masked

log = logging.getLogger(__name__)

SHORTEST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(minutes=15)
# A receiver may ask for more patience than our own longest wait, within reason.
MOST_PATIENCE = timedelta(days=1)
REPORT_PERIOD = timedelta(hours=1)
# Waiting in pieces: a wall clock that is set meanwhile is noticed within one of them.
LONGEST_SLEEP = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A feed of an output and how it is delivered.

    ``deliver`` may raise anything. ``next_due`` gives the time of the report after a moment (report feeds only),
    ``period`` how often that is; without them it is hourly.
    """

    output: str
    feed: Feed
    deliver: Callable[[Batch], Awaitable[None]]
    mask: tuple[str, ...] = ()
    period: timedelta | None = None
    next_due: Callable[[datetime], datetime] | None = None

    @property
    def name(self) -> str:
        """The feed's name in the store."""
        return f"{self.output}/{self.feed.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedResult:
    """What ``drain`` did for one feed: documents or devices delivered, documents set aside, the error it ended with."""

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
        self._clock = clock
        self._status = status
        self._random = random or Random()  # noqa: S311 - jitter is no secret
        self._failing: dict[str, str] = {}

    @property
    def failing(self) -> Mapping[str, str]:
        """The feeds in an outage, each with its last error."""
        return dict(self._failing)

    async def run(self, subscription: Subscription) -> None:
        """Deliver for ever; a feed that is new begins at the beginning of the log, a new report feed waits its period.

        Ends only by cancellation.
        """
        lane = _Lane(self, subscription, patient=True)
        with self._store.listening() as committed:
            while True:
                committed.clear()
                try:
                    idle = not await lane.step()
                except StoreError as error:
                    await lane.failed(error)
                    idle = False
                if idle:
                    await committed.wait()

    async def drain(self, subscriptions: Sequence[Subscription]) -> tuple[FeedResult, ...]:
        """Deliver everything owed and one report per report feed, side by side; a feed ends at its first failure."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._drain(subscription)) for subscription in subscriptions]
        return tuple(task.result() for task in tasks)

    async def _drain(self, subscription: Subscription) -> FeedResult:
        lane = _Lane(self, subscription, patient=False)
        error = None
        try:
            if subscription.feed.form is Form.REPORT:
                await lane.report(self._clock.now())
            else:
                while await lane.step():
                    pass
        except (_GaveUp, StoreError) as failure:
            error = str(failure)
        return FeedResult(
            feed=subscription.name, delivered=lane.delivered, aside=lane.aside, error=error or lane.given_up
        )


class _GaveUp(Exception):
    """A delivery failed and there is no time to try again."""


class _Lane:
    """One feed on its way through the log."""

    def __init__(self, outbox: Outbox, subscription: Subscription, *, patient: bool) -> None:
        self._outbox = outbox
        self._store = outbox._store  # noqa: SLF001 - a lane is the outbox's own
        self._clock = outbox._clock  # noqa: SLF001 - as above
        self._sub = subscription
        self._patient = patient
        self._most = max(1, subscription.feed.most)
        self._done: set[Key] = set()
        self._failures = 0
        self._since: datetime | None = None
        self.delivered = 0
        self.aside = 0
        self.given_up: str | None = None

    async def step(self) -> bool:
        """Deliver the next batches, or wait for the next report; false where nothing is owed."""
        match self._sub.feed.form:
            case Form.EVERY:
                return await self._next_page()
            case Form.LATEST:
                return await self._newest()
            case Form.REPORT:
                await self._next_report()
                return True

    # ---- documents

    async def _next_page(self) -> bool:
        after = self._store.position(self._sub.name)
        page = await asyncio.to_thread(self._store.page, after, self._sub.feed.most)
        if not page.entries:
            return False
        await self._hand_over(list(page.entries), page.end)
        return True

    async def _newest(self) -> bool:
        """Deliver, of each device, the newest snapshots since the position; one that a newer one covers is passed."""
        after = self._store.position(self._sub.name)
        entries, end = await asyncio.to_thread(self._scan, after)
        if end == after:
            return False
        await self._hand_over(entries, end)
        return True

    def _scan(self, after: Position) -> tuple[list[Entry], Position]:
        kept: dict[tuple[str, frozenset[Scope]], Entry] = {}
        while (page := self._store.page(after, 500)).entries:
            for entry in page.entries:
                if entry.document is not None and isinstance(entry.document.body, DeviceSnapshot):
                    body = entry.document.body
                    kept[body.device.id, body.scopes] = entry
            after = page.end
        newest_first = sorted(kept.items(), key=lambda item: item[1].position, reverse=True)
        covered: dict[str, set[frozenset[Scope]]] = {}
        chosen = []
        for (device, scopes), entry in newest_first:
            if not any(scopes <= newer for newer in covered.setdefault(device, set())):
                covered[device].add(scopes)
                chosen.append(entry)
        return chosen[::-1], after

    async def _hand_over(self, entries: list[Entry], end: Position) -> None:
        """Deliver the entries in order and advance behind each batch, at last to ``end``."""
        waiting = deque(entries)
        given_up: list[Aside] = []
        if not waiting:
            await self._store.advance(self._sub.name, end)
        while waiting:
            chunk = self._chunk(waiting, given_up)
            documents = tuple(e.document for e in chunk if e.document is not None)
            failure = await self._deliver(self._batch(documents)) if documents else None
            if failure is None:
                self.delivered += len(documents)
                self._most = min(max(1, self._sub.feed.most), self._most * 2)
                self._done.update(document.key for document in documents)
            else:
                self._note_accepted(failure, documents)
                # Before the wait: what was accepted must not be sent again after a restart either.
                await self._pass(waiting, given_up, end)
                await self._mend(failure, documents, given_up)
            await self._pass(waiting, given_up, end)
            if failure is not None and self._sub.feed.form is Form.LATEST:
                return

    def _chunk(self, waiting: Sequence[Entry], given_up: list[Aside]) -> list[Entry]:
        """Take the next entries that are still to be delivered; what can't be read is given up."""
        chunk: list[Entry] = []
        for entry in waiting:
            if entry.key in self._done:
                continue
            if entry.document is None:
                self._give_up(entry.key, f"it can't be read: {entry.why}", given_up)
                continue
            chunk.append(entry)
            if len(chunk) == self._most:
                break
        return chunk

    def _note_accepted(self, failure: Exception, documents: Sequence[Document]) -> None:
        if isinstance(failure, DeliveryError):
            sent = {document.key for document in documents}
            taken = sent & {document.key for document in failure.accepted}
            self.delivered += len(taken)
            self._done |= taken

    async def _mend(self, failure: Exception, documents: Sequence[Document], given_up: list[Aside]) -> None:
        """Halve the batch, set the one document aside that can't be delivered, or wait."""
        rest = [document for document in documents if document.key not in self._done]
        if not isinstance(failure, TooLarge | Undeliverable):
            await self.failed(failure)
        elif len(rest) > 1:
            # One bad document must not take its neighbours with it.
            self._most = max(1, len(rest) // 2)
        elif rest:
            self._give_up(rest[0].key, str(failure), given_up)

    def _give_up(self, key: Key, why: str, given_up: list[Aside]) -> None:
        log.error("%s: document %s is set aside: %s", self._sub.name, key, why)
        self.aside += 1
        self._done.add(key)
        given_up.append(Aside(key=key, why=why))

    async def _pass(self, waiting: deque[Entry], given_up: list[Aside], end: Position) -> None:
        """Advance behind the entries at the head that are done."""
        last = None
        while waiting and waiting[0].key in self._done:
            last = waiting.popleft()
        to = end if not waiting else last.position if last else None
        if to is None:
            return
        await self._store.advance(self._sub.name, to, given_up)
        given_up.clear()
        self._done &= {entry.key for entry in waiting}

    def _batch(self, documents: Sequence[Document]) -> Batch:
        mask = self._sub.mask
        names = "\n".join([self._sub.name, *(str(document.key) for document in documents)])
        return Batch(
            id=hashlib.sha256(names.encode()).hexdigest()[:32],
            feed=self._sub.feed,
            period=self._sub.period,
            agent=masked(self._outbox._status(), mask),  # noqa: SLF001 - a lane is the outbox's own
            documents=tuple(replace(document, body=masked(document.body, mask)) for document in documents),
        )

    # ---- reports

    async def _next_report(self) -> None:
        """Wait until the next report is due and send it; what was missed is sent as one."""
        now = self._clock.now()
        last = self._store.position(self._sub.name).at
        if last is None:
            last = now
            await self._store.advance(self._sub.name, Position(at=now))
        # A last report in the future: the wall clock was set back.
        due = self._due_after(min(last, now))
        while (wait := (due - self._clock.now()).total_seconds()) > 0:
            await self._clock.sleep(min(wait, LONGEST_SLEEP))
        await self.report(self._latest_due(due))

    async def report(self, due: datetime) -> None:
        """Send the report of that time, with every known device; a newer one takes its place once it is due."""
        fleet = await asyncio.to_thread(self._store.fleet)
        parts = deque([(f"{self._sub.name}/{due.isoformat()}", fleet)])
        while parts:
            part, entries = parts[0]
            failure = await self._deliver(self._report_batch(part, entries))
            if isinstance(failure, TooLarge) and len(entries) > 1:
                half = len(entries) // 2
                parts.popleft()
                parts.extendleft([(f"{part}.2", entries[half:]), (f"{part}.1", entries[:half])])
            elif failure is None or isinstance(failure, TooLarge | Undeliverable):
                parts.popleft()
                self._count_report(failure, part, len(entries))
            else:
                await self.failed(failure)
                if self._due_after(due) <= self._clock.now():
                    return
        await self._store.advance(self._sub.name, Position(at=due))

    def _count_report(self, failure: Exception | None, part: str, devices: int) -> None:
        if failure is None:
            self.delivered += devices
        else:
            self.given_up = str(failure)
            log.error("%s: report %s is given up: %s", self._sub.name, part, failure)

    def _report_batch(self, part: str, fleet: Sequence[FleetEntry]) -> Batch:
        return replace(
            self._batch(()),
            id=hashlib.sha256(f"{self._store.agent}/{part}".encode()).hexdigest()[:32],
            period=self._sub.period or REPORT_PERIOD,
            fleet=tuple(masked(entry, self._sub.mask) for entry in fleet),
        )

    def _due_after(self, moment: datetime) -> datetime:
        return self._sub.next_due(moment) if self._sub.next_due else moment + (self._sub.period or REPORT_PERIOD)

    def _latest_due(self, due: datetime) -> datetime:
        """Return the last time by now that a report was due; after a very long absence just now."""
        now = self._clock.now()
        for _ in range(1000):
            following = self._due_after(due)
            if following > now or following <= due:
                return due
            due = following
        return now

    # ---- trying, failing, waiting

    async def _deliver(self, batch: Batch) -> Exception | None:
        """Try once; the failure is returned, and an outage is logged where it begins and where it ends."""
        try:
            await self._sub.deliver(batch)
        except Exception as error:  # noqa: BLE001 - the border to a component: whatever it raises is a failed delivery
            return error
        if self._since is not None:
            log.info("%s: delivers again, after %d failures since %s", self._sub.name, self._failures, self._since)
        self._since, self._failures = None, 0
        self._outbox._failing.pop(self._sub.name, None)  # noqa: SLF001 - a lane is the outbox's own
        return None

    async def failed(self, error: Exception) -> None:
        """Wait before the next try: 1 s doubling to 15 min, jittered; longer where the receiver says so.

        Raises _GaveUp where there is no next try.
        """
        text = str(error) or type(error).__name__
        self._outbox._failing[self._sub.name] = text  # noqa: SLF001 - a lane is the outbox's own
        if not self._patient:
            raise _GaveUp(text) from error
        if self._since is None:
            self._since = self._clock.now()
            log.warning("%s: can't deliver, everything is kept and tried again: %s", self._sub.name, text)
        self._failures += 1
        await self._clock.sleep(self._wait(error).total_seconds())

    def _wait(self, error: Exception) -> timedelta:
        if isinstance(error, Refused):
            wait = LONGEST_WAIT
        else:
            longest = min(LONGEST_WAIT, SHORTEST_WAIT * 2 ** min(self._failures - 1, 20))
            wait = max(SHORTEST_WAIT, longest * self._outbox._random.uniform(0.5, 1.0))  # noqa: SLF001 - as above
        asked = error.retry_after if isinstance(error, DeliveryError) else None
        return max(wait, min(asked, MOST_PATIENCE)) if asked is not None else wait
