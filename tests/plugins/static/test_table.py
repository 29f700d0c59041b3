"""Files as spreadsheets write them, and damaged ones."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from pagemeter.errors import PluginError
from pagemeter_plugins.static import table
from pagemeter_plugins.static.table import Row, cell_text, parse_csv, read_table

TEXT = "IP;Büro;Preis\n10.0.0.7;Käfer & Söhne;3,50\n"
CELLS = [("IP", "Büro", "Preis"), ("10.0.0.7", "Käfer & Söhne", "3,50")]


def workbook(path: Path, rows: Iterable[Iterable[object]], *, title: str = "Printers") -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    book.create_sheet("Notes").append(["nothing"])
    book.save(path)
    return path


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_the_usual_encodings_are_told_apart(codec: str) -> None:
    assert [row.cells for row in parse_csv(TEXT.encode(codec))] == CELLS


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_splits_the_most(delimiter: str) -> None:
    lines = [["IP", "Room", "Note"], ["10.0.0.7", "1.12", "a b"], ["10.0.0.8", "1.13", ""]]
    text = "\r\n".join(delimiter.join(line) for line in lines)
    assert [list(row.cells) for row in parse_csv(text.encode())] == lines


def test_a_line_of_excel_that_names_the_delimiter_is_no_row() -> None:
    rows = list(parse_csv(b"sep=|\nIP|Note\n10.0.0.7|a, b, c, d\n"))
    assert rows == [Row(number=2, cells=("IP", "Note")), Row(number=3, cells=("10.0.0.7", "a, b, c, d"))]


def test_a_quoted_cell_may_hold_delimiters_quotes_and_line_ends() -> None:
    rows = list(parse_csv(b'IP,Note\n10.0.0.7,"one, ""two""\nthree"\n10.0.0.8,\n'))
    assert rows[1:] == [
        Row(number=2, cells=("10.0.0.7", 'one, "two" three')),
        Row(number=4, cells=("10.0.0.8", "")),
    ]


def test_a_quote_that_is_never_closed_costs_its_line_and_no_other() -> None:
    rows = list(parse_csv(b'IP,Note\n10.0.0.7,"oh\n' + b"10.0.0.8,fine\n" * 100))
    assert rows[1].number == 2
    assert rows[1].broken is not None
    assert [row.cells for row in rows[2:]] == [("10.0.0.8", "fine")] * 100


def test_a_cell_comes_out_harmless() -> None:
    [row] = parse_csv(b"10.0.0.7,\x1b[31mred\x00,\xe2\x80\xaegnp.exe," + b"x" * 70_000)
    assert row.cells == ("10.0.0.7", "[31mred", "gnp.exe", "x" * 255)


def test_a_field_longer_than_a_csv_may_have_is_a_broken_row() -> None:
    first, second = parse_csv(b"10.0.0.7," + b"x" * 200_000 + b"\n10.0.0.8,y\n")
    assert first.broken is not None
    assert second.cells == ("10.0.0.8", "y")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (4711.0, "4711"),
        (4711, "4711"),
        (0.5, "0.5"),
        (0, "0"),
        (None, ""),
        (True, "true"),
        (datetime.fromisoformat("2024-02-29"), "2024-02-29"),
        (datetime.fromisoformat("2024-02-29T13:05"), "2024-02-29T13:05:00"),
        (date(2024, 2, 29), "2024-02-29"),
        ("  a\tb\x00", "a b"),
        (float("inf"), "inf"),
    ],
)
def test_a_cell_of_a_workbook_becomes_text(value: object, text: str) -> None:
    assert cell_text(value) == text


def test_a_workbook_is_read_sheet_by_name_or_the_first(tmp_path: Path) -> None:
    path = workbook(tmp_path / "assets.xlsx", [["IP", "Asset"], ["10.0.0.7", 4711.0], [], ["10.0.0.8", 4712]])
    assert read_table(path) == [
        Row(number=1, cells=("IP", "Asset")),
        Row(number=2, cells=("10.0.0.7", "4711")),
        Row(number=4, cells=("10.0.0.8", "4712")),
    ]
    assert read_table(path, sheet="Notes") == [Row(number=1, cells=("nothing",))]


def test_a_sheet_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    path = workbook(tmp_path / "assets.xlsx", [["IP"]])
    with pytest.raises(PluginError, match=r"no sheet 'Drucker'; it has 'Printers', 'Notes'"):
        read_table(path, sheet="Drucker")


@pytest.mark.parametrize("raw", [b"", b"IP,Site\n", b"PK\x03\x04 and then nothing"])
def test_what_is_no_workbook_is_an_error_with_a_remedy(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "assets.xlsx").write_bytes(raw)
    with pytest.raises(PluginError, match=r"assets\.xlsx can't be read: it is no XLSX workbook"):
        read_table(tmp_path / "assets.xlsx")


@pytest.mark.parametrize("member", ["xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/workbook.xml"])
def test_a_workbook_with_a_damaged_part_is_an_error_with_a_remedy(tmp_path: Path, member: str) -> None:
    path = workbook(tmp_path / "whole.xlsx", [["IP"], ["10.0.0.7"]])
    damaged = tmp_path / "assets.xlsx"
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(damaged, "w") as copy:
        for name in whole.namelist():
            raw = whole.read(name)
            copy.writestr(name, raw[: len(raw) // 2] if name == member else raw)
    with pytest.raises(PluginError, match=r"assets\.xlsx can't be read: .*save it anew or as CSV"):
        read_table(damaged)


def test_a_workbook_that_swells_when_it_is_unpacked_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "assets.xlsx"
    with zipfile.ZipFile(path, "w") as bomb:
        bomb.writestr("xl/workbook.xml", bytes(1000))
        bomb.infolist()[0].file_size = table.MOST_UNPACKED_OCTETS + 1
    with pytest.raises(PluginError, match="when unpacked; split it"):
        read_table(path)


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "assets.csv"
    with path.open("wb") as file:
        file.truncate(table.MOST_OCTETS + 1)
    with pytest.raises(PluginError, match="16,777,217 octets, more than 16,777,216; split it"):
        read_table(path)


def test_a_file_with_too_many_rows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "assets.csv"
    path.write_bytes(b"IP\n" + b"10.0.0.7\n" * table.MOST_ROWS)
    with pytest.raises(PluginError, match="more than 100,000 rows"):
        read_table(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"assets\.csv can't be read \(FileNotFoundError\)"):
        read_table(tmp_path / "assets.csv")
