"""A feed as the outbox sees it, and the batches that are made for it."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pagemeter.component import Batch, Feed, Form
from pagemeter.fleet import Fleet, ids_of
from pagemeter.masks import NO_MASKS, Masks
from pagemeter.model import AgentStatus, Document, FleetEntry

REPORT_PERIOD = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A feed of an output and how it is delivered.

    ``deliver`` may raise anything. ``masks`` take out what must not leave. ``next_due`` gives the time of the report
    after a moment (report feeds only), ``period`` how often that is; without them it is hourly.
    """

    output: str
    feed: Feed
    deliver: Callable[[Batch], Awaitable[None]]
    masks: Masks = NO_MASKS
    period: timedelta | None = None
    next_due: Callable[[datetime], datetime] | None = None

    @property
    def name(self) -> str:
        """The feed's name in the store."""
        return f"{self.output}/{self.feed.name}"

    @property
    def most(self) -> int:
        """The most documents of one batch."""
        return max(1, self.feed.most)

    def due_after(self, moment: datetime) -> datetime:
        """Return when the report after a moment is due."""
        return self.next_due(moment) if self.next_due else moment + (self.period or REPORT_PERIOD)

    def batch(self, status: AgentStatus, documents: Sequence[Document], fleet: Sequence[FleetEntry] = ()) -> Batch:
        """Make the batch of these documents; its id is the same when they are tried again."""
        return Batch(
            id=_id(self.name, *_keys(documents)),
            feed=self.feed,
            period=self.period,
            agent=self.masks(status),
            documents=tuple(map(self.masks, documents)),
            fleet=self._masked(fleet),
        )

    def report(
        self,
        status: AgentStatus,
        documents: Sequence[Document],
        fleet: Sequence[FleetEntry],
        *,
        due: datetime,
        part: int,
        last: bool,
    ) -> Batch:
        """Make a part of the report that is due at that time."""
        return Batch(
            id=_id(status.agent, f"{self.name}/{due.isoformat()}/{part}", *ids_of(fleet), *_keys(documents)),
            feed=self.feed,
            period=self.period or REPORT_PERIOD,
            agent=self.masks(status),
            documents=tuple(map(self.masks, documents)),
            fleet=self._masked(fleet),
            part=part,
            last=last,
        )

    def concerns(self, documents: Sequence[Document]) -> bool:
        """Say whether a batch of these documents has a fleet: the latest of the devices that they are about."""
        return self.feed.form is Form.LATEST and bool(documents) and self.masks.takes_fleet

    def _masked(self, fleet: Sequence[FleetEntry]) -> Sequence[FleetEntry]:
        if not self.masks.takes_fleet:
            return ()
        # Each as it is delivered: a fleet of values does not fit into memory.
        return fleet.changed(self.masks) if isinstance(fleet, Fleet) else tuple(map(self.masks, fleet))


def _keys(documents: Sequence[Document]) -> tuple[str, ...]:
    return tuple(str(document.key) for document in documents)


def _id(*names: str) -> str:
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:32]
