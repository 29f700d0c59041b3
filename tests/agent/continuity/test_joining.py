"""Two ids that turn out to be one device: their runs are joined, and no page is lost or counted twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pagemeter.continuity import Continuity, Records
from pagemeter.continuity.usage import Usage
from pagemeter.model import Device, DeviceSnapshot, MeterRead, MeterUnit, Origin, Scope, Since, Work

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
KEY = "total.any.any.any.impressions"
ORIGIN = Origin(protocol="snmp", where="1.3.6.1.2.1.43.10.2.1.4.1.1")

IPP = Origin(protocol="ipp", where="printer-impressions-completed")


class Two:
    """Two ids, each read at minutes of a day; rows are kept as the store keeps them."""

    def __init__(self) -> None:
        self.at = START
        self.continuity = Continuity()
        self.records: dict[str, Records] = {}
        self.counted = 0

    def read(self, device: str, minute: float, value: int, since: Since = Since.LIFE, origin: Origin = ORIGIN) -> None:
        at = self.at = START + timedelta(minutes=minute)
        read = MeterRead(
            work=Work.TOTAL,
            unit=MeterUnit.IMPRESSIONS,
            since=since,
            value=value,
            raw=str(value),
            origin=origin,
            at=at,
        )
        snapshot = DeviceSnapshot(
            device=Device(id=device),
            target="host://10.0.0.7",
            taken_at=at,
            scopes=frozenset({Scope.METERS}),
            meter_reads=(read,),
        )
        followed = self.continuity.follow(snapshot, before=None)
        self.records[device] = self.records.get(device, Records()).joined(followed.records)
        self.counted += followed.snapshot.meter_reads[0].delta or 0

    def merge(self) -> Records:
        records = self.continuity.merged("stays", "alias", at=self.at)
        self.records["stays"] = self.records["stays"].joined(records)
        return records

    def runs(self) -> list[tuple[int, int, int, int, str | None]]:
        rows = self.records["stays"].series
        return [(row.number, row.first, row.last, row.counted, row.ended_by) for row in rows]


def test_runs_that_follow_each_other_become_one_and_what_lies_between_is_told() -> None:
    two = Two()
    two.read("stays", 0, 1000)
    two.read("stays", 15, 1010)
    two.read("alias", 30, 1015)
    two.read("alias", 45, 1020)
    two.merge()
    two.read("stays", 60, 1021)
    assert two.runs() == [(1, 1000, 1021, 21, None)]
    assert two.counted == 21


def test_what_both_counted_at_the_same_time_stands_in_the_ledger_once() -> None:
    two = Two()
    for minute, value in ((0, 1000), (30, 1020), (60, 1040)):
        two.read("stays", minute, value)
        two.read("alias", minute + 15, value + 10)
    two.merge()
    two.read("stays", 90, 1060)
    assert two.runs() == [(1, 1000, 1060, 60, None)]


def test_the_id_that_stays_may_be_the_one_that_came_later() -> None:
    two = Two()
    two.read("alias", 0, 1000)
    two.read("alias", 15, 1010)
    two.read("stays", 30, 1030)
    two.merge()
    two.read("stays", 45, 1031)
    assert two.runs() == [(1, 1000, 1031, 31, None)]
    assert two.counted == 31


def test_a_fall_between_the_two_leaves_two_runs_and_the_later_one_goes_on() -> None:
    two = Two()
    two.read("stays", 0, 5000)
    two.read("alias", 15, 4)
    records = two.merge()
    assert [(moved.alias, moved.key, moved.by) for moved in records.moved] == [("alias", KEY, 1)]
    two.read("stays", 30, 9)
    assert two.runs() == [(1, 5000, 5000, 0, "merged"), (2, 4, 9, 5, None)]


def test_a_later_run_of_the_one_that_stays_goes_on_and_the_next_gets_a_number_behind_both() -> None:
    two = Two()
    two.read("alias", 0, 5000)
    two.read("stays", 15, 4)
    two.merge()
    two.read("stays", 30, 9)
    two.read("stays", 45, 1)
    assert [run[0] for run in two.runs()] == [1, 2]
    two.read("stays", 60, 9000 - 8500)
    two.read("stays", 75, 2)
    assert sorted(run[0] for run in two.runs()) == [1, 2, 3]


def test_a_clock_that_was_set_back_before_the_merge_makes_nothing_count_twice() -> None:
    two = Two()
    two.read("alias", 0, 300_000)
    two.read("stays", 15, 300_000)
    two.read("stays", 60, 301_700)
    two.read("stays", -525_600, 301_900)
    two.merge()
    two.read("stays", -525_585, 302_000)
    assert two.runs() == [(1, 300_000, 302_000, 2000, None)]
    assert two.counted == 2000


def test_what_lies_between_two_ids_is_not_counted_where_the_clock_was_set_back() -> None:
    """A part with a lower count was put in meanwhile: by the clock it seems to be the older one."""
    two = Two()
    two.read("alias", 0, 582)
    two.read("alias", 15, 585)
    two.read("stays", -525_600, 293)
    two.merge()
    two.read("stays", -525_585, 294)
    two.read("stays", -525_570, 300)
    assert two.counted == 3 + 6
    assert sum(run[3] for run in two.runs()) == 3 + 6


def test_what_stood_in_for_a_silent_source_before_the_merge_is_not_counted_again() -> None:
    two = Two()
    back = -525_600
    two.read("stays", 0, 60_000, origin=IPP)
    two.read("stays", back, 50_000)
    two.read("alias", back + 20, 50_010)
    two.read("alias", back + 900, 50_900)
    two.merge()
    two.read("stays", back + 1600, 51_000)
    assert two.counted == 890


def test_a_counter_that_only_the_alias_knew_goes_over_with_its_number() -> None:
    two = Two()
    two.read("stays", 0, 5000)
    two.read("alias", 0, 30, Since.POWER_ON)
    two.merge()
    rows = {row.key: (row.number, row.last) for row in two.records["stays"].series}
    assert rows == {KEY: (1, 5000), f"{KEY}+power-on": (1, 30)}


def test_an_alias_without_a_history_changes_nothing() -> None:
    two = Two()
    two.read("stays", 0, 5000)
    assert two.continuity.merged("stays", "nobody", at=START) == Records()


@pytest.mark.parametrize("minutes", [0, 15])
def test_what_was_printed_a_day_is_joined_and_not_added(minutes: float) -> None:
    two = Two()
    two.read("stays", 0, 1000)
    two.read("alias", minutes, 1000)
    two.read("stays", 30, 1030)
    two.read("alias", 30 + minutes, 1030)
    two.merge()
    days = two.continuity._history("stays").usage
    assert isinstance(days, Usage)
    assert [pages for _, pages in days.days] == [30]
