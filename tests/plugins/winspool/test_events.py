"""Events of the print service, as XML."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pagemeter_plugins.winspool.events import BadEvent, Event, Printed, Rendered, parse_event


def test_a_printed_document_says_who_what_and_where(channel: Any) -> None:
    found = parse_event(channel.printed(job=42))
    assert isinstance(found, Printed)
    assert (found.id, found.record, found.computer) == (307, 1, "PRINTSRV.school.example")
    assert found.at == datetime(2026, 3, 17, 8, 0, 1, tzinfo=UTC)
    assert (found.job, found.document, found.user, found.client) == (42, "Timetable", "ada", "PC-14")
    assert (found.printer, found.port, found.size, found.pages) == ("Library", "IP_10.0.0.7", 20480, 6)


@pytest.mark.parametrize(("value", "color"), [(1, False), (2, True), (0, None), (7, None)])
def test_a_rendered_job_says_copies_and_color(value: int, color: bool | None, channel: Any) -> None:
    found = parse_event(channel.rendered(job=3, copies=4, color=value))
    assert isinstance(found, Rendered)
    assert (found.job, found.copies, found.color) == (3, 4, color)


def test_another_event_is_only_an_event(channel: Any) -> None:
    assert type(parse_event(channel.write(800, "JobDiag", {"JobId": 1}))) is Event


@pytest.mark.parametrize("pages", ["0", "", "many"])
def test_pages_that_nobody_counted_are_absent(pages: str, channel: Any) -> None:
    found = parse_event(channel.printed(Param8=pages))
    assert isinstance(found, Printed)
    assert found.pages is None


def test_hostile_titles_come_out_harmless(channel: Any) -> None:
    found = parse_event(channel.printed(Param2="<b>&\u202ex" + "y" * 60_000))
    assert isinstance(found, Printed)
    assert found.document is not None
    assert found.document.startswith("<b>& x")
    assert len(found.document) == 255


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda xml: xml[:-4], "no XML"),
        (lambda xml: "<!DOCTYPE x [<!ENTITY a 'b'>]>" + xml, "declarations, comments or CDATA"),
        (lambda xml: xml.replace("Timetable", "&a;"), "no XML"),
        (lambda xml: xml.replace("<EventRecordID>1</EventRecordID>", ""), "no EventID or EventRecordID"),
        (lambda xml: xml.replace("2026-03-17T", "2026-13-17T"), "no SystemTime"),
        (lambda xml: xml.replace("SystemTime", "Time"), "no SystemTime"),
        (lambda xml: xml.replace("<Param1>1</Param1>", ""), "no job id in event 307"),
        (lambda xml: xml.replace("System>", "Systems>"), "no System"),
        (lambda xml: xml.replace("Timetable", "x" * 300_000), "longer than"),
    ],
)
def test_what_is_no_event_is_refused_without_quoting_it(change: Any, why: str, channel: Any) -> None:
    with pytest.raises(BadEvent, match=why) as error:
        parse_event(change(channel.printed()))
    assert "Timetable" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [("2026-03-17T08:00:01.1234567Z", 123456), ("2026-03-17T08:00:01Z", 0), ("2026-03-17T08:00:01.5Z", 500_000)],
)
def test_times_have_up_to_nine_digits_of_a_second(text: str, microsecond: int, channel: Any) -> None:
    xml = channel.printed().replace("2026-03-17T08:00:01.0000000Z", text)
    assert parse_event(xml).at == datetime(2026, 3, 17, 8, 0, 1, microsecond, tzinfo=UTC)
