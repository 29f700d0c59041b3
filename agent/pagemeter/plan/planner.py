"""Makes a plan by asking the components, which are built and never opened: nothing is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address, summarize_address_range
from pathlib import Path
from typing import Any, NoReturn

from pagemeter.boundary import reason_of
from pagemeter.clock import Clock
from pagemeter.component import Component, Factory, Output, Traffic
from pagemeter.config import AgentConfig
from pagemeter.config.settings import ItemConfig
from pagemeter.errors import AccessDenied, PluginError, QuietHours
from pagemeter.model import Scope, Target
from pagemeter.net.credentials import Credentials, IPAddress, IPNetwork
from pagemeter.net.fence import Fence, FencedNetwork
from pagemeter.net.ranges import AddressRange, parse_range
from pagemeter.plan.schedules import cycles_of, delivers, when
from pagemeter.plan.values import Known, Plan, PlannedItem, PlannedNetwork, PlannedTraffic
from pagemeter.plugins import Registry
from pagemeter.snmp.territory import to_try

SNMP_TRIES = 2
"""How often a silent address is asked with each credential: once, and once more."""
SNMP_OCTETS = 90
"""An SNMP question on the wire, with its headers: a GET of two values with a community of six characters."""
SNMP_PAYLOAD = SNMP_OCTETS - 28
"""The same without the headers of IPv4 and UDP, as ``bytes_per_second`` counts it."""
SNMP_PORT = 161


class _Refusing:
    """A service that can't be used while planning."""

    def __getattr__(self, name: str) -> NoReturn:
        raise PluginError(f"asks for {name} when it is built; only what is open may send")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanServices:
    """The services of a component that is built to be asked for its traffic, and never opened."""

    clock: Clock
    folder: Path
    segments: tuple[str, ...]
    allowed: Callable[[str], bool]
    snmp: Any = field(default_factory=_Refusing)
    ipp: Any = field(default_factory=_Refusing)
    agent: str = "this agent"

    def allows(self, address: str) -> bool:
        """Say whether an IP address is inside the fence."""
        return self.allowed(address)

    def read_soon(self, what: Target | str, scopes: frozenset[Scope], why: str) -> None:
        """Nobody is visited."""

    def progress(self, done: int, total: int | None) -> None:
        """Nobody watches."""


def plan_of(
    config: AgentConfig, registry: Registry, *, fence: Fence, credentials: Credentials, clock: Clock, known: Known
) -> Plan:
    """Make the plan; ``fence`` and ``credentials`` are those the agent would use, ``known`` what its state adds."""
    planner = _Planner(config, fence, credentials, clock)
    items = tuple(planner.item(item, registry) for item in config.items)
    return Plan(
        path=config.path,
        site=config.agent.site,
        packets_per_second=config.agent.packets_per_second,
        bytes_per_second=config.agent.bytes_per_second,
        reads_at_once=config.agent.reads_at_once,
        job_details=str(config.agent.job_details),
        devices=known.devices,
        networks=tuple(planner.networks()),
        items=items,
        cycles=tuple(cycles_of(config)),
        system=tuple(_system(items)),
    )


def unusable(config: AgentConfig, registry: Registry, clock: Clock) -> Iterator[tuple[ItemConfig, str]]:
    """Build the components without opening them, and yield those that can't be built, with the reason."""
    services = PlanServices(clock=clock, folder=config.folder, segments=(), allowed=lambda _: True)
    for item in config.items:
        try:
            _built(item, registry, services)
        except Exception as error:  # noqa: BLE001 - the border to a plugin: it may raise anything
            yield item, reason_of(error)


def _built(item: ItemConfig, registry: Registry, services: PlanServices) -> Component:
    factory = registry.factory(item.kind, item.plugin)
    if not isinstance(factory, Factory) or item.settings is None:
        raise PluginError(item.broken or registry.why_not(item.plugin) or "it can't be loaded")
    built: Component = factory(item.settings, services)
    return built


