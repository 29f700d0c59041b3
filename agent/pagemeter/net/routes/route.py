"""What a route of this host is, and what routes together say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pagemeter.net.credentials import IPAddress, IPNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route; ``gateway`` is none for a network that this host is attached to."""

    network: IPNetwork
    interface: str
    gateway: IPAddress | None = None
    metric: int = 0


def private_networks(routes: Iterable[Route]) -> tuple[IPNetwork, ...]:
    """Return the private networks among the attached ones, each once: neither loopback nor link-local."""
    networks = (route.network for route in attached(routes))
    return tuple(
        dict.fromkeys(one for one in networks if one.is_private and not one.is_loopback and not one.is_link_local)
    )


def gateways(routes: Iterable[Route]) -> tuple[IPAddress, ...]:
    """Return the default gateways, each once: IPv4 first, then by metric."""
    defaults = [route for route in routes if route.network.prefixlen == 0 and route.gateway is not None]
    ordered = sorted(defaults, key=lambda route: (route.network.version, route.metric))
    return tuple(dict.fromkeys(route.gateway for route in ordered if route.gateway is not None))


def attached(routes: Iterable[Route]) -> Iterator[Route]:
    """Yield the routes to networks that this host is attached to, each network and interface once.

    Left out are multicast and single addresses.
    """
    seen: set[tuple[IPNetwork, str]] = set()
    for route in routes:
        network = route.network
        if route.gateway is not None or network.prefixlen in (0, network.max_prefixlen):
            continue
        if network.is_multicast or (network, route.interface) in seen:
            continue
        seen.add((network, route.interface))
        yield route
