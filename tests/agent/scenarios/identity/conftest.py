"""A site to play scenarios at: printers on loopback that come, go, move and change, a real agent and its real store."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pagemeter.agent import Agent
from pagemeter.clock import SystemClock
from pagemeter.component import Seen
from pagemeter.config import AgentConfig, parse_config
from pagemeter.config.build import credentials_of, fence_of
from pagemeter.config.catalog import InstalledCatalog, installed_catalog
from pagemeter.errors import Unreachable
from pagemeter.ipp.message import Group, IppMessage
from pagemeter.model import (
    DeviceSnapshot,
    Event,
    FleetEntry,
    Identity,
    MeterRead,
    MeterUnit,
    Origin,
    Reading,
    Scope,
    Target,
    Work,
)
from pagemeter.net.budget import Budget
from pagemeter.plugins import Registry, load_plugins
from pagemeter.rounds import ALERTS, METERS
from pagemeter.simulator import SimulatedDevice, Simulator
from pagemeter.snmp.engine import SnmpEngine
from pagemeter.snmp.types import Oid, Tag, VarBind, Walk, oid
from pagemeter.store import Position, Store, StoreReader
from pagemeter.supervisor import Supervisor
from pagemeter.testing import ipp_group

PLACES = {"A": "127.46.0.1", "B": "127.46.0.2", "C": "127.46.0.3", "D": "127.46.0.4", "E": "127.47.0.1"}
START = datetime(2026, 3, 2, 8, tzinfo=UTC)
IDENTITY_EVENTS = ("device-found", "device-moved", "device-silent", "device-back", "devices-merged")
YAML = """\
agent: {{packets_per_second: 10000}}
networks:
  - {{network: 127.46.0.0/24, site: Plant 1}}
  - {{network: 127.47.0.0/24, site: Plant 2}}
credentials:
  - {{networks: [127.46.0.0/24, 127.47.0.0/24], snmp: {{version: 2c, community: public, port: {port}}}}}
discoveries:
  - {{plugin: static, targets: [{targets}]}}
readers:
  - plugin: printer_mib
  - plugin: ipp
