"""From what CUPS-Get-Printers answers to queues: pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pagemeter.ipp.alerts import PRINTER_STATES
from pagemeter.ipp.message import Group
from pagemeter.ipp.supplies import MARKERS, markers_of
from pagemeter.model import Queue
from pagemeter_plugins.cups.places import place_of

REQUESTED = (
    "printer-name",
    "printer-uri-supported",
    "printer-uuid",
    "device-uri",
    "printer-make-and-model",
    "printer-location",
    "printer-state",
    "printer-state-reasons",
    "printer-is-accepting-jobs",
    "queued-job-count",
    *MARKERS,
)
RAW = frozenset({"Local Raw Printer", "Remote Printer"})
"""What cupsd calls a queue that has no driver (scheduler/printers.c)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A queue as the server lists it; ``driven`` tells if filters count its pages, ``uuid`` is the queue's own."""

    queue: Queue
    driven: bool
    uuid: str | None = None


def queue_of(group: Group, *, host: str, at: datetime) -> Listed | None:
    """Read one queue; none for a group without a name."""
    name = group.text("printer-name")
    if name is None:
        return None
    model = group.text("printer-make-and-model")
    queue = Queue(
        name=name,
        host=host,
        uri=group.text("printer-uri-supported"),
        printer=place_of(_string(group, "device-uri")),
        model=model,
        location=group.text("printer-location"),
        state=PRINTER_STATES.get(group.integer("printer-state") or 0),
        reasons=tuple(reason for reason in group.texts("printer-state-reasons") if reason and reason != "none"),
        accepting=group.boolean("printer-is-accepting-jobs"),
        queued_jobs=group.integer("queued-job-count"),
        supplies=markers_of(group, at),
        at=at,
    )
    driven = model is not None and model not in RAW
    return Listed(queue=queue, driven=driven, uuid=group.text("printer-uuid"))


def _string(group: Group, name: str) -> str | None:
    content = group.first(name)
    return content if isinstance(content, str) else None
