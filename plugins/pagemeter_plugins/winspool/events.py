"""Events of the channel Microsoft-Windows-PrintService/Operational: XML into what they say. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree

from pagemeter.text import scrub

CHANNEL: Final = "Microsoft-Windows-PrintService/Operational"
PRINTED: Final = 307
RENDERED: Final = 805
LONGEST: Final = 256 * 1024

_SYSTEM: Final = "{http://schemas.microsoft.com/win/2004/08/events/event}"
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?Z?")


class BadEvent(ValueError):
    """An event can't be understood; the message says why without quoting it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What all events have: number, place in the channel, time, computer."""

    id: int
    record: int
    at: datetime
    computer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed(Event):
    """Event 307: a document was handed to the port (MS-RPRN 2.2.1.15.5); ``pages`` none where nobody counted."""

    job: int
    document: str | None
    user: str | None
    client: str | None
    printer: str | None
    port: str | None
    size: int | None
    pages: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered(Event):
    """Event 805: how a job was set (MS-RPRN 2.2.1.15.6); ``color`` is the job's setting, not the device's ability."""

    job: int
    copies: int | None
    color: bool | None


def parse_event(xml: str) -> Event:
    """Return what an event says; an Event alone for one that is neither 307 nor 805. Raises BadEvent."""
    root = _root(xml)
    system = root.find(f"{_SYSTEM}System")
    if system is None:
        raise BadEvent("no System")
    number = _number(_text(system, "EventID"))
    record = _number(_text(system, "EventRecordID"))
    created = system.find(f"{_SYSTEM}TimeCreated")
    at = _time(None if created is None else created.get("SystemTime"))
    if number is None or record is None:
        raise BadEvent("no EventID or EventRecordID")
    common = {"id": number, "record": record, "at": at, "computer": scrub(_text(system, "Computer")) or ""}
    values = _values(root)
    if number == PRINTED:
        return _printed(common, values)
    if number == RENDERED:
        return _rendered(common, values)
    return Event(**common)  # type: ignore[arg-type]  # the four values that all events have


def _printed(common: dict[str, object], values: dict[str, str]) -> Printed:
    job = _number(values.get("Param1"))
    if job is None:
        raise BadEvent("no job id in event 307")
    client = scrub(values.get("Param4"))
    return Printed(
        **common,  # type: ignore[arg-type]  # the four values that all events have
        job=job,
        document=scrub(values.get("Param2")),
        user=scrub(values.get("Param3")),
        client=None if client is None else client.lstrip("\\") or None,
        printer=scrub(values.get("Param5")),
        port=scrub(values.get("Param6")),
        size=_number(values.get("Param7")),
        pages=_number(values.get("Param8")) or None,
    )


def _rendered(common: dict[str, object], values: dict[str, str]) -> Rendered:
    job = _number(values.get("JobId"))
    if job is None:
        raise BadEvent("no job id in event 805")
    # dmColor of DEVMODE: 1 monochrome, 2 color.
    color = {1: False, 2: True}.get(_number(values.get("Color")) or 0)
    return Rendered(**common, job=job, copies=_number(values.get("Copies")) or None, color=color)  # type: ignore[arg-type]  # as above


def _root(xml: str) -> ElementTree.Element:
    if len(xml) > LONGEST:
        raise BadEvent(f"longer than {LONGEST} characters")
    # Without declarations there are no entities but the five of XML: nothing can grow or be fetched.
    if "<!" in xml:
        raise BadEvent("declarations, comments or CDATA, which events have not")
    try:
        return ElementTree.fromstring(xml)  # noqa: S314 - see above
    except ElementTree.ParseError:
        raise BadEvent("no XML") from None


def _values(root: ElementTree.Element) -> dict[str, str]:
    """Return the elements below UserData's one child by their names, without namespaces."""
    return {
        element.tag.rpartition("}")[2]: element.text or ""
        for data in root.findall(f"{_SYSTEM}UserData")
        for event in data
        for element in event
    }


def _text(system: ElementTree.Element, name: str) -> str | None:
    element = system.find(f"{_SYSTEM}{name}")
    return None if element is None else element.text


def _number(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def _time(text: str | None) -> datetime:
    """Read a SystemTime: UTC, with up to nine digits of a second, of which six are kept."""
    found = _TIME.fullmatch(text or "")
    if found is None:
        raise BadEvent("no SystemTime")
    try:
        at = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
    except ValueError:
        raise BadEvent("no SystemTime") from None
    return at.replace(microsecond=int((found[2] or ".0")[1:7].ljust(6, "0")))
