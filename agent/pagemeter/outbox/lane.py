"""A feed of documents on its way through the log: batches, halves of batches, and what must go alone."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence

from pagemeter.component import Batch, Form
from pagemeter.errors import DeliveryError
from pagemeter.model import DeviceBack, DeviceSilent, DevicesMerged, DeviceSnapshot, Document, Event, Key, Scope
from pagemeter.outbox.courier import Courier, Means, Size, is_about_the_batch, is_about_us
from pagemeter.outbox.subscription import Subscription
from pagemeter.outbox.suspects import Suspects
from pagemeter.store import Aside, Entry, Position, Suspect

log = logging.getLogger("pagemeter.outbox")

SCAN = 500


class Lane:
    """Every document in order, or the newest of each device; what was not delivered stays owed."""

    def __init__(self, means: Means, subscription: Subscription, *, patient: bool) -> None:
        self._means = means
        self._store = means.store
        self._sub = subscription
        self.courier = Courier(means, subscription, patient=patient)
        self.suspects = Suspects(means, subscription, self.courier, self._try_alone)
        self._size = Size(subscription.most)
        self._reach = 1
        self._done: set[Key] = set()
        self._aside: list[Aside] = []
        self._suspected: list[Suspect] = []
        self._delivered = 0
        self._unreadable = 0

    @property
    def delivered(self) -> int:
        """How many documents arrived."""
        return self._delivered + self.suspects.delivered

    @property
    def aside(self) -> int:
        """How many documents were set aside."""
        return self._unreadable + self.suspects.aside

    async def step(self) -> bool:
        """Deliver the next batches; false where the log owes nothing."""
        if self.courier.patient and await self.suspects.in_peace():
            return True
        after = self._store.position(self._sub.name)
        if self._sub.feed.form is Form.LATEST:
            # Of each device the newest since the position; one that a newer one covers is passed.
            places, end = await asyncio.to_thread(self._newest, after)
            if end == after:
                return False
            await self._hand_over_parts(places, end)
            return True
        page = await asyncio.to_thread(self._store.page, after, self._sub.most)
        if page.end == after:
            return False
        await self._hand_over(page.entries, page.end)
        return True

    def _newest(self, after: Position) -> tuple[list[Position], Position]:
        newest = _Newest()
        while (page := self._store.page(after, SCAN)).entries:
            for entry in page.entries:
                newest.add(entry)
            after = page.end
        return newest.chosen(), after

    async def _hand_over_parts(self, places: Sequence[Position], end: Position) -> None:
        """Deliver the documents at some places, read part by part: those of a large fleet don't fit into memory."""
        for start in range(0, max(1, len(places)), SCAN):
            part = places[start : start + SCAN]
            entries = await asyncio.to_thread(self._store.rows_at, part)
            if not await self._hand_over(entries, part[-1] if start + SCAN < len(places) else end):
                return

    async def _hand_over(self, entries: Sequence[Entry], end: Position) -> bool:
        """Deliver the entries in order and advance behind each batch, at last to ``end``; false where it was left."""
        waiting = deque(entries)
        if not waiting:
            await self._store.advance(self._sub.name, end)
        while waiting:
            chunk = self._chunk(waiting)
            documents = tuple(e.document for e in chunk if e.document is not None)
            failure = await self.courier.deliver(self._batch(documents)) if documents else None
            if failure is None:
                self._arrived(documents)
                await self._pass(waiting, end)
                if documents:
                    await self.suspects.after_an_arrival()
                continue
            self._note_accepted(failure, documents)
            # Before the wait: what was accepted must not be sent again after a restart either.
            await self._pass(waiting, end)
            await self._mend(failure, [one for one in documents if one.key not in self._done], waiting)
            await self._pass(waiting, end)
            if self.courier.fresh:
                await self.suspects.after_an_arrival()
            if self._sub.feed.form is Form.LATEST or self._size.now == 1:
                # The log may have something newer by now, or something else to tell poison from an outage by.
                return False
        return True

    def _chunk(self, waiting: Sequence[Entry]) -> list[Entry]:
        """Take the next entries that are still to be delivered; what can't be read is set aside."""
        chunk: list[Entry] = []
        for entry in waiting:
            if entry.key in self._done:
                continue
            if entry.document is None:
                self._set_aside(entry.key, f"it can't be read: {entry.why}")
            elif not self._sub.masks.takes(entry.document.body):
                self._done.add(entry.key)
            else:
                chunk.append(entry)
                if len(chunk) == self._size.now:
                    break
        return chunk

    def _arrived(self, documents: Sequence[Document]) -> None:
        if documents:
            self._delivered += len(documents)
            self._done.update(document.key for document in documents)
            self._size.arrived()
            self._reach = 1

    def _note_accepted(self, failure: Exception, documents: Sequence[Document]) -> None:
        if isinstance(failure, DeliveryError):
            taken = {one.key for one in documents} & {document.key for document in failure.accepted}
            self._delivered += len(taken)
            self._done |= taken

    async def _mend(self, failure: Exception, rest: Sequence[Document], waiting: Sequence[Entry]) -> None:
        """Try fewer documents, look closer at one that fails alone, or wait."""
        blamed, hurried = is_about_the_batch(failure), not self.courier.patient
        if is_about_us(failure) or not rest:
            await self.courier.failed(failure)
            return
        fewer = self._size.failed(len(rest), blamed=blamed, hurried=hurried)
        if fewer and len(rest) == 1:
            await self._doubt(rest[0], failure, waiting)
        elif not fewer or not (blamed or hurried):
            await self.suspects.acquit_for_now()
            await self.courier.failed(failure)

    async def _doubt(self, document: Document, failure: Exception, waiting: Sequence[Entry]) -> None:
        """Suspect a document that failed alone, if the receiver takes others; else it may be down, and we wait."""
        strikes = int(self.courier.fresh_before)
        if not strikes and not await self._takes_another(document, waiting):
            await self.suspects.acquit_for_now()
            await self.courier.failed(failure)
            return
        why = str(failure) or type(failure).__name__
        log.warning("%s: document %s is tried by itself from now on: %s", self._sub.name, document.key, why)
        self._done.add(document.key)
        self._suspected.append(Suspect(key=document.key, tries=1, strikes=strikes, why=why))

    async def _takes_another(self, document: Document, waiting: Sequence[Entry]) -> bool:
        """Deliver another document; the next time one that is farther away, for a neighbour may be poison as well."""
        unsent = [e.document for e in waiting if e.document is not None and e.key not in self._done]
        others = [one for one in unsent if one.key != document.key and self._sub.masks.takes(one.body)]
        if not others:
            return False
        other = others[min(self._reach, len(others)) - 1]
        if await self._try_alone(other) is None:
            self._arrived((other,))
            return True
        self._reach = 1 if self._reach >= len(others) else self._reach * 2
        return False

    def _set_aside(self, key: Key, why: str) -> None:
        log.error("%s: document %s is set aside: %s", self._sub.name, key, why)
        self._unreadable += 1
        self._done.add(key)
        self._aside.append(Aside(key=key, why=why))

    async def _pass(self, waiting: deque[Entry], end: Position) -> None:
        """Advance behind the entries at the head that are done."""
        last = None
        while waiting and waiting[0].key in self._done:
            last = waiting.popleft()
        to = end if not waiting else last.position if last else None
        if to is None:
            return
        await self._store.advance(self._sub.name, to, self._aside, self._suspected)
        self._aside.clear()
        self._suspected.clear()
        self._done &= {entry.key for entry in waiting}

    async def _try_alone(self, document: Document) -> Exception | None:
        return await self.courier.deliver(self._batch((document,)))

    def _batch(self, documents: Sequence[Document]) -> Batch:
        fleet = self._store.fleet_of(_devices(documents)) if self._sub.concerns(documents) else ()
        return self._sub.batch(self._means.status(), documents, fleet)


