"""What is asked of a CUPS server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from pagemeter.component import Ipp
from pagemeter.errors import AccessDenied, Unreadable
from pagemeter.ipp import operations
from pagemeter.ipp.message import Attribute, Group, GroupTag, IppMessage, ValueTag
from pagemeter.ipp.operations import Status, status_name, succeeded
from pagemeter_plugins.cups import jobs, queues
from pagemeter_plugins.cups.jobs import Ended, Job

EVENTS = ("job-completed",)
"""It comes for every final state: completed, canceled and aborted (RFC 3995 section 5.3.3.4.3)."""

LEASE = 7 * 86400
PAGE = 200
"""Jobs an answer; cupsd gives 500 of its history at most (scheduler/ipp.c)."""

_MOST_UNFINISHED = 2000
_LIMIT = Attribute.of("limit", ValueTag.INTEGER, PAGE)
_HIGHEST = 2**31 - 1
_WHOLE = "ipp://localhost/"
_DENIED = frozenset({Status.FORBIDDEN, Status.NOT_AUTHENTICATED, Status.NOT_AUTHORIZED})


class CupsServer:
    """One server, asked under the name of ``user``."""

    def __init__(self, ipp: Ipp, uri: str, user: str) -> None:
        self._ipp, self._uri, self._user = ipp, uri, user

    async def queues(self) -> tuple[Group, ...]:
        """List the queues and classes, some at a time: a server of a thousand does not fit into one answer."""
        found: dict[str | None, Group] = {}
        after: tuple[Attribute, ...] = ()
        while True:
            message = _with(operations.cups_get_printers(queues.REQUESTED), _LIMIT, *after)
            page = (await self._ask(message, missing=Status.NOT_FOUND)).all(GroupTag.PRINTER)
            known = len(found)
            found |= {group.text("printer-name"): group for group in page}
            # The page begins with the queue that is named, or from the start on a server that knows no such thing.
            if len(page) < PAGE or len(found) == known:
                return tuple(found.values())
            after = (Attribute.of("first-printer-name", ValueTag.NAME, page[-1].text("printer-name") or ""),)

    async def jobs(self, first: int) -> AsyncIterator[tuple[Job, ...]]:
        """Yield all jobs from a number on, in the order of their numbers, some at a time."""
        while page := await self._page("all", jobs.REQUESTED, first=first, limit=PAGE):
            yield page
            first = page[-1].id + 1

    async def first_from(self, number: int) -> Job | None:
        """Return the job with the lowest number from ``number`` on, with little more than its number."""
        page = await self._page("all", jobs.LIGHT, first=number, limit=1)
        return page[0] if page else None

    async def unfinished(self) -> dict[int, Job]:
        """List the jobs that have not ended, by their numbers; of more than 2,000 only those."""
        page = await self._page("not-completed", jobs.LIGHT, first=1, limit=_MOST_UNFINISHED)
        return {job.id: job for job in page}

    async def job(self, number: int) -> Job | None:
        """Return one job; none where the server has forgotten it."""
        message = operations.get_job_attributes(_WHOLE, number, jobs.REQUESTED)
        group = (await self._ask(message, missing=Status.NOT_FOUND)).group(GroupTag.JOB)
        found = jobs.job_of(group) if group is not None else None
        return found if found is not None and found.id == number else None

    async def subscribed(self, subscription: int | None) -> int | None:
        """Keep a subscription alive, find ours or make one; none where the server wants none."""
        if subscription is not None and await self._renewed(subscription):
            return subscription
        for group in (await self._ask(operations.get_subscriptions(_WHOLE), missing=Status.NOT_FOUND)).all(
            GroupTag.SUBSCRIPTION
        ):
            number = group.integer("notify-subscription-id")
            mine = set(group.texts("notify-events")) == set(EVENTS) and group.first("notify-recipient-uri") is None
            if number is not None and mine and await self._renewed(number):
                return number
        answer = await self._ask(operations.create_printer_subscription(_WHOLE, EVENTS, lease=LEASE))
        made = answer.group(GroupTag.SUBSCRIPTION)
        return made.integer("notify-subscription-id") if made is not None else None

    async def events(self, subscription: int, sequence: int) -> tuple[int, tuple[Ended, ...]]:
        """Fetch what the server still knows of ended jobs, and its time.

        All events are asked for, for a server that was killed counts again from an earlier number; where that is too
        long for one answer, those after ``sequence``.
        """
        try:
            answer = await self._events(subscription, 1)
        except Unreadable:
            answer = await self._events(subscription, sequence + 1)
        head = answer.group(GroupTag.OPERATION)
        found = (jobs.ended_of(group) for group in answer.all(GroupTag.EVENT_NOTIFICATION))
        now = head.integer("printer-up-time") if head is not None else None
        return now or 0, tuple(one for one in found if one is not None)

    async def _events(self, subscription: int, first: int) -> IppMessage:
        message = operations.get_notifications(_WHOLE, [subscription], [first])
        return await self._ask(message, missing=Status.NOT_FOUND)

    async def _renewed(self, subscription: int) -> bool:
        """Renew; false where the subscription is gone, or is another's by now."""
        try:
            message = operations.renew_subscription(_WHOLE, subscription, lease=LEASE)
            return succeeded(await self._ask(message, missing=Status.NOT_FOUND))
        except (AccessDenied, Unreadable):
            return False

    async def _page(self, which: str, requested: Sequence[str], *, first: int, limit: int) -> tuple[Job, ...]:
        if first > _HIGHEST:
            return ()
        message = operations.get_jobs(_WHOLE, which=which, requested=requested, limit=limit, first_job_id=first)
        groups = (await self._ask(message, missing=Status.NOT_FOUND)).all(GroupTag.JOB)
        found = (jobs.job_of(group) for group in groups)
        # A server that ignores first-job-id would else be asked for ever.
        return tuple(sorted((job for job in found if job is not None and job.id >= first), key=lambda job: job.id))

    async def _ask(self, message: IppMessage, *, missing: int | None = None) -> IppMessage:
        """Ask; raises AccessDenied or Unreadable for a status that is an error and not ``missing``."""
        answer = await self._ipp.ask(self._uri, _named(message, self._user), server=True)
        if succeeded(answer) or answer.code == missing:
            return answer
        what = f"{self._uri} answers operation 0x{message.code:04x} with {status_name(answer.code)}"
        if answer.code in _DENIED:
            raise AccessDenied(f"{what}; does its policy allow the user {self._user!r}?")
        raise Unreadable(f"{what}; is it a CUPS server?")


def _named(message: IppMessage, user: str) -> IppMessage:
    """Put the name of the settings in place of the agent's."""
    [head, *rest] = message.groups
    name = Attribute.of("requesting-user-name", ValueTag.NAME, user)
    attributes = tuple(name if one.name == name.name else one for one in head.attributes)
    return replace(message, groups=(replace(head, attributes=attributes), *rest))


def _with(message: IppMessage, *more: Attribute) -> IppMessage:
    [head, *rest] = message.groups
    return replace(message, groups=(replace(head, attributes=(*head.attributes, *more)), *rest))
