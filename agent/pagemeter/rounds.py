"""What the cycles do: find targets, visit the devices of the inventory, gather from sources, say how the agent is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address

from pagemeter.clock import Clock
from pagemeter.component import Discovery, Gathered, Source
from pagemeter.errors import AccessDenied, DeviceError, PluginError, QuietHours, Unreachable
from pagemeter.inventory import Inventory
from pagemeter.job_details import JobPrivacy
from pagemeter.model import AgentStatus, Link, Scope, Segment, Target
from pagemeter.net.fence import Fence
from pagemeter.progress import Progress, Watcher
from pagemeter.site import Site
from pagemeter.store import Keep, Store
from pagemeter.supervisor import Supervisor
from pagemeter.visits import Visited, Visits

log = logging.getLogger(__name__)

METERS = frozenset({Scope.IDENTITY, Scope.METERS, Scope.SUPPLIES, Scope.STATUS})
ALERTS = frozenset({Scope.STATUS})
IDENTIFY = frozenset({Scope.IDENTITY})
JOBS = frozenset({Scope.JOBS})

DECOY_REST = timedelta(days=7)
"""How long what is no printer is left alone before it is looked at again: its address may get another owner."""


@dataclass(slots=True, kw_only=True)
class RoundResult:
    """What one round brought: addresses that answered, what stayed silent, and what failed with its reason."""

    answered: int = 0
    not_printers: int = 0
    quiet: int = 0
    outside: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def add(self, visited: Visited) -> None:
        """Count one visit; a silent device is no failure."""
        if visited.snapshots:
            self.answered += 1
        elif visited.not_a_printer is not None:
            self.not_printers += 1
        elif isinstance(visited.error, QuietHours):
            self.quiet += 1
        elif isinstance(visited.error, Unreachable):
            self.silent.append(visited.target.uri)
        elif visited.error is not None:
            self.failed[visited.target.uri] = str(visited.error)


class Rounds:
    """The work of the cycles; every round ends by itself and one device never stops it."""

    def __init__(
        self,
        *,
        visits: Visits,
        inventory: Inventory,
        store: Store,
        site: Site,
        fence: Fence,
        privacy: JobPrivacy,
        clock: Clock,
        watcher: Watcher,
    ) -> None:
        self._site = site
        self._fence = fence
        self._privacy = privacy
        self._visits = visits
        self._inventory = inventory
        self._store = store
        self._clock = clock
        self._watcher = watcher

    async def discover(self, discovery: Supervisor[Discovery], *, timeout: float | None = None) -> RoundResult:
        """Ask one discovery for targets and identify each while the others are still being found."""
        result = RoundResult()
        memory = self._store.memory(discovery.name, "")
        rest = self._clock.now() - DECOY_REST
        left_alone = {decoy.address for decoy in self._store.decoys() if decoy.at > rest}
        visited: set[str] = set()
        links: list[Link] = []
        expected = 0
        stream = discovery.stream(lambda component: component.discover(memory), timeout=timeout)
        async with asyncio.TaskGroup() as group, aclosing(stream):
            try:
                async for found in stream:
                    if isinstance(found, Target):
                        if self._is_outside(found):
                            result.outside.append(found.uri)
                        elif found.uri not in visited and found.uri not in left_alone:
                            visited.add(found.uri)
                            if len(links) != expected:
                                expected = len(links)
                                self._site.expect(discovery.name, tuple(links))
                            group.create_task(self._visit(found, IDENTIFY, result, discovery.name))
                    elif isinstance(found, Segment):
                        await self._site.listed(discovery.name, found)
                    elif isinstance(found, Link):
                        links.append(found)
                    elif isinstance(found, Mapping):
                        await self._store.keep(Keep(memories={(discovery.name, ""): found}))
                    else:
                        raise _foreign(discovery.name, "discover", found)
            except (PluginError, DeviceError) as error:
                # Caught inside the group: what was found so far is visited all the same.
                result.failed[discovery.name] = str(error)
                self._site.unlinked(discovery.name)
            else:
                await self._site.linked(discovery.name, tuple(links))
        if result.outside:
            log.info("%s: %s", discovery.name, _left_alone(result.outside))
        return result

    async def visit_all(self, scopes: frozenset[Scope], work: str) -> RoundResult:
        """Visit every device of the inventory."""
        result = RoundResult()
        places = self._inventory.places()
        done = 0

        async def one(place: Target) -> None:
            nonlocal done
            await self._visit(place, scopes, result, None)
            done += 1
            self._watcher(Progress(work=work, done=done, total=len(places), what=place.host))

        async with asyncio.TaskGroup() as group:
            for place in places:
                group.create_task(one(place))
        return result

    async def gather(self, source: Supervisor[Source], *, timeout: float | None = None) -> None:
        """Take one source's batches; the next is asked for when this one is on the disk."""
        cursors = self._store.cursors(source.name)
        async with aclosing(source.stream(lambda component: component.collect(cursors), timeout=timeout)) as stream:
            async for gathered in stream:
                if not isinstance(gathered, Gathered):
                    raise _foreign(source.name, "collect", gathered)
                await self._visits.gathered(gathered.seen, source.name)
                await self._store.keep(self._kept(source.name, gathered), at_once=True)

    def _kept(self, source: str, gathered: Gathered) -> Keep:
        """Say what is kept of a batch: jobs without what the level forbids, queues that changed, and the cursor."""
        stream = (source, gathered.stream)
        queues = [self._site.queue(source, queue) for queue in gathered.queues]
        jobs = (self._privacy.job(self._visits.located(job)) for job in gathered.jobs)
        return Keep(
            bodies=(
                *((job.device, job) for job in jobs),
                *((queue.device, queue) for queue, changed in queues if changed),
            ),
            foreign=gathered.foreign,
            cursors={stream: gathered.cursor},
            queues={(source, queue.name): queue for queue, _ in queues},
            quarantined={stream: tuple(map(self._privacy.quarantined, gathered.quarantined))},
            released={stream: gathered.released},
        )

    def _is_outside(self, target: Target) -> bool:
        """Say whether an address lies outside the fence; a host name is held against it when it is resolved."""
        try:
            self._fence.check(ip_address(target.host))
        except AccessDenied:
            return True
        except (ValueError, QuietHours):
            return False
        return False

    async def say(self, status: AgentStatus) -> None:
        """Keep the agent's own status as a document."""
        await self._store.keep(Keep(bodies=((None, status),)))

    async def _visit(self, target: Target, scopes: frozenset[Scope], result: RoundResult, work: str | None) -> None:
        visited = await self._visits.visit(target, scopes)
        result.add(visited)
        if isinstance(visited.error, DeviceError) and not isinstance(visited.error, Unreachable | QuietHours):
            log.warning("%s", visited.error)
        if work is not None and visited.snapshots:
            self._watcher(Progress(work=work, done=result.answered, what=target.host))


def _left_alone(outside: list[str]) -> str:
    """Say in a line what was found where nothing may be asked."""
    some = ", ".join(outside[:3]) + (" ..." if len(outside) > 3 else "")
    return f"{len(outside)} places lie outside of `networks` and are left alone ({some})"


def _foreign(name: str, work: str, thing: object) -> PluginError:
    """Say that a component yielded what its contract does not know."""
    return PluginError(f"{name}: {work} yielded {type(thing).__name__}, which its contract does not know")
