"""Cycles: when work is due, and running it then, without overlap and through jumps of the clock."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from pagemeter.boundary import reason_of
from pagemeter.clock import Clock
from pagemeter.logs import OutageLog

log = logging.getLogger(__name__)

SLICE_SECONDS = 30.0
"""How long is slept at once: a jump of the clock is noticed that late at most."""
TOLERANCE = timedelta(minutes=1)
"""A clock set back by less than this is a correction: what was just done is not done again."""
MOST_JITTER = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When work is due: ``every`` so often counted from ``start``, or ``at`` a local time ``on`` weekdays.

    ``on`` holds weekdays (0 is Monday), empty for all. ``jitter`` is added to each moment, always the same.
    Raises ValueError unless exactly one of ``every`` and ``at`` is given.
    """

    every: timedelta | None = None
    on: frozenset[int] = frozenset()
    at: time | None = None
    jitter: timedelta = timedelta(0)
    start: datetime = _EPOCH

    def __post_init__(self) -> None:
        if (self.every is None) == (self.at is None):
            raise ValueError("a schedule has either every or at")
        if self.every is not None and self.every <= timedelta(0):
            raise ValueError("every must be longer than nothing")
        if self.on and self.at is None:
            raise ValueError("on needs at")
        if not self.on <= frozenset(range(7)):
            raise ValueError("weekdays are 0 (Monday) to 6")


def next_run(schedule: Schedule, after: datetime, zone: tzinfo) -> datetime:
    """Return the first moment (aware UTC) later than ``after`` at which the schedule is due.

    A local time that the clocks skip is due right after the gap; one that comes twice is due the first time only.
    """
    before = after.astimezone(UTC) - schedule.jitter
    if schedule.every is not None:
        passed = (before - schedule.start) // schedule.every
        return schedule.start.astimezone(UTC) + (passed + 1) * schedule.every + schedule.jitter
    if schedule.at is None:
        raise ValueError("a schedule has either every or at")
    # A gap or a change of zone may put the moment of one date after that of the next, never by a day.
    day = before.astimezone(zone).date() - _DAY
    moments = (_moment(day + n * _DAY, schedule.at, zone) for n in range(10) if _is_on(schedule, day + n * _DAY))
    return min(moment for moment in moments if moment > before) + schedule.jitter


def spread(schedule: Schedule, seed: str) -> Schedule:
    """Give a schedule the jitter of this agent: up to a tenth of its period and a minute at most, told by the seed."""
    period = _DAY if schedule.every is None else schedule.every
    fraction = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big") / 2**64
    return replace(schedule, jitter=fraction * min(period / 10, MOST_JITTER))


class Cycle:
    """Runs ``work`` when its schedule says so, never twice at once; runs that were missed meanwhile collapse into one.

    A cycle of ``every`` runs at once when it starts, unless ``at_start`` is false. While ``enabled`` is false only
    ``trigger`` makes it run. The jitter is told by ``seed`` (the agent's id) and the name. A failure of the work is
    logged at the edge and ends nothing.
    """

    def __init__(
        self,
        name: str,
        schedule: Schedule,
        work: Callable[[], Awaitable[object]],
        clock: Clock,
        zone: tzinfo,
        *,
        seed: str | None = None,
        enabled: bool = True,
        at_start: bool = True,
    ) -> None:
        self.name = name
        self.enabled = enabled
        self.schedule = schedule if seed is None else spread(schedule, f"{seed} {name}")
        self.next_at: datetime | None = None
        self._work = work
        self._clock = clock
        self._zone = zone
        self._at_start = at_start and schedule.every is not None
        self._triggered = asyncio.Event()
        self._outages = OutageLog(log, clock)

    def trigger(self) -> None:
        """Have it run soon: at once, or again when the run that is under way has ended."""
        self._triggered.set()

    async def run(self) -> None:
        """Run the cycle until cancelled."""
        if self.schedule.every is not None:
            self.schedule = replace(self.schedule, start=self._clock.now())
        begun = self._clock.now()
        if self._at_start and self.enabled:
            # Who triggered it until now gets this run, and not the same again right behind it.
            self._triggered.clear()
            await self._run_once()
            # That was the run of the start's own moment, which the jitter would put a little later.
            begun += self.schedule.jitter
        done = max(begun, self._clock.now())
        while True:
            due = await self._wait(done)
            if due is None or self.enabled:
                await self._run_once()
            # The later of both: a clock that was corrected by seconds must not make the same moment due again.
            done = max(self._clock.now(), due or done)

    async def _wait(self, done: datetime) -> datetime | None:
        """Wait for the first moment due after ``done`` and return it, or none when triggered before.

        It is reckoned anew at each slice, for the zone may change; a clock that was set back makes ``done`` the past's.
        """
        while not self._triggered.is_set():
            now = self._clock.now()
            if now < done - TOLERANCE:
                done = now
            self.next_at = due = next_run(self.schedule, done, self._zone)
            if now >= due:
                return due
            await self._sleep(min(SLICE_SECONDS, (due - now).total_seconds()))
        self._triggered.clear()
        return None

    async def _sleep(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        tasks = {loop.create_task(self._clock.sleep(seconds)), loop.create_task(self._triggered.wait())}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()

    async def _run_once(self) -> None:
        try:
            await self._work()
        except (Exception, asyncio.CancelledError) as error:
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
                raise
            self._outages.failed(self.name, reason_of(error))
            log.debug("%s: where it happened", self.name, exc_info=error)
        else:
            self._outages.recovered(self.name)


def _is_on(schedule: Schedule, day: date) -> bool:
    return not schedule.on or day.weekday() in schedule.on


def _moment(day: date, at: time, zone: tzinfo) -> datetime:
    """Return when it is that local time on that day: the first time where it comes twice, the gap's end where never."""
    local = datetime.combine(day, at.replace(tzinfo=None, fold=0), tzinfo=zone)
    moment = local.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None, fold=0) == local.replace(tzinfo=None):
        return moment
    # In a gap fold 0 counts with the offset before it and fold 1 with the one after it (PEP 495): the gap lies between.
    return _change(local.replace(fold=1).astimezone(UTC), moment, zone)


def _change(low: datetime, high: datetime, zone: tzinfo) -> datetime:
    """Find the second at which the zone's offset changes between two moments."""
    offset = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)
