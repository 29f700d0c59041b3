"""Random lives of counters: whatever a device says, no page is billed that no counter ever rose by."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pagemeter.continuity import Continuity, Followed, Records, Series
from pagemeter.model import (
    Device,
    DeviceSnapshot,
    FallCause,
    MeterRead,
    MeterReset,
    MeterSuspicious,
    MeterUnit,
    Origin,
    Quality,
    Scope,
    Since,
    Work,
)

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
FULL = 2**32
VALUES = st.one_of(
    st.integers(0, 60),
    st.integers(0, 2_000_000),
    st.integers(FULL - 5000, FULL - 1),
    st.sampled_from([0, 2**31 - 1, 2**31, FULL - 1, FULL, 2**63 - 1]),
)
STEPS = st.one_of(st.integers(-12, 12), st.integers(-4000, 4000), VALUES.map(lambda value: ("is", value)))


@dataclass(frozen=True)
class Moment:
    """A visit: what two counters show, in which unit, and what time and device say."""

    first: Any
    second: Any
    minutes: int = 15
    up: int | None = None
    mac: str = "a"
    unit: MeterUnit = MeterUnit.IMPRESSIONS
    source: str = "1.3.6.1.2.1.43.10.2.1.4.1.1"
    missing: bool = False


MOMENTS = st.builds(
    Moment,
    first=STEPS,
    second=STEPS,
    minutes=st.sampled_from([0, 1, 15, 15, 15, 60, 1440, 43_200, -30, -600_000]),
    up=st.sampled_from([None, None, 0, 1, 5, 10_000, 716_000]),
    mac=st.sampled_from("aaaaaaab"),
    unit=st.sampled_from([MeterUnit.IMPRESSIONS] * 8 + [MeterUnit.SHEETS, MeterUnit.OTHER]),
    source=st.sampled_from(["1.3.6.1.2.1.43.10.2.1.4.1.1"] * 8 + ["1.3.6.1.4.1.1347.43.10.1"]),
    missing=st.sampled_from([False] * 9 + [True]),
)


@dataclass
class Life:
    """What a history makes of the moments; with ``restarts`` each is followed by an agent that just started."""

    restarts: bool = False
    continuity: Continuity = field(default_factory=Continuity)
    records: Records = field(default_factory=Records)
    followed: list[Followed] = field(default_factory=list)

    def take(self, snapshot: DeviceSnapshot) -> None:
        before = self.followed[-1].snapshot if self.followed else None
        now = self.continuity.follow(snapshot, before=before)
        self.followed.append(now)
        self.records = self.records.joined(now.records)
        if self.restarts and self.records.history is not None:
            self.continuity = Continuity({snapshot.device.id: self.records.history})

    def reads(self, key: str) -> list[MeterRead]:
        return [read for one in self.followed for read in one.snapshot.meter_reads if read.key == key]

    def followed_keys(self) -> list[str]:
        return sorted({read.key for one in self.followed for read in one.snapshot.meter_reads})

    def ledger(self, key: str) -> list[Series]:
        return [row for row in self.records.series if row.key == key]


def snapshots(moments: list[Moment]) -> list[DeviceSnapshot]:
    found, at, values = [], START, [1000, 0]
    for moment in moments:
        at = max(START, at + timedelta(minutes=moment.minutes))
        for place, step in enumerate((moment.first, moment.second)):
            value = step[1] if isinstance(step, tuple) else values[place] + step
            values[place] = min(max(0, value), 2**63 - 1)
        uptime = None if moment.up is None else timedelta(minutes=moment.up)
        found.append(_snapshot(moment, values, at, uptime))
    return found


def _snapshot(moment: Moment, values: list[int], at: datetime, uptime: timedelta | None) -> DeviceSnapshot:
    def read(value: int, since: Since) -> MeterRead:
        origin = Origin(protocol="snmp", where=moment.source)
        return MeterRead(
            work=Work.TOTAL, unit=moment.unit, since=since, value=value, raw=str(value), origin=origin, at=at
        )

    reads = (read(values[0], Since.LIFE), read(values[1], Since.POWER_ON))
    return DeviceSnapshot(
        device=Device(id="d1", macs=(moment.mac,)),
        target="host://10.0.0.7",
        taken_at=at,
        uptime=uptime,
        scopes=frozenset({Scope.METERS}),
        meter_reads=reads[1:] if moment.missing else reads,
    )


@settings(max_examples=600, deadline=None)
@given(st.lists(MOMENTS, min_size=1, max_size=14))
def test_no_delta_is_negative_and_their_sum_is_what_the_counter_rose_at_most(moments: list[Moment]) -> None:
    life = Life()
    for snapshot in snapshots(moments):
        life.take(snapshot)
    for key in life.followed_keys():
        reads, ledger = life.reads(key), life.ledger(key)
        deltas = [read.delta or 0 for read in reads]
        assert min(deltas) >= 0
        assert sum(deltas) == sum(row.counted for row in ledger)
        falls = sum(max(0, old.value - new.value) for old, new in pairwise(reads))
        wraps = sum(fact.cause is FallCause.WRAP for fact in _facts(life, key) if isinstance(fact, MeterReset))
        assert sum(deltas) <= reads[-1].value - reads[0].value + falls + wraps * FULL
        assert [row.number for row in sorted(ledger, key=lambda row: row.number)] == list(range(1, len(ledger) + 1))
        assert all(row.began_at <= row.last_at for row in ledger)
        assert sum(row.ended_by is None for row in ledger) <= 1


@settings(max_examples=300, deadline=None)
@given(st.lists(MOMENTS, min_size=1, max_size=14))
def test_every_fall_that_is_followed_is_an_event(moments: list[Moment]) -> None:
    life = Life()
    for snapshot in snapshots(moments):
        life.take(snapshot)
    last: dict[str, int] = {}
    for one in life.followed:
        told = {event.facts.key for event in one.events if isinstance(event.facts, MeterReset | MeterSuspicious)}
        changed = {getattr(event.facts, "key", None) for event in one.events}
        for read in one.snapshot.meter_reads:
            if read.since is not Since.LIFE or read.series is None:
                continue
            if read.value < last.get(read.key, 0) and read.key not in changed:
                assert read.key in told, (read, last[read.key])
            last[read.key] = read.value


@settings(max_examples=300, deadline=None)
@given(st.lists(MOMENTS, min_size=1, max_size=14))
def test_a_restart_before_each_visit_changes_nothing(moments: list[Moment]) -> None:
    one, other = Life(), Life(restarts=True)
    for snapshot in snapshots(moments):
        one.take(snapshot)
        other.take(snapshot)
    assert [(f.snapshot, f.events) for f in one.followed] == [(f.snapshot, f.events) for f in other.followed]
    assert one.records == other.records


@dataclass(frozen=True)
class Happens:
    """What a printer does until the next read: pages, then perhaps something that its counter does not survive."""

    pages: int
    what: str = ""
    lost: int = 0


HAPPENS = st.builds(
    Happens,
    pages=st.integers(0, 2500),
    what=st.sampled_from(["", "", "", "tail", "reset", "misread 0", "misread high"]),
    lost=st.integers(1, 9),
)


@settings(max_examples=800, deadline=None)
@given(st.integers(0, 200_000), st.lists(HAPPENS, min_size=1, max_size=14))
def test_a_printer_is_never_billed_for_more_than_it_printed(first: int, story: list[Happens]) -> None:
    """A reset, a lost tail and a misreading may hide pages; none of them makes one."""
    life, value, printed, at = Life(), first, 0, START
    shown = first
    for happens in (Happens(0), *story):
        at += timedelta(minutes=15)
        value, printed = value + happens.pages, printed + happens.pages
        match happens.what:
            case "tail":
                value = max(0, value - happens.lost)
            case "reset":
                value = 0
        shown = {"misread 0": 0, "misread high": 3_000_000_000}.get(happens.what, value)
        moment = Moment(("is", shown), 0, up=2 if happens.what in ("tail", "reset") else None)
        life.take(_snapshot(moment, [shown, 0], at, timedelta(minutes=2 if happens.what else 900)))
    assert sum(read.delta or 0 for read in life.reads("total.any.any.any.impressions")) <= printed


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(0, 3000), min_size=1, max_size=14))
def test_a_printer_that_counts_well_is_billed_for_each_page(story: list[int]) -> None:
    life, value, at = Life(), 777, START
    for pages in (0, *story):
        at, value = at + timedelta(minutes=15), value + pages
        life.take(_snapshot(Moment(0, 0), [value, 0], at, None))
    assert sum(read.delta or 0 for read in life.reads("total.any.any.any.impressions")) == sum(story)
    assert not [read for read in life.reads("total.any.any.any.impressions") if read.quality is Quality.SUSPICIOUS]


def _facts(life: Life, key: str) -> list[Any]:
    return [event.facts for one in life.followed for event in one.events if getattr(event.facts, "key", None) == key]


def test_the_hand_of_a_read_is_left_as_it_was() -> None:
    """Value and raw go through untouched, whatever is made of them."""
    moment = snapshots([Moment(("is", 5000), 0), Moment(("is", 3), 0), Moment(("is", 2**31 - 1), 0)])
    life = Life()
    for snapshot in moment:
        life.take(snapshot)
    followed = [replace(read, series=None, delta=None, quality=Quality.MEASURED) for read in life.reads(MOMENT_KEY)]
    assert followed == [snapshot.meter_reads[0] for snapshot in moment]


MOMENT_KEY = "total.any.any.any.impressions"
