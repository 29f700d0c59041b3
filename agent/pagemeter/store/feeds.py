"""What the store knows of feeds: how far each is, what it owes out of order, what it gave up, since when it fails."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pagemeter.clock import Clock
from pagemeter.component import Form
from pagemeter.model import Key
from pagemeter.store.records import Aside, Position, Suspect
from pagemeter.store.writer import Writer

# The types of documents that a form hands on; all of them where it is not listed.
TYPES: dict[Form, tuple[str, ...]] = {
    Form.LATEST: ("snapshot", "event"),
    Form.REPORT: ("snapshot", "event", "job", "queue"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How deliveries of a feed go: ``since`` when and how often it fails, and ``why``; both absent while it delivers.

    ``form`` is absent of a feed that no agent of this version served yet.
    """

    form: Form | None = None
    since: datetime | None = None
    failures: int = 0
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """How a feed is: how many documents it still owes, since when the oldest of them waits, and why.

    ``documents`` counts those of the log; ``again`` those that are owed out of order, ``aside`` those that were given
    up.
    """

    feed: str
    position: Position
    documents: int
    aside: int
    again: int = 0
    oldest: datetime | None = None
    delivery: Delivery = Delivery()


class FeedReader:
    """The part of a store that reads what is known of feeds."""

    def feeds(self) -> tuple[str, ...]:
        """Name every feed that was ever served."""
        tables = ["feed", "aside", *(["delivery", "again"] if self._has_delivery() else [])]
        columns = {"feed": "name"}
        union = " UNION ".join(f"SELECT {columns.get(t, 'feed')} AS n FROM {t}" for t in tables)  # noqa: S608 - constants
        return tuple(row[0] for row in self._rows(f"{union} ORDER BY n"))

    def position(self, feed: str) -> Position:
        """Return how far a feed is; the beginning where it is new."""
        rows = self._rows("SELECT epoch, seq, at FROM feed WHERE name = ?", feed)
        if not rows:
            return Position()
        epoch, seq, at = rows[0]
        return Position(epoch=epoch, seq=seq, at=None if at is None else datetime.fromisoformat(at))

    def end(self) -> Position:
        """Return the place of the newest document."""
        rows = self._rows("SELECT epoch, seq FROM document ORDER BY seq DESC LIMIT 1")
        return Position(epoch=rows[0][0], seq=rows[0][1]) if rows else Position()

    def set_aside(self, feed: str) -> tuple[Aside, ...]:
        """Return the documents that a feed gave up."""
        rows = self._rows("SELECT agent, epoch, seq, why, at FROM aside WHERE feed = ? ORDER BY epoch, seq", feed)
        return tuple(
            Aside(key=Key(agent=agent, epoch=epoch, seq=seq), why=why, at=datetime.fromisoformat(at))
            for agent, epoch, seq, why, at in rows
        )

    def suspects(self, feed: str) -> tuple[Suspect, ...]:
        """Return the documents that a feed owes out of order, the oldest first."""
        if not self._has_delivery():
            return ()
        rows = self._rows(
            "SELECT agent, epoch, seq, tries, strikes, why FROM again WHERE feed = ? ORDER BY epoch, seq", feed
        )
        return tuple(
            Suspect(key=Key(agent=agent, epoch=epoch, seq=seq), tries=tries, strikes=strikes, why=why)
            for agent, epoch, seq, tries, strikes, why in rows
        )

    def owed(self, feed: str) -> Owed:
        """Count what a feed still owes."""
        position = self.position(feed)
        delivery = self.delivery(feed)
        types = TYPES.get(delivery.form, ()) if delivery.form else ()
        of_types = f" AND type IN ({', '.join('?' * len(types))})" if types else ""
        where = f"FROM document WHERE seq > ?{of_types}"
        first = self._rows(f"SELECT at {where} ORDER BY seq LIMIT 1", position.seq, *types)
        return Owed(
            feed=feed,
            position=position,
            documents=self._rows(f"SELECT count(*) {where}", position.seq, *types)[0][0],
            aside=self._rows("SELECT count(*) FROM aside WHERE feed = ?", feed)[0][0],
            again=len(self.suspects(feed)),
            oldest=datetime.fromisoformat(first[0][0]) if first else None,
            delivery=delivery,
        )

    def delivery(self, feed: str) -> Delivery:
        """Say how deliveries of a feed go."""
        sql = "SELECT form, since, failures, why FROM delivery WHERE feed = ?"
        rows = self._rows(sql, feed) if self._has_delivery() else []
        if not rows:
            return Delivery()
        form, since, failures, why = rows[0]
        begun = None if since is None else datetime.fromisoformat(since)
        return Delivery(form=Form(form), since=begun, failures=failures, why=why)

    def _has_delivery(self) -> bool:
        """Say whether this store is of version 2 or newer; a command may read one that is still older."""
        return bool(self._rows("SELECT 1 FROM sqlite_schema WHERE name = 'delivery'"))

    def _rows(self, sql: str, *values: object) -> list[Any]:
        raise NotImplementedError


