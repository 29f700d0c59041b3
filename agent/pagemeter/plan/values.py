"""A plan: what a configuration will send, where, when and how much."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pagemeter.component import Per
from pagemeter.net.credentials import IPNetwork
from pagemeter.plugins import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedNetwork:
    """A network that may be asked; ``written`` says where it stands: in networks, in select, or in the state.

    Its limits are those that hold in the end: its own, or the agent's where those are lower.
    """

    network: IPNetwork
    written: str
    site: str | None
    addresses: int
    packets_per_second: float
    quiet: str | None
    never: tuple[str, ...]
    credentials: tuple[str, ...]
    bytes_per_second: float | None = None
    reads_at_once: int
    requests_per_device: int = 1
    answers_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTraffic:
    """One row: a Traffic with what the fence, the credentials and the packet rate make of it."""

    to: str
    ports: tuple[int, ...]
    protocol: str
    direction: str
    per: str
    addresses: int | None
    packets: int | None
    octets: int | None
    seconds: float | None
    why: str
    carries: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedItem:
    """An item of the YAML, when it works, and what it sends; ``broken`` says why it does not."""

    kind: str
    name: str
    plugin: str
    when: str
    traffic: tuple[PlannedTraffic, ...] = ()
    broken: str | None = None
    limits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that an agent of this configuration does in a network."""

    path: Path
    site: str | None
    packets_per_second: float
    bytes_per_second: float | None
    reads_at_once: int
    job_details: str
    devices: int
    networks: tuple[PlannedNetwork, ...]
    items: tuple[PlannedItem, ...]
    cycles: tuple[tuple[str, str, str], ...]
    system: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The state as far as a plan needs it; a fresh agent knows nothing."""

    devices: int = 0
    selected: tuple[IPNetwork, ...] = ()


def totals(items: Iterable[PlannedItem]) -> tuple[int, int]:
    """Add up packets and octets of one run of every discovery."""
    rows = [row for item in items for row in item.traffic if row.per == Per.RUN and item.kind == Kind.DISCOVERY]
    return sum(row.packets or 0 for row in rows), sum(row.octets or 0 for row in rows)


def words(seconds: float) -> str:
    """Write a duration for people: ``8 s``, ``4 min``, ``2.5 h``."""
    if seconds < 120:
        return f"{max(1, round(seconds))} s"
    if seconds < 7200:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
