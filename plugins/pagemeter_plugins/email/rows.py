"""The rows of the sheets: devices, meters, supplies, jobs and events as numbers, texts and times. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from pagemeter import Batch
from pagemeter.model import Amount, Device, Document, Event, FleetEntry, JobRecord, Level, MeterRead, Supply
from pagemeter_plugins.email.settings import Sheet


@dataclass(frozen=True, slots=True)
class Percent:
    """A share of a whole, 0..100."""

    value: int


Value: TypeAlias = str | int | Decimal | Percent | datetime | None
Row: TypeAlias = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet: its columns, each with its width in characters, and what makes its rows of a batch."""

    columns: tuple[tuple[str, int], ...]
    rows: Callable[[Batch], Iterable[Row]]


def by_place(fleet: Sequence[FleetEntry]) -> list[FleetEntry]:
    """Sort the fleet by site and id, so that two workbooks of the same fleet have the same order."""
    return sorted(fleet, key=lambda entry: (entry.latest.device.site or "", entry.latest.device.id))


def jobs_of(documents: Iterable[Document]) -> list[JobRecord]:
    """Return the last revision of each job, in the order in which they ended; those without a time come last."""
    last: dict[str, JobRecord] = {}
    for document in documents:
        job = document.body
        if isinstance(job, JobRecord) and (job.id not in last or last[job.id].revision <= job.revision):
            last[job.id] = job
    return sorted(last.values(), key=lambda job: (_ended(job) is None, (_ended(job) or _NEVER).timestamp(), job.id))


def _ended(job: JobRecord) -> datetime | None:
    return job.completed_at if job.completed_at is not None else job.submitted_at


_NEVER = datetime.fromisoformat("2000-01-01T00:00:00Z")


def _devices(batch: Batch) -> Iterator[Row]:
    for entry in by_place(batch.fleet):
        latest = entry.latest
        device = latest.device
        yield (
            device.id,
            device.site,
            device.manufacturer,
            device.model,
            device.serial_number,
            device.asset_tag,
            device.name,
            device.location,
            _address(device),
            device.firmware,
            None if latest.status is None else str(latest.status.state),
            entry.last_success,
            entry.silent_since,
            ", ".join(latest.found_by),
            "; ".join(f"{name}={value}" for name, value in device.labels),
        )


def _meters(batch: Batch) -> Iterator[Row]:
    for entry in by_place(batch.fleet):
        head = _who(entry.latest.device)
        for read in sorted(entry.latest.meter_reads, key=lambda read: read.key):
            yield head + _meter(read)


def _meter(read: MeterRead) -> Row:
    return (
        read.key,
        str(read.work),
        str(read.color),
        read.media,
        str(read.unit),
        read.value,
        str(read.quality),
        read.at,
        str(read.origin),
        read.series,
        read.origin.doubt,
    )


def _supplies(batch: Batch) -> Iterator[Row]:
    for entry in by_place(batch.fleet):
        head = _who(entry.latest.device)
        for supply in entry.latest.supplies:
            yield head + _supply(supply)


def _supply(supply: Supply) -> Row:
    level = supply.level
    return (
        supply.index,
        supply.description,
        supply.type,
        str(supply.kind),
        ", ".join(supply.colorants),
        supply.part_number,
        supply.serial_number,
        _percent(level),
        None if level is None else str(level.state),
        None if level is None else level.units,
        supply.max_capacity,
        supply.unit,
        None if supply.condition is None else str(supply.condition),
        None if supply.outlook is None else supply.outlook.pages,
        None if supply.outlook is None else supply.outlook.days,
        supply.at,
    )


def _percent(level: Level | None) -> Percent | None:
    return None if level is None or level.percent is None else Percent(level.percent)


def _jobs(batch: Batch) -> Iterator[Row]:
    for job in jobs_of(batch.documents):
        whose, amount = _counted(job)
        yield (
            _ended(job),
            job.device,
            job.printer,
            job.queue,
            job.user,
            job.client,
            job.account,
            job.document,
            job.state,
            amount.impressions,
            amount.color_impressions,
            amount.sheets,
            amount.copies,
            whose,
            None if job.cost is None else job.cost.amount,
            None if job.cost is None else job.cost.currency,
            job.id,
            job.revision,
        )


def _counted(job: JobRecord) -> tuple[str | None, Amount]:
    """Return what the device printed or, where it does not say, what was ordered; never a mixture."""
    if job.printed is not None:
        return "printer", job.printed
    return (None, Amount()) if job.ordered is None else ("spooler", job.ordered)


def _events(batch: Batch) -> Iterator[Row]:
    for document in batch.documents:
        event = document.body
        if isinstance(event, Event):
            told = ((f.name, _plain(getattr(event.facts, f.name))) for f in fields(event.facts) if f.name != "kind")
            words = "; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in told if value)
            yield event.at, event.device, event.kind, words, str(document.key)


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_plain, value))
    return "" if value is None else f"{value:%Y-%m-%d %H:%M:%S} UTC" if isinstance(value, datetime) else str(value)


def _who(device: Device) -> Row:
    return (device.id, device.site, device.serial_number, device.model, device.asset_tag, _address(device))


def _address(device: Device) -> str | None:
    return next(iter(device.addresses), None)


_WHO = (("device", 18), ("site", 16), ("device serial number", 18), ("model", 28), ("asset tag", 12), ("address", 15))

TABLES = {
    Sheet.DEVICES: Table(
        (
            ("id", 18), ("site", 16), ("manufacturer", 16), ("model", 28), ("serial number", 18), ("asset tag", 12),
            ("name", 20), ("location", 24), ("address", 15), ("firmware", 18), ("status", 10),
            ("last success (UTC)", 20), ("silent since (UTC)", 20), ("found by", 16), ("labels", 30),
        ),
        _devices,
    ),
    Sheet.METERS: Table(
        (
            *_WHO, ("meter", 38), ("work", 10), ("color", 12), ("media", 10), ("unit", 13), ("value", 12),
            ("quality", 11), ("read at (UTC)", 20), ("origin", 42), ("run", 6), ("doubt", 30),
        ),
        _meters,
    ),
    Sheet.SUPPLIES: Table(
        (
            *_WHO, ("supply", 8), ("description", 34), ("type", 16), ("kind", 10), ("color", 12), ("part number", 16),
            ("serial number", 18), ("percent", 9), ("level is", 15), ("level", 10), ("capacity", 10), ("unit", 14),
            ("condition", 10), ("pages left", 11), ("days left", 10), ("read at (UTC)", 20),
        ),
        _supplies,
    ),
    Sheet.JOBS: Table(
        (
            ("time (UTC)", 20), ("device", 18), ("printer", 28), ("queue", 18), ("user", 16), ("client", 16),
            ("account", 14), ("document", 34), ("state", 12), ("impressions", 12), ("color impressions", 17),
            ("sheets", 8), ("copies", 8), ("counted by", 11), ("cost", 10), ("currency", 9), ("job", 34),
            ("revision", 9),
        ),
        _jobs,
    ),
    Sheet.EVENTS: Table(
        (("time (UTC)", 20), ("device", 18), ("event", 20), ("what", 50), ("key", 44)),
        _events,
    ),
}  # fmt: skip
"""Each sheet's columns and rows."""
