"""Meters over time: runs of counters, what was counted, and what happened to them; the raw value stays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace

from pagemeter.continuity.between import Between, between, marks_of
from pagemeter.continuity.counting import step
from pagemeter.continuity.disagreements import disagreements
from pagemeter.continuity.frozen import frozen
from pagemeter.continuity.memory import MeterMemory, MetersMemory, source_of
from pagemeter.continuity.pace import SATURATED
from pagemeter.continuity.records import Series
from pagemeter.continuity.run import begun
from pagemeter.continuity.units import unit_changes
from pagemeter.model import DeviceSnapshot, Event, Facts, MeterRead, MeterSuspicious, MeterUnitChanged, Quality, Rival

MOST_COUNTERS = 500
"""How many counters of one device are followed; one that invents more is read, and not followed in them."""

FOUND, UNIT_CHANGED = "found", "unit-changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetersFollowed:
    """The reads with their series and deltas, what happened, what to remember, and the rows of the ledger."""

    reads: tuple[MeterRead, ...]
    rivals: tuple[Rival, ...] = ()
    events: tuple[Event, ...] = ()
    memory: MetersMemory = field(default_factory=MetersMemory)
    series: tuple[Series, ...] = ()


def follow_meters(memory: MetersMemory, snapshot: DeviceSnapshot, *, before: DeviceSnapshot | None) -> MetersFollowed:
    """Lay a snapshot's counters beside what is remembered of them.

    ``before`` is what was known of the device; its reads begin the runs where nothing is remembered of a counter.
    """
    marks = marks_of(snapshot, before=memory.marks)
    keyed = [(read.key, read) for read in snapshot.meter_reads]
    firsts: dict[str, MeterRead] = {}
    for key, read in keyed:
        firsts.setdefault(key, read)
    visit = _Visit(memory, snapshot, firsts, between(memory.marks, marks, trusted_clock=snapshot.trusted_clock))
    visit.begin_with(before)
    followed = {key: visit.follow(key, read) for key, read in firsts.items()}
    told = disagreements(memory.disagreeing, [*followed.values()], snapshot.rivals)
    visit.settle(followed, told.twins)
    facts = (*visit.facts, *told.facts)
    return MetersFollowed(
        reads=tuple(followed[key] if firsts[key] is read else read for key, read in keyed),
        rivals=told.rivals,
        events=tuple(Event(device=snapshot.device.id, at=snapshot.taken_at, facts=fact) for fact in facts),
        memory=MetersMemory(counters=tuple(visit.now.values()), marks=marks, disagreeing=told.memory),
        series=(*visit.ended, *_changed(visit.then, visit.now.values())),
    )


class _Visit:
    """The counters of one device in one visit, read by read; ``reads`` are by key."""

    def __init__(
        self, memory: MetersMemory, snapshot: DeviceSnapshot, reads: Mapping[str, MeterRead], since: Between
    ) -> None:
        self.then: Mapping[str, MeterMemory] = {one.key: one for one in memory.counters}
        self.now = dict(self.then)
        self.ended: list[Series] = []
        self.facts: list[Facts] = []
        self._snapshot = snapshot
        self._reads = reads
        self._since = since
        self._changes: Mapping[str, MeterMemory] = {}

    def begin_with(self, before: DeviceSnapshot | None) -> None:
        """Take what an agent without a ledger read last, or one whose history was lost; count what fell."""
        if before is not None and not self._reads.keys() <= self.then.keys():
            self.now |= _seeds(self._reads.keys() - self.then.keys(), before)
        self._changes = unit_changes(self.now, self._reads)
        pairs = [(self.now[key], read) for key, read in self._reads.items() if key in self.now]
        fell = sum(read.value < one.last for one, read in pairs)
        self._since = replace(self._since, fell=fell, followed=len(pairs))

    def follow(self, key: str, read: MeterRead) -> MeterRead:
        """Return a read with its series and its delta; without them where the counter is not followed."""
        known = self.now.get(key)
        if known is None or known.ended_by is not None:
            return self._begun(key, read, known)
        went = step(known, read, self._since)
        owed = known.owed if went.believed and went.followed else None
        self.now[key] = replace(went.memory, owed=None) if owed else went.memory
        self.ended += went.ended
        self.facts += went.facts
        if not went.followed:
            return read
        quality = read.quality if went.believed else Quality.SUSPICIOUS
        return replace(read, series=went.memory.number, delta=went.delta + (owed or 0), quality=quality)

    def _begun(self, key: str, read: MeterRead, known: MeterMemory | None) -> MeterRead:
        old = self._changes.get(key)
        if known is None and len(self.now) >= MOST_COUNTERS:
            return read
        if old is None and read.value in SATURATED:
            return replace(read, quality=Quality.SUSPICIOUS)
        at = self._snapshot.taken_at
        number = 1 if known is None else known.newest + 1
        if old is not None:
            self.facts.append(MeterUnitChanged(key=key, old_key=old.key, old=old.last, new=read.value))
            self.now[old.key] = replace(old, ended_by=UNIT_CHANGED, held=None, away=None, earlier=(), still=None)
        elif known is not None:
            why = "it was told in another unit meanwhile: what was counted in between is not known"
            self.facts.append(MeterSuspicious(key=key, old=known.last, new=read.value, why=why))
        self.now[key] = begun(read, at=at, by=FOUND if old is None else UNIT_CHANGED, number=number)
        return replace(read, series=number, delta=0)

    def settle(self, followed: Mapping[str, MeterRead], twins: Mapping[str, str]) -> None:
        """Remember who tells the same, and find the counters that stand still."""
        moved = [read for read in followed.values() if read.delta]
        for key, read in followed.items():
            memory = self.now.get(key)
            if memory is None or read.series is None:
                continue
            twin = twins.get(key, memory.twin)
            if twin != memory.twin and source_of(read.origin) == memory.source:
                memory = replace(memory, twin=twin)
            then = self.then.get(key, memory)
            self.now[key], fact = frozen(memory, read, moved, since=then.last_at, status=self._snapshot.status)
            self.facts += [] if fact is None else [fact]


def _seeds(keys: Set[str], before: DeviceSnapshot) -> dict[str, MeterMemory]:
    """Begin runs with what was read last, behind the number that it had."""
    seeds = {
        key: begun(read, at=read.at, by=FOUND, number=1 + (read.series or 0))
        for read in before.meter_reads
        if (key := read.key) in keys and read.quality is not Quality.SUSPICIOUS
    }
    return dict([*seeds.items()][:MOST_COUNTERS])


def _changed(then: Mapping[str, MeterMemory], now: Iterable[MeterMemory]) -> Iterable[Series]:
    """Yield the rows that say something new; one of a counter that stands still is written once an hour."""
    for memory in now:
        old = then.get(memory.key)
        if old is not memory and (old is None or _row_of(old) != _row_of(memory)):
            yield memory.series()


def _row_of(memory: MeterMemory) -> tuple[object, ...]:
    """Return what tells a row from another one; of its time the hour is enough."""
    at = memory.last_at
    hour = (at.year, at.month, at.day, at.hour)
    return (hour, memory.number, memory.first, memory.last, memory.counted, memory.ended_by, memory.began_at)
