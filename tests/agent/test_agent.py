"""Whole agents, built from YAML text, with plugins that work and plugins that break."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from textwrap import dedent, indent
from typing import TypeVar

import pytest
from typer.testing import CliRunner

from pagemeter.agent import Agent, Outcome
from pagemeter.cli import app
from pagemeter.clock import SystemClock
from pagemeter.config import AgentConfig, parse_config
from pagemeter.errors import ConfigError, StoreError
from pagemeter.model import AgentStatus, DeviceSnapshot, Event
from pagemeter.root import run_root
from pagemeter.simulator import Simulator, load_device
from pagemeter.store import Position, Store, StoreReader
from pagemeter.supervisor import ItemStatus, State

T = TypeVar("T")

PRINTER = "kyocera-ecosys-m9140cidn"
SERIAL = load_device(PRINTER).expected["serial_number"]
ADDRESS = "127.43.0.1"

YAML = """\
networks:
  - network: 127.43.0.0/24
credentials:
  - {{networks: [127.43.0.0/24], snmp: {{version: 2c, community: public, port: {port}}}}}
discoveries:
  - {{plugin: static, targets: [127.43.0.1]}}
  {discoveries}
readers:
  {readers}
  - plugin: printer_mib
sources:
  {sources}
outputs:
  {outputs}
  - {{plugin: files, folder: out}}
{more}
"""

MANIFEST = """\
name: bad
api: {api}
summary: Breaks in a way of its own
kinds: [{kind}]
requirements: []
network: []
rights: []
tier: experimental
"""

CODE = """\
import asyncio
import sys
from pagemeter import *
from pagemeter.errors import PluginError
from pagemeter.model import Scope, Segment

class BadSettings(Settings):
    word: str = "x"

class BadDiscovery(Discovery):
    def __init__(self, settings, services): pass
    async def discover(self, memory):
        for nothing in (): yield nothing

class BadReader(Reader):
    scopes = frozenset(Scope)
    def __init__(self, settings, services): pass
    async def read(self, target, ask): return None

class BadSource(Source):
    def __init__(self, settings, services): pass
    async def collect(self, cursors):
        for nothing in (): yield nothing

class BadOutput(Output):
    def __init__(self, settings, services): pass
    def feeds(self): return [Feed(name="all")]
    async def deliver(self, batch): pass

async def leave():
    sys.exit(3)

class Bad({base}):
{body}

