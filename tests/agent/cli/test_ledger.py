"""``ledger``: what was counted, for a person and for a program, by whatever name the device is called."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pagemeter.cli import app
from pagemeter.component import Seen
from pagemeter.continuity import Continuity
from pagemeter.inventory import Inventory
from pagemeter.model import Identity, MeterRead, MeterUnit, Origin, Reading, Scope, Target, Work
from pagemeter.store import Keep, Store
from pagemeter.testing import FakeClock
from pagemeter.visits import Visits

TOTAL = "total.any.any.any.impressions"


def seen(address: str, serial: str, value: int, clock: FakeClock) -> Seen:
    read = MeterRead(
        work=Work.TOTAL,
        unit=MeterUnit.IMPRESSIONS,
        value=value,
        raw=str(value),
        origin=Origin(protocol="snmp", where="1.3.6.1.2.1.43.10.2.1.4.1.1"),
        at=clock.now(),
    )
    who = Identity(serial_number=serial, manufacturer="Acme", model="One", addresses=(address,))
    reading = Reading(identity=who, scopes=frozenset({Scope.IDENTITY, Scope.METERS}), meter_reads=(read,))
    return Seen(target=Target(uri=f"host://{address}", found_by="told"), readings=(reading,))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "pagemeter.yaml"
    path.write_text("agent: {state: state}\nsources: []\noutputs: []\n", encoding="utf-8")

    async def fill() -> None:
        clock = FakeClock()
        ids = iter(["d-one", "d-two"])
        async with Store.open(tmp_path / "state" / "pagemeter.db", clock=clock, group_seconds=0) as store:
            inventory = Inventory((), {}, new_id=lambda: next(ids), continuity=Continuity())
            visits = Visits((), inventory, store, clock)
            for value in (5000, 5010, 3):
                clock.set_wall_clock(clock.now() + timedelta(minutes=15))
                await visits.gathered((seen("10.0.0.1", "SIM0000001", value, clock),), "told")
            await visits.gathered((seen("10.0.0.2", "SIM0000002", 70, clock),), "told")
            await store.keep(Keep(aliases={"d-old": "d-two"}), at_once=True)

    asyncio.run(fill())
    return path


def ledger(config: Path, *arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["ledger", *arguments, "--config", str(config)])
    return result.exit_code, result.stdout, result.stderr


def rows(config: Path, *arguments: str) -> list[tuple[object, ...]]:
    code, out, _ = ledger(config, "--json", *arguments)
    assert code == 0
    names = ("device", "number", "first", "last", "counted", "began_by", "ended_by")
    return [tuple(row.get(name) for name in names) for row in map(json.loads, out.splitlines())]


ONE = [("d-one", 1, 5000, 5010, 10, "found", "reset"), ("d-one", 2, 3, 3, 0, "reset", None)]
TWO = [("d-two", 1, 70, 70, 0, "found", None)]


def test_all_runs_of_all_devices_are_listed_in_order(config: Path) -> None:
    assert rows(config) == ONE + TWO
    _, out, _ = ledger(config, "--json")
    first = json.loads(out.splitlines()[0])
    assert (first["serial_number"], first["key"]) == ("SIM0000001", TOTAL)
    assert first["began_at"] < first["last_at"]


@pytest.mark.parametrize("name", ["d-two", "d-old", "sim0000002", "10.0.0.2", "host://10.0.0.2"])
def test_a_device_is_found_by_each_of_its_names(config: Path, name: str) -> None:
    assert rows(config, name) == TWO


def test_the_table_says_it_to_a_person(config: Path) -> None:
    code, out, _ = ledger(config, "10.0.0.1")
    assert code == 0
    assert "10.0.0.1  Acme  One  SIM0000001" in out
    first, second = (line.strip() for line in out.splitlines() if line.strip().startswith(TOTAL))
    assert first.split()[1:] == [
        *("1", "2025-01-06", "08:15", "2025-01-06", "08:30", "5,000", "5,010", "10", "found", "reset")
    ]
    assert second.endswith("goes on")


def test_a_name_that_nobody_has_is_said_so(config: Path) -> None:
    code, out, err = ledger(config, "10.9.9.9")
    assert (code, out) == (3, "")
    assert "10.9.9.9" in err
    assert "pagemeter devices" in err


def test_an_empty_store_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "pagemeter.yaml"
    path.write_text("agent: {state: state}\n", encoding="utf-8")
    code, out, err = ledger(path)
    assert (code, out) == (3, "")
    assert "pagemeter once" in err
