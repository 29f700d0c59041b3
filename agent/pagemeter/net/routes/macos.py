"""macOS: what ``netstat -rn`` and ``route -n get default`` print."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from pagemeter.net.credentials import IPAddress, IPNetwork
from pagemeter.net.routes.route import Route

_OCTETS = 4

# Flags of netstat(1): up, gateway; rejecting, blackhole, host.
_UP, _GATEWAY = "U", "G"
_LEFT_OUT = frozenset("RBH")


def parse_netstat(text: str) -> Iterator[Route]:
    """Read the tables of ``netstat -rn``; hosts, loopback, dead routes and what is no route are passed over.

    Where the columns stand is told by the header of each table, for they changed in macOS 10.15.
    """
    columns: list[str] = []
    for line in text.splitlines():
        fields = line.split()
        if fields[:2] == ["Destination", "Gateway"]:
            columns = fields
        elif "Netif" in columns and len(fields) > columns.index("Netif"):
            found = dict(zip(columns, fields, strict=False))
            flags = set(found["Flags"])
            if _UP not in flags or flags & _LEFT_OUT or found["Netif"].startswith("lo"):
                continue
            network = _network(found["Destination"], six=":" in found["Destination"] or ":" in found["Gateway"])
            gateway = _address(found["Gateway"]) if _GATEWAY in flags else None
            if network is not None and (gateway is not None or _GATEWAY not in flags):
                yield Route(network=network, interface=found["Netif"], gateway=gateway)


def parse_route_get(text: str) -> Route | None:
    """Read ``route -n get default``; none where there is no default route."""
    found = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}
    gateway, name = _address(found.get("gateway", "")), found.get("interface")
    if gateway is None or not name:
        return None
    return Route(network=ip_network("::/0" if gateway.version == 6 else "0.0.0.0/0"), interface=name, gateway=gateway)


def _network(text: str, *, six: bool) -> IPNetwork | None:
    """Write a destination in full: ``10.1/16`` lacks its zeros, ``192.168.1`` its prefix of 8 bits an octet too."""
    address, _, length = text.partition("/")
    address = address.partition("%")[0]
    if address == "default":
        return ip_network("::/0" if six else "0.0.0.0/0")
    if not six:
        octets = address.split(".")
        length = length or str(8 * len(octets))
        address = ".".join([*octets, *["0"] * (_OCTETS - len(octets))])
    try:
        return ip_network(f"{address}/{length}" if length else address)
    except ValueError:
        return None


def _address(text: str) -> IPAddress | None:
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None
