"""Printers on loopback whose supplies and alerts go as a story tells, and a whole agent that reads them over time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pagemeter.agent import Agent
from pagemeter.clock import SystemClock
from pagemeter.config import parse_config
from pagemeter.config.build import credentials_of, fence_of
from pagemeter.continuity import AlertLife, SupplyLife
from pagemeter.errors import Unreachable
from pagemeter.ipp.message import IppMessage
from pagemeter.model import Alert, DeviceSnapshot, Event, Scope, Supply, Target
from pagemeter.net.budget import Budget
from pagemeter.plugins import load_plugins
from pagemeter.root import run_root
from pagemeter.rounds import ALERTS, METERS
from pagemeter.simulator import Behaviour, SimulatedDevice, Simulator, WalkFault
from pagemeter.snmp.engine import SnmpEngine
from pagemeter.snmp.types import Tag, VarBind, Walk, oid
from pagemeter.store import Position, Store, StoreReader
from pagemeter.testing import ipp_group

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
"""A Monday."""
ADDRESSES = ("127.48.0.1", "127.48.0.2")
COLORANTS = ("black", "cyan", "magenta", "yellow")
YAML = """\
networks: [{{network: 127.48.0.0/24}}]
agent: {{packets_per_second: 10000}}
credentials: [{{networks: [127.48.0.0/24], snmp: {{version: 2c, community: public, port: {port}}}}}]
readers: [{{plugin: printer_mib}}, {{plugin: ipp, retry_days: 0}}]
"""


@dataclass(frozen=True, kw_only=True)
class Cartridge:
    """A row of prtMarkerSuppliesTable; ``color`` is a row of the colorant table, 0 for none."""

    row: int = 1
    level: int = 100
    color: int = 1
    kind: int = 21
    filled: bool = False
    words: str = "Black Toner Cartridge"
    unit: int = 19
    capacity: int = 100


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of prtAlertTable; ``age`` is how long ago the device says that it was raised."""

    row: int = 1
    code: int
    group: int = 11
    index: int = 1
    severity: int = 5
    training: int = 3
    location: int = -2
    words: str = ""
    age: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a printer shows at one visit; ``reasons`` are told over IPP, where it speaks it."""

    cartridges: tuple[Cartridge, ...] = ()
    alerts: tuple[Row, ...] = ()
    life: int = 1000
    status: tuple[int, int] = (2, 3)
    bits: bytes = b"\0\0"
    up: timedelta = timedelta(days=30)
    snmp: bool = True
    cut: str | None = None
    reasons: tuple[str, ...] | None = None


def rows_of(shown: Shown, serial: str) -> list[VarBind]:
    """Write it as a walk (RFC 2790, RFC 3805)."""
    ticks = int(shown.up.total_seconds() * 100)
    system: list[tuple[str, Tag, Any]] = [
        ("1.1.0", Tag.OCTET_STRING, b"ACME Printer 1"),
        ("1.2.0", Tag.OBJECT_IDENTIFIER, oid("1.3.6.1.4.1.99999.1")),
        ("1.3.0", Tag.TIME_TICKS, ticks),
        ("25.3.2.1.2.1", Tag.OBJECT_IDENTIFIER, oid("1.3.6.1.2.1.25.3.1.5")),
        ("25.3.2.1.3.1", Tag.OCTET_STRING, b"ACME Printer 1"),
        ("25.3.2.1.5.1", Tag.INTEGER, shown.status[0]),
        ("25.3.5.1.1.1", Tag.INTEGER, shown.status[1]),
        ("25.3.5.1.2.1", Tag.OCTET_STRING, shown.bits),
        ("43.5.1.1.17.1", Tag.OCTET_STRING, serial.encode()),
        ("43.10.2.1.2.1.1", Tag.INTEGER, 4),
        ("43.10.2.1.3.1.1", Tag.INTEGER, 7),
        ("43.10.2.1.4.1.1", Tag.COUNTER32, shown.life),
    ]
    for row, color in enumerate(COLORANTS, start=1):
        system.append((f"43.12.1.1.4.1.{row}", Tag.OCTET_STRING, color.encode()))
    for one in shown.cartridges:
        columns = (
            1,
            one.color,
            4 if one.filled else 3,
            one.kind,
            one.words.encode(),
            one.unit,
            one.capacity,
            one.level,
        )
        for column, value in enumerate(columns, start=2):
            tag = Tag.OCTET_STRING if isinstance(value, bytes) else Tag.INTEGER
            system.append((f"43.11.1.1.{column}.1.{one.row}", tag, value))
    for alert in shown.alerts:
        raised = 0 if alert.age is None else ticks - int(alert.age.total_seconds() * 100)
        told = (alert.severity, alert.training, alert.group, alert.index, alert.location, alert.code)
        for column, number in enumerate(told, start=2):
            system.append((f"43.18.1.1.{column}.1.{alert.row}", Tag.INTEGER, number))
        system.append((f"43.18.1.1.8.1.{alert.row}", Tag.OCTET_STRING, alert.words.encode()))
        system.append((f"43.18.1.1.9.1.{alert.row}", Tag.TIME_TICKS, raised))
    return [VarBind(oid(f"1.3.6.1.2.1.{place}"), tag, value) for place, tag, value in system]


class Printer(SimulatedDevice):
    """Answers as what it shows now."""

    def __init__(self, serial: str) -> None:
        super().__init__(Walk(()))
        self._serial = serial
        self._inside: SimulatedDevice | None = None

    def answer(self, datagram: bytes) -> bytes | None:
        return self._inside.answer(datagram) if self._inside is not None else None

    def show(self, shown: Shown | None) -> None:
        """Show something else; nothing at all is a printer that is off."""
        self._inside = None
        if shown is not None and shown.snmp:
            cut = Behaviour(walk_fault=WalkFault.SILENT, at=oid(shown.cut)) if shown.cut else Behaviour()
            self._inside = SimulatedDevice(Walk(rows_of(shown, self._serial)), cut)


class Calendar(SystemClock):
    """A wall clock that a story moves; waiting takes real time, for sockets do."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        return self.time


