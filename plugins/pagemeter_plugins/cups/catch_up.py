"""Which jobs have ended since the last time: every one of them once.

Get-Jobs is what counts: all jobs from a number on, in the order of their numbers, and those that were not ended then.
A server forgets ended jobs (MaxJobs, PreserveJobHistory No); of these a subscription's events still tell that they
ended, and how. What neither knows is counted as lost.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, replace

from pagemeter.errors import AccessDenied, Unreadable
from pagemeter.model import JobRecord
from pagemeter_plugins.cups.jobs import Ended, Job, record_of, record_of_ended
from pagemeter_plugins.cups.position import Position, Waiting
from pagemeter_plugins.cups.queues import Listed
from pagemeter_plugins.cups.server import CupsServer

log = logging.getLogger(__name__)

MOST_HOLES = 1000
"""How many numbers that the server skips are looked for among the events; of more only the last ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Jobs that ended, and the position once they are kept; ``again`` are numbers of jobs printed once more."""

    position: Position
    jobs: tuple[Job, ...] = ()
    ended: tuple[tuple[Ended, int | None], ...] = ()
    again: frozenset[int] = frozenset()
    lost: int = 0

    def records(self, queues: Mapping[str, Listed]) -> tuple[JobRecord, ...]:
        """Write the records of what ended."""
        listed = (record_of(job, queues, again=job.id in self.again) for job in self.jobs)
        return (*listed, *(record_of_ended(ended, queues, created) for ended, created in self.ended))


class CatchUp:
    """One run: ``steps`` yields what ended and moves the position along."""

    def __init__(self, server: CupsServer, position: Position) -> None:
        self._server = server
        self._position = position
        self._before = position
        self._time = position.heard
        self._lost = 0
        self._holes: set[int] = set()

    async def steps(self) -> AsyncIterator[Step]:
        """Yield the new jobs, page by page, then the older ones that have ended by now."""
        await self._subscribe()
        await self._look_for_another_spool()
        async for page in self._server.jobs(self._position.floor):
            yield self._page(page)
        events = await self._events()
        # After the events: what is unfinished now can't have been among them.
        unfinished = await self._server.unfinished()
        self._notice_reprints(events.values(), unfinished)
        yield await self._settled(events, unfinished)

    async def _subscribe(self) -> None:
        try:
            made = await self._server.subscribed(self._position.subscription)
        except (AccessDenied, Unreadable) as error:
            log.info("%s; without events only what the history of the server holds is taken", error)
            made = None
        if made != self._position.subscription:
            self._position = replace(self._position, subscription=made, sequence=0)

    async def _look_for_another_spool(self) -> None:
        """See whether the numbers begin anew: an old number belongs to a job that is newer than any seen."""
        position = self._position
        if position.newest is None:
            return
        number, created = position.newest
        oldest = await self._server.first_from(1)
        last = await self._server.first_from(number)
        younger = oldest is not None and oldest.id < position.floor and (oldest.created or 0) > position.created
        another = last is not None and last.id == number and last.created is not None and last.created != created
        if younger or another:
            log.info("the server numbers its jobs anew; its whole list is gone through")
            self._position = position.begun_anew()

    def _page(self, page: tuple[Job, ...]) -> Step:
        """Take one page: ended jobs are handed on, others wait, and so do numbers that are missing."""
        position = self._position
        ended = {job.id for job in page if job.final}
        taken = tuple(job for job in page if job.final and not position.has_taken(job.id, job.created))
        self._look_for_holes(page)
        waiting = {number: one for number, one in position.waiting.items() if number not in ended}
        waiting |= dict.fromkeys(self._holes, Waiting())
        waiting |= {job.id: Waiting(created=job.created) for job in page if not job.final}
        self._position = replace(
            position,
            floor=page[-1].id + 1,
            waiting=waiting,
            newest=(page[-1].id, page[-1].created or 0),
            created=max(position.created, *(job.created or 0 for job in page)),
        )
        self._hear(page)
        return Step(position=self._position, jobs=taken)

    def _look_for_holes(self, page: tuple[Job, ...]) -> None:
        """Note the numbers that the server skips; the first list of a server has them from long ago."""
        if self._before == Position() or self._position.taken:
            return
        span = range(self._position.floor, page[-1].id + 1)
        listed = {job.id for job in page}
        recent = span[-MOST_HOLES:]
        self._holes |= {number for number in recent if number not in listed}
        self._lost += max(0, len(span) - len(recent) - sum(number not in recent for number in listed))

    async def _events(self) -> dict[int, Ended]:
        """Fetch the events that are new, the last one of each job; numbers that only they tell wait too."""
        position = self._position
        if position.subscription is None:
            return {}
        try:
            now, events = await self._server.events(position.subscription, position.sequence)
        except (AccessDenied, Unreadable) as error:
            log.info("%s; without events only what the history of the server holds is taken", error)
            return {}
        fresh = [one for one in events if one.sequence > position.sequence or one.at >= self._before.heard]
        highest = max((one.id for one in fresh), default=0)
        beyond = range(position.floor, highest + 1)
        self._lost += max(0, len(beyond) - MOST_HOLES)
        self._time = max(self._time, now)
        self._position = replace(
            position,
            sequence=max((one.sequence for one in events), default=position.sequence),
            floor=max(position.floor, highest + 1),
            waiting={**position.waiting, **dict.fromkeys(beyond[-MOST_HOLES:], Waiting())},
        )
        return {one.id: one for one in fresh}

    def _notice_reprints(self, events: Iterable[Ended], unfinished: Mapping[int, Job]) -> None:
        """Let jobs wait that were taken in an earlier run and print again (Restart-Job)."""
        if self._position.taken or self._before == Position():
            return
        later = {one.id for one in events if one.at > self._before.heard}
        known = self._before.waiting
        again = {number for number in later | set(unfinished) if number < self._before.floor and number not in known}
        waiting = {number: Waiting(again=True) for number in again}
        self._position = replace(self._position, waiting={**self._position.waiting, **waiting})

    async def _settled(self, events: Mapping[int, Ended], unfinished: Mapping[int, Job]) -> Step:
        """Ask for each job that waits and is not unfinished: it has ended, or the server has forgotten it."""
        jobs, ended, again = [], [], set()
        waiting = dict(self._position.waiting)
        for number, one in self._position.waiting.items():
            if number in unfinished:
                waiting[number] = replace(one, created=unfinished[number].created)
                continue
            job = None if number in self._holes else await self._server.job(number)
            if job is not None and not job.final:
                continue
            del waiting[number]
            if job is not None:
                jobs.append(job)
                again |= {number} if one.again else set()
            elif number in events:
                ended.append((events[number], one.created))
            else:
                self._lost += 1
        self._hear(jobs)
        self._position = replace(self._position, waiting=waiting, heard=self._time, taken=0)
        return Step(
            position=self._position, jobs=tuple(jobs), ended=tuple(ended), again=frozenset(again), lost=self._lost
        )

    def _hear(self, jobs: Iterable[Job]) -> None:
        self._time = max(self._time, *(job.server_time or 0 for job in jobs), 0)
