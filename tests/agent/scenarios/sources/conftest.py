"""A printer on loopback that speaks SNMP and IPP, each as a story tells, and a whole agent that reads both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from pagemeter.agent import Agent
from pagemeter.clock import SystemClock
from pagemeter.config import parse_config
from pagemeter.config.build import credentials_of, fence_of
from pagemeter.continuity import Series
from pagemeter.ipp.client import IppClient
from pagemeter.ipp.message import IppMessage, decode, encode
from pagemeter.model import DeviceSnapshot, Event, Hints, MeterRead, Target
from pagemeter.net.budget import Budget
from pagemeter.plugins import load_plugins
from pagemeter.root import run_root
from pagemeter.rounds import METERS
from pagemeter.simulator import SimulatedDevice, Simulator
from pagemeter.snmp.engine import SnmpEngine
from pagemeter.snmp.types import Tag, VarBind, Walk, oid
from pagemeter.store import Position, Store, StoreReader
from pagemeter.testing import ipp_group
from pagemeter.testing.ipp import Told
from pagemeter.visits import Visited

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
ADDRESS = "127.49.0.1"
YAML = """\
networks: [{{network: 127.49.0.0/24}}]
agent: {{packets_per_second: 10000}}
credentials: [{{networks: [127.49.0.0/24], snmp: {{version: 2c, community: public, port: {port}}}}}]
readers: [{readers}]
"""
MIB, IPP = "{plugin: printer_mib, profiles: profiles}", "{plugin: ipp, retry_days: 0}"
# What the print service counted, in a private object: the same meter as IPP's printer-impressions-completed.
PROFILE = """\
name: acme
title: Acme
root: 1.3.6.1.4.1.99999.1
match: {sys_object_id: [1.3.6.1.4.1.99999]}
sources: {MIB: ACME-PRINTER-MIB}
meters:
  - {oid: .2.1.0, work: print, unit: impressions, source: MIB, unverified: true}
"""
PRINTED = "1.3.6.1.4.1.99999.1.2.1.0"
COLORANTS = ("black", "cyan", "magenta", "yellow")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of prtMarkerSuppliesTable; ``color`` is a row of the colorant table, 0 for none."""

    color: int = 1
    level: int = -3
    capacity: int = -2
    unit: int = 7
    type: int = 21
    filled: bool = False
    words: str = ""


@dataclass(frozen=True, kw_only=True)
class Snmp:
    """What the printer says over SNMP."""

    serial: str | None = None
    location: str | None = None
    life: int | None = None
    printed: int | None = None
    supplies: tuple[Row, ...] = ()
    alerts: tuple[tuple[int, int, int, str], ...] = ()
    """Severity, group, code and words of each."""


