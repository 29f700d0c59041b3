"""The mail around a workbook: its headers, and a summary for whoever reads it on a telephone. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from pagemeter import Batch, __version__
from pagemeter.clock import LocalZone
from pagemeter.model import Condition, Device, FleetEntry, Level, Supply, SupplyKind
from pagemeter.text import scrub
from pagemeter_plugins.email.rows import by_place, jobs_of
from pagemeter_plugins.email.settings import EmailSettings, Sheet

XLSX = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")
# From here on a supply counts as low although the device does not say so.
LOW_PERCENT = 10
MOST_NAMED = 15
_SEVEN_BIT = SMTP.clone(cte_type="7bit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Low:
    """A supply that is low or out, or a waste box that is nearly full, and where."""

    device: Device
    supply: Supply


def write_mail(batch: Batch, workbook: bytes, settings: EmailSettings, *, now: datetime) -> bytes:
    """Write the mail in 7-bit ASCII with CRLF; it has the same Message-ID when the same batch is sent again."""
    mail = EmailMessage(policy=_SEVEN_BIT)
    mail["From"] = Address("Pagemeter", addr_spec=settings.sender)
    mail["To"] = [Address(addr_spec=recipient) for recipient in settings.recipients]
    mail["Subject"] = subject_of(batch, settings.subject, now=now)
    mail["Date"] = format_datetime(now.astimezone(UTC))
    mail["Message-ID"] = f"<{_token(batch.id)}@{settings.sender.partition('@')[2]}>"
    # RFC 3834: no vacation notice answers it.
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Mailer"] = f"Pagemeter {__version__}"
    mail["X-Pagemeter-Report"] = _token(batch.id)
    mail.set_content(summary_of(batch, settings.attach))
    mail.add_attachment(workbook, *XLSX, filename=_file_name(batch, now))
    return mail.as_bytes()


def subject_of(batch: Batch, template: str, *, now: datetime) -> str:
    """Fill in the subject: one line, whatever the site is called; the date is that of this host's time zone."""
    site = batch.agent.site or batch.agent.agent
    subject = template.format(site=scrub(site, most=100) or "", date=f"{now.astimezone(LocalZone()):%Y-%m-%d}")
    line = scrub(subject) or "Pagemeter"
    return line if _is_whole(batch) else f"{line} (part {batch.part})"


def summary_of(batch: Batch, sheets: Iterable[Sheet]) -> str:
    """Say in short what is in the workbook, who is silent, and which supplies are low."""
    return "\n".join(_line(line) for line in _lines(batch, frozenset(sheets))) + "\n"


def low_supplies(fleet: Iterable[FleetEntry]) -> list[Low]:
    """Return the supplies that the device calls low, empty or missing, and those used up to within 10 %."""
    return [
        Low(device=entry.latest.device, supply=supply)
        for entry in by_place(list(fleet))
        for supply in entry.latest.supplies
        if _is_low(supply)
    ]


def _is_low(supply: Supply) -> bool:
    if supply.condition in (Condition.LOW, Condition.EMPTY, Condition.MISSING):
        return True
    # Of what is filled some devices send the room that is left and some the fill: only their word counts.
    percent = supply.level.percent if supply.level is not None and supply.kind is SupplyKind.CONSUMED else None
    return percent is not None and percent <= LOW_PERCENT


def _lines(batch: Batch, sheets: frozenset[Sheet]) -> Iterator[str]:
    agent = batch.agent
    yield f"Report of {agent.site or agent.agent}, {agent.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if not _is_whole(batch):
        yield f"Part {batch.part}" + (", the last one" if batch.last else "; another part follows")
    yield ""
    if batch.fleet or batch.part == 1:
        yield from _fleet_lines(batch.fleet, sheets)
    if Sheet.JOBS in sheets:
        yield f"Jobs: {len(jobs_of(batch.documents)):,}"
    if agent.last_error is not None:
        yield f"Last error of the agent: {agent.last_error}"
    yield ""
    yield f"Pagemeter {agent.version}, agent {agent.agent}, report {_token(batch.id)}"


def _fleet_lines(fleet: Iterable[FleetEntry], sheets: frozenset[Sheet]) -> Iterator[str]:
    entries = by_place(list(fleet))
    silent = [entry for entry in entries if entry.silent_since is not None]
    yield f"Devices: {len(entries):,}"
    yield f"Silent: {len(silent):,}"
    if Sheet.DEVICES in sheets:
        yield from _named([f"{_called(entry.latest.device)}, since {_day(entry.silent_since)}" for entry in silent])
    if Sheet.METERS in sheets:
        yield f"Meter reads: {sum(len(entry.latest.meter_reads) for entry in entries):,}"
    if Sheet.SUPPLIES in sheets:
        low = low_supplies(entries)
        yield f"Low supplies: {len(low):,}"
        yield from _named([f"{_called(one.device)}: {_supply(one.supply)}" for one in low])


def _named(names: list[str]) -> Iterator[str]:
    yield from (f"  - {name}" for name in names[:MOST_NAMED])
    if len(names) > MOST_NAMED:
        yield f"  - and {len(names) - MOST_NAMED:,} more"


def _called(device: Device) -> str:
    names = (device.name, device.model, device.serial_number, next(iter(device.addresses), None))
    return ", ".join(name for name in names if name) or device.id


def _supply(supply: Supply) -> str:
    what = supply.description or " ".join((*supply.colorants, supply.type or "supply"))
    how = [str(supply.condition)] if supply.condition is not None else []
    return f"{what} ({', '.join([*how, *_percent(supply.level)])})"


def _percent(level: Level | None) -> list[str]:
    return [] if level is None or level.percent is None else [f"{level.percent} %"]


def _day(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if at is not None else "?"


def _line(text: str) -> str:
    """Make one line of it; the indent of a list stays."""
    indent = "  " if text.startswith("  ") else ""
    return indent + (scrub(text, most=300) or "")


def _file_name(batch: Batch, now: datetime) -> str:
    part = "" if _is_whole(batch) else f"-part{batch.part}"
    return f"pagemeter-{now.astimezone(LocalZone()):%Y%m%d}{part}.xlsx"


def _is_whole(batch: Batch) -> bool:
    return batch.part == 1 and batch.last


def _token(text: str) -> str:
    """Keep of an id what may stand in a Message-ID; ours have nothing else."""
    return re.sub(r"[^A-Za-z0-9_-]", "", text) or "0"
