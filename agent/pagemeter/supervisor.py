"""One task per item of the YAML: open its component, keep it open, back off, count, close it.

This is the one place that catches everything: whatever a component raises, leaks, swallows or exits ends here. Its
code runs in tasks of its own, so that a CancelledError that we did not ask for is the component's.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from pagemeter.backoff import Breaker, Pauses
from pagemeter.boundary import Exited, Pump, abandon, leaves_of, reason_of, started
from pagemeter.clock import Clock
from pagemeter.component import Component
from pagemeter.errors import DeliveryError, DeviceError, PluginError
from pagemeter.logs import OutageLog
from pagemeter.net.accounts import on_behalf_of
from pagemeter.root import Owner

log = logging.getLogger(__name__)

C = TypeVar("C", bound=Component)
T = TypeVar("T")

STABLE_SECONDS = 60.0
"""A component that stays open that long has recovered; one that dies sooner goes on with the same outage."""
MOST_REASONS = 100


class ComponentFailed(PluginError):
    """A component broke its contract, missed its deadline or is not open; the message names it and says why."""


class State(StrEnum):
    """Where an item is."""

    STARTING = "starting"
    OPEN = "open"
    FAILED = "failed"
    GIVEN_UP = "given-up"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemStatus:
    """How an item is: ``reason`` is what went wrong last, ``since`` when its state began, the rest is counted."""

    name: str
    kind: str
    state: State
    reason: str | None
    since: datetime
    calls: int
    failures: int


class Supervisor(Generic[C]):
    """Owns one component; the agent reaches it only through ``call`` and ``stream``.

    After ``breaker`` failed calls in a row calls fail at once until a pause is over; none switches that off.
    Seconds: ``opening`` is the deadline of opening, ``grace`` how long a cancelled component may take to end.
    """

    def __init__(
        self,
        name: str,
        build: Callable[[], C],
        *,
        clock: Clock,
        kind: str = "",
        breaker: int | None = 5,
        opening: float = 60.0,
        grace: float = 5.0,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.name = name
        self._build = build
        self._clock = clock
        self._kind = kind
        self._opening = opening
        self._grace = grace
        self._pauses = Pauses(jitter)
        self._breaker = Breaker(breaker, clock, Pauses(jitter))
        self._outages = OutageLog(log, clock)
        self._component: C | None = None
        self._life: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()
        self._state = State.STARTING
        self._since = clock.now()
        self._reason: str | None = None
        self._exit: str | None = None
        self._calls = 0
        self._failures = 0
        self._told: set[str] = set()

    @property
    def status(self) -> ItemStatus:
        """Say how the item is; while the breaker holds calls back an open one counts as failed."""
        return ItemStatus(
            name=self.name,
            kind=self._kind,
            state=State.FAILED if self._state is State.OPEN and self._breaker.tripped else self._state,
            reason=self._reason,
            since=self._since,
            calls=self._calls,
            failures=self._failures,
        )

    async def settled(self) -> State:
        """Wait until the component is open or has failed to open, and say which."""
        await self._settled.wait()
        return self.status.state

    async def run(self) -> None:
        """Keep the component open until cancelled; returns early where trying again can't help (PluginError)."""
        try:
            while await self._live():
                await self._clock.sleep(self._pauses.longer())
                self._become(State.STARTING)
        finally:
            if self._state is not State.GIVEN_UP:
                self._become(State.CLOSED)

    async def call(self, work: Callable[[C], Awaitable[T]], *, timeout: float) -> T:
        """Run ``work`` on the component in a task of its own and return its result.

        Raises DeviceError and DeliveryError as they are and ComponentFailed for anything else. A component that is
        just starting is waited for; that and the work may each take ``timeout`` seconds.
        """
        component = await self._opened(timeout)
        self._calls += 1
        task = self._started(_Caller(self.name, self._noted), lambda: work(component))
        try:
            await asyncio.wait({task}, timeout=timeout)
            late = not task.done()
        finally:
            # Also when we are cancelled ourselves: the component has to let go before its caller is gone.
            await abandon(task, self._grace)
        if late:
            raise self._failed(f"no end within {timeout:g} s")
        return self._judged(task)

    async def stream(
        self,
        work: Callable[[C], AsyncIterator[T]],
        *,
        timeout: float | None = None,
        idle_timeout: float | None = None,
        endless: bool = False,
    ) -> AsyncGenerator[T, None]:
        """Yield what an async generator of the component yields; a step runs only when the one before was taken.

        ``timeout`` is for all of it, ``idle_timeout`` for each step; seconds, none for no limit. An ``endless`` one is
        left after ``timeout``, which is no failure. Errors are those of ``call``. Read it under
        ``contextlib.aclosing``, so that it is closed at once where the loop is left.
        """
        component = await self._opened(timeout if idle_timeout is None else idle_timeout)
        self._calls += 1
        pump: Pump[T] = Pump()
        task = self._started(_Caller(self.name, self._noted), lambda: pump.run(work(component)))
        loop = asyncio.get_running_loop()
        expired: asyncio.Future[None] = loop.create_future()
        timer = None if timeout is None else loop.call_later(timeout, expired.set_result, None)
        try:
            while not expired.done() and (step := await _next(pump, task, expired, idle_timeout)).done():
                yield step.result()
            late = not task.done()
        finally:
            if timer is not None:
                timer.cancel()
            await abandon(task, self._grace)
        if late and expired.done() and endless:
            log.info("%s goes on; it was listened to for %g s", self.name, timeout)
            self._worked()
            return
        if late and expired.done():
            raise self._failed(f"no end within {timeout:g} s")
        if late:
            raise self._failed(f"nothing within {idle_timeout:g} s")
        self._judged(task)

    def child_exited(self, code: object) -> None:
        """Learn from the root that a task or callback of the component called sys.exit: it is opened anew."""
        self._exit = f"its own task called sys.exit({code!r})"
        if self._life is not None:
            self._life.cancel()

    async def _live(self) -> bool:
        """Open, serve and close the component once; say whether another try makes sense."""
        self._exit = None
        opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        life = self._life = self._started(self, lambda: self._lead(opened))
        try:
            await asyncio.wait({life, opened}, timeout=self._opening, return_when=asyncio.FIRST_COMPLETED)
            late = not opened.done() and not life.done()
            if opened.done():
                await self._attend(life)
        finally:
            self._life = self._component = None
            await abandon(life, self._grace)
        reason = f"did not open within {self._opening:g} s" if late else self._why_ended(life)
        hopeless = not late and not life.cancelled() and _is_hopeless(life.exception())
        self._failures += 1
        self._become(State.GIVEN_UP if hopeless else State.FAILED, reason)
        self._outages.failed(self.name, f"{reason}; {'given up' if hopeless else 'tried again'}")
        return not hopeless

    def _started(self, owner: Owner, work: Callable[[], Awaitable[T]]) -> asyncio.Task[T]:
        """Start the component's code; what it sends is counted under the item's name."""
        with on_behalf_of(self.name):
            return started(owner, work)

    async def _lead(self, opened: asyncio.Future[None]) -> None:
        """Lead the component through its life; this is the one task in which it is entered and left."""
        async with self._build() as component:
            if not isinstance(component, Component):
                raise TypeError(f"__aenter__ returned {type(component).__name__}, not the component")
            if self._life is not asyncio.current_task():
                return  # opened after it was abandoned
            self._component = component
            self._become(State.OPEN, self._reason)
            opened.set_result(None)
            await component.serve()
            await asyncio.get_running_loop().create_future()

    async def _attend(self, life: asyncio.Task[None]) -> None:
        """Wait until the component ends; an outage is over when it stays open for a while."""
        if self._pauses.count:
            stable = asyncio.get_running_loop().create_task(self._clock.sleep(STABLE_SECONDS))
            try:
                await asyncio.wait({life, stable}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                stable.cancel()
            if not life.done():
                self._pauses.reset()
                self._reason = None
                self._outages.recovered(self.name)
        await asyncio.wait({life})

    def _why_ended(self, life: asyncio.Task[None]) -> str:
        if self._exit is not None:
            return self._exit
        if life.cancelled():
            return "leaked a CancelledError"
        error = life.exception()
        return "closed itself without a reason" if error is None else reason_of(error)

    def _become(self, state: State, reason: str | None = None) -> None:
        self._state = state
        self._since = self._clock.now()
        self._reason = self._reason if reason is None else reason
        if state is State.STARTING:
            self._settled.clear()
        else:
            self._settled.set()

    async def _opened(self, timeout: float | None) -> C:
        """Return the open component; raises ComponentFailed where it is not open in time or held back."""
        try:
            async with asyncio.timeout(timeout):
                await self._settled.wait()
        except TimeoutError:
            raise ComponentFailed(f"{self.name}: still not open after {timeout:g} s") from None
        if self._component is None:
            raise ComponentFailed(f"{self.name} is not open: {self._reason or self._state}")
        if self._breaker.tripped:
            raise ComponentFailed(f"{self.name} is paused, too many calls failed in a row: {self._reason}")
        return self._component

    def _judged(self, task: asyncio.Task[T]) -> T:
        """Return the result of work that has ended, or raise what the contract allows."""
        if task.cancelled():
            raise self._failed("leaked a CancelledError")
        error = task.exception()
        if error is None:
            self._worked()
            return task.result()
        leaves = list(leaves_of(error))
        if all(isinstance(leaf, DeviceError | DeliveryError) for leaf in leaves):
            self._worked()
            raise leaves[0]
        raise self._failed(reason_of(error), error) from error

    def _worked(self) -> None:
        self._breaker.worked()
        self._outages.recovered(f"{self.name} calls")

    def _failed(self, reason: str, error: BaseException | None = None) -> ComponentFailed:
        """Count and log a failed call; a reason that was told before is not told again."""
        self._failures += 1
        self._noted(reason)
        log.debug("%s: where it happened", self.name, exc_info=error)
        if self._breaker.failed():
            self._outages.failed(f"{self.name} calls", f"paused, too many failed in a row: {reason}")
        return ComponentFailed(f"{self.name}: {reason}")

    def _noted(self, reason: str) -> None:
        self._reason = reason
        news = reason not in self._told and len(self._told) < MOST_REASONS
        log.log(logging.WARNING if news else logging.DEBUG, "%s: %s", self.name, reason)
        if news:
            self._told.add(reason)


@dataclass(frozen=True, slots=True)
class _Caller:
    """Answers for the tasks that one call started: an exit there is told, the component stays open."""

    name: str
    tell: Callable[[str], None]

    def child_exited(self, code: object) -> None:
        """Learn from the root that one of them called sys.exit."""
        self.tell(f"its own task called sys.exit({code!r})")


async def _next(
    pump: Pump[T], task: asyncio.Task[None], expired: asyncio.Future[None], idle: float | None
) -> asyncio.Future[T]:
    """Ask for the next item and wait; the future is undone at the end, on failure and when time is over."""
    step = pump.ask()
    ends: set[asyncio.Future[Any]] = {step, task, expired}
    await asyncio.wait(ends, timeout=idle, return_when=asyncio.FIRST_COMPLETED)
    return step


def _is_hopeless(error: BaseException | None) -> bool:
    return isinstance(error, PluginError) and not isinstance(error, Exited)