@hookimpl
def pagemeter_{kind}():
{hook}
"""

BASES = {"discoveries": "BadDiscovery", "readers": "BadReader", "outputs": "BadOutput", "sources": "BadSource"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Path]:
    """A folder of the import path for one test."""
    folder = tmp_path / "site"
    folder.mkdir()
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.startswith("plug_")]:
        del sys.modules[name]
    sys.path_importer_cache.pop(str(folder), None)


def install(
    site: Path,
    kind: str = "outputs",
    *,
    body: str = "pass",
    hook: str = 'return [Factory("bad", BadSettings, Bad)]',
    before: str = "",
    api: int | None = 1,
    distribution: str = "plug-bad",
) -> None:
    """Install the plugin ``bad`` as pip does; without an api it has no manifest."""
    package = distribution.replace("-", "_")
    (site / package).mkdir()
    code = CODE.format(
        base=BASES[kind], kind=kind, body=indent(dedent(body), "    "), hook=indent(dedent(hook), "    ")
    )
    (site / package / "__init__.py").write_text(before + code)
    if api is not None:
        (site / package / "manifest.yaml").write_text(MANIFEST.format(api=api, kind=kind))
    info = site / f"{package}-2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 2.0\n")
    (info / "entry_points.txt").write_text(f"[pagemeter]\nbad = {package}\n")


def yaml(port: int, bad: str | None = None, more: str = "", item: str = "- plugin: bad") -> str:
    items = {kind: item if kind == bad else "" for kind in BASES}
    return YAML.format(port=port, more=more, **items)


def configured(folder: Path, text: str) -> AgentConfig:
    return parse_config(text, str(folder / "pagemeter.yaml"), environ={})


@asynccontextmanager
async def printer() -> AsyncIterator[int]:
    """One simulated printer; yields its port."""
    async with Simulator([(ADDRESS, 0, load_device(PRINTER).simulated())]) as simulator:
        yield simulator.places[0].port


@asynccontextmanager
async def agent_in(folder: Path, text: str) -> AsyncIterator[Agent]:
    path = folder / "pagemeter.db"
    async with Agent.open(configured(folder, text), path, clock=SystemClock(), group_seconds=0.0) as agent:
        yield agent


def once(folder: Path, bad: str) -> tuple[Outcome, dict[str, ItemStatus]]:
    """Run ``once`` as the command does, with the plugin ``bad`` beside healthy ones."""

    async def main() -> tuple[Outcome, dict[str, ItemStatus]]:
        async with printer() as port, agent_in(folder, yaml(port, bad)) as agent:
            outcome = await agent.once()
            return outcome, {status.name: status for status in agent.statuses()}

    return run_root(main())


def assert_the_rest_ran(folder: Path, outcome: Outcome) -> None:
    """The printer was read, and the report of the healthy output is there and has it."""
    assert outcome.answered == 1
    assert [entry.latest.device.serial_number for entry in outcome.fleet] == [SERIAL]
    assert f'"{SERIAL}"' in (folder / "out/report.json").read_text("utf-8")
    (documents,) = (folder / "out").glob("documents-*.jsonl")
    assert any(SERIAL in line for line in documents.read_text("utf-8").splitlines())
    with StoreReader(folder / "pagemeter.db") as store:
        assert store.integrity() == []


def why(outcome: Outcome) -> str:
    """Return why ``bad`` failed, of whatever of its feeds."""
    (reason,) = (reason for what, reason in outcome.failed.items() if what.partition("/")[0] == "bad")
    return reason


UNLOADABLE = {
    "import error": ({"before": "import no_such_module\n"}, "can't be imported: ModuleNotFoundError"),
    "sys.exit at import": ({"before": "import sys\nsys.exit(3)\n"}, "can't be imported: SystemExit: 3"),
    "hook raises": ({"hook": "raise ValueError('no broker')"}, "failed: ValueError: no broker"),
    "hook returns a wrong type": ({"hook": "return 7"}, "returned int, not factories"),
    "no manifest": ({"api": None}, "no manifest.yaml"),
    "another version of the API": ({"api": 2}, "made for api 2, this agent has api 1"),
    "settings that are the agent's": (
        {"hook": "class Mine(Settings):\n    every: str\nreturn [Factory('bad', Mine, Bad)]"},
        "every belongs to the agent",
    ),
}


@pytest.mark.parametrize(("how", "reason"), UNLOADABLE.values(), ids=UNLOADABLE)
def test_a_plugin_that_can_not_be_loaded_is_named_and_the_rest_runs(
    site: Path, tmp_path: Path, how: dict[str, str], reason: str
) -> None:
    install(site, **how)  # type: ignore[arg-type] # a case names the options that it needs
    outcome, statuses = once(tmp_path, "outputs")
    assert reason in why(outcome)
    assert statuses["bad"].state is State.CLOSED or statuses["bad"].state is State.GIVEN_UP
    assert reason in (statuses["bad"].reason or "")
    assert statuses["files"].reason is None
    assert_the_rest_ran(tmp_path, outcome)
    assert_plugins_says(tmp_path, reason)


def assert_plugins_says(folder: Path, reason: str) -> None:
    """`pagemeter plugins --json` names the plugin that can't be used, with the reason, and ends with 1."""
    (folder / "pagemeter.yaml").write_text(yaml(161, "outputs"))
    result = CliRunner().invoke(app, ["plugins", "--json", "--config", str(folder / "pagemeter.yaml")])
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    errors = {line["name"]: line["error"] for line in lines if "error" in line}
    assert result.exit_code == 1
    assert set(errors) == {"bad"}
    assert reason in errors["bad"]


def test_two_plugins_of_one_name_are_both_refused_and_the_rest_runs(site: Path, tmp_path: Path) -> None:
    install(site)
    install(site, distribution="plug-worse")
    outcome, _ = once(tmp_path, "outputs")
    assert "several plugins have this name" in why(outcome)
    assert_the_rest_ran(tmp_path, outcome)
    assert_plugins_says(tmp_path, "several plugins have this name")


def test_settings_that_do_not_fit_are_a_mistake_of_the_yaml_with_its_line(site: Path, tmp_path: Path) -> None:
    install(site)
    with pytest.raises(ConfigError, match=r"pagemeter\.yaml:14: outputs\[0\]\.word: "):
        configured(tmp_path, yaml(161, "outputs", item="- {plugin: bad, word: [1]}"))


