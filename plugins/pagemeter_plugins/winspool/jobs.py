"""Events into jobs: what 307 says of a document, with what 805 said of its job before. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Final, Self

from pydantic import JsonValue

from pagemeter.model import Amount, JobRecord
from pagemeter_plugins.winspool.events import Event, Printed, Rendered
from pagemeter_plugins.winspool.queues import is_ignored, place_of

TOGETHER: Final = timedelta(hours=1)
"""Job ids are used again when the spooler starts anew: an older 805 belongs to another job."""
MOST_WAITING: Final = 500


@dataclass(slots=True, kw_only=True)
class Progress:
    """How far the channel was read: the last record and its time.

    ``waiting`` are the settings (805) of jobs that are not printed yet, by the computer's hash and the job: (time,
    copies, color).
    """

    record: int = 0
    at: datetime | None = None
    waiting: dict[str, tuple[datetime, int | None, bool | None]] = field(default_factory=dict)

    def take(self, event: Event, rule: Rule, hosts: Mapping[str, str]) -> JobRecord | None:
        """Take the next event; returns the job of a document that was printed."""
        self.record, self.at = event.record, event.at
        if isinstance(event, Rendered):
            self.waiting[_key(event, event.job)] = (event.at, event.copies, event.color)
            while len(self.waiting) > MOST_WAITING:
                del self.waiting[next(iter(self.waiting))]
        if not isinstance(event, Printed):
            return None
        at, copies, color = self.waiting.pop(_key(event, event.job), (event.at, None, None))
        if not timedelta() <= event.at - at <= TOGETHER:
            copies = color = None
        if is_ignored(event.port, rule.ignore_ports):
            return None
        return _job(event, copies, color, rule, hosts)

    def to_json(self) -> JsonValue:
        """Write it as a cursor."""
        return {
            "record": self.record,
            "at": None if self.at is None else self.at.isoformat(),
            "waiting": {key: [at.isoformat(), copies, color] for key, (at, copies, color) in self.waiting.items()},
        }

    @classmethod
    def from_json(cls, cursor: JsonValue) -> Self:
        """Read a cursor; one of another form is a beginning."""
        known: Mapping[str, Any] = cursor if isinstance(cursor, Mapping) else {}
        try:
            return cls(
                record=int(known["record"]),
                at=None if known["at"] is None else datetime.fromisoformat(known["at"]),
                waiting={
                    key: (datetime.fromisoformat(at), copies, color)
                    for key, (at, copies, color) in known["waiting"].items()
                },
            )
        except (KeyError, TypeError, ValueError):
            return cls()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What the settings say of jobs."""

    ignore_ports: tuple[str, ...] = ()
    pages_times_copies: bool = False


def _job(event: Printed, copies: int | None, color: bool | None, rule: Rule, hosts: Mapping[str, str]) -> JobRecord:
    pages = event.pages
    if pages is not None and rule.pages_times_copies:
        pages *= copies or 1
    colored = None if pages is None or color is None else pages if color else 0
    return JobRecord(
        id=job_id(event),
        user=event.user,
        document=event.document,
        queue=event.printer,
        printer=place_of(event.port, hosts),
        client=event.client,
        completed_at=event.at,
        state="completed",
        ordered=Amount(impressions=pages, color_impressions=colored, copies=copies),
    )


def job_id(event: Event) -> str:
    """Return the id of a job: computer, place in the channel and time, for a cleared channel may count from 1 again."""
    facts = f"{event.computer}\0{event.record}\0{event.at.isoformat()}"
    return "winspool-" + blake2b(facts.encode(), digest_size=16).hexdigest()


def _key(event: Event, job: int) -> str:
    return f"{blake2b(event.computer.encode(), digest_size=4).hexdigest()}/{job}"
