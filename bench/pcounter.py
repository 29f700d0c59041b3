"""How many lines of a Pcounter log are followed, parsed and stored in a second of one core.

    python bench/pcounter.py [lines] [folder] [--profile]

Writes a log, lets the source read it and the store keep it, batch by batch as a running agent does, and prints lines
per second of CPU time (all threads of the process together) and of the wall clock. On Linux the process is held on one
core, so that the wall clock says the same as far as the disk allows it.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pagemeter import Gathered
from pagemeter.clock import SystemClock
from pagemeter.root import calm_collector, run_root
from pagemeter.store import Keep, Store
from pagemeter.testing import FakeServices
from pagemeter_plugins.pcounter.settings import PcounterSettings
from pagemeter_plugins.pcounter.source import PcounterSource


def write_log(path: Path, count: int) -> None:
    """Write jobs of 500 people on 40 queues: titles, folders and times as they are in a school."""
    with path.open("w", encoding="cp1252", newline="\r\n") as file:
        for n in range(count):
            at = datetime(2025, 1, 7, 8, tzinfo=UTC) + timedelta(seconds=n * 3)
            file.write(
                f"SCHOOL\\user{n * 7919 % 500:03},Microsoft Word - Prüfung {n} Klasse {n % 13}.docx,"
                f"\\\\GUS\\LIB-HP{n % 40:02},{at:%m/%d/%Y,%H:%M:%S},"
                f"\\\\PC-{n * 31 % 700:03},{n % 90:04},,A4,"
                f"/{'D/' if n % 3 else ''}{'C/' if n % 4 == 0 else ''}Cp=1/Jt=103/,{20000 + n % 90000},{n % 30 + 1},"
                f"{(n % 30 + 1) * 0.05:.2f},{n % 1000 / 20:.2f}\n"
            )


def keep_of(gathered: Gathered) -> Keep:
    return Keep(
        bodies=tuple((job.device, job) for job in gathered.jobs),
        cursors={("pcounter", gathered.stream): gathered.cursor},
    )


async def measure(folder: Path, profile: cProfile.Profile | None) -> tuple[int, float, float]:
    settings = PcounterSettings(path="PCOUNTER.LOG", timezone="Europe/Vienna")
    jobs = 0
    async with (
        Store.open(folder / "pagemeter.db", clock=SystemClock()) as store,
        PcounterSource(settings, FakeServices(folder=folder)) as source,
    ):
        cpu, wall = time.process_time(), time.perf_counter()
        if profile is not None:
            profile.enable()
        async for gathered in source.collect({}):
            assert not gathered.quarantined
            await store.keep(keep_of(gathered), at_once=True)
            jobs += len(gathered.jobs)
        if profile is not None:
            profile.disable()
        return jobs, time.process_time() - cpu, time.perf_counter() - wall


def main(count: int, folder: Path, *, profiled: bool) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    write_log(folder / "PCOUNTER.LOG", count)
    profile = cProfile.Profile() if profiled else None
    calm_collector()
    jobs, cpu, wall = run_root(measure(folder, profile))
    assert jobs == count
    size = (folder / "pagemeter.db").stat().st_size
    print(
        f"{count} lines: {count / cpu:8.0f} lines/s of CPU, {count / wall:8.0f} lines/s by the clock, "
        f"{cpu / count * 1e6:.1f} us a line, {size / count:.0f} octets a job in the store"
    )
    if profile is not None:
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", nargs="?", type=int, default=100_000)
    parser.add_argument("folder", nargs="?", type=Path, default=None)
    parser.add_argument("--profile", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as made:
        main(chosen.lines, Path(made), profiled=chosen.profile)
