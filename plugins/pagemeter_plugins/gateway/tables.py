"""What the tables of a router say: its addresses, routes, neighbours and interfaces."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_network

from pagemeter.net.credentials import IPAddress, IPNetwork
from pagemeter.snmp.types import Oid, Walk
from pagemeter.text import scrub
from pagemeter_plugins.gateway import mib
from pagemeter_plugins.gateway.indexes import decode_cidr_route, decode_inet_route, ipv4, masked, take_address

# Types of all route tables: reject (ipRouteTable: invalid), local (direct), blackhole.
_DEAD = frozenset({2, 5})
_LOCAL = 3

# ipNetToMediaType invalid, ipNetToPhysicalType invalid and local (the router itself).
_NO_NEIGHBOUR = frozenset({2, 5})
# ipNetToPhysicalState invalid and incomplete.
_NOT_THERE = frozenset({5, 7})

# ifOperStatus testing, down, dormant, notPresent, lowerLayerDown: nothing passes. Tunnels often say unknown (4).
_NOTHING_PASSES = frozenset({2, 3, 5, 6, 7})

_OCTETS_OF_MAC = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One of the router's own addresses, its network, and the ifIndex of its interface."""

    address: IPAddress
    network: IPNetwork
    interface: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterRoute:
    """A route that is alive; ``next_hop`` is none for a network that the router is attached to.

    ``index`` is that of its row; ``interface`` an ifIndex, where it was asked for.
    """

    network: IPNetwork
    index: Oid
    next_hop: IPAddress | None = None
    interface: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """An interface: how it is called, and whether anything passes."""

    name: str | None
    alive: bool


def parse_addresses(walk: Walk) -> list[Address]:
    """Read ipAddrTable, and from ipAddressTable those addresses that it lacks, IPv6 among them."""
    found: dict[IPAddress, Address] = {}
    for index, row in walk.column(mib.IP_AD_ENT_NET_MASK).items():
        try:
            address = ipv4(index)
            mask = masked(IPv4Address(0), row.value if isinstance(row.value, bytes) else b"")
        except ValueError:
            continue
        interface = walk.integer((*mib.IP_AD_ENT_IF_INDEX, *index))
        network = ip_network((int(address), mask.prefixlen), strict=False)
        found[address] = Address(address=address, network=network, interface=interface)
    for index, row in walk.column(mib.IP_ADDRESS_PREFIX).items():
        one = _pointed_to(index, row.value if isinstance(row.value, tuple) else ())
        if one is not None:
            found.setdefault(one.address, one)
    return list(found.values())


def _pointed_to(index: Oid, pointer: Oid) -> Address | None:
    """Follow ipAddressPrefix: the row that it points to has ifIndex, prefix and prefix length in its index."""
    root = mib.IP_ADDRESS_PREFIX_ORIGIN
    if pointer[: len(root)] != root or len(pointer) <= len(root):
        return None
    interface, rest = pointer[len(root)], pointer[len(root) + 1 :]
    try:
        address, _ = take_address(index)
        prefix, end = take_address(rest)
        if address is None or prefix is None or len(rest) != end + 1:
            return None
        network = ip_network((prefix.packed, rest[end]))
    except ValueError:
        return None
    return Address(address=address, network=network, interface=interface) if address in network else None


def parse_routes(table: str, walk: Walk) -> list[RouterRoute]:
    """Read the routes of one of ``mib.ROUTE_TABLES``; those that lead nowhere are left out, as is what has no mask."""
    if table == "ipRouteTable":
        return list(_routes(_of_ip_route_table(walk)))
    column, decode = {
        "inetCidrRouteTable": (mib.INET_CIDR_ROUTE_TYPE, decode_inet_route),
        "ipCidrRouteTable": (mib.IP_CIDR_ROUTE_TYPE, decode_cidr_route),
    }[table]
    return list(_routes(_of_indexes(walk, column, decode)))


_Row = tuple[Oid, int | None, IPNetwork, IPAddress | None]


def _of_indexes(walk: Walk, column: Oid, decode: Callable[[Oid], tuple[IPNetwork, IPAddress | None]]) -> Iterator[_Row]:
    for index, row in walk.column(column).items():
        try:
            network, next_hop = decode(index)
        except ValueError:
            continue
        yield index, row.value if isinstance(row.value, int) else None, network, next_hop


def _of_ip_route_table(walk: Walk) -> Iterator[_Row]:
    for index, row in walk.column(mib.IP_ROUTE_MASK).items():
        hop = walk.octets((*mib.IP_ROUTE_NEXT_HOP, *index)) or b""
        try:
            network = masked(ipv4(index), row.value if isinstance(row.value, bytes) else b"")
            next_hop = ipv4(tuple(hop)) if any(hop) else None
        except ValueError:
            continue
        yield index, walk.integer((*mib.IP_ROUTE_TYPE, *index)), network, next_hop


def _routes(rows: Iterable[_Row]) -> Iterator[RouterRoute]:
    """Go by the type and not by the next hop, which of an attached network may be the router's own address."""
    for index, kind, network, next_hop in rows:
        if kind not in _DEAD:
            yield RouterRoute(network=network, index=index, next_hop=None if kind == _LOCAL else next_hop)


def parse_neighbours(walk: Walk) -> dict[IPAddress, str]:
    """Read ipNetToPhysicalTable and ipNetToMediaTable: who was there lately, with its MAC address.

    Left out are the router itself, what is invalid or incomplete, and what has no address of six octets.
    """
    found: dict[IPAddress, str] = {}
    for index, row in walk.column(mib.NET_TO_PHYSICAL_PHYS_ADDRESS).items():
        kind = walk.integer((*mib.NET_TO_PHYSICAL_TYPE, *index))
        state = walk.integer((*mib.NET_TO_PHYSICAL_STATE, *index))
        try:
            address, _ = take_address(index, 1)
        except ValueError:
            continue
        mac = _mac(row.value)
        if address is not None and mac is not None and kind not in _NO_NEIGHBOUR and state not in _NOT_THERE:
            found.setdefault(address, mac)
    for index, row in walk.column(mib.NET_TO_MEDIA_PHYS_ADDRESS).items():
        try:
            address = ipv4(index[1:])
        except ValueError:
            continue
        mac = _mac(row.value)
        if mac is not None and walk.integer((*mib.NET_TO_MEDIA_TYPE, *index)) not in _NO_NEIGHBOUR:
            found.setdefault(address, mac)
    return found


def _mac(value: object) -> str | None:
    return value.hex(":") if isinstance(value, bytes) and len(value) == _OCTETS_OF_MAC and any(value) else None


def parse_interfaces(walk: Walk, indexes: Iterable[int]) -> Mapping[int, Interface]:
    """Read names and states: ifName, or ifDescr where there is none."""
    return {
        index: Interface(
            name=scrub(walk.octets((*mib.IF_NAME, index))) or scrub(walk.octets((*mib.IF_DESCR, index))),
            alive=walk.integer((*mib.IF_OPER_STATUS, index)) not in _NOTHING_PASSES,
        )
        for index in indexes
    }
