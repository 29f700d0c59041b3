from __future__ import annotations

import asyncio
from ipaddress import ip_network

import pytest

from pagemeter.net.accounts import Accounts, Traffic, on_behalf_of
from pagemeter.net.budget import Budget
from pagemeter.net.fence import FencedNetwork
from pagemeter.testing import FakeClock

PLANT = FencedNetwork(network=ip_network("10.1.0.0/16"))
OFFICE = FencedNetwork(network=ip_network("10.2.0.0/16"))


async def exchange(budget: Budget, network: FencedNetwork | None, name: str, packets: int = 1) -> None:
    with on_behalf_of(name):
        toll = budget.toll(network)
        await toll.pay(90 * packets, packets)
        toll.got(400)


async def test_traffic_is_counted_by_run_network_and_integration() -> None:
    clock = FakeClock()
    budget = Budget(clock, 1000)
    with budget.accounts.run("meters") as run:
        tasks = [
            asyncio.create_task(exchange(budget, PLANT, "printer_mib", 2)),
            asyncio.create_task(exchange(budget, PLANT, "printer_mib")),
            asyncio.create_task(exchange(budget, PLANT, "ipp")),
            asyncio.create_task(exchange(budget, OFFICE, "printer_mib", 3)),
            asyncio.create_task(exchange(budget, None, "cups")),
        ]
        await clock.advance(1)
        await asyncio.gather(*tasks)
    told = run.told(clock.now(), 3)
    assert {(row.network, row.integration): (row.packets_out, row.octets_out) for row in told.rows} == {
        ("10.1.0.0/16", "printer_mib"): (3, 270),
        ("10.1.0.0/16", "ipp"): (1, 90),
        ("10.2.0.0/16", "printer_mib"): (3, 270),
        (None, "cups"): (1, 90),
    }
    assert told.packets == (8, 5)
    assert told.octets == (720, 2000)
    assert told.octets_per_device == 2720 / 3
    assert (told.ended - told.began).total_seconds() == pytest.approx(1, abs=0.001)


async def test_runs_that_overlap_are_told_apart_and_what_no_run_caused_is_out_of_turn() -> None:
    clock = FakeClock()
    budget = Budget(clock, 1000)

    async def cycle(name: str, packets: int) -> int:
        with budget.accounts.run(name) as run:
            await clock.sleep(0.1)
            await exchange(budget, PLANT, "printer_mib", packets)
            await clock.sleep(0.1)
        return run.total.packets_out

    tasks = [asyncio.create_task(cycle("meters", 3)), asyncio.create_task(cycle("alerts", 1))]
    await clock.advance(0.15)
    await exchange(budget, OFFICE, "")
    await clock.advance(1)
    assert [task.result() for task in tasks] == [3, 1]
    between = budget.accounts.between()
    assert between is not None
    assert between.cycle == Accounts.BETWEEN
    assert between.rows == (
        Traffic(
            network="10.2.0.0/16", integration="", packets_out=1, octets_out=90, packets_in=1, octets_in=400, peak=1
        ),
    )
    assert budget.accounts.between() is None


async def test_a_task_that_outlives_its_run_counts_as_out_of_turn() -> None:
    clock = FakeClock()
    budget = Budget(clock, 1000)

    async def late() -> None:
        await clock.sleep(5)
        await exchange(budget, PLANT, "printer_mib")

    with budget.accounts.run("meters") as run:
        task = asyncio.create_task(late())
    await clock.advance(6)
    assert task.done()
    assert run.total.packets_out == 0
    between = budget.accounts.between()
    assert between is not None
    assert between.packets == (1, 1)


async def test_the_peak_is_the_busiest_second() -> None:
    clock = FakeClock()
    budget = Budget(clock, 1000)
    with budget.accounts.run("sweep") as run:
        for second, packets in enumerate((5, 40, 2)):
            await clock.advance(second + 0.9 - clock.monotonic())
            await exchange(budget, PLANT, "sweep", 1)
            paying = asyncio.create_task(exchange(budget, OFFICE, "sweep", packets - 1))
            await clock.advance(0.05)
            await paying
    told = run.told(clock.now())
    assert told.peak == 40
    assert {row.network: row.peak for row in told.rows} == {"10.1.0.0/16": 1, "10.2.0.0/16": 39}
    assert told.octets_per_device is None
