"""What routers say, row by row as RFC 4292 and RFC 4293 write it, and which segments come of it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pagemeter.errors import AccessDenied, PagemeterError, PluginError, Unreachable
from pagemeter.model import Segment, Target
from pagemeter.net.routes import Route
from pagemeter.snmp.types import Oid, Tag, VarBind, Walk, oid
from pagemeter.testing import FakeServices, RecordedSnmp
from pagemeter_plugins.gateway.discovery import GatewayDiscovery
from pagemeter_plugins.gateway.indexes import decode_cidr_route, decode_inet_route
from pagemeter_plugins.gateway.private import is_segment
from pagemeter_plugins.gateway.settings import GatewaySettings
from pagemeter_plugins.gateway.tables import parse_addresses, parse_neighbours, parse_routes

IP = oid("1.3.6.1.2.1.4")
MAC = bytes.fromhex("00005e005307")

REJECT, LOCAL, REMOTE, BLACKHOLE = 2, 3, 4, 5


def octets(address: str) -> tuple[int, ...]:
    return tuple(ip_address(address).packed)


def inet(address: str) -> tuple[int, ...]:
    """An InetAddress in an index: type, length, octets; type unknown for an empty one."""
    if not address:
        return 0, 0
    parts = octets(address)
    return (1 if len(parts) == 4 else 2, len(parts), *parts)


def own(address: str, length: int, interface: int) -> Iterator[VarBind]:
    """A row of ipAddrTable."""
    mask = ip_network(f"0.0.0.0/{length}").netmask.packed
    yield VarBind((*IP, 20, 1, 2, *octets(address)), Tag.INTEGER, interface)
    yield VarBind((*IP, 20, 1, 3, *octets(address)), Tag.IP_ADDRESS, mask)


def own_inet(address: str, network: str | None, interface: int) -> Iterator[VarBind]:
    """A row of ipAddressTable; without a network its prefix is zeroDotZero."""
    pointer: Oid = (0, 0)
    if network is not None:
        prefix = ip_network(network)
        pointer = (*IP, 32, 1, 5, interface, *inet(str(prefix.network_address)), prefix.prefixlen)
    yield VarBind((*IP, 34, 1, 5, *inet(address)), Tag.OBJECT_IDENTIFIER, pointer)


def inet_route(network: str, next_hop: str = "", kind: int = LOCAL, policy: Oid = (0, 0)) -> Iterator[VarBind]:
    """A row of inetCidrRouteTable."""
    to = ip_network(network)
    index = (*inet(str(to.network_address)), to.prefixlen, len(policy), *policy, *inet(next_hop))
    yield VarBind((*IP, 24, 7, 1, 8, *index), Tag.INTEGER, kind)


def cidr_route(network: str, next_hop: str = "0.0.0.0", kind: int = LOCAL, mask: str = "") -> Iterator[VarBind]:  # noqa: S104 - no next hop
    """A row of ipCidrRouteTable."""
    to = ip_network(network)
    index = (*to.network_address.packed, *octets(mask or str(to.netmask)), 0, *octets(next_hop))
    yield VarBind((*IP, 24, 4, 1, 6, *index), Tag.INTEGER, kind)


def old_route(network: str, next_hop: str, kind: int = LOCAL) -> Iterator[VarBind]:
    """A row of ipRouteTable; ``next_hop`` of an attached network is the router's own address."""
    to = ip_network(network)
    index = tuple(to.network_address.packed)
    yield VarBind((*IP, 21, 1, 7, *index), Tag.IP_ADDRESS, bytes(octets(next_hop)))
    yield VarBind((*IP, 21, 1, 8, *index), Tag.INTEGER, kind)
    yield VarBind((*IP, 21, 1, 11, *index), Tag.IP_ADDRESS, to.netmask.packed)


def media(address: str, interface: int = 1, kind: int = 3, mac: bytes = MAC) -> Iterator[VarBind]:
    """A row of ipNetToMediaTable."""
    index = (interface, *octets(address))
    yield VarBind((*IP, 22, 1, 2, *index), Tag.OCTET_STRING, mac)
    yield VarBind((*IP, 22, 1, 4, *index), Tag.INTEGER, kind)


