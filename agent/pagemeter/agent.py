"""The composition root: from a configuration to a running agent.

discovery cycle                 meter, alert, job cycle, errands         always
discovery.discover()            visit: reader.read(target, ask)          feed: output.deliver(batch)
| Target                        | Answer                                ^
v                               v                                       |
visit (identity only) ------> inventory -> continuity -> store.keep -> log of documents
(which device?)  (events)   ONE transaction
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from pagemeter import __version__
from pagemeter.bookkeeping import Bookkeeping
from pagemeter.clock import Clock, LocalZone
from pagemeter.component import Component, Discovery, Output, Reader, Source
from pagemeter.config import AgentConfig
from pagemeter.config.build import credentials_of, fence_of, secrets_of, selected_by, sites_of
from pagemeter.config.settings import ItemConfig, ScheduleSettings
from pagemeter.continuity import Continuity
from pagemeter.control import Handler, controlled
from pagemeter.engines import LEARNED, Engines
from pagemeter.errands import Errands
from pagemeter.errors import PagemeterError, PluginError
from pagemeter.feeding import Feeding, schedule_of
from pagemeter.inventory import Inventory, Links
from pagemeter.ipp.client import IppClient
from pagemeter.job_details import JobPrivacy
from pagemeter.logs import keep_secret
from pagemeter.model import AgentStatus, FleetEntry, Scope
from pagemeter.net.accounts import Accounts
from pagemeter.net.budget import Budget
from pagemeter.net.seats import Seats
from pagemeter.outbox import Outbox
from pagemeter.plugins import Registry, load_plugins
from pagemeter.progress import Watcher, nobody
from pagemeter.rounds import ALERTS, JOBS, METERS, RoundResult, Rounds
from pagemeter.scheduler import Cycle
from pagemeter.services import AgentServices
from pagemeter.site import Site
from pagemeter.snmp.engine import SnmpEngine
from pagemeter.store import Store
from pagemeter.supervisor import ItemStatus, Supervisor
from pagemeter.text import scrub
from pagemeter.visits import Visits

log = logging.getLogger(__name__)

MOST_OF_AN_ERROR = 1000
SOURCE_SECONDS = 600.0
"""How long ``once`` listens to a source: some of them go on for ever."""
DISCOVERY_SECONDS = 3600.0
"""How long ``once`` waits for a discovery whose item says nothing else: some of them go on for ever."""

C = TypeVar("C", bound=Component)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What ``once`` brought: the fleet as it is known now, who stayed silent, what failed and why.

    ``sought`` is false where nobody was to answer: a configuration with sources only.
    """

    sought: bool = True
    fleet: Sequence[FleetEntry]
    answered: int
    silent: tuple[str, ...]
    failed: dict[str, str]