EXITS = """
    task = asyncio.get_running_loop().create_task(leave())
    await asyncio.wait({task})
"""

BREAKS: dict[str, tuple[str, str, str]] = {
    "raises in discover": (
        "discoveries",
        "async def discover(self, memory):\n    raise ValueError('no map')\n    yield",
        "ValueError: no map",
    ),
    "raises in collect": (
        "sources",
        "async def collect(self, cursors):\n    raise ValueError('no log')\n    yield",
        "ValueError: no log",
    ),
    "gathers another type": ("sources", "async def collect(self, cursors):\n    yield 7", "collect yielded int"),
    "raises in read": ("readers", "async def read(self, target, ask):\n    raise ValueError('no eyes')", "no eyes"),
    "reads another type": ("readers", "async def read(self, target, ask):\n    return 7", "read returned int"),
    "raises in deliver": ("outputs", "async def deliver(self, batch):\n    raise ValueError('no road')", "no road"),
    "raises in feeds": ("outputs", "def feeds(self):\n    raise ValueError('no list')", "no list"),
    "feeds of another type": ("outputs", "def feeds(self):\n    return ['all']", "feeds returned str"),
    "no feeds at all": ("outputs", "def feeds(self):\n    return None", "TypeError"),
    "discovers another type": (
        "discoveries",
        "async def discover(self, memory):\n    yield 'host://127.43.0.1'",
        "discover yielded str",
    ),
    "finds no place": (
        "discoveries",
        "async def discover(self, memory):\n    yield Segment(network='everywhere')",
        "the network of a segment is none",
    ),
    "remembers what is no JSON": (
        "readers",
        "async def read(self, target, ask):\n    return Answer(memory={'seen': {1}})",
        "its memory is no JSON",
    ),
    "answers with a reading of another type": (
        "readers",
        "async def read(self, target, ask):\n    return Answer(readings=(7,))",
        "among its readings is a int",
    ),
    "gathers with a cursor that is no JSON": (
        "sources",
        "async def collect(self, cursors):\n    yield Gathered(stream='log', cursor=float('nan'))",
        "its cursor is no JSON",
    ),
    "can't be built": ("outputs", "def __init__(self, settings, services):\n    raise OSError('no clay')", "no clay"),
    "can't open": ("outputs", "async def __aenter__(self):\n    raise OSError('no key')", "OSError: no key"),
    "can't open, and says so": ("readers", "async def __aenter__(self):\n    raise PluginError('no lens')", "no lens"),
    "its background task fails": ("outputs", "async def serve(self):\n    raise ValueError('no breath')", "no breath"),
    "leaks a CancelledError from discover": (
        "discoveries",
        "async def discover(self, memory):\n    raise asyncio.CancelledError\n    yield",
        "leaked a CancelledError",
    ),
    "leaks a CancelledError from read": (
        "readers",
        "async def read(self, target, ask):\n    raise asyncio.CancelledError",
        "leaked a CancelledError",
    ),
    "leaks a CancelledError from deliver": (
        "outputs",
        "async def deliver(self, batch):\n    raise asyncio.CancelledError",
        "leaked a CancelledError",
    ),
    "a child task of read calls sys.exit": ("readers", f"async def read(self, target, ask):{EXITS}", "sys.exit(3)"),
    "a child task of deliver calls sys.exit": ("outputs", f"async def deliver(self, batch):{EXITS}", "sys.exit(3)"),
    "a background task calls sys.exit": ("outputs", f"async def serve(self):{EXITS}", "sys.exit(3)"),
    "deliver calls sys.exit": ("outputs", "async def deliver(self, batch):\n    sys.exit(3)", "3"),
}


@pytest.mark.parametrize(("kind", "body", "reason"), BREAKS.values(), ids=BREAKS)
def test_a_component_that_breaks_is_named_and_the_rest_runs(
    site: Path, tmp_path: Path, kind: str, body: str, reason: str
) -> None:
    install(site, kind, body=body)
    outcome, statuses = once(tmp_path, kind)
    assert reason in why(outcome)
    assert "yielded" in reason or reason in (statuses["bad"].reason or "")
    assert all(statuses[name].reason is None for name in ("static", "printer_mib", "files"))
    assert_the_rest_ran(tmp_path, outcome)