def physical(address: str, interface: int = 1, kind: int = 3, state: int = 1, mac: bytes = MAC) -> Iterator[VarBind]:
    """A row of ipNetToPhysicalTable."""
    index = (interface, *inet(address))
    yield VarBind((*IP, 35, 1, 4, *index), Tag.OCTET_STRING, mac)
    yield VarBind((*IP, 35, 1, 6, *index), Tag.INTEGER, kind)
    yield VarBind((*IP, 35, 1, 7, *index), Tag.INTEGER, state)


def interface(index: int, name: bytes = b"", descr: bytes = b"", status: int = 1) -> Iterator[VarBind]:
    """An interface in ifTable and ifXTable."""
    if name:
        yield VarBind((*oid("1.3.6.1.2.1.31.1.1.1.1"), index), Tag.OCTET_STRING, name)
    yield VarBind((*oid("1.3.6.1.2.1.2.2.1.2"), index), Tag.OCTET_STRING, descr)
    yield VarBind((*oid("1.3.6.1.2.1.2.2.1.8"), index), Tag.INTEGER, status)


def count(number: int, *, inet_table: bool = True) -> Iterator[VarBind]:
    """How many routes there are."""
    yield VarBind((*IP, 24, 6 if inet_table else 3, 0), Tag.GAUGE32, number)


def walk_of(*rows: Iterable[VarBind]) -> Walk:
    return Walk([row for group in rows for row in group])


GATEWAY = "10.4.0.1"
OWN = (
    Route(network=ip_network("0.0.0.0/0"), interface="eth0", gateway=ip_address(GATEWAY)),
    Route(network=ip_network("10.4.0.0/24"), interface="eth0"),
    Route(network=ip_network("169.254.0.0/16"), interface="eth0"),
)
ADDRESSES = (
    own(GATEWAY, 24, 1),
    own("10.4.1.1", 24, 2),
    own("127.0.0.1", 8, 9),
    own("192.168.99.1", 24, 3),
    interface(1, b"ge-0/0/1", b"office"),
    interface(2, descr=b"plant  2\x00"),
    interface(3, b"ge-0/0/3", status=2),
    interface(9, b"lo"),
)
ROUTER = walk_of(
    *ADDRESSES,
    cidr_route("0.0.0.0/0", "192.0.2.1", REMOTE),
    cidr_route("10.4.0.0/24", GATEWAY),
    cidr_route("10.16.0.0/20", "10.4.1.9", REMOTE),
    cidr_route("10.4.1.9/32", "10.4.1.9", REMOTE),
    cidr_route("172.16.0.0/12", "0.0.0.0", REJECT),  # noqa: S104 - no next hop
    cidr_route("192.168.99.0/24"),
    cidr_route("192.168.98.0/24", "192.168.99.7", REMOTE),
    cidr_route("203.0.113.0/24", "10.4.0.9", REMOTE),
    media("10.4.0.20"),
    media("10.4.0.21"),
    media("10.4.0.22", kind=2),
    media("10.4.1.20", mac=b""),
    media("10.16.3.3"),
)


async def discovered(
    walks: dict[str, Walk],
    *,
    own: Sequence[Route] = OWN,
    networks: tuple[str, ...] = ("10.0.0.0/8",),
    **settings: object,
) -> tuple[list[Segment], list[Target], RecordedSnmp]:
    snmp = RecordedSnmp(walks)
    services = FakeServices(snmp=snmp, networks=networks)
    discovery = GatewayDiscovery(GatewaySettings.model_validate(settings), services, routes=lambda: own)
    async with discovery:
        found = [one async for one in discovery.discover({})]
    assert all(isinstance(one, Segment | Target) for one in found)
    return (
        [one for one in found if isinstance(one, Segment)],
        [one for one in found if isinstance(one, Target)],
        snmp,
    )


