"""What a component may use, as the agent hands it out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from pagemeter.clock import Clock
from pagemeter.component import Ipp, Snmp
from pagemeter.contract import checked_target
from pagemeter.errors import AccessDenied, PluginError, QuietHours
from pagemeter.model import Scope, Target
from pagemeter.net.fence import Fence
from pagemeter.progress import Progress, Watcher


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentServices:
    """The services of one component; ``name`` is the item's, ``agent`` the agent's id (none in a single command)."""

    name: str
    snmp: Snmp
    ipp: Ipp
    fence: Fence
    clock: Clock
    folder: Path
    ask: Callable[[Target | str, frozenset[Scope], str], None]
    watcher: Watcher
    agent: str = ""

    @property
    def segments(self) -> tuple[str, ...]:
        """The networks that were selected of what gateways list."""
        return tuple(str(network) for network in self.fence.selected)

    def allows(self, address: str) -> bool:
        """Say whether an IP address is inside the fence; where hours are quiet the visit will find that out."""
        try:
            self.fence.check(ip_address(address))
        except QuietHours:
            return True
        except (AccessDenied, ValueError):
            return False
        return True

    def read_soon(self, what: Target | str, scopes: frozenset[Scope], why: str) -> None:
        """Ask for a visit soon, of a place or of a device by its id; merged and rationed by the agent.

        Raises TypeError where that is neither, or a scope is none.
        """
        try:
            place = what if isinstance(what, str) else checked_target("read_soon", what)
            wanted = frozenset(map(Scope, scopes))
        except (PluginError, ValueError) as error:
            raise TypeError(str(error)) from None
        self.ask(place, wanted, why)

    def progress(self, done: int, total: int | None) -> None:
        """Say how far a long work is."""
        self.watcher(Progress(work=self.name, done=done, total=total))