class FeedWriter(FeedReader):
    """The part of a store that writes what becomes of feeds."""

    _db: sqlite3.Connection
    _writer: Writer
    _clock: Clock

    async def advance(
        self,
        feed: str,
        position: Position,
        aside: Sequence[Aside] = (),
        suspects: Sequence[Suspect] = (),
    ) -> None:
        """Write down how far a feed is, what it gave up on the way and what it owes out of order, together."""
        at = self._clock.now().isoformat()
        last = None if position.at is None else position.at.isoformat()

        def work() -> None:
            self._db.execute("REPLACE INTO feed VALUES (?, ?, ?, ?)", (feed, position.epoch, position.seq, last))
            self._note(feed, aside, suspects, at)

        await self._writer.run(work, at_once=True)

    async def settle(
        self,
        feed: str,
        *,
        done: Sequence[Key] = (),
        aside: Sequence[Aside] = (),
        suspects: Sequence[Suspect] = (),
    ) -> None:
        """Write down what became of documents that were owed out of order: delivered, given up, or tried once more."""
        at = self._clock.now().isoformat()

        def work() -> None:
            self._forget("again", feed, done)
            self._note(feed, aside, suspects, at)

        await self._writer.run(work, at_once=True)

    async def note_delivery(self, feed: str, form: Form, delivery: Delivery) -> None:
        """Write down the form of a feed and how its deliveries go."""
        since = None if delivery.since is None else delivery.since.isoformat()
        row = (feed, form.value, since, delivery.failures, delivery.why)

        def work() -> None:
            self._db.execute("REPLACE INTO delivery VALUES (?, ?, ?, ?, ?)", row)

        await self._writer.run(work, at_once=True)

    async def forget_delivery(self, feed: str) -> None:
        """Take back what was noted under a name that is no feed's."""
        if self._rows("SELECT 1 FROM delivery WHERE feed = ?", feed):
            await self._writer.run(
                lambda: self._db.execute("DELETE FROM delivery WHERE feed = ?", (feed,)).rowcount, at_once=True
            )

    async def retry_aside(self, feed: str, key: Key | None = None) -> int:
        """Owe again what a feed gave up: one document or all; each is delivered by itself under its old key.

        Returns how many they are.
        """

        def work() -> int:
            chosen = self._chosen(feed, key)
            self._db.executemany(
                "REPLACE INTO again VALUES (?, ?, ?, ?, 0, 0, ?)", [(feed, *row, why) for *row, why in chosen]
            )
            self._forget("aside", feed, [Key(agent=agent, epoch=epoch, seq=seq) for agent, epoch, seq, _ in chosen])
            return len(chosen)

        return await self._writer.run(work, at_once=True)

    async def drop_aside(self, feed: str, key: Key | None = None) -> int:
        """Forget what a feed gave up, one document or all: it is owed no more. Returns how many they were."""

        def work() -> int:
            chosen = self._chosen(feed, key)
            self._forget("aside", feed, [Key(agent=agent, epoch=epoch, seq=seq) for agent, epoch, seq, _ in chosen])
            return len(chosen)

        return await self._writer.run(work, at_once=True)

    def _chosen(self, feed: str, key: Key | None) -> list[Any]:
        sql = "SELECT agent, epoch, seq, why FROM aside WHERE feed = ?"
        if key is None:
            return self._db.execute(sql, (feed,)).fetchall()
        row = (feed, key.agent, key.epoch, key.seq)
        return self._db.execute(f"{sql} AND agent = ? AND epoch = ? AND seq = ?", row).fetchall()

    def _note(self, feed: str, aside: Sequence[Aside], suspects: Sequence[Suspect], at: str) -> None:
        self._db.executemany(
            "REPLACE INTO aside VALUES (?, ?, ?, ?, ?, ?)", [(feed, *_columns(one.key), one.why, at) for one in aside]
        )
        self._forget("again", feed, [one.key for one in aside])
        self._db.executemany(
            "REPLACE INTO again VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(feed, *_columns(one.key), one.tries, one.strikes, one.why) for one in suspects],
        )

    def _forget(self, table: str, feed: str, keys: Iterable[Key]) -> None:
        self._db.executemany(
            f"DELETE FROM {table} WHERE feed = ? AND agent = ? AND epoch = ? AND seq = ?",  # noqa: S608 - a constant
            [(feed, *_columns(key)) for key in keys],
        )


def _columns(key: Key) -> tuple[str, str, int]:
    return key.agent, key.epoch, key.seq
