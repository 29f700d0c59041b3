"""The writing end of the log: the next key, the frames of the day, one row a document."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from pagemeter.model import Document, Key
from pagemeter.store.frames import checksum, deflated, inflated, measured, stored
from pagemeter.store.records import Position

# A frame that would serve longer costs more, when it is damaged, than it saves.
MOST_SERVED = 24
# Small documents that come by the hundred (the jobs of a log that is read for the first time) are not deflated: that
# would take a third of all the time from the log to the disk, and make them shorter by a fourth.
BULK = 100
SMALL = 1024


Row: TypeAlias = tuple[int, str, str, str | None, int | None, str, str, str | None, int | None, bytes]
"""A document's columns, without the CRC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """A document ready to be appended: its JSON without key and time."""

    type: str
    device: str | None
    plain: bytes


@dataclass(slots=True)
class _Frame:
    seq: int
    day: str
    served: int
    # Deflated: thousands of devices have one each.
    body: bytes


class Log:
    """Appends to the log inside the writer's transactions; belongs to the writer's thread."""

    def __init__(self, db: sqlite3.Connection, agent: str, epoch: str) -> None:
        self._db = db
        self._agent = agent
        self._epoch = epoch
        self._seq = 0
        self._frames: dict[str, _Frame | None] = {}
        self.restart()

    def restart(self) -> None:
        """Forget what a rolled-back transaction may have left behind."""
        self._frames.clear()
        # A feed's position is asked too: it may not lie beyond a seq that is given out.
        row = self._db.execute(
            "SELECT max(coalesce((SELECT max(seq) FROM document), 0), coalesce((SELECT max(seq) FROM feed), 0))"
        ).fetchone()
        self._seq = int(row[0])

    def append(self, documents: Sequence[Encoded], at: datetime) -> tuple[Key, ...]:
        """Add documents of our own and return their keys."""
        keys, rows = [], []
        when = at.isoformat()
        bulk = len(documents) >= BULK
        for document in documents:
            self._seq += 1
            keys.append(Key(agent=self._agent, epoch=self._epoch, seq=self._seq))
            if bulk and document.type != "snapshot" and len(document.plain) <= SMALL:
                rows.append(self._row(self._agent, None, None, document, when, None, stored(document.plain)))
                continue
            frame = self._frame(document, at)
            plain = inflated(frame.body, None) if frame else None
            body = deflated(document.plain, plain)
            rows.append(self._row(self._agent, None, None, document, when, frame.seq if frame else None, body))
            if frame:
                frame.served += 1
            elif document.type == "snapshot" and document.device is not None:
                self._frames[document.device] = _Frame(self._seq, _day(at), 0, body)
        self._insert(rows)
        return tuple(keys)

    def append_foreign(self, documents: Sequence[tuple[Document, Encoded]]) -> None:
        """Add documents of other agents under their own keys; what is there already is left alone."""
        for document, encoded in documents:
            key = document.key
            known = self._db.execute(
                "SELECT 1 FROM document WHERE agent = ? AND sender_epoch = ? AND sender_seq = ?",
                (key.agent, key.epoch, key.seq),
            ).fetchone()
            if known is None:
                self._seq += 1
                body = deflated(encoded.plain, None)
                when = document.at.isoformat()
                self._insert([self._row(key.agent, key.epoch, key.seq, encoded, when, None, body)])

    def place(self) -> Position:
        """Return the place of the newest document."""
        return Position(epoch=self._epoch, seq=self._seq)

    def _row(
        self,
        agent: str,
        sender_epoch: str | None,
        sender_seq: int | None,
        document: Encoded,
        when: str,
        frame: int | None,
        body: bytes,
    ) -> Row:
        return (
            self._seq,
            self._epoch,
            agent,
            sender_epoch,
            sender_seq,
            when,
            document.type,
            document.device,
            frame,
            body,
        )

    def _insert(self, rows: Sequence[Row]) -> None:
        self._db.executemany("INSERT INTO document VALUES (?,?,?,?,?,?,?,?,?,?,?)", _checked(rows))

    def _frame(self, document: Encoded, at: datetime) -> _Frame | None:
        """Return the device's frame of the day while it serves; none where the document is to be the next frame."""
        if document.type != "snapshot" or document.device is None:
            return None
        if document.device not in self._frames:
            self._frames[document.device] = self._stored_frame(document.device)
        frame = self._frames[document.device]
        if frame is None or frame.served >= MOST_SERVED or frame.day != _day(at):
            return None
        return frame

    def _stored_frame(self, device: str) -> _Frame | None:
        row = self._db.execute(
            "SELECT seq, epoch, agent, sender_epoch, sender_seq, at, type, device, frame, body, crc FROM document"
            " WHERE device = ? AND frame IS NULL AND type = 'snapshot' AND sender_seq IS NULL"
            " ORDER BY seq DESC LIMIT 1",
            (device,),
        ).fetchone()
        # A damaged frame would take down with it whatever is framed on it.
        if row is None or checksum(row[:-1]) != row[-1]:
            return None
        served = self._db.execute("SELECT count(*) FROM document WHERE frame = ? AND seq > ?", (row[0], row[0]))
        return _Frame(row[0], row[5][:10], int(served.fetchone()[0]), row[9])


def _checked(rows: Sequence[Row]) -> Iterator[tuple[str | int | bytes | None, ...]]:
    """Add the CRCs; what a thousand rows have in common is worked out once."""
    last: list[str | int | None] | None = None
    common = b""
    for row in rows:
        seq, *between, body = row
        if between != last:
            last, common = between, measured(*between)
        yield *row, zlib.crc32(b"%b%b%d:%b" % (measured(seq), common, len(body), body))


def _day(at: datetime) -> str:
    return at.isoformat()[:10]