class Ipp:
    """IPP of the printers that speak it, at the path of IPP Everywhere."""

    def __init__(self) -> None:
        self.groups: dict[str, Any] = {}

    async def ask(self, uri: str, message: IppMessage, *, server: bool = False) -> IppMessage:
        """Answer as the printer does."""
        host, _, path = uri.partition("://")[2].partition("/")
        if host not in self.groups or path != "ipp/print":
            raise Unreachable(f"{uri} does not answer IPP")
        return IppMessage(message.version, 0, message.request_id, (self.groups[host],))


class Home:
    """Two addresses with a printer each, an agent and its store; with ``restarts`` each visit is a new agent's."""

    def __init__(self, folder: Path, port: int, *, restarts: bool = False) -> None:
        self.path = folder / "pagemeter.db"
        self.clock, self.ipp = Calendar(), Ipp()
        self.printers = tuple(Printer(f"ACM000000{number}") for number in range(1, 3))
        self._restarts = restarts
        self._stack = AsyncExitStack()
        self._agent: Agent | None = None
        self._port = port

    async def __aenter__(self) -> Home:
        places = zip(ADDRESSES, self.printers, strict=True)
        await self._stack.enter_async_context(Simulator([(address, self._port, one) for address, one in places]))
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._stack.aclose()

    async def visit(
        self, *shown: Shown | None, after: timedelta = timedelta(hours=2), alerts_only: bool = False
    ) -> None:
        """Let time pass, let each printer show what it shows, and read them."""
        self.clock.time += after
        self.ipp.groups = {}
        for printer, address, one in zip(self.printers, ADDRESSES, shown, strict=False):
            printer.show(one)
            if one is not None and one.reasons is not None:
                self.ipp.groups[address] = ipp_group(
                    printer_make_and_model="ACME Printer 1",
                    printer_serial_number=f"ACM000000{ADDRESSES.index(address) + 1}",
                    printer_state=3,
                    printer_state_reasons=list(one.reasons) or ["none"],
                )
        scopes = ALERTS if alerts_only else METERS
        if not self._restarts:
            if self._agent is None:
                self._agent = await self._stack.enter_async_context(self._opened())
            await self._read(self._agent, scopes, len(shown))
            return
        async with self._opened() as agent:
            await self._read(agent, scopes, len(shown))

    async def _read(self, agent: Agent, scopes: frozenset[Scope], count: int) -> None:
        for address in ADDRESSES[:count]:
            await agent.visits.visit(Target(uri=f"host://{address}", found_by="static"), scopes)

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Agent]:
        config = parse_config(YAML.format(port=self._port), str(self.path.with_name("pagemeter.yaml")), environ={})
        engine = SnmpEngine(
            fence=fence_of(config),
            budget=Budget(self.clock, config.agent.packets_per_second),
            credentials=credentials_of(config),
            clock=self.clock,
            timeout=0.1,
        )
        async with Store.open(self.path, clock=self.clock, group_seconds=0.0) as store, engine:
            registry = load_plugins(item.plugin for item in config.readers)
            agent = Agent(config, registry, store, engine, self.ipp, clock=self.clock)  # type: ignore[arg-type] # asks only
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one.run()) for one in agent.readers]
                yield agent
                for task in tasks:
                    task.cancel()

    # ---- what came of it

    def told(self, kind: str) -> list[Event]:
        """Return the events whose kind begins so, in the order of the log."""
        return [one for one in self._bodies() if isinstance(one, Event) and one.kind.startswith(kind)]

    def devices(self) -> list[str]:
        """Return the ids of the printers in the order of their addresses."""
        with StoreReader(self.path) as store:
            entries = sorted(store.fleet(), key=lambda entry: entry.latest.target)
        return [entry.latest.device.id for entry in entries]

    def lives(self, place: int = 0) -> list[SupplyLife]:
        """Return the rows of the supplies of one printer."""
        with StoreReader(self.path) as store:
            return [row for _, row in store.lives(SupplyLife, self.devices()[place])]

    def alert_rows(self, place: int = 0) -> list[AlertLife]:
        """Return the rows of the alerts of one printer."""
        with StoreReader(self.path) as store:
            return [row for _, row in store.lives(AlertLife, self.devices()[place])]

    def supplies(self, place: int = 0) -> tuple[Supply, ...]:
        """Return the supplies that are current."""
        return self._latest(place).supplies

    def alerts(self, place: int = 0) -> tuple[Alert, ...]:
        """Return the alerts that are current."""
        return self._latest(place).alerts

    def _latest(self, place: int) -> DeviceSnapshot:
        with StoreReader(self.path) as store:
            (entry,) = store.fleet_of([self.devices()[place]])
        return entry.latest

    def _bodies(self) -> list[object]:
        with StoreReader(self.path) as store:
            return [document.body for document in store.documents(Position(), 10_000)]


