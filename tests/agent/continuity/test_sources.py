"""Several sources of one meter: they agree, they differ, one stands in for the other, and they never mix."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pagemeter.continuity import Continuity, Followed, Records
from pagemeter.model import (
    Device,
    DeviceSnapshot,
    MeterRead,
    MeterReset,
    MetersDisagree,
    MeterSuspicious,
    MeterUnit,
    Origin,
    Rival,
    Scope,
    Work,
)

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SNMP = Origin(protocol="snmp", where="1.3.6.1.2.1.43.10.2.1.4.1.1")
VENDOR = Origin(protocol="snmp", where="1.3.6.1.4.1.1347.43.10.1.1.12.1.1")
IPP = Origin(protocol="ipp", where="printer-impressions-completed")
WHY = "a source named earlier tells this meter too"


@dataclass
class Device1:
    """A device that is visited every quarter of an hour."""

    continuity: Continuity = field(default_factory=Continuity)
    records: Records = field(default_factory=Records)
    at: datetime = START
    before: DeviceSnapshot | None = None

    def visit(self, *told: tuple[Origin, int], seconds: float = 0, minutes: float = 15) -> Followed:
        """Read a total; the first source is elected, the others are rivals, read ``seconds`` later each."""
        self.at += timedelta(minutes=minutes)
        reads = [
            _read(origin, value, self.at + timedelta(seconds=seconds * n)) for n, (origin, value) in enumerate(told)
        ]
        snapshot = DeviceSnapshot(
            device=Device(id="d1"),
            target="host://10.0.0.7",
            taken_at=self.at,
            scopes=frozenset({Scope.METERS}),
            meter_reads=tuple(reads[:1]),
            rivals=tuple(Rival(read=read, why=WHY) for read in reads[1:]),
        )
        followed = self.continuity.follow(snapshot, before=self.before)
        self.before = followed.snapshot
        self.records = self.records.joined(followed.records)
        return followed

    def runs(self) -> list[tuple[int, int, int, int, str | None]]:
        return [(row.number, row.first, row.last, row.counted, row.ended_by) for row in self.records.series]


def _read(origin: Origin, value: int, at: datetime) -> MeterRead:
    return MeterRead(work=Work.TOTAL, unit=MeterUnit.IMPRESSIONS, value=value, raw=str(value), origin=origin, at=at)


def deltas(*followed: Followed) -> list[int | None]:
    return [one.snapshot.meter_reads[0].delta for one in followed]


def disagreements(followed: Followed) -> list[MetersDisagree]:
    return [event.facts for event in followed.events if isinstance(event.facts, MetersDisagree)]


# ---- rivals


def test_a_rival_that_tells_the_same_is_silent() -> None:
    assert Device1().visit((SNMP, 1000), (IPP, 1000)).events == ()


def test_a_disagreement_is_told_when_it_begins_and_again_after_they_agreed() -> None:
    device = Device1()
    visits = [
        device.visit((SNMP, 1000), (IPP, 990)),
        device.visit((SNMP, 1010), (IPP, 995)),
        device.visit((SNMP, 1010)),
        device.visit((SNMP, 1011), (IPP, 996)),
        device.visit((SNMP, 1012), (IPP, 1012)),
        device.visit((SNMP, 1013), (IPP, 1000)),
    ]
    assert [len(disagreements(visit)) for visit in visits] == [1, 0, 0, 0, 0, 1]
    (fact,) = disagreements(visits[0])
    assert (fact.elected, fact.elected_origin, fact.other, fact.other_origin, fact.why) == (1000, SNMP, 990, IPP, WHY)


def test_a_disagreement_is_remembered_over_a_restart() -> None:
    device = Device1()
    device.visit((SNMP, 1000), (IPP, 990))
    assert device.records.history is not None
    device.continuity = Continuity({"d1": device.records.history})
    assert disagreements(device.visit((SNMP, 1001), (IPP, 991))) == []


def test_what_may_have_been_counted_between_two_reads_is_no_disagreement() -> None:
    device = Device1()
    # 200 pages a minute are 20 in six seconds.
    assert disagreements(device.visit((SNMP, 1000), (IPP, 1020), seconds=6)) == []
    assert len(disagreements(device.visit((SNMP, 1000), (IPP, 1021), seconds=6))) == 1


def test_two_sources_that_differ_are_told_each_by_itself() -> None:
    assert len(disagreements(Device1().visit((SNMP, 1000), (IPP, 990), (VENDOR, 980)))) == 2


def test_a_read_of_the_elected_place_itself_is_no_rival() -> None:
    followed = Device1().visit((SNMP, 1000), (SNMP, 1200), (IPP, 1000))
    assert followed.events == ()
    assert [rival.read.origin for rival in followed.snapshot.rivals] == [IPP]


# ---- one source stands in for another


def test_a_source_that_stands_in_is_not_mixed_into_the_run() -> None:
    device = Device1()
    visits = [
        device.visit((SNMP, 50_000), (IPP, 48_700)),
        device.visit((IPP, 48_710)),
        device.visit((SNMP, 50_020), (IPP, 48_720)),
    ]
    assert deltas(*visits) == [0, None, 20]
    assert [event.kind for visit in visits for event in visit.events] == ["meters-disagree"]
    assert device.runs() == [(1, 50_000, 50_020, 20, None)]


def test_a_source_that_was_seen_to_tell_the_same_goes_on_in_the_run() -> None:
    device = Device1()
    visits = [
        device.visit((SNMP, 1000), (IPP, 1000)),
        device.visit((IPP, 1010)),
        device.visit((IPP, 1015)),
        device.visit((SNMP, 1020)),
    ]
    assert deltas(*visits) == [0, 10, 5, 5]
    assert device.runs() == [(1, 1000, 1020, 20, None)]


def test_a_source_that_tells_the_meter_alone_for_a_day_begins_a_run_and_counts_its_own_pages() -> None:
    device = Device1()
    visits = [device.visit((SNMP, 50_000)), *(device.visit((IPP, 48_700 + hour), minutes=60) for hour in range(26))]
    assert device.runs() == [(1, 50_000, 50_000, 0, "source-changed"), (2, 48_700, 48_725, 25, None)]
    facts = [event.facts for visit in visits for event in visit.events]
    assert [type(fact) for fact in facts] == [MeterSuspicious]
    assert sum(delta or 0 for delta in deltas(*visits)) == 25


def test_a_source_that_tells_0_at_first_counts_from_where_it_stands_then() -> None:
    device = Device1()
    told = [(IPP, 48_700), (SNMP, 0), (SNMP, 50_000), (SNMP, 50_010), (SNMP, 50_030)]
    visits = [device.visit(one, minutes=13 * 60) for one in told]
    assert deltas(*visits) == [0, None, None, None, 30]
    assert device.runs() == [(1, 48_700, 48_700, 0, "source-changed"), (2, 50_000, 50_030, 30, None)]


def test_sources_that_both_told_0_were_not_seen_to_tell_the_same() -> None:
    device = Device1()
    visits = [
        device.visit((SNMP, 0), (VENDOR, 0)),
        device.visit((SNMP, 40), (VENDOR, 30)),
        device.visit((VENDOR, 50)),
        device.visit((SNMP, 70)),
    ]
    assert deltas(*visits) == [0, 40, None, 30]


def test_the_standard_count_and_a_vendor_s_are_two_sources_and_two_rows_of_a_table_are_one() -> None:
    device = Device1()
    moved = Origin(protocol="snmp", where="1.3.6.1.2.1.43.10.2.1.4.3.1")
    visits = [
        device.visit((SNMP, 1000)),
        device.visit((VENDOR, 940)),
        device.visit((moved, 1004)),
    ]
    assert deltas(*visits) == [0, None, 4]
    assert not [event for visit in visits for event in visit.events if isinstance(event.facts, MeterReset)]
