from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from datetime import timedelta
from itertools import pairwise
from typing import Any, Self, TypeVar

import pytest
from pydantic import SecretStr

from pagemeter.component import Component, Settings
from pagemeter.errors import DeliveryError, DeviceError, PluginError, Refused, Unreachable
from pagemeter.logs import keep_secret
from pagemeter.root import run_root
from pagemeter.supervisor import ComponentFailed, State, Supervisor
from pagemeter.testing import FakeClock

T = TypeVar("T")

SOON = 5.0
AT_ONCE = 0.02


class Printer(Component):
    """A component that works."""

    def __init__(self) -> None:
        self.entered_in: asyncio.Task[Any] | None = None
        self.left_in: asyncio.Task[Any] | None = None

    async def __aenter__(self) -> Self:
        self.entered_in = asyncio.current_task()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self.left_in = asyncio.current_task()

    async def read(self) -> str:
        return "4711 impressions"


class Strict(Settings):
    host: str


class OwnTask(Printer):
    """A component with a background task of its own, in a task group that it opens and leaves."""

    async def __aenter__(self) -> Self:
        self.group = asyncio.TaskGroup()
        await self.group.__aenter__()
        self.group.create_task(self.background())
        return await super().__aenter__()

    async def __aexit__(self, *exc_info: Any) -> None:
        await self.group.__aexit__(*exc_info)

    async def background(self) -> None:
        raise OSError("broker gone")


class OwnTaskExits(OwnTask):
    async def background(self) -> None:
        sys.exit(3)


class LooseTaskExits(Printer):
    """Nobody waits for its task: only the root sees it exit."""

    async def __aenter__(self) -> Self:
        self.task = asyncio.create_task(self.background())
        return await super().__aenter__()

    async def background(self) -> None:
        sys.exit(4)


class CallbackExits(Printer):
    async def __aenter__(self) -> Self:
        asyncio.get_running_loop().call_soon(sys.exit, 5)
        return await super().__aenter__()


class CantOpen(Printer):
    async def __aenter__(self) -> Self:
        raise OSError("broker refused")


class OpensForEver(Printer):
    async def __aenter__(self) -> Self:
        await asyncio.Event().wait()
        return self


class ForgetsItself(Printer):
    async def __aenter__(self) -> Self:
        return None  # type: ignore[return-value]  # what plugins forget


class ServeRaises(Printer):
    async def serve(self) -> None:
        raise ValueError("bad frame")


class ServeExits(Printer):
    async def serve(self) -> None:
        sys.exit("bye")


class ServeLeaks(Printer):
    async def serve(self) -> None:
        raise asyncio.CancelledError


class ServeRaisesGroup(Printer):
    async def serve(self) -> None:
        raise BaseExceptionGroup("two at once", [OSError("one"), SystemExit(2)])


class CantClose(Printer):
    async def __aexit__(self, *exc_info: object) -> None:
        raise OSError("can't flush")

    async def serve(self) -> None:
        raise ValueError("bad frame")


def settings_invalid() -> Printer:
    Strict.model_validate({"hots": "hunter2"})
    return Printer()


def raises_at_build() -> Printer:
    raise ImportError("no module named paho")


@asynccontextmanager
async def running(*supervisors: Supervisor[Any]) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(supervisor.run()) for supervisor in supervisors]
        try:
            for supervisor in supervisors:
                await supervisor.settled()
            yield
        finally:
            for task in tasks:
                task.cancel()


def supervised(build: Callable[[], Printer], clock: FakeClock | None = None, **more: Any) -> Supervisor[Printer]:
    return Supervisor("mqtt", build, clock=clock or FakeClock(), jitter=lambda: 1.0, **more)


async def collected(stream: AsyncIterator[T], into: list[T]) -> None:
    """Keep what came, also before a failure."""
    async for item in stream:
        into.append(item)
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SOON):
        while not condition():  # noqa: ASYNC110 - what is waited for is a status, which has no event
            await asyncio.sleep(0)


