from __future__ import annotations

import asyncio
import io
import os
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest

from pagemeter.scheduler import Cycle, Schedule, next_run, spread
from pagemeter.testing import FakeClock


def zone_of(rule: str) -> ZoneInfo:
    """A zone from a POSIX rule alone (a TZif file of version 2 with nothing but its footer, RFC 8536)."""
    header = b"TZif2" + bytes(15) + struct.pack(">6l", 0, 0, 0, 0, 1, 4)
    block = struct.pack(">lbb", 0, 0, 0) + b"UTC\0"
    return ZoneInfo.from_file(io.BytesIO((header + block) * 2 + b"\n" + rule.encode() + b"\n"))


BERLIN = zone_of("CET-1CEST,M3.5.0,M10.5.0/3")  # forward on 2025-03-30 at 02:00, back on 2025-10-26 at 03:00
NEW_YORK = zone_of("EST5EDT,M3.2.0,M11.1.0")
APIA_LIKE = zone_of("<+13>-13")
MONDAY_THURSDAY = frozenset({0, 3})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def daily(hour: int, minute: int = 0, *, on: frozenset[int] = frozenset()) -> Schedule:
    return Schedule(at=time(hour, minute), on=on)


HALF_A_DAY = Schedule(every=timedelta(hours=12), start=utc("2025-03-29 12:00"))
QUARTER = Schedule(every=timedelta(minutes=15), start=utc("2025-01-06 08:07:30"))


@pytest.mark.parametrize(
    ("schedule", "after", "zone", "expected"),
    [
        # every: counted from the start, not from when it was last done
        (QUARTER, "2025-01-06 08:07:30", BERLIN, "2025-01-06 08:22:30"),
        (QUARTER, "2025-01-06 08:22:29.999999", BERLIN, "2025-01-06 08:22:30"),
        (QUARTER, "2025-01-06 08:22:30", BERLIN, "2025-01-06 08:37:30"),
        (QUARTER, "2025-01-06 11:59:59", BERLIN, "2025-01-06 12:07:30"),
        # the clock before the start
        (QUARTER, "2024-12-31 23:59:00", BERLIN, "2025-01-01 00:07:30"),
        # every is time that passes: a change to summer time neither stretches nor shortens it
        (HALF_A_DAY, "2025-03-30 00:00", BERLIN, "2025-03-30 12:00"),
        # at: today, and later than today
        (daily(2), "2025-01-06 00:59:59", BERLIN, "2025-01-06 01:00"),
        (daily(2), "2025-01-06 01:00", BERLIN, "2025-01-07 01:00"),
        # the local day is another than the day in UTC
        (daily(0, 30), "2025-01-06 23:00", BERLIN, "2025-01-06 23:30"),
        (daily(22), "2025-01-07 02:59", NEW_YORK, "2025-01-07 03:00"),
        (daily(6), "2025-01-06 17:30", APIA_LIKE, "2025-01-07 17:00"),
        # weekdays are the local ones
        (daily(2, on=MONDAY_THURSDAY), "2025-01-06 01:00", BERLIN, "2025-01-09 01:00"),
        (daily(2, on=MONDAY_THURSDAY), "2025-01-09 01:00", BERLIN, "2025-01-13 01:00"),
        (daily(0, 30, on=frozenset({1})), "2025-01-06 08:00", BERLIN, "2025-01-06 23:30"),
        (daily(2, on=frozenset({0})), "2025-01-06 01:00", BERLIN, "2025-01-13 01:00"),
        # summer and winter
        (daily(2), "2025-07-01 00:00", BERLIN, "2025-07-02 00:00"),
        # skipped: 02:30 does not exist on 30 March; the gap ends at 03:00 summer time
        (daily(2, 30), "2025-03-29 12:00", BERLIN, "2025-03-30 01:00"),
        (daily(2), "2025-03-29 12:00", BERLIN, "2025-03-30 01:00"),
        (daily(2, 30), "2025-03-30 01:00", BERLIN, "2025-03-31 00:30"),
        (daily(2, 30), "2025-03-08 12:00", NEW_YORK, "2025-03-09 07:00"),
        # doubled: 02:30 comes twice on 26 October and counts once, the first time
        (daily(2, 30), "2025-10-25 12:00", BERLIN, "2025-10-26 00:30"),
        (daily(2, 30), "2025-10-26 00:30", BERLIN, "2025-10-27 01:30"),
        (daily(2, 30), "2025-10-26 01:00", BERLIN, "2025-10-27 01:30"),
        # the last moment of the old time and the first of the new
        (daily(3), "2025-10-25 12:00", BERLIN, "2025-10-26 02:00"),
        # the zone was changed: the same moment, another local time
        (daily(2), "2025-01-06 01:00", NEW_YORK, "2025-01-06 07:00"),
        (daily(2), "2025-01-06 07:00", BERLIN, "2025-01-07 01:00"),
        # jitter is added to each moment
        (Schedule(at=time(2), jitter=timedelta(seconds=40)), "2025-01-06 01:00:39", BERLIN, "2025-01-06 01:00:40"),
        (Schedule(at=time(2), jitter=timedelta(seconds=40)), "2025-01-06 01:00:40", BERLIN, "2025-01-07 01:00:40"),
        (
            Schedule(every=timedelta(minutes=10), start=utc("2025-01-06 08:00"), jitter=timedelta(seconds=5)),
            "2025-01-06 08:10:04",
            BERLIN,
            "2025-01-06 08:10:05",
        ),
    ],
)  # fmt: skip
def test_the_next_run_is_the_first_moment_due_later(
    schedule: Schedule, after: str, zone: ZoneInfo, expected: str
) -> None:
    assert next_run(schedule, utc(after), zone) == utc(expected)