class _Planner:
    def __init__(self, config: AgentConfig, fence: Fence, credentials: Credentials, clock: Clock) -> None:
        self._config = config
        self._fence = fence
        self._credentials = credentials
        self._services = PlanServices(
            clock=clock,
            folder=config.folder,
            segments=tuple(map(str, fence.selected)),
            allowed=lambda text: self._may(ip_address(text)),
        )

    def networks(self) -> Iterator[PlannedNetwork]:
        """Go through the fence in the order of the addresses."""
        in_yaml = {network for item in self._config.discoveries for network in item.select}
        ordered = sorted(self._fence.networks, key=lambda n: (n.network.version, n.network))
        for network in ordered:
            if network.network not in self._fence.selected:
                yield self._network(network, "networks")
            else:
                yield self._network(network, "select" if network.network in in_yaml else "state")

    def _octets(self, network: FencedNetwork) -> float | None:
        limits = (self._config.agent.bytes_per_second, network.bytes_per_second)
        return min((one for one in limits if one is not None), default=None)

    def _rate(self, network: FencedNetwork) -> float:
        """Return how many questions of SNMP may go to a network in a second."""
        octets, most = self._octets(network), self._config.agent.packets_per_second
        packets = min(most, network.packets_per_second or most)
        return packets if octets is None else min(packets, octets / SNMP_PAYLOAD)

    def _network(self, network: FencedNetwork, written: str) -> PlannedNetwork:
        agent = self._config.agent
        rate = agent.packets_per_second
        return PlannedNetwork(
            network=network.network,
            written=written,
            site=network.site,
            addresses=network.network.num_addresses,
            packets_per_second=min(rate, network.packets_per_second or rate),
            bytes_per_second=self._octets(network),
            reads_at_once=min(agent.reads_at_once, network.reads_at_once or agent.reads_at_once),
            requests_per_device=network.requests_per_device or 1,
            answers_from=tuple(map(str, network.answers_from)),
            quiet=network.quiet,
            never=tuple(str(one) for one in network.never),
            credentials=tuple(self._names(network)),
        )

    def _names(self, network: FencedNetwork) -> Iterator[str]:
        whole = self._credentials.snmp_of_all(network.network)
        for one in self._credentials.snmp_in(network.network):
            yield one.name if one in whole else f"{one.name} for a part"

    def item(self, item: ItemConfig, registry: Registry) -> PlannedItem:
        """Build the item's component and ask it; whatever it raises is its own fault."""
        told = PlannedItem(kind=str(item.kind), name=item.name, plugin=item.plugin, when=when(item, self._config))
        try:
            built = _built(item, registry, self._services)
            rows = tuple(self._row(traffic) for traffic in built.traffic())
            works = delivers(built, item.schedule) if isinstance(built, Output) else told.when
        except Exception as error:  # noqa: BLE001 - the border to a plugin: it may raise anything
            return replace(told, broken=reason_of(error))
        return replace(told, when=works, traffic=rows, limits=_limits(item))

    def _row(self, traffic: Traffic) -> PlannedTraffic:
        found = _range(traffic.to)
        swept = self._swept(found) if traffic.each_address and found else None
        packets, octets = traffic.packets, traffic.octets
        ports: tuple[int, ...] = () if traffic.port is None else (traffic.port,)
        addresses, why_not = None, None
        if swept is not None:
            addresses, packets, ports = swept.addresses, swept.packets, swept.ports
            octets = swept.packets * SNMP_OCTETS
        elif traffic.port == SNMP_PORT:
            ports = self._snmp_ports(found)
            if why_not := self._why_not(found):
                packets, octets, ports = 0, 0, ()
        rate = self._config.agent.packets_per_second
        return PlannedTraffic(
            to=traffic.to,
            ports=ports,
            protocol=traffic.protocol,
            direction=traffic.direction,
            per=str(traffic.per),
            addresses=addresses,
            packets=packets,
            octets=octets,
            seconds=swept.seconds if swept is not None else round(packets / rate, 1) if packets else None,
            why=f"{traffic.why} ({why_not})" if why_not else traffic.why,
            carries="" if why_not else traffic.carries,
        )

    def _swept(self, span: AddressRange) -> _Swept:
        """Count what a sweep sends to a range: each credential of each address, twice where nobody answers."""
        swept = _Swept()
        for address in span.addresses():
            if (network := self._network_of(address)) is None:
                continue
            asked = to_try(self._credentials.snmp(address), None)
            if asked:
                packets = len(asked) * SNMP_TRIES
                swept.add(packets, packets / self._rate(network))
                swept.ports = tuple(sorted({*swept.ports, *(one.port for one in asked)}))
        return swept

    def _snmp_ports(self, span: AddressRange | None) -> tuple[int, ...]:
        """Return the ports of the credentials that are for a range; of all where it is none, or has none."""
        asked = {one.port for network in _networks_of(span) for one in self._credentials.snmp_in(network)}
        every = {one.port for network in self._fence.networks for one in self._credentials.snmp_in(network.network)}
        return tuple(sorted(asked or every)) or (SNMP_PORT,)

    def _why_not(self, span: AddressRange | None) -> str | None:
        """Say why a single address is not asked."""
        if span is None or span.count != 1 or span.first is None:
            return None
        if self._network_of(span.first) is None:
            return "nothing is sent: `networks` leaves it out"
        return None if self._credentials.snmp(span.first) else "nothing is sent: no credential is for it"

    def _network_of(self, address: IPAddress) -> FencedNetwork | None:
        try:
            return self._fence.check(address)
        except (AccessDenied, QuietHours):
            return None

    def _may(self, address: IPAddress) -> bool:
        return self._network_of(address) is not None


@dataclass(slots=True)
class _Swept:
    addresses: int = 0
    packets: int = 0
    seconds: float = 0.0
    ports: tuple[int, ...] = ()

    def add(self, packets: int, seconds: float) -> None:
        """Count one address."""
        self.addresses += 1
        self.packets += packets
        self.seconds += seconds


def _networks_of(span: AddressRange | None) -> Iterator[IPNetwork]:
    if span is not None and span.first is not None and span.last is not None:
        yield from summarize_address_range(span.first, span.last)


def _range(text: str) -> AddressRange | None:
    try:
        found = parse_range(text)
    except ValueError:
        return None
    return found if found.first is not None else None


def _limits(item: ItemConfig) -> tuple[str, ...]:
    """Name what of the documents does not leave as it is."""
    named = (("only", item.only), ("mask", item.mask), ("hash", getattr(item, "hash", ())))
    return tuple(f"{name}: {', '.join(values)}" for name, values in named if values)


def _system(items: Sequence[PlannedItem]) -> Iterator[str]:
    """Say what the operating system sends on the agent's behalf."""
    yield "ARP and neighbour discovery on the attached networks, for whoever is asked there"
    yield "ICMP, where the system tells a late sender that nobody waits any more"
    if names := sorted({row.to for item in items for row in item.traffic if _is_name(row.to)}):
        yield f"DNS questions (port 53) to the resolvers of this host, for {', '.join(names)}"


def _is_name(text: str) -> bool:
    """Say whether it is a host name that has to be resolved, and neither an address nor words."""
    try:
        host = parse_range(text).host
    except ValueError:
        return False
    return host is not None and host != "localhost"