BROKEN_LIVES = {
    "settings are invalid": (settings_invalid, "Field required"),
    "raises when it is built": (raises_at_build, "ImportError: no module named paho"),
    "can't open at start": (CantOpen, "OSError: broker refused"),
    "opens nothing": (ForgetsItself, "__aenter__ returned NoneType"),
    "its background task fails": (OwnTask, "OSError: broker gone"),
    "serve raises": (ServeRaises, "ValueError: bad frame"),
    "serve raises a group": (ServeRaisesGroup, "OSError: one; called sys.exit(2)"),
    "leaks a CancelledError": (ServeLeaks, "leaked a CancelledError"),
    "serve calls sys.exit": (ServeExits, "called sys.exit('bye')"),
    "can't close either": (CantClose, "OSError: can't flush"),
    "sys.exit in a task of its group": (OwnTaskExits, "sys.exit(3)"),
    "sys.exit in a loose task": (LooseTaskExits, "its own task called sys.exit(4)"),
    "sys.exit in a callback": (CallbackExits, "its own task called sys.exit(5)"),
}


@pytest.mark.parametrize(("build", "reason"), BROKEN_LIVES.values(), ids=BROKEN_LIVES)
def test_a_component_that_breaks_is_listed_with_its_reason_while_another_one_runs_on(
    build: Callable[[], Printer], reason: str
) -> None:
    broken = supervised(build)
    healthy = Supervisor("files", Printer, clock=FakeClock())

    async def main() -> None:
        async with running(broken, healthy):
            await until(lambda: broken.status.state is State.FAILED)
            assert broken.status.reason is not None
            assert reason in broken.status.reason
            assert "hunter2" not in broken.status.reason
            assert await healthy.call(lambda printer: printer.read(), timeout=SOON) == "4711 impressions"
            assert healthy.status.state is State.OPEN

    run_root(main())


async def raises(_: Printer) -> str:
    raise KeyError("no such row")


async def leaks(_: Printer) -> str:
    raise asyncio.CancelledError


async def awaits_what_it_cancelled(_: Printer) -> str:
    task = asyncio.create_task(asyncio.Event().wait())
    task.cancel()
    await task
    return "never"


async def exits(_: Printer) -> str:
    sys.exit(1)


async def exits_in_a_child(_: Printer) -> str:
    async with asyncio.TaskGroup() as group:
        group.create_task(exits(_))
    return "never"


async def exits_in_a_loose_child(_: Printer) -> str:
    await asyncio.wait({asyncio.create_task(exits(_))})
    return "4711 impressions"


async def raises_base(_: Printer) -> str:
    raise GeneratorExit


async def hangs(_: Printer) -> str:
    await asyncio.Event().wait()
    return "never"


def is_no_coroutine(_: Printer) -> Awaitable[str]:
    return "text"  # type: ignore[return-value]  # what plugins get wrong


BROKEN_CALLS = {
    "raises": (raises, "KeyError"),
    "leaks a CancelledError": (leaks, "leaked a CancelledError"),
    "awaits what it cancelled": (awaits_what_it_cancelled, "leaked a CancelledError"),
    "calls sys.exit": (exits, "called sys.exit(1)"),
    "calls sys.exit in a child task": (exits_in_a_child, "sys.exit(1)"),
    "raises a BaseException": (raises_base, "GeneratorExit"),
    "does not end": (hangs, "no end within 0.02 s"),
    "is no coroutine": (is_no_coroutine, "TypeError"),
}


@pytest.mark.parametrize(("work", "reason"), BROKEN_CALLS.values(), ids=BROKEN_CALLS)
def test_a_call_that_breaks_the_contract_fails_with_a_reason_and_the_component_stays_open(
    work: Callable[[Printer], Awaitable[str]], reason: str
) -> None:
    supervisor = supervised(Printer)

    async def main() -> None:
        async with running(supervisor):
            with pytest.raises(ComponentFailed) as caught:
                await supervisor.call(work, timeout=AT_ONCE)
            assert reason in str(caught.value)
            assert str(caught.value).startswith("mqtt: ")
            assert supervisor.status.reason is not None
            assert reason in supervisor.status.reason
            assert (supervisor.status.calls, supervisor.status.failures) == (1, 1)
            assert await supervisor.call(lambda printer: printer.read(), timeout=SOON) == "4711 impressions"

    run_root(main())