def test_a_healthy_stranger_is_no_failure(site: Path, tmp_path: Path) -> None:
    install(site)
    outcome, statuses = once(tmp_path, "outputs")
    assert outcome.failed == {}
    assert statuses["bad"].reason is None
    assert_the_rest_ran(tmp_path, outcome)


def test_the_agents_own_status_names_what_failed_last(site: Path, tmp_path: Path) -> None:
    install(site, "readers", body="async def read(self, target, ask):\n    raise ValueError('no eyes')")
    once(tmp_path, "readers")
    with StoreReader(tmp_path / "pagemeter.db") as store:
        bodies = [document.body for document in store.documents(Position(), 100)]
    (status,) = (body for body in bodies if isinstance(body, AgentStatus))
    assert status.last_error is not None
    assert "no eyes" in status.last_error


QUICK = """\
cycles:
  meters: {every: 1s}
  alerts: {enabled: false}
  jobs: {enabled: false}
  status: {enabled: false}
"""


async def test_a_running_agent_discovers_reads_again_and_delivers_until_it_is_cancelled(tmp_path: Path) -> None:
    async with printer() as port, agent_in(tmp_path, yaml(port, more=QUICK)) as agent:
        running = asyncio.get_running_loop().create_task(agent.run())
        await until(agent.store, lambda: len(snapshots(agent.store)) >= 3, running)
        await until(agent.store, lambda: agent.store.owed("files/documents").documents == 0, running)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert {status.state for status in agent.statuses()} == {State.CLOSED}
        assert {status.reason for status in agent.statuses()} == {None}
        assert agent.store.integrity() == []
        assert {snapshot.device.serial_number for snapshot in snapshots(agent.store)} == {SERIAL}
    assert len(asyncio.all_tasks()) == 1


