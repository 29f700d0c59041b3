"""Asks one router for its tables."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, replace

from pagemeter import Snmp
from pagemeter.errors import DeviceError
from pagemeter.model import Target
from pagemeter.net.credentials import IPAddress
from pagemeter.snmp.types import Walk
from pagemeter_plugins.gateway import mib
from pagemeter_plugins.gateway.private import is_segment
from pagemeter_plugins.gateway.tables import (
    Address,
    Interface,
    RouterRoute,
    parse_addresses,
    parse_interfaces,
    parse_neighbours,
    parse_routes,
)

# A router that has more interfaces with addresses than this gets along without their names.
_MOST_INTERFACES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """What a router told; ``neighbours`` is none where it has no such table, ``remarks`` say what is not whole."""

    host: str
    addresses: tuple[Address, ...] = ()
    table: str | None = None
    routes: tuple[RouterRoute, ...] = ()
    neighbours: Mapping[IPAddress, str] | None = None
    interfaces: Mapping[int, Interface]
    remarks: tuple[str, ...] = ()


async def read_router(snmp: Snmp, target: Target, *, most_routes: int) -> Router:
    """Read a router's tables; raises DeviceError where it tells nothing, and keeps what came before a later silence."""
    remarks: list[str] = []
    addresses = await snmp.walk(target, mib.ADDRESSES)
    own = parse_addresses(addresses)
    table, routes = await _routes(snmp, target, most_routes, remarks)
    if table is not None:
        routes = await _with_interfaces(snmp, target, table, own, routes, remarks)
    neighbours = await _neighbours(snmp, target, remarks)
    numbers = {*(one.interface for one in own), *(one.interface for one in routes)}
    indexes = sorted(number for number in numbers if number)[:_MOST_INTERFACES]
    names = [(*column, index) for index in indexes for column in mib.INTERFACES]
    interfaces = await _later(snmp.get(target, names), "interfaces", remarks) if names else Walk(())
    return Router(
        host=target.host,
        addresses=tuple(own),
        table=table,
        routes=tuple(routes),
        neighbours=neighbours,
        interfaces=parse_interfaces(interfaces, indexes),
        remarks=tuple(remarks),
    )


async def _routes(snmp: Snmp, target: Target, most: int, remarks: list[str]) -> tuple[str | None, list[RouterRoute]]:
    """Read the newest route table that has rows; none of them where they are more than ``most``."""
    numbers = await _later(snmp.get(target, mib.ROUTE_NUMBERS), "number of routes", remarks)
    counted = max((numbers.integer(one) or 0 for one in mib.ROUTE_NUMBERS), default=0)
    if counted > most:
        remarks.append(f"{counted} routes are more than max_routes ({most}); only the networks of its addresses count")
        return None, []
    for table, columns in mib.ROUTE_TABLES:
        walk = await _later(snmp.walk(target, columns), table, remarks)
        routes = parse_routes(table, walk)
        if len(walk.column(columns[0])) > most or any(reason.startswith("cut") for reason in walk.missing.values()):
            remarks.append(f"{table} has more than {most} routes; only the networks of its addresses count")
            return None, []
        if routes:
            remarks += [f"{table} is not whole: {reason}" for reason in walk.missing.values()]
            return table, routes
    return None, []


async def _with_interfaces(
    snmp: Snmp, target: Target, table: str, own: Sequence[Address], routes: list[RouterRoute], remarks: list[str]
) -> list[RouterRoute]:
    """Ask for the interface of attached networks in which the router has no address; none at all discards packets.

    net-snmp lists routes that discard or reject as attached ones, with the interface 0.
    """
    near = {address.network for address in own}
    odd = [one for one in routes if one.next_hop is None and one.network not in near and is_segment(one.network)]
    if not odd:
        return routes
    column = mib.ROUTE_INTERFACES[table]
    asked = [(*column, *one.index) for one in odd[:_MOST_INTERFACES]]
    walk = await _later(snmp.get(target, asked), f"interfaces of {table}", remarks)
    known = [replace(one, interface=walk.integer((*column, *one.index))) for one in routes]
    return [one for one in known if one.interface != 0]


async def _neighbours(snmp: Snmp, target: Target, remarks: list[str]) -> Mapping[IPAddress, str] | None:
    """Read the newer table, and the older one where that has no IPv4 address."""
    walk = await _later(snmp.walk(target, mib.NET_TO_PHYSICAL), "ipNetToPhysicalTable", remarks)
    if not any(address.version == 4 for address in parse_neighbours(walk)):
        walk = walk.joined(await _later(snmp.walk(target, mib.NET_TO_MEDIA), "ipNetToMediaTable", remarks))
    remarks += [f"its ARP table is not whole: {reason}" for reason in walk.missing.values()]
    return parse_neighbours(walk) if len(walk) else None


async def _later(answer: Awaitable[Walk], what: str, remarks: list[str]) -> Walk:
    """Wait for an answer behind the first one; where none comes, what is known so far has to do."""
    try:
        return await answer
    except DeviceError as error:
        remarks.append(f"{what}: {error}")
        return Walk(())
