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
    return int(host.rpartition(".")[2]) % 25 == 4


async def agent(folder: Path, *, command: str) -> asyncio.subprocess.Process:
    arguments = ("-m", "pagemeter", command, "--config", str(folder / "pagemeter.yaml"))
    with (folder / "log").open("ab") as log:
        return await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=log, stderr=log)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.4, 1.4])
async def test_an_agent_that_was_killed_in_a_sweep_goes_on_at_its_next_start(
    whole_net: WholeNet, tmp_path: Path, share: float
) -> None:
    async with whole_net(some) as net:
        text = YAML.format(state=tmp_path / "state", port=net.port)
        (tmp_path / "pagemeter.yaml").write_text(text, encoding="utf-8")
        victim = await agent(tmp_path, command="once")
        await net.until(lambda: net.swept.total() >= share * ADDRESSES)
        victim.kill()
        await victim.wait()
        visited_before = set(net.visited)
        async with asyncio.timeout(60):
            assert await (await agent(tmp_path, command="once")).wait() in (0, 1, 3), (tmp_path / "log").read_text()
    everybody = set(net.asked)
    assert len(everybody) == ADDRESSES
    twice = sum(count - 1 for (_, host), count in net.swept.items() if not some(host))
    assert twice <= ADDRESSES / 100
    assert {host for turn, host in net.swept if turn == 1} >= {host for host in everybody if not some(host)}
    # Each that answers was visited, by the one or by the other.
    assert net.visited == {host for host in everybody if some(host)}
    assert net.visited >= visited_before
