"""kill -9 in the middle of things: nothing acknowledged is lost, nothing is there twice.

The witness is the test's own process: it writes down what the agent's store acknowledged and what was delivered.
PAGEMETER_KILL_SEED repeats a run's moments as far as the machine allows.
"""

from __future__ import annotations

import json
import mmap
import os
import random
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import pytest

from pagemeter.clock import SystemClock
from pagemeter.component import Batch, Feed
from pagemeter.model import AgentStatus, DeviceSnapshot, Document
from pagemeter.outbox import Outbox, Subscription
from pagemeter.store import Position, Store, StoreReader

IN_TRANSACTION, IN_DELIVERY, ALIVE = 0, 1, 2


class Witness(socketserver.ThreadingTCPServer):
    """Appends each line it is told to a file, then says so."""

    daemon_threads = True

    def __init__(self, book: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Testimony)
        self.turn = threading.Lock()
        self.book: IO[bytes] = book.open("ab", buffering=0)

    def write(self, line: bytes) -> None:
        with self.turn:
            self.book.write(line)


class _Testimony(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, Witness)
        # A killed child resets its connection; a line without its end was cut, nobody was told that it counts.
        with suppress(ConnectionError):
            for line in self.rfile:
                if not line.endswith(b"\n"):
                    return
                self.server.write(line)
                self.wfile.write(b"ok\n")


@contextmanager
def witness(book: Path) -> Iterator[int]:
    with Witness(book) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
            server.book.close()


@contextmanager
def nursery(path: Path, port: int, flags: Path) -> Iterator[subprocess.Popen[str]]:
    program = [sys.executable, str(Path(__file__).with_name("kill_child.py")), str(path), str(port), str(flags)]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(20) == 0


def strike(process: subprocess.Popen[str], flags: mmap.mmap, dice: random.Random, round_: int) -> str:
    """Let a child live for a moment, kill it, and say what it was in the middle of."""
    if sys.platform == "win32":
        raise NotImplementedError("kill -9 is POSIX")
    assert process.stdin is not None
    assert process.stdout is not None
    flags[:] = bytes(3)
    process.stdin.write(f"{round_}\n")
    process.stdin.flush()
    pid = int(process.stdout.readline())
    target = dice.choice([IN_TRANSACTION, IN_DELIVERY, ALIVE])
    until = time.monotonic() + 20
    wait_for(flags, ALIVE, until)
    time.sleep(dice.uniform(0.0, 0.3))
    wait_for(flags, target, until)
    os.kill(pid, signal.SIGKILL)
    assert process.stdout.readline() == "dead\n"
    return {(0, 0): "idle", (1, 0): "transaction", (0, 1): "delivery", (1, 1): "both"}[flags[0], flags[1]]


def wait_for(flags: mmap.mmap, flag: int, until: float) -> None:
    while not flags[flag]:
        assert time.monotonic() < until, "the child does not get there"


def told(book: Path, what: str) -> list[tuple[str, str]]:
    """Return (key, reading) as the witness wrote them down."""
    lines = [json.loads(line) for line in book.read_bytes().splitlines()]
    return [(key, name) for line in lines for key, name in line.get(what, [])]


def read_log(path: Path) -> list[tuple[str, str]]:
    with StoreReader(path) as reader:
        assert reader.integrity() == []
        documents = reader.documents(Position(), 10_000_000)
    return readings(documents)


def readings(documents: Iterable[Document]) -> list[tuple[str, str]]:
    return [(str(d.key), d.body.device.asset_tag or "") for d in documents if isinstance(d.body, DeviceSnapshot)]


async def deliver_the_rest(path: Path) -> list[tuple[str, str]]:
    rest: list[tuple[str, str]] = []
    clock = SystemClock()

    async def deliver(batch: Batch) -> None:
        rest.extend(readings(batch.documents))

    async with Store.open(path, clock=clock, group_seconds=0) as store:
        status = AgentStatus(agent=store.agent, version="1", started_at=clock.now(), at=clock.now())
        outbox = Outbox(store, clock=clock, status=lambda: status)
        (result,) = await outbox.drain([Subscription(output="out", feed=Feed(name="all"), deliver=deliver)])
        assert result.error is None
        assert result.aside == 0
    return rest


@pytest.mark.parametrize(
    "rounds", [pytest.param(50, marks=pytest.mark.slow), pytest.param(1000, marks=[pytest.mark.slow, pytest.mark.long])]
)
@pytest.mark.timeout(1200)
@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 and fork are POSIX")
async def test_a_killed_agent_loses_nothing_that_was_acknowledged_and_repeats_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rounds: int
) -> None:
    seed = int(os.environ.get("PAGEMETER_KILL_SEED", random.randrange(2**32)))
    with capsys.disabled():
        print(f" PAGEMETER_KILL_SEED={seed} ", end="", flush=True)  # noqa: T201 - the seed is told whatever comes
    dice = random.Random(seed)
    path, book, flag_file = tmp_path / "pagemeter.db", tmp_path / "witness", tmp_path / "flags"
    flag_file.write_bytes(bytes(3))
    with (
        flag_file.open("r+b") as file,
        mmap.mmap(file.fileno(), 3) as flags,
        witness(book) as port,
        nursery(path, port, flag_file) as process,
    ):
        struck = Counter(strike(process, flags, dice, round_) for round_ in range(rounds))
    acknowledged, delivered = told(book, "acknowledged"), told(book, "delivered")
    kept = read_log(path)
    received = {*delivered, *await deliver_the_rest(path)}
    summary = f"seed {seed}: {dict(struck)}, {len(acknowledged)} acknowledged, {len(kept)} kept"
    with capsys.disabled():
        print(f" {summary} ", end="", flush=True)  # noqa: T201 - as above

    assert rounds - struck["idle"] >= rounds / 2, summary
    assert len(acknowledged) >= rounds, summary
    assert len({key for key, _ in kept}) == len({name for _, name in kept}) == len(kept), summary
    assert set(acknowledged) <= set(kept), summary
    # Once each after dropping repeats by key, and never two contents under one key.
    assert received == set(kept), summary
    # What was kept together is there together.
    assert Counter(name[:-2] for _, name in kept) == dict.fromkeys({name[:-2] for _, name in kept}, 2), summary
    assert len({name.split("-")[0] for _, name in acknowledged}) >= rounds / 2, summary
