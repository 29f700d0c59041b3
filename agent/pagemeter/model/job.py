"""Who printed what where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from pagemeter.model.privacy import Address, FreeText, Person


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
    """A spooler's queue, which is no device."""

    name: FreeText
    host: Address | None = None
    uri: Address | None = None
    device: str | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """One job: ``ordered`` is the spooler's word, ``printed`` the device's; either or both. Times are aware UTC."""

    id: str
    revision: int = 0
    service: str = "print"
    user: Person | None = None
    document: FreeText | None = None
    queue: FreeText | None = None
    device: str | None = None
    client: Address | None = None
    account: FreeText | None = None
    submitted_at: datetime | None = None
    completed_at: datetime | None = None
    state: str | None = None
    ordered: Amount | None = None
    printed: Amount | None = None
    cost: Cost | None = None
