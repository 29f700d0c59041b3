"""A command that changes something asks the running agent; where none runs it does it by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from pydantic import JsonValue

from pagemeter.agent import Agent
from pagemeter.cli.running import opened
from pagemeter.config import AgentConfig
from pagemeter.control import NotRunning


async def ask_or_open(
    config: AgentConfig,
    ask: Callable[[], Awaitable[JsonValue]],
    work: Callable[[Agent], Awaitable[JsonValue]],
) -> JsonValue:
    """Ask the running agent, or open its store and do it; raises PagemeterError with what forbids it."""
    try:
        return await ask()
    except NotRunning:
        async with opened(config) as agent:
            return await work(agent)
