"""``outbox``: what is owed to whom, since when and why, and what becomes of what was set aside."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pagemeter.cli import app
from pagemeter.component import Form
from pagemeter.control import controlled
from pagemeter.model import DeviceFound, Event, JobRecord, Key
from pagemeter.store import Aside, Delivery, Keep, Position, Store, StoreReader, Suspect
from pagemeter.testing import FakeClock

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
YAML = """\
agent: {state: state}
outputs:
  - {plugin: files, name: lines, folder: out}
  - {plugin: files, name: others, folder: out2}
"""

Work = Callable[[Store, Sequence[Key]], Awaitable[None]]


def in_store(folder: Path, work: Work, *, documents: int = 0) -> None:
    async def fill() -> None:
        path = folder / "state" / "pagemeter.db"
        async with Store.open(path, clock=FakeClock(AT), group_seconds=0) as store:
            event = Event(at=AT, facts=DeviceFound(address="10.0.0.7"))
            keys = await store.keep(Keep(bodies=((None, event),) * documents))
            await work(store, keys)

    asyncio.run(fill())


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "pagemeter.yaml"
    path.write_text(YAML, encoding="utf-8")

    async def work(store: Store, keys: Sequence[Key]) -> None:
        jobs = await store.keep(Keep(bodies=((None, JobRecord(id="j1")),)))
        aside = [Aside(key=keys[1], why="422 \x1b[31mno"), Aside(key=jobs[0], why="it can't be read: its CRC differs")]
        place = Position(epoch=store.epoch, seq=3)
        await store.advance("lines/documents", place, aside, [Suspect(key=keys[2], tries=3, strikes=1, why="500")])
        await store.note_delivery("lines/documents", Form.EVERY, Delivery(since=AT, failures=7, why="disk full"))
        await store.advance("lines/report", Position(epoch=store.epoch, seq=2, at=AT))
        await store.note_delivery("lines/report", Form.REPORT, Delivery())
        await store.advance("gone/all", Position())

    in_store(tmp_path, work, documents=5)
    return path


def outbox(config: Path, *arguments: str, says: str | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["outbox", *arguments, "--config", str(config)], input=says)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, " ".join(result.output.split())


def listed(config: Path) -> dict[str, Any]:
    result = CliRunner().invoke(app, ["outbox", "--json", "--config", str(config)])
    return {line["feed"]: line for line in map(json.loads, result.output.splitlines())}


def reader(config: Path) -> StoreReader:
    return StoreReader(config.parent / "state" / "pagemeter.db")


def test_each_feed_is_listed_with_what_it_owes_since_when_and_why(config: Path) -> None:
    feeds = listed(config)
    assert feeds.keys() == {"lines/documents", "lines/report", "gone/all"}
    one = feeds["lines/documents"]
    assert (one["documents"], one["oldest"], one["form"]) == (4, "2026-03-02T08:00:00Z", "every")
    assert (one["failing_since"], one["failures"], one["error"]) == ("2026-03-02T08:00:00Z", 7, "disk full")
    assert [(a["type"], a["error"]) for a in one["set_aside"]] == [
        ("event", "422 \x1b[31mno"),
        ("job", "it can't be read: its CRC differs"),
    ]
    assert [(a["tries"], a["error"]) for a in one["tried_alone"]] == [(3, "500")]
    assert (feeds["lines/report"]["last_report"], feeds["lines/report"]["error"]) == ("2026-03-02T08:00:00Z", None)
    assert feeds["gone/all"]["configured"] is False


def test_people_are_told_the_same_and_what_to_do(config: Path) -> None:
    code, text = outbox(config)
    assert code == 1
    for part in ("disk full", "fails since 2026-03-02T08:00:00Z (7 times)", "not in the configuration any more"):
        assert part in text
    assert "others was not served yet" in text
    assert "outbox retry FEED" in text
    assert "\x1b" not in text


def test_all_is_well_where_everything_was_delivered(tmp_path: Path) -> None:
    (tmp_path / "pagemeter.yaml").write_text(YAML, encoding="utf-8")

    async def work(store: Store, keys: Sequence[Key]) -> None:
        await store.advance("lines/documents", Position(epoch=store.epoch, seq=keys[-1].seq))

    in_store(tmp_path, work, documents=2)
    code, text = outbox(tmp_path / "pagemeter.yaml")
    assert code == 0
    assert "lines/documents 0 well 0" in text


def test_without_a_store_nothing_is_owed(tmp_path: Path) -> None:
    (tmp_path / "pagemeter.yaml").write_text(YAML, encoding="utf-8")
    code, text = outbox(tmp_path / "pagemeter.yaml")
    assert code == 3
    assert "no store" in text


def test_one_document_is_tried_again_by_its_key_and_all_without(config: Path) -> None:
    with reader(config) as store:
        keys = [str(one.key) for one in store.set_aside("lines/documents")]
    code, text = outbox(config, "retry", "lines/documents", keys[0])
    assert (code, "1 document is tried again" in text) == (0, True)
    with reader(config) as store:
        assert [str(one.key) for one in store.set_aside("lines/documents")] == keys[1:]
        assert keys[0] in [str(one.key) for one in store.suspects("lines/documents")]
    # The name of the output is enough where one of its feeds has set something aside.
    assert outbox(config, "retry", "lines")[0] == 0
    with reader(config) as store:
        assert store.set_aside("lines/documents") == ()


def test_what_is_dropped_is_asked_for_first(config: Path) -> None:
    code, text = outbox(config, "drop", "lines", says="y\n")
    assert (code, "add --yes" in text) == (2, True)
    with reader(config) as store:
        assert len(store.set_aside("lines/documents")) == 2
    code, text = outbox(config, "drop", "lines", "--yes")
    assert (code, "2 documents are dropped" in text) == (0, True)
    with reader(config) as store:
        assert store.set_aside("lines/documents") == ()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("retry", "lines/document"), "did you mean lines/documents?"),
        (("retry", "lines/report"), "has set nothing aside"),
        (("drop", "lines", "a/b/1", "--yes"), "has not set a/b/1 aside"),
        (("retry", "lines", "nonsense"), "has not set nonsense aside"),
    ],
)
def test_what_was_not_set_aside_can_not_be_retried(config: Path, arguments: tuple[str, ...], why: str) -> None:
    code, text = outbox(config, *arguments)
    assert code == 2
    assert why in text


def test_a_running_agent_is_asked(config: Path) -> None:
    with answering(config) as asked:
        assert outbox(config, "retry", "lines")[0] == 0
        assert outbox(config, "drop", "lines", "--yes")[0] == 0
    assert asked == [("retry", "lines/documents", None), ("drop", "lines/documents", None)]
    with reader(config) as store:
        assert len(store.set_aside("lines/documents")) == 2


@contextmanager
def answering(config: Path) -> Iterator[list[tuple[str, str, str | None]]]:
    """Answer on the control socket as an agent does, in a thread of its own."""
    asked: list[tuple[str, str, str | None]] = []
    ready, over = threading.Event(), threading.Event()

    async def retry(feed: str, key: str | None) -> int:
        asked.append(("retry", feed, key))
        return 2

    async def drop(feed: str, key: str | None) -> int:
        asked.append(("drop", feed, key))
        return 2

    async def serve() -> None:
        path = config.parent / "state" / "pagemeter.db"
        async with controlled(path, {"retry-aside": retry, "drop-aside": drop}):
            ready.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert ready.wait(20)
        yield asked
    finally:
        over.set()
        thread.join()
