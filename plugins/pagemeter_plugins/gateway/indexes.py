"""Addresses that stand in the index of a row (RFC 4001, RFC 2578 section 7.7), as agents write them."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_network

from pagemeter.net.credentials import IPAddress, IPNetwork
from pagemeter.snmp.types import Oid

# InetAddressType: unknown, ipv4, ipv6, ipv4z, ipv6z; how many octets the address has, its zone of 4 included.
_SIZES = {0: 0, 1: 4, 2: 16, 3: 8, 4: 20}
_OCTETS_OF_IPV4 = 4
_OCTETS_OF_IPV6 = 16


def take_address(index: Oid, at: int = 0, *, counted: bool = True) -> tuple[IPAddress | None, int]:
    """Read type, length and address; returns it, none for an unknown one, and where it ends. Raises ValueError.

    Not ``counted``: some agents leave the length out.
    """
    size = _SIZES.get(index[at]) if at < len(index) else None
    if size is None:
        raise ValueError("no address type")
    start = at + 1
    if counted:
        if index[start : start + 1] != (size,):
            raise ValueError("a length that is not that of its type")
        start += 1
    end = start + size
    if end > len(index):
        raise ValueError("an address is cut off")
    return _address(index[start:end]), end


def decode_inet_route(index: Oid) -> tuple[IPNetwork, IPAddress | None]:
    """Read destination and next hop from the index of inetCidrRouteTable (RFC 4292); raises ValueError.

    The index is the destination, its prefix length, a policy with its length, the next hop; a next hop that is unknown
    or all zero is none.
    """
    try:
        return _inet_route(index, counted=True)
    except ValueError:
        return _inet_route(index, counted=False)


def decode_cidr_route(index: Oid) -> tuple[IPNetwork, IPAddress | None]:
    """Read destination and next hop from the index of ipCidrRouteTable (RFC 2096); raises ValueError.

    The index is destination, mask, type of service and next hop, in 13 sub-identifiers.
    """
    if len(index) != 3 * _OCTETS_OF_IPV4 + 1:
        raise ValueError("an index of another length")
    return masked(ipv4(index[:4]), index[4:8]), _known(ipv4(index[9:]))


def ipv4(index: Oid) -> IPv4Address:
    """Read an address of four sub-identifiers; raises ValueError."""
    if len(index) != _OCTETS_OF_IPV4:
        raise ValueError("no IPv4 address")
    return IPv4Address(bytes(index))


def masked(address: IPv4Address, mask: bytes | Oid) -> IPNetwork:
    """Return the network of a destination and its mask; raises ValueError for a mask with holes or bits behind it.

    Some agents write the octets of the mask in reverse.
    """
    for octets in (bytes(mask), bytes(reversed(mask))):
        bits = int.from_bytes(octets, "big")
        length = bits.bit_count()
        if len(octets) == _OCTETS_OF_IPV4 and bits == (0xFFFF_FFFF << (32 - length)) & 0xFFFF_FFFF:
            return ip_network((int(address), length))
    raise ValueError("a mask with holes")


def _inet_route(index: Oid, *, counted: bool) -> tuple[IPNetwork, IPAddress | None]:
    destination, at = take_address(index, 0, counted=counted)
    if destination is None or at + 1 >= len(index) or index[at] > destination.max_prefixlen:
        raise ValueError("no destination")
    network = ip_network((destination.packed, index[at]))
    next_hop, end = take_address(index, at + 2 + index[at + 1], counted=counted)
    if end != len(index):
        raise ValueError("an index that is too long")
    return network, _known(next_hop)


def _address(octets: Oid) -> IPAddress | None:
    if not octets:
        return None
    if len(octets) < _OCTETS_OF_IPV6:
        return IPv4Address(bytes(octets[:_OCTETS_OF_IPV4]))
    return IPv6Address(bytes(octets[:_OCTETS_OF_IPV6]))


def _known(address: IPAddress | None) -> IPAddress | None:
    return address if address is not None and int(address) else None