class Agent:
    """Everything that works together, built once from a configuration; ``run`` and ``once`` use the same parts."""

    def __init__(
        self,
        config: AgentConfig,
        registry: Registry,
        store: Store,
        engine: SnmpEngine,
        ipp: IppClient,
        *,
        clock: Clock,
        watcher: Watcher = nobody,
        accounts: Accounts | None = None,
    ) -> None:
        self.config = config
        self.store = store
        self.engine = engine
        self.ipp = ipp
        self._registry = registry
        self._clock = clock
        self._watcher = watcher
        self._started_at = clock.now()
        self._last_error: tuple[str, datetime] | None = None
        self.inventory = Inventory(
            store.fleet(),
            store.aliases(),
            new_id=lambda: uuid4().hex,
            links=Links(sites_of(config)),
            continuity=Continuity(store.histories()),
        )
        self.site = Site(
            store=store,
            inventory=self.inventory,
            fence=engine.fence,
            clock=clock,
            selected=selected_by(config),
            discoveries=[item.name for item in config.discoveries],
        )
        privacy = JobPrivacy(level=config.agent.job_details, key=lambda: store.pseudonym_key)
        self.discoveries = self._supervise(config.discoveries, Discovery)  # type: ignore[type-abstract] # only held against
        self.readers = self._supervise(config.readers, Reader)  # type: ignore[type-abstract] # only held against
        self.sources = self._supervise(config.sources, Source)  # type: ignore[type-abstract] # only held against
        self.outputs = self._supervise(config.outputs, Output)  # type: ignore[type-abstract] # only held against
        timeouts = {item.name: item.timeout.total_seconds() for item in config.readers if item.timeout}
        self.engines = Engines(engine, store)
        self.books = Bookkeeping(accounts or Accounts(clock), store, clock)
        self.visits = Visits(
            self.readers,
            self.inventory,
            store,
            clock,
            timeouts=timeouts,
            privacy=privacy,
            seats=Seats(engine.fence, config.agent.reads_at_once),
            aside=self.engines.learned,
        )
        self.rounds = Rounds(
            visits=self.visits,
            inventory=self.inventory,
            store=store,
            site=self.site,
            fence=engine.fence,
            privacy=privacy,
            clock=clock,
            watcher=watcher,
        )
        self.errands = Errands(
            self.rounds.visit, clock, place_of=self.inventory.place_of, left_alone=self.rounds.left_alone
        )
        self.outbox = Outbox(store, clock=clock, status=self.status)
        self.feeding = Feeding(config.outputs, self.outbox, store, clock, note=self._note)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, config: AgentConfig, path: Path, *, clock: Clock, watcher: Watcher = nobody, group_seconds: float = 1.0
    ) -> AsyncIterator[Agent]:
        """Open the store and the network and build the agent; raises StoreError where another one has the store.

        ``group_seconds`` is how long answers wait for others to be committed with.
        """
        keep_secret(secrets_of(config))
        items = (*config.discoveries, *config.readers, *config.sources, *config.outputs)
        registry = load_plugins(item.plugin for item in items)
        fence = fence_of(config, local_time=lambda: clock.now().astimezone(LocalZone()))
        budget = Budget(clock, config.agent.packets_per_second, config.agent.bytes_per_second)
        ipp = IppClient(fence=fence, budget=budget)
        async with AsyncExitStack() as stack:
            store = await stack.enter_async_context(Store.open(path, clock=clock, group_seconds=group_seconds))
            engine = SnmpEngine(
                fence=fence,
                budget=budget,
                credentials=credentials_of(config, selected=lambda: fence.selected),
                clock=clock,
                recall=partial(store.memory, LEARNED),
                remembered=partial(store.memories, LEARNED),
            )
            await stack.enter_async_context(engine)
            yield cls(config, registry, store, engine, ipp, clock=clock, watcher=watcher, accounts=budget.accounts)

    @property
    def supervisors(self) -> tuple[Supervisor[Any], ...]:
        """All items, each with its component."""
        return (*self.discoveries, *self.readers, *self.sources, *self.outputs)

    def statuses(self) -> tuple[ItemStatus, ...]:
        """Say how every item is."""
        return tuple(supervisor.status for supervisor in self.supervisors)

    def status(self) -> AgentStatus:
        """Say how the agent is; the head of every report."""
        error, at = self._last_error or (None, None)
        return AgentStatus(
            agent=self.store.agent,
            version=__version__,
            site=self.config.agent.site,
            started_at=self._started_at,
            at=self._clock.now(),
            last_error=error,
            last_error_at=at,
        )

    def graph(self) -> tuple[str, ...]:
        """Name the parts and what they are made of, so that two ways to build an agent can be compared."""
        parts = {name: type(part).__name__ for name, part in vars(self).items() if not name.startswith("_")}
        items = [f"{s.status.kind} {s.name}: {type(s).__name__}" for s in self.supervisors]
        return (*sorted(f"{name}: {kind}" for name, kind in parts.items()), *items)

    async def once(self) -> Outcome:
        """Discover, visit every device once, deliver what is owed, and end; what can't be delivered stays owed."""
        async with self._running():
            found = await _side_by_side(
                self.books.run(f"discovery {discovery.name}", partial(self._found, discovery, DISCOVERY_SECONDS))
                for discovery in self.discoveries
            )
            visited = await self.books.run("meters", partial(self.rounds.visit_all, METERS, "Reading"))
            results = [*found, visited]
            failed = {what: why for result in results for what, why in result.failed.items()}
            for missed in await _side_by_side(map(self._gathered_once, self.sources)):
                failed |= missed
            failed |= self._broken(failed)
            self._note(failed)
            await self.rounds.say(self.status())
            failed |= await self.feeding.drain(self.outputs)
            failed |= self._broken(failed)
        silent = {place for result in results for place in result.silent}
        return Outcome(
            sought=bool(self.discoveries or self.inventory.places()),
            fleet=self.inventory.entries(),
            answered=visited.answered,
            silent=tuple(sorted(silent)),
            failed=failed,
        )

    async def run(self) -> None:
        """Run for good: every item in its own task, every cycle at its time; ends by cancellation."""
        known = len(self.inventory)
        log.info(
            "Pagemeter %s, agent %s, %d devices known, store %s", __version__, self.store.agent, known, self.store.path
        )
        async with AsyncExitStack() as stack, self._running() as group:
            group.create_task(self.errands.run())
            await stack.enter_async_context(controlled(self.store.path, self.handlers()))
            for cycle in self._cycles():
                group.create_task(cycle.run())
                discovery = cycle.name.removeprefix("discovery ")
                if discovery != cycle.name and (not len(self.inventory) or self.rounds.was_interrupted(discovery)):
                    cycle.trigger()  # a fresh agent does not wait for the night to look around, nor one that was killed
            for output in self.outputs:
                group.create_task(self.feeding.run(output))
            await asyncio.Event().wait()

    def handlers(self) -> dict[str, Handler]:
        """Name what commands may ask a running agent to do."""
        return {
            "select-segment": self.site.select,
            "engines": self.engines.waiting,
            "confirm-engine": self.engines.confirm,
            "retry-aside": self.outbox.retry,
            "drop-aside": self.outbox.drop,
        }

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[asyncio.TaskGroup]:
        """Keep all items open while the block runs."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(supervisor.run()) for supervisor in self.supervisors]
            try:
                yield group
            finally:
                for task in tasks:
                    task.cancel()

    def _cycles(self) -> list[Cycle]:
        """Make the cycles of the plan, each with a schedule of its own; those that are switched off are left out."""
        cycles = self.config.cycles
        planned: list[tuple[str, ScheduleSettings | None, Callable[[], Any]]] = [
            *(
                (f"discovery {item.name}", item.schedule, partial(self._discover, supervisor))
                for item, supervisor in zip(self.config.discoveries, self.discoveries, strict=True)
            ),
            *(
                (f"source {item.name}", item.schedule or cycles.local, partial(self._gather, supervisor))
                for item, supervisor in zip(self.config.sources, self.sources, strict=True)
                if item.schedule is not None or cycles.local.enabled
            ),
            *(
                (name, cycle, partial(self._visit_all, scopes, name))
                for name, cycle, scopes in (
                    ("meters", cycles.meters, METERS),
                    ("alerts", cycles.alerts, ALERTS),
                    ("jobs", cycles.jobs, JOBS),
                )
                if cycle.enabled
            ),
        ]
        if cycles.status.enabled:
            planned.append(("status", cycles.status, lambda: self.rounds.say(self.status())))
        return [
            Cycle(
                name,
                schedule_of(settings),
                partial(self.books.run, name, work),
                self._clock,
                LocalZone(),
                seed=self.store.agent,
            )
            for name, settings, work in planned
            if settings is not None
        ]

    def _broken(self, named: Mapping[str, str]) -> dict[str, str]:
        """Name the items that broke and no result names yet: a reader beside one that answers, a background task."""
        return {
            item.name: item.reason
            for item in self.statuses()
            if item.reason is not None and item.name not in {what.partition("/")[0] for what in named}
        }

    async def _gathered_once(self, source: Supervisor[Source]) -> dict[str, str]:
        try:
            await self._gather(source, SOURCE_SECONDS)
        except PagemeterError as error:
            return {source.name: str(error)}
        return {}

    async def _gather(self, source: Supervisor[Source], seconds: float | None = None) -> None:
        """Take a source's batches, for some seconds where it goes on for ever; raises what it failed with, noted."""
        item = next(item for item in self.config.sources if item.name == source.name)
        own = item.timeout.total_seconds() if item.timeout is not None else None
        try:
            await self.rounds.gather(source, timeout=seconds if own is None else own, endless=own is None)
        except PagemeterError as error:
            self._note({source.name: str(error)})
            raise

    async def _discover(self, discovery: Supervisor[Discovery]) -> RoundResult:
        result = await self._found(discovery)
        self._note(result.failed)
        log.info(
            "%s: %d places with printers, %d that are none, %d silent, %d failed",
            *(discovery.name, result.answered, result.not_printers, len(result.silent), len(result.failed)),
        )
        if discovery.name in result.failed:
            # For the cycle's log, that tells the edges.
            raise PluginError(result.failed[discovery.name])
        return result

    async def _found(self, discovery: Supervisor[Discovery], seconds: float | None = None) -> RoundResult:
        item = next(item for item in self.config.discoveries if item.name == discovery.name)
        if item.timeout is not None:
            return await self.rounds.discover(discovery, timeout=item.timeout.total_seconds())
        return await self.rounds.discover(discovery, timeout=seconds, endless=True)

    async def _visit_all(self, scopes: frozenset[Scope], work: str) -> RoundResult:
        result = await self.rounds.visit_all(scopes, work)
        self._note(result.failed)
        return result

    def _note(self, failed: Mapping[str, str]) -> None:
        for what, why in failed.items():
            said = why if why.startswith(what) else f"{what}: {why}"
            # A plugin's error may quote what a device or a server says, and this leaves with the agent's status.
            self._last_error = (scrub(said, most=MOST_OF_AN_ERROR) or what, self._clock.now())

    def _supervise(self, items: Iterable[ItemConfig], kind: type[C]) -> tuple[Supervisor[C], ...]:
        return tuple(
            Supervisor(
                item.name, partial(self._build, item, kind), clock=self._clock, kind=str(item.kind.value), breaker=None
            )
            for item in items
        )

    def _build(self, item: ItemConfig, kind: type[C]) -> C:
        """Build one component; raises PluginError with the reason where it can't be."""
        factory = self._registry.factory(item.kind, item.plugin)
        if factory is None or item.settings is None:
            raise PluginError(item.broken or self._registry.why_not(item.plugin) or f"offers nothing under {item.kind}")
        services = AgentServices(
            name=item.name,
            snmp=self.engine,
            ipp=self.ipp,
            fence=self.engine.fence,
            clock=self._clock,
            folder=self.config.folder,
            ask=self.errands.ask,
            watcher=self._watcher,
            agent=self.store.agent,
        )
        built = factory(item.settings, services)
        if not isinstance(built, kind):
            raise PluginError(f"built a {type(built).__name__}, which is no {kind.__name__}")
        return built


async def _side_by_side(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Return the results in the order of the works."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
    return [task.result() for task in tasks]
