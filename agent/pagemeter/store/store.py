"""The store of a running agent: the one that writes."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Self

from pydantic import JsonValue
from pydantic_core import to_json as write_json

from pagemeter import wire
from pagemeter.clock import Clock
from pagemeter.errors import StoreError
from pagemeter.fleet import packed
from pagemeter.model import Body, Document, Event, JobRecord, Key
from pagemeter.model.snapshot import DeviceSnapshot
from pagemeter.store.feeds import FeedWriter
from pagemeter.store.frames import MOST_BYTES
from pagemeter.store.ledger import LedgerRows, hand_over
from pagemeter.store.lock import StoreLock
from pagemeter.store.log import Encoded, Log
from pagemeter.store.pseudonyms import pseudonym_key
from pagemeter.store.reader import StoreReader
from pagemeter.store.records import Keep
from pagemeter.store.runs import RunRows
from pagemeter.store.site import Site
from pagemeter.store.versions import open_for_writing
from pagemeter.store.writer import Writer

DECOY_FORGOTTEN = timedelta(days=90)
"""What was no printer and was not seen again for so long is forgotten: addresses of IPv6 come and go."""


class Store(StoreReader, FeedWriter):
    """Keeps what must not be lost; everything of one call is on the disk when the call returns, or nothing is."""

    def __init__(
        self, path: Path, *, clock: Clock, group_seconds: float, connection: type[sqlite3.Connection], lock: StoreLock
    ) -> None:
        self._lock = lock
        self._clock = clock
        self._listeners: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._db = open_for_writing(path, connection)
        try:
            super().__init__(path)
            self._agent, self._epoch = _begin_epoch(self._db)
            self._log = Log(self._db, self._agent, self._epoch)
        except sqlite3.Error as error:
            self._db.close()
            raise StoreError(f"{path} can't be written: {error}") from error
        self._writer = Writer(
            self._db,
            clock=clock,
            group_seconds=group_seconds,
            rolled_back=self._log.restart,
            committed=self._wake,
        )

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        clock: Clock,
        group_seconds: float = 1.0,
        connection: type[sqlite3.Connection] = sqlite3.Connection,
    ) -> Self:
        """Open or make the store, alone, in a new epoch; raises StoreError, naming the process that has it already.

        ``group_seconds`` is how long a group of answers is waited for.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{path.parent} can't be made: {error.strerror}") from error
        lock = StoreLock(path)
        try:
            return cls(path, clock=clock, group_seconds=group_seconds, connection=connection, lock=lock)
        except BaseException:
            lock.release()
            raise

    async def close(self) -> None:
        """Write what is waiting and give the lock back."""
        # The writer's connection goes last: only one that may write can empty the log file and take it away.
        try:
            self.close_reading()
        finally:
            await self._writer.close()
        self._lock.release()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    @property
    def agent(self) -> str:
        """Our id, made once with the store."""
        return self._agent

    @cached_property
    def pseudonym_key(self) -> bytes:
        """The key of this agent's pseudonyms; raises StoreError where its file can't be read or made."""
        return pseudonym_key(self.path)

    @property
    def epoch(self) -> str:
        """The epoch of this start."""
        return self._epoch

    async def keep(self, keep: Keep, *, at_once: bool = False) -> tuple[Key, ...]:
        """Keep everything in one transaction; returns the keys of ``bodies`` when the commit is on the disk.

        ``at_once`` does not wait for others to be committed with it. Raises StoreError, WireError.
        """
        at = self._clock.now()
        own = [_encoded(body, device) for device, body in keep.bodies]
        foreign = [(document, _encoded(document.body, _device_of(document))) for document in keep.foreign]
        ids = [entry.latest.device.id for entry in keep.entries]
        entries = [(key, keep.packed.get(key) or packed(one)) for key, one in zip(ids, keep.entries, strict=True)]
        memories = [(*key, write_json(dict(memory)).decode()) for key, memory in keep.memories.items()]
        cursors = [(*key, write_json(cursor).decode()) for key, cursor in keep.cursors.items()]
        site = Site.of(keep, at)
        ledger = LedgerRows.of(keep.records)
        runs = RunRows.of(keep.runs)

        def work() -> tuple[Key, ...]:
            keys = self._log.append(own, at)
            self._log.append_foreign(foreign)
            self._db.executemany("REPLACE INTO current VALUES (?, ?)", entries)
            self._db.executemany("REPLACE INTO memory VALUES (?, ?, ?)", memories)
            self._db.executemany("REPLACE INTO cursor VALUES (?, ?, ?)", cursors)
            ledger.move(self._db)
            for old, new in keep.aliases.items():
                self._alias(old, new)
            ledger.write(self._db)
            for address, what in keep.decoys.items():
                self._decoy(address, what, at)
            site.write(self._db)
            runs.write(self._db)
            return keys

        return await self._writer.run(work, at_once=at_once)

    async def choose(self, key: str, value: JsonValue) -> None:
        """Keep what an operator chose; none takes the choice back."""
        json = write_json(value).decode()

        def work() -> None:
            if value is None:
                self._db.execute("DELETE FROM setting WHERE key = ?", (key,))
            else:
                self._db.execute("REPLACE INTO setting VALUES (?, ?)", (key, json))

        await self._writer.run(work, at_once=True)

    @contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        """Lend an event that is set after each commit."""
        event = asyncio.Event()
        self._listeners[event] = asyncio.get_running_loop()
        try:
            yield event
        finally:
            del self._listeners[event]

    def _wake(self) -> None:
        """Set the events of those who listen; the writer's thread does it."""
        for event, loop in list(self._listeners.items()):
            # A loop that has ended listens no more.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(event.set)

    def _alias(self, old: str, new: str) -> None:
        self._db.execute("UPDATE alias SET device = ? WHERE device = ?", (new, old))
        self._db.execute("REPLACE INTO alias VALUES (?, ?)", (old, new))
        self._db.execute("DELETE FROM current WHERE device = ?", (old,))
        hand_over(self._db, old, new)

    def _decoy(self, address: str, what: str | None, at: datetime) -> None:
        if what is None:
            self._db.execute("DELETE FROM decoy WHERE address = ?", (address,))
        else:
            self._db.execute("REPLACE INTO decoy VALUES (?, ?, ?)", (address, what, at.isoformat()))
            self._db.execute("DELETE FROM decoy WHERE at < ?", ((at - DECOY_FORGOTTEN).isoformat(),))


