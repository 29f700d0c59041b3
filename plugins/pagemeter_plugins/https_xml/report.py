"""The fleet as one XML report, as ``report-1.xsd`` describes it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pagemeter import Batch
from pagemeter.model import (
    AgentStatus,
    Alert,
    Amount,
    Cost,
    Cover,
    Device,
    DeviceSnapshot,
    Document,
    Event,
    FleetEntry,
    HostName,
    Input,
    JobRecord,
    Level,
    Marker,
    MeterRead,
    Origin,
    Outlook,
    Queue,
    Rival,
    Status,
    Supply,
    Unknown,
)

NAMESPACE = "urn:pagemeter:report:1"

# The elements of each type in the schema's order. A new field of the model changes no report by itself.
FIELDS: dict[type, str] = {
    AgentStatus: "version site started_at last_error last_error_at",
    Device: "kind abilities manufacturer model serial_number product_number device_id name host_names uuid macs"
    " addresses firmware location contact asset_tag site labels state",
    DeviceSnapshot: "target found_by taken_at trusted_clock read_by scopes origins uptime status panel meter_reads"
    " rivals markers supplies inputs covers alerts missing unknown",
    HostName: "name origin",
    Origin: "protocol where doubt",
    Status: "state device_status printer_status error_bits origin",
    MeterRead: "key work color media sides engine since unit code value raw quality origin at series delta",
    Rival: "read why",
    Level: "state units percent step why",
    Marker: "index technology process_colorants status coverage origin",
    Supply: "index marker kind type colorants description part_number serial_number unit max_capacity level"
    " condition pages_left coverage installed_at first_seen outlook origin at",
    Outlook: "pages pages_low pages_high days days_low days_high since",
    Input: "index type name description media unit max_capacity level status origin",
    Cover: "index description state origin",
    Alert: "key severity training group code code_name description location raised_at origin",
    Unknown: "what why",
    JobRecord: "id revision service user document queue printer device client account submitted_at completed_at state"
    " ordered printed cost",
    Amount: "impressions color_impressions sheets copies sides media",
    Cost: "amount currency",
    Queue: "name host uri printer device model location state reasons accepting queued_jobs supplies at",
}

# What one item of a list is called.
SINGULAR = {
    "abilities": "ability",
    "host_names": "host_name",
    "macs": "mac",
    "addresses": "address",
    "labels": "label",
    "found_by": "discovery",
    "read_by": "reader",
    "scopes": "scope",
    "origins": "origin_of",
    "error_bits": "error_bit",
    "panel": "line",
    "meter_reads": "meter_read",
    "rivals": "rival",
    "markers": "marker",
    "supplies": "supply",
    "colorants": "colorant",
    "inputs": "input",
    "covers": "cover",
    "alerts": "alert",
    "missing": "table",
    "unknown": "fact",
    "scope_times": "scope_time",
    "media": "medium",
    "reasons": "reason",
    "facts": "detail",
}

# What the two halves of a pair are called.
PAIRS = {
    "label": ("name", "value"),
    "origin_of": ("field", "origin"),
    "scope_time": ("scope", "at"),
    "medium": ("name", "count"),
    "detail": ("name", "value"),
}


@dataclass(frozen=True, slots=True)
class _Element:
    name: str
    content: str | tuple[_Element, ...]


def write_report(batch: Batch, *, test: bool = False) -> bytes:
    """Write the fleet, and what was kept since the last report, as one valid document in UTF-8.

    An empty fleet is a report too. ``test`` marks what shall not be taken for a report.
    """
    return b"".join(report_chunks(batch, test=test))


def report_chunks(batch: Batch, *, test: bool = False) -> Iterator[bytes]:
    """Write it piece by piece, a device or a document at a time."""
    mark = ' test="true"' if test else ""
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<report xmlns="{NAMESPACE}"{mark}>\n'.encode()
    head = {"batch": batch.id, "time": batch.agent.at, "period": batch.period, "part": batch.part, "last": batch.last}
    for element in _of({**head, "device_count": len(batch.fleet)}):
        yield _written(element, 1)
    agent = (*_of({"id": batch.agent.agent}), *_of_fields(batch.agent))
    yield _written(_Element("agent", agent), 1)
    yield from _list("devices", (_device(entry) for entry in batch.fleet))
    yield from _list("history", (_visit(d, d.body) for d in batch.documents if isinstance(d.body, DeviceSnapshot)))
    yield from _list("events", (_event(d, d.body) for d in batch.documents if isinstance(d.body, Event)))
    yield from _list("jobs", (_kept("job", d) for d in batch.documents if isinstance(d.body, JobRecord)))
    yield from _list("queues", (_kept("queue", d) for d in batch.documents if isinstance(d.body, Queue)))
    yield b"</report>\n"


def _list(name: str, elements: Iterable[_Element | None]) -> Iterator[bytes]:
    yield f"  <{name}>\n".encode()
    for element in elements:
        if element is not None:
            yield _written(element, 2)
    yield f"  </{name}>\n".encode()


def _visit(document: Document, body: DeviceSnapshot) -> _Element | None:
    """Write the meter reads of a visit; one that read no meter is not in the history."""
    if not body.meter_reads:
        return None
    said = {"device": body.device.id, "taken_at": body.taken_at, "trusted_clock": body.trusted_clock}
    return _Element("visit", tuple(_of({**_key(document), **said, "meter_reads": body.meter_reads})))


def _event(document: Document, body: Event) -> _Element:
    """Write an event; its facts are named one by one, so that a new kind needs no other schema."""
    facts = tuple((name, value) for name, value in _facts(body.facts) if name != "kind")
    said = {"kind": body.kind, "device": body.device, "at": body.at, "facts": facts}
    return _Element("event", tuple(_of({**_key(document), **said})))


def _facts(facts: Any, inside: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the facts that are known, each in one piece; an origin's are ``elected_origin.where`` and so on."""
    for f in fields(facts):
        name, value = inside + f.name, getattr(facts, f.name)
        if isinstance(value, Origin):
            yield from _facts(value, f"{name}.")
        elif isinstance(value, tuple):
            yield from ((name, words) for words in [" ".join(_text(name, one) or "" for one in value)] if words)
        # What the schema has no way to say is left out, with its name.
        elif value is not None and _text(name, value) is not None:
            yield name, value