outputs:
  - {{plugin: files, folder: out}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Printer:
    """A printer as it answers now; what is absent it does not tell. ``pages`` tells it apart from all others."""

    words: str
    pages: int
    serial: str | None = None
    macs: tuple[str, ...] = ()
    name: str | None = None
    seat: int = 1
    uuid: str | None = None
    queue: str | None = None
    ipp_serial: str | None = None
    ipp_words: str | None = None
    snmp: bool = True

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Printer:
        """Build it from a row of the table."""
        return cls(**{**told, "macs": tuple(told.get("macs", ()))})

    def rows(self) -> list[VarBind]:
        """Return its rows of hrDeviceTable, prtGeneralTable and prtMarkerTable (RFC 2790, RFC 3805)."""
        seat = self.seat
        rows = [
            _row(f"25.3.2.1.2.{seat}", Tag.OBJECT_IDENTIFIER, oid("1.3.6.1.2.1.25.3.1.5")),
            _row(f"25.3.2.1.3.{seat}", Tag.OCTET_STRING, self.words.encode()),
            _row(f"43.5.1.1.1.{seat}", Tag.COUNTER32, 0),
            _row(f"43.10.2.1.2.{seat}.1", Tag.INTEGER, 4),
            _row(f"43.10.2.1.3.{seat}.1", Tag.INTEGER, 7),
            _row(f"43.10.2.1.4.{seat}.1", Tag.COUNTER32, self.pages),
        ]
        if self.serial is not None:
            rows.append(_row(f"43.5.1.1.17.{seat}", Tag.OCTET_STRING, self.serial.encode()))
        return rows

    def attributes(self) -> Group | None:
        """Return what it answers over IPP, none where it speaks none."""
        if self.uuid is None and self.ipp_words is None:
            return None
        told: dict[str, Any] = {"printer_make_and_model": self.ipp_words or self.words}
        told["printer_impressions_completed"] = self.pages
        if self.uuid is not None:
            told["printer_uuid"] = f"urn:uuid:{self.uuid}"
        if self.queue is not None:
            told["printer_name"] = self.queue
        if self.ipp_serial is not None:
            told["printer_serial_number"] = self.ipp_serial
        return ipp_group(**told)


def _row(tail: str, tag: Tag, value: Any) -> VarBind:
    return VarBind(oid(f"1.3.6.1.2.1.{tail}"), tag, value)


def _host(printers: Sequence[Printer]) -> SimulatedDevice | None:
    """Make a host of the printers behind it; names and MACs are those of the first, for a host has them once."""
    if not printers or not printers[0].snmp:
        return None
    first = printers[0]
    rows = [
        _row("1.1.0", Tag.OCTET_STRING, first.words.encode()),
        _row("1.3.0", Tag.TIME_TICKS, 8_640_000),
        *(row for printer in printers for row in printer.rows()),
    ]
    if first.name is not None:
        rows.append(_row("1.5.0", Tag.OCTET_STRING, first.name.encode()))
    for number, mac in enumerate(first.macs, start=1):
        rows.append(_row(f"2.2.1.3.{number}", Tag.INTEGER, 6 if number == 1 else 71))
        rows.append(_row(f"2.2.1.6.{number}", Tag.OCTET_STRING, bytes.fromhex(mac.replace(":", ""))))
    return SimulatedDevice(Walk(rows))


class Outlet(SimulatedDevice):
    """A socket of the wall: whatever is plugged in answers, and nothing where nothing is."""

    def __init__(self) -> None:
        super().__init__(Walk(()))
        self.host: SimulatedDevice | None = None

    def answer(self, datagram: bytes) -> bytes | None:
        """Let the host answer."""
        return self.host.answer(datagram) if self.host is not None else None


class SiteClock(SystemClock):
    """The clock of this host but for the wall clock, which a scenario moves; each look at it is a second later."""

    def __init__(self) -> None:
        self._now = START

    def now(self) -> datetime:
        """Return the scenario's time."""
        self._now += timedelta(seconds=1)
        return self._now

    def later(self, by: timedelta) -> None:
        """Let time pass."""
        self._now += by


class SiteIpp:
    """IPP of the printers that are there, at the path of IPP Everywhere."""

    def __init__(self) -> None:
        self.groups: dict[str, Group] = {}

    async def ask(self, uri: str, message: IppMessage, *, server: bool = False) -> IppMessage:
        """Answer as the printer does."""
        host, _, path = uri.partition("://")[2].partition("/")
        if host not in self.groups or path != "ipp/print":
            raise Unreachable(f"{uri} does not answer IPP")
        return IppMessage(message.version, 0, message.request_id, (self.groups[host],))


class SiteEngine(SnmpEngine):
    """The engine of the agent, that is told which outlets are dark: there it does not wait for an answer."""

    def __init__(self, outlets: Mapping[str, Outlet], config: AgentConfig, clock: SiteClock) -> None:
        super().__init__(
            fence=fence_of(config),
            budget=Budget(clock, config.agent.packets_per_second),
            credentials=credentials_of(config),
            clock=clock,
        )
        self._outlets = {PLACES[place]: outlet for place, outlet in outlets.items()}

    async def get(self, target: Target, oids: Sequence[Oid], *, within: float = 60.0) -> Walk:
        """Ask who is there."""
        self._look_at(target)
        return await super().get(target, oids, within=within)

    async def walk(self, target: Target, roots: Sequence[Oid], *, within: float = 60.0) -> Walk:
        """Read who is there."""
        self._look_at(target)
        return await super().walk(target, roots, within=within)

    async def again(self, target: Target, rows: Mapping[Oid, int], **known: Any) -> Walk:
        """Read again who is there."""
        self._look_at(target)
        return await super().again(target, rows, **known)

    def _look_at(self, target: Target) -> None:
        if self._outlets[target.host].host is None:
            raise Unreachable(f"{target.uri} did not answer SNMP; nothing is plugged in there")


@cache
def _plugins() -> tuple[InstalledCatalog, Registry]:
    """Load them once: reading their manifests takes longer than most rows."""
    names = ("static", "printer_mib", "ipp", "files")
    return installed_catalog(names), load_plugins(names)


class _NoRoomForAliases(sqlite3.Connection):
    """A disk that fills up in the middle of the transaction of a merge."""

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        if "REPLACE INTO alias" in sql:
            raise sqlite3.OperationalError("database or disk is full")
        return super().execute(sql, *values)


class Site:
    """The site of one scenario: plug printers in, let the agent look, and read its store."""

    def __init__(self, folder: Path, outlets: Mapping[str, Outlet], port: int, *, places: Sequence[str]) -> None:
        self.path = folder / "pagemeter.db"
        self.clock, self.ipp = SiteClock(), SiteIpp()
        self.agent: Agent | None = None
        self._places = tuple(places)
        self._outlets = outlets
        targets = ", ".join(PLACES[place] for place in places)
        text = YAML.format(port=port, targets=targets)
        catalog, _ = _plugins()
        name = str(folder / "pagemeter.yaml")
        self._config: AgentConfig = parse_config(text, name, environ={}, catalog=lambda _: catalog)
        self._stack = AsyncExitStack()
        self._usb: tuple[Printer, ...] = ()
        self._read = 0

    async def begin(self) -> None:
        """Start the agent; where one runs it ends first, as a killed one does: what is not in the store is gone."""
        await self._stack.aclose()
        self.agent = await self._stack.enter_async_context(self._agent())

    async def failing(self) -> None:
        """Start the agent anew on a disk that takes nothing that gives an id up."""
        await self._stack.aclose()
        self.agent = await self._stack.enter_async_context(self._agent(_NoRoomForAliases))

    async def end(self) -> None:
        """Stop the agent."""
        await self._stack.aclose()

    def plug(self, there: Mapping[str, Sequence[Printer]]) -> None:
        """Let these printers be there and no others."""
        self.ipp.groups = {}
        for place, outlet in self._outlets.items():
            printers = there.get(place, ())
            outlet.host = _host(printers)
            for printer in printers:
                if (group := printer.attributes()) is not None:
                    self.ipp.groups[PLACES[place]] = group
        self._usb = tuple(there.get("usb", ()))

    async def look(self, places: Sequence[str] | None = None, *, alerts: bool = False) -> None:
        """Let the agent discover the places one after another, all of them unless named, and read what it found."""
        assert self.agent is not None
        for place in self._places if places is None else places:
            if self._is_blank(place):
                continue
            target = Target(uri=f"host://{PLACES[place]}", found_by="static")
            await self.agent.visits.visit(target, ALERTS if alerts else METERS)
        for printer in self._usb:
            await self.agent.visits.gathered([_seen(printer)], "usb")
        if places is None:
            await self.agent.rounds.visit_all(METERS, "meters")

    def _is_blank(self, place: str) -> bool:
        """Say whether nobody answers at a place and nobody is known there: a look there only costs a timeout."""
        known = {one for entry in self.fleet() for one in (entry.latest.target, *entry.latest.device.addresses)}
        answers = self._outlets[place].host is not None or PLACES[place] in self.ipp.groups
        return not answers and not {PLACES[place], f"host://{PLACES[place]}"} & known

    def fleet(self) -> tuple[FleetEntry, ...]:
        """Return what the store knows."""
        with StoreReader(self.path) as store:
            return tuple(store.fleet())

    def aliases(self) -> dict[str, str]:
        """Return the ids that were given up."""
        with StoreReader(self.path) as store:
            return dict(store.aliases())

    def happened(self) -> tuple[Event, ...]:
        """Return what the log tells of identity since the last call, in its order."""
        bodies = self.bodies()
        new, self._read = bodies[self._read :], len(bodies)
        return tuple(body for body in new if isinstance(body, Event) and body.kind in IDENTITY_EVENTS)

    def events(self) -> tuple[Event, ...]:
        """Return what the whole log tells of identity."""
        return tuple(body for body in self.bodies() if isinstance(body, Event) and body.kind in IDENTITY_EVENTS)

    def snapshots(self) -> tuple[DeviceSnapshot, ...]:
        """Return every snapshot of the log."""
        return tuple(body for body in self.bodies() if isinstance(body, DeviceSnapshot))

    def bodies(self) -> tuple[object, ...]:
        """Return the log."""
        with StoreReader(self.path) as store:
            return tuple(document.body for document in store.documents(Position(), 10_000))

    @asynccontextmanager
    async def _agent(self, connection: type[sqlite3.Connection] = sqlite3.Connection) -> AsyncIterator[Agent]:
        config, (_, registry) = self._config, _plugins()
        engine = SiteEngine(self._outlets, config, self.clock)
        store = Store.open(self.path, clock=self.clock, group_seconds=0.0, connection=connection)
        async with store, engine:
            agent = Agent(config, registry, store, engine, self.ipp, clock=self.clock)  # type: ignore[arg-type] # asks only
            async with asyncio.TaskGroup() as group:
                items: list[Supervisor[Any]] = [*agent.discoveries, *agent.readers, *agent.outputs]
                tasks = [group.create_task(one.run()) for one in items]
                yield agent
                for task in tasks:
                    task.cancel()


def _seen(printer: Printer) -> Seen:
    """Say what a source tells of a printer at a cable."""
    maker, _, model = printer.words.partition(" ")
    who = Identity(serial_number=printer.serial, manufacturer=maker, model=printer.words)
    origin = Origin(protocol="usb", where="prtMarkerLifeCount")
    total = MeterRead(
        work=Work.TOTAL,
        unit=MeterUnit.IMPRESSIONS,
        value=printer.pages,
        raw=str(printer.pages),
        origin=origin,
        at=START,
    )
    scopes = frozenset({Scope.IDENTITY, Scope.METERS})
    uri = f"usb://{maker}/{model.replace(' ', '%20')}?serial={printer.serial}"
    reading = Reading(identity=who, scopes=scopes, meter_reads=(total,))
    return Seen(target=Target(uri=uri, found_by="usb"), readings=(reading,))


@pytest.fixture
def printer() -> Callable[[Mapping[str, Any]], Printer]:
    """Return what builds a printer of a row of the table."""
    return Printer.of


@pytest.fixture
async def site(tmp_path: Path, common_port: Callable[[], int]) -> AsyncIterator[Callable[..., Awaitable[Site]]]:
    """Return a function that opens a site with an agent that looks at some places in an order."""
    async with AsyncExitStack() as stack:

        async def open_site(places: Sequence[str] = tuple(PLACES), *, folder: str = "site") -> Site:
            (tmp_path / folder).mkdir()
            outlets = {place: Outlet() for place in PLACES}
            port = common_port()
            await stack.enter_async_context(
                Simulator([(address, port, outlets[place]) for place, address in PLACES.items()])
            )
            here = Site(tmp_path / folder, outlets, port, places=places)
            stack.push_async_callback(here.end)
            await here.begin()
            return here

        yield open_site
