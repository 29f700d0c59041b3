"""Windows: the table of ``GetIpForwardTable2``, as bytes.

Layout of netioapi.h, the same for 32 and 64 bits: MIB_IPFORWARD_TABLE2 is a ULONG number of entries and, 8 octets
from the start, rows of 104 octets, MIB_IPFORWARD_ROW2. Numbers are little endian, addresses in network byte order.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_network

from pagemeter.net.credentials import IPAddress
from pagemeter.net.routes.route import Route

ROW_OCTETS = 104
TABLE_OFFSET = 8

# Offsets in MIB_IPFORWARD_ROW2.
_INTERFACE_INDEX = 8
_DESTINATION = 12
_PREFIX_LENGTH = 40
_NEXT_HOP = 44
_METRIC = 84
_LOOPBACK = 92

# SOCKADDR_INET: the family first; the address of SOCKADDR_IN begins at 4, that of SOCKADDR_IN6 at 8.
_AF_INET = 2
_AF_INET6 = 23


def parse_table(table: bytes, name_of: Callable[[int], str]) -> Iterator[Route]:
    """Read the table; ``name_of`` names an interface by its index. Loopback and rows cut off are passed over."""
    if len(table) < TABLE_OFFSET:
        return
    (count,) = struct.unpack_from("<I", table)
    end = min(len(table), TABLE_OFFSET + count * ROW_OCTETS)
    for at in range(TABLE_OFFSET, end, ROW_OCTETS):
        route = _route(table[at : at + ROW_OCTETS], name_of)
        if route is not None:
            yield route


def _route(row: bytes, name_of: Callable[[int], str]) -> Route | None:
    if len(row) < ROW_OCTETS or row[_LOOPBACK]:
        return None
    destination, next_hop = _address(row, _DESTINATION), _address(row, _NEXT_HOP)
    if destination is None or row[_PREFIX_LENGTH] > destination.max_prefixlen:
        return None
    (index,) = struct.unpack_from("<I", row, _INTERFACE_INDEX)
    (metric,) = struct.unpack_from("<I", row, _METRIC)
    return Route(
        network=ip_network((destination.packed, row[_PREFIX_LENGTH]), strict=False),
        interface=name_of(index),
        gateway=next_hop if next_hop is not None and int(next_hop) else None,
        metric=metric,
    )


def _address(row: bytes, at: int) -> IPAddress | None:
    (family,) = struct.unpack_from("<H", row, at)
    if family == _AF_INET:
        return IPv4Address(row[at + 4 : at + 8])
    if family == _AF_INET6:
        return IPv6Address(row[at + 8 : at + 24])
    return None
