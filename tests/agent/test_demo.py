"""``pagemeter demo`` as a person with nothing but this machine tries it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from pagemeter.agent import Agent
from pagemeter.cli.demonstration import PORTS_TRIED, FleetPlace, config_of, demo_config, round_of_the_fleet
from pagemeter.cli.running import one_round, opened
from pagemeter.config import AgentConfig, load_config
from pagemeter.progress import Watcher, nobody
from pagemeter.simulator import FleetDevice, Simulator, load_device, load_fleet
from pagemeter.simulator.fleet import DEMO_PORT
from pagemeter.store import StoreReader

ROOT = Path(__file__).resolve().parents[2]
PAGEMETER = str(Path(sys.executable).with_name("pagemeter"))
ANSWERING = [device for device in load_fleet() if device.expected["printer"] and device.expected["answers"]]
SERIALS = {device.expected["serial_number"] for device in ANSWERING}
DEADLINE = 100.0


def run_demo(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [PAGEMETER, "demo", "--folder", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=False)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """The demo, run once, and the folder that it left."""
    folder = tmp_path_factory.mktemp("demo") / "demo"
    return run_demo(folder), folder


@pytest.mark.slow
def test_the_demo_ends_by_itself_and_shows_every_device_that_answers(shown: Any) -> None:
    done, _ = shown
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    rows = [line for line in done.stdout.splitlines() if line.strip().startswith("127.30.0.")]
    assert len(rows) == len(SERIALS)
    for device in ANSWERING:
        (row,) = (row for row in rows if device.expected["serial_number"] in row)
        assert device.expected["manufacturer"] in row
        assert device.expected["model"] in row
        assert all(f"{count:,}" in row for count in totals(device))


def totals(device: FleetDevice) -> list[int]:
    """Return the life count; of several engines the maker's total where there is one, else the count of each."""
    whole = [one["value"] for one in device.expected["vendor_meters"] if one["key"] == "total.any.any.any.impressions"]
    return whole or [count["life"] for count in device.expected["life_counts"]]