class _Newest:
    """Chooses, of the entries that are added in order, what a feed of the latest hands on, and holds their places."""

    def __init__(self) -> None:
        self._snapshots: dict[tuple[str, frozenset[Scope]], Position] = {}
        self._events: dict[tuple[str | None, str], Position] = {}

    def add(self, entry: Entry) -> None:
        """Take an entry into account; a newer one of the same takes the place of an older one."""
        body = entry.document.body if entry.document is not None else None
        if isinstance(body, DeviceSnapshot):
            self._snapshots[body.device.id, body.scopes] = entry.position
        elif isinstance(body, Event):
            match body.facts:
                case DeviceSilent() | DeviceBack():
                    self._events[body.device, "silence"] = entry.position
                case DevicesMerged(alias=alias):
                    self._events[body.device, alias] = entry.position

    def chosen(self) -> list[Position]:
        """Return the newest in the order of the log, without snapshots that a newer one covers."""
        covered: dict[str, set[frozenset[Scope]]] = {}
        chosen = list(self._events.values())
        for (device, scopes), place in sorted(self._snapshots.items(), key=lambda one: one[1], reverse=True):
            if not any(scopes <= newer for newer in covered.setdefault(device, set())):
                covered[device].add(scopes)
                chosen.append(place)
        return sorted(chosen)


def _devices(documents: Sequence[Document]) -> set[str]:
    """Name the devices that documents are about."""
    devices: set[str] = set()
    for document in documents:
        match document.body:
            case DeviceSnapshot(device=device):
                devices.add(device.id)
            case Event(device=str(device)):
                devices.add(device)
    return devices
