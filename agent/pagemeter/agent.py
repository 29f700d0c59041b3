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
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from pagemeter import __version__
from pagemeter.clock import Clock
from pagemeter.component import Component, Discovery, Output, Reader, Source
from pagemeter.config import AgentConfig
from pagemeter.config.build import credentials_of, fence_of
from pagemeter.config.settings import ItemConfig, ScheduleSettings
from pagemeter.errands import Errands
from pagemeter.errors import PluginError
from pagemeter.inventory import Inventory
from pagemeter.model import AgentStatus, FleetEntry
from pagemeter.net.budget import Budget
from pagemeter.outbox import Outbox
from pagemeter.plugins import Registry, load_plugins
from pagemeter.progress import Watcher, nobody
from pagemeter.rounds import ALERTS, JOBS, METERS, RoundResult, Rounds
from pagemeter.scheduler import Cycle, Schedule
from pagemeter.services import AgentServices
from pagemeter.snmp.engine import SnmpEngine
from pagemeter.store import Store
from pagemeter.supervisor import Supervisor
from pagemeter.visits import Visits

log = logging.getLogger(__name__)

C = TypeVar("C", bound=Component)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What ``once`` brought: the fleet as it is known now, who stayed silent, what failed and why."""

    fleet: tuple[FleetEntry, ...]
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
        *,
        clock: Clock,
        watcher: Watcher = nobody,
    ) -> None:
        self.config = config
        self.store = store
        self.engine = engine
        self._registry = registry
        self._clock = clock
        self._watcher = watcher
        self._started_at = clock.now()
        self._last_error: tuple[str, datetime] | None = None
        self.inventory = Inventory(store.fleet(), store.aliases(), new_id=lambda: uuid4().hex)
        self.discoveries = self._supervise(config.discoveries, Discovery)
        self.readers = self._supervise(config.readers, Reader)
        self.sources = self._supervise(config.sources, Source)
        self.outputs = self._supervise(config.outputs, Output)
        self.visits = Visits(self.readers, self.inventory, store, clock)
        self.errands = Errands(self.visits.visit, clock)
        self.rounds = Rounds(visits=self.visits, inventory=self.inventory, store=store, clock=clock, watcher=watcher)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, config: AgentConfig, path: Path, *, clock: Clock, watcher: Watcher = nobody
    ) -> AsyncIterator[Agent]:
        """Open the store and the network and build the agent; raises StoreError where another one has the store."""
        items = (*config.discoveries, *config.readers, *config.sources, *config.outputs)
        registry = load_plugins(item.plugin for item in items)
        engine = SnmpEngine(
            fence=fence_of(config),
            budget=Budget(clock, config.agent.packets_per_second),
            credentials=credentials_of(config),
            clock=clock,
        )
        async with Store.open(path, clock=clock) as store, engine:
            yield cls(config, registry, store, engine, clock=clock, watcher=watcher)
