"""The client and the reader against ippeveprinter and cupsd, as shipped by CUPS."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from ipaddress import ip_network
from pathlib import Path

import pytest

from pagemeter.clock import SystemClock
from pagemeter.component import Answer, Ask, NotAPrinter
from pagemeter.errors import Unreachable
from pagemeter.ipp.client import IppClient
from pagemeter.ipp.message import GroupTag
from pagemeter.ipp.operations import (
    Status,
    cancel_subscription,
    create_printer_subscription,
    cups_get_printers,
    get_jobs,
    get_notifications,
    get_printer_attributes,
    get_subscriptions,
    renew_subscription,
    succeeded,
)
from pagemeter.ipp.reading import SCOPES
from pagemeter.model import LevelState, PrinterState, Reading, Target
from pagemeter.net.budget import Budget
from pagemeter.net.fence import Fence, FencedNetwork
from pagemeter.testing import FakeServices
from pagemeter_plugins.ipp.reader import IppReader
from pagemeter_plugins.ipp.settings import IppSettings

NEEDED = ("ippeveprinter", "cupsd", "lpadmin", "dbus-daemon")
pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(
        "CI" not in os.environ and not all(map(shutil.which, NEEDED)), reason=f"needs {', '.join(NEEDED)} of CUPS"
    ),
]

# Loaded by ippeveprinter instead of what it makes up; the numbers are ours.
ATTRIBUTES = """
ATTR text printer-device-id "MFG:Example;MDL:Press 9000;CMD:PDF,URF;SN:EX-0042;"
ATTR text printer-make-and-model "Example Press 9000"
ATTR text printer-firmware-string-version "9.8.7"
ATTR name printer-firmware-name "System Firmware"
ATTR boolean color-supported true
ATTR keyword sides-supported one-sided,two-sided-long-edge
ATTR integer printer-impressions-completed 4711
ATTR integer printer-media-sheets-completed 3000
ATTR collection printer-impressions-completed-col { MEMBER integer monochrome 4000 MEMBER integer full-color 711 }
ATTR octetString printer-supply "class=supplyThatIsConsumed;type=ink;maxcapacity=100;level=-3;colorantname=black;"
ATTR text printer-supply-description "Black ink S/N:77"
"""


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@asynccontextmanager
async def running(
    command: Sequence[str | Path], log: Path, **environ: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a server in the foreground and end it."""
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(*command, stdout=out, stderr=out, env={**os.environ, **environ})
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def said_by(log: Path) -> str:
    return f"{log.name}: {log.read_text(errors='replace')[-2000:]}"


async def until(ready: Callable[[], bool], process: asyncio.subprocess.Process, log: Path) -> None:
    """Wait for a server; what it says counts, for a connection would be one more client of it."""
    async with asyncio.timeout(20):
        while not ready():
            if process.returncode is not None:
                pytest.fail(said_by(log))
            await SystemClock().sleep(0.05)


def listens(port: int) -> bool:
    """Say whether somebody listens on a port of 127.0.0.1 (Linux tells without a connection; 0A is LISTEN)."""
    table = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    return any(line.split()[1] == f"0100007F:{port:04X}" and line.split()[3] == "0A" for line in table) or any(
        line.split()[1] == f"00000000:{port:04X}" and line.split()[3] == "0A" for line in table
    )


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[str]:
    """A D-Bus of our own: without one ippeveprinter does not start, though it announces nothing."""
    place = tmp_path / "bus"
    address = f"unix:path={place}"
    command = ["dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address={address}"]
    async with running(command, tmp_path / "dbus.log") as process:
        await until(place.exists, process, tmp_path / "dbus.log")
        yield address


@asynccontextmanager
async def eve(tmp_path: Path, bus: str, *options: str) -> AsyncIterator[int]:
    """Run an ippeveprinter and give its port."""
    port, log = free_port(), tmp_path / "ippeveprinter.log"
    for name in ("spool", "keys"):
        (tmp_path / name).mkdir(exist_ok=True)
    command = ["ippeveprinter", "-r", "off", "-n", "localhost", "-p", str(port)]
    command += ["-d", str(tmp_path / "spool"), "-K", str(tmp_path / "keys"), *options, "Copy room"]
    async with running(command, log, DBUS_SYSTEM_BUS_ADDRESS=bus) as process:
        await until(lambda: listens(port), process, log)
        yield port


