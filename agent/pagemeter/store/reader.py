"""The reading end of the store: by a connection that can't write, in pages of one transaction each."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Self, cast

from pydantic import JsonValue
from pydantic_core import from_json as parse_json

from pagemeter import wire
from pagemeter.component import Memory, Quarantined
from pagemeter.errors import StoreError
from pagemeter.fleet import Fleet, unpacked
from pagemeter.model import Document, Key, Link, Queue
from pagemeter.net.accounts import RunTraffic
from pagemeter.store.feeds import FeedReader
from pagemeter.store.frames import checksum, inflated
from pagemeter.store.ledger import TABLES, R, read_row
from pagemeter.store.records import ListedSegment, Position, StoreCorrupt
from pagemeter.store.runs import run_of
from pagemeter.store.site import links_of, listed_segment, quarantined_of, queue_of
from pagemeter.store.versions import open_for_reading

_COLUMNS = "seq, epoch, agent, sender_epoch, sender_seq, at, type, device, frame, body, crc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row of the log: its place, its key, and the document, or what is wrong with it."""

    position: Position
    key: Key
    document: Document | None
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Rows of the log in order; ``end`` is the place of the last one, or where the page was asked from."""

    entries: tuple[Entry, ...]
    end: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoy:
    """An address that answers and is no printer, what it is, and when that was seen."""

    address: str
    what: str
    at: datetime


class StoreReader(FeedReader):
    """Reads a store without its lock, beside a running agent or without one; usable from any thread."""

    def __init__(self, path: Path) -> None:
        """Open it; raises StoreError where there is none or this user can't read it."""
        self.path = path
        self._reading = open_for_reading(path)
        self._turn = threading.Lock()

    def close_reading(self) -> None:
        """Close the connection."""
        with self._turn:
            self._reading.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close_reading()

    @property
    def agent(self) -> str:
        """The id of the agent whose store this is."""
        return cast("str", self._rows("SELECT value FROM meta WHERE key = 'agent'")[0][0])

    def fleet(self) -> Fleet:
        """Return what is current of every device, sorted by id."""
        return Fleet(self._rows("SELECT device, entry FROM current ORDER BY device"))

    def fleet_of(self, devices: Collection[str]) -> Fleet:
        """Return what is current of some devices, sorted by id; one that is known by another id now has that one."""
        aliases = self.aliases()
        found = []
        for device in sorted({aliases.get(device, device) for device in devices}):
            found += self._rows("SELECT device, entry FROM current WHERE device = ?", device)
        return Fleet(found)

    def aliases(self) -> Mapping[str, str]:
        """Return the ids that were given up, each with the id that stays."""
        return dict(self._rows("SELECT id, device FROM alias ORDER BY id"))

    def histories(self) -> Mapping[str, bytes]:
        """Return what continuity keeps of each device, packed as it was kept."""
        return dict(self._rows("SELECT device, body FROM history") if self._has("history") else ())

    def lives(self, kind: type[R], device: str | None = None) -> tuple[tuple[str, R], ...]:
        """Return the series, supplies or alerts of one device or of all: (device, row) in the order of their keys.

        A device that is known by another id now has that one.
        """
        table = TABLES[kind]
        if not self._has(table):
            return ()
        names = ", ".join(f.name for f in fields(kind))
        rows = self._rows(
            f"SELECT device, {names} FROM {table} WHERE ? IS NULL OR device = ? ORDER BY 1, 2, 3",  # noqa: S608 - names of ours
            *(2 * (None if device is None else self.aliases().get(device, device),)),
        )
        return tuple((one, read_row(kind, tuple(columns))) for one, *columns in rows)

    def memory(self, component: str, device: str) -> Memory:
        """Return what a component remembers of a device; empty where it remembers nothing."""
        rows = self._rows("SELECT json FROM memory WHERE component = ? AND device = ?", component, device)
        return cast("Memory", parse_json(rows[0][0])) if rows else {}

    def memories(self, component: str) -> Mapping[str, Memory]:
        """Return all that a component remembers, by device, sorted."""
        rows = self._rows("SELECT device, json FROM memory WHERE component = ? ORDER BY device", component)
        return {device: cast("Memory", parse_json(json)) for device, json in rows}

    def cursors(self, source: str) -> Mapping[str, JsonValue]:
        """Return how far each stream of a source was read."""
        rows = self._rows("SELECT stream, json FROM cursor WHERE source = ? ORDER BY stream", source)
        return {stream: parse_json(json) for stream, json in rows}

    def segments(self) -> tuple[ListedSegment, ...]:
        """Return the segments that gateways listed, sorted by their text."""
        known = self._has("segment")
        rows = self._rows("SELECT json, first_seen, last_seen FROM segment ORDER BY network") if known else []
        return tuple(map(listed_segment, rows))

    def links(self) -> Mapping[str, tuple[Link, ...]]:
        """Return what operators' tables say of addresses, by the discovery that read it."""
        return {name: links_of(json) for name, json in self._rows("SELECT discovery, json FROM link ORDER BY 1")}

    def queues(self) -> Mapping[tuple[str, str], Queue]:
        """Return the queues of spoolers as they were told last, by (source, name)."""
        rows = self._rows("SELECT source, name, json FROM queue ORDER BY source, name")
        return {(source, name): queue_of(json) for source, name, json in rows}

    def quarantined(self) -> tuple[tuple[str, str, Quarantined], ...]:
        """Return what could not be understood: source, stream and piece, in the order of the streams."""
        rows = self._rows("SELECT source, stream, place, length, why, text FROM quarantine ORDER BY 1, 2, 3")
        return tuple(map(quarantined_of, rows))

    def decoys(self) -> tuple[Decoy, ...]:
        """Return the addresses that answer and are no printers."""
        rows = self._rows("SELECT address, what, at FROM decoy ORDER BY address")
        return tuple(Decoy(address=address, what=what, at=datetime.fromisoformat(at)) for address, what, at in rows)

    def runs(self) -> tuple[RunTraffic, ...]:
        """Return the traffic of the cycles' last runs, in the order in which they ended."""
        rows = self._rows("SELECT body FROM run ORDER BY number") if self._has("run") else []
        return tuple(run_of(body) for (body,) in rows)

    def _has(self, table: str) -> bool:
        """Say whether there is a table: a store of an older version is read before an agent brought it up."""
        return bool(self._rows("SELECT 1 FROM sqlite_schema WHERE name = ?", table))

    def choice(self, key: str) -> JsonValue:
        """Return what an operator chose, none where nothing was chosen."""
        rows = self._rows("SELECT json FROM setting WHERE key = ?", key)
        return cast("JsonValue", parse_json(rows[0][0])) if rows else None

    def choices(self, prefix: str = "") -> Mapping[str, JsonValue]:
        """Return all choices whose key begins with ``prefix``."""
        rows = self._rows("SELECT key, json FROM setting ORDER BY key")
        return {key: parse_json(json) for key, json in rows if key.startswith(prefix)}

    def documents(self, after: Position, most: int) -> tuple[Document, ...]:
        """Return the next documents of the log; raises StoreCorrupt for the first that can't be read."""
        return tuple(_whole(entry) for entry in self.page(after, most).entries)

    def entry(self, key: Key) -> Entry | None:
        """Return the row of the log that has a key; none where it is gone."""
        own = "agent = ? AND epoch = ? AND seq = ? AND sender_seq IS NULL"
        foreign = "agent = ? AND sender_epoch = ? AND sender_seq = ?"
        for where in (own, foreign):
            rows = self._rows(f"SELECT seq FROM document WHERE {where}", key.agent, key.epoch, key.seq)  # noqa: S608 - a constant
            if rows:
                return self.page(Position(seq=rows[0][0] - 1), 1).entries[0]
        return None

    def page(self, after: Position, most: int) -> Page:
        """Return the next rows of the log, damaged ones with what is wrong instead of a document."""
        entries = self._entries("seq > ? ORDER BY seq LIMIT ?", after.seq, most)
        return Page(entries=entries, end=entries[-1].position if entries else after)

    def rows_at(self, places: Sequence[Position]) -> tuple[Entry, ...]:
        """Return the rows at some places of the log, in its order; what is gone is left out."""
        marks = ", ".join("?" * len(places))
        return self._entries(f"seq IN ({marks}) ORDER BY seq", *(place.seq for place in places))

    def integrity(self) -> list[str]:
        """Check the file and every document; each line names one damage."""
        found = [f"{self.path}: {row[0]}" for row in self._rows("PRAGMA quick_check") if row[0] != "ok"]
        position = Position()
        while (page := self.page(position, 500)).entries:
            found += [f"document {entry.key}: {entry.why}" for entry in page.entries if entry.document is None]
            position = page.end
        for device, blob in self._rows("SELECT device, entry FROM current"):
            try:
                unpacked(device, blob)
            except StoreError as error:
                found.append(str(error))
        return found

    def _entries(self, which: str, *values: object) -> tuple[Entry, ...]:
        rows, frames = self._rows_and_frames(which, values)
        plain = {seq: _checked(row, None) for seq, row in frames.items()}
        return tuple(_entry(row, plain) for row in rows)

    def _rows_and_frames(self, which: str, values: Sequence[object]) -> tuple[list[Any], dict[int, Any]]:
        with self._transaction() as db:
            rows = db.execute(
                f"SELECT {_COLUMNS} FROM document WHERE {which}",  # noqa: S608 - a constant
                values,
            ).fetchall()
            frames = {}
            for seq in {row[8] for row in rows if row[8] is not None}:
                frames[seq] = db.execute(
                    f"SELECT {_COLUMNS} FROM document WHERE seq = ?",  # noqa: S608 - a constant
                    (seq,),
                ).fetchone()
            return rows, frames

    def _rows(self, sql: str, *values: object) -> list[Any]:
        with self._transaction() as db:
            return db.execute(sql, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One read transaction: left open, it would keep the log file from being emptied."""
        with self._turn:
            try:
                self._reading.execute("BEGIN")
                try:
                    yield self._reading
                finally:
                    self._reading.execute("ROLLBACK")
            except sqlite3.Error as error:
                raise StoreError(f"{self.path} can't be read: {error}") from error


def _entry(row: Any, frames: Mapping[int, bytes | str]) -> Entry:
    seq, epoch, agent, sender_epoch, sender_seq, at = row[:6]
    key = Key(
        agent=agent,
        epoch=epoch if sender_epoch is None else sender_epoch,
        seq=seq if sender_seq is None else sender_seq,
    )
    place = Position(epoch=epoch, seq=seq)
    frame = None if row[8] is None else frames[row[8]]
    if isinstance(frame, str):
        return Entry(position=place, key=key, document=None, why=f"its frame {row[8]}: {frame}")
    plain = _checked(row, frame)
    if isinstance(plain, str):
        return Entry(position=place, key=key, document=None, why=plain)
    try:
        body = wire.body_from_json(plain)
    except wire.WireError as error:
        return Entry(position=place, key=key, document=None, why=str(error))
    return Entry(position=place, key=key, document=Document(key=key, at=datetime.fromisoformat(at), body=body))


def _checked(row: Any, frame: bytes | None) -> bytes | str:
    """Return a row's JSON, or what is wrong with the row."""
    if row is None:
        return "it is gone"
    if checksum(row[:-1]) != row[-1]:
        return "its CRC differs"
    try:
        return inflated(row[9], frame)
    except ValueError as error:
        return str(error)


def _whole(entry: Entry) -> Document:
    if entry.document is None:
        raise StoreCorrupt(entry.key, entry.why or "")
    return entry.document
