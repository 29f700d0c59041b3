"""What the store promises: kept together, acknowledged when on the disk, in one order, under keys never used twice."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pagemeter.clock import SystemClock
from pagemeter.errors import StoreError
from pagemeter.model import DeviceFound, DeviceSnapshot, Document, Event, FleetEntry, Key
from pagemeter.store import Aside, Keep, Position, Store, StoreCorrupt, StoreReader
from pagemeter.testing import FakeClock
from pagemeter.wire import WireError

Snapshots = Callable[..., DeviceSnapshot]


def kept(*snapshots: DeviceSnapshot) -> Keep:
    return Keep(bodies=tuple((snapshot.device.id, snapshot) for snapshot in snapshots))


async def everything(store: StoreReader) -> tuple[Document, ...]:
    return store.documents(Position(), 100_000)


async def test_what_was_kept_is_read_back_in_order_under_its_keys(
    store: Store, clock: FakeClock, snapshot: Snapshots
) -> None:
    first = await store.keep(kept(snapshot("a", 1), snapshot("b", 2)))
    clock.set_wall_clock(clock.now() - timedelta(days=400))
    second = await store.keep(kept(snapshot("a", 3)))
    documents = await everything(store)
    assert [document.key for document in documents] == [*first, *second]
    assert [document.body for document in documents] == [snapshot("a", 1), snapshot("b", 2), snapshot("a", 3)]
    assert [key.seq for key in (*first, *second)] == [1, 2, 3]
    assert {key.agent for key in first} == {store.agent}
    assert documents[0].at - documents[2].at == timedelta(days=400)


async def test_the_log_is_read_in_pages_from_a_position(store: Store, snapshot: Snapshots) -> None:
    await store.keep(kept(*(snapshot("a", n) for n in range(5))))
    page = store.page(Position(), 2)
    following = store.page(page.end, 10)
    assert [entry.key.seq for entry in (*page.entries, *following.entries)] == [1, 2, 3, 4, 5]
    assert store.page(following.end, 10).end == following.end


async def test_one_keep_is_kept_whole_or_not_at_all(store: Store, snapshot: Snapshots) -> None:
    keep = Keep(
        bodies=(("a", snapshot("a", 1)),),
        entries=(FleetEntry(latest=snapshot("a", 1), first_seen=snapshot("a", 1).taken_at),),
        memories={("printer_mib", "a"): {"newest": 17}},
        cursors={("joblog", "log"): [1, 2]},
        decoys={"10.0.0.1": "a router"},
    )
    broken: Any = Keep(bodies=keep.bodies, entries=keep.entries, decoys={"10.0.0.2": object()})  # type: ignore[dict-item]
    with pytest.raises(StoreError):
        await store.keep(broken)
    assert await everything(store) == ()
    assert store.fleet() == ()
    await store.keep(keep)
    assert store.fleet() == keep.entries
    assert store.memory("printer_mib", "a") == {"newest": 17}
    assert store.cursors("joblog") == {"log": [1, 2]}
    assert [(decoy.address, decoy.what) for decoy in store.decoys()] == [("10.0.0.1", "a router")]
    assert len(await everything(store)) == 1


async def test_a_keep_that_fails_takes_none_of_its_neighbours_with_it(
    path: Path, clock: FakeClock, snapshot: Snapshots
) -> None:
    async with Store.open(path, clock=clock, group_seconds=0.2) as store:
        results = await asyncio.gather(
            store.keep(kept(snapshot("a", 1))),
            store.keep(Keep(bodies=(("a", snapshot("a", 2)),), decoys={"10.0.0.2": object()})),  # type: ignore[dict-item]
            store.keep(kept(snapshot("a", 3))),
            return_exceptions=True,
        )
        assert isinstance(results[1], StoreError)
        values = [d.body.meter_reads[0].value for d in await everything(store) if isinstance(d.body, DeviceSnapshot)]
        assert values == [1, 3]
        assert [d.key.seq for d in await everything(store)] == [1, 2]
        assert store.integrity() == []


async def test_a_body_that_could_not_be_read_back_is_refused_to_its_giver(store: Store, snapshot: Snapshots) -> None:
    with pytest.raises(WireError):
        await store.keep(kept(snapshot("a", "12")))
    assert await everything(store) == ()


class Counting(sqlite3.Connection):
    commits = 0

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        type(self).commits += sql == "COMMIT"
        return super().execute(sql, *values)


async def test_what_comes_together_is_committed_together(path: Path, clock: FakeClock, snapshot: Snapshots) -> None:
    class Connection(Counting):
        pass

    async with Store.open(path, clock=clock, group_seconds=30, connection=Connection) as store:
        before = Connection.commits
        keys = await asyncio.gather(*(store.keep(kept(snapshot("a", n))) for n in range(512)))
        assert Connection.commits - before == 2
        assert len({key for (key,) in keys}) == 512


async def test_what_may_not_wait_takes_the_waiting_ones_along(
    path: Path, clock: FakeClock, snapshot: Snapshots
) -> None:
    class Connection(Counting):
        pass

    async with Store.open(path, clock=clock, group_seconds=30, connection=Connection) as store:
        before = Connection.commits
        slow = asyncio.ensure_future(store.keep(kept(snapshot("a", 1))))
        await asyncio.sleep(0)
        async with asyncio.timeout(20):
            await asyncio.gather(slow, store.keep(kept(snapshot("a", 2)), at_once=True))
        assert Connection.commits - before == 1


async def test_whoever_stops_waiting_does_not_stop_the_store(path: Path, clock: FakeClock, snapshot: Snapshots) -> None:
    async with Store.open(path, clock=clock, group_seconds=30) as store:
        waiting = asyncio.ensure_future(store.keep(kept(snapshot("a", 1))))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await store.keep(kept(snapshot("a", 2)), at_once=True)
        assert len(await everything(store)) == 2


async def test_closing_writes_what_waits_and_then_refuses(path: Path, clock: FakeClock, snapshot: Snapshots) -> None:
    store = Store.open(path, clock=clock, group_seconds=30)
    waiting = asyncio.ensure_future(store.keep(kept(snapshot("a", 1))))
    await asyncio.sleep(0)
    await store.close()
    assert len(await waiting) == 1
    with pytest.raises(StoreError, match="closed"):
        await store.keep(kept(snapshot("a", 2)))
    with StoreReader(path) as reader:
        assert len(await everything(reader)) == 1


async def test_each_start_has_an_epoch_of_its_own_and_the_agent_keeps_its_id(
    path: Path, clock: FakeClock, snapshot: Snapshots
) -> None:
    keys: list[Key] = []
    agents = set()
    for start in range(3):
        async with Store.open(path, clock=clock, group_seconds=0) as store:
            keys += await store.keep(kept(snapshot("a", start)))
            agents.add(store.agent)
    assert len(agents) == 1
    assert [key.seq for key in keys] == [1, 2, 3]
    assert sorted(keys, key=lambda key: (key.epoch, key.seq)) == keys
    assert [key.epoch[:9] for key in keys] == ["00000001-", "00000002-", "00000003-"]
    assert len({key.epoch[9:] for key in keys}) == 3


async def test_a_restored_copy_never_uses_a_key_again_and_its_feeds_go_on(
    path: Path, tmp_path: Path, clock: FakeClock, snapshot: Snapshots
) -> None:
    received: dict[Key, Document] = {}
    sent: list[tuple[Key, int]] = []

    async def run(values: range) -> None:
        async with Store.open(path, clock=clock, group_seconds=0) as store:
            for value in values:
                (key,) = await store.keep(kept(snapshot("a", value)))
                sent.append((key, value))
            page = store.page(store.position("out/every"), 1000)
            for entry in page.entries:
                assert entry.document is not None
                received.setdefault(entry.key, entry.document)
            await store.advance("out/every", page.end)

    copy = tmp_path / "copy.db"
    await run(range(10))
    shutil.copy(path, copy)
    await run(range(10, 20))
    shutil.copy(copy, path)
    await run(range(20, 30))
    await run(range(30, 35))
    assert len({key for key, _ in sent}) == len(sent) == 35
    values = {
        key: document.body.meter_reads[0].value
        for key, document in received.items()
        if isinstance(document.body, DeviceSnapshot)
    }
    assert values == dict(sent)


async def test_a_second_writer_is_refused_and_told_who_has_the_store(store: Store, clock: FakeClock) -> None:
    with pytest.raises(StoreError, match=f"process {os.getpid()}"):
        Store.open(store.path, clock=clock)


async def test_the_lock_ends_with_its_holder(path: Path, clock: FakeClock) -> None:
    await Store.open(path, clock=clock).close()
    await Store.open(path, clock=clock).close()


async def test_another_process_is_named_as_the_holder(path: Path, clock: FakeClock) -> None:
    path.parent.mkdir(parents=True)
    program = (
        "import sys; from pathlib import Path; from pagemeter.store import StoreLock;"
        " lock = StoreLock(Path(sys.argv[1])); print('locked', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(  # noqa: ASYNC220 - nothing else runs meanwhile
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"locked\n"
        with pytest.raises(StoreError, match=f"process {holder.pid}"):
            Store.open(path, clock=clock)
        holder.kill()
    await Store.open(path, clock=clock).close()


async def test_a_merged_device_is_found_under_the_id_that_stays(store: Store, snapshot: Snapshots) -> None:
    entries = {name: FleetEntry(latest=snapshot(name, 1), first_seen=snapshot(name, 1).taken_at) for name in "abc"}
    await store.keep(Keep(entries=tuple(entries.values())))
    await store.keep(Keep(aliases={"c": "b"}))
    await store.keep(Keep(aliases={"b": "a"}))
    assert store.aliases() == {"b": "a", "c": "a"}
    assert store.fleet() == (entries["a"],)


async def test_choices_are_kept_and_taken_back(store: Store) -> None:
    await store.choose("segment/10.0.1.0/24", True)
    await store.choose("device/x", {"address": "10.0.0.9"})
    assert store.choice("segment/10.0.1.0/24") is True
    assert store.choices("device/") == {"device/x": {"address": "10.0.0.9"}}
    await store.choose("device/x", None)
    assert store.choice("device/x") is None
    assert store.choices("device/") == {}


async def test_a_decoy_that_became_a_printer_is_forgotten(store: Store) -> None:
    await store.keep(Keep(decoys={"10.0.0.1": "a router"}))
    await store.keep(Keep(decoys={"10.0.0.1": None}))
    assert store.decoys() == ()


async def test_a_feed_remembers_its_position_and_what_it_set_aside(store: Store, snapshot: Snapshots) -> None:
    keys = await store.keep(kept(snapshot("a", 1), snapshot("a", 2)))
    assert store.position("out/x") == Position()
    assert store.owed("out/x").documents == 2
    place = store.page(Position(), 1).end
    await store.advance("out/x", place, [Aside(key=keys[0], why="too large")])
    assert store.position("out/x") == place
    assert store.set_aside("out/x") == (Aside(key=keys[0], why="too large"),)
    owed = store.owed("out/x")
    assert (owed.documents, owed.aside) == (1, 1)


async def test_a_foreign_document_keeps_its_key_and_is_kept_once(store: Store, snapshot: Snapshots) -> None:
    key = Key(agent="elsewhere", epoch="00000009-00000000000000aa", seq=900)
    foreign = Document(key=key, at=snapshot("z", 1).taken_at, body=snapshot("z", 1))
    await store.keep(Keep(foreign=(foreign,)))
    (own,) = await store.keep(Keep(bodies=(("a", snapshot("a", 1)),), foreign=(foreign,)))
    documents = await everything(store)
    assert [document.key for document in documents] == [key, own]
    assert documents[0] == foreign
    assert store.page(Position(), 1).end < store.page(Position(), 2).end


async def test_a_listener_hears_of_a_commit(store: Store, snapshot: Snapshots) -> None:
    with store.listening() as committed:
        assert not committed.is_set()
        await store.keep(kept(snapshot("a", 1)))
        async with asyncio.timeout(20):
            await committed.wait()


async def test_a_reader_works_beside_the_agent_and_can_not_write(store: Store, snapshot: Snapshots) -> None:
    with StoreReader(store.path) as reader:
        await store.keep(kept(snapshot("a", 1)))
        assert len(await everything(reader)) == 1
        assert reader.agent == store.agent
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader._reading.execute("DELETE FROM document")


async def test_a_reader_leaves_no_transaction_open(store: Store, snapshot: Snapshots) -> None:
    await store.keep(kept(snapshot("a", 1)))
    store.page(Position(), 10)
    store.fleet()
    assert not store._reading.in_transaction


def test_a_store_that_is_not_there_is_named(path: Path) -> None:
    with pytest.raises(StoreError, match="has the agent run"):
        StoreReader(path)
    assert not path.exists()


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"\x00" * 8192])
def test_a_file_that_is_no_store_is_refused_and_left_alone(path: Path, clock: FakeClock, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"pagemeter\.db"):
        Store.open(path, clock=clock)
    with pytest.raises(StoreError, match=r"pagemeter\.db"):
        StoreReader(path)
    assert path.read_bytes() == content


def test_the_database_of_something_else_is_refused_and_left_alone(path: Path, clock: FakeClock) -> None:
    path.parent.mkdir()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE invoices (x)")
    other.commit()
    other.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="something else"):
        Store.open(path, clock=clock)
    with pytest.raises(StoreError, match="something else"):
        StoreReader(path)
    assert path.read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
async def test_nobody_else_may_read_the_store(store: Store) -> None:
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="needs root to be somebody else")
def test_another_user_gets_a_message_of_our_own_from_a_cold_store(clock: FakeClock) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        path = folder / "pagemeter.db"
        asyncio.run(Store.open(path, clock=clock).close())
        folder.chmod(0o755)
        path.chmod(0o644)
        program = (
            "import os, sys; from pathlib import Path; from pagemeter.store import StoreReader\n"
            "os.setgid(65534); os.setuid(65534)\n"
            "try: StoreReader(Path(sys.argv[1])).fleet()\n"
            "except Exception as error: print(error)"
        )
        done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
        assert "run the command as the agent's user" in done.stdout
    finally:
        shutil.rmtree(folder)


async def test_a_full_disk_is_told_and_survived(path: Path, clock: FakeClock, snapshot: Snapshots) -> None:
    class Small(sqlite3.Connection):
        """A disk that is full at the commit, once."""

        full = False

        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            if sql == "COMMIT" and Small.full:
                Small.full = False
                raise sqlite3.OperationalError("database or disk is full")
            return super().execute(sql, *values)

    async with Store.open(path, clock=clock, group_seconds=0, connection=Small) as store:
        await store.keep(kept(snapshot("a", 1)))
        Small.full = True
        with pytest.raises(StoreError, match="disk"):
            await store.keep(kept(snapshot("a", 2)))
        (key,) = await store.keep(kept(snapshot("a", 3)))
        assert key.seq == 2
        assert [d.key.seq for d in await everything(store)] == [1, 2]


async def test_events_without_a_device_are_kept_too(store: Store) -> None:
    event = Event(at=SystemClock().now(), facts=DeviceFound(address="10.0.0.7"))
    await store.keep(Keep(bodies=((None, event),)))
    assert [document.body for document in await everything(store)] == [event]


async def test_damage_is_named_by_its_key_and_takes_no_other_document_with_it(
    path: Path, clock: FakeClock, snapshot: Snapshots
) -> None:
    async with Store.open(path, clock=clock, group_seconds=0) as store:
        keys = await store.keep(kept(*(snapshot("a", n) for n in range(4))))
        assert store.integrity() == []
    with sqlite3.connect(path) as db:
        db.execute("UPDATE document SET body = CAST(substr(body, 1, length(body) - 1) AS BLOB) WHERE seq = 3")
    db.close()
    with StoreReader(path) as reader:
        assert len(reader.documents(Position(), 2)) == 2
        with pytest.raises(StoreCorrupt) as damage:
            reader.documents(Position(), 4)
        assert damage.value.key == keys[2]
        assert [entry.document is None for entry in reader.page(Position(), 4).entries] == [False, False, True, False]
        assert [line for line in reader.integrity() if str(keys[2]) in line] == reader.integrity()


@pytest.mark.parametrize("column", ["at", "device", "epoch", "type", "agent"])
async def test_damage_in_any_column_is_noticed(path: Path, clock: FakeClock, snapshot: Snapshots, column: str) -> None:
    async with Store.open(path, clock=clock, group_seconds=0) as store:
        await store.keep(kept(snapshot("a", 1)))
    db = sqlite3.connect(path)
    db.execute(f"UPDATE document SET {column} = {column} || 'x'")  # noqa: S608 - a column of the list above
    db.commit()
    db.close()
    with StoreReader(path) as reader:
        assert len(reader.integrity()) == 1