def walk_of(told: Snmp) -> Walk:
    """Write it as rows (RFC 2790, RFC 3805)."""
    rows: dict[str, tuple[Tag, Any]] = {
        "1.3.6.1.2.1.1.1.0": (Tag.OCTET_STRING, b"ACME Printer 1"),
        "1.3.6.1.2.1.1.2.0": (Tag.OBJECT_IDENTIFIER, oid("1.3.6.1.4.1.99999.1")),
        "1.3.6.1.2.1.1.3.0": (Tag.TIME_TICKS, 360_000),
        "1.3.6.1.2.1.2.2.1.3.1": (Tag.INTEGER, 6),
        "1.3.6.1.2.1.2.2.1.6.1": (Tag.OCTET_STRING, bytes.fromhex("02504d000031")),
        "1.3.6.1.2.1.25.3.2.1.2.1": (Tag.OBJECT_IDENTIFIER, oid("1.3.6.1.2.1.25.3.1.5")),
        "1.3.6.1.2.1.25.3.2.1.3.1": (Tag.OCTET_STRING, b"ACME Printer 1"),
        "1.3.6.1.2.1.25.3.2.1.5.1": (Tag.INTEGER, 2),
        "1.3.6.1.2.1.25.3.5.1.1.1": (Tag.INTEGER, 3),
        "1.3.6.1.2.1.25.3.5.1.2.1": (Tag.OCTET_STRING, b"\0"),
        "1.3.6.1.2.1.43.5.1.1.16.1": (Tag.OCTET_STRING, b"ACME Printer 1"),
        "1.3.6.1.2.1.43.10.2.1.2.1.1": (Tag.INTEGER, 4),
        "1.3.6.1.2.1.43.10.2.1.3.1.1": (Tag.INTEGER, 7),
    }
    single = {
        "1.3.6.1.2.1.1.6.0": (Tag.OCTET_STRING, told.location and told.location.encode()),
        "1.3.6.1.2.1.43.5.1.1.17.1": (Tag.OCTET_STRING, told.serial and told.serial.encode()),
        "1.3.6.1.2.1.43.10.2.1.4.1.1": (Tag.COUNTER32, told.life),
        PRINTED: (Tag.COUNTER32, told.printed),
    }
    rows |= {place: value for place, value in single.items() if value[1] is not None}
    for number, color in enumerate(COLORANTS, 1):
        rows[f"1.3.6.1.2.1.43.12.1.1.4.1.{number}"] = (Tag.OCTET_STRING, color.encode())
    for number, row in enumerate(told.supplies, 1):
        kind = 4 if row.filled else 3
        columns = (1, row.color, kind, row.type, row.words.encode(), row.unit, row.capacity, row.level)
        for column, value in enumerate(columns, 2):
            tag = Tag.OCTET_STRING if isinstance(value, bytes) else Tag.INTEGER
            rows[f"1.3.6.1.2.1.43.11.1.1.{column}.1.{number}"] = (tag, value)
    for number, (severity, group, code, words) in enumerate(told.alerts, 1):
        for column, value in ((2, severity), (3, 3), (4, group), (5, 1), (6, -2), (7, code)):
            rows[f"1.3.6.1.2.1.43.18.1.1.{column}.1.{number}"] = (Tag.INTEGER, value)
        rows[f"1.3.6.1.2.1.43.18.1.1.8.1.{number}"] = (Tag.OCTET_STRING, words.encode())
    return Walk(VarBind(oid(place), tag, value) for place, (tag, value) in rows.items())


class Printer(SimulatedDevice):
    """Answers SNMP as what it says now, and IPP on a port of its own."""

    def __init__(self) -> None:
        super().__init__(Walk(()))
        self.inside: SimulatedDevice | None = None
        self.attributes: Mapping[str, Told] | None = None

    def answer(self, datagram: bytes) -> bytes | None:
        return self.inside.answer(datagram) if self.inside is not None else None

    async def answer_ipp(self, request: web.Request) -> web.Response:
        asked = decode(await request.read())
        if self.attributes is None:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        group = ipp_group(**{"printer_make_and_model": "ACME Printer 1", "printer_state": 3, **self.attributes})
        answer = IppMessage(asked.version, 0, asked.request_id, (group,))
        return web.Response(body=encode(answer), content_type="application/ipp")


