"""What a sweep may ask, found out for stretches of addresses and not one by one."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from pagemeter.errors import Forbidden, QuietHours
from pagemeter.net.budget import Budget
from pagemeter.net.credentials import Credentials, IPAddress, IPNetwork, SnmpCredential, SnmpVersion
from pagemeter.net.fence import PRINTING_PORTS, Fence, FencedNetwork
from pagemeter.snmp.candidate import Candidate
from pagemeter.snmp.lane import Lane
from pagemeter.snmp.order import Order, Stretch

MOST_COMMUNITIES = 3
"""How many communities an unknown host is tried with in one run: some lock out who tries many."""

_MOST_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class _Ground:
    """What addresses of one lane share."""

    network: FencedNetwork
    credentials: tuple[SnmpCredential, ...]
    attached: bool


class Territory:
    """Cuts addresses into lanes; ``attached`` are the networks that this host resolves itself, none if not known."""

    def __init__(
        self,
        *,
        fence: Fence,
        credentials: Credentials,
        budget: Budget,
        attached: Sequence[IPNetwork] | None,
        tries: int,
    ) -> None:
        self._fence = fence
        self._credentials = credentials
        self._budget = budget
        self._attached = attached
        self._tries = tries

    def lanes(self, stretches: Iterable[Stretch]) -> list[Lane]:
        """Return what may be asked of the stretches, which do not overlap; quiet hours aside."""
        grounds: dict[_Ground, list[Stretch]] = {}
        edges = sorted(set(self._edges()))
        for stretch in stretches:
            for part in _cut(stretch, edges):
                if (ground := self._ground(IPv4Address(part.first))) is not None:
                    grounds.setdefault(ground, []).append(part)
        return [self._lane(ground, parts, len(grounds)) for ground, parts in grounds.items()]

    def candidate(self, address: IPAddress, known: SnmpCredential | None = None) -> Candidate | None:
        """Prepare an address that is asked by itself, under the credential that is known first."""
        ground = self._ground(address, known)
        if ground is None or not self._fence.allows(address):
            return None
        return Candidate(address=address, credentials=ground.credentials, toll=self._budget.toll(ground.network))

    def allows(self, lane: Lane) -> bool:
        """Say whether a lane may be asked now: no quiet hours, and still inside the fence."""
        return self._fence.allows(lane.address)

    def is_attached(self, address: IPAddress) -> bool:
        """Say whether this host resolves the address itself."""
        if address.is_loopback:
            return False
        return self._attached is None or any(address in network for network in self._attached)

    def _edges(self) -> Iterator[int]:
        """Yield where something may begin or end that makes a difference."""
        networks = [*self._fence.edges(), *self._credentials.edges(), *(self._attached or ())]
        for network in (*networks, IPv4Network("127.0.0.0/8")):
            if isinstance(network, IPv4Network):
                yield int(network.network_address)
                yield int(network.broadcast_address) + 1

    def _ground(self, address: IPAddress, known: SnmpCredential | None = None) -> _Ground | None:
        network = self._fence.network_of(address)
        credentials = to_try(self._credentials.snmp(address), known)
        if network is None or not credentials or not self._is_ever_asked(address):
            return None
        return _Ground(network, credentials, self.is_attached(address))

    def _is_ever_asked(self, address: IPAddress) -> bool:
        try:
            self._fence.check(address)
        except Forbidden:
            return False
        except QuietHours:
            return True
        return True

    def _lane(self, ground: _Ground, stretches: Sequence[Stretch], lanes: int) -> Lane:
        toll = self._budget.toll(ground.network)
        return Lane(
            order=Order(stretches),
            credentials=ground.credentials,
            address=IPv4Address(stretches[0].first),
            toll=toll,
            # The more lanes take turns, the less each takes: so neighbours stay apart.
            batch=max(1, min(toll.batch, _MOST_AT_ONCE) // lanes),
            attached=ground.attached,
            turns=self._tries * len(ground.credentials),
        )


def merged(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Join what overlaps or touches; sorted."""
    joined: list[Stretch] = []
    for stretch in sorted(stretches):
        if joined and stretch.first <= joined[-1].last + 1:
            joined[-1] = Stretch(joined[-1].first, max(joined[-1].last, stretch.last))
        else:
            joined.append(stretch)
    return joined


def blocks(stretches: Iterable[Stretch], most: int) -> Iterator[list[Stretch]]:
    """Divide sorted stretches into lists of at most so many addresses each."""
    block: list[Stretch] = []
    room = most
    for stretch in stretches:
        first = stretch.first
        while first <= stretch.last:
            part = Stretch(first, min(stretch.last, first + room - 1))
            block.append(part)
            room -= part.last - part.first + 1
            first = part.last + 1
            if not room:
                yield block
                block, room = [], most
    if block:
        yield block


def _cut(stretch: Stretch, edges: Sequence[int]) -> Iterator[Stretch]:
    inner = edges[bisect_right(edges, stretch.first) : bisect_left(edges, stretch.last + 1)]
    starts = [stretch.first, *inner]
    ends = [*(edge - 1 for edge in inner), stretch.last]
    return map(Stretch, starts, ends)


def to_try(credentials: Iterable[SnmpCredential], known: SnmpCredential | None) -> tuple[SnmpCredential, ...]:
    """Choose what is tried: few communities, and one probe a port for all users of SNMPv3."""
    communities: set[str] = set()
    probed: set[int] = set()
    chosen: list[SnmpCredential] = []
    for one in sorted(credentials, key=lambda credential: credential != known):
        if one.port in PRINTING_PORTS:
            continue
        if one.version == SnmpVersion.V3:
            if one.port not in probed:
                probed.add(one.port)
                chosen.append(one)
            continue
        community = one.community.get_secret_value() if one.community is not None else ""
        if community in communities or len(communities) < MOST_COMMUNITIES:
            communities.add(community)
            chosen.append(one)
    return tuple(chosen)
