"""The processes of a run: simulators, servers and measured programs, each on its core, each ended by its id."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen, TimeoutExpired
from typing import Any

from bench.speed.setting import BUILT, ROOT, Setting

CLIENTS = ROOT / "bench" / "clients"
OURS = Path(sys.executable)
PEERS = ROOT / "build" / "bench-venv" / "bin" / "python"
LONGEST = 900.0


class Skipped(Exception):
    """A figure that can't be measured here, and why."""


_running: list[Popen[Any]] = []


def end_all() -> None:
    """End whatever still runs; for an interrupted run."""
    for process in tuple(_running):
        end(process)


def end(process: Popen[Any]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except TimeoutExpired:
            process.kill()
            process.wait()
    if process in _running:
        _running.remove(process)


def pinned(core: int) -> list[str]:
    taskset = shutil.which("taskset")
    return [taskset, "-c", str(core)] if taskset else []


def start(command: Sequence[object], core: int, **options: Any) -> Popen[Any]:
    process: Popen[Any] = Popen([*pinned(core), *map(str, command)], stdin=DEVNULL, **options)
    _running.append(process)
    return process


def client(
    setting: Setting,
    program: str,
    given: Mapping[str, Any],
    *,
    python: Path = OURS,
    env: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Run a measured program on the client's core; returns what its last line tells."""
    command = [python, CLIENTS / f"{program}.py", json.dumps(given)]
    surroundings = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **(env or {})}
    process = start(command, setting.cores[1], stdout=PIPE, stderr=PIPE, text=True, env=surroundings)
    try:
        out, err = process.communicate(timeout=LONGEST)
    except TimeoutExpired:
        raise Skipped(f"{program} took more than {LONGEST:.0f} s") from None
    finally:
        end(process)
    if process.returncode != 0 or not out.strip():
        last = (err.strip().splitlines() or ["it said nothing"])[-1]
        raise Skipped(f"{program} ended with {process.returncode}: {last}")
    told: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A foreign program that ended: its output, and the CPU and wall seconds it took."""

    out: str
    cpu: float
    wall: float


def foreign(setting: Setting, command: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> Ran:
    """Run a program that does not measure itself on the client's core."""
    began = time.perf_counter()
    target = BUILT / "foreign.out"
    with target.open("w+") as out:
        process = start(command, setting.cores[1], stdout=out, stderr=DEVNULL, env={**os.environ, **(env or {})})
        try:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            end(process)
        out.seek(0)
        return Ran(out=out.read(), cpu=used.ru_utime + used.ru_stime, wall=time.perf_counter() - began)


class Fleet:
    """A running fleetsim."""

    def __init__(self, process: Popen[Any], log: Path) -> None:
        self._process, self._log = process, log
        self._read = 0

    @property
    def pid(self) -> int:
        return self._process.pid

    def counters(self) -> dict[str, int]:
        """Return what it counted since the last time, and set that to zero."""
        before = len(self.lines())
        os.kill(self.pid, signal.SIGUSR1)
        deadline = time.perf_counter() + 5
        while len(self.lines()) == before:
            if time.perf_counter() > deadline:
                raise Skipped("the simulator does not print its counters")
            time.sleep(0.01)
        return self.lines()[-1]

    def lines(self) -> list[dict[str, int]]:
        """Return all counters that it printed so far."""
        text = self._log.read_text()
        whole = [line for line in text.splitlines(keepends=True) if line.endswith("\n") and line.startswith("rx=")]
        return [{key: int(value) for key, _, value in (pair.partition("=") for pair in line.split())} for line in whole]

    def wait(self) -> None:
        deadline = time.perf_counter() + 5
        while "ready" not in self._log.read_text():
            if self._process.poll() is not None or time.perf_counter() > deadline:
                raise Skipped(f"the simulator does not start: {self._log.read_text().strip() or 'is the port free?'}")
            time.sleep(0.02)


@contextmanager
def fleet(
    setting: Setting,
    *options: object,
    tables: Sequence[Path] | None = None,
    port: int | None = None,
    net: object = None,
    every: int | None = None,
    latency: float | None = None,
) -> Iterator[Fleet]:
    """Run a simulator on its core while the block runs; ``options`` are more of its own."""
    number = len(list(BUILT.glob("fleet*.log")))
    log = BUILT / f"fleet{number}.log"
    latency = setting.latency if setting.latency is not None else latency
    command: list[object] = [BUILT / "fleetsim", "-p", port or setting.port, "-n", net or setting.net]
    command += ["-e", every or setting.every, "-l", latency or 0, *options]
    for table in tables or setting.tables:
        command += ["-f", table]
    with log.open("w") as out:
        process = start([str(part) for part in command], setting.cores[0], stdout=out, stderr=out)
    running = Fleet(process, log)
    try:
        running.wait()
        yield running
    finally:
        end(process)
