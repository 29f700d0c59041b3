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


async def print_counters(simulators: list[int]) -> None:
    for simulator in simulators:
        os.kill(simulator, signal.SIGUSR1)
    await asyncio.sleep(0.5)


async def main(given: dict[str, Any]) -> None:
    config, store = Path(given["config"]), Path(given["store"])
    async with Agent.open(load_config(config, environ=os.environ), store, clock=SystemClock()) as agent:
        outcome = await agent.once()
    places = {entry.latest.target: entry.latest.device.model for entry in outcome.fleet}
    await print_counters(given["simulators"])
    read, answered = [], []
    async with working(config, store) as again:
        for _ in range(given["visits"]):
            result = await again.rounds.visit_all(METERS, "meters")
            answered.append(result.answered)
            read.append({entry.latest.target: len(entry.latest.meter_reads) for entry in again.inventory.entries()})
            await print_counters(given["simulators"])
    tell(places=places, answered=answered, failed=outcome.failed, reads=read)


if __name__ == "__main__":
    run_root(main(arguments()))