async def test_a_router_lists_its_segments_with_all_that_it_knows_of_them() -> None:
    segments, targets, _ = await discovered({GATEWAY: ROUTER})
    addresses, table = f"{GATEWAY} (its addresses)", f"{GATEWAY} (ipCidrRouteTable)"
    assert segments == [
        Segment(network="10.4.0.0/24", interface="ge-0/0/1", hosts_seen=2, learned_from=addresses),
        Segment(network="10.4.1.0/24", interface="plant 2", hosts_seen=0, learned_from=addresses),
        Segment(network="10.16.0.0/20", next_hop="10.4.1.9", interface="plant 2", hosts_seen=1, learned_from=table),
    ]
    assert targets == []


async def test_only_small_columns_are_walked() -> None:
    _, _, snmp = await discovered({GATEWAY: ROUTER})
    walked = [root for call, _, roots in snmp.asked if call == "walk" for root in roots]
    assert {root[:-2] for root in walked} <= {(*IP, 20), (*IP, 34), (*IP, 24, 7), (*IP, 24, 4), (*IP, 35), (*IP, 22)}
    assert [root for root in walked if root[: len(IP) + 1] == (*IP, 24)] == [(*IP, 24, 7, 1, 8), (*IP, 24, 4, 1, 6)]
    assert {call for call, _, _ in snmp.asked} == {"walk", "get"}


