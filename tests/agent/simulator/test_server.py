"""Simulated devices on sockets: loopback only, asked by our codec and by net-snmp."""

from __future__ import annotations

import ast
import asyncio
import importlib.util
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import pagemeter.simulator
from pagemeter.simulator import (
    Behaviour,
    SimulatedDevice,
    Simulator,
    has_loopback,
    in_background,
    load_device,
    load_fleet,
    place_fleet,
)
from pagemeter.snmp.codec import V2C, Message, PduType, decode, encode
from pagemeter.snmp.types import Tag, VarBind, Walk, oid

SYS_DESCR = oid("1.3.6.1.2.1.1.1.0")
WALK = Walk([VarBind(SYS_DESCR, Tag.OCTET_STRING, b"A printer")])
REQUEST = encode(
    Message(version=V2C, community=b"public", pdu=PduType.GET, request_id=9, rows=(VarBind(SYS_DESCR, Tag.NULL, None),))
)

NET_SNMP = ("snmpget", "snmpgetnext", "snmpwalk", "snmpbulkwalk")
needs_net_snmp = [
    pytest.mark.peer,
    pytest.mark.skipif(not all(map(shutil.which, NET_SNMP)), reason="net-snmp's commands are not installed"),
]


class Client(asyncio.DatagramProtocol):
    """Keeps what arrives."""

    def __init__(self) -> None:
        self.answers: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.answers.put_nowait(data)


async def exchange(simulator: Simulator, place: int = 0) -> str:
    """Ask the device at a place for sysDescr."""
    address, port, _ = simulator.places[place]
    loop = asyncio.get_running_loop()
    transport, client = await loop.create_datagram_endpoint(Client, remote_addr=(address, port))
    try:
        transport.sendto(REQUEST)
        async with asyncio.timeout(20):
            value = decode(await client.answers.get()).rows[0].value
    finally:
        transport.close()
    assert isinstance(value, bytes)
    return value.decode()


@pytest.mark.parametrize(
    "address",
    ["0.0.0.0", "10.0.0.7", "192.168.1.20", "126.255.255.255", "128.0.0.1", "::", "fe80::1"],  # noqa: S104 - refused, never bound
)
def test_an_address_that_is_not_loopback_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="loopback"):
        Simulator([("127.0.0.1", 0, SimulatedDevice(WALK)), (address, 0, SimulatedDevice(WALK))])


async def test_a_device_answers_at_its_address_and_a_free_port() -> None:
    async with Simulator([("127.0.0.1", 0, SimulatedDevice(WALK))]) as simulator:
        assert simulator.places[0].port > 0
        assert await exchange(simulator) == "A printer"


@pytest.mark.skipif(not has_loopback("127.30.0.0/24"), reason="this system binds only 127.0.0.1")
async def test_the_fleet_stands_at_an_address_each_and_one_port(free_udp_port: int) -> None:
    fleet = load_fleet()
    async with Simulator(place_fleet(fleet, port=free_udp_port)) as simulator:
        assert {place.port for place in simulator.places} == {free_udp_port}
        assert [place.address for place in simulator.places] == [f"127.30.0.{n + 1}" for n in range(len(fleet))]
        brother = next(n for n, device in enumerate(fleet) if device.name.startswith("brother"))
        assert await exchange(simulator, brother) == "Brother NC-9999w, Firmware Ver.Z  ,MID 8CE-999"


@pytest.mark.skipif(sys.platform == "darwin" or not socket.has_ipv6, reason="no IPv6 loopback")
async def test_a_device_may_stand_at_the_ipv6_loopback() -> None:
    try:
        async with Simulator([("::1", 0, SimulatedDevice(WALK))]) as simulator:
            assert await exchange(simulator) == "A printer"
    except OSError as error:
        pytest.skip(f"no IPv6 loopback: {error}")


async def test_a_port_that_is_taken_is_named_and_the_others_are_closed(free_udp_port: int) -> None:
    free = Simulator([("127.0.0.1", free_udp_port, SimulatedDevice(WALK))])
    async with Simulator([("127.0.0.1", 0, SimulatedDevice(WALK))]) as taken:
        port = taken.places[0].port
        both = Simulator([*free.places, ("127.0.0.1", port, SimulatedDevice(WALK))])
        with pytest.raises(OSError, match=rf"127\.0\.0\.1, UDP port {port}: "):
            await both.__aenter__()
        async with free:
            assert await exchange(free) == "A printer"


async def test_a_delayed_answer_comes_after_the_next_devices_answer() -> None:
    late = SimulatedDevice(WALK, Behaviour(delay=0.2))
    async with Simulator([("127.0.0.1", 0, late), ("127.0.0.1", 0, SimulatedDevice(WALK))]) as simulator:
        order: list[str] = []

        async def note(place: int, name: str) -> None:
            await exchange(simulator, place)
            order.append(name)

        async with asyncio.TaskGroup() as group:
            group.create_task(note(0, "late"))
            group.create_task(note(1, "prompt"))
        assert order == ["prompt", "late"]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [command[0], "-On", "-Oq", "-t", "2", "-r", "1", *command[1:]], capture_output=True, text=True, check=False
    )


def columns(output: str) -> list[str]:
    """Return the identifiers of net-snmp's lines, without what belongs to a value of several lines."""
    return [line.split(" ", 1)[0].removeprefix(".") for line in output.splitlines() if line.startswith(".1.3.6.")]


