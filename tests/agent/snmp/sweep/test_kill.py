"""kill -9 in the middle of a sweep, of the whole agent: the next start goes on, and who was found is visited."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ADDRESSES = 2046
YAML = """
agent: {{state: {state}, packets_per_second: 2000}}
networks: [{{network: 127.34.0.0/21}}]
credentials: [{{networks: [127.34.0.0/21], snmp: {{version: 2c, community: public, port: {port}}}}}]
discoveries: [{{plugin: sweep, ranges: [127.34.0.0/21]}}]
readers: [{{plugin: printer_mib}}]
cycles: {{meters: {{every: 1h}}}}
"""

WholeNet = Callable[..., Any]


def some(host: str) -> bool:
    return int(host.rpartition(".")[2]) % 100 == 4


def configure(folder: Path, port: int) -> None:
    folder.mkdir()
    (folder / "pagemeter.yaml").write_text(YAML.format(state=folder / "state", port=port), encoding="utf-8")


async def agent(folder: Path, *, command: str) -> asyncio.subprocess.Process:
    arguments = ("-m", "pagemeter", command, "--config", str(folder / "pagemeter.yaml"))
    with (folder / "log").open("ab") as log:
        return await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=log, stderr=log)


async def goes_on(net: Any, folder: Path, share: float) -> None:
    """Kill an agent when it has asked that share of the addresses, start it again and see what both did together."""
    configure(folder, net.port)
    victim = await agent(folder, command="once")
    await net.until(lambda: net.swept.total() >= share * ADDRESSES)
    victim.kill()
    await victim.wait()
    visited_before = set(net.visited)
    async with asyncio.timeout(60):
        assert await (await agent(folder, command="once")).wait() in (0, 1, 3), (folder / "log").read_text()
    everybody = set(net.asked)
    assert len(everybody) == ADDRESSES
    twice = sum(count - 1 for (_, host), count in net.swept.items() if not some(host))
    assert twice <= ADDRESSES / 100
    assert {host for turn, host in net.swept if turn == 1} >= {host for host in everybody if not some(host)}
    # Each that answers was visited, by the one or by the other.
    assert net.visited == {host for host in everybody if some(host)}
    assert net.visited >= visited_before


@pytest.mark.slow
async def test_an_agent_that_was_killed_in_a_sweep_goes_on_at_its_next_start(
    whole_net: WholeNet, tmp_path: Path
) -> None:
    # Both wait most of the time, so that they do it side by side: one is killed in the first turn, one in the second.
    async with whole_net(some) as one, whole_net(some) as other, asyncio.TaskGroup() as group:
        group.create_task(goes_on(one, tmp_path / "first", 0.4))
        group.create_task(goes_on(other, tmp_path / "second", 1.4))