def test_the_next_run_is_the_same_moment_whatever_the_zone_of_the_question() -> None:
    asked_in_new_york = utc("2025-01-06 00:30").astimezone(NEW_YORK)
    assert next_run(daily(2), asked_in_new_york, BERLIN) == utc("2025-01-06 01:00")


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"every": timedelta(minutes=1), "at": time(2)},
        {"every": timedelta(0)},
        {"every": timedelta(minutes=1), "on": frozenset({0})},
        {"at": time(2), "on": frozenset({7})},
    ],
)
def test_a_schedule_that_says_nothing_or_two_things_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"every|at|weekdays"):
        Schedule(**wrong)  # type: ignore[arg-type]  # that is the point


def test_jitter_is_told_by_the_seed_and_at_most_a_tenth_of_the_period_and_a_minute() -> None:
    minutes = Schedule(every=timedelta(minutes=5))
    hours = Schedule(every=timedelta(hours=5))
    seeds = [f"agent-{n}" for n in range(50)]
    assert [spread(minutes, seed) for seed in seeds] == [spread(minutes, seed) for seed in seeds]
    assert len({spread(hours, seed).jitter for seed in seeds}) > 40
    assert all(timedelta(0) <= spread(minutes, seed).jitter <= timedelta(seconds=30) for seed in seeds)
    assert all(timedelta(0) <= spread(hours, seed).jitter <= timedelta(minutes=1) for seed in seeds)


class Travelling(tzinfo):
    """A host that is carried elsewhere."""

    def __init__(self, here: tzinfo) -> None:
        self.here = here

    def utcoffset(self, when: datetime | None) -> timedelta | None:
        return None if when is None else when.replace(tzinfo=self.here).utcoffset()

    def dst(self, when: datetime | None) -> timedelta | None:
        return None

    def tzname(self, when: datetime | None) -> str | None:
        return None

    def fromutc(self, when: datetime) -> datetime:
        return when.replace(tzinfo=UTC).astimezone(self.here).replace(tzinfo=self)


async def test_a_seed_moves_all_runs_but_the_first_by_the_same_jitter() -> None:
    clock = FakeClock(utc("2025-01-06 08:00"))
    diary = Diary(clock)
    every = Schedule(every=timedelta(minutes=15))
    meters = Cycle("meters", every, diary, clock, BERLIN, seed="agent-1")
    jitter = spread(every, "agent-1 meters").jitter
    async with running(meters):
        await clock.advance(16 * 60 + 60)
        assert meters.next_at == utc("2025-01-06 08:30") + jitter
    assert len(diary.at) == 2


