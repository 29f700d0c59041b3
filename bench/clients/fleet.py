"""A whole agent and its fleet: learns the printers, then reads, stores and owes them to an output, cycle by cycle.

{"config", "store", "learn", "cycles", "shares", "simulator"} come as JSON; ``simulator`` is the process id of the
simulator, that is told to print its counters after each part, and ``shares`` says whether one more cycle is looked at
by a sampler.
"""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

from agents import working
from measuring import Meter, arguments, tell
from sampling import Sampler

from pagemeter.agent import Agent
from pagemeter.root import calm_collector, run_root
from pagemeter.rounds import METERS


async def learning(config: Path, store: Path) -> dict[str, Any]:
    """Find and read a fleet that is not known yet, and deliver what is owed."""
    from pagemeter.clock import SystemClock
    from pagemeter.config import load_config

    meter = Meter()
    async with Agent.open(load_config(config, environ=os.environ), store, clock=SystemClock()) as agent:
        outcome = await agent.once()
    return {"devices": len(outcome.fleet), "failed": len(outcome.failed), **meter.read()}


async def cycle(agent: Agent, simulator: int) -> dict[str, Any]:
    """Read all devices once; what they say is stored and owed when this returns."""
    meter = Meter()
    result = await agent.rounds.visit_all(METERS, "meters")
    measured = meter.read()
    os.kill(simulator, signal.SIGUSR1)
    await asyncio.sleep(0.3)
    return {"answered": result.answered, "silent": len(result.silent), "failed": len(result.failed), **measured}


async def main(given: dict[str, Any]) -> None:
    config, store = Path(given["config"]), Path(given["store"])
    if given["learn"]:
        tell(**await learning(config, store))
        return
    shares: dict[str, float] = {}
    start = Meter()
    async with working(config, store) as agent:
        opened = start.read()
        known = len(agent.inventory.entries())
        cycles = [await cycle(agent, given["simulator"]) for _ in range(given["cycles"])]
        meter = Meter()
        failed = await agent.feeding.drain(agent.outputs)
        delivery = {"failed": len(failed), **meter.read()}
        if given["shares"]:
            with Sampler() as sampler:
                await cycle(agent, given["simulator"])
            shares = dict(sorted(sampler.seconds.items(), key=lambda share: -share[1]))
    tell(known=known, opened=opened, cycles=cycles, delivery=delivery, shares=shares, **start.read())


if __name__ == "__main__":
    calm_collector()
    run_root(main(arguments()))
