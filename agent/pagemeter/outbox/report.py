"""A feed of reports: the latest of the fleet at its time, and with it what was kept since the last report."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime

from pagemeter.component import Batch
from pagemeter.errors import TooLarge
from pagemeter.model import Document, FleetEntry
from pagemeter.outbox.courier import Courier, Means, Size, is_about_the_batch, is_about_us
from pagemeter.outbox.history import PAGE, History
from pagemeter.outbox.subscription import Subscription
from pagemeter.outbox.suspects import Suspects
from pagemeter.store import Position, Suspect

log = logging.getLogger("pagemeter.outbox")

# Waiting in pieces: a wall clock that is set meanwhile is noticed within one of them.
LONGEST_SLEEP = 60.0


class ReportLane:
    """Sends each report in as many parts as it needs; it is over when all of them were taken, else it stays owed."""

    def __init__(self, means: Means, subscription: Subscription, *, patient: bool) -> None:
        self._means = means
        self._store = means.store
        self._clock = means.clock
        self._sub = subscription
        self.courier = Courier(means, subscription, patient=patient)
        self.suspects = Suspects(means, subscription, self.courier, self._try_alone)
        self._size = Size(subscription.most)
        self._most_devices: int | None = None
        self._reach = 1
        self._due = means.clock.now()
        self._part = 1
        self._delivered = 0
        self._unreadable = 0

    @property
    def delivered(self) -> int:
        """How many devices and documents arrived."""
        return self._delivered + self.suspects.delivered

    @property
    def aside(self) -> int:
        """How many documents were set aside."""
        return self._unreadable + self.suspects.aside

    async def step(self) -> bool:
        """Wait until the next report is due and send it; what was missed is sent as one."""
        now = self._clock.now()
        position = self._store.position(self._sub.name)
        last = position.at
        if last is None:
            last = now
            await self._advance(position, now)
        # A last report in the future: the wall clock was set back.
        due = self._sub.due_after(min(last, now))
        while (wait := (due - self._clock.now()).total_seconds()) > 0:
            await self._clock.sleep(min(wait, LONGEST_SLEEP))
        await self.report(self._latest_due(due))
        return True

    def _latest_due(self, due: datetime) -> datetime:
        """Return the last time by now that a report was due; after a very long absence just now."""
        now = self._clock.now()
        for _ in range(1000):
            following = self._sub.due_after(due)
            if following > now or following <= due:
                return due
            due = following
        return now

    async def report(self, due: datetime) -> None:
        """Send the report of that time; it ends unfinished once the next one is due, which takes its place."""
        self._due, self._part = due, 1
        fleet = await asyncio.to_thread(self._store.fleet)
        history = await asyncio.to_thread(History, self._store, self._sub)
        together = True
        while True:
            devices = fleet[: self._most_devices]
            documents: list[Document] = []
            last = False
            if len(devices) == len(fleet):
                if together or not devices:
                    documents = await asyncio.to_thread(history.next, self._size.now)
                last = await asyncio.to_thread(history.ends_behind, documents)
                last = last and (self._part > 1 or not self.suspects.known)
            await self._set_aside(history)
            failure = await self.courier.deliver(self._batch(documents, devices, last=last))
            if failure is None:
                fleet = fleet[len(devices) :]
                await self._taken(devices, documents, history, last=last)
                if last:
                    return
            elif devices and documents and self._parts(failure, documents):
                together = False
            elif await self._mend(failure, devices, documents, history):
                return

    def _parts(self, failure: Exception, documents: Sequence[Document]) -> bool:
        """Say whether the fleet goes without documents next: it must not be held up by one of them."""
        if is_about_us(failure) or (isinstance(failure, TooLarge) and len(documents) > 1):
            return False
        blamed, hurried = is_about_the_batch(failure), not self.courier.patient
        return self._size.failed(len(documents), blamed=blamed, hurried=hurried)

    async def _taken(
        self, devices: Sequence[FleetEntry], documents: Sequence[Document], history: History, *, last: bool
    ) -> None:
        self._part += 1
        self._reach = 1
        self._delivered += len(devices) + len(documents)
        if documents:
            self._size.arrived()
        history.take(document.key for document in documents)
        await self._advance(history.position, self._due if last else None)
        if not last:
            await self.suspects.after_an_arrival()

    async def _mend(
        self, failure: Exception, devices: Sequence[FleetEntry], documents: Sequence[Document], history: History
    ) -> bool:
        """Try fewer documents, then fewer devices, or wait; true where the next report takes the place of this one."""
        blamed, hurried = is_about_the_batch(failure), not self.courier.patient
        wait = not blamed and not hurried
        if is_about_us(failure) or (devices and documents and not blamed):
            wait = True
        elif isinstance(failure, TooLarge) and not documents and len(devices) > 1:
            self._most_devices = len(devices) // 2
        elif not documents or not self._size.failed(len(documents), blamed=blamed, hurried=hurried):
            wait = True
        elif len(documents) == 1 and not devices:
            wait = not await self._suspected(documents[0], failure, history)
        if wait:
            await self.suspects.acquit_for_now()
            await self.courier.failed(failure)
        return self._sub.due_after(self._due) <= self._clock.now()

    async def _suspected(self, document: Document, failure: Exception, history: History) -> bool:
        """Go on without a document that failed alone, if the receiver takes others; else it may be down."""
        strikes = int(self.courier.fresh_before)
        if not strikes and not await self._takes_another(document, history):
            return False
        why = str(failure) or type(failure).__name__
        log.warning("%s: document %s is tried by itself from now on: %s", self._sub.name, document.key, why)
        history.take([document.key])
        suspect = Suspect(key=document.key, tries=1, strikes=strikes, why=why)
        await self._advance(history.position, None, suspect)
        return True

    async def _takes_another(self, document: Document, history: History) -> bool:
        """Deliver another document; the next time one that is farther away, for a neighbour may be poison as well."""
        others = [one for one in history.next(self._reach + 1) if one.key != document.key]
        if not others:
            return False
        if await self._try_alone(others[-1]) is None:
            self._reach = 1
            self._delivered += 1
            self._size.arrived()
            history.take([others[-1].key])
            return True
        self._reach = 1 if len(others) < self._reach or self._reach >= PAGE else self._reach * 2
        return False

    async def _try_alone(self, document: Document) -> Exception | None:
        failure = await self.courier.deliver(self._batch((document,), (), last=False))
        self._part += failure is None
        return failure

    async def _set_aside(self, history: History) -> None:
        if not history.unreadable:
            return
        for one in history.unreadable:
            log.error("%s: document %s is set aside: %s", self._sub.name, one.key, one.why)
        self._unreadable += len(history.unreadable)
        await self._store.settle(self._sub.name, aside=history.unreadable)
        history.unreadable.clear()

    async def _advance(self, position: Position, at: datetime | None, *suspects: Suspect) -> None:
        """Write down how far the history is, and when the last whole report was, if that is new."""
        at = at if at is not None else self._store.position(self._sub.name).at
        await self._store.advance(
            self._sub.name, Position(epoch=position.epoch, seq=position.seq, at=at), suspects=suspects
        )

    def _batch(self, documents: Sequence[Document], fleet: Sequence[FleetEntry], *, last: bool) -> Batch:
        status = self._means.status()
        return self._sub.report(status, documents, fleet, due=self._due, part=self._part, last=last)
