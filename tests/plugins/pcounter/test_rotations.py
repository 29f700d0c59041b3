"""A server that writes and rotates without waiting for anybody, and an agent that is killed now and then."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from pagemeter.clock import SystemClock
from pagemeter.store import Keep, Store
from pagemeter.testing import FakeServices
from pagemeter_plugins.pcounter.settings import PcounterSettings
from pagemeter_plugins.pcounter.source import PcounterSource

WRITER = Path(__file__).with_name("rotating_writer.py")


class Following:
    """An agent that follows the log into a real store; ``found`` counts the jobs that were kept."""

    def __init__(self, folder: Path, store: Store, random: Random, kills: int) -> None:
        self._folder = folder
        self._store = store
        self._random = random
        self._kills = kills
        self.killed = 0
        self.found: Counter[int] = Counter()
        self.ids: set[str] = set()
        self.quarantined = 0
        self._source = self._started()

    def _started(self) -> PcounterSource:
        settings = PcounterSettings(path="PCOUNTER.LOG", timezone="UTC", dates="mdy")
        return PcounterSource(settings, FakeServices(folder=self._folder, clock=SystemClock()))

    async def round(self) -> bool:
        """Take what is there; says whether the round came to its end. A kill leaves a batch that was read unkept."""
        after = self._random.randrange(1, 40) if self._random.randrange(100) < self._kills else None
        cursors = self._store.cursors("pcounter")
        async with aclosing(self._source.collect(cursors)) as batches:  # type: ignore[type-var]  # a generator
            count = 0
            async for gathered in batches:
                count += 1
                if count == after:
                    self.killed += 1
                    break
                keep = Keep(
                    bodies=tuple((None, job) for job in gathered.jobs),
                    cursors={("pcounter", gathered.stream): gathered.cursor},
                )
                await self._store.keep(keep, at_once=True)
                self.found.update(int((job.document or "").split()[1]) for job in gathered.jobs)
                self.ids.update(job.id for job in gathered.jobs)
                self.quarantined += len(gathered.quarantined)
            else:
                return True
        await self._source.__aexit__()
        self._source = self._started()
        return False


@asynccontextmanager
async def written(folder: Path, lines: int, rotations: int, seed: int) -> AsyncIterator[subprocess.Popen[bytes]]:
    logs = folder / "logs"
    logs.mkdir()
    numbers = (str(number) for number in (lines, rotations, seed))
    command = [sys.executable, str(WRITER), str(logs / "PCOUNTER.LOG"), *numbers, str(folder / "exposed")]
    writer = subprocess.Popen(command)  # noqa: ASYNC220 - starting it blocks nobody
    try:
        yield writer
    finally:
        writer.kill()
        writer.wait()


async def follow(folder: Path, lines: int, rotations: int, seed: int) -> Following:
    async with (
        Store.open(folder / "pagemeter.db", clock=SystemClock(), group_seconds=0) as store,
        written(folder, lines, rotations, seed) as writer,
    ):
        following = Following(folder / "logs", store, Random(seed), kills=60)
        pause = folder / "logs.pause"
        while writer.poll() is None:
            waited_for = pause.exists()
            if await following.round() and waited_for:
                pause.unlink()
        while not await following.round():
            pass
        assert writer.returncode == 0
        return following


def judge(folder: Path, following: Following, lines: int) -> int:
    """Hold what was found against what was written; returns how many lines copytruncate itself lost."""
    exposed = {int(number) for number in (folder / "exposed").read_text(encoding="ascii").split()}
    missing = set(range(1, lines + 1)) - set(following.found)
    repeated = {number for number, count in following.found.items() if count > 1}
    assert repeated == set()
    assert missing - exposed == set()
    assert len(following.found) + len(missing) == len(following.ids) + len(missing) == lines
    assert following.quarantined == 0
    return len(missing)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
async def test_nothing_is_lost_or_repeated_while_a_server_writes_and_rotates(seed: int, tmp_path: Path) -> None:
    following = await follow(tmp_path, 20_000, 40, seed)
    judge(tmp_path, following, 20_000)


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_a_million_lines_and_500_rotations_lose_and_repeat_nothing(tmp_path: Path) -> None:
    following = await follow(tmp_path, 1_000_000, 500, seed=7)
    lost = judge(tmp_path, following, 1_000_000)
    assert following.killed > 10
    # Shown by -s, or -rP: what the test measured.
    sys.stdout.write(f"{len(following.found)} jobs, {following.killed} kills, {lost} lost by copytruncate itself\n")
