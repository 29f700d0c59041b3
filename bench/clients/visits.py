"""Visits known printers several times by a whole agent, so that the simulators' counters say what a visit sends.

{"config", "store", "simulators", "visits"} come as JSON. The first visits are those of ``once``, that finds the
printers; before each that is counted, the simulators are told to set their counters to zero.
"""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

from agents import working
from measuring import arguments, tell

from pagemeter.agent import Agent
from pagemeter.clock import SystemClock
from pagemeter.config import load_config
from pagemeter.model import DeviceSnapshot
from pagemeter.root import run_root
from pagemeter.rounds import METERS

LISTS = ("meter_reads", "markers", "supplies", "inputs", "covers", "alerts")


def contents(snapshot: DeviceSnapshot) -> dict[str, frozenset[str]]:
    """Name all that a snapshot says, without its times: a visit that asks for less must not look better."""
    device = snapshot.device
    return {
        "identity": frozenset((f"{device.serial_number}", f"{device.model}", f"{device.manufacturer}")),
        **{field: frozenset(map(_timeless, getattr(snapshot, field))) for field in LISTS},
        "scopes": frozenset(map(str, snapshot.scopes)),
    }


def _timeless(part: Any) -> str:
    # An outlook is worked out of what was read; a raised_at hangs on when the agent asked.
    fields = (name for name in part.__dataclass_fields__ if name not in {"at", "raised_at", "outlook"})
    return " ".join(f"{name}={getattr(part, name)!r}" for name in fields)


def short_of(whole: dict[str, frozenset[str]], read: dict[str, frozenset[str]]) -> dict[str, int]:
    """Count by field what the first reading said and this one does not say."""
    missing = {field: len(said - read.get(field, frozenset())) for field, said in whole.items()}
    return {field: count for field, count in missing.items() if count}


async def print_counters(simulators: list[int]) -> None:
    for simulator in simulators:
        os.kill(simulator, signal.SIGUSR1)
    await asyncio.sleep(0.5)


async def main(given: dict[str, Any]) -> None:
    config, store = Path(given["config"]), Path(given["store"])
    async with Agent.open(load_config(config, environ=os.environ), store, clock=SystemClock()) as agent:
        outcome = await agent.once()
    whole = {entry.latest.target: contents(entry.latest) for entry in outcome.fleet}
    await print_counters(given["simulators"])
    short, cut = [], []
    async with working(config, store) as again:
        for _ in range(given["visits"]):
            visits = await asyncio.gather(*(again.visits.visit(one, METERS) for one in again.inventory.places()))
            read = {one.target: one for visit in visits for one in visit.snapshots}
            short.append(
                {place: short_of(said, contents(read[place]) if place in read else {}) for place, said in whole.items()}
            )
            cut.append({place: [f"{what}" for what in one.missing] for place, one in read.items() if one.missing})
            await print_counters(given["simulators"])
    held = {place: {field: len(said) for field, said in fields.items()} for place, fields in whole.items()}
    tell(failed=outcome.failed, held=held, short=short, cut=cut)


if __name__ == "__main__":
    run_root(main(arguments()))
