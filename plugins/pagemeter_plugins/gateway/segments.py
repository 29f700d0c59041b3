"""From what routers and this host say to the list of segments."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from pagemeter.model import Segment
from pagemeter.net.credentials import IPAddress, IPNetwork
from pagemeter.net.routes import Route, attached
from pagemeter_plugins.gateway.private import is_segment
from pagemeter_plugins.gateway.router import Router
from pagemeter_plugins.gateway.tables import Address, Interface, RouterRoute


def segments(routers: Iterable[Router], own: Iterable[Route]) -> list[Segment]:
    """List each segment once, sorted: what the routers say, in their order, then what this host is attached to.

    A network that a router is attached to says more than a route to it.
    """
    routers = tuple(routers)
    listed = [one for router in routers for one in _listed(router)]
    listed.sort(key=lambda one: one[1].next_hop is not None)
    listed += [
        (route.network, Segment(network=str(route.network), interface=route.interface, learned_from="this host"))
        for route in attached(own)
    ]
    found: dict[IPNetwork, Segment] = {}
    for network, segment in listed:
        if is_segment(network):
            found.setdefault(network, segment)
    seen = Seen(routers)
    ordered = sorted(found, key=lambda one: (one.version, int(one.network_address), one.prefixlen))
    return [_counted(found[network], seen.within(network)) for network in ordered]


class Seen:
    """The hosts of all ARP tables, and how many of them are in a network."""

    def __init__(self, routers: Iterable[Router]) -> None:
        tables = [router.neighbours for router in routers if router.neighbours is not None]
        self._known = bool(tables)
        self.hosts: dict[IPAddress, str] = {}
        for table in tables:
            for address, mac in table.items():
                self.hosts.setdefault(address, mac)
        self._numbers = {
            version: sorted(int(address) for address in self.hosts if address.version == version) for version in (4, 6)
        }

    def within(self, network: IPNetwork) -> int | None:
        """Count; none where no router has an ARP table."""
        if not self._known:
            return None
        numbers = self._numbers[network.version]
        low, high = int(network.network_address), int(network.broadcast_address)
        return bisect_right(numbers, high) - bisect_left(numbers, low)


def _counted(segment: Segment, hosts: int | None) -> Segment:
    return Segment(
        network=segment.network,
        next_hop=segment.next_hop,
        interface=segment.interface,
        hosts_seen=hosts,
        learned_from=segment.learned_from,
    )


def _listed(router: Router) -> Iterator[tuple[IPNetwork, Segment]]:
    """Yield the networks of a router's addresses, then of its routes; what lies behind a dead interface is left out."""
    for address in router.addresses:
        interface = _interface(router, address)
        if interface is None or interface.alive:
            yield (
                address.network,
                Segment(
                    network=str(address.network),
                    interface=None if interface is None else interface.name,
                    learned_from=f"{router.host} (its addresses)",
                ),
            )
    own = {address.address for address in router.addresses}
    for route in router.routes:
        # Some agents call an attached network a route by their own address.
        next_hop = None if route.next_hop in own else route.next_hop
        interface = _interface(router, route) or _interface(router, _through(router, route))
        if interface is None or interface.alive:
            yield (
                route.network,
                Segment(
                    network=str(route.network),
                    next_hop=None if next_hop is None else str(next_hop),
                    interface=None if interface is None else interface.name,
                    learned_from=f"{router.host} ({router.table})",
                ),
            )


def _interface(router: Router, where: Address | RouterRoute | None) -> Interface | None:
    return None if where is None or where.interface is None else router.interfaces.get(where.interface)


def _through(router: Router, route: RouterRoute) -> Address | None:
    """Find the own address of the router whose network holds the next hop: the smallest such network."""
    place = route.next_hop or route.network.network_address
    near = [one for one in router.addresses if place in one.network]
    return max(near, key=lambda one: one.network.prefixlen, default=None)
