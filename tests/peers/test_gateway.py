"""Gateways and broadcasts against net-snmp's snmpd, in network namespaces that the test makes.

``host`` is where the agent runs: 10.60.0.10, default route by ``router``: 10.60.0.1, which has further segments.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import Any

import pytest

PROGRAM = Path(__file__).with_name("in_namespace.py")
RESPONDER_PORT = "1161"
# net-snmp says which system it runs on: 10 is Linux.
NET_SNMP_ON_LINUX = "1.3.6.1.4.1.8072.3.2.10"


def namespaces_can_be_made() -> bool:
    name = f"pagemeter-try-{os.getpid()}"
    try:
        made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode == 0
    except OSError:
        return False
    if made:
        subprocess.run(["ip", "netns", "del", name], check=True)
    return made


pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(
        "CI" not in os.environ and (shutil.which("snmpd") is None or not namespaces_can_be_made()),
        reason="needs snmpd of net-snmp, and the right to make network namespaces",
    ),
]

LINKS = """
link add r0 type veth peer name eth0 netns {host}
link add r1 type veth peer name r1far
link add r2 type veth peer name r2far
link set lo up
link set r0 up
link set r1 up
link set r1far up
link set r2 up
address add 10.60.0.1/24 dev r0
address add 10.60.0.5/24 dev r0
address add 10.61.0.5/32 dev lo
address add 10.60.16.1/20 dev r1
address add 203.0.113.1/24 dev r1
address add 192.168.77.1/24 dev r2
route add 10.70.0.0/16 via 10.60.16.9
route add 10.71.0.7/32 via 10.60.16.9
route add 100.64.8.0/22 via 10.60.0.9
route add 198.51.100.0/24 via 10.60.16.9
route add blackhole 10.99.0.0/16
route add default via 10.60.16.254
neighbour add 10.60.16.20 lladdr 00:00:5e:00:53:01 dev r1
neighbour add 10.60.16.21 lladdr 00:00:5e:00:53:02 dev r1
link set r2far down
"""


def ip(namespace: str, line: str) -> None:
    subprocess.run(["ip", "-n", namespace, *line.split()], check=True)


@contextmanager
def namespace(name: str) -> Iterator[str]:
    full = f"pagemeter-{name}-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", full], check=True)
    try:
        yield full
    finally:
        subprocess.run(["ip", "netns", "del", full], check=True)


@pytest.fixture(scope="module")
def network() -> Iterator[tuple[str, str]]:
    """The names of host and router."""
    with namespace("host") as host, namespace("router") as router:
        for line in LINKS.strip().splitlines():
            ip(router, line.format(host=host))
        for line in ("link set lo up", "link set eth0 up", "address add 10.60.0.10/24 dev eth0"):
            ip(host, line)
        ip(host, "route add default via 10.60.0.1")
        yield host, router


@contextmanager
def running(namespace: str, *command: str, **options: Any) -> Iterator[Popen[str]]:
    peer = Popen(["ip", "netns", "exec", namespace, *command], stdin=DEVNULL, text=True, **options)
    try:
        yield peer
    finally:
        peer.terminate()
        peer.wait(10)
        if peer.stdout is not None:
            peer.stdout.close()


@pytest.fixture(scope="module")
def snmpd(network: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """snmpd in the router, at all its addresses."""
    folder = tmp_path_factory.mktemp("snmpd")
    (folder / "state").mkdir()
    (folder / "snmpd.conf").write_text("rocommunity public\n", encoding="utf-8")
    with ExitStack() as stack:
        peer = stack.enter_context(
            running(
                network[1],
                *("snmpd", "-f", "-C", "-c", str(folder / "snmpd.conf"), "-Le", "udp:161"),
                env={**os.environ, "SNMP_PERSISTENT_DIR": str(folder / "state"), "MIBS": ""},
                stderr=PIPE,
            )
        )
        stack.callback(peer.stderr.close)  # type: ignore[union-attr] # a pipe was asked for
        said = ""
        for line in peer.stderr or ():
            said += line
            if "NET-SNMP version" in line:
                break
        assert peer.poll() is None, f"snmpd ended: {said}"
        yield


def inside(namespace: str, *arguments: str) -> Any:
    done = subprocess.run(
        ["ip", "netns", "exec", namespace, sys.executable, str(PROGRAM), *arguments],
        capture_output=True, text=True, check=False, timeout=90,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.usefixtures("snmpd")
def test_the_gateway_of_a_host_lists_its_segments(network: tuple[str, str]) -> None:
    found = inside(network[0], "gateway", "10.60.0.0/24", "public")
    assert found["gateways"] == ["10.60.0.1"]
    assert found["said"] == []
    assert {one["network"]: (one["next_hop"], one["interface"], one["hosts_seen"]) for one in found["segments"]} == {
        # The host itself is in the router's ARP table, for it asks.
        "10.60.0.0/24": (None, "r0", 1),
        "10.60.16.0/20": (None, "r1", 2),
        "10.70.0.0/16": ("10.60.16.9", "r1", 0),
        "100.64.8.0/22": ("10.60.0.9", "r0", 0),
    }
    assert {one["learned_from"].partition(" (")[0] for one in found["segments"]} == {"10.60.0.1"}


@pytest.mark.usefixtures("snmpd")
@pytest.mark.parametrize(
    ("fence", "community", "says"),
    [
        ("10.99.0.0/24", "public", "10.60.0.1 is outside the networks of the configuration; add its network there"),
        ("10.60.0.0/24", "privat", "did not answer SNMP"),
    ],
    ids=["outside the fence", "refused"],
)
def test_a_gateway_that_is_not_to_be_asked_or_refuses_leaves_the_own_network(
    network: tuple[str, str], fence: str, community: str, says: str
) -> None:
    found = inside(network[0], "gateway", fence, community)
    assert found["segments"] == [
        {
            "network": "10.60.0.0/24", "next_hop": None, "interface": "eth0", "hosts_seen": None,
            "learned_from": "this host",
        }
    ]  # fmt: skip
    [line] = found["said"]
    assert line.startswith("10.60.0.1 tells no segments: ")
    assert says in line


@pytest.mark.usefixtures("snmpd")
def test_snmpd_answers_255_255_255_255(network: tuple[str, str]) -> None:
    assert inside(network[0], "broadcast", "-", "161") == {"10.60.0.1": NET_SNMP_ON_LINUX}


@pytest.mark.parametrize("segment", ["10.60.0.0/24", "-"], ids=["directed", "255.255.255.255"])
def test_a_broadcast_carries_one_community_and_answers_from_outside_are_dropped(
    network: tuple[str, str], segment: str
) -> None:
    host, router = network
    respond = (sys.executable, str(PROGRAM), "respond", "10.60.0.1", "10.60.0.5", "10.61.0.5")
    with running(router, *respond, stdout=PIPE) as responder:
        assert responder.stdout is not None
        assert responder.stdout.readline() == "ready\n"
        found = inside(host, "broadcast", segment, RESPONDER_PORT)
        responder.terminate()
        heard = responder.stdout.read().split()
    assert found == {"10.60.0.1": "1.3.6.1.4.1.99999.7", "10.60.0.5": "1.3.6.1.4.1.99999.7"}
    assert set(heard) == {"public"}


def test_a_segment_beyond_the_router_is_not_broadcast_to(network: tuple[str, str]) -> None:
    found = inside(network[0], "broadcast", "10.60.0.128/25", RESPONDER_PORT)
    assert "not a segment that this host is attached to (it is attached to: 10.60.0.0/24); sweep it" in found["error"]