@pytest.mark.parametrize("error", [Unreachable("is silent"), AccessDenied("is outside the networks")])
async def test_a_router_that_tells_nothing_leaves_the_networks_of_this_host(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    class Refusing(RecordedSnmp):
        async def walk(self, target: Target, roots: Sequence[Oid], *, within: float = 60.0) -> Walk:
            raise error

    caplog.set_level(logging.INFO)
    discovery = GatewayDiscovery(GatewaySettings(), FakeServices(snmp=Refusing({})), routes=lambda: OWN)
    found = [one async for one in discovery.discover({})]
    assert found == [Segment(network="10.4.0.0/24", interface="eth0", learned_from="this host")]
    assert [record.getMessage() for record in caplog.records] == [f"10.4.0.1 tells no segments: {error}"]


async def test_a_router_that_falls_silent_keeps_what_it_said(caplog: pytest.LogCaptureFixture) -> None:
    class FallsSilent(RecordedSnmp):
        async def walk(self, target: Target, roots: Sequence[Oid], *, within: float = 60.0) -> Walk:
            if self.asked:
                raise Unreachable("fell silent")
            return await super().walk(target, roots, within=within)

    caplog.set_level(logging.INFO)
    services = FakeServices(snmp=FallsSilent({GATEWAY: ROUTER}))
    found = [one async for one in GatewayDiscovery(GatewaySettings(), services, routes=lambda: OWN).discover({})]
    assert [one.network for one in found if isinstance(one, Segment)] == ["10.4.0.0/24", "10.4.1.0/24"]
    assert "10.4.0.1: ipCidrRouteTable: fell silent" in caplog.text


async def test_further_routers_are_asked_behind_the_gateway() -> None:
    far = walk_of(own("10.200.0.1", 24, 5), cidr_route("10.4.1.0/24", "10.200.0.9", REMOTE), media("10.4.1.77"))
    segments, _, snmp = await discovered({GATEWAY: ROUTER, "10.200.0.1": far}, routers=("10.200.0.1", GATEWAY))
    assert list(dict.fromkeys(host for _, host, _ in snmp.asked)) == [GATEWAY, "10.200.0.1"]
    by_network = {one.network: one for one in segments}
    assert by_network["10.200.0.0/24"].learned_from == "10.200.0.1 (its addresses)"
    # The gateway is attached to it, which says more than the other's route; its hosts are those of both ARP tables.
    assert by_network["10.4.1.0/24"].learned_from == "10.4.0.1 (its addresses)"
    assert by_network["10.4.1.0/24"].hosts_seen == 1


@pytest.mark.parametrize("inet_table", [True, False])
async def test_a_router_with_too_many_routes_tells_its_own_networks_only(
    inet_table: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    told = ROUTER.joined(walk_of(count(900_000, inet_table=inet_table)))
    segments, _, snmp = await discovered({GATEWAY: told})
    assert [one.network for one in segments] == ["10.4.0.0/24", "10.4.1.0/24"]
    assert "900000 routes are more than max_routes (2000); only the networks of its addresses count" in caplog.text
    assert not [roots for _, _, roots in snmp.asked if roots[0][: len(IP) + 2] == (*IP, 24, 4)]


async def test_more_routes_than_were_counted_are_not_taken_either(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    segments, _, _ = await discovered({GATEWAY: ROUTER.joined(walk_of(count(0)))}, max_routes=5)
    assert [one.network for one in segments] == ["10.4.0.0/24", "10.4.1.0/24"]
    assert "ipCidrRouteTable has more than 5 routes" in caplog.text


async def test_a_walk_that_was_cut_says_so_and_is_not_taken_for_whole(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    cut = Walk(ROUTER, {(*IP, 24, 4, 1, 6): "cut after 60 s"})
    segments, _, _ = await discovered({GATEWAY: cut})
    assert "10.16.0.0/20" not in [one.network for one in segments]
    assert "only the networks of its addresses count" in caplog.text


async def test_the_newest_table_with_rows_is_taken() -> None:
    rows = walk_of(
        own(GATEWAY, 24, 1),
        inet_route("10.1.0.0/24", GATEWAY, REMOTE),
        inet_route("fd00:1::/64"),
        cidr_route("10.2.0.0/24"),
        old_route("10.3.0.0/24", GATEWAY),
    )
    segments, _, _ = await discovered({GATEWAY: rows})
    assert [one.network for one in segments] == ["10.1.0.0/24", "10.4.0.0/24", "fd00:1::/64"]


async def test_the_oldest_table_is_taken_where_there_is_no_other() -> None:
    rows = walk_of(
        own(GATEWAY, 24, 1),
        old_route("10.3.0.0/24", GATEWAY, LOCAL),
        old_route("10.5.0.0/16", "10.4.0.7", REMOTE),
        old_route("10.6.0.0/16", "10.4.0.7", REJECT),
    )
    segments, _, _ = await discovered({GATEWAY: rows})
    assert [(one.network, one.next_hop) for one in segments] == [
        ("10.3.0.0/24", None),
        ("10.4.0.0/24", None),
        ("10.5.0.0/16", "10.4.0.7"),
    ]


async def test_an_attached_network_without_any_interface_discards_packets() -> None:
    index = next(iter(cidr_route("10.9.0.0/16"))).oid[len(IP) + 4 :]
    rows = walk_of(own(GATEWAY, 24, 1), cidr_route("10.8.0.0/16"), cidr_route("10.9.0.0/16"), interface(2, b"vlan2"))
    told = [VarBind((*IP, 24, 4, 1, 5, *index), Tag.INTEGER, number) for number in (0, 2)]
    dead, _, _ = await discovered({GATEWAY: rows.joined(Walk(told[:1]))})
    assert [(one.network, one.interface) for one in dead] == [("10.4.0.0/24", None), ("10.8.0.0/16", None)]
    alive, _, _ = await discovered({GATEWAY: rows.joined(Walk(told[1:]))})
    assert [one.interface for one in alive if one.network == "10.9.0.0/16"] == ["vlan2"]


async def test_hosts_of_arp_tables_are_visited_on_request_and_inside_the_fence_only() -> None:
    rows = ROUTER.joined(walk_of(media("172.16.0.9"), media(GATEWAY)))
    _, targets, _ = await discovered({GATEWAY: rows}, arp=True)
    assert [(one.uri, one.found_by, one.hints.mac) for one in targets] == [
        ("host://10.4.0.20", "gateway", "00:00:5e:00:53:07"),
        ("host://10.4.0.21", "gateway", "00:00:5e:00:53:07"),
        ("host://10.16.3.3", "gateway", "00:00:5e:00:53:07"),
    ]


async def test_a_router_without_arp_table_does_not_say_that_nobody_is_there() -> None:
    segments, _, _ = await discovered({GATEWAY: walk_of(own(GATEWAY, 24, 1))})
    assert [(one.network, one.hosts_seen) for one in segments] == [("10.4.0.0/24", None)]


async def test_a_host_without_default_route_tells_its_own_networks() -> None:
    segments, _, snmp = await discovered({}, own=OWN[1:])
    assert [one.network for one in segments] == ["10.4.0.0/24"]
    assert snmp.asked == []


async def test_a_system_that_does_not_tell_its_routes_asks_the_routers_of_the_settings() -> None:
    def silent() -> Sequence[Route]:
        raise PagemeterError("this system does not tell its routes")

    services = FakeServices(snmp=RecordedSnmp({"10.4.0.1": ROUTER}))
    named = GatewayDiscovery(GatewaySettings(routers=(GATEWAY,)), services, routes=silent)
    assert len([one async for one in named.discover({})]) == 3
    unnamed = GatewayDiscovery(GatewaySettings(), services, routes=silent)
    with pytest.raises(PluginError, match="name it under routers"):
        [one async for one in unnamed.discover({})]
    assert [one.to for one in unnamed.traffic()] == ["the default gateway of this host"]


def test_the_plan_names_whom_it_asks() -> None:
    settings = GatewaySettings(routers=("10.4.0.2", GATEWAY))
    traffic = list(GatewayDiscovery(settings, FakeServices(), routes=lambda: OWN).traffic())
    assert [(one.to, one.port, one.protocol) for one in traffic] == [(GATEWAY, 161, "udp"), ("10.4.0.2", 161, "udp")]


def test_a_link_local_gateway_is_not_asked() -> None:
    own = [Route(network=ip_network("::/0"), interface="eth0", gateway=ip_address("fe80::1"))]
    assert list(GatewayDiscovery(GatewaySettings(), FakeServices(), routes=lambda: own).traffic()) == []


@pytest.mark.parametrize("keys", [{"routers": ("10.4.0.0/24",)}, {"max_routes": 0}, {"max_routes": 100_000}])
def test_settings_that_make_no_sense_are_refused(keys: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        GatewaySettings.model_validate(keys)


@pytest.mark.parametrize(
    "network",
    ["10.4.0.0/22", "10.0.0.0/8", "172.31.0.0/24", "192.168.7.0/25", "100.64.9.0/24", "10.0.0.4/30", "fd12::/64"],
)
def test_a_private_network_is_a_segment(network: str) -> None:
    assert is_segment(ip_network(network))


@pytest.mark.parametrize(
    "network",
    [
        "0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "0.0.0.0/8", "10.0.0.7/32", "127.0.0.0/8", "127.0.0.0/24",
        "169.254.0.0/16", "224.0.0.0/4", "239.1.0.0/16", "240.0.0.0/4", "255.255.255.255/32", "8.8.8.0/24",
        "203.0.113.0/24", "192.0.0.0/4", "10.0.0.0/7", "::/0", "fe80::/10", "fe80::/64", "ff00::/8", "fd00::7/128",
        "2001:db8::/32", "::1/128",
    ],
)  # fmt: skip
def test_what_is_no_segment_is_left_out(network: str) -> None:
    assert not is_segment(ip_network(network))


def index(text: str) -> Oid:
    return oid(text)


@pytest.mark.parametrize(
    ("row", "network", "next_hop"),
    [
        ("1.4.192.168.1.0.24.2.0.0.0.0", "192.168.1.0/24", None),
        ("1.4.192.168.1.0.24.2.0.0.1.4.0.0.0.0", "192.168.1.0/24", None),
        ("1.4.10.9.0.0.16.2.0.0.1.4.10.4.0.9", "10.9.0.0/16", "10.4.0.9"),
        ("1.4.10.9.0.0.16.1.0.1.4.10.4.0.9", "10.9.0.0/16", "10.4.0.9"),
        ("1.4.10.9.0.0.16.3.0.0.5.1.4.10.4.0.9", "10.9.0.0/16", "10.4.0.9"),
        ("1.10.9.0.0.20.0.1.10.9.0.2", "10.9.0.0/20", "10.9.0.2"),
        ("3.8.10.9.0.0.0.0.0.5.16.2.0.0.1.4.10.4.0.9", "10.9.0.0/16", "10.4.0.9"),
    ],
    ids=["no next hop", "next hop zero", "remote", "policy of 1", "policy of 3", "without lengths", "with a zone"],
)
def test_the_index_of_a_route_is_read_as_agents_write_it(row: str, network: str, next_hop: str | None) -> None:
    found, hop = decode_inet_route(index(row))
    assert (str(found), None if hop is None else str(hop)) == (network, next_hop)


@pytest.mark.parametrize(
    "row",
    ["1", "1.4.10.9.0.0", "1.4.10.9.0.0.33.0.0.0", "1.4.10.9.0.1.16.2.0.0.0.0", "1.4.10.9.0.999.16.2.0.0.0.0",
     "7.4.10.9.0.0.16.2.0.0.0.0", "1.4.10.9.0.0.16.2.0.0.0.0.0", "0.0.0.2.0.0.0.0"],
)  # fmt: skip
def test_an_index_that_is_none_is_refused(row: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever its words
        decode_inet_route(index(row))


@pytest.mark.parametrize(
    ("row", "network"),
    [
        ("10.9.0.0.255.255.0.0.0.10.4.0.9", "10.9.0.0/16"),
        ("10.112.130.0.0.255.255.255.0.10.4.0.9", "10.112.130.0/24"),
        ("0.0.0.0.0.0.0.0.0.10.4.0.9", "0.0.0.0/0"),
    ],
    ids=["as it should be", "mask reversed", "default"],
)
def test_a_mask_is_read_forwards_and_where_that_makes_no_sense_backwards(row: str, network: str) -> None:
    assert str(decode_cidr_route(index(row))[0]) == network


@pytest.mark.parametrize("row", ["10.9.0.0.255.0.255.0.0.10.4.0.9", "10.9.0.1.255.255.0.0.0.10.4.0.9", "10.9.0.0"])
def test_a_mask_with_holes_is_no_network(row: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever its words
        decode_cidr_route(index(row))


@given(st.lists(st.integers(0, 2**32 - 1), max_size=50).map(tuple))
def test_any_index_is_read_or_refused(row: Oid) -> None:
    for decode in (decode_inet_route, decode_cidr_route):
        try:
            network, _ = decode(row)
        except ValueError:
            continue
        assert network.prefixlen <= network.max_prefixlen


def test_addresses_are_completed_by_the_newer_table_where_its_pointer_makes_sense() -> None:
    walk = walk_of(
        own("10.4.0.1", 24, 1),
        own_inet("10.4.0.1", "10.0.0.0/8", 1),
        own_inet("fd00:4::1", "fd00:4::/64", 1),
        own_inet("10.5.0.1", "10.5.0.0/16", 2),
        own_inet("10.6.0.1", None, 3),
        own_inet("10.7.0.1", "10.8.0.0/16", 4),
    )
    found = {str(one.address): (str(one.network), one.interface) for one in parse_addresses(walk)}
    assert found == {
        "10.4.0.1": ("10.4.0.0/24", 1),
        "10.5.0.1": ("10.5.0.0/16", 2),
        "fd00:4::1": ("fd00:4::/64", 1),
    }


def test_the_next_hop_of_an_attached_network_is_not_told() -> None:
    [route] = parse_routes("inetCidrRouteTable", walk_of(inet_route("10.4.0.0/24", "10.4.0.1", LOCAL)))
    assert route.next_hop is None
    assert parse_routes("inetCidrRouteTable", walk_of(inet_route("10.4.0.0/24", kind=BLACKHOLE))) == []


def test_neighbours_are_those_that_were_there() -> None:
    walk = walk_of(
        physical("10.4.0.1"),
        physical("10.4.0.2", kind=2),
        physical("10.4.0.3", kind=5),
        physical("10.4.0.4", state=7),
        physical("10.4.0.5", state=2, kind=4),
        physical("10.4.0.6", mac=b""),
        physical("10.4.0.7", mac=bytes(6)),
        physical("fd00:4::9"),
        media("10.4.0.1", mac=bytes.fromhex("00005e0053ff")),
        media("10.4.0.8"),
    )
    assert {str(address): mac for address, mac in parse_neighbours(walk).items()} == dict.fromkeys(
        ("10.4.0.1", "10.4.0.5", "fd00:4::9", "10.4.0.8"), "00:00:5e:00:53:07"
    )