def _kept(name: str, document: Document) -> _Element:
    return _Element(name, (*_of(_key(document)), *_of_fields(document.body)))


def _key(document: Document) -> dict[str, Any]:
    return {"key": str(document.key), "kept_at": document.at}


def _device(entry: FleetEntry) -> _Element:
    known = {
        "id": entry.latest.device.id,
        "silent": entry.silent_since is not None,
        "silent_since": entry.silent_since,
        "first_seen": entry.first_seen,
        "last_success": entry.last_success,
        "scope_times": entry.scope_times,
    }
    return _Element("device", (*_of(known), *_of_fields(entry.latest.device), *_of_fields(entry.latest)))


def _of(values: dict[str, Any]) -> Iterator[_Element]:
    """Make an element of each value that is there: absent, not empty, is how a report says unknown."""
    for name, value in values.items():
        if (content := _content(name, value)) is not None:
            yield _Element(name, content)


def _of_fields(value: Any) -> Iterator[_Element]:
    return _of({name: getattr(value, name) for name in FIELDS[type(value)].split()})


def _content(name: str, value: Any) -> str | tuple[_Element, ...] | None:
    if value is None or value in ((), frozenset()):
        return None
    if isinstance(value, tuple | frozenset):
        return tuple(_items(SINGULAR[name], sorted(value) if isinstance(value, frozenset) else value))
    if type(value) in FIELDS:
        return tuple(_of_fields(value))
    return _text(name, value)


def _items(name: str, values: Iterable[Any]) -> Iterator[_Element]:
    for value in values:
        if name in PAIRS:
            yield _Element(name, tuple(_of(dict(zip(PAIRS[name], value, strict=True)))))
        else:
            yield from _of({name: value})


def _text(name: str, value: Any) -> str | None:
    """Write a simple value as XML Schema spells it; a number that the schema forbids is left out, not bent."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
    if isinstance(value, timedelta):
        return f"PT{value // timedelta(seconds=1)}S" if value >= timedelta(0) else None
    if isinstance(value, Decimal):
        text = f"{value:f}" if value.is_finite() and abs(value.adjusted()) < _MOST_DIGITS else ""
        return text if 0 < sum(map(str.isdigit, text)) <= _MOST_DIGITS else None
    if isinstance(value, int):
        return str(value) if name != "percent" or 0 <= value <= 100 else None
    return value.value if isinstance(value, StrEnum) else _clean(value)


def _clean(text: str) -> str:
    """Escape markup and replace what XML 1.0 (section 2.2) has no way to say, even escaped, by U+FFFD."""
    return _ILLEGAL.sub("\ufffd", text).translate(_ESCAPES)


# What every processor of XML Schema has to take of a decimal (part 2, section 3.2.3).
_MOST_DIGITS = 18
_ILLEGAL = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})


def _written(element: _Element, depth: int) -> bytes:
    return "".join(_lines(element, depth)).encode()


def _lines(element: _Element, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if isinstance(element.content, str):
        yield f"{indent}<{element.name}>{element.content}</{element.name}>\n"
        return
    yield f"{indent}<{element.name}>\n"
    for child in element.content:
        yield from _lines(child, depth + 1)
    yield f"{indent}</{element.name}>\n"
