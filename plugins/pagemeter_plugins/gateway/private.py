"""Which networks may have printers of the site."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

from pagemeter.net.credentials import IPNetwork

# RFC 1918, RFC 6598, RFC 4193: loopback, link-local, multicast, reserved and public networks lie in none of them.
_PRIVATE_IPV4 = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))
_PRIVATE_IPV6 = (IPv6Network("fc00::/7"),)


def is_segment(network: IPNetwork) -> bool:
    """Say whether a network may have printers of the site: private, and more than one address."""
    if network.prefixlen == network.max_prefixlen:
        return False
    if isinstance(network, IPv4Network):
        return any(network.subnet_of(private) for private in _PRIVATE_IPV4)
    return any(network.subnet_of(private) for private in _PRIVATE_IPV6)