def test_an_exit_in_a_loose_task_of_a_call_is_told_and_leaves_the_component_open() -> None:
    supervisor = supervised(Printer)

    async def main() -> None:
        async with running(supervisor):
            assert await supervisor.call(exits_in_a_loose_child, timeout=SOON) == "4711 impressions"
            assert supervisor.status.state is State.OPEN
            assert supervisor.status.reason == "its own task called sys.exit(1)"

    run_root(main())


def as_stream(work: Callable[[Printer], Awaitable[str]]) -> Callable[[Printer], AsyncIterator[str]]:
    async def stream(printer: Printer) -> AsyncIterator[str]:
        yield "first"
        yield await work(printer)

    return stream


@pytest.mark.parametrize(("work", "reason"), BROKEN_CALLS.values(), ids=BROKEN_CALLS)
def test_a_stream_that_breaks_gives_what_it_had_and_then_the_reason(
    work: Callable[[Printer], Awaitable[str]], reason: str
) -> None:
    supervisor = supervised(Printer)
    got: list[str] = []

    async def main() -> None:
        async with running(supervisor):
            with pytest.raises(ComponentFailed) as caught:
                await collected(supervisor.stream(as_stream(work), timeout=AT_ONCE), got)
            assert reason in str(caught.value)

    run_root(main())
    assert got == ["first"]


@pytest.mark.parametrize("error", [Unreachable("10.0.0.7 is silent"), Refused("401"), DeliveryError("503")])
async def test_errors_of_devices_and_deliveries_pass_as_they_are_and_do_not_count(
    error: DeviceError | DeliveryError,
) -> None:
    async def work(_: Printer) -> None:
        raise error

    supervisor = supervised(Printer, breaker=1)
    async with running(supervisor):
        for _ in range(3):
            with pytest.raises(type(error)) as caught:
                await supervisor.call(work, timeout=SOON)
            assert caught.value is error
        assert supervisor.status.failures == 0


async def test_a_device_error_in_a_task_group_of_a_reader_is_a_device_error() -> None:
    async def silent() -> None:
        raise Unreachable("10.0.0.7 is silent")

    async def work(_: Printer) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(silent())

    supervisor = supervised(Printer)
    async with running(supervisor):
        with pytest.raises(Unreachable):
            await supervisor.call(work, timeout=SOON)


async def test_work_that_swallows_its_cancellation_is_abandoned_and_named(caplog: pytest.LogCaptureFixture) -> None:
    free = asyncio.Event()

    async def deaf(_: Printer) -> None:
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                continue

    supervisor = supervised(Printer, grace=AT_ONCE)
    async with running(supervisor):
        with pytest.raises(ComponentFailed, match="no end within"):
            await supervisor.call(deaf, timeout=AT_ONCE)
        assert await supervisor.call(lambda printer: printer.read(), timeout=SOON) == "4711 impressions"
    assert any(message.startswith("mqtt goes on although it was cancelled") for message in caplog.messages)
    free.set()


async def test_a_cancelled_caller_ends_the_work_before_itself() -> None:
    ended: list[str] = []
    begun = asyncio.Event()

    async def work(_: Printer) -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            ended.append("work")

    supervisor = supervised(Printer)
    async with running(supervisor):
        caller = asyncio.create_task(supervisor.call(work, timeout=SOON))
        await begun.wait()
        caller.cancel()
        await asyncio.wait({caller})
        assert caller.cancelled()
        assert ended == ["work"]


async def test_a_component_is_entered_and_left_in_the_same_task() -> None:
    printer = Printer()
    supervisor = supervised(lambda: printer)
    async with running(supervisor):
        assert printer.entered_in is not None
    assert printer.left_in is printer.entered_in
    assert supervisor.status.state is State.CLOSED