@pytest.mark.slow
def test_the_demo_prints_the_configuration_that_it_leaves_and_that_can_be_used_again(shown: Any) -> None:
    done, folder = shown
    text = (folder / "pagemeter.yaml").read_text("utf-8")
    assert text in done.stdout
    check = subprocess.run(
        [PAGEMETER, "check", str(folder / "pagemeter.yaml")], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stderr
    config = load_config(folder / "pagemeter.yaml", environ={})
    assert {item.name for item in config.items} == {"sweep", "static", "printer_mib", "files", "https_xml"}


@pytest.mark.slow
def test_the_demo_leaves_a_whole_store_that_knows_the_fleet(shown: Any) -> None:
    _, folder = shown
    (path,) = folder.glob("*.db")
    with StoreReader(path) as store:
        assert store.integrity() == []
        assert {entry.latest.device.serial_number for entry in store.fleet()} == SERIALS
        for feed in ("files/documents", "files/report", "https_xml/report"):
            assert store.set_aside(feed) == ()
        assert store.owed("files/documents").documents == 0
    listed = subprocess.run(
        [PAGEMETER, "devices", "--config", str(folder / "pagemeter.yaml"), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    entries = [json.loads(line) for line in listed.stdout.splitlines()]
    assert {entry["latest"]["device"]["serial_number"] for entry in entries} == SERIALS


@pytest.mark.slow
def test_the_demo_tells_where_two_sources_of_one_meter_differ(shown: Any) -> None:
    _, folder = shown
    (path,) = folder.glob("documents-*.jsonl")
    documents = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    facts = [document["body"]["facts"] for document in documents if document["type"] == "event"]
    told = [(one["key"], one["elected"], one["other"]) for one in facts if one["kind"] == "meters-disagree"]
    assert told == [("total.any.any.any.impressions", 901_233, 901_230)]


@pytest.mark.slow
def test_the_json_report_of_the_demo_has_every_device(shown: Any) -> None:
    _, folder = shown
    text = (folder / "report.json").read_text("utf-8")
    assert json.loads(text)["agent"]["site"] == "Demo"
    assert {serial for serial in SERIALS if f'"{serial}"' in text} == SERIALS


@pytest.mark.slow
@pytest.mark.peer
def test_the_xml_report_of_the_demo_is_valid(shown: Any) -> None:
    if shutil.which("xmllint") is None:
        pytest.skip("xmllint is not installed (Debian's libxml2-utils)")
    _, folder = shown
    schema = ROOT / "plugins/pagemeter_plugins/https_xml/report-1.xsd"
    command = ["xmllint", "--nonet", "--noout", "--schema", str(schema), str(folder / "report.xml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    text = (folder / "report.xml").read_text("utf-8")
    assert all(f">{serial}<" in text for serial in SERIALS)


@contextmanager
def taken(ports: range) -> Iterator[None]:
    """Hold UDP ports at one address of the fleet."""
    with ExitStack() as stack:
        for port in ports:
            held = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            with suppress(OSError):  # another demo on this machine may hold it already
                held.bind(("127.30.0.3", port))
        yield


def test_where_no_port_is_free_the_demo_says_so_in_a_line(tmp_path: Path) -> None:
    with taken(range(DEMO_PORT, DEMO_PORT + PORTS_TRIED)):
        done = run_demo(tmp_path / "demo")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert f"{DEMO_PORT} to {DEMO_PORT + PORTS_TRIED - 1}" in done.stderr
    assert not (tmp_path / "demo").exists()


def test_a_folder_that_can_not_be_written_is_named_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("a file\n")
    done = run_demo(tmp_path / "demo")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "--folder" in done.stderr


@pytest.mark.slow
def test_a_port_that_is_taken_is_stepped_over_and_ctrl_c_ends_in_order(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with taken(range(DEMO_PORT, DEMO_PORT + 1)):
        command = [PAGEMETER, "demo", "--folder", str(folder)]
        demo = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            _wait_for_a_device(folder, demo)
            demo.send_signal(signal.SIGINT)
            out, err = demo.communicate(timeout=DEADLINE)
        finally:
            demo.kill()
            demo.wait()
    assert demo.returncode == 130, err
    assert f"port: {DEMO_PORT}," not in out
    assert err.splitlines()[-1] == "pagemeter: interrupted"
    assert "Traceback" not in err
    with pytest.raises(ProcessLookupError):
        os.kill(demo.pid, 0)
    with StoreReader(folder / "pagemeter.db") as store:
        assert store.integrity() == []
        assert store.fleet()


def _wait_for_a_device(folder: Path, demo: subprocess.Popen[str]) -> None:
    """Return when the first device is in the store; pytest's own timeout is the deadline."""
    while demo.poll() is None:
        if (folder / "pagemeter.db").exists():
            try:
                with StoreReader(folder / "pagemeter.db") as store:
                    if store.fleet():
                        return
            except Exception:  # noqa: BLE001, S110 - the store is being made; it is looked at again
                pass
    raise AssertionError(f"the demo ended before a device was known: {demo.communicate()}")


class Built(Exception):
    """The agent is built: what this test wanted to see."""


async def test_the_demos_agent_is_made_of_the_same_parts_as_that_of_once(tmp_path: Path) -> None:
    path = tmp_path / "pagemeter.yaml"
    path.write_text(demo_config(port=DEMO_PORT + PORTS_TRIED), encoding="utf-8")
    graphs: list[tuple[tuple[str, ...], list[str]]] = []

    @asynccontextmanager
    async def seen(config: AgentConfig, watcher: Watcher = nobody) -> AsyncIterator[Agent]:
        async with opened(config, watcher) as agent:
            graphs.append((agent.graph(), parts(agent)))
            raise Built
            yield agent

    with pytest.raises(Built):
        await round_of_the_fleet(path, nobody, build=seen)
    with pytest.raises(Built):
        await one_round(load_config(path, environ={}), nobody, build=seen)
    of_the_demo, of_once = graphs
    assert of_the_demo == of_once
    kinds = Counter(part.partition(": ")[2] for part in of_once[1])
    assert (kinds["Agent"], kinds["SnmpEngine"], kinds["Store"], kinds["Visits"], kinds["Supervisor"]) == (
        1,
        1,
        1,
        1,
        5,
    )
    assert not any("imulat" in part for part in of_once[1])


def parts(root: object) -> list[str]:
    """List every object of Pagemeter that can be reached, with the way to it and its type."""
    found: list[str] = []
    seen: set[int] = set()
    left: list[tuple[str, Any]] = [("agent", root)]
    while left:
        way, thing = left.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, dict):
            left += [(f"{way}[{key!r}]", value) for key, value in thing.items()]
        elif isinstance(thing, list | tuple):
            left += [(f"{way}[{number}]", value) for number, value in enumerate(thing)]
        elif type(thing).__module__.startswith("pagemeter"):
            found.append(f"{way}: {type(thing).__qualname__}")
            names = (
                [field.name for field in fields(thing)] if is_dataclass(thing) else [*getattr(thing, "__dict__", {})]
            )
            left += [(f"{way}.{name}", getattr(thing, name)) for name in names if hasattr(thing, name)]
    return sorted(found)


async def test_where_only_one_loopback_address_is_bound_every_device_has_a_port_of_its_own(tmp_path: Path) -> None:
    """macOS: the fleet stands at 127.0.0.1, and the demo's YAML names each device."""
    fleet = [load_device(name) for name in ("kyocera-ecosys-m9140cidn", "oki-c9990dn")]
    async with Simulator([("127.0.0.1", 0, device.simulated()) for device in fleet]) as simulator:
        places = [FleetPlace(address=place.address, port=place.port, mute=False) for place in simulator.places]
        path = tmp_path / "pagemeter.yaml"
        path.write_text(config_of(places), encoding="utf-8")
        outcome = await one_round(load_config(path, environ={}), nobody)
    assert {entry.latest.device.serial_number for entry in outcome.fleet} == {
        device.expected["serial_number"] for device in fleet
    }
    assert outcome.failed == {}
