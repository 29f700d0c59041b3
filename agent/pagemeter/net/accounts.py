"""What was sent to devices and received from them: by run of a cycle, network and integration."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime

from pagemeter.clock import Clock
from pagemeter.net.credentials import IPNetwork

_INTEGRATION: ContextVar[str] = ContextVar("pagemeter_integration", default="")
_RUN: ContextVar[Run | None] = ContextVar("pagemeter_run", default=None)


@contextmanager
def on_behalf_of(integration: str) -> Iterator[None]:
    """Count what the block and the tasks that it starts cause under the name of an item."""
    token = _INTEGRATION.set(integration)
    try:
        yield
    finally:
        _INTEGRATION.reset(token)


def integration() -> str:
    """Return the name of the item on whose behalf the caller works; empty for the agent itself."""
    return _INTEGRATION.get()


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What one integration exchanged with one network in one run; octets are payload, without any header.

    ``network`` is none for a print server that the settings name, ``integration`` is empty for the agent's own asking.
    ``peak`` is the most packets that were sent in one second of the clock.
    """

    network: str | None
    integration: str
    packets_out: int = 0
    octets_out: int = 0
    packets_in: int = 0
    octets_in: int = 0
    peak: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTraffic:
    """The traffic of one run of a cycle; ``answered`` is how many devices answered, none where that has no meaning.

    ``peak`` is the most packets that were sent in one second of the clock by all together.
    """

    cycle: str
    began: datetime
    ended: datetime
    answered: int | None = None
    peak: int = 0
    rows: tuple[Traffic, ...] = ()

    @property
    def packets(self) -> tuple[int, int]:
        """How many packets were sent, and how many received."""
        return sum(row.packets_out for row in self.rows), sum(row.packets_in for row in self.rows)

    @property
    def octets(self) -> tuple[int, int]:
        """How many octets were sent, and how many received."""
        return sum(row.octets_out for row in self.rows), sum(row.octets_in for row in self.rows)

    @property
    def octets_per_device(self) -> float | None:
        """Octets in both directions for each device that answered; none where none did."""
        return sum(self.octets) / self.answered if self.answered else None


class Count:
    """Counts up; ``peak`` is the most packets out in one second of the clock."""

    __slots__ = ("_in_second", "_second", "octets_in", "octets_out", "packets_in", "packets_out", "peak")

    def __init__(self) -> None:
        self.packets_out = self.octets_out = self.packets_in = self.octets_in = self.peak = 0
        self._second = self._in_second = 0

    def sent(self, now: float, octets: int, packets: int) -> None:
        """Count what was sent."""
        self.packets_out += packets
        self.octets_out += octets
        if (second := int(now)) != self._second:
            self._second, self._in_second = second, 0
        self._in_second += packets
        self.peak = max(self.peak, self._in_second)

    def got(self, octets: int, packets: int) -> None:
        """Count what was received."""
        self.packets_in += packets
        self.octets_in += octets


@dataclass(slots=True, kw_only=True)
class Run:
    """A run that is under way: what was counted so far, by network and integration, and all together."""

    cycle: str
    began: datetime
    total: Count = field(default_factory=Count)
    counts: dict[tuple[IPNetwork | None, str], Count] = field(default_factory=dict)

    def count(self, network: IPNetwork | None, integration: str) -> Count:
        """Return what counts the traffic of one integration with one network."""
        return self.counts.setdefault((network, integration), Count())

    def told(self, ended: datetime, answered: int | None = None) -> RunTraffic:
        """Say what was counted, the busiest first."""
        rows = [
            Traffic(
                network=None if network is None else str(network),
                integration=integration,
                packets_out=count.packets_out,
                octets_out=count.octets_out,
                packets_in=count.packets_in,
                octets_in=count.octets_in,
                peak=count.peak,
            )
            for (network, integration), count in self.counts.items()
            if count.packets_out or count.packets_in
        ]
        rows.sort(key=lambda row: (-row.octets_out - row.octets_in, row.network or "", row.integration))
        return RunTraffic(
            cycle=self.cycle,
            began=self.began,
            ended=ended,
            answered=answered,
            peak=self.total.peak,
            rows=tuple(rows),
        )


class Accounts:
    """The books of one agent: traffic belongs to the run whose task, or whose task's child, causes it."""

    BETWEEN = "out of turn"
    """What no cycle caused: traps, buttons, commands, and what listens all the time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._between = self._new(self.BETWEEN)
        self._open: set[int] = set()

    @property
    def current(self) -> Run:
        """The run on whose behalf the caller works; what has ended meanwhile counts as out of turn."""
        run = _RUN.get()
        return run if run is not None and id(run) in self._open else self._between

    @contextmanager
    def run(self, cycle: str) -> Iterator[Run]:
        """Count what the block and its tasks cause as one run."""
        run = self._new(cycle)
        self._open.add(id(run))
        token = _RUN.set(run)
        try:
            yield run
        finally:
            _RUN.reset(token)
            self._open.discard(id(run))

    def between(self) -> RunTraffic | None:
        """Close the book of what happened out of turn and begin another; none where nothing happened."""
        if not (self._between.total.packets_out or self._between.total.packets_in):
            return None
        ended, self._between = self._between, self._new(self.BETWEEN)
        return ended.told(self._clock.now())

    def _new(self, cycle: str) -> Run:
        return Run(cycle=cycle, began=self._clock.now())
