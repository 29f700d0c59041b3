"""The victim of test_kill: a nursery that imports once and forks an agent's store and outbox for each round.

Reads ``<round>\n`` from standard input, forks a child for it and writes the child's pid; at the next line the child
is dead and is waited for. The child writes into a shared byte what it is in the middle of.
"""

from __future__ import annotations

import asyncio
import json
import mmap
import os
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pagemeter.clock import SystemClock
from pagemeter.component import Batch, Feed
from pagemeter.model import AgentStatus, Device, DeviceSnapshot
from pagemeter.outbox import Outbox, Subscription
from pagemeter.store import Keep, Store

IN_TRANSACTION, IN_DELIVERY, ALIVE = 0, 1, 2
KEEPERS = 4


class Flagged(sqlite3.Connection):
    """A connection that says when a transaction is open."""

    flags: mmap.mmap

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        if sql == "BEGIN IMMEDIATE":
            self.flags[IN_TRANSACTION] = 1
        cursor = super().execute(sql, *values)
        if sql == "COMMIT":
            self.flags[IN_TRANSACTION] = 0
        return cursor


async def live(path: Path, round_: int, port: int, flags: mmap.mmap) -> None:
    """Keep readings and deliver them until killed; the witness hears of each before the next one."""
    clock = SystemClock()
    turn = asyncio.Lock()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def tell(line: dict[str, Any]) -> None:
        async with turn:
            writer.write(json.dumps(line).encode() + b"\n")
            if await reader.readline() != b"ok\n":
                raise ConnectionError("the witness is gone")

    async def deliver(batch: Batch) -> None:
        flags[IN_DELIVERY] = 1
        await tell({"delivered": [[str(document.key), _name(document.body)] for document in batch.documents]})
        flags[IN_DELIVERY] = 0

    def status() -> AgentStatus:
        return AgentStatus(agent=store.agent, version="1", started_at=clock.now(), at=clock.now())

    async def read(keeper: int) -> None:
        number = 0
        while True:
            names = [f"{round_}-{keeper}-{number}-{part}" for part in "ab"]
            bodies = tuple((f"device {keeper}", _snapshot(f"device {keeper}", name)) for name in names)
            keys = await store.keep(Keep(bodies=bodies), at_once=number % 3 == 0)
            await tell({"acknowledged": [[str(key), name] for key, name in zip(keys, names, strict=True)]})
            number += 1

    Flagged.flags = flags
    async with Store.open(path, clock=clock, group_seconds=0.01, connection=Flagged) as store:
        flags[ALIVE] = 1
        outbox = Outbox(store, clock=clock, status=status)
        async with asyncio.TaskGroup() as group:
            group.create_task(outbox.run(Subscription(output="out", feed=Feed(name="all", most=20), deliver=deliver)))
            for keeper in range(KEEPERS):
                group.create_task(read(keeper))


def _snapshot(device: str, name: str) -> DeviceSnapshot:
    at = datetime(2026, 3, 2, 8, tzinfo=UTC)
    return DeviceSnapshot(device=Device(id=device, asset_tag=name), target="host://10.0.0.7", taken_at=at)


def _name(body: object) -> str | None:
    return body.device.asset_tag if isinstance(body, DeviceSnapshot) else None


def main(path: Path, port: int, flag_file: Path) -> None:
    """Fork a child per line."""
    if sys.platform == "win32":
        raise SystemExit("fork is POSIX")
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            with flag_file.open("r+b") as file, mmap.mmap(file.fileno(), 3) as flags:
                asyncio.run(live(path, int(line), port, flags))
            os._exit(1)
        print(pid, flush=True)  # noqa: T201 - the answer to the test
        os.waitpid(pid, 0)
        print("dead", flush=True)  # noqa: T201 - as above


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
