"""The routes of this host, as each system tells them."""

from __future__ import annotations

import struct
import sys
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagemeter.net.routes import Route, attached, gateways, own_routes
from pagemeter.net.routes.linux import parse_ipv4, parse_ipv6
from pagemeter.net.routes.macos import parse_netstat, parse_route_get
from pagemeter.net.routes.windows import ROW_OCTETS, parse_table

# The columns that RFC 1812 hosts of two uplinks show: a VPN with the lower metric, a rejecting route, one that is down.
PROC_ROUTE = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0104000A\t0003\t0\t0\t100\t00000000\t0\t0\t0
tun0\t00000000\t0108000A\t0003\t0\t0\t50\t00000000\t0\t0\t0
eth0\t0004000A\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
eth0\t0010000A\t0204000A\t0003\t0\t0\t0\t00F0FFFF\t0\t0\t0
*\t0000A8C0\t00000000\t0201\t0\t0\t0\t0000FFFF\t0\t0\t0
eth1\t0001A8C0\t00000000\t0000\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth0\t0000FEA9\t00000000\t0001\t0\t0\t1000\t0000FFFF\t0\t0\t0
"""

NOBODY = "0" * 32
PROC_IPV6_ROUTE = f"""\
fd000004000000000000000000000000 40 {NOBODY} 00 {NOBODY} 00000100 00000001 00000000 00000001     eth0
fe800000000000000000000000000000 40 {NOBODY} 00 {NOBODY} 00000100 00000001 00000000 00000001     eth0
{NOBODY} 00 {NOBODY} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0
{NOBODY} 00 {NOBODY} 00 {NOBODY} ffffffff 00000001 00000000 00200200       lo
fd000004000000000000000000000007 80 {NOBODY} 00 {NOBODY} 00000000 00000002 00000000 80200001     eth0
fd00000a000000000000000000000000 30 {NOBODY} 00 fd000004000000000000000000000001 00000400 00000001 00000000 00000003 e0
"""

NETSTAT = """\
Routing tables

Internet:
Destination        Gateway            Flags               Netif Expire
default            10.4.0.1           UGScg                 en0
10.4/24            link#6             UCS                   en0      !
10.4.0.1/32        link#6             UCS                   en0      !
10.4.0.1           0:0:5e:0:53:1      UHLWIir               en0   1187
10.16/20           10.4.0.2           UGSc                  en0
127                127.0.0.1          UCS                   lo0
127.0.0.1          127.0.0.1          UH                    lo0
169.254            link#6             UCS                   en0      !
192.168.7          link#9             UC                vmnet8      !
172.20             10.4.0.3           UGRSc                 en0
224.0.0/4          link#6             UmCS                  en0      !

Internet6:
Destination                             Gateway                         Flags               Netif Expire
default                                 fe80::1%en0                     UGcg                  en0
fd00:4::/64                             link#6                          UC                    en0
fe80::%en0/64                           link#6                          UCI                   en0
"""

# Before macOS 10.15 two more columns stood in front of Netif.
OLD_NETSTAT = """\
Routing tables

Internet:
Destination        Gateway            Flags        Refs      Use   Netif Expire
default            10.4.0.1           UGSc           20       16     en0
10.4/24            link#4             UCS             1        0     en0
"""

ROUTE_GET = """\
   route to: default
destination: default
       mask: default
    gateway: 10.4.0.1
  interface: en0
      flags: <UP,GATEWAY,DONE,STATIC,PRCLONING,GLOBAL>
 recvpipe  sendpipe  ssthresh  rtt,msec    rttvar  hopcount      mtu     expire
       0         0         0         0         0         0      1500         0
