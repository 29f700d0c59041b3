"""SNMPv3 engines that took the place of known ones: listed and confirmed by command, with an agent and without."""

from __future__ import annotations

import asyncio
import json
from ipaddress import ip_network
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pagemeter.cli import app
from pagemeter.clock import SystemClock
from pagemeter.component import Memory
from pagemeter.engines import LEARNED, Engines, waiting
from pagemeter.errors import PagemeterError
from pagemeter.net.budget import Budget
from pagemeter.net.credentials import Credentials
from pagemeter.net.fence import Fence, FencedNetwork
from pagemeter.snmp.engine import SnmpEngine
from pagemeter.store import Keep, Store, StoreReader

FIRST, NEW = "8000000001aaaaaaaa", "8000000001bbbbbbbb"
MET: Memory = {"engine_id": FIRST, "engine_waiting": NEW, "bulk": True}
KEPT: dict[str, Memory] = {
    "10.0.0.7": MET,
    "10.0.0.8:1161": MET,
    "[fe80::1]:1161": MET,
    "10.0.0.9": {"engine_id": FIRST},
}


def engine_on(store: Store) -> SnmpEngine:
    clock = SystemClock()
    return SnmpEngine(
        fence=Fence([FencedNetwork(network=ip_network("10.0.0.0/24"))]),
        budget=Budget(clock, 10),
        credentials=Credentials([]),
        clock=clock,
        recall=lambda place: store.memory(LEARNED, place),
    )


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "pagemeter.yaml"
    path.write_text("agent: {state: state}\noutputs: []\n", encoding="utf-8")

    async def fill() -> None:
        async with Store.open(tmp_path / "state" / "pagemeter.db", clock=SystemClock(), group_seconds=0) as store:
            await store.keep(Keep(memories={(LEARNED, place): memory for place, memory in KEPT.items()}))

    asyncio.run(fill())
    return path


def engines(config: Path, *arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["engines", *arguments, "--config", str(config)])
    return result.exit_code, result.stdout, result.stderr


async def test_what_waits_is_sorted_as_one_counts(config: Path) -> None:
    async with Store.open(config.parent / "state" / "pagemeter.db", clock=SystemClock(), group_seconds=0) as store:
        await store.keep(Keep(memories={(LEARNED, place): MET for place in ("10.0.0.10", "9.0.0.1", "10.0.0.8:161")}))
        assert list(waiting(store)) == [
            "9.0.0.1",
            "10.0.0.7",
            "10.0.0.8:161",
            "10.0.0.8:1161",
            "10.0.0.10",
            "[fe80::1]:1161",
        ]


async def test_a_confirmed_engine_is_the_known_one_from_then_on(config: Path) -> None:
    async with Store.open(config.parent / "state" / "pagemeter.db", clock=SystemClock(), group_seconds=0) as store:
        desk = Engines(engine_on(store), store)
        assert await desk.waiting() == {
            place: {"known": FIRST, "met": NEW} for place in ("10.0.0.7", "10.0.0.8:1161", "[fe80::1]:1161")
        }
        for place in ("10.0.0.7", "[fe80::1]:1161"):
            await desk.confirm(place)
        assert list(waiting(store)) == ["10.0.0.8:1161"]
        assert store.memory(LEARNED, "10.0.0.7") == {"engine_id": NEW, "bulk": True}


@pytest.mark.parametrize("place", ["10.0.0.9", "10.0.0.10", "10.0.0.7:1161"])
async def test_where_none_waits_there_is_nothing_to_confirm(config: Path, place: str) -> None:
    async with Store.open(config.parent / "state" / "pagemeter.db", clock=SystemClock(), group_seconds=0) as store:
        with pytest.raises(PagemeterError, match=f"no other SNMPv3 engine waits at {place}"):
            await Engines(engine_on(store), store).confirm(place)


@pytest.mark.parametrize("place", ["printer", "10.0.0.7:x", "", ":", "10.0.0.0/24"])
async def test_what_is_no_address_is_said_so(config: Path, place: str) -> None:
    async with Store.open(config.parent / "state" / "pagemeter.db", clock=SystemClock(), group_seconds=0) as store:
        with pytest.raises(PagemeterError, match="is no address"):
            await Engines(engine_on(store), store).confirm(place)


def test_the_command_lists_what_waits_and_confirms_it_without_an_agent(config: Path) -> None:
    code, out, error = engines(config)
    assert code == 1
    assert [line.split() for line in out.splitlines()[1:]] == [
        ["10.0.0.7", FIRST, NEW],
        ["10.0.0.8:1161", FIRST, NEW],
        ["[fe80::1]:1161", FIRST, NEW],
    ]
    assert "engines confirm ADDRESS" in error
    code, out, _ = engines(config, "confirm", "10.0.0.8:1161")
    assert (code, out) == (0, "10.0.0.8:1161 is asked again, as the engine that answers there now.\n")
    with StoreReader(config.parent / "state" / "pagemeter.db") as store:
        assert list(waiting(store)) == ["10.0.0.7", "[fe80::1]:1161"]


def test_programs_get_a_line_a_device(config: Path) -> None:
    code, out, _ = engines(config, "--json")
    assert code == 1
    assert json.loads(out.splitlines()[0]) == {"place": "10.0.0.7", "known": FIRST, "met": NEW}


def test_that_nothing_waits_is_no_failure(tmp_path: Path) -> None:
    path = tmp_path / "pagemeter.yaml"
    path.write_text("agent: {state: state}\noutputs: []\n", encoding="utf-8")
    code, out, error = engines(path)
    assert (code, out) == (0, "")
    assert "No SNMPv3 engine waits" in error