def _begin_epoch(db: sqlite3.Connection) -> tuple[str, str]:
    """Return our id, made at the first start, and a new epoch: 64 random bits tell restored copies apart."""
    db.execute("BEGIN IMMEDIATE")
    db.execute("INSERT INTO meta VALUES ('agent', ?) ON CONFLICT DO NOTHING", (str(uuid.uuid4()),))
    db.execute(
        "INSERT INTO meta VALUES ('start', '1') ON CONFLICT DO UPDATE SET value = CAST(value AS INTEGER) + 1",
    )
    facts = dict(db.execute("SELECT key, value FROM meta").fetchall())
    db.execute("COMMIT")
    return facts["agent"], f"{int(facts['start']):08x}-{secrets.randbits(64):016x}"


def _encoded(body: Body, device: str | None) -> Encoded:
    plain = wire.body_to_json(body)
    if len(plain) > MOST_BYTES:
        raise StoreError(f"a document of {len(plain)} bytes is refused; at most {MOST_BYTES} are kept")
    return Encoded(type=wire.type_of(body), device=device, plain=plain)


def _device_of(document: Document) -> str | None:
    match document.body:
        case DeviceSnapshot(device=device):
            return device.id
        case JobRecord(device=device) | Event(device=device):
            return device
        case _:
            return None
