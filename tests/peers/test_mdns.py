"""The discovery mdns against avahi with ippeveprinter, and against announcements that no printer makes.

Printers and agent have a network namespace each, joined by a link of their own: nothing leaves this host.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import IO, Any

import pytest

PEERS = ("avahi-daemon", "avahi-browse", "dbus-daemon", "ippeveprinter", "ip")


def missing() -> str | None:
    if absent := [peer for peer in PEERS if shutil.which(peer) is None]:
        return f"{', '.join(absent)} not installed"
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "only root makes network namespaces"
    made = subprocess.run(["ip", "netns", "add", f"pm{os.getpid()}try"], capture_output=True, check=False)
    subprocess.run(["ip", "netns", "delete", f"pm{os.getpid()}try"], capture_output=True, check=False)
    return None if made.returncode == 0 else "network namespaces can't be made here"


WHY_NOT = missing()
pytestmark = [pytest.mark.peer, pytest.mark.skipif(WHY_NOT is not None, reason=WHY_NOT or "")]

HERE = Path(__file__).parent
PROGRAM = (sys.executable, "-W", "error", str(HERE / "mdns_agent.py"))
PRINTERS, AGENT = "10.77.1.20", "10.77.1.2"
PRINTERS_IPV6 = "fd77::20"
EVERYWHERE = ("0.0.0.0/0", "::/0")

# A system bus of the test's own, open to everybody.
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth><policy context="default">
<allow user="*"/><allow own="*"/><allow send_destination="*"/><allow send_type="method_call"/>
<allow send_type="signal"/><allow receive_type="method_call"/><allow receive_type="signal"/>
<allow receive_type="method_return"/><allow receive_type="error"/></policy></busconfig>
"""
AVAHI = (
    "[server]\nhost-name=acme\nuse-ipv4=yes\nuse-ipv6=yes\nallow-interfaces=pm0\n[publish]\npublish-workstation=no\n"
)


@dataclass(kw_only=True)
class Lab:
    """Two namespaces, ``printers`` and ``agent``, joined by a link; ends what was started in them."""

    name: str
    folder: Path
    stack: ExitStack
    environ: dict[str, str] = field(default_factory=lambda: dict(os.environ))

    @property
    def printers(self) -> str:
        return f"{self.name}p"

    @property
    def agent(self) -> str:
        return f"{self.name}a"

    def start(self, namespace: str, *command: str, **options: Any) -> Popen[str]:
        process = Popen(
            ["ip", "netns", "exec", namespace, *command], env=self.environ, stdin=PIPE, text=True, **options
        )
        self.stack.callback(_end, process)
        return process

    def announce(self, *services: dict[str, Any], garbage: tuple[bytes, ...] = (), address: str = PRINTERS) -> None:
        order = {"address": address, "services": services, "garbage": [one.hex() for one in garbage]}
        process = self.start(self.printers, sys.executable, str(HERE / "mdns_announcer.py"), stdout=PIPE)
        assert tell(process, order).readline() == "announced\n"

    def print_server(self) -> None:
        """Run a system bus and avahi, in the foreground and apart from those of this host."""
        bus = self.folder / "bus"
        (self.folder / "bus.conf").write_text(BUS.format(path=bus), encoding="utf-8")
        (self.folder / "avahi.conf").write_text(AVAHI, encoding="utf-8")
        self.environ["DBUS_SYSTEM_BUS_ADDRESS"] = f"unix:path={bus}"
        quiet = {"stdout": DEVNULL, "stderr": DEVNULL}
        self.start(
            self.printers,
            "dbus-daemon",
            f"--config-file={self.folder / 'bus.conf'}",
            "--nofork",
            "--nopidfile",
            **quiet,
        )
        until(bus.exists)
        # Its PID file and socket lie in /run, which is the namespace's own.
        avahi = (
            f"mount -t tmpfs none /run && exec avahi-daemon -f {self.folder / 'avahi.conf'} --no-drop-root --no-chroot"
        )
        self.start(self.printers, "sh", "-c", f"{avahi} --no-rlimits", **quiet)
        until(lambda: self.browse() is not None)

    def ippeveprinter(self, name: str, port: int) -> None:
        self.start(
            self.printers,
            *("ippeveprinter", "-p", str(port), "-d", str(self.folder), "-M", "Acme", "-m", "Ink 9000", name),
            stdout=DEVNULL,
            stderr=DEVNULL,
        )
        until(lambda: f";{port};" in (self.browse() or ""))

    def browse(self) -> str | None:
        """Ask avahi what it announces; none while it does not answer."""
        command = ["ip", "netns", "exec", self.printers, "avahi-browse", "-rtp", "_ipps._tcp"]
        done = subprocess.run(command, env=self.environ, capture_output=True, text=True, check=False, timeout=60)
        return done.stdout if done.returncode == 0 else None

    def discover(self, *networks: str, seconds: float = 6, **settings: Any) -> list[Any]:
        """Run one discovery as a program of its own: with warnings as errors it says so if it leaves a socket."""
        order = {"networks": networks, "settings": {"seconds": seconds, **settings}}
        command = ["ip", "netns", "exec", self.agent, *PROGRAM]
        done = subprocess.run(
            command, input=json.dumps(order), capture_output=True, text=True, check=False, timeout=100
        )
        assert (done.returncode, done.stderr) == (0, "")
        *found, end = map(json.loads, done.stdout.splitlines())
        assert end == {"tasks left": []}
        return found


