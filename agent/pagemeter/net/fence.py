"""The fence: whom the agent may ask at all, whoever found the address."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from ipaddress import IPv4Network, IPv6Address, collapse_addresses, ip_network
from typing import TypeAlias

from pagemeter.errors import Forbidden, QuietHours
from pagemeter.net.credentials import IPAddress, IPNetwork

Never: TypeAlias = IPAddress | IPNetwork

# Whatever reaches these is printed (raw printing, its neighbours on multi-port servers, and LPD).
PRINTING_PORTS = frozenset(range(9100, 9108)) | {515}


@dataclass(frozen=True, slots=True, kw_only=True)
class FencedNetwork:
    """A network that may be asked, and how: its limits, local hours of quiet, and what in it is left alone.

    ``bytes_per_second`` counts octets of payload, sent and received. ``reads_at_once`` is how many of its devices are
    read at once, ``requests_per_device`` how many requests one device has to answer at once; none leaves each to the
    agent (1 request). ``quiet`` is ``22:00-06:00``; it may run over midnight, and its end is no longer quiet.
    ``answers_from`` are addresses in it that answer from another address of it: routers with a virtual address.
    """

    network: IPNetwork
    site: str | None = None
    packets_per_second: float | None = None
    bytes_per_second: float | None = None
    reads_at_once: int | None = None
    requests_per_device: int | None = None
    quiet: str | None = None
    never: tuple[Never, ...] = ()
    answers_from: tuple[IPAddress, ...] = ()

    def is_quiet(self, local: time) -> bool:
        """Say whether a local time of day is in the quiet hours."""
        if self.quiet is None:
            return False
        begin, end = (time.fromisoformat(text.zfill(5)) for text in self.quiet.split("-"))
        return begin <= local < end if begin <= end else local >= begin or local < end


class Fence:
    """The networks of the YAML and what is never asked; the smallest network that holds an address speaks for it.

    ``local_time`` gives the local time by which quiet hours count; without it there are none.
    """

    def __init__(
        self,
        networks: Sequence[FencedNetwork],
        *,
        never: Iterable[Never] = (),
        local_time: Callable[[], datetime] | None = None,
    ) -> None:
        self._local_time = local_time
        self._written = tuple(networks)
        self.selected: tuple[IPNetwork, ...] = ()
        self.networks = _smallest_first(networks)
        listed = [*never, *(item for network in networks for item in network.never)]
        self._never = tuple(ip_network(item) for item in listed)

    def select(self, segments: Iterable[IPNetwork]) -> None:
        """Let these segments, and no other ones beside the YAML's networks, be asked; what is never asked stays so."""
        self.selected = tuple(dict.fromkeys(segments))
        added = [FencedNetwork(network=network) for network in self.selected]
        written = {network.network for network in self._written}
        self.networks = _smallest_first([*self._written, *(one for one in added if one.network not in written)])

    def check(self, address: IPAddress, port: int | None = None) -> FencedNetwork:
        """Return the network that holds the address; raises Forbidden, or QuietHours where it is not asked now."""
        address = _plain(address)
        if port in PRINTING_PORTS:
            raise Forbidden(f"{address}: port {port} prints what it is sent and is never used")
        if any(address in network for network in self._never):
            raise Forbidden(f"{address} is on a never-list and is not asked")
        for network in self.networks:
            if address in network.network:
                self._keep_quiet(address, network)
                return network
        raise Forbidden(f"{address} is outside the networks of the configuration; add its network there")

    def allows(self, address: IPAddress) -> bool:
        """Say whether the address may be asked."""
        try:
            self.check(address)
        except (Forbidden, QuietHours):
            return False
        return True

    def network_of(self, address: IPAddress) -> FencedNetwork | None:
        """Return the network that speaks for an address, whether it may be asked now or not."""
        address = _plain(address)
        return next((network for network in self.networks if address in network.network), None)

    def edges(self) -> tuple[IPNetwork, ...]:
        """Return the networks at whose ends something else may hold than before: its own, and what is left alone."""
        return (*(network.network for network in self.networks), *self._never)

    def check_whole(self, segment: IPv4Network) -> FencedNetwork:
        """Return the network that speaks for a segment all of which may be asked at once; raises as ``check`` does.

        A broadcast asks everybody: an address on a never-list forbids it, and so do quiet hours of a part.
        """
        for never in self._never:
            if never.overlaps(segment):
                raise Forbidden(
                    f"{segment}: a broadcast would ask {never} too, which is on a never-list; sweep it instead"
                )
        mine = [one for one in self.networks if one.network.overlaps(segment)]
        written = collapse_addresses(one.network for one in mine if isinstance(one.network, IPv4Network))
        if not any(segment.subnet_of(network) for network in written):
            raise Forbidden(f"{segment} is not wholly inside the networks of the configuration; add it there")
        for network in mine:
            self._keep_quiet(segment.broadcast_address, network)
        return self.check(segment.broadcast_address)

    def _keep_quiet(self, address: IPAddress, network: FencedNetwork) -> None:
        if self._local_time is not None and network.is_quiet(self._local_time().time()):
            raise QuietHours(f"{address}: {network.network} has quiet hours, {network.quiet}")

    def overlaps(self, first: IPAddress, last: IPAddress) -> bool:
        """Say whether any network of the fence has an address between the two, never-lists aside."""
        return any(
            network.network.version == first.version
            and int(network.network.network_address) <= int(last)
            and int(network.network.broadcast_address) >= int(first)
            for network in self.networks
        )


def _smallest_first(networks: Iterable[FencedNetwork]) -> tuple[FencedNetwork, ...]:
    return tuple(sorted(networks, key=lambda network: network.network.prefixlen, reverse=True))


def _plain(address: IPAddress) -> IPAddress:
    """Undress an IPv4 address that is written as IPv6, so that no fence is passed in disguise."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.scope_id is not None:
            return IPv6Address(int(address))
    return address