def write_configuration(folder: Path, port: int, place: Path) -> None:
    (folder / "cupsd.conf").write_text(
        f"Listen 127.0.0.1:{port}\nListen {place}\nBrowsing Off\nDefaultAuthType None\nWebInterface No\n"
        "<Location />\nOrder allow,deny\nAllow all\n</Location>\n"
        "<Policy default>\n<Limit All>\nOrder deny,allow\n</Limit>\n</Policy>\n"
    )
    folders = {
        "RequestRoot": folder / "spool",
        "CacheDir": folder / "cache",
        "StateDir": folder / "run",
        "TempDir": folder / "temporary",
    }
    logs = {name: folder / f"{name}.log" for name in ("ErrorLog", "AccessLog", "PageLog")}
    lines = {"ServerRoot": folder, **folders, **logs, "FileDevice": "Yes", "User": "lp", "Group": "lp"}
    (folder / "cups-files.conf").write_text("".join(f"{name} {value}\n" for name, value in lines.items()))
    for made in folders.values():
        made.mkdir()
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, "lp", "lp")


@asynccontextmanager
async def cups(folder: Path) -> AsyncIterator[tuple[int, Path]]:
    """Run a cupsd with one raw queue to nowhere; give its port and its local socket."""
    port, log, place = free_port(), folder / "cupsd.log", folder / "cups.sock"
    write_configuration(folder, port, place)
    command: list[str | Path] = ["cupsd", "-f", "-c", folder / "cupsd.conf", "-s", folder / "cups-files.conf"]
    async with running(command, log) as process:
        await until(lambda: listens(port), process, log)
        added = ["lpadmin", "-h", f"127.0.0.1:{port}", "-p", "office", "-E", "-v", "file:///dev/null", "-m", "raw"]
        adding = await asyncio.create_subprocess_exec(*added, stderr=asyncio.subprocess.PIPE)
        _, said = await adding.communicate()
        assert adding.returncode == 0, said
        yield port, place


