"""What is known of a site beside its devices: segments and which of them are searched, links, queues."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import ip_network

from pydantic import JsonValue

from pagemeter.clock import Clock
from pagemeter.errors import PagemeterError, StoreError
from pagemeter.inventory import Inventory
from pagemeter.logs import OutageLog
from pagemeter.model import Event, Link, Queue, Segment, SegmentFound
from pagemeter.net.credentials import IPNetwork
from pagemeter.net.fence import Fence
from pagemeter.store import Keep, Store, StoreReader

log = logging.getLogger(__name__)

MOST_SEGMENTS = 10_000
"""More than the routers of a site list; a router that invents networks ends there."""

_CHOICE = "segment:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A segment and who lets it be searched: ``yaml`` (select), ``state``, ``networks`` that hold it, or nobody."""

    network: IPNetwork
    selected_by: str | None
    segment: Segment | None = None
    first_seen: str | None = None
    last_seen: str | None = None


class Site:
    """Keeps what discoveries tell of a site, and holds the fence to what was selected."""

    def __init__(
        self,
        *,
        store: Store,
        inventory: Inventory,
        fence: Fence,
        clock: Clock,
        selected: Iterable[IPNetwork] = (),
        discoveries: Iterable[str] | None = None,
        most_segments: int = MOST_SEGMENTS,
    ) -> None:
        """Take what was kept; of links only those of the ``discoveries`` that there are still, none for all."""
        self._most_segments = most_segments
        self._store = store
        self._inventory = inventory
        self._fence = fence
        self._clock = clock
        self._outages = OutageLog(log, clock)
        self._yaml = tuple(selected)
        self._known = {listed.segment.network: listed.segment for listed in store.segments()}
        there = None if discoveries is None else set(discoveries)
        inventory.links.replace({name: one for name, one in store.links().items() if there is None or name in there})
        fence.select((*self._yaml, *chosen(store)))

    async def listed(self, discovery: str, segment: Segment) -> None:
        """Keep a segment that a gateway listed; one that is new is told in the log and as an event."""
        if segment.network in self._known:
            self._known[segment.network] = segment
            await self._store.keep(Keep(segments=(segment,)), at_once=True)
            return
        if len(self._known) >= self._most_segments:
            self._outages.failed(
                discovery, f"more than {self._most_segments} segments are listed; others are passed over"
            )
            return
        if not covered(ip_network(segment.network), (one.network for one in self._fence.networks)):
            log.info(
                "%s: segment %s is new, listed by %s; `pagemeter segments select %s` lets it be searched",
                *(discovery, segment.network, segment.learned_from, segment.network),
            )
        facts = SegmentFound(network=segment.network, learned_from=segment.learned_from)
        self._known[segment.network] = segment
        try:
            await self._store.keep(
                Keep(segments=(segment,), bodies=((None, Event(at=self._clock.now(), facts=facts)),)), at_once=True
            )
        except StoreError:
            # It is new again the next time, so that its event is not lost.
            del self._known[segment.network]
            raise

    def expect(self, discovery: str, links: tuple[Link, ...]) -> None:
        """Let links count that a discovery named so far; they are kept when it ends."""
        self._inventory.links.replace({discovery: links})

    async def linked(self, discovery: str, links: tuple[Link, ...]) -> None:
        """Take all that a discovery links, instead of what it linked before."""
        before = self._store.links().get(discovery, ())
        self._inventory.links.replace({discovery: links})
        if links != before:
            await self._store.keep(Keep(links={discovery: links}))

    def unlinked(self, discovery: str) -> None:
        """Go back to what a discovery linked before: it failed."""
        self._inventory.links.replace({discovery: self._store.links().get(discovery, ())})

    async def select(self, network: str, selected: bool) -> JsonValue:
        """Select or drop a segment; raises PagemeterError that says why it can't be."""
        parsed = checked_segment(network)
        if not selected and parsed in self._yaml:
            raise PagemeterError(f"{parsed} is selected in the YAML, which wins; take it out of `select` there")
        if not selected and parsed not in chosen(self._store):
            raise PagemeterError(f"{parsed} is not selected; `pagemeter segments` lists what is")
        await self._store.choose(f"{_CHOICE}{parsed}", True if selected else None)
        self._fence.select((*self._yaml, *chosen(self._store)))
        return str(parsed)

    def queues(self, source: str, told: tuple[Queue, ...]) -> list[tuple[Queue, bool]]:
        """Fill in which device each queue prints to; tells whether it differs from what was kept last."""
        kept = self._store.queues() if told else {}
        filled = [self._filled(queue) for queue in told]
        before = [kept.get((source, queue.name)) for queue in filled]
        return [
            (queue, old is None or replace(old, at=queue.at) != queue)
            for queue, old in zip(filled, before, strict=True)
        ]

    def _filled(self, queue: Queue) -> Queue:
        device = self._inventory.device_at(queue.printer) if queue.printer is not None else None
        return queue if device is None else replace(queue, device=device)


def chosen(store: StoreReader) -> tuple[IPNetwork, ...]:
    """Return the segments that were selected by command."""
    return tuple(ip_network(key.removeprefix(_CHOICE)) for key, value in store.choices(_CHOICE).items() if value)


def choices(store: StoreReader, yaml: Iterable[IPNetwork], networks: Iterable[IPNetwork] = ()) -> tuple[Choice, ...]:
    """Return all segments that were listed or selected, in the order of their addresses.

    ``networks`` are those of the YAML: a segment inside one of them needs no selection.
    """
    by_yaml, by_state, fenced = set(yaml), set(chosen(store)), tuple(networks)
    listed = {ip_network(one.segment.network): one for one in store.segments()}
    found = sorted({*by_yaml, *by_state, *listed}, key=lambda n: (n.version, int(n.network_address), n.prefixlen))
    return tuple(
        Choice(
            network=network,
            selected_by="yaml"
            if network in by_yaml
            else "state"
            if network in by_state
            else "networks"
            if covered(network, fenced)
            else None,
            segment=one.segment if (one := listed.get(network)) else None,
            first_seen=one.first_seen.isoformat() if one else None,
            last_seen=one.last_seen.isoformat() if one else None,
        )
        for network in found
    )


def covered(network: IPNetwork, networks: Iterable[IPNetwork]) -> bool:
    """Say whether one of the networks holds the whole of another one."""
    return any(
        wide.version == network.version
        and int(wide.network_address) <= int(network.network_address)
        and int(network.broadcast_address) <= int(wide.broadcast_address)
        for wide in networks
    )


def checked_segment(text: str) -> IPNetwork:
    """Read a segment that may be searched; raises PagemeterError that says what is wrong with it."""
    try:
        network = ip_network(text)
    except ValueError:
        try:
            wider = ip_network(text, strict=False)
        except ValueError:
            raise PagemeterError(f"{text} is no network; write it like 10.4.0.0/22") from None
        raise PagemeterError(f"{text} has bits behind its prefix; did you mean {wider}?") from None
    if network.prefixlen == 0 or network.is_multicast or network.is_loopback or network.is_link_local:
        raise PagemeterError(f"{network} is no segment with printers; write a network of the site")
    return network
