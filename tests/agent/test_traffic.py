"""What a whole agent counts of its traffic, held against what simulated printers heard and said; and ``traffic``."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pagemeter.agent import Agent
from pagemeter.bookkeeping import Bookkeeping, spoken
from pagemeter.cli import app
from pagemeter.clock import SystemClock
from pagemeter.config import parse_config
from pagemeter.net.accounts import Accounts, RunTraffic, Traffic
from pagemeter.root import run_root
from pagemeter.simulator import Simulator, load_device
from pagemeter.simulator.device import SimulatedDevice
from pagemeter.store import Keep, Store
from pagemeter.store.runs import MOST_RUNS

PLANT, OFFICE = "127.44.1.0/24", "127.44.2.0/24"
YAML = f"""\
agent: {{state: state, reads_at_once: 3, bytes_per_second: 1000000}}
networks:
  - {{network: {PLANT}, reads_at_once: 1, packets_per_second: 400}}
  - {{network: {OFFICE}}}
credentials:
  - {{networks: [{PLANT}, {OFFICE}], snmp: {{version: 2c, community: public, port: PORT}}}}
discoveries:
  - {{plugin: static, targets: [127.44.1.1, 127.44.1.2, 127.44.2.1]}}
readers:
  - {{plugin: printer_mib, name: by-snmp}}