class TestNetSnmp:
    """net-snmp's commands understand what a device answers."""

    pytestmark = needs_net_snmp

    @pytest.mark.parametrize(("command", "version"), [("snmpwalk", "1"), ("snmpwalk", "2c"), ("snmpbulkwalk", "2c")])
    def test_a_walk_finds_each_row_once(self, command: str, version: str) -> None:
        device = load_device("brother-hl-l9999cdw")
        simulator = Simulator([("127.0.0.1", 0, device.simulated())])
        with in_background(simulator):
            done = run(command, "-v", version, "-c", "public", f"127.0.0.1:{simulator.places[0].port}", ".1.3")
        recorded = [".".join(map(str, row.oid)) for row in device.walk]
        assert [name for name in columns(done.stdout) if "No more" not in name][: len(recorded)] == recorded
        assert done.returncode == 0

    def test_a_bulk_walk_with_many_repetitions_is_cut_and_goes_on(self) -> None:
        device = load_device("kyocera-ecosys-m9140cidn")
        simulator = Simulator([("127.0.0.1", 0, device.simulated())])
        with in_background(simulator):
            port = simulator.places[0].port
            done = run("snmpbulkwalk", "-v", "2c", "-Cr200", "-c", "public", f"127.0.0.1:{port}", ".1.3")
            asked = simulator.places[0].device.requests
        recorded = [".".join(map(str, row.oid)) for row in device.walk]
        assert columns(done.stdout)[: len(recorded)] == recorded
        assert 2 <= asked < len(recorded) // 10

    def test_values_read_as_they_were_recorded(self) -> None:
        simulator = Simulator([("127.0.0.1", 0, load_device("hp-switch-s9048").simulated())])
        with in_background(simulator):
            place = f"127.0.0.1:{simulator.places[0].port}"
            done = run(
                "snmpget", "-v", "2c", "-c", "public", place,
                ".1.3.6.1.2.1.1.2.0", ".1.3.6.1.2.1.31.1.1.1.6.8", ".1.3.6.1.2.1.4.20.1.3.127.30.0.18",
                ".1.3.6.1.2.1.1.99.0", ".1.3.6.1.2.1.31.1.1.1.6.99",
            )  # fmt: skip
        assert done.stdout.splitlines() == [
            ".1.3.6.1.2.1.1.2.0 .1.3.6.1.4.1.11.2.3.7.11.999",
            ".1.3.6.1.2.1.31.1.1.1.6.8 790123456808",
            ".1.3.6.1.2.1.4.20.1.3.127.30.0.18 255.255.255.0",
            ".1.3.6.1.2.1.1.99.0 No Such Object available on this agent at this OID",
            ".1.3.6.1.2.1.31.1.1.1.6.99 No Such Instance currently exists at this OID",
        ]

    def test_v1_names_the_object_that_is_missing(self) -> None:
        simulator = Simulator([("127.0.0.1", 0, load_device("canon-ir-adv-c9955").simulated())])
        with in_background(simulator):
            place = f"127.0.0.1:{simulator.places[0].port}"
            asked = (".1.3.6.1.2.1.1.1.0", ".1.3.6.1.2.1.1.99.0")
            done = run("snmpget", "-Cf", "-v", "1", "-c", "public", place, *asked)
            v2c = run("snmpget", "-v", "2c", "-c", "public", "-r", "0", "-t", "0.3", place, asked[0])
        assert "(noSuchName)" in done.stderr
        assert "Failed object: .1.3.6.1.2.1.1.99.0" in done.stderr
        assert "Timeout" in v2c.stderr

    def test_a_wrong_community_times_out(self) -> None:
        simulator = Simulator([("127.0.0.1", 0, SimulatedDevice(WALK))])
        with in_background(simulator):
            place = f"127.0.0.1:{simulator.places[0].port}"
            done = run("snmpget", "-v", "2c", "-c", "wrong", "-r", "0", "-t", "0.3", place, ".1.3.6.1.2.1.1.1.0")
        assert "Timeout" in done.stderr
        assert simulator.places[0].device.requests == 1


def test_the_fleet_is_served_from_the_command_line(free_udp_port: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "pagemeter.simulator", "--port", str(free_udp_port)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        address, name = process.stdout.readline().split()
        host, port = address.split(":")
        assert name == load_fleet()[0].name
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(20)
            client.sendto(REQUEST, (host, int(port)))
            assert decode(client.recv(2000)).request_id == 9
    finally:
        process.terminate()
        process.communicate()


@pytest.mark.parametrize("module", ["pagemeter.agent", "pagemeter.cli", "pagemeter.config", "pagemeter.snmp.engine"])
def test_what_runs_does_not_import_the_simulator(module: str) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} does not exist")
    program = (
        f"import sys, {module}; print(*(n for n in sys.modules if n.startswith(('pagemeter.sim', 'pagemeter.test'))))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_simulator_needs_nothing_of_the_agent_but_snmp() -> None:
    folder = Path(pagemeter.simulator.__file__).parent
    wanted = {name for path in folder.glob("*.py") for name in imported(path) if name.startswith("pagemeter")}
    assert "pagemeter.snmp.codec" in wanted
    assert [name for name in wanted if not name.startswith(("pagemeter.simulator", "pagemeter.snmp."))] == []


def imported(path: Path) -> list[str]:
    """Return the modules that a file imports, wherever in it."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    names = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return names + [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