async def test_a_component_that_can_not_be_closed_does_not_hold_the_agent() -> None:
    class ClosesForEver(Printer):
        async def __aexit__(self, *exc_info: object) -> None:
            await free.wait()

    free = asyncio.Event()
    supervisor = supervised(ClosesForEver, grace=AT_ONCE)
    async with asyncio.timeout(SOON), running(supervisor):
        pass
    assert supervisor.status.state is State.CLOSED
    free.set()


async def test_a_plugin_error_is_given_up_and_said_to_every_caller() -> None:
    def build() -> Printer:
        raise PluginError("needs paho-mqtt: pip install pagemeter[mqtt]")

    supervisor = supervised(build)
    async with asyncio.timeout(SOON):
        await supervisor.run()
    assert supervisor.status.state is State.GIVEN_UP
    assert supervisor.status.reason == "needs paho-mqtt: pip install pagemeter[mqtt]"
    with pytest.raises(ComponentFailed, match=r"pip install pagemeter\[mqtt\]"):
        await supervisor.call(lambda printer: printer.read(), timeout=SOON)


async def test_a_component_is_opened_again_after_growing_pauses(caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    opened: list[float] = []

    class Third(Printer):
        async def __aenter__(self) -> Self:
            opened.append(clock.monotonic())
            if len(opened) < 4:
                raise OSError("broker refused")
            return self

    supervisor = supervised(Third, clock)
    with caplog.at_level(logging.INFO):
        async with running(supervisor):
            await clock.advance(0.9)
            assert opened == [0]
            await clock.advance(70)
            assert opened == [0, 1, 3, 7]
            assert supervisor.status.state is State.OPEN
            assert supervisor.status.reason is None
    assert caplog.messages == [
        "mqtt: OSError: broker refused; tried again",
        f"mqtt: works again after {timedelta(seconds=67)}",
    ]


async def test_a_component_that_dies_young_again_and_again_is_one_outage(caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    with caplog.at_level(logging.INFO):
        async with running(supervised(ServeRaises, clock)):
            await clock.advance(3600)
    assert caplog.messages == ["mqtt: ValueError: bad frame; tried again"]


async def test_the_longest_pause_is_five_minutes() -> None:
    clock = FakeClock()
    opened: list[float] = []

    def build() -> Printer:
        opened.append(clock.monotonic())
        raise OSError("broker refused")

    async with running(supervised(build, clock)):
        await clock.advance(7200)
    pauses = [later - earlier for earlier, later in pairwise(opened)]
    assert pauses[:9] == [1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert set(pauses[9:]) == {300}


async def test_opening_has_a_deadline() -> None:
    supervisor = supervised(OpensForEver, opening=AT_ONCE, grace=AT_ONCE)
    async with running(supervisor):
        assert supervisor.status.state is State.FAILED
        assert supervisor.status.reason == "did not open within 0.02 s"


async def test_a_call_waits_for_a_component_that_is_starting() -> None:
    gate = asyncio.Event()

    class Slow(Printer):
        async def __aenter__(self) -> Self:
            await gate.wait()
            return self

    supervisor = supervised(Slow)
    task = asyncio.create_task(supervisor.run())
    call = asyncio.create_task(supervisor.call(lambda printer: printer.read(), timeout=SOON))
    with pytest.raises(ComponentFailed, match="still not open"):
        await supervisor.call(lambda printer: printer.read(), timeout=AT_ONCE)
    gate.set()
    assert await call == "4711 impressions"
    task.cancel()
    await asyncio.wait({task})


async def test_the_breaker_holds_calls_back_until_the_pause_is_over() -> None:
    clock = FakeClock()
    asked = 0

    async def work(_: Printer) -> None:
        nonlocal asked
        asked += 1
        raise KeyError("no such row")

    supervisor = supervised(Printer, clock, breaker=3)
    async with running(supervisor):
        for _ in range(10):
            with pytest.raises(ComponentFailed):
                await supervisor.call(work, timeout=SOON)
        assert asked == 3
        assert supervisor.status.state == "failed"
        await clock.advance(1)
        assert supervisor.status.state == "open"
        with pytest.raises(ComponentFailed):
            await supervisor.call(work, timeout=SOON)
        assert asked == 4
        await clock.advance(1.9)
        with pytest.raises(ComponentFailed, match="paused"):
            await supervisor.call(work, timeout=SOON)
        await clock.advance(0.1)
        assert await supervisor.call(lambda printer: printer.read(), timeout=SOON) == "4711 impressions"
        with pytest.raises(ComponentFailed, match="KeyError"):
            await supervisor.call(work, timeout=SOON)
        assert supervisor.status.state == "open"


async def test_without_a_breaker_one_poisonous_model_never_holds_back_the_rest() -> None:
    supervisor = supervised(Printer, breaker=None)
    async with running(supervisor):
        for _ in range(50):
            with pytest.raises(ComponentFailed, match="KeyError"):
                await supervisor.call(raises, timeout=SOON)
        assert await supervisor.call(lambda printer: printer.read(), timeout=SOON) == "4711 impressions"


async def test_a_reason_is_logged_once_and_hides_secrets(caplog: pytest.LogCaptureFixture) -> None:
    keep_secret([SecretStr("correct horse battery")])

    async def work(_: Printer) -> None:
        raise OSError("401 for\ntoken=correct horse battery")

    supervisor = supervised(Printer, breaker=None)
    async with running(supervisor):
        for _ in range(3):
            with pytest.raises(ComponentFailed, match=r"401 for token=\*+"):
                await supervisor.call(work, timeout=SOON)
    assert len([message for message in caplog.messages if "401" in message]) == 1


class Steps:
    """A generator that notes how far it was asked and whether it was closed."""

    def __init__(self) -> None:
        self.made = 0
        self.closed = False
        self.tasks: set[asyncio.Task[Any] | None] = set()

    async def __call__(self, _: Printer) -> AsyncGenerator[int, None]:
        try:
            while True:
                self.tasks.add(asyncio.current_task())
                async with asyncio.timeout(60):
                    self.made += 1
                    yield self.made
        finally:
            self.tasks.add(asyncio.current_task())
            self.closed = True


async def test_a_stream_makes_the_next_item_when_the_one_before_was_taken() -> None:
    steps = Steps()
    supervisor = supervised(Printer)
    async with running(supervisor), aclosing(supervisor.stream(steps)) as stream:
        async for item in stream:
            assert steps.made == item
            await asyncio.sleep(0)
            assert steps.made == item
            if item == 5:
                break
    assert steps.closed
    assert len(steps.tasks) == 1


async def test_a_stream_ends_when_its_generator_does() -> None:
    async def three(_: Printer) -> AsyncIterator[int]:
        for n in range(3):
            yield n

    supervisor = supervised(Printer)
    async with running(supervisor):
        assert [item async for item in supervisor.stream(three, timeout=SOON, idle_timeout=SOON)] == [0, 1, 2]
        assert supervisor.status.failures == 0


async def test_a_stream_that_says_nothing_for_long_is_ended_and_closed() -> None:
    closed = asyncio.Event()

    async def dries_up(_: Printer) -> AsyncIterator[int]:
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            closed.set()

    supervisor = supervised(Printer)
    got: list[int] = []
    async with running(supervisor):
        with pytest.raises(ComponentFailed, match="nothing within"):
            await collected(supervisor.stream(dries_up, idle_timeout=AT_ONCE), got)
    assert got == [1]
    assert closed.is_set()


async def test_a_stream_that_never_ends_is_ended_by_its_deadline() -> None:
    steps = Steps()
    supervisor = supervised(Printer)
    async with running(supervisor):
        with pytest.raises(ComponentFailed, match="no end within"):
            await collected(supervisor.stream(steps, timeout=AT_ONCE), [])
    assert steps.closed


async def test_many_components_fail_side_by_side_and_none_takes_another_along() -> None:
    healthy = Supervisor("files", Printer, clock=FakeClock())
    broken = [supervised(build) for build in (CantOpen, OwnTask, ServeRaises, ServeLeaks, ServeExits)]
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(healthy, *broken))
        for _ in range(10):
            assert await healthy.call(lambda printer: printer.read(), timeout=SOON) == "4711 impressions"
        await until(lambda: all(supervisor.status.state is State.FAILED for supervisor in broken))
