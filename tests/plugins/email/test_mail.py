from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime

import pytest

from pagemeter import Batch
from pagemeter.masks import Masks
from pagemeter.model import (
    AgentStatus,
    Condition,
    FleetEntry,
    JobRecord,
    Level,
    LevelState,
    Supply,
    SupplyKind,
)
from pagemeter_plugins.email.mail import low_supplies, subject_of, summary_of, write_mail
from pagemeter_plugins.email.settings import EmailSettings, Sheet
from pagemeter_plugins.email.workbook import write_workbook

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)

ReportOf = Callable[..., Batch]
SettingsOf = Callable[..., EmailSettings]
EntryOf = Callable[..., FleetEntry]
SupplyOf = Callable[..., Supply]


def parsed(octets: bytes) -> EmailMessage:
    mail = message_from_bytes(octets, policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


def test_a_mail_says_from_whom_to_whom_when_and_about_which_report(
    report_of: ReportOf, settings_of: SettingsOf
) -> None:
    settings = settings_of(recipients=["a@example.com", "b@example.org"])
    mail = parsed(write_mail(report_of(), b"book", settings, now=NOW))
    assert mail["From"].addresses[0].addr_spec == "meters@example.com"
    assert [one.addr_spec for one in mail["To"].addresses] == ["a@example.com", "b@example.org"]
    assert mail["Subject"] == f"Printers of Head office, {NOW.astimezone():%Y-%m-%d}"
    assert parsedate_to_datetime(mail["Date"]) == NOW
    assert (mail["Message-ID"], mail["X-Pagemeter-Report"]) == ("<ba5eba11@example.com>", "ba5eba11")
    assert mail["Auto-Submitted"] == "auto-generated"


def test_the_same_batch_has_the_same_message_id_whenever_it_is_sent(
    report_of: ReportOf, settings_of: SettingsOf
) -> None:
    ids = [
        parsed(write_mail(batch, b"book", settings_of(), now=NOW + timedelta(hours=late)))["Message-ID"]
        for late, batch in enumerate([report_of(), report_of(), report_of(id="c0ffee")])
    ]
    assert ids[0] == ids[1] != ids[2]


def test_the_workbook_is_attached_as_it_is(report_of: ReportOf, settings_of: SettingsOf) -> None:
    book = bytes(range(256)) * 500 + b"\r\n.\r\n"
    [part] = parsed(write_mail(report_of(), book, settings_of(), now=NOW)).iter_attachments()
    assert part.get_content_type() == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert part.get_filename() == f"pagemeter-{NOW.astimezone():%Y%m%d}.xlsx"
    assert part.get_content() == book


def test_a_mail_is_lines_of_seven_bits(
    report_of: ReportOf, settings_of: SettingsOf, agent_status: AgentStatus, entry_of: EntryOf
) -> None:
    """RFC 5321 section 4.5.3.1.6: no line above 1,000 octets with its end, and no other end than CRLF."""
    status = replace(agent_status, site="Büro \U0001f5a8 " * 30, last_error="ünerwartet " * 500)
    batch = report_of(entry_of(of={"name": "Gerät " * 100}, silent_since=NOW), agent=status)
    octets = write_mail(batch, b"\xff" * 5000, settings_of(), now=NOW)
    assert octets.isascii()
    lines = octets.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not [line for line in lines if b"\n" in line or b"\r" in line]
    assert "Büro \U0001f5a8" in str(parsed(octets)["Subject"])


HOSTILE = [
    "x\r\nBcc: evil@example.net",
    "x\nBcc: evil@example.net\n\nbody",
    "x\u2028Bcc: e",
    "{agent} {0} %s",
    "\x00\x85\x0c",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_a_header(
    report_of: ReportOf, settings_of: SettingsOf, agent_status: AgentStatus, entry_of: EntryOf, text: str
) -> None:
    status = replace(agent_status, site=text, last_error=text, agent=text)
    batch = report_of(entry_of(of={"name": text, "site": text}, silent_since=NOW), agent=status, id=text)
    mail = parsed(write_mail(batch, b"book", settings_of(), now=NOW))
    assert "Bcc" not in mail
    assert mail.keys() == parsed(write_mail(report_of(), b"book", settings_of(), now=NOW)).keys()
    body = mail.get_body()
    assert body is not None
    assert "\nBcc" not in body.get_content()


@pytest.mark.parametrize(
    ("part", "last", "subject"),
    [
        (1, True, "Printers of Head office"),
        (1, False, "Printers of Head office (part 1)"),
        (2, True, "Printers of Head office (part 2)"),
    ],
)
def test_a_part_says_which_it_is(report_of: ReportOf, part: int, last: bool, subject: str) -> None:
    assert subject_of(report_of(part=part, last=last), "Printers of {site}", now=NOW) == subject


def test_without_a_site_the_subject_has_the_agent(report_of: ReportOf, agent_status: AgentStatus) -> None:
    batch = report_of(agent=replace(agent_status, site=None))
    assert subject_of(batch, "{site} {{{site}}}", now=NOW) == "0a1b2c {0a1b2c}"


def test_the_summary_counts_and_names_what_needs_somebody(
    report_of: ReportOf, entry_of: EntryOf, supply_of: SupplyOf, job_of: Callable[..., JobRecord]
) -> None:
    empty = supply_of(level=Level(state=LevelState.MEASURED, units=0, percent=0), condition=Condition.EMPTY)
    fleet = (
        entry_of(of={"id": "d1"}),
        entry_of(of={"id": "d2", "name": "attic"}, silent_since=NOW - timedelta(days=2)),
        entry_of(of={"id": "d3", "name": "cellar"}, supplies=(empty,)),
    )
    text = summary_of(report_of(*fleet, job_of(), job_of(id="j2")), Sheet)
    assert text == (
        "Report of Head office, 2026-01-31 12:00 UTC\n\n"
        "Devices: 3\n"
        "Silent: 1\n"
        "  - attic, Acme Laser 9, SN0001, 10.0.0.7, since 2026-01-29 12:00 UTC\n"
        "Meter reads: 6\n"
        "Low supplies: 1\n"
        "  - cellar, Acme Laser 9, SN0001, 10.0.0.7: Black toner (empty, 0 %)\n"
        "Jobs: 2\n\n"
        "Pagemeter 0.1.0, agent 0a1b2c, report ba5eba11\n"
    )


def test_the_summary_tells_nothing_of_a_sheet_that_is_not_wanted(
    report_of: ReportOf, entry_of: EntryOf, job_of: Callable[..., JobRecord]
) -> None:
    text = summary_of(report_of(entry_of(silent_since=NOW), job_of()), [Sheet.METERS])
    assert [line.partition(":")[0] for line in text.splitlines()[2:5]] == ["Devices", "Silent", "Meter reads"]
    assert not [word for word in ("Jobs", "supplies", "hall") if word in text]


def test_a_long_list_is_cut(report_of: ReportOf, entry_of: EntryOf) -> None:
    fleet = [entry_of(of={"id": f"d{number:03}"}, silent_since=NOW) for number in range(100)]
    lines = summary_of(report_of(*fleet), [Sheet.DEVICES]).splitlines()
    assert sum(line.startswith("  - ") for line in lines) == 16
    assert "  - and 85 more" in lines


def test_a_further_part_says_nothing_of_devices_that_it_has_not(report_of: ReportOf) -> None:
    text = summary_of(report_of(part=2, last=False), Sheet)
    assert "Devices" not in text
    assert "Part 2; another part follows" in text


@pytest.mark.parametrize(
    ("kind", "percent", "condition", "low"),
    [
        (SupplyKind.CONSUMED, 10, Condition.OK, True),
        (SupplyKind.CONSUMED, 11, None, False),
        (SupplyKind.CONSUMED, None, Condition.LOW, True),
        (SupplyKind.CONSUMED, None, Condition.FOREIGN, False),
        (SupplyKind.CONSUMED, None, None, False),
        (SupplyKind.FILLED, 100, Condition.OK, False),
        (SupplyKind.FILLED, 0, None, False),
        (SupplyKind.FILLED, 50, Condition.EMPTY, True),
        (SupplyKind.FILLED, 5, Condition.MISSING, True),
        (SupplyKind.OTHER, 0, None, False),
    ],
)
def test_what_counts_as_low(
    entry_of: EntryOf, supply_of: SupplyOf, kind: SupplyKind, percent: int | None, condition: Condition, low: bool
) -> None:
    state = LevelState.UNKNOWN if percent is None else LevelState.MEASURED
    supply = supply_of(kind=kind, level=Level(state=state, percent=percent), condition=condition)
    assert bool(low_supplies([entry_of(supplies=(supply,))])) is low


def test_what_a_mask_takes_out_is_in_neither_the_workbook_nor_the_mail(
    report_of: ReportOf, settings_of: SettingsOf, entry_of: EntryOf, job_of: Callable[..., JobRecord]
) -> None:
    """Nothing reaches an output but what the outbox masked: nothing here may know more than the batch."""
    person = {"user": "canary1", "client": "canary2", "account": "canary3"}
    batch = report_of(entry_of(of={"name": "canary4", "serial_number": "canary5"}, silent_since=NOW), job_of(**person))
    assert canaries(batch, settings_of()) == {"canary1", "canary2", "canary3", "canary4", "canary5"}
    masks = Masks(mask=["person", "free-text"])
    masked = replace(batch, fleet=tuple(map(masks, batch.fleet)), documents=tuple(map(masks, batch.documents)))
    assert canaries(masked, settings_of()) == {"canary5"}


def canaries(batch: Batch, settings: EmailSettings) -> set[str]:
    workbook = write_workbook(batch, list(Sheet))
    with zipfile.ZipFile(io.BytesIO(workbook)) as packed:
        unpacked = b"".join(map(packed.read, packed.namelist()))
    body = parsed(write_mail(batch, b"", settings, now=NOW)).get_body()
    assert body is not None
    return set(re.findall("canary[0-9]", unpacked.decode() + body.get_content()))
