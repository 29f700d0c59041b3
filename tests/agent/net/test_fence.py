from __future__ import annotations

import sys
from ipaddress import ip_address, ip_network

import pytest

from pagemeter.errors import AccessDenied
from pagemeter.net.fence import Fence, FencedNetwork
from pagemeter.net.routes import local_networks, private_networks
from pagemeter.net.routes.linux import parse_ipv4

PLANT = FencedNetwork(network=ip_network("10.20.0.0/16"), site="Plant 2", never=(ip_address("10.20.1.1"),))
LINE = FencedNetwork(network=ip_network("10.20.7.0/24"), site="Line 7", packets_per_second=20)
SIX = FencedNetwork(network=ip_network("fd00:20::/64"))


@pytest.fixture
def fence() -> Fence:
    return Fence([PLANT, LINE, SIX], never=[ip_network("10.20.7.128/25")])


def test_the_smallest_network_speaks_for_an_address(fence: Fence) -> None:
    assert fence.check(ip_address("10.20.3.4"), 161) is PLANT
    assert fence.check(ip_address("10.20.7.4"), 161) is LINE
    assert fence.check(ip_address("fd00:20::7"), 161) is SIX


@pytest.mark.parametrize("address", ["10.21.0.1", "127.0.0.1", "fd00:21::7", "::1", "255.255.255.255"])
def test_what_is_outside_is_not_asked(fence: Fence, address: str) -> None:
    assert not fence.allows(ip_address(address))
    with pytest.raises(AccessDenied, match="outside the networks"):
        fence.check(ip_address(address), 161)


@pytest.mark.parametrize("address", ["10.20.1.1", "10.20.7.200", "::ffff:10.20.1.1"])
def test_never_wins_over_the_networks(fence: Fence, address: str) -> None:
    assert not fence.allows(ip_address(address))
    with pytest.raises(AccessDenied, match="never-list"):
        fence.check(ip_address(address), 161)


def test_a_never_list_of_one_network_holds_where_another_network_is_smaller() -> None:
    outer = FencedNetwork(network=ip_network("10.0.0.0/8"), never=(ip_address("10.20.7.7"),))
    assert not Fence([outer, LINE]).allows(ip_address("10.20.7.7"))


@pytest.mark.parametrize("port", [515, *range(9100, 9108)])
def test_ports_that_print_are_never_used(fence: Fence, port: int) -> None:
    with pytest.raises(AccessDenied, match=f"port {port} prints"):
        fence.check(ip_address("10.20.3.4"), port)


@pytest.mark.parametrize("port", [161, 1161, 631, 9099, 9108, None])
def test_other_ports_are_no_concern_of_the_fence(fence: Fence, port: int | None) -> None:
    assert fence.check(ip_address("10.20.3.4"), port) is PLANT


def test_an_ipv6_address_with_a_zone_belongs_to_its_network() -> None:
    link = FencedNetwork(network=ip_network("fe80::/10"))
    assert Fence([link]).check(ip_address("fe80::7%eth0")) is link


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("10.20.255.1", "10.21.0.9", True),
        ("10.19.0.0", "10.20.0.0", True),
        ("10.0.0.0", "10.255.255.255", True),
        ("10.21.0.0", "10.22.0.0", False),
        ("fd00:20::1", "fd00:20::9", True),
        ("::1", "::2", False),
    ],
)
def test_a_range_overlaps_the_fence_or_not(fence: Fence, first: str, last: str, expected: bool) -> None:
    assert fence.overlaps(ip_address(first), ip_address(last)) is expected


ROUTES = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
eth0\t0002A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
wlan0\t0002A8C0\t00000000\t0001\t0\t0\t600\t00FFFFFF\t0\t0\t0
eth1\t0000140A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
eth1\t00001E0A\t0100140A\t0003\t0\t0\t0\t0000FFFF\t0\t0\t0
eth2\t00000808\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
eth3\t0000FEA9\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
lo\t0000007F\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0
"""


@pytest.mark.skipif(sys.byteorder == "big", reason="the file is written in the byte order of the host")
def test_local_networks_are_the_private_ones_that_are_attached() -> None:
    assert [str(network) for network in private_networks(parse_ipv4(ROUTES))] == ["192.168.2.0/24", "10.20.0.0/16"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells its networks")
def test_no_local_network_is_loopback_or_public() -> None:
    assert all(network.is_private and not network.is_loopback for network in local_networks())
