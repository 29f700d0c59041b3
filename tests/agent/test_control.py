"""The local socket of a running agent: a command is answered, and nothing that comes there stops the agent."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from pydantic import JsonValue

from pagemeter.control import NotRunning, ask_agent, control_path, controlled
from pagemeter.errors import PagemeterError


async def double(number: int) -> JsonValue:
    if number < 0:
        raise PagemeterError("only what is above zero")
    return number * 2


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "pagemeter.db"


async def test_a_command_gets_the_answer_of_the_running_agent(store: Path) -> None:
    async with controlled(store, {"double": double}):
        assert await ask_agent(store, "double", number=21) == 42


async def test_a_reason_reaches_the_command(store: Path) -> None:
    async with controlled(store, {"double": double}):
        with pytest.raises(PagemeterError, match="only what is above zero"):
            await ask_agent(store, "double", number=-1)
        with pytest.raises(PagemeterError, match="can't halve"):
            await ask_agent(store, "halve", number=2)
        with pytest.raises(PagemeterError, match="other arguments"):
            await ask_agent(store, "double", amount=2)


async def test_without_an_agent_the_command_is_told_so_and_a_stale_socket_does_not_matter(store: Path) -> None:
    with pytest.raises(NotRunning):
        await ask_agent(store, "double", number=1)
    async with controlled(store, {"double": double}):
        pass
    assert not control_path(store).exists()
    control_path(store).write_text("stale")
    with pytest.raises(NotRunning):
        await ask_agent(store, "double", number=1)
    async with controlled(store, {"double": double}):
        assert await ask_agent(store, "double", number=4) == 8


async def test_nobody_else_may_ask_and_rubbish_is_turned_away(store: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("there the port has a token")
    async with controlled(store, {"double": double}):
        assert stat.S_IMODE(control_path(store).stat().st_mode) == 0o600
        for rubbish in (b"\n", b"[]\n", b"{", b"\xff\xfe\n", b"x" * (2 << 20)):
            reader, writer = await asyncio.open_unix_connection(str(control_path(store)))
            answer = b""
            with suppress(ConnectionError):  # an agent that has read enough closes
                writer.write(rubbish)
                writer.write_eof()
                answer = await reader.read()
            writer.close()
            assert answer == b"" or "error" in json.loads(answer)
        assert await ask_agent(store, "double", number=4) == 8


async def test_an_agent_whose_socket_can_not_be_made_runs_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with controlled(tmp_path / "nowhere" / "pagemeter.db", {"double": double}):
        pass
    assert "commands can't reach this agent" in caplog.text


async def halve(number: int) -> JsonValue:
    raise ZeroDivisionError("a secret word")


async def wait_for_ever() -> JsonValue:
    return await asyncio.Event().wait()


async def test_a_handler_that_breaks_is_an_answer_without_its_words(
    store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with controlled(store, {"halve": halve}):
        with pytest.raises(PagemeterError, match=r"halve failed \(ZeroDivisionError\)") as raised:
            await ask_agent(store, "halve", number=2)
    assert "secret" not in str(raised.value)
    assert "halve failed: ZeroDivisionError: a secret word" in caplog.text


async def test_a_handler_that_hangs_keeps_neither_others_nor_the_end_waiting(store: Path) -> None:
    async with controlled(store, {"wait": wait_for_ever, "double": double}):
        hanging = asyncio.get_running_loop().create_task(ask_agent(store, "wait"))
        assert await ask_agent(store, "double", number=4) == 8
    with pytest.raises(PagemeterError, match="does not answer"):
        await hanging
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere such a path is told to be too long")
async def test_a_store_far_down_is_reached_from_wherever(tmp_path: Path) -> None:
    folder = tmp_path
    for _ in range(12):
        folder /= "a-folder-of-some-length"
    folder.mkdir(parents=True)
    store = folder / "pagemeter.db"
    assert len(str(control_path(store))) > 250
    async with controlled(store, {"double": double}):
        assert stat.S_IMODE(control_path(store).stat().st_mode) == 0o600
        assert await ask_agent(store, "double", number=4) == 8
    assert not control_path(store).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="there nothing is masked")
async def test_other_work_never_runs_under_the_mask_of_the_socket(store: Path) -> None:
    before = os.umask(0o022)
    seen: set[int] = set()

    async def make_folders() -> None:
        for number in range(50):
            folder = store.parent / str(number)
            folder.mkdir()
            seen.add(stat.S_IMODE(folder.stat().st_mode))
            await asyncio.sleep(0)

    try:
        making = asyncio.get_running_loop().create_task(make_folders())
        async with controlled(store, {"double": double}):
            await making
    finally:
        os.umask(before)
    assert seen == {0o755}