"""


class Witness(SimulatedDevice):
    """A printer that remembers the octets of what it hears and says."""

    def __init__(self, model: str) -> None:
        device = load_device(model)
        super().__init__(device.walk, device.behaviour)
        self.heard: list[int] = []
        self.said: list[int] = []

    def answer(self, data: bytes) -> bytes | None:
        answer = super().answer(data)
        self.heard.append(len(data))
        if answer is not None:
            self.said.append(len(answer))
        return answer


def seen(run: RunTraffic) -> dict[str | None, tuple[int, int, int, int]]:
    return {
        row.network: (row.packets_out, row.octets_out, row.packets_in, row.octets_in)
        for row in run.rows
        if row.integration == "by-snmp"
    }


def total(*witnesses: Witness) -> tuple[int, int, int, int]:
    heard = [one for witness in witnesses for one in witness.heard]
    said = [one for witness in witnesses for one in witness.said]
    return len(heard), sum(heard), len(said), sum(said)


def test_a_round_counts_what_the_printers_heard_and_said(tmp_path: Path, common_port: Callable[[], int]) -> None:
    near = Witness("kyocera-ecosys-m9140cidn"), Witness("xerox-primelink-c9290")
    far = Witness("brother-hl-l9999cdw")

    async def once() -> tuple[RunTraffic, ...]:
        port = common_port()
        async with Simulator([("127.44.1.1", port, near[0]), ("127.44.1.2", port, near[1]), ("127.44.2.1", port, far)]):
            config = parse_config(YAML.replace("PORT", str(port)), str(tmp_path / "pagemeter.yaml"), environ={})
            async with Agent.open(config, tmp_path / "store.db", clock=SystemClock(), group_seconds=0) as agent:
                await agent.once()
                return agent.store.runs()

    discovery, meters = run_root(once())
    assert (discovery.cycle, meters.cycle) == ("discovery static", "meters")
    assert (discovery.answered, meters.answered) == (3, 3)
    told = {
        network: tuple(map(sum, zip(*rows, strict=True))) for network, rows in _by_network(discovery, meters).items()
    }
    for network, heard in ((PLANT, total(*near)), (OFFICE, total(far))):
        packets, octets, *back = told[network]
        assert [packets, *back] == [heard[0], *heard[2:]]
        # A question is paid before its request id is drawn, which may take three octets more than was reckoned.
        assert abs(octets - heard[1]) <= 3 * packets
    assert meters.octets_per_device == sum(meters.octets) / 3
    for run in (discovery, meters):
        assert 0 < run.peak <= run.packets[0]
        assert run.began <= run.ended


def _by_network(*runs: RunTraffic) -> dict[str | None, list[tuple[int, int, int, int]]]:
    told: dict[str | None, list[tuple[int, int, int, int]]] = {}
    for run in runs:
        for network, numbers in seen(run).items():
            told.setdefault(network, []).append(numbers)
    return told


def run_of(cycle: str, number: int, *, answered: int | None = 4) -> RunTraffic:
    began = datetime(2026, 1, 5, 8, 0, tzinfo=UTC) + timedelta(minutes=number)
    row = Traffic(
        network="10.1.0.0/16",
        integration="printer_mib",
        packets_out=1000 + number,
        octets_out=90_000,
        packets_in=1000,
        octets_in=510_000,
        peak=490,
    )
    rows = (row, Traffic(network=None, integration="cups", packets_out=9, octets_out=400, packets_in=5, octets_in=600))
    return RunTraffic(
        cycle=cycle, began=began, ended=began + timedelta(seconds=12.5), answered=answered, peak=495, rows=rows
    )


async def test_the_last_hundred_runs_of_each_cycle_are_kept(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "store.db", clock=SystemClock(), group_seconds=0) as store:
        await store.keep(Keep(runs=(run_of("alerts", 0),)))
        await store.keep(Keep(runs=tuple(run_of("meters", number) for number in range(MOST_RUNS + 7))))
        assert store.runs() == (run_of("alerts", 0), *(run_of("meters", n) for n in range(7, MOST_RUNS + 7)))


class Counted:
    answered = 2


async def test_a_run_that_fails_leaves_its_record_and_its_error(tmp_path: Path) -> None:
    clock = SystemClock()
    accounts = Accounts(clock)

    async def fail() -> None:
        accounts.current.count(None, "cups").sent(clock.monotonic(), 100, 1)
        raise OSError("the cable")

    async with Store.open(tmp_path / "store.db", clock=clock, group_seconds=0) as store:
        with pytest.raises(OSError, match="the cable"):
            await Bookkeeping(accounts, store, clock).run("meters", fail)
        [run] = store.runs()
    assert (run.cycle, run.answered, run.packets) == ("meters", None, (1, 0))


async def test_what_happened_out_of_turn_gets_a_record_of_its_own(tmp_path: Path) -> None:
    clock = SystemClock()
    accounts = Accounts(clock)

    async def work() -> Counted:
        return Counted()

    async def nothing() -> None:
        return

    async with Store.open(tmp_path / "store.db", clock=clock, group_seconds=0) as store:
        books = Bookkeeping(accounts, store, clock)
        await books.run("status", nothing)
        assert store.runs() == ()
        between = accounts.current
        between.count(None, "traps").sent(clock.monotonic(), 100, 1)
        between.total.sent(clock.monotonic(), 100, 1)
        await books.run("meters", work)
        assert [(run.cycle, run.answered, run.packets) for run in store.runs()] == [
            (Accounts.BETWEEN, None, (1, 0)),
            ("meters", 2, (0, 0)),
        ]


async def test_a_store_that_can_not_keep_a_record_stops_no_cycle(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = SystemClock()
    store = Store.open(tmp_path / "store.db", clock=clock, group_seconds=0)
    await store.close()

    async def work() -> Counted:
        return Counted()

    with caplog.at_level(logging.WARNING):
        result = await Bookkeeping(Accounts(clock), store, clock).run("meters", work)
    assert isinstance(result, Counted)
    assert "traffic" in caplog.text


async def test_a_run_that_had_nothing_to_do_is_kept_and_is_no_news(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = SystemClock()
    found = Counted()

    async def work() -> Counted:
        return found

    async with Store.open(tmp_path / "store.db", clock=clock, group_seconds=0) as store:
        with caplog.at_level(logging.INFO, "pagemeter.bookkeeping"):
            await Bookkeeping(Accounts(clock), store, clock).run("meters", work)
            found.answered = 0
            await Bookkeeping(Accounts(clock), store, clock).run("jobs", work)
        assert [run.cycle for run in store.runs()] == ["meters", "jobs"]
    [line] = caplog.messages
    assert line.startswith("meters: 2 devices answered")


def test_the_log_says_a_run_in_a_line() -> None:
    assert spoken(run_of("meters", 0)) == (
        "meters: 4 devices answered, 1009 packets out (90.4 kB), 1005 in (510.6 kB), 150.2 kB a device, "
        "at most 495 packets out in a second, 12 s"
    )


# ---- the command


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "pagemeter.yaml"
    path.write_text("agent: {state: state}\noutputs: []\n", encoding="utf-8")
    return path


@pytest.fixture
def filled(config: Path) -> Path:
    async def fill() -> None:
        path = config.parent / "state" / "pagemeter.db"
        async with Store.open(path, clock=SystemClock(), group_seconds=0) as store:
            runs = [run_of("meters", 2), run_of("alerts", 1, answered=None), run_of("meters", 30)]
            await store.keep(Keep(runs=tuple(runs)))

    asyncio.run(fill())
    return config


def traffic(config: Path, *arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["traffic", *arguments, "--config", str(config)])
    return result.exit_code, result.stdout, result.stderr


def runs(config: Path, *arguments: str) -> list[dict[str, Any]]:
    code, out, _ = traffic(config, "--json", *arguments)
    assert code == 0
    return [json.loads(line) for line in out.splitlines()]


def test_programs_get_a_line_a_run_the_oldest_first(filled: Path) -> None:
    told = runs(filled)
    assert [(run["cycle"], run["packets_out"]) for run in told] == [
        ("alerts", 1010),
        ("meters", 1011),
        ("meters", 1039),
    ]
    assert told[1]["octets_per_device"] == round((90_400 + 510_600) / 4)
    assert "octets_per_device" not in told[0]
    assert told[0]["rows"][0]["integration"] == "printer_mib"
    assert (told[0]["octets_out"], told[0]["octets_in"], told[0]["packets_in"]) == (90_400, 510_600, 1005)


def test_one_cycle_and_so_many_runs_can_be_asked_for(filled: Path) -> None:
    assert [run["packets_out"] for run in runs(filled, "meters")] == [1011, 1039]
    assert [run["packets_out"] for run in runs(filled, "--runs", "1")] == [1010, 1039]


def test_people_see_the_runs_and_the_parts_of_the_last_one(filled: Path) -> None:
    code, out, _ = traffic(filled)
    assert code == 0
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "meters 2026-01-05 08:30:00 12.5 4 1,039 1,005 90.4 510.6 495 150.2" in lines
    assert "alerts 2026-01-05 08:01:00 12.5 1,010 1,005 90.4 510.6 495" in lines
    assert "The last run of meters:" in lines
    assert "10.1.0.0/16 printer_mib 1,030 1,000 90.0 510.0 490" in lines
    assert "a server of the settings cups 9 5 0.4 0.6 0" in lines


def test_nothing_recorded_is_said_with_what_to_do(config: Path) -> None:
    code, out, error = traffic(config)
    assert (code, out) == (3, "")
    assert "`pagemeter once` record them" in " ".join(error.split())


def test_a_cycle_that_never_ran_is_told_with_those_that_did(filled: Path) -> None:
    code, _, error = traffic(filled, "meter")
    assert code == 3
    assert "there are runs of alerts, meters" in " ".join(error.split())
