"""Who printed what where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from pagemeter.model.privacy import Address, FreeText, Person
from pagemeter.model.supply import Supply


class JobDetails(StrEnum):
    """How much of who printed what may be kept: nothing, a keyed hash of who without what, or everything."""

    OFF = "off"
    PSEUDONYMOUS = "pseudonymous"
    FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """What was ordered or printed; what is not known is absent, never 1."""

    impressions: int | None = None
    color_impressions: int | None = None
    sheets: int | None = None
    copies: int | None = None
    sides: str | None = None
    media: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a job cost; ``currency`` is the log's word, none where it names none."""

    amount: Decimal
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A spooler's queue, which is no device; ``printer`` is where it prints to, ``device`` our id of that, if known.

    ``state`` is IPP's word (idle, processing, stopped), ``reasons`` its state reasons.
    """

    name: FreeText
    host: Address | None = None
    uri: Address | None = None
    printer: Address | None = None
    device: str | None = None
    model: str | None = None
    location: FreeText | None = None
    state: str | None = None
    reasons: tuple[str, ...] = ()
    accepting: bool | None = None
    queued_jobs: int | None = None
    supplies: tuple[Supply, ...] = ()
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """One job: ``ordered`` is the spooler's word, ``printed`` the device's; either or both. Times are aware UTC.

    ``id`` is unique for ever and holds nothing personal; a later ``revision`` of the same id replaces the earlier one.
    ``printer`` is the printer's place as the source names it (a target's URI); ``device`` is filled by the agent.
    ``state`` is IPP's word (completed, canceled, aborted, processing ...).
    """

    id: str
    revision: int = 0
    service: str = "print"
    user: Person | None = None
    document: FreeText | None = None
    queue: FreeText | None = None
    printer: Address | None = None
    device: str | None = None
    client: Person | None = None
    account: Person | None = None
    submitted_at: datetime | None = None
    completed_at: datetime | None = None
    state: str | None = None
    ordered: Amount | None = None
    printed: Amount | None = None
    cost: Cost | None = None
