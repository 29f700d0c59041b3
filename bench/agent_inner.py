"""What the agent itself costs a printer: everything of a visit but SNMP and its parsing, and the memory of a fleet.

    python bench/agent_inner.py [DEVICES] [CYCLES] [--one-card]

All devices are the simulator's `lab/printer.snmprec` with serial numbers, names and counters of their own; with
`--one-card` they have one MAC too. Prints CPU milliseconds a device and cycle, and the peak of the process.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import pickle
import resource
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

from pagemeter.component import Answer
from pagemeter.continuity import Continuity
from pagemeter.inventory import Inventory
from pagemeter.model import Reading, Scope, Target
from pagemeter.root import calm_collector
from pagemeter.snmp.recording import parse_recording
from pagemeter.snmp.types import Walk
from pagemeter.store import Store
from pagemeter.visits import Visits
from pagemeter_plugins.printer_mib.printer_mib import parse_printer_mib
from pagemeter_plugins.printer_mib.profiles import usable_profiles

EVERYTHING = frozenset({Scope.IDENTITY, Scope.METERS, Scope.SUPPLIES, Scope.STATUS})
BEGIN = datetime(2026, 3, 2, 8, tzinfo=UTC)
RECORDING = Path(__file__).parent / "lab" / "printer.snmprec"


class Printers:
    """Stands for a reader: answers at once, with a reading that shares no object with another device's."""

    name = "printer_mib"
    scopes = EVERYTHING

    def __init__(self, *, one_card: bool) -> None:
        walk = Walk(parse_recording(RECORDING.read_text(encoding="utf-8"), name=RECORDING.name))
        found = parse_printer_mib(walk, EVERYTHING, BEGIN, usable_profiles(None)[0])
        (reading,) = cast("tuple[Reading, ...]", found)
        self._packed = pickle.dumps(reading)
        self._one_card = one_card
        self.cycle = 0
        self.seconds = 0.0

    @property
    def now(self) -> datetime:
        """The wall clock of the cycle."""
        return BEGIN + timedelta(minutes=15 * self.cycle)

    async def call(self, work: Callable[[Any], Awaitable[Any]], **_: float) -> Any:
        """Call as a supervisor does."""
        return await work(self)

    async def read(self, target: Target, _: object) -> Answer:
        """Make the reading of an address; what that takes is no part of the figure."""
        began = time.thread_time()
        octets = [int(octet) for octet in target.host.split(".")]
        reading = self._reading(octets[1] << 16 | octets[2] << 8 | octets[3])
        self.seconds += time.thread_time() - began
        return Answer(readings=(reading,))

    def _reading(self, number: int) -> Reading:
        reading = cast("Reading", pickle.loads(self._packed))
        more = number + self.cycle * (3 + number % 7)
        card = 0 if self._one_card else number
        identity = replace(
            reading.identity,
            serial_number=f"EX{number:010}",
            host_names=tuple(replace(one, name=f"prn-{number:05}") for one in reading.identity.host_names),
            macs=(":".join(f"{octet:02x}" for octet in (0, 17, 34, *card.to_bytes(3, "big"))),),
        )
        reads = (replace(one, value=one.value + more, at=self.now) for one in reading.meter_reads)
        supplies = (replace(one, at=self.now) for one in reading.supplies)
        return replace(reading, identity=identity, meter_reads=tuple(reads), supplies=tuple(supplies))


class BenchClock:
    """The time of the cycle; waits are real."""

    def __init__(self, printers: Printers) -> None:
        self._printers = printers

    def now(self) -> datetime:
        """Return the time of the cycle."""
        return self._printers.now

    def monotonic(self) -> float:
        """Return seconds for waits."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


async def cycles(folder: Path, devices: int, count: int, *, one_card: bool) -> None:
    """Visit each device once a cycle, and print what that took."""
    printers = Printers(one_card=one_card)
    clock: Any = BenchClock(printers)
    supervisor: Any = printers
    async with Store.open(folder / "store.db", clock=clock, group_seconds=0.05) as store:
        histories = Continuity(store.histories())
        inventory = Inventory(store.fleet(), store.aliases(), new_id=lambda: uuid4().hex, continuity=histories)
        visits = Visits([supervisor], inventory, store, clock)
        places = [
            Target(uri=f"host://127.{n >> 16}.{n >> 8 & 255}.{n & 255}", found_by="sweep")
            for n in range(1, devices + 1)
        ]
        for printers.cycle in range(count):
            printers.seconds = 0.0
            cpu, loop = time.process_time(), time.thread_time()
            async with asyncio.TaskGroup() as group:
                for place in places if printers.cycle == 0 else inventory.places():
                    group.create_task(visits.visit(place, EVERYTHING))
            cpu, loop = (1000 * (now - then - printers.seconds) / devices for now, then in (
                (time.process_time(), cpu), (time.thread_time(), loop)))  # fmt: skip
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            print(f"{devices} devices, cycle {printers.cycle}: {cpu:.2f} ms a device", end="")
            print(f" ({loop:.2f} in the loop, {cpu - loop:.2f} in the store's thread), peak {peak} MB", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("devices", type=int, nargs="?", default=1000)
    parser.add_argument("cycles", type=int, nargs="?", default=3)
    parser.add_argument("--one-card", action="store_true")
    given = parser.parse_args()
    gc.collect()
    calm_collector()
    with tempfile.TemporaryDirectory() as home:
        asyncio.run(cycles(Path(home), given.devices, given.cycles, one_card=given.one_card))
