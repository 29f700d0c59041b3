"""The workbook, read again with openpyxl and looked at as the XML that it is."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from openpyxl import Workbook, load_workbook

from pagemeter import Batch
from pagemeter.model import (
    Condition,
    Cost,
    DevicesMerged,
    Event,
    FleetEntry,
    JobRecord,
    Level,
    LevelState,
    MeterRead,
    MeterReset,
    MeterUnit,
    Origin,
    Outlook,
    Supply,
    Work,
)
from pagemeter_plugins.email.settings import Sheet
from pagemeter_plugins.email.workbook import write_workbook

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
AT = datetime(2026, 1, 31, 12)  # noqa: DTZ001 - a cell has no time zone

ReportOf = Callable[..., Batch]
EntryOf = Callable[..., FleetEntry]
JobOf = Callable[..., JobRecord]
SupplyOf = Callable[..., Supply]


def read(octets: bytes) -> Workbook:
    return load_workbook(io.BytesIO(octets))


def table(octets: bytes, title: str) -> list[dict[str, Any]]:
    header, *rows = read(octets)[title].iter_rows(values_only=True)
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def parts(octets: bytes) -> dict[str, ET.Element]:
    with zipfile.ZipFile(io.BytesIO(octets)) as packed:
        return {name: ET.fromstring(packed.read(name)) for name in packed.namelist()}  # noqa: S314 - made here


def test_a_device_stands_in_a_row_with_everything_that_is_known(report_of: ReportOf, entry_of: EntryOf) -> None:
    since = datetime(2026, 1, 30, 6, 30, tzinfo=UTC)
    [row] = table(write_workbook(report_of(entry_of(silent_since=since)), [Sheet.DEVICES]), "devices")
    assert row == {
        "id": "d1", "site": "Plant 2", "manufacturer": "Acme", "model": "Acme Laser 9", "serial number": "SN0001",
        "asset tag": "0042", "name": "hall", "location": "Hall west", "address": "10.0.0.7", "firmware": "1.2.3",
        "status": "idle", "last success (UTC)": AT, "silent since (UTC)": since.replace(tzinfo=None),
        "found by": "sweep, mdns", "labels": "Room=12; Floor=1",
    }  # fmt: skip


def test_meters_are_numbers_in_the_order_of_their_keys(report_of: ReportOf, entry_of: EntryOf) -> None:
    rows = table(write_workbook(report_of(entry_of()), [Sheet.METERS]), "meters")
    assert [(row["meter"], row["value"]) for row in rows] == [
        ("print.full-color.any.any.impressions#122", 0),
        ("total.any.any.any.impressions", 12345),
    ]
    assert rows[1] == {
        "device": "d1", "site": "Plant 2", "device serial number": "SN0001", "model": "Acme Laser 9",
        "asset tag": "0042", "address": "10.0.0.7", "meter": "total.any.any.any.impressions", "work": "total",
        "color": "any", "media": "any", "unit": "impressions", "value": 12345, "quality": "measured",
        "read at (UTC)": AT, "origin": "snmp 1.3.6.1.2.1.43.10.2.1.4.1.1", "run": None, "doubt": None,
    }  # fmt: skip


def test_a_supply_has_its_percentage_as_a_number_shown_as_such(report_of: ReportOf, entry_of: EntryOf) -> None:
    octets = write_workbook(report_of(entry_of()), [Sheet.SUPPLIES])
    [row] = table(octets, "supplies")
    assert row == {
        "device": "d1", "site": "Plant 2", "device serial number": "SN0001", "model": "Acme Laser 9",
        "asset tag": "0042", "address": "10.0.0.7", "supply": "1.1", "description": "Black toner",
        "type": "tonerCartridge", "kind": "consumed", "color": "black", "part number": "TN-1",
        "serial number": "T0001", "percent": 0.42, "level is": "measured", "level": 5040, "capacity": 12000,
        "unit": "impressions", "condition": "ok", "pages left": None, "days left": None, "read at (UTC)": AT,
    }  # fmt: skip
    sheet = read(octets)["supplies"]
    assert {cell.number_format for cell in sheet[2] if cell.value == 0.42} == {"0%"}


def test_a_supply_says_how_long_it_will_last(report_of: ReportOf, entry_of: EntryOf, supply_of: SupplyOf) -> None:
    outlook = Outlook(
        pages=2100, pages_low=1800, pages_high=2500, days=21, days_low=17, days_high=26, since=AT.replace(tzinfo=UTC)
    )
    octets = write_workbook(report_of(entry_of(supplies=(supply_of(outlook=outlook),))), [Sheet.SUPPLIES])
    [row] = table(octets, "supplies")
    assert (row["pages left"], row["days left"]) == (2100, 21)


@pytest.mark.parametrize("state", [LevelState.SOME_REMAINING, LevelState.UNKNOWN, LevelState.UNRESTRICTED])
def test_a_level_that_is_no_number_has_none(
    report_of: ReportOf, entry_of: EntryOf, supply_of: SupplyOf, state: LevelState
) -> None:
    supply = supply_of(level=Level(state=state), max_capacity=None, condition=Condition.OK)
    [row] = table(write_workbook(report_of(entry_of(supplies=(supply,))), [Sheet.SUPPLIES]), "supplies")
    assert (row["percent"], row["level"], row["capacity"], row["level is"]) == (None, None, None, str(state))


def test_a_job_counts_what_the_printer_printed(report_of: ReportOf, job_of: JobOf) -> None:
    [row] = table(write_workbook(report_of(job_of()), [Sheet.JOBS]), "jobs")
    assert row == {
        "time (UTC)": AT, "device": "d1", "printer": "ipp://10.0.0.7/ipp/print", "queue": "office", "user": "kim",
        "client": "pc-7", "account": "4711", "document": "Plan.pdf", "state": "completed", "impressions": 7,
        "color impressions": 0, "sheets": 4, "copies": 1, "counted by": "printer", "cost": 0.35, "currency": "EUR",
        "job": "j1", "revision": 0,
    }  # fmt: skip


def test_a_count_that_nobody_knows_is_empty(report_of: ReportOf, job_of: JobOf) -> None:
    jobs = (job_of(id="j1", printed=None), job_of(id="j2", printed=None, ordered=None, cost=None))
    first, second = table(write_workbook(report_of(*jobs), [Sheet.JOBS]), "jobs")
    assert (first["counted by"], first["impressions"], first["sheets"]) == ("spooler", 8, None)
    assert [second[name] for name in ("counted by", "impressions", "copies", "cost")] == [None] * 4


def test_of_a_job_only_the_last_revision_counts(report_of: ReportOf, job_of: JobOf) -> None:
    jobs = (job_of(revision=1, state="completed"), job_of(id="j0"), job_of(revision=0, state="processing"))
    rows = table(write_workbook(report_of(*jobs), [Sheet.JOBS]), "jobs")
    assert [(row["job"], row["revision"], row["state"]) for row in rows] == [
        ("j0", 0, "completed"), ("j1", 1, "completed")
    ]  # fmt: skip


def test_jobs_stand_in_the_order_of_their_time(report_of: ReportOf, job_of: JobOf) -> None:
    early = datetime(1999, 12, 31, 23, tzinfo=UTC)
    timeless = job_of(id="j1", completed_at=None, submitted_at=None)
    batch = report_of(timeless, job_of(id="j3"), job_of(id="j2", completed_at=None, submitted_at=early))
    rows = table(write_workbook(batch, [Sheet.JOBS]), "jobs")
    assert [row["job"] for row in rows] == ["j2", "j3", "j1"]


def test_the_order_of_the_fleet_does_not_matter(report_of: ReportOf, entry_of: EntryOf) -> None:
    fleet = [entry_of(of={"id": id_, "site": site}) for id_, site in (("d2", "B"), ("d9", "A"), ("d1", "B"))]
    one, other = (table(write_workbook(report_of(*some), [Sheet.METERS]), "meters") for some in (fleet, fleet[::-1]))
    assert one == other
    assert [row["device"] for row in one[::2]] == ["d9", "d1", "d2"]


def test_only_the_wanted_sheets_are_there_in_their_usual_order(report_of: ReportOf, entry_of: EntryOf) -> None:
    book = read(write_workbook(report_of(entry_of()), [Sheet.JOBS, Sheet.DEVICES]))
    assert book.sheetnames == ["devices", "jobs"]


def test_an_empty_report_has_its_headers(report_of: ReportOf) -> None:
    book = read(write_workbook(report_of(), list(Sheet)))
    assert [(sheet.title, sheet.max_row) for sheet in book] == [
        ("devices", 1), ("meters", 1), ("supplies", 1), ("jobs", 1), ("events", 1)
    ]  # fmt: skip


def test_a_header_is_bold_stays_and_filters(report_of: ReportOf, entry_of: EntryOf) -> None:
    for sheet in read(write_workbook(report_of(entry_of(), entry_of(of={"id": "d2"})), list(Sheet))):
        assert all(cell.font.bold for cell in sheet[1])
        assert not any(cell.font.bold for row in sheet.iter_rows(min_row=2) for cell in row)
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref == sheet.dimensions or sheet.max_row == 1
        assert all(5 < dimension.width <= 50 for dimension in sheet.column_dimensions.values())
        assert len(sheet.column_dimensions) == sheet.max_column


def test_what_does_not_fit_goes_on_in_a_sheet_of_its_own(report_of: ReportOf, entry_of: EntryOf) -> None:
    fleet = [entry_of(of={"id": f"d{number}"}) for number in range(5)]
    book = read(write_workbook(report_of(*fleet), [Sheet.DEVICES, Sheet.METERS], most_rows=4))
    assert book.sheetnames == ["devices", "devices 2", "meters", "meters 2", "meters 3"]
    ids = [row[0].value for title in book.sheetnames[:2] for row in book[title].iter_rows(min_row=2)]
    assert ids == [f"d{number}" for number in range(5)]
    assert [book[title].max_row for title in book.sheetnames[2:]] == [5, 5, 3]
    assert {book[title]["A1"].value for title in book.sheetnames[2:]} == {"device"}


def test_a_sheet_that_is_just_full_has_no_second_one(report_of: ReportOf, entry_of: EntryOf) -> None:
    book = read(write_workbook(report_of(entry_of()), [Sheet.METERS], most_rows=2))
    assert book.sheetnames == ["meters"]


# ---- hostile texts

HOSTILE = {
    "=1+1": "=1+1",
    '=HYPERLINK("http://example.invalid","hall")': '=HYPERLINK("http://example.invalid","hall")',
    "=cmd|' /C calc'!A0": "=cmd|' /C calc'!A0",
    "+1": "+1",
    "-2+3": "-2+3",
    "@SUM(A1)": "@SUM(A1)",
    "\t=1+1": "=1+1",
    "\r=1+1": "=1+1",
    "#REF!": "#REF!",
    "#DIV/0!": "#DIV/0!",
    "0042": "0042",
    "1E5": "1E5",
    "TRUE": "TRUE",
    "2026-01-31": "2026-01-31",
    "</t></is></c><c><f>1+1</f>": "</t></is></c><c><f>1+1</f>",
    "]]><x>&amp;": "]]><x>&amp;",
    "a\x00b\x01c\x0bd\x1fe\x7ff": "a b c d e f",
    "a\ufffeb\uffffc\ud800d": "a b c d",
    "hall\u202egnp.exe": "hall gnp.exe",
    "\u0645\u0637\u0628\u0639\u0629 \u5370\u5237 \U0001f5a8": "\u0645\u0637\u0628\u0639\u0629 \u5370\u5237 \U0001f5a8",
}


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_nothing_but_text(report_of: ReportOf, entry_of: EntryOf, job_of: JobOf, text: str) -> None:
    batch = report_of(entry_of(of={"name": text, "site": text, "labels": ((text, text),)}), job_of(document=text))
    octets = write_workbook(batch, list(Sheet))
    assert table(octets, "devices")[0]["name"] == HOSTILE[text]
    assert table(octets, "jobs")[0]["document"] == HOSTILE[text]
    tree = parts(octets)
    assert not [name for name, part in tree.items() if list(part.iter(f"{MAIN}f"))]
    for name in (name for name in tree if "/worksheets/" in name):
        # Inline texts, numbers, and cells without a value; no formula results, no errors.
        assert {cell.get("t", "n") for cell in tree[name].iter(f"{MAIN}c")} <= {"inlineStr", "n"}
    assert not [name for name in tree if "externalLink" in name or "connections" in name]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@A1", "#REF!"])
def test_a_text_like_a_formula_stays_one_when_somebody_edits_it(
    report_of: ReportOf, entry_of: EntryOf, text: str
) -> None:
    sheet = read(write_workbook(report_of(entry_of(of={"name": text})), [Sheet.DEVICES]))["devices"]
    assert {cell.value: bool(cell.quotePrefix) for cell in sheet[2]}[text] is True
    assert {cell.value: bool(cell.quotePrefix) for cell in sheet[2]}["Hall west"] is False


def test_an_escape_of_the_format_is_read_as_the_text_that_it_was(report_of: ReportOf, entry_of: EntryOf) -> None:
    """ECMA-376 part 1, 22.9.2.19: what looks like an escaped character has its underscore escaped."""
    octets = write_workbook(report_of(entry_of(of={"name": "_x003D_1+1 _x1"})), [Sheet.DEVICES])
    texts = [text.text or "" for text in parts(octets)["xl/worksheets/sheet1.xml"].iter(f"{MAIN}t")]
    assert "_x005F_x003D_1+1 _x1" in texts


@pytest.mark.parametrize("character", ["x", "\U0001f5a8"])
def test_a_text_of_64_kilobytes_is_cut_to_what_a_cell_can_have(
    report_of: ReportOf, entry_of: EntryOf, character: str
) -> None:
    octets = write_workbook(report_of(entry_of(of={"name": character * 65536})), [Sheet.DEVICES])
    [row] = table(octets, "devices")
    most = 32_767 // (len(character.encode("utf-16-le")) // 2)
    assert row["name"] == character * most


def meter(value: int) -> MeterRead:
    origin = Origin(protocol="snmp", where="1.3.6.1.2.1.43.10.2.1.4.1.1")
    at = datetime(1899, 12, 31, tzinfo=UTC)
    return MeterRead(work=Work.TOTAL, unit=MeterUnit.IMPRESSIONS, value=value, raw="", origin=origin, at=at)


@pytest.mark.parametrize(
    ("value", "seen", "shown"),
    [
        (99_999_999_999, 99_999_999_999, "General"),
        (100_000_000_000, 100_000_000_000, "0"),
        (999_999_999_999_999, 999_999_999_999_999, "0"),
        (-5, -5, "General"),
        (2**64 - 1, "18446744073709551615", "General"),
    ],
)
def test_a_number_is_never_rounded(
    report_of: ReportOf, entry_of: EntryOf, value: int, seen: int | str, shown: str
) -> None:
    """Excel has 15 digits; and `General` shows 12 digits as 1.2E+11."""
    sheet = read(write_workbook(report_of(entry_of(meter_reads=(meter(value),))), [Sheet.METERS]))["meters"]
    [cell] = [cell for cell, head in zip(sheet[2], sheet[1], strict=True) if head.value == "value"]
    assert (cell.value, cell.number_format) == (seen, shown)


def test_a_time_before_the_calendar_of_cells_is_a_text(report_of: ReportOf, entry_of: EntryOf) -> None:
    [row] = table(write_workbook(report_of(entry_of(meter_reads=(meter(1),))), [Sheet.METERS]), "meters")
    assert row["read at (UTC)"] == "1899-12-31 00:00:00"


@pytest.mark.parametrize(
    ("amount", "seen"),
    [("0.10", 0.1), ("-3", -3), ("NaN", "NaN"), ("1E+400", "1E+400"), ("0.1234567890123456", "0.1234567890123456")],
)
def test_a_cost_that_no_cell_can_hold_is_a_text(report_of: ReportOf, job_of: JobOf, amount: str, seen: object) -> None:
    [row] = table(write_workbook(report_of(job_of(cost=Cost(amount=Decimal(amount)))), [Sheet.JOBS]), "jobs")
    assert row["cost"] == seen


def test_a_workbook_tells_no_names_of_this_host(report_of: ReportOf, entry_of: EntryOf) -> None:
    book = read(write_workbook(report_of(entry_of()), list(Sheet)))
    assert book.properties.creator == "Pagemeter"
    assert book.properties.lastModifiedBy is None


@pytest.mark.long
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_opens_it_and_computes_nothing(report_of: ReportOf, entry_of: EntryOf, tmp_path: Path) -> None:
    (tmp_path / "book.xlsx").write_bytes(write_workbook(report_of(entry_of(of={"name": "=1+1"})), [Sheet.DEVICES]))
    command = ["soffice", "--headless", "--convert-to", "csv", "--outdir", str(tmp_path), str(tmp_path / "book.xlsx")]
    subprocess.run(command, check=True, capture_output=True, timeout=100, env={"HOME": str(tmp_path)})
    assert re.search(r"(^|,)=1\+1,", (tmp_path / "book.csv").read_text(encoding="utf-8"), re.MULTILINE)


def test_an_event_names_both_ids_of_a_merged_device(report_of: ReportOf) -> None:
    merged = Event(device="d1", at=AT.replace(tzinfo=UTC), facts=DevicesMerged(alias="d7"))
    [row] = table(write_workbook(report_of(merged), [Sheet.EVENTS]), "events")
    assert (row["time (UTC)"], row["device"], row["event"], row["what"]) == (AT, "d1", "devices-merged", "alias: d7")


def test_an_event_tells_its_facts_in_words(report_of: ReportOf) -> None:
    reset = MeterReset(key="total.any.any.any.impressions", old=900, new=12, why="it began at or near 0")
    fell = Event(device="d1", at=AT.replace(tzinfo=UTC), facts=reset)
    [row] = table(write_workbook(report_of(fell), [Sheet.EVENTS]), "events")
    assert row["what"] == (
        "key: total.any.any.any.impressions; old: 900; new: 12; cause: reset; why: it began at or near 0"
    )
