"""The outbox in a whole agent: outputs that break on a document, that can't be opened, and masks from the YAML."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pagemeter.agent import Agent
from pagemeter.cli import app
from pagemeter.clock import SystemClock
from pagemeter.config import load_config
from pagemeter.masks import Masks
from pagemeter.model import Device, DeviceSnapshot, JobRecord
from pagemeter.store import Aside, Keep, Store, StoreReader

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
YAML = """\
agent: {{state: state}}
outputs:
  - {{plugin: files, name: lines, folder: out, {more}}}
"""


def written(folder: Path, more: str) -> Path:
    path = folder / "pagemeter.yaml"
    path.write_text(YAML.format(more=more), encoding="utf-8")
    return path


@asynccontextmanager
async def agent_of(path: Path) -> AsyncIterator[Agent]:
    config = load_config(path, environ={})
    store = path.parent / "state" / "pagemeter.db"
    async with Agent.open(config, store, clock=SystemClock(), group_seconds=0) as agent:
        yield agent


@asynccontextmanager
async def running(agent: Agent) -> AsyncIterator[None]:
    task = asyncio.create_task(agent.run())
    try:
        async with asyncio.timeout(60):
            yield
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(store: Store, holds: Callable[[], bool]) -> None:
    with store.listening() as committed:
        while not holds():
            await committed.wait()
            committed.clear()


async def keep(store: Store) -> None:
    device = Device(id="d1", serial_number="SN-1", contact="Ada")
    bodies = (
        ("d1", DeviceSnapshot(device=device, target="host://10.0.0.7", taken_at=AT)),
        (None, JobRecord(id="j1", user="ada")),
    )
    await store.keep(Keep(bodies=bodies), at_once=True)


async def test_an_output_gets_what_its_masks_leave_under_the_agents_own_key(tmp_path: Path) -> None:
    path = written(tmp_path, "only: [snapshot], mask: [contact], hash: [serial], report: false")
    async with agent_of(path) as agent:
        await keep(agent.store)
        async with running(agent):
            await until(agent.store, lambda: agent.store.owed("lines/documents").documents == 0)
        key = agent.store.pseudonym_key
    (file,) = (tmp_path / "out").glob("documents-*.jsonl")
    (line,) = map(json.loads, file.read_text("utf-8").splitlines())
    assert line["type"] == "snapshot"
    assert line["body"]["device"]["serial_number"] == Masks(key=key).hashed("SN-1")
    assert "contact" not in line["body"]["device"]


@pytest.mark.parametrize("command", ["run", "once"])
async def test_an_output_that_can_not_be_opened_says_why_it_owes(tmp_path: Path, command: str) -> None:
    path = written(tmp_path, "report: false")
    (tmp_path / "out").write_text("in the way", encoding="utf-8")
    async with agent_of(path) as agent:
        await keep(agent.store)
        if command == "once":
            await agent.once()
        else:
            async with running(agent):
                await until(agent.store, lambda: agent.store.delivery("lines").why is not None)
    # A thread of its own: the command runs a loop of its own.
    result = await asyncio.to_thread(CliRunner().invoke, app, ["outbox", "--json", "--config", str(path)])
    (line,) = map(json.loads, result.output.splitlines())
    assert result.exit_code == 1
    assert (line["feed"], line["documents"] >= 2) == ("lines", True)
    assert "may the agent write there?" in line["error"]
    (tmp_path / "out").unlink()
    async with agent_of(path) as agent:
        await agent.once()
    with StoreReader(tmp_path / "state" / "pagemeter.db") as store:
        assert store.feeds() == ("lines/documents",)
        assert store.owed("lines/documents").delivery.why is None


async def test_a_running_agent_retries_and_drops_what_was_set_aside(tmp_path: Path) -> None:
    path = written(tmp_path, "report: false")
    async with agent_of(path) as agent:
        await keep(agent.store)
        async with running(agent):
            await until(agent.store, lambda: agent.store.owed("lines/documents").documents == 0)
            position = agent.store.position("lines/documents")
            one, other = (document.key for document in agent.store.documents(type(position)(), 2))
            asides = [Aside(key=one, why="422"), Aside(key=other, why="422")]
            await agent.store.advance("lines/documents", position, asides)
            for arguments in (["retry", "lines", str(one)], ["drop", "lines", str(other), "--yes"]):
                whole = ["outbox", *arguments, "--config", str(path)]
                result = await asyncio.to_thread(CliRunner().invoke, app, whole)
                assert result.exit_code == 0, result.output
            await until(agent.store, lambda: agent.store.suspects("lines/documents") == ())
        assert agent.store.set_aside("lines/documents") == ()
    (file,) = (tmp_path / "out").glob("documents-*.jsonl")
    keys = [json.loads(line)["key"]["seq"] for line in file.read_text("utf-8").splitlines()]
    assert keys.count(one.seq) == 2
    assert keys.count(other.seq) == 1
