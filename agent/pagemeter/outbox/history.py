"""What was kept since the last report: the log from a feed's position on, page by page, up to where it ended."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable

from pagemeter.component import Form
from pagemeter.model import Document, Key
from pagemeter.outbox.subscription import Subscription
from pagemeter.store import Aside, Entry, Store
from pagemeter.store.feeds import TYPES
from pagemeter.wire import type_of

PAGE = 500


class History:
    """The documents that one report owes; only a page of them and those of one part are in memory."""

    def __init__(self, store: Store, subscription: Subscription) -> None:
        self._store = store
        self._sub = subscription
        self._until = store.end()
        self._read = self.position = store.position(subscription.name)
        self._waiting: deque[Entry] = deque()
        self._done: set[Key] = set()
        if not subscription.feed.history:
            self._read = self.position = self._until
        self.unreadable: list[Aside] = []
        """What can't be read and is to be set aside; whoever does it empties the list."""

    def next(self, most: int) -> list[Document]:
        """Return the next documents, ``most`` at most; the same ones again until they are taken."""
        while len(self._open()) < most and self._read.seq < self._until.seq:
            self._read_on()
        return self._open()[:most]

    def ends_behind(self, documents: Collection[Document]) -> bool:
        """Say whether these are the last ones."""
        return len(self.next(len(documents) + 1)) <= len(documents)

    def take(self, keys: Iterable[Key]) -> None:
        """Take note that documents are owed no more; moves ``position`` behind those at the head."""
        self._done.update(keys)
        while self._waiting and self._waiting[0].key in self._done:
            entry = self._waiting.popleft()
            self._done.discard(entry.key)
            self.position = entry.position
        if not self._waiting and self._read.seq >= self._until.seq:
            self.position = max(self.position, self._until)

    def _open(self) -> list[Document]:
        return [e.document for e in self._waiting if e.document is not None and e.key not in self._done]

    def _read_on(self) -> None:
        page = self._store.page(self._read, PAGE)
        for entry in page.entries:
            if entry.document is None:
                self.unreadable.append(Aside(key=entry.key, why=f"it can't be read: {entry.why}"))
            elif self._wants(entry.document) and entry.position.seq <= self._until.seq:
                self._waiting.append(entry)
        self._read = page.end if page.entries else self._until

    def _wants(self, document: Document) -> bool:
        types = self._sub.feed.types or TYPES[Form.REPORT]
        return type_of(document.body) in types and self._sub.masks.takes(document.body)
