"""How much group commit saves: answers a second, each with a commit of its own and committed together.

    python bench/store.py [answers] [folder]

Prints both rates and their ratio; the folder decides which disk is measured. ``--sync-ms`` adds a delay to each
commit, as a disk has that needs so long for a sync.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pagemeter.clock import SystemClock
from pagemeter.model import Device, DeviceSnapshot, FleetEntry, MeterRead, MeterUnit, Origin, Scope, Work
from pagemeter.store import Keep, Store

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)


class SlowDisk(sqlite3.Connection):
    """A connection whose commits take at least ``seconds``."""

    seconds = 0.0

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        cursor = super().execute(sql, *values)
        if sql == "COMMIT" and self.seconds:
            time.sleep(self.seconds)
        return cursor


def answer(number: int) -> Keep:
    device = f"device {number % 500}"
    reads = tuple(
        MeterRead(
            work=work,
            unit=MeterUnit.IMPRESSIONS,
            value=number,
            raw=str(number),
            origin=Origin(protocol="snmp", where=f"1.3.6.1.2.1.43.10.2.1.4.1.{index}"),
            at=AT,
        )
        for index, work in enumerate(Work)
    )
    snapshot = DeviceSnapshot(
        device=Device(id=device, model="Laser 9", serial_number=f"SN-{number % 500}"),
        target="host://10.0.0.7",
        taken_at=AT,
        scopes=frozenset({Scope.METERS}),
        meter_reads=reads,
    )
    return Keep(bodies=((device, snapshot),), entries=(FleetEntry(latest=snapshot, first_seen=AT),))


async def one_by_one(store: Store, count: int) -> float:
    began = time.perf_counter()
    for number in range(count):
        await store.keep(answer(number), at_once=True)
    return count / (time.perf_counter() - began)


async def together(store: Store, count: int) -> float:
    began = time.perf_counter()
    await asyncio.gather(*(store.keep(answer(number)) for number in range(count)))
    return count / (time.perf_counter() - began)


async def main(count: int, folder: Path, sync_ms: float) -> None:
    SlowDisk.seconds = sync_ms / 1000
    rates = {}
    for name, measure in (("one by one", one_by_one), ("together", together)):
        path = folder / f"{name.replace(' ', '-')}.db"
        async with Store.open(path, clock=SystemClock(), connection=SlowDisk) as store:
            rates[name] = await measure(store, count)
            print(f"{name:<11} {rates[name]:8.0f} answers/s")
    print(f"together is {rates['together'] / rates['one by one']:.1f} times as fast")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("answers", nargs="?", type=int, default=2000)
    parser.add_argument("folder", nargs="?", type=Path, default=None)
    parser.add_argument("--sync-ms", type=float, default=0.0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as made:
        asyncio.run(main(chosen.answers, Path(made), chosen.sync_ms))
