from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pytest

import pagemeter_plugins.https_xml
from pagemeter import Batch
from pagemeter.model import (
    Amount,
    Cost,
    Document,
    Event,
    FleetEntry,
    JobRecord,
    LevelState,
    MeterReset,
    Queue,
    SegmentFound,
)
from pagemeter_plugins.https_xml.report import NAMESPACE, write_report

XSD = Path(pagemeter_plugins.https_xml.__file__).parent / "report-1.xsd"
XS = "{http://www.w3.org/2001/XMLSchema}"
REPORT = {"": NAMESPACE}

Complaints = Callable[[bytes], str]
BatchOf = Callable[..., Batch]
DocumentOf = Callable[..., Document]
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def parsed(report: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(report)  # noqa: S314 - we wrote it


@pytest.mark.peer
def test_a_printer_is_a_valid_report(batch_of: BatchOf, printer: FleetEntry, complaints: Complaints) -> None:
    assert complaints(write_report(batch_of(printer))) == ""


@pytest.mark.peer
def test_an_empty_fleet_is_a_valid_report(batch_of: BatchOf, complaints: Complaints) -> None:
    report = write_report(batch_of())
    assert complaints(report) == ""
    assert parsed(report).find("devices", REPORT) is not None


@pytest.mark.peer
def test_a_silent_printer_is_in_the_report_and_marked(
    batch_of: BatchOf, printer: FleetEntry, complaints: Complaints
) -> None:
    silent = replace(printer, silent_since=datetime(2026, 1, 30, 6, tzinfo=UTC))
    report = write_report(batch_of(silent))
    device = parsed(report).find("devices/device", REPORT)
    assert device is not None
    assert device.findtext("silent", namespaces=REPORT) == "true"
    assert device.findtext("silent_since", namespaces=REPORT) == "2026-01-30T06:00:00Z"
    assert device.findtext("last_success", namespaces=REPORT) == "2026-01-31T12:00:00Z"
    assert complaints(report) == ""


@pytest.mark.peer
def test_control_characters_in_a_name_leave_the_report_valid(
    batch_of: BatchOf, printer: FleetEntry, complaints: Complaints
) -> None:
    name = "a\x00b\x1bc\ud800d\uffffe\r\n<&>]]>\"'"
    device = replace(printer.latest.device, name=name)
    report = write_report(batch_of(replace(printer, latest=replace(printer.latest, device=device))))
    assert complaints(report) == ""
    found = parsed(report).findtext("devices/device/name", namespaces=REPORT)
    assert found == "a\ufffdb\ufffdc\ufffdd\ufffde\r\n<&>]]>\"'"


def test_the_head_says_who_sends_it_when_how_often_and_what_went_wrong(batch_of: BatchOf) -> None:
    root = parsed(write_report(batch_of(id="b-7")))
    ways = (
        "batch",
        "time",
        "period",
        "part",
        "last",
        "device_count",
        "agent/id",
        "agent/version",
        "agent/site",
        "agent/last_error",
    )
    assert [root.findtext(way, namespaces=REPORT) for way in ways] == [
        "b-7", "2026-01-31T12:00:00Z", "PT3600S", "1", "true", "0", "0a1b2c", "0.1.0", "Head office",
        "10.0.0.9 did not answer",
    ]  # fmt: skip


def test_a_counter_says_what_it_counts_its_raw_value_and_where_it_was_read(
    batch_of: BatchOf, printer: FleetEntry
) -> None:
    reads = parsed(write_report(batch_of(printer))).findall(".//meter_read", REPORT)
    assert [read.findtext("key", namespaces=REPORT) for read in reads] == [
        "total.any.any.any.impressions",
        "print.full-color.large.any.impressions#122",
    ]
    assert reads[0].findtext("raw", namespaces=REPORT) == "12345"
    assert reads[0].findtext("origin/where", namespaces=REPORT) == "1.3.6.1.2.1.43.10.2.1.4.1.1"
    assert reads[1].findtext("value", namespaces=REPORT) == "0"


def test_a_level_that_is_not_measured_has_no_number(batch_of: BatchOf, printer: FleetEntry) -> None:
    supplies = parsed(write_report(batch_of(printer))).findall(".//supply", REPORT)
    assert [supply.findtext("level/percent", namespaces=REPORT) for supply in supplies] == ["33", None]
    assert supplies[1].findtext("level/state", namespaces=REPORT) == LevelState.SOME_REMAINING


def test_a_percentage_outside_its_range_is_left_out(batch_of: BatchOf, printer: FleetEntry) -> None:
    supply = printer.latest.supplies[0]
    assert supply.level is not None
    bent = replace(supply, level=replace(supply.level, percent=250))
    report = write_report(batch_of(replace(printer, latest=replace(printer.latest, supplies=(bent,)))))
    assert re.findall(rb"<percent>|<units>", report) == [b"<units>"]


def test_the_history_has_the_meter_reads_of_each_visit_with_a_key(
    batch_of: BatchOf, document_of: DocumentOf, printer: FleetEntry
) -> None:
    first = printer.latest
    later = replace(first, taken_at=first.taken_at + timedelta(minutes=15), trusted_clock=False)
    status_only = replace(first, meter_reads=())
    documents = [document_of(body, seq=seq) for seq, body in enumerate((first, status_only, later), 7)]
    visits = parsed(write_report(batch_of(documents=documents))).findall("history/visit", REPORT)
    ways = ("key", "device", "taken_at", "trusted_clock", "meter_reads/meter_read/raw")
    assert [[visit.findtext(way, namespaces=REPORT) for way in ways] for visit in visits] == [
        ["0a1b2c/00000001-0123456789abcdef/7", "d1", "2026-01-31T12:00:00Z", "true", "12345"],
        ["0a1b2c/00000001-0123456789abcdef/9", "d1", "2026-01-31T12:15:00Z", "false", "12345"],
    ]


def test_an_event_names_its_facts_and_leaves_out_what_is_not_known(batch_of: BatchOf, document_of: DocumentOf) -> None:
    at = datetime(2026, 1, 31, 11, tzinfo=UTC)
    documents = [
        document_of(Event(device="d1", at=at, facts=MeterReset(key="total.any.any.any.impressions", old=900, new=12))),
        document_of(Event(at=at, facts=SegmentFound(network="10.4.0.0/22"))),
    ]
    events = parsed(write_report(batch_of(documents=documents))).findall("events/event", REPORT)
    assert [event.findtext("kind", namespaces=REPORT) for event in events] == ["meter-reset", "segment-found"]
    assert [[(d[0].text, d[1].text) for d in event.findall("facts/detail", REPORT)] for event in events] == [
        [("key", "total.any.any.any.impressions"), ("old", "900"), ("new", "12"), ("cause", "reset")],
        [("network", "10.4.0.0/22")],
    ]


def test_jobs_and_queues_say_what_is_known_of_them(batch_of: BatchOf, document_of: DocumentOf) -> None:
    job = JobRecord(
        id="cups:1", queue="hall", state="completed", cost=Cost(amount=Decimal("0.10"), currency="EUR"),
        printed=Amount(impressions=3, media=(("iso_a4_210x297mm", 2),)),
    )  # fmt: skip
    queue = Queue(name="hall", state="stopped", reasons=("media-empty",), accepting=False, at=NOW)
    root = parsed(write_report(batch_of(documents=[document_of(job), document_of(queue)])))
    ways = ("id", "state", "printed/impressions", "printed/sheets", "printed/media/medium/count", "cost/amount")
    assert [root.findtext(f"jobs/job/{way}", namespaces=REPORT) for way in ways] == [
        "cups:1", "completed", "3", None, "2", "0.10",
    ]  # fmt: skip
    assert root.findtext("queues/queue/reasons/reason", namespaces=REPORT) == "media-empty"
    assert root.findtext("queues/queue/accepting", namespaces=REPORT) == "false"
