"""A whole run in a network of its own: every packet is captured, and all of them stand in the plan.

Two segments behind a router that runs net-snmp's snmpd; simulated printers on both, ippeveprinter and avahi on the
near one, mosquitto and a back end on the far one.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import IO, Any

import pytest

HERE = Path(__file__).resolve().parent
NEEDED = (
    *("ip", "tcpdump", "snmpd", "mosquitto", "ippeveprinter", "avahi-daemon", "dbus-daemon"),
    "unshare",
)
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
MISSING = [name for name in NEEDED if shutil.which(name, path=PATH) is None]

pytestmark = [
    pytest.mark.peer,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(MISSING) and "CI" not in os.environ, reason=f"not installed: {', '.join(MISSING)}"),
    pytest.mark.skipif(
        sys.platform != "linux" or (os.geteuid() != 0 and "CI" not in os.environ),
        reason="network namespaces are made by root on Linux",
    ),
]

NEAR, FAR = ip_network("10.61.1.0/24"), ip_network("10.61.2.0/27")
AGENT, ROUTER, OFFICE = "10.61.1.2", "10.61.1.1", "10.61.2.30"
NEAR_PRINTERS = {"10.61.1.10": "kyocera-ecosys-m9140cidn", "10.61.1.11": "xerox-primelink-c9290"}
FAR_PRINTERS = {"10.61.2.10": "brother-hl-l9999cdw", "10.61.2.11": "ricoh-im-c9500"}
IPP_PRINTER = "10.61.1.12"
NEVER = "10.61.2.13"
RATE = 60
PRINTING = {*range(9100, 9108), 515}
CONFIGURATION = f"""
agent: {{site: Lab, state: state, packets_per_second: {RATE}}}
networks:
  - {{network: {NEAR}, site: Near, never: [{NEVER}]}}
credentials:
  - {{networks: [{NEAR}], snmp: {{version: 2c, community: near-canary}}}}
  - {{networks: [segments], snmp: {{version: 2c, community: far-canary}}}}
discoveries:
  - {{plugin: gateway, select: [{FAR}]}}
  - {{plugin: sweep, ranges: [10.61.1.0/28, segments]}}
  - {{plugin: broadcast, segments: [{NEAR}], seconds: 1}}
  - {{plugin: mdns, seconds: 3, watch: false}}
readers:
  - {{plugin: printer_mib}}
  - {{plugin: ipp}}
