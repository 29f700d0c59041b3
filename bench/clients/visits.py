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
from pagemeter.root import run_root
from pagemeter.rounds import METERS


FIELDS = ("meter_reads", "markers", "supplies", "inputs", "covers", "alerts", "missing", "unknown")


def contents(snapshot: Any) -> dict[str, int]:
    """Count what a snapshot holds: a visit that asks for less must not look better."""
    return {field: len(getattr(snapshot, field)) for field in FIELDS} | {"scopes": len(snapshot.scopes)}


async def print_counters(simulators: list[int]) -> None:
    for simulator in simulators:
        os.kill(simulator, signal.SIGUSR1)
    await asyncio.sleep(0.5)


async def main(given: dict[str, Any]) -> None:
    config, store = Path(given["config"]), Path(given["store"])
    async with Agent.open(load_config(config, environ=os.environ), store, clock=SystemClock()) as agent:
        outcome = await agent.once()
    first = {entry.latest.target: contents(entry.latest) for entry in outcome.fleet}
    await print_counters(given["simulators"])
    read, answered = [], []
    async with working(config, store) as again:
        for _ in range(given["visits"]):
            result = await again.rounds.visit_all(METERS, "meters")
            answered.append(result.answered)
            # What this visit itself brought: the fleet's entries merge it with what was known before.
            read.append({one.target: contents(one) for one in kept})
            await print_counters(given["simulators"])
    tell(places=places, answered=answered, failed=outcome.failed, reads=read)


if __name__ == "__main__":
    run_root(main(arguments()))