@asynccontextmanager
async def running(cycle: Cycle) -> AsyncIterator[None]:
    task = asyncio.create_task(cycle.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


class Diary:
    """Work that notes when it was done, and takes as long as it is told."""

    def __init__(self, clock: FakeClock, *, seconds: float = 0) -> None:
        self.clock = clock
        self.seconds = seconds
        self.at: list[str] = []
        self.running = 0
        self.most = 0

    async def __call__(self) -> None:
        self.at.append(f"{self.clock.now():%d %H:%M:%S}")
        self.running += 1
        self.most = max(self.most, self.running)
        if self.seconds:
            await self.clock.sleep(self.seconds)
        self.running -= 1


def cycle(
    clock: FakeClock, schedule: Schedule, work: Callable[[], Awaitable[object]], *, enabled: bool = True
) -> Cycle:
    return Cycle("meters", schedule, work, clock, BERLIN, enabled=enabled)


async def test_a_cycle_runs_at_its_start_and_then_without_drift() -> None:
    clock = FakeClock(utc("2025-01-06 08:00"))
    diary = Diary(clock, seconds=7)
    async with running(cycle(clock, Schedule(every=timedelta(minutes=15)), diary)):
        await clock.advance(3 * 15 * 60)
    assert diary.at == ["06 08:00:00", "06 08:15:00", "06 08:30:00", "06 08:45:00"]


async def test_a_run_longer_than_the_period_never_overlaps_and_missed_runs_collapse_to_one() -> None:
    clock = FakeClock(utc("2025-01-06 08:00"))
    diary = Diary(clock, seconds=25 * 60)
    async with running(cycle(clock, Schedule(every=timedelta(minutes=10)), diary)):
        await clock.advance(70 * 60)
    assert diary.most == 1
    assert diary.at == ["06 08:00:00", "06 08:30:00", "06 09:00:00"]


async def test_a_cycle_with_a_time_of_day_waits_for_it() -> None:
    clock = FakeClock(utc("2025-01-06 00:00"))
    diary = Diary(clock)
    nightly = cycle(clock, daily(2), diary)
    async with running(nightly):
        await clock.advance(59 * 60)
        assert diary.at == []
        assert nightly.next_at == utc("2025-01-06 01:00")
        await clock.advance(60 + 24 * 3600)
    assert diary.at == ["06 01:00:00", "07 01:00:00"]


async def test_a_clock_set_forward_runs_what_was_missed_once() -> None:
    clock = FakeClock(utc("2025-01-06 00:00"))
    diary = Diary(clock)
    async with running(cycle(clock, daily(2), diary)):
        await clock.advance(10)
        clock.set_wall_clock(utc("2025-01-09 12:00"))
        await clock.advance(60)
    assert diary.at == ["09 12:00:20"]


async def test_a_clock_set_back_from_a_wrong_year_does_not_wait_for_that_year() -> None:
    clock = FakeClock(utc("2031-01-06 08:00"))
    diary = Diary(clock)
    async with running(cycle(clock, Schedule(every=timedelta(minutes=15)), diary)):
        await clock.advance(60)
        clock.set_wall_clock(utc("2025-01-06 08:00"))
        await clock.advance(16 * 60)
    assert [moment[:5] for moment in diary.at] == ["06 08", "06 08"]
    assert len(diary.at) == 2


async def test_a_clock_corrected_by_seconds_does_not_run_the_same_night_twice() -> None:
    clock = FakeClock(utc("2025-01-06 00:59:00"))
    diary = Diary(clock)
    async with running(cycle(clock, daily(2), diary)):
        await clock.advance(60)
        clock.set_wall_clock(utc("2025-01-06 00:59:30"))
        await clock.advance(600)
    assert diary.at == ["06 01:00:00"]


async def test_a_zone_that_changes_while_a_cycle_waits_counts_at_once() -> None:
    clock = FakeClock(utc("2025-01-06 00:30"))
    diary = Diary(clock)
    zone = Travelling(BERLIN)
    async with running(Cycle("report", daily(2), diary, clock, zone)):
        await clock.advance(60)
        zone.here = NEW_YORK
        await clock.advance(6 * 3600 + 29 * 60)
    assert diary.at == ["06 07:00:00"]


async def test_a_trigger_runs_soon_and_leaves_the_schedule_as_it_is() -> None:
    clock = FakeClock(utc("2025-01-06 08:00"))
    diary = Diary(clock)
    meters = cycle(clock, Schedule(every=timedelta(minutes=10)), diary)
    async with running(meters):
        await clock.advance(9 * 60 + 30)
        meters.trigger()
        await clock.advance(60)
    assert diary.at == ["06 08:00:00", "06 08:09:30", "06 08:10:00"]


async def test_triggers_during_a_run_make_one_more_run() -> None:
    clock = FakeClock(utc("2025-01-06 08:00"))
    diary = Diary(clock, seconds=60)
    meters = cycle(clock, Schedule(every=timedelta(hours=1)), diary)
    async with running(meters):
        await clock.advance(10)
        meters.trigger()
        meters.trigger()
        await clock.advance(600)
    assert diary.at == ["06 08:00:00", "06 08:01:00"]
    assert diary.most == 1


async def test_a_trigger_before_the_start_is_served_by_the_run_at_the_start() -> None:
    clock = FakeClock(utc("2025-01-06 08:00"))
    diary = Diary(clock, seconds=60)
    sweep = cycle(clock, Schedule(every=timedelta(hours=12)), diary)
    sweep.trigger()
    async with running(sweep):
        await clock.advance(600)
    assert diary.at == ["06 08:00:00"]


async def test_a_trigger_before_the_start_is_not_lost_where_nothing_runs_at_the_start() -> None:
    clock = FakeClock(utc("2025-01-06 08:00"))
    diary = Diary(clock)
    sweep = cycle(clock, daily(2), diary)
    sweep.trigger()
    async with running(sweep):
        await clock.advance(600)
    assert diary.at == ["06 08:00:00"]


async def test_a_disabled_cycle_runs_only_when_triggered() -> None:
    clock = FakeClock(utc("2025-01-06 08:00"))
    diary = Diary(clock)
    meters = cycle(clock, Schedule(every=timedelta(minutes=10)), diary, enabled=False)
    async with running(meters):
        await clock.advance(3600)
        assert diary.at == []
        meters.trigger()
        await clock.advance(1)
    assert diary.at == ["06 09:00:00"]


async def test_work_that_fails_is_logged_at_the_edges_and_runs_again(caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock(utc("2025-01-06 08:00"))
    ends: list[Exception | asyncio.CancelledError | None]
    ends = [OSError("disk full"), asyncio.CancelledError(), OSError("disk full"), None, None]

    async def work() -> None:
        if (end := ends.pop(0)) is not None:
            raise end

    with caplog.at_level("INFO", "pagemeter.scheduler"):
        async with running(cycle(clock, Schedule(every=timedelta(minutes=10)), work)):
            await clock.advance(40 * 60)
    assert ends == []
    assert caplog.messages == ["meters: OSError: disk full", "meters: works again after 0:30:00"]


async def test_a_cycle_ends_when_it_is_cancelled_during_its_work() -> None:
    clock = FakeClock()
    task = asyncio.create_task(cycle(clock, Schedule(every=timedelta(hours=1)), Diary(clock, seconds=60)).run())
    await clock.wait_for_sleepers()
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()


LOCAL = """
from datetime import UTC, datetime, time
from pagemeter.clock import LocalZone
from pagemeter.scheduler import Schedule, next_run
zone = LocalZone()
for after in ("2025-01-06 00:00", "2025-03-29 12:00", "2025-10-25 12:00", "2025-10-26 00:30"):
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    print(next_run(Schedule(at=time(2, 30)), moment, zone).strftime("%m-%d %H:%M"))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows takes no POSIX rule for its zone")
def test_the_zone_of_the_host_follows_its_rules() -> None:
    environ = os.environ | {"TZ": "CET-1CEST,M3.5.0,M10.5.0/3"}
    done = subprocess.run([sys.executable, "-c", LOCAL], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:4] == ["01-06 01:30", "03-30 01:00", "10-26 00:30", "10-27 01:30"]
