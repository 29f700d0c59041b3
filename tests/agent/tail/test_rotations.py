"""Everything that can be done to a log, mixed at random: nothing is lost, nothing comes twice."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from pagemeter.tail import Watched

SEEDS = range(12)
STEPS = 120


class Life:
    """What happens to a log and to the agent that follows it; ``exposed`` are lines that copytruncate may have lost."""

    def __init__(self, writer: Any, reader: Any, random: Random) -> None:
        self.writer = writer
        self.reader = reader
        self.random = random
        self.exposed: list[bytes] = []

    def append(self) -> None:
        self.writer.append(self.random.randrange(1, 40))

    def read(self) -> None:
        self.reader.read(self.random.choice([1, 5, 1000]), pieces=self.random.choice([None, None, 2]))

    def kill(self) -> None:
        self.reader.read(self.random.choice([3, 1000]), pieces=self.random.randrange(1, 3), kill=True)
        self.reader.restart()

    def restart(self) -> None:
        self.reader.restart()

    def rename(self) -> None:
        self.writer.rename()

    def copytruncate(self) -> None:
        self.exposed += self.writer.copytruncate(self.random.choice([0, 0, 3]))

    def truncate(self) -> None:
        self.reader.read()
        self.writer.truncate()

    def recreate(self) -> None:
        self.reader.read()
        self.writer.recreate()

    def backup(self) -> None:
        path = self.writer.path
        shutil.copy(path, path.with_name(f"PCOUNTER.LOG.bak{self.random.randrange(3)}"))

    def several(self) -> None:
        for _ in range(self.random.randrange(2, 5)):
            self.append()
            self.random.choice([self.writer.rename, self.writer.copytruncate])()

    def partial(self) -> None:
        line = self.writer.begin_line()
        self.reader.read()
        self.writer.end_line(line)


OFTEN = ("append", "append", "append", "read", "read", "rename", "copytruncate", "several", "kill")
SELDOM = ("restart", "truncate", "recreate", "backup", "partial")


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_is_done_every_line_comes_once(seed: int, tmp_path: Path, make_reader: Any, make_writer: Any) -> None:
    random = Random(seed)
    log = tmp_path / "PCOUNTER.LOG"
    writer = make_writer(log, random)
    reader = make_reader(Watched(path=log), now=random.choice([0.0, 4e9]))
    life = Life(writer, reader, random)
    for _ in range(STEPS):
        getattr(life, random.choice((*OFTEN, *SELDOM)))()
    reader.restart()
    reader.read()
    wanted, found = Counter(writer.written), Counter(reader.lines)
    assert wanted - found - Counter(life.exposed) == Counter()
    assert found - wanted == Counter()
    assert len(wanted) > 300
