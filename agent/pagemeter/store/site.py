"""What the store keeps of a site beside its devices: segments, links, queues, and what could not be understood."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from pydantic_core import from_json as parse_json
from pydantic_core import to_json as write_json

from pagemeter import wire
from pagemeter.component import Quarantined
from pagemeter.model import Link, Queue, Segment
from pagemeter.store.records import Keep, ListedSegment


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The rows of one Keep, encoded before the writer's thread gets them."""

    segments: tuple[tuple[str, ...], ...]
    links: tuple[tuple[str, str], ...]
    queues: tuple[tuple[str, str, str], ...]
    quarantined: tuple[tuple[str | int | None, ...], ...]
    released: tuple[tuple[str | int, ...], ...]

    @classmethod
    def of(cls, keep: Keep, at: datetime) -> Self:
        """Encode what a Keep says of the site; raises WireError."""
        now = at.isoformat()
        return cls(
            segments=tuple((one.network, wire.to_json(one).decode(), now, now) for one in keep.segments),
            links=tuple((name, write_json(_links(links)).decode()) for name, links in keep.links.items()),
            queues=tuple((*key, wire.to_json(queue).decode()) for key, queue in keep.queues.items()),
            quarantined=tuple(
                (*stream, one.offset, one.length, one.why, one.text, now)
                for stream, pieces in keep.quarantined.items()
                for one in pieces
            ),
            released=tuple((*stream, place) for stream, places in keep.released.items() for place in places),
        )

    def write(self, db: sqlite3.Connection) -> None:
        """Write the rows; the caller's transaction holds."""
        db.executemany(
            "INSERT INTO segment VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET json = excluded.json, last_seen = excluded.last_seen",
            self.segments,
        )
        db.executemany("REPLACE INTO link VALUES (?, ?)", self.links)
        db.executemany("REPLACE INTO queue VALUES (?, ?, ?)", self.queues)
        db.executemany("DELETE FROM quarantine WHERE source = ? AND stream = ? AND place = ?", self.released)
        db.executemany("INSERT INTO quarantine VALUES (?, ?, ?, ?, ?, ?, ?)", self.quarantined)


def listed_segment(row: Any) -> ListedSegment:
    """Read a row of the table of segments."""
    json, first, last = row
    segment = wire.from_json(Segment, json)
    return ListedSegment(
        segment=segment, first_seen=datetime.fromisoformat(first), last_seen=datetime.fromisoformat(last)
    )


def links_of(json: str) -> tuple[Link, ...]:
    """Read what one discovery links."""
    return tuple(wire.from_json(Link, write_json(one)) for one in parse_json(json))


def queue_of(json: str) -> Queue:
    """Read a queue as it was told last."""
    return wire.from_json(Queue, json)


def quarantined_of(row: Any) -> tuple[str, str, Quarantined]:
    """Read a row of the quarantine: source, stream and piece."""
    source, stream, place, length, why, text = row
    return source, stream, Quarantined(offset=place, length=length, why=why, text=text)


def _links(links: tuple[Link, ...]) -> list[Any]:
    return [parse_json(wire.to_json(link)) for link in links]
