"""What a component may use, as the agent hands it out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pagemeter.clock import Clock
from pagemeter.component import Snmp
from pagemeter.model import Scope, Target
from pagemeter.progress import Progress, Watcher


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentServices:
    """The services of one component; ``name`` is the item's."""

    name: str
    snmp: Snmp
    clock: Clock
    folder: Path
    ask: Callable[[Target, frozenset[Scope], str], None]
    watcher: Watcher

    def read_soon(self, target: Target, scopes: frozenset[Scope], why: str) -> None:
        """Ask for a visit soon; merged and rationed by the agent."""
        self.ask(target, scopes, why)

    def progress(self, done: int, total: int | None) -> None:
        """Say how far a long work is."""
        self.watcher(Progress(work=self.name, done=done, total=total))
