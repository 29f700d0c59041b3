from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagemeter.model import (
    Device,
    DeviceFound,
    DeviceSnapshot,
    Document,
    Event,
    Key,
    MeterRead,
    MeterUnit,
    Origin,
    Quality,
    Work,
)
from pagemeter.wire import from_json
from pagemeter_plugins.files.lines import COLUMNS, by_day, csv_header, csv_rows, json_lines

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
FOUND = Event(device="d1", at=NOW, facts=DeviceFound(address="10.0.0.7"))

DocumentOf = Callable[..., Document]
SnapshotOf = Callable[[Device], DeviceSnapshot]


def test_a_meter_read_is_a_row(document_of: DocumentOf, snapshot_of: SnapshotOf, printer: Device) -> None:
    assert csv_header() + csv_rows([document_of(snapshot_of(printer))]) == (
        b"device_id,serial_number,mac,ip,manufacturer,model,location,asset_tag,meter,value,unit,origin,read_at,quality,series,"
        b"delta,doubt\r\n"
        b'd1,SN0001,00:11:22:33:44:55,10.0.0.7,Acme,Acme Laser 9,"Hall, ""west""",A-17,'
        b"total.any.any.any.impressions,12345,impressions,snmp 1.3.6.1.2.1.43.10.2.1.4.1.1,2026-01-31T12:00:00Z,"
        b"measured,,,\r\n"
        b'd1,SN0001,00:11:22:33:44:55,10.0.0.7,Acme,Acme Laser 9,"Hall, ""west""",A-17,'
        b"print.full-color.any.any.impressions#122,0,impressions,snmp 1.3.6.1.2.1.43.10.2.1.4.1.1,"
        b"2026-01-31T12:00:00Z,measured,,,\r\n"
    )


def test_a_row_says_what_may_be_billed_and_what_is_not_believed() -> None:
    origin = Origin(protocol="snmp", where="1.3.6.1.4.1.99999.1", doubt="unverified")
    read = MeterRead(
        work=Work.COPY, unit=MeterUnit.SHEETS, value=9, raw="9", origin=origin, at=NOW,
        quality=Quality.SUSPICIOUS, series=2, delta=0,
    )  # fmt: skip
    snapshot = DeviceSnapshot(device=Device(id="d1"), target="host://10.0.0.7", taken_at=NOW, meter_reads=(read,))
    rows = csv_rows([Document(key=Key(agent="a", epoch="e", seq=1), at=NOW, body=snapshot)]).decode()
    [row] = csv.DictReader(io.StringIO(csv_header().decode() + rows, newline=""))
    assert [row[name] for name in ("value", "quality", "series", "delta", "doubt")] == [
        "9", "suspicious", "2", "0", "unverified",
    ]  # fmt: skip


def test_what_is_no_snapshot_has_no_rows(document_of: DocumentOf) -> None:
    assert csv_rows([document_of(FOUND)]) == b""


@pytest.mark.parametrize("first", ["=", "+", "-", "@"])
def test_a_cell_that_a_spreadsheet_would_run_is_guarded(
    document_of: DocumentOf, snapshot_of: SnapshotOf, printer: Device, first: str
) -> None:
    hostile = replace(printer, location=f"{first}cmd|' /C calc'!A0")
    rows = csv_rows([document_of(snapshot_of(hostile))]).decode()
    assert f",'{first}cmd|" in rows


@given(text=st.text(st.characters(exclude_categories=())))
def test_whatever_the_text_a_row_is_one_line_and_its_cells_are_as_many_as_columns(text: str) -> None:
    origin = Origin(protocol="snmp", where=text)
    read = MeterRead(work=Work.TOTAL, unit=MeterUnit.SHEETS, media=text, value=1, raw=text, origin=origin, at=NOW)
    device = Device(id="d1", serial_number=text, location=text, model=text)
    snapshot = DeviceSnapshot(device=device, target="host://10.0.0.7", taken_at=NOW, meter_reads=(read,))
    rows = csv_rows([Document(key=Key(agent="a", epoch="e", seq=1), at=NOW, body=snapshot)])
    assert rows.count(b"\n") == 1
    assert rows.endswith(b"\r\n")
    [cells] = csv.reader(io.StringIO(rows.decode(), newline=""))
    assert len(cells) == len(COLUMNS)
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)


def test_a_line_of_json_is_the_whole_document(
    document_of: DocumentOf, snapshot_of: SnapshotOf, printer: Device
) -> None:
    documents = [document_of(snapshot_of(printer), seq=1), document_of(FOUND, seq=2)]
    lines = json_lines(documents).splitlines()
    assert [from_json(Document, line) for line in lines] == documents


def test_a_day_is_a_day_in_utc(document_of: DocumentOf) -> None:
    late = datetime(2026, 1, 31, 22, tzinfo=timezone(timedelta(hours=-5)))
    first, second, third = (document_of(FOUND, seq=1), document_of(FOUND, seq=2, at=late), document_of(FOUND, seq=3))
    assert by_day([first, second, third]) == {date(2026, 1, 31): [first, third], date(2026, 2, 1): [second]}
