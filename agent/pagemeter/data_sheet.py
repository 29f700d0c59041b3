"""The data sheet: what may leave the site, field by field, written from the model itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import Literal, cast, get_args, get_origin

from pagemeter.fields import FLEET, ROOTS, Field, all_fields, parts_of
from pagemeter.masks import CATEGORIES

# What numbers count, by the end of their paths. A test compares it with the model.
UNITS: dict[str, str] = {
    "alerts.code": "prtAlertCode of RFC 3805",
    "alerts.location": "prtAlertLocation of RFC 3805",
    "level.units": "the unit of the supply or tray",
    "level.percent": "%",
    "level.step": "%",
    "coverage": "hundredths of a per cent of the page",
    "outlook.pages": "pages",
    "outlook.pages_low": "pages",
    "outlook.pages_high": "pages",
    "outlook.days": "days",
    "outlook.days_low": "days",
    "outlook.days_high": "days",
    "max_capacity": "the unit of the supply or tray",
    "pages_left": "pages",
    "meter_reads.engine": "the row of the marker",
    "meter_reads.value": "the `unit` beside it",
    "meter_reads.series": "runs of the counter",
    "meter_reads.delta": "the `unit` beside it",
    "rivals.read.engine": "the row of the marker",
    "rivals.read.value": "the `unit` beside it",
    "rivals.read.series": "runs of the counter",
    "rivals.read.delta": "the `unit` beside it",
    "markers.process_colorants": "colorants",
    "markers.status": "PrtSubUnitStatusTC of RFC 3805",
    "inputs.status": "PrtSubUnitStatusTC of RFC 3805",
    "facts.old": "the unit of the meter",
    "facts.new": "the unit of the meter",
    "facts.value": "the unit of the meter",
    "facts.elected": "the unit of the meter",
    "facts.other": "the unit of the meter",
    "facts.percent": "%",
    "facts.old_percent": "%",
    "facts.code": "prtAlertCode of RFC 3805",
    "job.revision": "revisions",
    "impressions": "impressions",
    "color_impressions": "impressions",
    "sheets": "sheets",
    "copies": "copies",
    "media": "sheets, by size",
    "queued_jobs": "jobs",
    "cost.amount": "the `currency` beside it",
}

_HEAD = """\
# Data sheet
What may leave the site, field by field. This page is written from the code (`pagemeter schema --data-sheet`), and a
test compares them. Nothing else leaves: an output gets these documents, less what its `only`, `mask` and `hash` take.

- **shows** names the classes of personal or internal data that a field may hold; `only`, `mask` and `hash` take their
  names as well as those of fields.
- **mask** says whether a field can be left out, or is emptied because it must be there. What stays is what makes a
  document one: ids, keys, times, numbers and the words of fixed lists.
- **hash** says whether a text can leave as 16 hexadecimal digits of a keyed hash (HMAC-SHA256 under a key that never
  leaves the agent). The same text gives the same digits in all outputs of one agent, and others in those of another.
- A name means every field at whose end it stands: `serial_number` those of devices and of supplies,
  `supplies.serial_number` those of supplies, `job.user` the user of a job. `only` takes types of documents too.
- What is not known is absent. Times are RFC 3339 in UTC. Who printed what is kept only as `agent.job_details` allows.

Every document comes with its key, which always stays: `agent` (the agent's random id), `epoch` (the number of the
start and 64 random bits) and `seq` (a number), and with `at`, the time when it was kept.
"""

_ABOUT = {
    "snapshot": "What one visit read of a device; for a report the newest of each part, merged.",
    "job": "Who printed what where. Only where `agent.job_details` allows it.",
    "queue": "A queue of a spooler.",
    "event": "What happened to a device or to the agent.",
    "agent": "How the agent itself is; the head of every report and batch.",
    FLEET: "What a report and a feed of the latest say of a device beside its newest snapshot.",
}


def data_sheet() -> str:
    """Write the sheet as Markdown."""
    return "\n".join([_HEAD, *_classes(), *(line for path in ROOTS.values() for line in _section(path[0]))])


def unit_of(field: Field) -> str | None:
    """Say what a field's number or time is counted in; none where a number is not listed, nothing for a text."""
    parts = [part for part in parts_of(field.hint) if isinstance(part, type)]
    if timedelta in parts:
        return "seconds"
    if datetime in parts:
        return "UTC"
    if int in parts or Decimal in parts:
        ends = (".".join(field.path[start:]) for start in range(len(field.path)))
        return next((UNITS[end] for end in ends if end in UNITS), None)
    return ""


def _classes() -> Iterator[str]:
    yield "## What shows what"
    yield "| class | fields |"
    yield "|---|---|"
    for category in CATEGORIES:
        marked = sorted({".".join(one.path) for one in all_fields() if category in one.marks})
        yield f"| {category} | {', '.join(f'`{name}`' for name in marked)} |"
    yield ""


def _section(name: str) -> Iterator[str]:
    yield f"## {name}"
    yield _ABOUT[name]
    yield ""
    yield "| field | what | unit | shows | mask | hash |"
    yield "|---|---|---|---|---|---|"
    seen: set[str] = set()
    for one in all_fields():
        row = _row(one) if one.path[0] == name else None
        if row is not None and row not in seen:
            seen.add(row)
            yield row
    yield ""


def _row(one: Field) -> str:
    mask = "stays" if not one.maskable else "emptied" if one.required else "yes"
    cells = (
        f"`{'.'.join(one.path[1:])}`",
        _what(one),
        unit_of(one) or "",
        ", ".join(sorted(one.marks)),
        mask,
        "yes" if one.hashable else "",
    )
    return f"| {' | '.join(cells)} |"


def _what(one: Field) -> str:
    parts = list(parts_of(one.hint))
    many = "list of " if tuple in _origins(one.hint) else "set of " if frozenset in _origins(one.hint) else ""
    kinds = dict.fromkeys(_kind(part) for part in parts)
    return many + " or ".join(kind for kind in kinds if kind)


def _origins(hint: object) -> set[object]:
    return {get_origin(hint)} | {origin for part in get_args(hint) for origin in _origins(part)}


def _kind(part: object) -> str:
    if get_origin(part) is Literal:
        return f"`{get_args(part)[0]}`"
    if not isinstance(part, type) or part is NoneType:
        return ""
    if part in ROOTS:
        return f"[{ROOTS[part][0]}](#{ROOTS[part][0]})"
    if issubclass(part, Enum):
        return "one of " + ", ".join(str(member.value) for member in part)
    words = {str: "text", int: "number", bool: "yes or no", datetime: "time", timedelta: "duration", Decimal: "number"}
    return words.get(cast("type", part), f"*{part.__name__}*")
