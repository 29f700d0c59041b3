"""From what Get-Jobs and Get-Notifications answer to job records: pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pagemeter.ipp.message import Group
from pagemeter.model import Amount, JobRecord
from pagemeter_plugins.cups.queues import Listed

LIGHT = ("job-id", "job-state", "time-at-creation", "job-printer-up-time")
REQUESTED = (
    *LIGHT,
    "job-uuid",
    "job-name",
    "job-originating-user-name",
    "job-originating-host-name",
    "job-printer-uri",
    "job-actual-printer-uri",
    "time-at-completed",
    "date-time-at-creation",
    "date-time-at-completed",
    "job-impressions",
    "job-impressions-completed",
    "job-media-sheets-completed",
    "copies",
    "sides",
    "document-format",
)
STATES = {
    3: "pending",
    4: "pending-held",
    5: "processing",
    6: "processing-stopped",
    7: "canceled",
    8: "aborted",
    9: "completed",
}
COMPLETED = 9
_FIRST_FINAL = 7
# Sent to the printer as they are: the backend counts "1 page" for each copy without having looked (backend/socket.c).
_UNFILTERED = frozenset({"application/vnd.cups-raw", "application/octet-stream"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job as the server tells it; ``created`` and ``server_time`` are seconds of the server's clock."""

    id: int
    state: int
    created: int | None
    server_time: int | None
    attributes: Group

    @property
    def final(self) -> bool:
        """Whether it is completed, canceled or aborted."""
        return self.state >= _FIRST_FINAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """An event that a job has reached a final state; ``at`` is in seconds of the server's clock."""

    id: int
    state: int
    sequence: int
    at: int
    queue: str | None = None


def job_of(group: Group) -> Job | None:
    """Read one job of Get-Jobs; none where it has no number or state."""
    number, state = group.integer("job-id"), group.integer("job-state")
    if number is None or number < 1 or state is None:
        return None
    return Job(
        id=number,
        state=state,
        created=group.integer("time-at-creation"),
        server_time=group.integer("job-printer-up-time"),
        attributes=group,
    )


def ended_of(group: Group) -> Ended | None:
    """Read one event of Get-Notifications; none where it does not say that a job has ended."""
    number, state = group.integer("notify-job-id"), group.integer("job-state")
    sequence, at = group.integer("notify-sequence-number"), group.integer("printer-up-time")
    if number is None or state is None or state < _FIRST_FINAL or at is None:
        return None
    return Ended(id=number, state=state, sequence=sequence or 0, at=at, queue=group.text("printer-name"))


def record_of(job: Job, queues: Mapping[str, Listed], *, again: bool = False) -> JobRecord:
    """Write the record of a job that is final; ``again`` where it was printed once more from the history."""
    group = job.attributes
    name = queue_name(group.text("job-printer-uri"))
    listed = queues.get(queue_name(group.text("job-actual-printer-uri")) or name or "")
    uuid = _uuid(group.text("job-uuid"))
    submitted = _utc(group.date_time("date-time-at-creation")) or _moment(job.created)
    completed = _utc(group.date_time("date-time-at-completed")) or _moment(group.integer("time-at-completed"))
    return JobRecord(
        id=job_id(job.id, uuid, job.created, again=group.integer("time-at-completed") if again else None),
        user=group.text("job-originating-user-name"),
        document=group.text("job-name"),
        queue=name,
        printer=listed.queue.printer if listed is not None else None,
        client=group.text("job-originating-host-name"),
        submitted_at=submitted,
        completed_at=completed,
        state=STATES.get(job.state),
        ordered=_ordered(group),
        printed=_printed(job, driven=listed is not None and listed.driven),
    )


def record_of_ended(ended: Ended, queues: Mapping[str, Listed], created: int | None) -> JobRecord:
    """Write what an event tells of a job that the server has forgotten: not how much it printed."""
    listed = queues.get(ended.queue or "")
    return JobRecord(
        id=job_id(ended.id, _uuid(listed.uuid) if listed is not None else None, created, again=ended.at),
        queue=ended.queue,
        printer=listed.queue.printer if listed is not None else None,
        submitted_at=_moment(created),
        completed_at=_moment(ended.at),
        state=STATES.get(ended.state),
    )


def job_id(number: int, uuid: str | None, created: int | None, *, again: int | None = None) -> str:
    """Make an id that stays unique when the server's numbers begin anew; names of hosts and persons are not in it."""
    parts = ["cups", uuid or "-", str(number), str(created) if created is not None else "-"]
    return ":".join(parts if again is None else [*parts, str(again)])


def queue_name(uri: str | None) -> str | None:
    """Return the name at the end of ``ipp://localhost/printers/NAME``."""
    return uri.rstrip("/").rpartition("/")[2] or None if uri is not None else None


def _ordered(group: Group) -> Amount | None:
    impressions, copies = group.integer("job-impressions"), group.integer("copies")
    amount = Amount(
        impressions=impressions or None,
        copies=copies if copies is not None and copies > 0 else None,
        sides=group.text("sides"),
    )
    return amount if amount != Amount() else None


def _printed(job: Job, *, driven: bool) -> Amount | None:
    """Take the count of a completed job, unless it is a guess.

    Without filters a backend reports one page a copy, which only a printer that counts corrects upwards. What CUPS
    counted of a job that was canceled or aborted went through the filters, not out of the printer. Its sheets are
    right for one side only: else it halves the impressions, copies and odd pages regardless (scheduler/job.c).
    """
    group = job.attributes
    impressions = group.integer("job-impressions-completed")
    if job.state != COMPLETED or impressions is None or impressions < 1:
        return None
    copies = group.integer("copies") or 1
    if (not driven or group.text("document-format") in _UNFILTERED) and impressions <= copies:
        return None
    sheets = group.integer("job-media-sheets-completed") if group.text("sides") == "one-sided" else None
    return Amount(impressions=impressions, sheets=sheets or None)


def _moment(seconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None and seconds > 0 else None


def _utc(at: datetime | None) -> datetime | None:
    try:
        return at.astimezone(UTC) if at is not None else None
    except OverflowError:
        return None


def _uuid(text: str | None) -> str | None:
    """Return a UUID without what stands before it; what is none may be anything and is left out of an id."""
    bare = (text or "").removeprefix("urn:uuid:")
    return bare if re.fullmatch(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", bare) else None
