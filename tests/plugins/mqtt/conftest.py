from __future__ import annotations

import asyncio
import getpass
import json
import os
import shutil
import socket
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import Any

import pytest

from pagemeter import Batch, Feed
from pagemeter.clock import SystemClock
from pagemeter.model import (
    AgentStatus,
    Alert,
    Device,
    DeviceSnapshot,
    Document,
    FleetEntry,
    Key,
    Level,
    LevelState,
    MeterColor,
    MeterRead,
    MeterUnit,
    Origin,
    PrinterState,
    Scope,
    Severity,
    Status,
    Supply,
    SupplyKind,
    Work,
)
from pagemeter.testing import FakeServices

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
SNMP = Origin(protocol="snmp", where="1.3.6.1.2.1.43.10.2.1.4.1.1")


@pytest.fixture
def agent_status() -> AgentStatus:
    return AgentStatus(agent="agent-1", version="0.1.0", site="Head office", started_at=NOW - timedelta(days=3), at=NOW)


@pytest.fixture
def batch_of(agent_status: AgentStatus) -> Callable[..., Batch]:
    def build(feed: Feed, *bodies: object, fleet: tuple[FleetEntry, ...] = (), id: str = "batch-1") -> Batch:  # noqa: A002 - the field's name
        documents = tuple(
            Document(key=Key(agent="agent-1", epoch="00000001-00000000000000aa", seq=seq), at=NOW, body=body)  # type: ignore[arg-type] # any body
            for seq, body in enumerate(bodies, 1)
        )
        return Batch(id=id, feed=feed, agent=agent_status, documents=documents, fleet=fleet)

    return build


@pytest.fixture
def entry_of() -> Callable[..., FleetEntry]:
    """A printer with two meters, a toner of 33 %, a waste box that says "some", and a jam; fields can be changed."""

    def build(**changes: object) -> FleetEntry:
        device = Device(
            id="d1", serial_number="SN0001", manufacturer="Acme", model="Acme Laser 9", name="hall printer",
            firmware="4.2", product_number="A9-100", addresses=("10.0.0.7",),
        )  # fmt: skip
        facts: dict[str, object] = {
            "device": device,
            "target": "host://10.0.0.7",
            "taken_at": NOW,
            "scopes": frozenset(Scope),
            "status": Status(state=PrinterState.ERROR, device_status="down", error_bits=("jammed",), origin=SNMP),
            "meter_reads": (
                MeterRead(work=Work.TOTAL, unit=MeterUnit.IMPRESSIONS, value=12345, raw="12345", origin=SNMP, at=NOW),
                MeterRead(
                    work=Work.PRINT, color=MeterColor.FULL_COLOR, media="large", unit=MeterUnit.IMPRESSIONS,
                    code="122", value=0, raw="0", origin=SNMP, at=NOW,
                ),
            ),
            "supplies": (_toner(33), _waste()),
            "alerts": (
                Alert(
                    key="1", severity=Severity.CRITICAL, code=8, code_name="jam", description="Jam in tray 2",
                    origin=SNMP,
                ),
            ),
        }  # fmt: skip
        snapshot = DeviceSnapshot(**(facts | changes))  # type: ignore[arg-type] # the fields of a snapshot
        return FleetEntry(latest=snapshot, first_seen=NOW - timedelta(days=9), last_success=NOW)

    return build


@pytest.fixture
def toner() -> Callable[[int | None], Supply]:
    """A black toner of so many percent, or one that only says that there is some."""
    return _toner


def _toner(percent: int | None) -> Supply:
    level = Level(state=LevelState.MEASURED, units=percent, percent=percent)
    if percent is None:
        level = Level(state=LevelState.SOME_REMAINING)
    return Supply(
        index="1.1", kind=SupplyKind.CONSUMED, type="tonerCartridge", colorants=("black",), level=level, origin=SNMP,
        at=NOW,
    )  # fmt: skip


def _waste() -> Supply:
    level = Level(state=LevelState.SOME_REMAINING)
    return Supply(index="1.2", kind=SupplyKind.FILLED, type="wasteToner", level=level, origin=SNMP, at=NOW)


# ---- a real broker, and somebody who listens