def shown(told: Mapping[str, Any]) -> Shown | None:
    """Build what a printer shows from a visit of a table; ``off`` is a printer that does not answer at all."""
    if told.get("off"):
        return None
    known = dict(told)
    known["cartridges"] = tuple(Cartridge(**one) for one in known.pop("supplies", ()))
    rows = (dict(one) for one in known.pop("alerts", ()))
    known["alerts"] = tuple(
        Row(**{**one, **({"age": timedelta(minutes=one["age"])} if "age" in one else {})}) for one in rows
    )
    for name, make in (("status", tuple), ("reasons", tuple), ("bits", bytes.fromhex)):
        if name in known:
            known[name] = make(known[name])
    if "up" in known:
        known["up"] = timedelta(hours=known["up"])
    return Shown(**known)


@pytest.fixture(params=[False, True], ids=["one agent", "a restart before each visit"])
def live(tmp_path: Path, request: pytest.FixtureRequest, common_port: Callable[[], int]) -> Callable[..., Home]:
    """Return a function that lives through the visits of a row of a table, two hours apart unless they say otherwise.

    A visit is what the first printer shows, or under ``printers`` what each shows; ``hours`` passed before it. ``each``
    is called after each visit, with its number.
    """

    def story(visits: Sequence[Mapping[str, Any]], each: Callable[[Home, int], None]) -> Home:
        home = Home(tmp_path, common_port(), restarts=request.param)

        async def main() -> None:
            async with home:
                for number, visit in enumerate(visits):
                    told = {
                        name: value for name, value in visit.items() if name not in ("hours", "told", "now", "only")
                    }
                    printers = [shown(one) for one in told.get("printers", [told])]
                    after = timedelta(hours=visit.get("hours", 2 if number else 0))
                    await home.visit(*printers, after=after, alerts_only=visit.get("only") == "alerts")
                    each(home, number)

        run_root(main())
        return home

    return story
