"""A printer on loopback whose counters go as a story tells, and an agent that reads it while time passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pagemeter.agent import Agent
from pagemeter.clock import SystemClock
from pagemeter.config import parse_config
from pagemeter.continuity import Series
from pagemeter.model import DeviceSnapshot, Event, MeterRead, Scope, Target
from pagemeter.root import run_root
from pagemeter.rounds import METERS
from pagemeter.simulator import Behaviour, SimulatedDevice, Simulator, WalkFault
from pagemeter.snmp.types import Tag, VarBind, Walk, oid
from pagemeter.store import Position, StoreReader

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ADDRESSES = ("127.47.0.1", "127.47.0.2")
YAML = """\
networks: [{{network: 127.47.0.0/24}}]
agent: {{packets_per_second: 10000}}
credentials: [{{networks: [127.47.0.0/24], snmp: {{version: 2c, community: public, port: {port}}}}}]
discoveries: [{{plugin: static, targets: [127.47.0.1]}}]
readers: [{{plugin: printer_mib}}]
"""

Rows = Mapping[str, tuple[Tag, Any]]
MARKER = "1.3.6.1.2.1.43.10.2.1"
KYOCERA_SERVICE_COUNT = "1.3.6.1.4.1.1347.43.10.1.1.12.1.1"


class Calendar(SystemClock):
    """A wall clock that a story moves; waiting takes real time, for sockets do."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        return self.time


class Printer(SimulatedDevice):
    """Answers as what it shows now."""

    def __init__(self) -> None:
        super().__init__(Walk(()))
        self.inside = SimulatedDevice(Walk(()), Behaviour(sleeps=True))

    def answer(self, datagram: bytes) -> bytes | None:
        return self.inside.answer(datagram)

    def show(self, facts: Mapping[str, Any]) -> None:
        """Take the facts of a story; a counter that is none is not in the walk."""
        cut = Behaviour(walk_fault=WalkFault.ENDS, at=oid(MARKER)) if facts.get("cut_short") else Behaviour()
        asleep = Behaviour(sleeps=True)
        rows = {**_who(facts), **_marker(facts, 1), **_marker(facts, 2)}
        if facts.get("service_count") is not None:
            rows[KYOCERA_SERVICE_COUNT] = (Tag.COUNTER32, facts["service_count"])
        walk = Walk(VarBind(oid(place), tag, value) for place, (tag, value) in rows.items())
        self.inside = SimulatedDevice(walk, asleep if facts.get("asleep") else cut)


def _who(facts: Mapping[str, Any]) -> dict[str, tuple[Tag, Any]]:
    system, device = "1.3.6.1.2.1.1", "1.3.6.1.2.1.25.3.2.1"
    ticks = int(facts["uptime"].total_seconds() * 100) % 2**32
    rows: dict[str, tuple[Tag, Any]] = {
        f"{system}.1.0": (Tag.OCTET_STRING, b"ACME Printer 1"),
        f"{system}.2.0": (Tag.OBJECT_IDENTIFIER, oid(facts.get("object_id") or "1.3.6.1.4.1.99999.1")),
        f"{system}.3.0": (Tag.TIME_TICKS, ticks),
        f"{system}.5.0": (Tag.OCTET_STRING, facts.get("name", "printer").encode()),
        "1.3.6.1.2.1.2.2.1.3.1": (Tag.INTEGER, 6),
        "1.3.6.1.2.1.2.2.1.6.1": (Tag.OCTET_STRING, bytes.fromhex(facts.get("mac", "02504d000001"))),
        f"{device}.2.1": (Tag.OBJECT_IDENTIFIER, oid("1.3.6.1.2.1.25.3.1.5")),
        f"{device}.3.1": (Tag.OCTET_STRING, b"ACME Printer 1"),
        f"{device}.5.1": (Tag.INTEGER, 2),
        "1.3.6.1.2.1.25.3.5.1.1.1": (Tag.INTEGER, 4 if facts.get("printing") else 3),
        "1.3.6.1.2.1.25.3.5.1.2.1": (Tag.OCTET_STRING, b"\0"),
        "1.3.6.1.2.1.43.5.1.1.16.1": (Tag.OCTET_STRING, b"ACME Printer 1"),
    }
    if facts.get("serial", "ACM0000001"):
        rows["1.3.6.1.2.1.43.5.1.1.17.1"] = (Tag.OCTET_STRING, facts.get("serial", "ACM0000001").encode())
    if facts.get("second_mac"):
        rows["1.3.6.1.2.1.2.2.1.3.2"] = (Tag.INTEGER, 6)
        rows["1.3.6.1.2.1.2.2.1.6.2"] = (Tag.OCTET_STRING, bytes.fromhex(facts["second_mac"]))
    return rows


