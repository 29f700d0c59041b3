"""Write tables as an XLSX workbook: numbers are numbers, times are times, and text is never anything but text."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain, count, islice
from typing import TYPE_CHECKING, Any

from pagemeter import Batch
from pagemeter.text import scrub
from pagemeter_plugins.email.rows import TABLES, Percent, Row, Table, Value
from pagemeter_plugins.email.settings import Sheet

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell import Cell

# Excel's specifications and limits: rows of a sheet (less the header), characters of a cell, digits of a number.
MOST_ROWS = 1_048_575
MOST_CHARACTERS = 32_767
MOST_DIGITS = 15
# Before that day its calendar differs from ours.
_FIRST_DAY = datetime(1900, 3, 1)  # noqa: DTZ001 - a cell has no time zone

_TIME = "yyyy-mm-dd hh:mm:ss"
_PERCENT = "0%"
_WHOLE = "0"
# What `General` would round to 1.2E+11.
_WIDE = 10**11
# What a program may take for a formula: when it reads the cell, when somebody edits it, or when it is saved as CSV.
_FORMULA = ("=", "+", "-", "@", "#")
# ECMA-376 part 1, 22.9.2.19 (ST_Xstring): `_x000D_` in the file is a carriage return in the cell.
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


def write_workbook(batch: Batch, sheets: Sequence[Sheet], *, most_rows: int = MOST_ROWS) -> bytes:
    """Write the sheets in their usual order; one with more rows than a sheet can have goes on in ``meters 2``."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    book.properties.creator = "Pagemeter"
    book.properties.created = _naive(batch.agent.at)
    for sheet in Sheet:
        if sheet in sheets:
            _write_table(book, str(sheet), TABLES[sheet], batch, most_rows)
    octets = io.BytesIO()
    book.save(octets)
    return octets.getvalue()


def _write_table(book: Workbook, title: str, table: Table, batch: Batch, most_rows: int) -> None:
    rows = iter(table.rows(batch))
    _write_sheet(book, title, table, islice(rows, most_rows))
    for number in count(2):
        following = next(rows, None)
        if following is None:
            return
        _write_sheet(book, f"{title} {number}", table, chain((following,), islice(rows, most_rows - 1)))


def _write_sheet(book: Workbook, title: str, table: Table, rows: Iterable[Row]) -> None:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    header = []
    for number, (name, width) in enumerate(table.columns, 1):
        sheet.column_dimensions[get_column_letter(number)].width = width
        cell = WriteOnlyCell(sheet, name)
        cell.font = Font(bold=True)
        header.append(cell)
    sheet.append(header)
    last = 1
    for last, row in enumerate(rows, 2):  # noqa: B007 - how many there were
        sheet.append([_cell(sheet, value) for value in row])
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(table.columns))}{last}"


def _cell(sheet: Any, value: Value) -> Any:
    """Return what openpyxl writes: a bare value where it makes the right cell of it, else a cell."""
    if value is None:
        return None
    if isinstance(value, str):
        return _text(sheet, value)
    if isinstance(value, datetime):
        moment = _naive(value)
        return _number(sheet, moment, _TIME) if moment >= _FIRST_DAY else _text(sheet, moment.isoformat(" "))
    if isinstance(value, Percent):
        return _number(sheet, Decimal(value.value) / 100, _PERCENT)
    if not _fits(Decimal(value)):
        return _text(sheet, str(value))
    return _number(sheet, value, _WHOLE) if isinstance(value, int) and abs(value) >= _WIDE else value


def _fits(value: Decimal) -> bool:
    """Say whether a cell can hold the number as it is; another one would be rounded, or none at all."""
    return value.is_finite() and len(value.as_tuple().digits) <= MOST_DIGITS and abs(value.adjusted()) < MOST_DIGITS


def _number(sheet: Any, value: int | Decimal | datetime, form: str) -> Cell:
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet)
    cell.value = value
    cell.number_format = form
    return cell


def _text(sheet: Any, value: str) -> str | Cell | None:
    """Return a text that stays one: an empty one is no cell, one like a formula or an error says that it is a text."""
    from openpyxl.cell import WriteOnlyCell

    text = scrub(value, most=MOST_CHARACTERS)
    if text is None:
        return None
    # Excel counts in UTF-16.
    text = text.encode("utf-16-le")[: 2 * MOST_CHARACTERS].decode("utf-16-le", "ignore")
    text = _ESCAPE.sub("_x005F_", text)
    if not text.startswith(_FORMULA):
        return text
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    # Without it Excel makes a formula of the text when somebody edits the cell and leaves it as it is.
    cell.quotePrefix = True
    return cell


def _naive(at: datetime) -> datetime:
    """Return a time as cells have it: UTC, whole seconds, without a zone."""
    return at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
