"""Documents as the lines of daily files: JSON lines or CSV. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime

from pagemeter.model import DeviceSnapshot, Document, MeterRead
from pagemeter.wire import to_json

COLUMNS = (
    "device_id",
    "serial_number",
    "mac",
    "ip",
    "manufacturer",
    "model",
    "location",
    "asset_tag",
    "meter",
    "value",
    "unit",
    "origin",
    "read_at",
    "quality",
    "series",
    "delta",
    "doubt",
)


def by_day(documents: Iterable[Document]) -> dict[date, list[Document]]:
    """Group documents by the UTC day at which they were kept, each day in its order."""
    days: dict[date, list[Document]] = {}
    for document in documents:
        days.setdefault(document.at.astimezone(UTC).date(), []).append(document)
    return days


def json_lines(documents: Iterable[Document]) -> bytes:
    """Write each document, with its key, as a line of JSON."""
    return b"".join(to_json(document) + b"\n" for document in documents)


def csv_header() -> bytes:
    """Write the names of the columns as the first line of a file."""
    return _csv([COLUMNS])


def csv_rows(documents: Iterable[Document]) -> bytes:
    """Write the meter reads of the snapshots among the documents, a row each (RFC 4180: CRLF, quotes doubled)."""
    snapshots = (document.body for document in documents if isinstance(document.body, DeviceSnapshot))
    return _csv(row for snapshot in snapshots for row in _rows(snapshot))


def _rows(snapshot: DeviceSnapshot) -> Iterator[tuple[str, ...]]:
    device = snapshot.device
    first = (
        device.id,
        device.serial_number,
        next(iter(device.macs), None),
        next(iter(device.addresses), None),
        device.manufacturer,
        device.model,
        device.location,
        device.asset_tag,
    )
    head = tuple(_cell(text) for text in first)
    for read in snapshot.meter_reads:
        yield head + _read(read)


def _read(read: MeterRead) -> tuple[str, ...]:
    return (
        *(_cell(read.key), str(read.value), _cell(read.unit), _cell(str(read.origin)), _time(read.at)),
        *(_cell(read.quality), _number(read.series), _number(read.delta), _cell(read.origin.doubt)),
    )


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _cell(text: str | None) -> str:
    """Make text one harmless line: a spreadsheet would run a cell that begins like a formula.

    Where semicolons part the cells (Excel in half of Europe) one begins behind each of them.
    """
    return _FORMULA.sub(r"\1'", " ".join((text or "").split()))


# Full-width signs are formulas too where they are typed so.
_FORMULA = re.compile('(^|;)(?=["\\s]*[=+@\uff1d\uff0b\uff20\uff0d-])')


def _time(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _csv(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8", "replace")
