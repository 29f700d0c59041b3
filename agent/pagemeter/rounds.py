"""What the cycles do: find targets, visit the devices of the inventory, gather from sources, say how the agent is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address

from pagemeter.clock import Clock
from pagemeter.component import Discovery, Gathered, Source
from pagemeter.contract import checked_found, checked_gathered, each
from pagemeter.due import was_interrupted
from pagemeter.errors import AccessDenied, DeviceError, PluginError, QuietHours, StoreError, Unreachable
from pagemeter.finds import Finds
from pagemeter.inventory import Inventory
from pagemeter.job_details import JobPrivacy
from pagemeter.logs import OutageLog
from pagemeter.model import AgentStatus, Scope, Target
from pagemeter.net.credentials import IPNetwork
from pagemeter.net.fence import Fence
from pagemeter.progress import Progress, Watcher
from pagemeter.silence import SilenceLog
from pagemeter.site import Site
from pagemeter.store import Keep, Store
from pagemeter.supervisor import Supervisor
from pagemeter.visitors import Visitors
from pagemeter.visits import Visited, Visits
from pagemeter.wire import WireError

log = logging.getLogger(__name__)

METERS = frozenset({Scope.IDENTITY, Scope.METERS, Scope.SUPPLIES, Scope.STATUS})
ALERTS = frozenset({Scope.STATUS})
IDENTIFY = frozenset({Scope.IDENTITY})
JOBS = frozenset({Scope.JOBS})

DECOY_REST = timedelta(days=7)
"""How long what is no printer is left alone before it is looked at again: its address may get another owner."""
REVISIT_SECONDS = 3600.0
"""How long a discovery that goes on for ever does not get a visit to a place that it found already."""


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
        self._outages = OutageLog(log, clock)
        self._silences = SilenceLog(log, inventory.silent_devices())

    async def discover(
        self, discovery: Supervisor[Discovery], *, timeout: float | None = None, endless: bool = False
    ) -> RoundResult:
        """Ask one discovery for targets and identify each while the others are still being found.

        Where it is ``endless`` it is no failure that it goes on after ``timeout`` seconds.
        """
        result = RoundResult()
        memory = self._store.memory(discovery.name, "")
        passed = _Passed(self._clock, self.left_alone)

        async def visit(place: Target) -> None:
            if await self._visit(place, IDENTIFY, result, discovery.name):
                finds.visited(place)

        stream = discovery.stream(
            lambda one: each(one.discover(memory), checked_found), timeout=timeout, endless=endless
        )
        async with asyncio.TaskGroup() as group, aclosing(stream):
            finds = Finds(
                discovery.name,
                store=self._store,
                site=self._site,
                visit_soon=Visitors(group, visit).soon,
                wanted=passed.visit,
                is_outside=self._is_outside,
            )
            try:
                async for found in stream:
                    await finds.take(found)
            except (PluginError, DeviceError, StoreError) as error:
                # Caught inside the group: what was found so far is visited all the same.
                result.failed[discovery.name] = str(error)
                self._site.unlinked(discovery.name)
            else:
                await self._site.linked(discovery.name, tuple(finds.links))
        try:
            await finds.end()
        except StoreError as error:
            result.failed[discovery.name] = str(error)
        result.outside += finds.outside
        if result.outside:
            log.info("%s: %s", discovery.name, _told(result))
        self._silences.tell()
        return result

    def was_interrupted(self, discovery: str) -> bool:
        """Say whether the agent ended in the middle of a run of this discovery."""
        return was_interrupted(self._store, discovery)

    def left_alone(self) -> frozenset[str]:
        """Return the places that are no printers and rest; what a clock that was wrong put into the future does not."""
        now = self._clock.now()
        return frozenset(decoy.address for decoy in self._store.decoys() if now - DECOY_REST < decoy.at <= now)

    async def visit_all(self, scopes: frozenset[Scope], work: str) -> RoundResult:
        """Visit every device of the inventory; those outside the fence are left as they are known."""
        result = RoundResult()
        places = self._inventory.places()
        done = 0

        async def one(place: Target) -> None:
            nonlocal done
            if (why := self._kept_out(place)) is None:
                await self._visit(place, scopes, result, None)
            else:
                # Not asked, and so not silent either: its segment was dropped, or its network left the YAML.
                result.outside.append(place.uri)
                self._outages.failed(place.uri, why)
            done += 1
            self._watcher(Progress(work=work, done=done, total=len(places), what=place.host))

        async with asyncio.TaskGroup() as group:
            # Of each network by themselves: the places of a slow one hold nobody else up.
            visitors: dict[IPNetwork | None, Visitors] = {}
            for place in places:
                network = self._network_of(place)
                visitors.setdefault(network, Visitors(group, one)).soon(place)
        self._silences.tell()
        return result

    def _network_of(self, place: Target) -> IPNetwork | None:
        try:
            network = self._fence.network_of(ip_address(place.host))
        except ValueError:
            return None
        return network.network if network is not None else None

    async def visit(self, target: Target, scopes: frozenset[Scope]) -> Visited:
        """Visit one place out of turn: a trap, a button, a command."""
        visited = await self._visits.visit(target, scopes)
        self._silences.note(visited)
        self._silences.tell()
        return visited

    async def gather(self, source: Supervisor[Source], *, timeout: float | None = None, endless: bool = False) -> None:
        """Take one source's batches; the next is asked for when this one is on the disk.

        Where it is ``endless`` it is no failure that it goes on after ``timeout`` seconds.
        """
        cursors = self._store.cursors(source.name)
        stream = source.stream(
            lambda one: each(one.collect(cursors), checked_gathered), timeout=timeout, endless=endless
        )
        async with aclosing(stream):
            async for gathered in stream:
                await self._visits.gathered(gathered.seen, source.name)
                try:
                    await self._store.keep(self._kept(source.name, gathered), at_once=True)
                except (WireError, AttributeError, TypeError, ValueError) as error:
                    log.debug("%s: where it happened", source.name, exc_info=error)
                    why = error if isinstance(error, WireError) else f"a field breaks its annotation ({error})"
                    raise PluginError(f"{source.name}: collect: {why}") from error

    def _kept(self, source: str, gathered: Gathered) -> Keep:
        """Say what is kept of a batch: jobs without what the level forbids, queues that changed, and the cursor."""
        stream = (source, gathered.stream)
        queues = self._site.queues(source, gathered.queues)
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
        """Say whether an address lies outside the fence."""
        return self._kept_out(target) is not None

    def _kept_out(self, target: Target) -> str | None:
        """Say why the fence forbids an address; a host name is held against it when it is resolved."""
        try:
            self._fence.check(ip_address(target.host))
        except AccessDenied as error:
            return str(error)
        except (ValueError, QuietHours):
            return None
        return None

    async def say(self, status: AgentStatus) -> None:
        """Keep the agent's own status as a document."""
        await self._store.keep(Keep(bodies=((None, status),)))

    async def _visit(self, target: Target, scopes: frozenset[Scope], result: RoundResult, work: str | None) -> bool:
        """Visit a place; say whether what it told was kept, if it told anything."""
        try:
            visited = await self._visits.visit(target, scopes)
        except StoreError as error:
            # The others are visited all the same: their answers may fit, or the disk have room again.
            result.failed[target.uri] = str(error)
            self._outages.failed("what was read", str(error))
            return False
        result.add(visited)
        self._silences.note(visited)
        if isinstance(visited.error, DeviceError) and not isinstance(visited.error, Unreachable | QuietHours):
            self._outages.failed(target.uri, str(visited.error).removeprefix(target.uri).lstrip(": "))
        elif visited.snapshots:
            self._outages.recovered(target.uri)
            self._outages.recovered("what was read")
        if work is not None and visited.snapshots:
            self._watcher(Progress(work=work, done=result.answered, what=target.host))
        return True


class _Passed:
    """Says which of the places that one run finds are visited: each once, and once more after a while."""

    def __init__(self, clock: Clock, left_alone: Callable[[], frozenset[str]]) -> None:
        self._clock = clock
        self._left_alone = left_alone
        self._begin()

    def visit(self, uri: str) -> bool:
        """Say whether a place is due, and take note of it."""
        if self._clock.monotonic() - self._began >= REVISIT_SECONDS:
            self._begin()
        if uri in self._passed:
            return False
        self._passed.add(uri)
        return True

    def _begin(self) -> None:
        self._began = self._clock.monotonic()
        self._passed = set(self._left_alone())


def _told(result: RoundResult) -> str:
    """Say in a line what was found where nothing may be asked."""
    some = ", ".join(result.outside[:3]) + (" ..." if len(result.outside) > 3 else "")
    return f"{len(result.outside)} places lie outside of `networks` and are left alone ({some})"