ENDLESS = {
    "discoveries": "async def discover(self, memory):\n    await asyncio.Event().wait()\n    yield",
    "sources": "async def collect(self, cursors):\n    await asyncio.Event().wait()\n    yield",
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_what_never_ends_is_left_at_its_deadline_and_the_others_are_not_kept_waiting(
    site: Path, tmp_path: Path, kind: str
) -> None:
    install(site, kind, body=ENDLESS[kind])

    async def main() -> Outcome:
        async with printer() as port, agent_in(tmp_path, yaml(port, kind, item=item)) as agent:
            return await agent.once()

    item = "- {plugin: bad, timeout: 1s}"
    outcome = run_root(main())
    assert "no end within 1 s" in why(outcome)
    assert_the_rest_ran(tmp_path, outcome)


@pytest.mark.parametrize("kind", ENDLESS)
async def test_what_never_ends_does_not_keep_once_from_being_cancelled(site: Path, tmp_path: Path, kind: str) -> None:
    install(site, kind, body=ENDLESS[kind])
    async with printer() as port, agent_in(tmp_path, yaml(port, kind)) as agent:
        running = asyncio.get_running_loop().create_task(agent.once())
        with agent.store.listening() as committed:
            while not snapshots(agent.store):
                committed.clear()
                await committed.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert snapshots(agent.store)[0].device.serial_number == SERIAL
    assert len(asyncio.all_tasks()) == 1


ANNOUNCES = """
    def __init__(self, settings, services):
        self.services = services
    async def serve(self):
        from pagemeter.model import Target
        target = Target(uri="host://127.43.0.1", found_by="bad")
        for _ in range(3):
            self.services.read_soon(target, frozenset({Scope.IDENTITY}), "it announced itself")
"""


async def test_a_printer_that_announces_itself_to_a_running_agent_becomes_a_device(site: Path, tmp_path: Path) -> None:
    install(site, "discoveries", body=dedent(ANNOUNCES))
    async with printer() as port:
        text = yaml(port, "discoveries", more=QUICK.replace("1s", "1h")).replace("[127.43.0.1]}", "[127.43.0.9]}")
        async with agent_in(tmp_path, text) as agent:
            running = asyncio.get_running_loop().create_task(agent.run())
            await until(agent.store, lambda: bool(snapshots(agent.store)), running)
            running.cancel()
            await asyncio.wait({running})
            (snapshot,) = snapshots(agent.store)
            events = [d.body for d in agent.store.documents(Position(), 100) if isinstance(d.body, Event)]
            (entry,) = agent.inventory.entries()
    assert (snapshot.device.serial_number, snapshot.found_by, snapshot.target) == (
        SERIAL,
        ("bad",),
        f"host://{ADDRESS}",
    )
    assert [(event.kind, event.device) for event in events] == [("device-found", snapshot.device.id)]
    assert entry.latest == snapshot


async def test_a_source_that_fails_in_a_running_agent_is_told_once_and_named_in_the_status(
    site: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    body = """
    async def collect(self, cursors):
        from pagemeter.errors import Unreachable
        yield Gathered(stream="log", cursor=cursors.get("log", 0) + 1)
        raise Unreachable("the spooler is mute")
    """
    install(site, "sources", body=body)
    often = QUICK.replace("status: {enabled: false}", "local: {every: 1s}")
    async with printer() as port, agent_in(tmp_path, yaml(port, "sources", more=often)) as agent:
        running = asyncio.get_running_loop().create_task(agent.run())
        await until(agent.store, lambda: agent.store.cursors("bad") == {"log": 3}, running)
        status = agent.status()
        running.cancel()
        await asyncio.wait({running})
    assert status.last_error == "bad: the spooler is mute"
    told = [r.getMessage() for r in caplog.records if "mute" in r.getMessage() and r.levelname != "DEBUG"]
    assert told == ["source bad: the spooler is mute"]


async def until(store: Store, holds: Callable[[], bool], running: asyncio.Task[None]) -> None:
    """Wait until something holds that a commit brings about; the agent must not end meanwhile."""
    with store.listening() as committed:
        while not holds():
            committed.clear()
            waiting = asyncio.get_running_loop().create_task(committed.wait())
            await first({waiting, running})
            waiting.cancel()
            assert not running.done(), running.exception()


async def first(tasks: set[asyncio.Task[T]] | set[asyncio.Task[None]] | set[Awaitable[object]]) -> None:
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)  # type: ignore[type-var] # tasks of two types


def snapshots(store: StoreReader) -> list[DeviceSnapshot]:
    return [d.body for d in store.documents(Position(), 1000) if isinstance(d.body, DeviceSnapshot)]


async def test_an_agent_that_is_started_again_knows_the_same_devices(tmp_path: Path) -> None:
    seen = []
    async with printer() as port:
        for _ in range(2):
            async with agent_in(tmp_path, yaml(port)) as agent:
                outcome = await agent.once()
                seen.append((agent.store.agent, [entry.latest.device.id for entry in outcome.fleet], agent.store.epoch))
    (agent_1, devices_1, epoch_1), (agent_2, devices_2, epoch_2) = seen
    assert agent_1 == agent_2
    assert len(devices_1) == 1
    assert devices_1 == devices_2
    assert epoch_1 != epoch_2


async def test_a_printer_that_fell_silent_keeps_its_last_values_and_is_no_failure(tmp_path: Path) -> None:
    async with printer() as port:
        async with agent_in(tmp_path, yaml(port)) as agent:
            await agent.once()
        text = yaml(port)
    async with agent_in(tmp_path, text) as agent:
        outcome = await agent.once()
    assert outcome.answered == 0
    assert outcome.failed == {}
    assert outcome.silent == (f"host://{ADDRESS}",)
    (entry,) = outcome.fleet
    assert entry.silent_since is not None
    assert entry.latest.device.serial_number == SERIAL
    assert entry.latest.meter_reads
    report = (tmp_path / "out/report.json").read_text("utf-8")
    assert SERIAL in report


async def test_a_second_agent_on_the_same_state_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    async with printer() as port, agent_in(tmp_path, yaml(port)) as agent:
        with pytest.raises(StoreError, match=rf"in use by process {os.getpid()};"):
            async with agent_in(tmp_path, yaml(port)):
                pass
        outcome = await agent.once()
    assert outcome.answered == 1


async def test_a_plugin_that_the_yaml_does_not_name_is_not_imported(site: Path, tmp_path: Path) -> None:
    install(site, before="raise AssertionError('imported')\n")
    async with printer() as port, agent_in(tmp_path, yaml(port)) as agent:
        outcome = await agent.once()
    assert outcome.failed == {}
    assert "plug_bad" not in sys.modules
