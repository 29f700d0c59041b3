"""A log that is written and rotated in every way, and a reader that restarts as it likes."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from pagemeter.tail import Follower, Place, Watched

NOW = 4_000_000_000.0  # later than any file's time, so that what rests counts as resting


class Reader:
    """A follower whose cursors are kept, as a store would, when a piece was taken; restarted at will."""

    def __init__(self, watched: Watched, *, now: float = NOW) -> None:
        self.watched = watched
        self.now = now
        self.cursors: dict[str, Any] = {}
        self.lines: list[bytes] = []
        self.odd: list[tuple[int, int, bool]] = []
        self.follower = Follower(watched)

    def read(self, most: int = 1000, *, pieces: int | None = None, kill: bool = False) -> list[bytes]:
        """Take up to ``pieces`` pieces; with ``kill`` the last one is read and its cursor is not kept."""
        self.follower.resume([Place.from_json(cursor) for cursor in self.cursors.values()], now=self.now)
        new: list[bytes] = []
        taken = 0
        while pieces is None or taken < pieces:
            piece = self.follower.next(most)
            if piece is None:
                break
            taken += 1
            if kill and taken == pieces:
                break
            self.cursors[piece.place.id] = piece.place.to_json()
            new += [line.raw.rstrip(b"\r\n") for line in piece.lines if line.raw is not None and line.finished]
            self.odd += [
                (line.offset, line.length, line.finished)
                for line in piece.lines
                if line.raw is None or not line.finished
            ]
        self.lines += new
        return new

    def restart(self) -> None:
        self.follower.close()
        self.follower = Follower(self.watched)


class Writer:
    """Appends numbered lines and does to the file what rotations do; knows what must be found in the end."""

    def __init__(self, path: Path, random: Random) -> None:
        self.path = path
        self.random = random
        self.number = 0
        self.rotation = 0
        self.written: list[bytes] = []
        self.lost: list[bytes] = []
        self.partial = b""
        self.unread: list[bytes] = []
        path.touch()

    def line(self) -> bytes:
        self.number += 1
        return b"line %d %s" % (self.number, b"x" * self.random.randrange(90))

    def append(self, count: int) -> list[bytes]:
        lines = [self.line() for _ in range(count)]
        with self.path.open("ab") as file:
            for line in lines:
                file.write(line + self.random.choice([b"\n", b"\r\n"]))
        self.written += lines
        return lines

    def begin_line(self) -> bytes:
        line = self.line()
        with self.path.open("ab") as file:
            file.write(line[:7])
        return line

    def end_line(self, line: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(line[7:] + b"\n")
        self.written.append(line)

    def rotated(self) -> Path:
        """Make place for the next old file: names that are shifted, or dated ones."""
        self.rotation += 1
        if self.random.random() < 0.5:
            return self.path.with_name(f"PCOUNTER_{2000 + self.rotation}_0101.LOG")
        for number in range(30, 0, -1):
            old = self.path.with_name(f"{self.path.name}.{number}")
            if old.exists():
                old.rename(self.path.with_name(f"{self.path.name}.{number + 1}"))
        return self.path.with_name(f"{self.path.name}.1")

    def rename(self) -> None:
        self.path.rename(self.rotated())
        self.path.touch()

    def copytruncate(self, between: int = 0) -> list[bytes]:
        """Return what is written between the copy and the cut."""
        shutil.copy(self.path, self.rotated())
        lines = self.append(between)
        os.truncate(self.path, 0)
        return lines

    def truncate(self) -> None:
        os.truncate(self.path, 0)

    def recreate(self) -> None:
        self.path.unlink()
        self.path.touch()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "PCOUNTER.LOG"


@pytest.fixture
def reader(log: Path) -> Reader:
    return Reader(Watched(path=log))


@pytest.fixture
def writer(log: Path) -> Writer:
    return Writer(log, Random(7))


def differences(written: list[bytes], read: list[bytes]) -> tuple[int, int]:
    """Count what is missing and what is there too often."""
    wanted, found = Counter(written), Counter(read)
    return (wanted - found).total(), (found - wanted).total()


@pytest.fixture
def make_reader() -> type[Reader]:
    return Reader


@pytest.fixture
def make_writer() -> type[Writer]:
    return Writer


@pytest.fixture
def missing_and_repeated() -> Any:
    return differences
