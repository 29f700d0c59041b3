"""Takes queues and printed documents from the spooler of this host."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Final, TypeVar

from pydantic import JsonValue

from pagemeter import Gathered, Quarantined, Services, Source
from pagemeter.errors import PluginError
from pagemeter.model import JobRecord
from pagemeter_plugins.winspool.events import CHANNEL, PRINTED, RENDERED, BadEvent, Event, parse_event
from pagemeter_plugins.winspool.jobs import Progress, Rule
from pagemeter_plugins.winspool.queues import queue_of
from pagemeter_plugins.winspool.settings import WinspoolSettings
from pagemeter_plugins.winspool.spooler import Spooler, local_spooler
from pagemeter_plugins.winspool.structures import printers_in

log = logging.getLogger(__name__)

T = TypeVar("T")

MOST: Final = 500
REMEDY: Final = (
    f"the channel {CHANNEL} is switched off, so that Windows writes down no printed documents; switch it on as "
    f"administrator: wevtutil sl {CHANNEL} /e:true /ms:16777216; or set jobs: false"
)
_RECORD: Final = re.compile(r"<EventRecordID>(\d{1,18})</EventRecordID>")
_WANTED: Final = f"(EventID={PRINTED} or EventID={RENDERED})"


class WinspoolSource(Source):
    """Reads the queues, then the events since the last one that was kept; nothing is sent."""

    def __init__(self, settings: WinspoolSettings, services: Services, spooler: Spooler | None = None) -> None:
        """Take the spooler of this host, or another; raises PluginError where this is no Windows."""
        self._settings, self._services = settings, services
        self._spooler = local_spooler() if spooler is None else spooler
        self._rule = Rule(ignore_ports=settings.ignore_ports, pages_times_copies=settings.pages_times_copies)

    async def collect(self, cursors: Mapping[str, JsonValue]) -> AsyncIterator[Gathered]:
        """Yield the queues, then at most 500 events at a time; raises PluginError with the remedy."""
        hosts = await asyncio.to_thread(_asked, self._spooler.hosts)
        if self._settings.queues:
            yield await asyncio.to_thread(self._queues, hosts, self._services.clock.now())
        if not self._settings.jobs:
            return
        if not await asyncio.to_thread(_asked, self._spooler.enabled):
            raise PluginError(f"winspool: {REMEDY}")
        progress = Progress.from_json(cursors.get("jobs"))
        events = await asyncio.to_thread(_asked, lambda: self._events(progress))
        while batch := await asyncio.to_thread(_asked, lambda: list(islice(events, MOST))):
            yield _gathered(batch, progress, self._rule, hosts)

    def _queues(self, hosts: Mapping[str, str], at: datetime) -> Gathered:
        buffer = _asked(self._spooler.printers)
        try:
            queues = tuple(queue_of(printer, hosts, printer.server, at) for printer in printers_in(buffer))
        except ValueError as error:
            raise PluginError(f"winspool: {error}") from error
        return Gathered(stream="queues", cursor=None, queues=queues)

    def _events(self, progress: Progress) -> Iterator[str]:
        """Return the events that are new, by the place and the time of the last one.

        A channel that was cleared may count from 1 again: then the last one is not at its place any more. One that
        is full forgets the oldest: then the oldest is younger than the last.
        """
        if progress.at is None:
            return self._spooler.events(_WANTED)
        last = _first(self._spooler.events(f"EventRecordID={progress.record}"))
        if last is not None and last.at == progress.at:
            return self._spooler.events(f"{_WANTED} and EventRecordID>{progress.record}")
        oldest = _first(self._spooler.events("EventRecordID>0"))
        if oldest is not None and oldest.record > progress.record:
            log.warning(
                "winspool: the channel was cleared, or its oldest events were overwritten before they were read: "
                "jobs may be missing; enlarge it: wevtutil sl %s /ms:67108864",
                CHANNEL,
            )
            return self._spooler.events(f"{_WANTED} and EventRecordID>{progress.record}")
        # What is left of before is older than the last event that was taken.
        return (xml for xml in self._spooler.events(_WANTED) if _is_later(xml, progress.at))


def _asked(call: Callable[[], T]) -> T:
    """Ask the spooler; raises PluginError with its words."""
    try:
        return call()
    except OSError as error:
        raise PluginError(
            f"winspool: {error.strerror or error}; is the Print Spooler running, and may this account read its events?"
        ) from error


def _gathered(batch: list[str], progress: Progress, rule: Rule, hosts: Mapping[str, str]) -> Gathered:
    jobs: list[JobRecord] = []
    quarantined: list[Quarantined] = []
    for xml in batch:
        try:
            job = progress.take(parse_event(xml), rule, hosts)
        except BadEvent as error:
            record = _record(xml)
            quarantined.append(Quarantined(offset=record, length=len(xml), why=str(error), text=xml[:4000]))
            progress.record = max(record, progress.record)
            continue
        if job is not None:
            jobs.append(job)
    return Gathered(stream="jobs", cursor=progress.to_json(), jobs=tuple(jobs), quarantined=tuple(quarantined))


def _record(xml: str) -> int:
    """Return the place of an event that can't be understood, as far as it can be seen."""
    found = _RECORD.search(xml)
    return int(found[1]) if found is not None else 0


def _first(events: Iterator[str]) -> Event | None:
    for xml in events:
        try:
            return parse_event(xml)
        except BadEvent:
            continue
    return None


def _is_later(xml: str, at: datetime) -> bool:
    try:
        return parse_event(xml).at > at
    except BadEvent:
        return True