outputs:
  - {{plugin: https_xml, url: "http://{OFFICE}:8080/report", allow_plain_http: true}}
  - {{plugin: mqtt, host: {OFFICE}, home_assistant: true}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """An IP packet that the agent's host sent or got; ports are 0 where the protocol has none."""

    at: float
    source: str
    to: str
    protocol: str
    source_port: int
    port: int
    payload: bytes


class Lab:
    """The namespaces and what runs in them."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self._stack = stack
        self._name = f"pagemeter-{os.getpid()}"

    def build(self) -> None:
        """Make five hosts: the agent, the router, the near printers on its bridge, the far ones behind it."""
        for host in ("agent", "router", "near", "ipp", "far"):
            ip("netns", "add", self.space(host))
            self._stack.callback(ip, "netns", "del", self.space(host))
            self.ip(host, "link", "set", "lo", "up")
        self.ip("router", "link", "add", "bridge", "type", "bridge")
        for host in ("agent", "near", "ipp", "far"):
            self.ip("router", "link", "add", host, "type", "veth", "peer", "name", "eth0", "netns", self.space(host))
            if host != "far":
                self.ip("router", "link", "set", host, "master", "bridge")
            self.ip("router", "link", "set", host, "up")
            self.ip(host, "link", "set", "eth0", "up")
        self.ip("router", "link", "set", "bridge", "up")
        addresses = [
            ("router", "bridge", f"{ROUTER}/24"),
            ("router", "far", "10.61.2.1/27"),
            ("agent", "eth0", f"{AGENT}/24"),
        ]
        addresses += [("near", "eth0", f"{one}/24") for one in NEAR_PRINTERS]
        addresses += [("ipp", "eth0", f"{IPP_PRINTER}/24")]
        addresses += [("far", "eth0", f"{one}/27") for one in (*FAR_PRINTERS, NEVER, OFFICE)]
        for host, device, address in addresses:
            self.ip(host, "address", "add", address, "broadcast", "+", "dev", device)
        for host, gateway in (("agent", ROUTER), ("near", ROUTER), ("ipp", ROUTER), ("far", "10.61.2.1")):
            self.ip(host, "route", "add", "default", "via", gateway)
        self.run("router", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")

    def space(self, host: str) -> str:
        """Name the namespace of a host."""
        return f"{self._name}-{host}"

    def ip(self, host: str, *arguments: str) -> None:
        """Run ``ip`` inside a host."""
        ip("-n", self.space(host), *arguments)

    def run(self, host: str, *command: str | Path, code: int | None = 0) -> str:
        """Run a command inside a host to its end."""
        done = subprocess.run(
            ["ip", "netns", "exec", self.space(host), *map(str, command)],
            capture_output=True,
            check=False,
            text=True,
            env={**os.environ, "PATH": PATH},
            timeout=120,
        )
        assert code is None or done.returncode == code, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def succeeds(self, host: str, *command: str) -> bool:
        """Say whether a command inside a host ends well."""
        whole = ["ip", "netns", "exec", self.space(host), *command]
        return subprocess.run(whole, capture_output=True, check=False, timeout=60).returncode == 0

    def start(
        self, host: str, *command: str | Path, says: str | None = None, **environment: str
    ) -> subprocess.Popen[bytes]:
        """Start a server inside a host and wait for the line that says it is there."""
        log = (self.folder / f"{host}-{Path(str(command[0])).name}-{len(list(self.folder.iterdir()))}.log").open("w+b")
        process = subprocess.Popen(
            ["ip", "netns", "exec", self.space(host), *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PATH": PATH, "PYTHONUNBUFFERED": "1", **environment},
        )
        self._stack.callback(end, process, log)
        if says is not None:
            awaited(process, Path(log.name), says)
        return process


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, env={**os.environ, "PATH": PATH})


def end(process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    log.close()


def awaited(process: subprocess.Popen[bytes], log: Path, says: str) -> None:
    """Wait for a line in a log; a timeout of the test ends a wait that never does."""
    while says.encode() not in log.read_bytes():
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.05)
        assert process.returncode is None, log.read_text(errors="replace")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    with ExitStack() as stack:
        made = Lab(folder, stack)
        made.build()
        serve(made)
        yield made


def serve(lab: Lab) -> None:
    """Start the router's snmpd, the printers of both segments, avahi, the broker and the back end."""
    python, folder = sys.executable, lab.folder
    (folder / "snmpd.conf").write_text("rocommunity near-canary\nagentaddress udp:161\n")
    state = folder / "snmpd-state"
    state.mkdir()
    lab.start(
        *("router", "snmpd", "-f", "-C", "-c", folder / "snmpd.conf", "-Lo"),
        says="NET-SNMP version",
        SNMP_PERSISTENT_DIR=str(state),
        MIBS="",
    )
    near = [f"{address}={name}" for address, name in NEAR_PRINTERS.items()]
    far = [f"{address}={name}" for address, name in (*FAR_PRINTERS.items(), (NEVER, "oki-c9990dn"))]
    lab.start("near", python, HERE / "printers.py", "near-canary", str(NEAR.broadcast_address), *near, says="ready")
    lab.start("far", python, HERE / "printers.py", "far-canary", str(FAR.broadcast_address), *far, says="ready")
    lab.start("far", python, HERE / "backend.py", OFFICE, "8080", says="ready")
    (folder / "mosquitto.conf").write_text(f"listener 1883 {OFFICE}\nallow_anonymous true\n")
    lab.start("far", "mosquitto", "-c", folder / "mosquitto.conf", says="running")
    announce(lab)


def announce(lab: Lab) -> None:
    """Start an IPP printer that avahi announces, on a bus and with a runtime folder of its own."""
    bus = lab.folder / "bus"
    (lab.folder / "bus.conf").write_text(
        '<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"\n'
        ' "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">\n'
        f"<busconfig><listen>unix:path={bus}</listen><auth>EXTERNAL</auth><policy context='default'>"
        "<allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/><allow own='*'/>"
        "<allow user='*'/></policy></busconfig>\n"
    )
    address = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={bus}"}
    lab.start(
        "ipp", "dbus-daemon", "--config-file", lab.folder / "bus.conf", "--nofork", "--print-address", says=str(bus)
    )
    (lab.folder / "avahi.conf").write_text(
        "[server]\nhost-name=lab-printer\nuse-ipv4=yes\nuse-ipv6=no\nallow-interfaces=eth0\n"
        "[publish]\npublish-workstation=no\npublish-hinfo=no\n"
    )
    runtime = (
        "mkdir -p /run/avahi-daemon && mount -t tmpfs none /run/avahi-daemon && "
        "exec avahi-daemon --no-drop-root --no-rlimits --no-chroot -f"
    )
    lab.start(
        *("ipp", "unshare", "--mount", "sh", "-c", f"{runtime} {lab.folder / 'avahi.conf'}"),
        says="Server startup complete",
        **address,
    )
    printer = lab.start("ipp", "ippeveprinter", "-p", "631", "-d", lab.folder, "Lab IPP", **address)
    connect = f"import socket; socket.create_connection(('{IPP_PRINTER}', 631), 5)"
    while not lab.succeeds("ipp", sys.executable, "-c", connect):
        assert printer.poll() is None


@contextmanager
def captured(lab: Lab, packets: list[Packet]) -> Iterator[None]:
    """Capture what the agent's host sends and gets while the block runs."""
    file = lab.folder / f"capture-{len(packets)}.pcap"
    tcpdump = lab.start(
        *("agent", "tcpdump", "-i", "eth0", "-U", "-s", "0", "-Z", "root", "-w", file, "ip", "or", "ip6"),
        says="listening on",
    )
    try:
        yield
    finally:
        tcpdump.send_signal(signal.SIGINT)
        tcpdump.wait(timeout=30)
        packets += list(read_capture(file.read_bytes()))


def read_capture(data: bytes) -> Iterator[Packet]:
    """Read a capture of Ethernet frames (libpcap's format, little-endian)."""
    assert data[:4] == b"\xd4\xc3\xb2\xa1", "no capture of this machine"
    place = 24
    while place < len(data):
        seconds, micros, length, _ = struct.unpack_from("<IIII", data, place)
        frame = data[place + 16 : place + 16 + length]
        place += 16 + length
        if (packet := read_frame(frame, seconds + micros / 1e6)) is not None:
            yield packet


def read_frame(frame: bytes, at: float) -> Packet | None:
    """Read a frame with IPv4 or IPv6; none for anything else."""
    kind, body = frame[12:14], frame[14:]
    if kind == b"\x08\x00":
        protocol, source, to = body[9], body[12:16], body[16:20]
        if int.from_bytes(body[6:8], "big") & 0x1FFF:
            return None  # a later fragment has no ports; the first one of its datagram is looked at
        body = body[(body[0] & 15) * 4 : int.from_bytes(body[2:4], "big")]
    elif kind == b"\x86\xdd":
        protocol, source, to = body[6], body[8:24], body[24:40]
        body = body[40:]
        if protocol == 0:  # hop-by-hop options, as multicast listeners send them
            protocol, body = body[0], body[(body[1] + 1) * 8 :]
    else:
        return None
    name = {1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 58: "icmpv6"}.get(protocol, str(protocol))
    ports = struct.unpack_from(">HH", body) if name in ("tcp", "udp") else (0, 0)
    header = (body[12] >> 4) * 4 if name == "tcp" else 8
    return Packet(
        at=at,
        source=str(ip_address(source)),
        to=str(ip_address(to)),
        protocol=name,
        source_port=ports[0],
        port=ports[1],
        payload=body[header:],
    )


# ---- what is held against the plan


def unplanned(packets: Sequence[Packet], plan: dict[str, Any]) -> list[Packet]:
    """Return what is in no row of the plan: neither sent by it, nor an answer to that, nor what it says comes in."""
    rows = [row for item in plan["items"] for row in item["traffic"]]
    networks = [ip_network(one["network"]) for one in plan["networks"]]
    out = [row for row in rows if row["direction"] == "out"]
    into = [row for row in rows if row["direction"] == "in"]

    def is_planned(packet: Packet) -> bool:
        if packet.protocol in ("icmp", "icmpv6"):
            return any("ICMP" in line for line in plan["system"])
        if is_ours(packet):
            return any(fits(row, packet.to, packet.port, packet.protocol, networks) for row in out) or any(
                fits(row, packet.to, packet.source_port, packet.protocol, networks) for row in into
            )
        return any(
            fits(row, packet.source, packet.source_port, packet.protocol, networks)
            # A broadcast and a multicast are answered by others than they were sent to.
            or (packet.protocol == "udp" and packet.source_port in row["ports"] and inside(packet.source, networks))
            for row in out
        ) or any(fits(row, packet.to, packet.port, packet.protocol, networks) for row in into)

    return [packet for packet in packets if not is_planned(packet)]


def is_ours(packet: Packet) -> bool:
    return packet.source == AGENT or packet.source.startswith("fe80") or packet.source == "::"


def fits(row: dict[str, Any], host: str, port: int, protocol: str, networks: Sequence[Any]) -> bool:
    # A row for "another port" covers nothing: no printer of this laboratory has one.
    if row["protocol"] != protocol or (protocol in ("tcp", "udp") and port not in row["ports"]):
        return False
    try:
        return ip_address(host) in ip_network(row["to"])
    except ValueError:
        pass
    first, dash, last = row["to"].partition("-")
    if dash:
        try:
            return int(ip_address(first)) <= int(ip_address(host)) <= int(ip_address(last))
        except ValueError:
            pass
    return inside(host, networks) if row["to"] != host else True


def inside(host: str, networks: Sequence[Any]) -> bool:
    return any(ip_address(host) in network for network in networks)


def snmp_of(packet: Packet) -> bytes:
    return packet.payload if packet.protocol == "udp" and 161 in (packet.port, packet.source_port) else b""


def is_set(message: bytes) -> bool:
    """Say whether an SNMP v1 or v2c message is a SetRequest: the PDU's tag stands behind version and community."""
    if message[:1] != b"\x30":
        return False
    place = 2 + (message[1] & 0x7F if message[1] & 0x80 else 0)
    for _ in range(2):
        place += 2 + message[place + 1]
    return message[place] == 0xA3


def fastest(packets: Sequence[Packet], seconds: float = 1.0) -> int:
    """Return the most packets that went to devices within any span of so many seconds."""
    times = [one.at for one in packets if one.protocol == "udp" and one.port == 161 and is_ours(one)]
    return max((sum(1 for other in times if at <= other < at + seconds) for at in times), default=0)


# ---- the tests


@pytest.fixture(scope="module")
def config(lab: Lab) -> Path:
    path = lab.folder / "pagemeter.yaml"
    path.write_text(CONFIGURATION, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def plan(lab: Lab, config: Path) -> dict[str, Any]:
    packets: list[Packet] = []
    with captured(lab, packets):
        made: dict[str, Any] = json.loads(pagemeter(lab, "plan", "--config", config, "--json"))
    assert [packet for packet in packets if is_ours(packet) and packet.protocol in ("udp", "tcp")] == []
    return made


@pytest.fixture(scope="module")
def run(lab: Lab, config: Path, plan: dict[str, Any]) -> list[Packet]:
    packets: list[Packet] = []
    with captured(lab, packets):
        pagemeter(lab, "once", "--config", config, "--verbose")
    return packets


def pagemeter(lab: Lab, *arguments: str | Path) -> str:
    return lab.run("agent", sys.executable, "-m", "pagemeter", *arguments)


def test_every_packet_of_a_run_is_in_the_plan(run: list[Packet], plan: dict[str, Any]) -> None:
    assert {packet.protocol for packet in run} >= {"udp", "tcp"}
    assert unplanned(run, plan) == []


def test_nothing_prints_and_nothing_is_set(run: list[Packet]) -> None:
    assert [one for one in run if is_ours(one) and one.protocol == "tcp" and one.port in PRINTING] == []
    messages = [snmp_of(packet) for packet in run if snmp_of(packet)]
    assert len(messages) > 100
    assert [message for message in messages if is_set(message)] == []


def test_a_community_goes_to_its_networks_only(run: list[Packet]) -> None:
    sent = [packet for packet in run if is_ours(packet)]
    for community, network in (("near-canary", NEAR), ("far-canary", FAR)):
        carried = {packet.to for packet in sent if community.encode() in packet.payload}
        assert carried
        assert [to for to in carried if ip_address(to) not in network] == []


def test_who_is_never_asked_got_nothing(run: list[Packet]) -> None:
    assert [packet for packet in run if packet.to == NEVER] == []


def test_the_packet_rate_is_kept(run: list[Packet]) -> None:
    assert RATE / 2 < fastest(run) <= RATE


def test_all_methods_found_the_devices_once_each(lab: Lab, config: Path, run: list[Packet]) -> None:
    lines = pagemeter(lab, "devices", "--config", config, "--json").splitlines()
    devices = [json.loads(line)["latest"] for line in lines]
    places = {device["target"].partition("://")[2].partition(":")[0]: device for device in devices}
    assert sorted(places) == sorted({*NEAR_PRINTERS, *FAR_PRINTERS, IPP_PRINTER})
    assert len(devices) == len(places)
    assert set(places["10.61.1.10"]["found_by"]) >= {"sweep", "broadcast"}
    assert "mdns" in places[IPP_PRINTER]["found_by"]
    assert places["10.61.2.10"]["found_by"] == ["sweep"]


def test_the_router_told_its_segments(lab: Lab, config: Path, run: list[Packet]) -> None:
    lines = pagemeter(lab, "segments", "--config", config, "--json").splitlines()
    told = {line["network"]: line["selected_by"] for line in map(json.loads, lines)}
    assert told == {str(NEAR): "networks", str(FAR): "yaml"}


# ---- the judges themselves


def test_the_judges_see_what_they_are_there_for(plan: dict[str, Any]) -> None:
    def packet(to: str, port: int, protocol: str = "udp", payload: bytes = b"", at: float = 0.0) -> Packet:
        return Packet(at=at, source=AGENT, to=to, protocol=protocol, source_port=40000, port=port, payload=payload)

    strange = [packet("198.51.100.1", 161), packet("10.61.1.10", 9100, "tcp"), packet("10.61.1.10", 23, "tcp")]
    strange += [packet("198.51.100.1", 631, "tcp"), packet(OFFICE, 22, "tcp"), packet("10.61.1.255", 53)]
    assert unplanned(strange, plan) == strange
    assert unplanned([packet("10.61.2.10", 161), packet(OFFICE, 1883, "tcp")], plan) == []
    head = b"\x02\x01\x01\x04\x06public"
    assert is_set(b"\x30\x1a" + head + b"\xa3\x0d")
    assert not is_set(b"\x30\x1a" + head + b"\xa0\x0d")
    assert fastest([packet("10.61.1.10", 161, at=number / 100) for number in range(100)]) == 100
