"""What is handed to the store and what it hands back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import JsonValue

from pagemeter.component import Memory, Quarantined
from pagemeter.continuity.records import Records
from pagemeter.errors import StoreError
from pagemeter.model import Body, Document, FleetEntry, Key, Link, Queue, Segment
from pagemeter.net.accounts import RunTraffic


class StoreCorrupt(StoreError):
    """A document of the log can't be read back; ``key`` names it."""

    def __init__(self, key: Key, why: str) -> None:
        super().__init__(f"document {key} is damaged: {why}")
        self.key = key
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Position:
    """A place in the log: everything up to and with it is done; the default is the beginning.

    ``at`` is the time of a report feed's last report and takes no part in the order.
    """

    epoch: str = ""
    seq: int = 0
    at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """A document that a feed gave up, why and when: it is set aside, visible."""

    key: Key
    why: str
    at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A document that a feed owes out of the log's order, because it may be poison or because it is wanted again.

    ``tries`` counts how often it failed alone, ``strikes`` how often it did so right after the receiver took something
    else.
    """

    key: Key
    tries: int = 0
    strikes: int = 0
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """What must be kept together: one transaction.

    ``bodies`` become documents of the log, each with the id of its device; ``foreign`` documents keep their sender's
    key, repeats are dropped. ``entries`` replace what is current of their devices; those that are packed already are in
    ``packed`` too, by device. ``aliases`` lead from an id that was given up to the one that stays. ``records`` are what
    changed in the histories of devices, by id. ``memories`` are by (component, device), ``cursors`` by (source,
    stream). ``decoys`` say by address what is there instead of a printer, none where that is over. ``segments`` were
    listed by a gateway; ``links`` are all that a discovery links, ``queues`` by (source, name) as they are now. What
    can't be understood is ``quarantined`` by (source, stream), and ``released`` by the places that are understood now.
    ``runs`` are what cycles exchanged with the network.
    """

    bodies: tuple[tuple[str | None, Body], ...] = ()
    foreign: tuple[Document, ...] = ()
    entries: tuple[FleetEntry, ...] = ()
    packed: Mapping[str, bytes] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    records: Mapping[str, Records] = field(default_factory=dict)
    memories: Mapping[tuple[str, str], Memory] = field(default_factory=dict)
    cursors: Mapping[tuple[str, str], JsonValue] = field(default_factory=dict)
    decoys: Mapping[str, str | None] = field(default_factory=dict)
    segments: tuple[Segment, ...] = ()
    links: Mapping[str, tuple[Link, ...]] = field(default_factory=dict)
    queues: Mapping[tuple[str, str], Queue] = field(default_factory=dict)
    quarantined: Mapping[tuple[str, str], tuple[Quarantined, ...]] = field(default_factory=dict)
    released: Mapping[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)
    runs: tuple[RunTraffic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSegment:
    """A segment that a gateway listed, and when it was listed first and last."""

    segment: Segment
    first_seen: datetime
    last_seen: datetime