class Calendar(SystemClock):
    """A wall clock that a story moves; waiting takes real time, for sockets do."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        return self.time


class Home:
    """A printer, an agent and its store; with ``restarts`` each visit is a new agent's."""

    def __init__(self, folder: Path, *, restarts: bool, readers: Sequence[str]) -> None:
        self.path = folder / "pagemeter.db"
        self.clock, self.printer = Calendar(), Printer()
        self._restarts, self._readers = restarts, readers
        self._stack = AsyncExitStack()
        self._agent: Agent | None = None
        self._ports = (0, 0)
        (folder / "profiles").mkdir()
        (folder / "profiles" / "acme.yaml").write_text(PROFILE, encoding="utf-8")

    async def __aenter__(self) -> Home:
        snmp = await self._stack.enter_async_context(Simulator([(ADDRESS, 0, self.printer)]))
        served = web.Application()
        served.router.add_post("/ipp/print", self.printer.answer_ipp)
        runner = web.AppRunner(served, access_log=None)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, ADDRESS, 0).start()
        self._ports = (snmp.places[0].port, runner.addresses[0][1])
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._stack.aclose()

    async def visit(
        self, snmp: Snmp | None = None, ipp: Mapping[str, Told] | None = None, *, after: timedelta = timedelta(hours=2)
    ) -> Visited:
        """Let time pass, let the printer say what it says (none: it does not speak that now), and read it."""
        self.clock.time += after
        self.printer.inside = None if snmp is None else SimulatedDevice(walk_of(snmp))
        self.printer.attributes = ipp
        uri = f"ipp://{ADDRESS}:{self._ports[1]}/ipp/print"
        target = Target(uri=f"host://{ADDRESS}", found_by="mdns", hints=Hints(uris=(uri,)))
        if not self._restarts:
            if self._agent is None:
                self._agent = await self._stack.enter_async_context(self._opened())
            return await self._agent.visits.visit(target, METERS)
        async with self._opened() as agent:
            return await agent.visits.visit(target, METERS)

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Agent]:
        text = YAML.format(port=self._ports[0], readers=", ".join(self._readers))
        config = parse_config(text, str(self.path.with_name("pagemeter.yaml")), environ={})
        fence, budget = fence_of(config), Budget(self.clock, config.agent.packets_per_second)
        credentials = credentials_of(config)
        engine = SnmpEngine(fence=fence, budget=budget, credentials=credentials, clock=self.clock, timeout=0.1)
        ipp = IppClient(fence=fence, budget=budget)
        async with Store.open(self.path, clock=self.clock, group_seconds=0.0) as store, engine:
            registry = load_plugins(item.plugin for item in config.readers)
            agent = Agent(config, registry, store, engine, ipp, clock=self.clock)
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one.run()) for one in agent.readers]
                yield agent
                for task in tasks:
                    task.cancel()

    # ---- what came of it

    @property
    def latest(self) -> DeviceSnapshot:
        """What is current of the one device; fails where there are several."""
        with StoreReader(self.path) as store:
            (entry,) = store.fleet()
        return entry.latest

    def reads(self, key: str) -> list[MeterRead]:
        """Return what the documents of all visits say of a counter, in their order."""
        snapshots = (body for body in self._bodies() if isinstance(body, DeviceSnapshot))
        return [read for snapshot in snapshots for read in snapshot.meter_reads if read.key == key]

    def told(self, kind: str) -> list[Event]:
        """Return the events whose kind begins so, in the order of the log."""
        return [one for one in self._bodies() if isinstance(one, Event) and one.kind.startswith(kind)]

    def ledger(self, key: str) -> list[Series]:
        """Return the rows of a counter."""
        with StoreReader(self.path) as store:
            return [row for _, row in store.lives(Series) if row.key == key]

    def _bodies(self) -> list[object]:
        with StoreReader(self.path) as store:
            return [document.body for document in store.documents(Position(), 10_000)]


Story = Callable[[Home], Awaitable[None]]


@pytest.fixture(params=[False, True], ids=["one agent", "a restart before each visit"])
def live(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[..., Home]:
    """Return a function that lives through a story; the readers are asked in their order, SNMP first."""

    def lived(story: Story, *, readers: Sequence[str] = (MIB, IPP)) -> Home:
        home = Home(tmp_path, restarts=request.param, readers=readers)

        async def main() -> None:
            async with home:
                await story(home)

        run_root(main())
        return home

    return lived


@pytest.fixture
def snmp() -> type[Snmp]:
    """What the printer says over SNMP."""
    return Snmp


@pytest.fixture
def row() -> type[Row]:
    """A supply that it lists there."""
    return Row


@pytest.fixture
def readers() -> tuple[str, str]:
    """The readers in the order of most configurations."""
    return MIB, IPP