def tell(process: Popen[str], order: dict[str, Any]) -> IO[str]:
    """Hand a program its order and return what it answers."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(order) + "\n")
    process.stdin.flush()
    return process.stdout


def until(condition: Callable[[], bool]) -> None:
    for _ in range(300):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("the condition was not met within 30 s")


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def _end(process: Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    process.terminate()
    process.wait(timeout=20)
    if process.stdout is not None:
        process.stdout.close()


@contextmanager
def lab_in(folder: Path, name: str) -> Iterator[Lab]:
    with ExitStack() as stack:
        lab = Lab(name=f"pm{os.getpid()}{name}", folder=folder, stack=stack)
        for namespace in (lab.printers, lab.agent):
            ip("netns", "add", namespace)
            stack.callback(ip, "netns", "delete", namespace)
            ip("-n", namespace, "link", "set", "lo", "up")
        ip("link", "add", "pm0", "netns", lab.printers, "type", "veth", "peer", "name", "pm1", "netns", lab.agent)
        for namespace, device, last in ((lab.printers, "pm0", "20"), (lab.agent, "pm1", "2")):
            ip("-n", namespace, "address", "add", f"10.77.1.{last}/24", "dev", device)
            ip("-n", namespace, "address", "add", f"fd77::{last}/64", "dev", device, "nodad")
            ip("-n", namespace, "link", "set", device, "addrgenmode", "none")
            ip("-n", namespace, "link", "set", device, "up")
            ip("-n", namespace, "address", "add", f"fe80::{last}/64", "dev", device, "nodad")
            ip("-n", namespace, "route", "add", "224.0.0.0/4", "dev", device)
        yield lab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with lab_in(tmp_path, "x") as lab:
        yield lab


@pytest.fixture(scope="module")
def avahi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab_in(tmp_path_factory.mktemp("avahi"), "y") as lab:
        lab.print_server()
        lab.ippeveprinter("Acme One", 8631)
        lab.ippeveprinter("Acme Two", 8632)
        yield lab


def uris(found: list[Any]) -> list[str]:
    return sorted(one["uri"] for one in found)


def txt(*strings: bytes) -> str:
    return b"".join(bytes([len(one)]) + one for one in strings).hex()


def service(name: str, *addresses: str, kind: str = "_ipp._tcp", port: int = 631, text: str = "") -> dict[str, Any]:
    return {"type": kind, "name": name, "port": port, "txt": text, "addresses": addresses or (PRINTERS,)}


def pointer(instance: bytes) -> bytes:
    """Write an answer with one PTR record (RFC 1035 section 4.1) that says: here is an ``_ipp._tcp`` of this name."""
    record = bytes([len(instance)]) + instance + b"\xc0\x0c"
    fixed = struct.pack("!HHIH", 12, 1, 4500, len(record))
    return b"\x00\x00\x84\x00\x00\x00\x00\x01\x00\x00\x00\x00\x04_ipp\x04_tcp\x05local\x00" + fixed + record


def test_two_printers_at_one_address_are_found_with_what_their_txt_records_say(avahi: Lab) -> None:
    found = avahi.discover("10.77.1.0/24")
    assert uris(found) == [f"ipp://{PRINTERS}:8631/ipp/print", f"ipp://{PRINTERS}:8632/ipp/print"]
    for one, name in zip(found, ("Acme One", "Acme Two"), strict=True):
        assert one["found_by"] == "mdns"
        assert (one["hints"]["name"], one["hints"]["model"]) == (name, "Acme Ink 9000")
        assert len(one["hints"]["uuid"]) == 36
        assert one["hints"]["uris"] == [one["uri"].replace("ipp://", "ipps://")]


def test_a_printer_is_found_at_its_ipv6_address_where_only_that_is_inside_the_fence(avahi: Lab) -> None:
    found = avahi.discover("fd77::/64")
    assert uris(found) == [f"ipp://[{PRINTERS_IPV6}]:8631/ipp/print", f"ipp://[{PRINTERS_IPV6}]:8632/ipp/print"]


def test_a_printer_outside_the_fence_is_not_handed_on(avahi: Lab) -> None:
    assert avahi.discover("10.77.2.0/24", "fd78::/64") == []


def test_a_printer_that_is_plugged_in_while_the_agent_watches_is_visited_soon(lab: Lab) -> None:
    lab.print_server()
    order = {"networks": EVERYWHERE, "settings": {"seconds": 1}, "watch": True}
    watching = lab.start(lab.agent, *PROGRAM, stdout=PIPE)
    answers = tell(watching, order)
    lab.ippeveprinter("Acme One", 8631)
    told = json.loads(answers.readline())
    assert told["what"]["uri"] == f"ipp://{PRINTERS}:8631/ipp/print"
    assert (told["scopes"], told["why"]) == (["identity"], "announced by mDNS")
    lab.ippeveprinter("Acme Two", 8632)
    told = json.loads(answers.readline())
    assert told["what"]["uri"] == f"ipp://{PRINTERS}:8632/ipp/print"
    assert watching.stdin is not None
    watching.stdin.close()
    assert json.loads(answers.readline()) == {"tasks left": []}
    assert watching.wait(timeout=20) == 0


def test_hostile_announcements_come_out_harmless_and_hide_no_printer(lab: Lab) -> None:
    long = [b"k%d=" % number + b"\xff\x00" * 120 for number in range(32)]
    garbage = (b"", b"\x00" * 12, b"\xff" * 9000, bytes(60_000), *map(pointer, (b"a\x00\x07b", b"\xff\xfe", b"nobody")))
    lab.announce(
        service("Honest", "10.77.1.30", text=txt(b"rp=ipp/print", b"ty=Acme Ink 9000")),
        service("<b>\u202eevil</b>", "10.77.1.31", text=txt(b"ty=\x1b[2J\x00<script>", b"UUID=no", b"mac=\xff", *long)),
        service("Cut", "10.77.1.32", text="ff" + b"ty=short".hex()),
        service("Up", "10.77.1.33", text=txt(b"rp=../../etc/passwd?x#y")),
        service("Elsewhere", "192.0.2.7", "224.0.0.1", "2001:db8::7"),
        service("Raw", "10.77.1.34", port=9100),
        service("Office", "10.77.1.35", text=txt(b"rp=printers/office", b"ty=Acme Ink 9000")),
        garbage=garbage,
    )
    found = {one["uri"]: one["hints"] for one in lab.discover("10.77.1.0/24")}
    assert sorted(found) == [f"host://10.77.1.{last}" for last in (30, 31, 32, 33, 34)]
    assert found["host://10.77.1.30"]["model"] == "Acme Ink 9000"
    evil = found["host://10.77.1.31"]
    assert (evil["name"], evil["model"], evil["uuid"], evil["mac"]) == ("<b> evil</b>", "[2J <script>", None, None)
    assert found["host://10.77.1.33"]["uris"] == ["ipp://10.77.1.33:631/ipp/print"]
    assert found["host://10.77.1.34"]["uris"] == []


def test_a_printer_with_a_link_local_address_only_is_named_with_its_interface(lab: Lab) -> None:
    lab.announce(service("Acme", "fe80::20"), address="fe80::20")
    [one] = lab.discover("fe80::/10")
    index = subprocess.run(
        ["ip", "netns", "exec", lab.agent, "cat", "/sys/class/net/pm1/ifindex"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert one["uri"] == f"host://[fe80::20%{index}]"


def test_only_the_named_interfaces_are_browsed(lab: Lab) -> None:
    lab.announce(service("Acme"))
    assert lab.discover("10.77.1.0/24", interfaces=["127.0.0.1"], seconds=2) == []
    assert uris(lab.discover("10.77.1.0/24", interfaces=[AGENT], ipv6=False)) == [f"host://{PRINTERS}"]


def test_a_host_without_a_network_is_told_so(lab: Lab) -> None:
    ip("-n", lab.agent, "link", "delete", "pm1")
    [told] = lab.discover(*EVERYWHERE)
    assert "no network to browse by mDNS; is it connected?" in told["error"]


def test_a_port_that_another_program_keeps_is_named_with_a_remedy(lab: Lab) -> None:
    keeper = "import socket, sys; s = socket.socket(type=2); s.bind(('', 5353)); print(flush=True); sys.stdin.read()"
    keeping = lab.start(lab.agent, sys.executable, "-c", keeper, stdout=PIPE)
    assert keeping.stdout is not None
    keeping.stdout.readline()
    # Not with warnings as errors: zeroconf leaves the socket that it could not bind to the garbage collector.
    agent = lab.start(lab.agent, PROGRAM[0], PROGRAM[-1], stdout=PIPE)
    told = json.loads(tell(agent, {"networks": EVERYWHERE, "settings": {}}).readline())
    assert "UDP port 5353 can't be used for mDNS" in told["error"]
    assert "disallow-other-stacks=no" in told["error"]
