"""Services for a component under test."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import Path

from pagemeter.clock import Clock
from pagemeter.component import Ipp, Snmp
from pagemeter.model import Scope, Target
from pagemeter.testing.clock import FakeClock
from pagemeter.testing.ipp import RecordedIpp
from pagemeter.testing.snmp import RecordedSnmp


@dataclass(slots=True, kw_only=True)
class FakeServices:
    """The ``Services`` of a component; what it asked of the agent is kept in ``reads`` and ``progressed``.

    ``networks`` is the fence, open unless a test closes it.
    """

    snmp: Snmp = field(default_factory=lambda: RecordedSnmp({}))
    ipp: Ipp = field(default_factory=lambda: RecordedIpp({}))
    clock: Clock = field(default_factory=FakeClock)
    agent: str = "agent-1"
    folder: Path = Path()
    segments: tuple[str, ...] = ()
    reads: list[tuple[Target | str, frozenset[Scope], str]] = field(default_factory=list)
    progressed: list[tuple[int, int | None]] = field(default_factory=list)
    networks: tuple[str, ...] = ("0.0.0.0/0", "::/0")

    def allows(self, address: str) -> bool:
        """Say whether an IP address is in one of ``networks``; false for what is no address."""
        try:
            return any(ip_address(address) in ip_network(network) for network in self.networks)
        except ValueError:
            return False

    def read_soon(self, what: Target | str, scopes: frozenset[Scope], why: str) -> None:
        """Keep the wish."""
        self.reads.append((what, scopes, why))

    def progress(self, done: int, total: int | None) -> None:
        """Keep the step."""
        self.progressed.append((done, total))