"""


def route(network: str, interface: str, gateway: str | None = None, metric: int = 0) -> Route:
    return Route(
        network=ip_network(network),
        interface=interface,
        gateway=None if gateway is None else ip_address(gateway),
        metric=metric,
    )


def sockaddr(address: str) -> bytes:
    """SOCKADDR_INET: 28 octets, the family first."""
    parsed = ip_address(address)
    if isinstance(parsed, IPv4Address):
        return struct.pack("<HH4s20x", 2, 0, parsed.packed)
    return struct.pack("<HHI16sI", 23, 0, 0, parsed.packed, 0)


def windows_row(
    network: str, gateway: str | None = None, *, index: int = 7, metric: int = 0, loopback: bool = False
) -> bytes:
    """MIB_IPFORWARD_ROW2, its fields in their order."""
    prefix = ip_network(network)
    unknown = str(type(prefix.network_address)(0))
    return struct.pack(
        "<QI28sB3x28sB3xIIIIBBBBII",
        1 << 48, index, sockaddr(str(prefix.network_address)), prefix.prefixlen, sockaddr(gateway or unknown),
        0, 0xFFFFFFFF, 0xFFFFFFFF, metric, 3, loopback, 0, 0, 1, 0, 0,
    )  # fmt: skip


def windows_table(*rows: bytes, count: int | None = None) -> bytes:
    return struct.pack("<II", len(rows) if count is None else count, 0) + b"".join(rows)


@pytest.mark.skipif(sys.byteorder != "little", reason="the recorded file is that of a little-endian host")
def test_linux_tells_the_routes_that_are_up() -> None:
    assert list(parse_ipv4(PROC_ROUTE)) == [
        route("0.0.0.0/0", "eth0", "10.0.4.1", 100),
        route("0.0.0.0/0", "tun0", "10.0.8.1", 50),
        route("10.0.4.0/24", "eth0", metric=100),
        route("10.0.16.0/20", "eth0", "10.0.4.2"),
        route("169.254.0.0/16", "eth0", metric=1000),
    ]


def test_linux_tells_the_routes_of_ipv6() -> None:
    assert list(parse_ipv6(PROC_IPV6_ROUTE)) == [
        route("fd00:4::/64", "eth0", metric=256),
        route("fe80::/64", "eth0", metric=256),
        route("::/0", "eth0", "fe80::1", 1024),
        route("fd00:a::/48", "e0", "fd00:4::1", 1024),
    ]


def test_macos_tells_its_routes_by_netstat() -> None:
    assert list(parse_netstat(NETSTAT)) == [
        route("0.0.0.0/0", "en0", "10.4.0.1"),
        route("10.4.0.0/24", "en0"),
        route("10.4.0.1/32", "en0"),
        route("10.16.0.0/20", "en0", "10.4.0.2"),
        route("169.254.0.0/16", "en0"),
        route("192.168.7.0/24", "vmnet8"),
        route("224.0.0.0/4", "en0"),
        route("::/0", "en0", "fe80::1"),
        route("fd00:4::/64", "en0"),
        route("fe80::/64", "en0"),
    ]


def test_older_netstat_has_other_columns() -> None:
    assert list(parse_netstat(OLD_NETSTAT)) == [route("0.0.0.0/0", "en0", "10.4.0.1"), route("10.4.0.0/24", "en0")]


def test_macos_tells_its_default_route() -> None:
    assert parse_route_get(ROUTE_GET) == route("0.0.0.0/0", "en0", "10.4.0.1")
    assert parse_route_get("route: writing to routing socket: not in table\n") is None
    assert parse_route_get(ROUTE_GET.replace("10.4.0.1", "fe80::1%en0")) == route("::/0", "en0", "fe80::1")


def test_windows_tells_its_table_as_bytes() -> None:
    table = windows_table(
        windows_row("0.0.0.0/0", "10.4.0.1", metric=25),
        windows_row("10.4.0.0/24"),
        windows_row("127.0.0.0/8", index=1, loopback=True),
        windows_row("::/0", "fe80::1", index=9),
        windows_row("fd00:4::/64", index=9, metric=256),
    )
    assert len(windows_row("10.4.0.0/24")) == ROW_OCTETS
    assert list(parse_table(table, lambda index: f"ethernet_{index}")) == [
        route("0.0.0.0/0", "ethernet_7", "10.4.0.1", 25),
        route("10.4.0.0/24", "ethernet_7"),
        route("::/0", "ethernet_9", "fe80::1"),
        route("fd00:4::/64", "ethernet_9", metric=256),
    ]


def test_a_table_that_is_cut_off_costs_only_its_last_row() -> None:
    whole = windows_table(windows_row("10.4.0.0/24"), windows_row("10.5.0.0/24"))
    assert [one.network for one in parse_table(whole[:-1], str)] == [ip_network("10.4.0.0/24")]
    assert list(parse_table(b"\x05", str)) == []


@given(text=st.text(), data=st.binary(max_size=300))
def test_rubbish_is_no_route_and_no_failure(text: str, data: bytes) -> None:
    for parsed in (parse_ipv4(text), parse_ipv6(text), parse_netstat(text), parse_table(data, str)):
        assert all(isinstance(one, Route) for one in parsed)
    parse_route_get(text)


@given(data=st.binary(min_size=ROW_OCTETS, max_size=ROW_OCTETS))
def test_any_row_of_windows_is_read_or_passed_over(data: bytes) -> None:
    assert all(
        isinstance(one.network.network_address, IPv4Address | IPv6Address)
        for one in parse_table(windows_table(data), str)
    )


def test_default_gateways_are_told_ipv4_first_and_by_metric() -> None:
    told = [
        route("::/0", "eth0", "fe80::1", 1),
        route("0.0.0.0/0", "eth0", "10.0.4.1", 100),
        route("0.0.0.0/0", "tun0", "10.0.8.1", 50),
        route("0.0.0.0/0", "eth1", "10.0.4.1", 200),
        route("10.0.16.0/20", "eth0", "10.0.4.2"),
        route("0.0.0.0/0", "ppp0"),
    ]
    assert gateways(told) == (ip_address("10.0.8.1"), ip_address("10.0.4.1"), ip_address("fe80::1"))


def test_attached_networks_are_those_without_a_gateway() -> None:
    near = route("10.0.4.0/24", "eth0")
    told = [near, route("10.0.4.0/24", "eth0", metric=9), route("10.0.4.7/32", "eth0"), route("224.0.0.0/4", "eth0")]
    told += [route("0.0.0.0/0", "ppp0"), route("10.0.16.0/20", "eth0", "10.0.4.2")]
    assert list(attached(told)) == [near]


@pytest.mark.skipif(sys.platform not in {"linux", "darwin", "win32"}, reason="this system does not tell its routes")
def test_this_host_tells_its_routes() -> None:
    assert all(isinstance(one, Route) for one in own_routes())
