from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pagemeter.root import OWNER, Terminated, run_root

SOON = 10.0


def test_the_root_returns_what_main_returns_on_a_selector_loop() -> None:
    async def main() -> bool:
        return isinstance(asyncio.get_running_loop(), asyncio.SelectorEventLoop)

    assert run_root(main()) is True


@pytest.mark.parametrize("error", [ValueError("wrong"), SystemExit(7), KeyboardInterrupt()])
def test_what_main_itself_raises_is_raised(error: BaseException) -> None:
    async def main() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        run_root(main())
    assert caught.value is error


class Blamed:
    name = "traps"

    def __init__(self) -> None:
        self.codes: list[object] = []

    def child_exited(self, code: object) -> None:
        self.codes.append(code)


def test_the_loop_survives_sys_exit_in_tasks_and_callbacks_and_names_their_owner() -> None:
    blamed = Blamed()

    async def exits(code: int) -> None:
        sys.exit(code)

    async def child_of_a_child() -> None:
        await asyncio.wait({asyncio.create_task(exits(2))})

    async def main() -> str:
        OWNER.set(blamed)
        task = asyncio.create_task(exits(1))
        asyncio.get_running_loop().call_soon(sys.exit, 3)
        await asyncio.wait({task, asyncio.create_task(child_of_a_child())})
        for ended in (task,):
            ended.exception()
        return "went on"

    assert run_root(main()) == "went on"
    assert sorted(blamed.codes, key=str) == [1, 2, 3]


def test_an_exit_that_nobody_owns_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        asyncio.get_running_loop().call_soon(sys.exit, 3)
        await asyncio.sleep(0.01)

    run_root(main())
    assert caplog.messages == ["a task or callback of unknown origin called sys.exit(3); the agent goes on"]


def test_tasks_left_over_are_cancelled_and_a_deaf_one_is_abandoned(caplog: pytest.LogCaptureFixture) -> None:
    ended: list[str] = []

    async def left_over() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("left over")

    async def exits_when_cancelled() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            sys.exit(9)

    async def deaf() -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except (asyncio.CancelledError, GeneratorExit) as error:
                if isinstance(error, GeneratorExit):
                    raise

    async def main() -> set[asyncio.Task[None]]:
        tasks = {asyncio.create_task(work()) for work in (left_over, exits_when_cancelled, deaf)}
        await asyncio.sleep(0)
        return tasks

    tasks = run_root(main(), grace=0.02)
    assert ended == ["left over"]
    assert sum("is abandoned" in message for message in caplog.messages) == 1
    assert [isinstance(task.exception(), SystemExit) for task in tasks if task.done() and not task.cancelled()] == [
        True
    ]


@contextmanager
def handlers_kept() -> Iterator[None]:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    yield
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


@pytest.mark.skipif(sys.platform == "win32", reason="os.kill ends the process on Windows")
@pytest.mark.parametrize(("number", "raised"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)])
def test_the_first_signal_cancels_main_once_and_main_may_finish_its_work(
    number: signal.Signals, raised: type[BaseException]
) -> None:
    finished: list[str] = []

    async def main() -> None:
        try:
            os.kill(os.getpid(), number)
            await asyncio.sleep(SOON)
        finally:
            await asyncio.sleep(0.01)
            finished.append("delivered")

    with handlers_kept(), pytest.raises(raised) as caught:
        run_root(main())
    assert type(caught.value) is raised
    assert finished == ["delivered"]


@pytest.mark.skipif(sys.platform == "win32", reason="os.kill ends the process on Windows")
def test_main_that_ends_in_order_after_a_signal_returns_its_result() -> None:
    async def main() -> str:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(SOON)
        except asyncio.CancelledError:
            return "in order"
        return "never"

    assert run_root(main()) == "in order"


WAITS = """
import asyncio, sys
from pagemeter.root import run_root
async def main():
    try:
        print("ready", flush=True)
        await asyncio.Event().wait()
    finally:
        print("ending", flush=True)
        while True:
            %s
run_root(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("work", ["await asyncio.sleep(0.01)", "pass"], ids=["waits", "blocks the loop"])
def test_a_second_signal_is_hard(work: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WAITS % work], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "ending\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=SOON)
    assert process.returncode == -signal.SIGINT
    assert "destroyed" not in errors
