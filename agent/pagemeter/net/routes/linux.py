"""Linux: ``/proc/net/route`` and ``/proc/net/ipv6_route``, which show the main table."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from pagemeter.net.routes.route import Route

# linux/route.h: RTF_UP, RTF_REJECT; linux/ipv6_route.h: RTF_ANYCAST, RTF_LOCAL.
_UP = 0x1
_REJECT = 0x200
_ANYCAST = 0x0010_0000
_LOCAL = 0x8000_0000

_FIELDS_OF_IPV4 = 8
_FIELDS_OF_IPV6 = 10


def parse_ipv4(text: str) -> Iterator[Route]:
    """Read ``/proc/net/route``; lines that are none, down or rejecting are passed over.

    Addresses are hex in the byte order of the host, flags are hex, the metric is decimal.
    """
    for line in text.splitlines():
        fields = line.split()
        try:
            name, destination, gateway, flags, _, _, metric, mask = fields[:_FIELDS_OF_IPV4]
            if int(flags, 16) & (_UP | _REJECT) != _UP or name == "*":
                continue
            network = IPv4Network((_host_order(destination), _host_order(mask)))
            next_hop = IPv4Address(_host_order(gateway))
            distance = int(metric)
        except (ValueError, struct.error):
            continue
        yield Route(network=network, interface=name, gateway=None if int(next_hop) == 0 else next_hop, metric=distance)


def parse_ipv6(text: str) -> Iterator[Route]:
    """Read ``/proc/net/ipv6_route``: all numbers are hex, addresses in network byte order; ``lo`` is passed over."""
    for line in text.splitlines():
        fields = line.split()
        try:
            destination, length, _, _, next_hop, metric, _, _, flags, name = fields[:_FIELDS_OF_IPV6]
            if name == "lo" or int(flags, 16) & (_UP | _REJECT | _ANYCAST | _LOCAL) != _UP:
                continue
            network = IPv6Network((bytes.fromhex(destination), int(length, 16)))
            gateway = IPv6Address(bytes.fromhex(next_hop))
            distance = int(metric, 16)
        except ValueError:
            continue
        yield Route(network=network, interface=name, gateway=None if int(gateway) == 0 else gateway, metric=distance)


def _host_order(field: str) -> str:
    return socket.inet_ntoa(struct.pack("=L", int(field, 16)))
