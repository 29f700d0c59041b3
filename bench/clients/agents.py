"""A whole agent, built as ``run`` builds it, whose cycles the measured programs start one by one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pagemeter.agent import Agent
from pagemeter.clock import SystemClock
from pagemeter.config import load_config


@asynccontextmanager
async def working(config: Path, store: Path) -> AsyncIterator[Agent]:
    """Open an agent and keep all of its items open, as its ``run`` does; no cycle starts by itself."""
    loaded = load_config(config, environ=os.environ)
    async with Agent.open(loaded, store, clock=SystemClock()) as agent, asyncio.TaskGroup() as group:
        tasks = [group.create_task(supervisor.run()) for supervisor in agent.supervisors]
        try:
            yield agent
        finally:
            for task in tasks:
                task.cancel()
