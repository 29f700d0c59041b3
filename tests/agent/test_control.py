"""The local socket of a running agent: a command is answered, and nothing that comes there stops the agent."""

from __future__ import annotations

import asyncio
import json
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


@pytest.mark.skipif(sys.platform == "win32", reason="there the port has a token")
async def test_nobody_else_may_ask_and_rubbish_is_turned_away(store: Path) -> None:
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