@pytest.fixture
async def cupsd() -> AsyncIterator[tuple[int, Path]]:
    """A cupsd in a folder that its user may enter, which pytest's is not."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("cupsd changes its user, which only root may")
    import tempfile

    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pm-cups-")))
        yield await stack.enter_async_context(cups(folder))


def ipp() -> IppClient:
    clock = SystemClock()
    fence = Fence([FencedNetwork(network=ip_network("127.0.0.0/8"))])
    return IppClient(fence=fence, budget=Budget(clock, 1000))


async def read(uri: str) -> Answer | NotAPrinter | None:
    reader = IppReader(IppSettings(), FakeServices(ipp=ipp(), clock=SystemClock()))
    return await reader.read(Target(uri=uri, found_by="test"), Ask(scopes=SCOPES))


def reading_of(answer: Answer | NotAPrinter | None) -> Reading:
    assert isinstance(answer, Answer)
    [reading] = answer.readings
    return reading


@pytest.mark.parametrize("scheme", ["ipp", "ipps"])
@pytest.mark.parametrize("version", [(1, 0), (1, 1), (2, 0)])
async def test_every_version_is_spoken_over_ipp_and_ipps(
    tmp_path: Path, bus: str, scheme: str, version: tuple[int, int]
) -> None:
    async with eve(tmp_path, bus) as port:
        uri = f"{scheme}://127.0.0.1:{port}/ipp/print"
        answer = await ipp().ask(uri, get_printer_attributes(uri, ["printer-name"], version))
    assert succeeded(answer)
    group = answer.group(GroupTag.PRINTER)
    assert group is not None
    assert group.text("printer-name") == "Copy room"


@pytest.mark.parametrize("scheme", ["ipp", "ipps"])
async def test_a_printer_is_read_with_its_supplies_trays_and_state(tmp_path: Path, bus: str, scheme: str) -> None:
    async with eve(tmp_path, bus, "-s", "10,5", "-M", "Example", "-m", "Press 9000", "-l", "2nd floor", "-2") as port:
        reading = reading_of(await read(f"{scheme}://127.0.0.1:{port}/ipp/print"))
    who = reading.identity
    assert (who.name, who.model, who.location, who.manufacturer) == (
        *("Copy room", "Example Press 9000", "2nd floor"),
        "Example",
    )
    assert who.uuid is not None
    assert {str(ability) for ability in who.abilities} == {"color", "duplex"}
    # What ippeveprinter makes up (tools/ippeveprinter.c): waste 25, black 75, cyan 50, magenta 33, yellow 67 percent.
    levels = {supply.colorants: supply.level.percent for supply in reading.supplies if supply.level is not None}
    assert levels == {(): 25, ("black",): 75, ("cyan",): 50, ("magenta",): 33, ("yellow",): 67}
    assert [tray.name for tray in reading.inputs] == ["auto", "main", "photo"]
    assert {tray.level.state for tray in reading.inputs if tray.level is not None} == {LevelState.UNKNOWN}
    assert reading.status is not None
    assert reading.status.state is PrinterState.IDLE
    assert reading.meter_reads == ()
    assert "life_count: device does not tell" in map(str, reading.unknown)


async def test_a_printer_that_counts_is_read_with_its_meters_and_alerts(tmp_path: Path, bus: str) -> None:
    conf = tmp_path / "printer.conf"
    conf.write_text(ATTRIBUTES)
    async with eve(tmp_path, bus, "-a", str(conf)) as port:
        reading = reading_of(await read(f"ipp://127.0.0.1:{port}"))
    assert {read.key: read.value for read in reading.meter_reads} == {
        "print.any.any.any.impressions": 4711,
        "print.any.any.any.sheets": 3000,
        "print.monochrome.any.any.impressions": 4000,
        "print.full-color.any.any.impressions": 711,
    }
    assert (reading.identity.serial_number, reading.identity.firmware) == ("EX-0042", "9.8.7")
    [ink] = reading.supplies
    assert ink.level is not None
    assert (ink.serial_number, ink.level.state) == ("77", LevelState.SOME_REMAINING)


async def test_the_memory_of_a_visit_is_enough_for_one_question(tmp_path: Path, bus: str) -> None:
    async with eve(tmp_path, bus) as port:
        first = await read(f"ipp://127.0.0.1:{port}")
    assert isinstance(first, Answer)
    assert first.memory == {"uri": f"ipp://127.0.0.1:{port}/ipp/print", "version": "2.0", "names": "wanted"}


async def test_a_printer_that_was_switched_off_is_unreachable(tmp_path: Path, bus: str) -> None:
    async with eve(tmp_path, bus) as port:
        pass
    with pytest.raises(Unreachable):
        await read(f"ipp://127.0.0.1:{port}/ipp/print")


async def test_the_installed_command_reads_a_printer_by_its_uri(tmp_path: Path, bus: str) -> None:
    async with eve(tmp_path, bus, "-M", "Example", "-m", "Press 9000") as port:
        command = Path(sys.executable).with_name("pagemeter")
        process = await asyncio.create_subprocess_exec(
            *(command, "read", f"ipp://127.0.0.1:{port}/ipp/print"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert b"Example Press 9000" in out
    assert b"75" in out


async def test_a_queue_of_cups_is_no_printer_and_the_server_itself_none_either(cupsd: tuple[int, Path]) -> None:
    port, _ = cupsd
    found = await read(f"ipp://127.0.0.1:{port}/printers/office")
    assert found == NotAPrinter(what="a print server's queue for Local Raw Printer")


async def test_a_server_lists_its_queues_over_tcp_and_over_its_socket(cupsd: tuple[int, Path]) -> None:
    port, place = cupsd
    for uri in (f"ipp://127.0.0.1:{port}/", f"ipp+unix://{place}"):
        answer = await ipp().ask(uri, cups_get_printers(["printer-name"]), server=True)
        assert [group.text("printer-name") for group in answer.all(GroupTag.PRINTER)] == ["office"]


async def test_a_subscription_is_made_renewed_fetched_and_ended(cupsd: tuple[int, Path]) -> None:
    port, _ = cupsd
    client = ipp()
    server, queue = f"ipp://127.0.0.1:{port}/", f"ipp://127.0.0.1:{port}/printers/office"
    made = await client.ask(server, create_printer_subscription(server, ["job-completed", "printer-config-changed"]))
    group = made.group(GroupTag.SUBSCRIPTION)
    assert succeeded(made)
    assert group is not None
    number = group.integer("notify-subscription-id")
    assert number is not None
    mine = await client.ask(server, get_subscriptions(server))
    assert [one.integer("notify-subscription-id") for one in mine.all(GroupTag.SUBSCRIPTION)] == [number]
    assert succeeded(await client.ask(server, renew_subscription(server, number, lease=600)))
    assert succeeded(await client.ask(server, get_notifications(server, [number], [1])))
    assert succeeded(await client.ask(server, get_jobs(queue, which="completed")))
    assert succeeded(await client.ask(server, cancel_subscription(server, number)))
    gone = await client.ask(server, get_notifications(server, [number], [1]))
    assert gone.code == Status.NOT_FOUND
