"""Lines -> addresses, documents -> lines. Pure, so that a test needs no files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC

from pagemeter.model import AgentStatus, DeviceSnapshot, Document, Event, Queue


def addresses(lines: Iterable[str]) -> Iterator[str]:
    """Yield the first word of each line, without comments."""
    for line in lines:
        if words := line.partition("#")[0].split():
            yield words[0]


def line_of(document: Document) -> str:
    """Write the key, the UTC time and a few words; the key lets a reader drop repeats."""
    return f"{document.key} {document.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} {_words(document)}\n"


def _words(document: Document) -> str:
    match document.body:
        case DeviceSnapshot() as snapshot:
            counts = ", ".join(f"{read.key}={read.value}" for read in snapshot.meter_reads)
            return f"{snapshot.device.model or snapshot.device.id}: {counts or 'no meters'}"
        case Event() as event:
            return f"{event.kind} {event.device or 'agent'}"
        case AgentStatus() as status:
            return f"agent {status.version}: {status.last_error or 'ok'}"
        case Queue() as queue:
            return f"queue {queue.name}: {queue.state or 'unknown'}"
        case job:
            return f"job {job.id}"