def _marker(facts: Mapping[str, Any], number: int) -> dict[str, tuple[Tag, Any]]:
    name = "" if number == 1 else "_2"
    told = {
        3: facts.get(f"unit{name}", facts.get("unit", 7)),
        4: facts.get(f"life{name}"),
        5: facts.get(f"power_on{name}"),
        6: facts.get(f"colorants{name}", facts.get("colorants", 1)),
    }
    if told[4] is None and told[5] is None:
        return {}
    rows: dict[str, tuple[Tag, Any]] = {f"{MARKER}.2.1.{number}": (Tag.INTEGER, 4)}
    for column, value in told.items():
        if value is not None:
            tag = Tag.COUNTER32 if column in (4, 5) and value < 2**32 else Tag.INTEGER
            rows[f"{MARKER}.{column}.1.{number}"] = (Tag.COUNTER64 if value >= 2**32 else tag, value)
    return rows


class Home:
    """Two addresses, an agent and its store; with ``restarts`` each visit is a new agent's."""

    def __init__(self, folder: Path, port: int, *, restarts: bool) -> None:
        self.clock = Calendar()
        self.path = folder / "pagemeter.db"
        self.printers = (Printer(), Printer())
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

    async def visit(self, facts: Mapping[str, Any], *, place: int = 0) -> None:
        """Let the printer show what it shows, and read it as the agent does."""
        for printer in self.printers:
            printer.show({**facts, "asleep": True})
        self.printers[place].show(facts)
        if not self._restarts:
            await self._read(await self._kept_open(), place)
            return
        async with AsyncExitStack() as stack:
            await self._read(await self._opened(stack), place)

    async def _kept_open(self) -> Agent:
        if self._agent is None:
            self._agent = await self._opened(self._stack)
        return self._agent

    async def _opened(self, stack: AsyncExitStack) -> Agent:
        config = parse_config(YAML.format(port=self._port), str(self.path.with_name("pagemeter.yaml")), environ={})
        agent = await stack.enter_async_context(Agent.open(config, self.path, clock=self.clock, group_seconds=0.0))
        await stack.enter_async_context(agent._running())
        return agent

    async def _read(self, agent: Agent, place: int) -> None:
        """Read as the cycles do; at an address where it is not known yet, as a discovery does that found it there."""
        here = f"host://{ADDRESSES[place]}"
        if not agent.inventory.entries():
            await agent.rounds.discover(agent.discoveries[0])
        elif [place.uri for place in agent.inventory.places()] != [here]:
            # A cycle would wait for the other address, where nobody answers.
            await agent.visits.visit(Target(uri=here, found_by="static"), METERS)
            return
        await agent.rounds.visit_all(METERS, "Reading")

    # ---- what came of it

    def reads(self, key: str) -> list[MeterRead]:
        """Return what the documents of all visits say of a counter, in their order."""
        snapshots = [
            body for body in self._bodies() if isinstance(body, DeviceSnapshot) and Scope.METERS in body.scopes
        ]
        return [read for snapshot in snapshots for read in snapshot.meter_reads if read.key == key]

    def events(self) -> list[Event]:
        """Return the events about meters, in their order."""
        bodies = (body for body in self._bodies() if isinstance(body, Event))
        return [body for body in bodies if body.kind.startswith("meter")]

    def ledger(self) -> list[Series]:
        """Return the rows of the ledger, in the order of counters and numbers."""
        with StoreReader(self.path) as store:
            return [row for _, row in store.lives(Series)]

    def current(self, key: str) -> MeterRead | None:
        """Return what is current of a counter."""
        with StoreReader(self.path) as store:
            reads = [read for entry in store.fleet() for read in entry.latest.meter_reads if read.key == key]
        return reads[0] if reads else None

    def _bodies(self) -> list[Any]:
        with StoreReader(self.path) as store:
            return [document.body for document in store.documents(Position(), 10_000)]


@pytest.fixture
def tell(tmp_path: Path, common_port: Callable[[], int]) -> Callable[..., Home]:
    """Return a function that lives through visits: (time passed, facts, place, clock set by) each."""

    def live(visits: list[Any], *, restarts: bool) -> Home:
        home = Home(tmp_path, common_port(), restarts=restarts)

        async def main() -> None:
            async with home:
                for visit in visits:
                    home.clock.time += visit.passed + visit.clock_set_by
                    await home.visit(visit.facts, place=visit.place)

        run_root(main())
        return home

    return live
