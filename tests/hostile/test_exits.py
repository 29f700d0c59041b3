"""What was never scrubbed, by a stranger's plugin say, is harmless behind every exit that has a language of its own."""

from __future__ import annotations

import csv
import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any
from xml.etree import ElementTree

import pytest

from pagemeter import Batch, Feed, Form
from pagemeter.cli.exits import speaking
from pagemeter.cli.explanation import explanation
from pagemeter.cli.picture import picture
from pagemeter.cli.show import cell, console, fleet_table, found_table, json_line
from pagemeter.errors import DeviceError, PagemeterError, Unreachable
from pagemeter.logs import set_up_logging
from pagemeter.model import (
    AgentStatus,
    Alert,
    Device,
    DeviceSnapshot,
    Document,
    FleetEntry,
    Key,
    Level,
    LevelState,
    MeterRead,
    MeterUnit,
    Origin,
    Supply,
    SupplyKind,
    Unknown,
    Work,
)
from pagemeter_plugins.email.mail import write_mail
from pagemeter_plugins.email.settings import EmailSettings, Sheet
from pagemeter_plugins.email.workbook import write_workbook
from pagemeter_plugins.files.lines import csv_rows, json_lines
from pagemeter_plugins.https_xml.report import write_report
from pagemeter_plugins.mqtt.publications import Publications
from pagemeter_plugins.mqtt.settings import MqttSettings
from pagemeter_plugins.mqtt.topics import Topics

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
MAIL = EmailSettings.model_validate({"host": "a.example", "sender": "a@example.com", "recipients": ["b@example.com"]})


@pytest.fixture
def entry(hostile: str) -> FleetEntry:
    """A printer all of whose texts are hostile and none is scrubbed, even those that should be ids and keys."""
    count = Origin(protocol=hostile, where=hostile)
    read = MeterRead(
        work=Work.TOTAL, unit=MeterUnit.IMPRESSIONS, media=hostile, code=hostile, value=1, raw="1", origin=count, at=NOW
    )
    supply = Supply(
        index=hostile, kind=SupplyKind.CONSUMED, type=hostile, colorants=(hostile,), description=hostile,
        part_number=hostile, level=Level(state=LevelState.MEASURED, units=5, percent=5), origin=count, at=NOW,
    )  # fmt: skip
    device = Device(
        id=hostile, serial_number=hostile, manufacturer=hostile, model=hostile, name=hostile, location=hostile,
        firmware=hostile, site=hostile, asset_tag=hostile, labels=((hostile, hostile),), macs=(hostile,),
        addresses=("10.0.0.7",), uuid=hostile,
    )  # fmt: skip
    latest = DeviceSnapshot(
        device=device, target="host://10.0.0.7", taken_at=NOW, meter_reads=(read,), supplies=(supply,),
        alerts=(Alert(key=hostile, description=hostile, code_name=hostile, origin=count),), panel=(hostile,),
        unknown=(Unknown(what=hostile, why=hostile),), missing=(hostile,), found_by=(hostile,),
    )  # fmt: skip
    return FleetEntry(latest=latest, first_seen=NOW, last_success=NOW)


@pytest.fixture
def agent(hostile: str) -> AgentStatus:
    return AgentStatus(
        agent="a1", version="1", site=hostile, started_at=NOW - timedelta(1), at=NOW, last_error=hostile,
        last_error_at=NOW,
    )  # fmt: skip


@pytest.fixture
def report(entry: FleetEntry, agent: AgentStatus) -> Batch:
    documents = (document(entry),)
    return Batch(id="b1", feed=Feed(name="r", form=Form.REPORT), agent=agent, documents=documents, fleet=(entry,))


def document(entry: FleetEntry) -> Document:
    return Document(key=Key(agent="a1", epoch="e1", seq=1), at=NOW, body=entry.latest)


def test_the_judges_notice_that_nothing_was_scrubbed(entry: FleetEntry, hostile: str, judges: Any) -> None:
    assert bool(judges.dirty(entry)) is bool(judges.unclean(hostile) or len(hostile) > 2048)


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_csv_has_no_formula_and_a_row_a_meter(entry: FleetEntry, judges: Any, delimiter: str) -> None:
    content = csv_rows([document(entry)]).decode("utf-8")
    assert content.count("\n") == content.count("\r") == 1
    before = csv.field_size_limit(1 << 20)
    rows = list(csv.reader(io.StringIO(content, newline=""), delimiter=delimiter))
    csv.field_size_limit(before)
    assert judges.formulas(text for row in rows for text in row) == []


