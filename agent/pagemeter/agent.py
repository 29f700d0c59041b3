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
from datetime import datetime
from typing import TypeVar
from uuid import uuid4

from pagemeter import __version__
from pagemeter.clock import Clock, SystemClock
from pagemeter.component import Component, Discovery, Output, Reader, Source
from pagemeter.config.build import credentials_of, fence_of
from pagemeter.config.settings import AgentConfig, ItemConfig
from pagemeter.errands import Errands
from pagemeter.errors import PluginError
from pagemeter.inventory import Inventory
from pagemeter.model import AgentStatus
from pagemeter.net.budget import Budget
from pagemeter.outbox import Outbox
from pagemeter.plugins import Registry, load_plugins
from pagemeter.progress import Watcher, nobody
from pagemeter.rounds import METERS, RoundResult, Rounds
from pagemeter.services import AgentServices
from pagemeter.snmp.engine import SnmpEngine
from pagemeter.store import Store
from pagemeter.supervisor import Supervisor
from pagemeter.visits import Visits

log = logging.getLogger(__name__)

C = TypeVar("C", bound=Component)


class Agent:
    """Everything that works together, built once from a configuration; ``run`` and ``once`` use the same parts."""

    def __init__(
        self, config: AgentConfig, registry: Registry, store: Store, clock: Clock, watcher: Watcher = nobody
    ) -> None:
        self.config = config
        self.store = store
        self.started_at = clock.now()
        self._registry = registry
        self._clock = clock
        self._watcher = watcher
        self.engine = SnmpEngine(
            fence=fence_of(config),
            budget=Budget(clock, config.agent.packets_per_second),
            credentials=credentials_of(config),
            clock=clock,
        )
        self.inventory = Inventory(store.fleet(), store.aliases(), new_id=lambda: uuid4().hex)
        self.discoveries = self._supervise(config.discoveries, Discovery)
        self.readers = self._supervise(config.readers, Reader)
        self.sources = self._supervise(config.sources, Source)
        self.outputs = self._supervise(config.outputs, Output)
        self.visits = Visits(self.readers, self.inventory, store, clock)
        self.errands = Errands(self.visits.visit, clock)
        self.rounds = Rounds(
            visits=self.visits, inventory=self.inventory, store=store, clock=clock, watcher=watcher
        )
        self.outbox = Outbox(store, clock)
        self._last_error: tuple[str, datetime] | None = None