class Broker:
    """A mosquitto in the foreground, at one port however often it is started."""

    def __init__(self, folder: Path, *lines: str, port: int | None = None) -> None:
        self.folder, self.port = folder, port or _free_port()
        self.settings = {"host": "127.0.0.1", "port": self.port}
        listener = [f"listener {self.port} 127.0.0.1", *lines]
        if not any(line.startswith("allow_anonymous") for line in lines):
            listener.append("allow_anonymous true")
        # A broker that is started by root gives its rights away to this user, who can't read a test's folder.
        (folder / "mosquitto.conf").write_text("\n".join([f"user {getpass.getuser()}", *listener]) + "\n")
        self._process: Popen[bytes] | None = None

    async def start(self) -> None:
        process = self._process = await asyncio.to_thread(self._started)
        async with asyncio.timeout(20):
            while True:
                if process.poll() is not None:
                    raise AssertionError((self.folder / "mosquitto.log").read_text())
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    await writer.wait_closed()
                    return

    def _started(self) -> Popen[bytes]:
        with (self.folder / "mosquitto.log").open("ab") as log:
            command = [str(MOSQUITTO), "-v", "-c", str(self.folder / "mosquitto.conf")]
            return Popen(command, stdin=DEVNULL, stdout=log, stderr=log)

    def kill(self) -> None:
        """As the power would do it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    async def publish(self, topic: str, payload: str, *options: str) -> None:
        program = await asyncio.create_subprocess_exec(
            "mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.port), "-q", "1", "-t", topic, "-m", payload, *options
        )
        assert await program.wait() == 0

    async def _knocked(self, listener: Listener) -> None:
        """Publish until the listener, which subscribes in its own time, hears it."""
        heard = asyncio.create_task(listener.on("test/ready"))
        while not heard.done():
            await self.publish("test/ready", "")
            await asyncio.wait({heard}, timeout=0.1)
        await heard

    @asynccontextmanager
    async def listener(self, *options: str) -> AsyncIterator[Listener]:
        """mosquitto_sub: what is published while the block runs, and what the broker kept before."""
        program = await asyncio.create_subprocess_exec(
            *("mosquitto_sub", "-h", "127.0.0.1", "-p", str(self.port), "-q", "1", "-F", "%j"),
            *(options or ("-t", "#")),
            stdout=PIPE,
            limit=2**24,
        )
        listener = Listener(program)
        try:
            # What the broker sends for this one has come after all that it kept.
            if not options:
                await self._knocked(listener)
            yield listener
        finally:
            program.kill()
            await program.communicate()


class Listener:
    """The messages in their order, each with topic, payload and retain as mosquitto_sub's %j gives them."""

    def __init__(self, program: asyncio.subprocess.Process) -> None:
        self._program = program
        self.messages: list[dict[str, Any]] = []

    async def next(self) -> dict[str, Any]:
        assert self._program.stdout is not None
        message: dict[str, Any] = json.loads(await self._program.stdout.readline())
        self.messages.append(message)
        return message

    async def until(self, wanted: Callable[[dict[str, Any]], bool], seconds: float = 20) -> dict[str, Any]:
        """Wait for a message, from now on."""
        async with asyncio.timeout(seconds):
            while not wanted(message := await self.next()):
                pass
        return message

    async def on(self, topic: str) -> dict[str, Any]:
        return await self.until(lambda message: bool(message["topic"] == topic))

    def last(self, topic: str) -> dict[str, Any] | None:
        return next((message for message in reversed(self.messages) if message["topic"] == topic), None)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
async def broker_with(tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[Broker]]]:
    """Start a broker with more lines of mosquitto.conf."""
    if MOSQUITTO is None or shutil.which("mosquitto_sub") is None:
        pytest.skip("mosquitto and mosquitto_sub (Debian: mosquitto, mosquitto-clients) are not installed")
    brokers: list[Broker] = []

    async def start(*lines: str) -> Broker:
        broker = Broker(tmp_path, *lines)
        brokers.append(broker)
        await broker.start()
        return broker

    yield start
    for broker in brokers:
        broker.kill()


@pytest.fixture
async def broker(broker_with: Callable[..., Awaitable[Broker]]) -> Broker:
    return await broker_with()


@pytest.fixture
def services(tmp_path: Path) -> FakeServices:
    return FakeServices(clock=SystemClock(), folder=tmp_path)
