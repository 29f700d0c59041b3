"""Tables as people keep them: the cells of a CSV or XLSX file, as clean text, with the number of each row."""

from __future__ import annotations

import codecs
import csv
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path, PurePath
from typing import TypeAlias

from pagemeter.errors import PluginError
from pagemeter.text import scrub

SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm")
MOST_OCTETS = 16 * 1024 * 1024
MOST_ROWS = 100_000
MOST_UNPACKED_OCTETS = 512 * 1024 * 1024
"""What a workbook may hold when it is unpacked: a small file can be made to fill the memory."""

_MOST_COLUMNS = 256
_MOST_LINES_A_ROW = 20
_DELIMITERS = ",;\t|"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

Cells: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row and the line that it begins at, counted from 1; ``broken`` says why it has no cells."""

    number: int
    cells: Cells = ()
    broken: str | None = None


def is_workbook(name: str) -> bool:
    """Say whether a file is XLSX by its suffix."""
    return PurePath(name).suffix.lower() in (".xlsx", ".xlsm")


def read_table(path: Path, *, sheet: str | None = None) -> list[Row]:
    """Read a table's rows, empty ones left out; raises PluginError with a remedy for a file that can't be read."""
    try:
        size = path.stat().st_size
        if size > MOST_OCTETS:
            raise PluginError(f"{path} has {size:,} octets, more than {MOST_OCTETS:,}; split it")
        rows = _workbook(path, sheet) if is_workbook(path.name) else parse_csv(path.read_bytes())
        found = list(islice((row for row in rows if row.broken or any(row.cells)), MOST_ROWS + 1))
    except OSError as error:
        raise PluginError(f"{path} can't be read ({type(error).__name__}); is it there, and readable?") from error
    except ValueError as error:
        raise PluginError(f"{path} can't be read: {error}") from error
    if len(found) > MOST_ROWS:
        raise PluginError(f"{path} has more than {MOST_ROWS:,} rows; split it")
    return found


def parse_csv(raw: bytes) -> Iterator[Row]:
    """Parse CSV: UTF-8, UTF-16 or Windows-1252, with the delimiter that its first lines suggest."""
    lines = decode(raw).splitlines(keepends=True)
    first = 0
    if lines and lines[0].lower().startswith("sep=") and len(lines[0].strip()) == 5:
        # Excel's own way to name the delimiter.
        delimiter, first = lines[0][4], 1
    else:
        delimiter = _delimiter(lines)
    while first < len(lines):
        cells, taken, broken = _record(lines, first, delimiter)
        yield Row(number=first + 1, cells=cells, broken=broken)
        first += taken


def decode(raw: bytes) -> str:
    """Decode by the byte order mark, else as UTF-16 where every other octet is 0, UTF-8, or Windows-1252."""
    for mark, codec in _MARKS:
        if raw.startswith(mark):
            return raw.decode(codec, "replace")
    sample = raw[:400]
    for zeros, codec in ((sample[1::2], "utf-16-le"), (sample[::2], "utf-16-be")):
        if zeros and zeros.count(0) > len(zeros) // 2:
            return raw.decode(codec, "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _delimiter(lines: Sequence[str]) -> str:
    """Choose what splits the first lines into the most cells in the most lines; the comma where nothing does."""
    sample = [line for line in lines[:20] if line.strip()]
    counts = {one: [line.count(one) for line in sample] for one in _DELIMITERS}
    return max(_DELIMITERS, key=lambda one: (sum(count > 0 for count in counts[one]), sum(counts[one])))


def _record(lines: Sequence[str], first: int, delimiter: str) -> tuple[Cells, int, str | None]:
    """Read the record that begins at a line: its cells, how many lines it takes, and what is wrong with it.

    A quote that is never closed costs its own line and not the rest of the file.
    """
    reader = csv.reader(lines[first : first + _MOST_LINES_A_ROW], delimiter=delimiter, strict=True)
    try:
        cells = next(reader)
    except csv.Error as error:
        return (), 1, f"its quotes are not closed or stand inside a cell ({error})"
    return tuple(scrub(cell) or "" for cell in cells[:_MOST_COLUMNS]), reader.line_num, None


def _workbook(path: Path, sheet: str | None) -> Iterator[Row]:
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise PluginError(f"{path.name} needs openpyxl: pip install 'pagemeter[xlsx]', or save it as CSV") from error
    try:
        with zipfile.ZipFile(path) as packed:
            if sum(part.file_size for part in packed.infolist()) > MOST_UNPACKED_OCTETS:
                raise PluginError(f"{path} is larger than {MOST_UNPACKED_OCTETS:,} octets when unpacked; split it")
        book = load_workbook(path, read_only=True, data_only=True)
    except (PluginError, OSError):
        raise
    except Exception as error:
        # A damaged file makes openpyxl raise whatever comes.
        raise ValueError(f"it is no XLSX workbook ({type(error).__name__}); save it anew or as CSV") from error
    try:
        names = [one.title for one in book.worksheets]
        if not names or (sheet is not None and sheet not in names):
            raise PluginError(f"{path} has no sheet {sheet or ''!r}; it has {', '.join(map(repr, names)) or 'none'}")
        yield from _sheet_rows(book[sheet or names[0]])
    finally:
        book.close()


def _sheet_rows(sheet: object) -> Iterator[Row]:
    # Programs other than Excel write wrong dimensions, and what lies beyond them would be lost.
    sheet.reset_dimensions()  # type: ignore[attr-defined] # a ReadOnlyWorksheet, which the stubs do not tell
    rows = sheet.iter_rows(values_only=True)  # type: ignore[attr-defined] # likewise
    try:
        for number, values in enumerate(rows, start=1):
            yield Row(number=number, cells=tuple(cell_text(value) for value in values[:_MOST_COLUMNS]))
    except OSError:
        raise
    except Exception as error:
        raise ValueError(f"its sheet is damaged ({type(error).__name__}); save it anew or as CSV") from error


def cell_text(value: object) -> str:
    """Write a cell as text: 4711.0 as "4711", a date as ISO 8601, nothing as ""."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return scrub(str(value)) or ""