def test_xml_is_well_formed_and_has_no_element_of_a_device(report: Batch) -> None:
    root = ElementTree.fromstring(write_report(report))  # noqa: S314 - we wrote it
    assert {element.tag.rpartition("}")[2] for element in root.iter()}.isdisjoint({"script", "a"})


def test_a_mail_has_no_header_and_a_workbook_no_formula(report: Batch, judges: Any) -> None:
    workbook = write_workbook(report, tuple(Sheet))
    parts = judges.parts_of(workbook)
    assert judges.formulas_in_workbook(parts) == []
    mail = message_from_bytes(write_mail(report, workbook, MAIL, now=NOW), policy=default)
    assert judges.strange_headers(mail) == []


def test_topics_are_ours_and_so_are_templates(entry: FleetEntry, agent: AgentStatus, hostile: str, judges: Any) -> None:
    if not _is_utf_8(hostile):
        pytest.skip("a text that no document can hold")
    settings = MqttSettings(host="broker.example", home_assistant=True, documents=True)
    made = Publications(settings, Topics(base="pagemeter", agent=hostile, prefix="homeassistant"))
    messages = [*made.of_device(entry), *made.of_document(document(entry)), *made.of_agent(agent)]
    assert judges.strange_topics(message.topic for message in messages) == []
    configs = [json.loads(message.payload) for message in messages if message.topic.endswith("/config")]
    assert len(configs) == 2
    assert [found for config in configs for found in judges.strange_templates(config)] == []


def test_json_lines_are_lines(entry: FleetEntry, hostile: str) -> None:
    if not _is_utf_8(hostile):
        pytest.skip("a text that no document can hold")
    content = json_lines([document(entry)])
    assert content.count(b"\n") == 1
    assert json.loads(content)["body"]["device"]["name"] == hostile


def test_a_terminal_gets_a_clean_text_that_is_shown_as_it_is(
    entry: FleetEntry, hostile: str, judges: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    out = console()
    for table in (
        fleet_table([entry]),
        found_table([entry.latest]),
        *picture(entry.latest),
        *explanation(entry.latest),
    ):
        out.print(table)
    out.print(hostile, markup=False)
    said = capsys.readouterr().out
    assert judges.unclean(said, lines=True) == []
    if hostile.isprintable() and len(hostile) < 100:
        assert "".join(hostile.split()) in "".join(said.split())
        assert cell(hostile).plain == hostile


def test_json_for_programs_is_a_clean_line_that_says_the_same(hostile: str, judges: Any) -> None:
    line = json_line({"a": hostile})
    assert judges.unclean(line) == []
    assert json.loads(line) == {"a": hostile.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")}


@pytest.mark.parametrize("kind", [Unreachable, DeviceError, PagemeterError])
def test_an_error_that_quotes_a_device_is_told_clean(
    hostile: str, judges: Any, capsys: pytest.CaptureFixture[str], kind: type[PagemeterError]
) -> None:
    with pytest.raises(Exception, match=r"\d"), speaking():
        raise kind(f"it says {hostile}")
    assert judges.unclean(capsys.readouterr().err, lines=True) == []


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """A stream for the log; the loggers are as before in the end."""
    loggers = [logging.getLogger(name) for name in (None, "pagemeter", "pagemeter_plugins")]
    before = [(logger, logger.level, list(logger.handlers)) for logger in loggers]
    yield io.StringIO()
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers


@pytest.mark.parametrize("as_json", [False, True])
def test_a_log_has_a_record_a_line_even_where_an_exception_quotes_a_device(
    hostile: str, judges: Any, stream: io.StringIO, as_json: bool
) -> None:
    set_up_logging("INFO", json=as_json, stream=stream)
    log = logging.getLogger("pagemeter.somewhere")
    log.info("it says %s", hostile)
    try:
        raise OSError(hostile)
    except OSError:
        log.exception("can't %s", hostile)
    lines = stream.getvalue()
    assert judges.not_records(lines, as_json=as_json) == []
    assert sum(1 for line in lines.splitlines() if not line.startswith("  ")) == 2


def _is_utf_8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
