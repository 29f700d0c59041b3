"""The judges notice what they are there for."""

from __future__ import annotations

import io
import zipfile
from email.message import EmailMessage
from typing import Any

import pytest

from pagemeter.text import scrub

HARMLESS = {"emoji code", "formula", "command", "plus", "minus", "at", "wide formula", "quoted formula"}
"""Nothing in these steers a terminal; they are for others."""
ONLY_SIGNS = {"markup", "doctype", "rich", "mqtt", "template", "yaml", "json", "sql", "path", "absolute path"}
RECORD = "2026-01-31 12:00:00+0000 INFO pagemeter.site: "


def test_text_that_was_not_scrubbed_is_noticed(texts: dict[str, str], judges: Any) -> None:
    raw = {name for name, text in texts.items() if judges.unclean(text)}
    assert raw >= {"ansi", "nul", "line breaks", "header", "bidi", "invisible", "surrogates", "no characters", "long"}
    assert not raw & (HARMLESS | ONLY_SIGNS)
    for name in raw:
        assert judges.dirty({"a": [{"b": (texts[name],)}]})
        assert judges.dirty({texts[name]: 1})
        assert judges.dirty({"a": scrub(texts[name])}) == []


def test_a_line_break_counts_where_one_line_is_meant(judges: Any) -> None:
    assert judges.unclean("a\nb") == ["\n"]
    assert judges.unclean("a\nb", lines=True) == []
    assert judges.unclean("a\r\nb", lines=True) == ["\r"]


def test_text_without_end_is_noticed(judges: Any) -> None:
    assert judges.dirty("x" * 2049)
    assert judges.dirty("x" * 2048) == []


@pytest.mark.parametrize(
    "line", ["forged", "2026-01-31 ERROR x", f"{RECORD}a\x1b[2J", f"{RECORD}\u202ea", "", "ERROR pagemeter: x"]
)
def test_a_line_that_is_no_record_is_noticed(judges: Any, line: str) -> None:
    assert judges.not_records(f"{RECORD}fine\n{line}\n", as_json=False) == [line]
    assert judges.not_records(f"{RECORD}fine\n  of a trace\n", as_json=False) == []


@pytest.mark.parametrize("line", ["no JSON", '{"at": 1}', '{"at": "\u202e"}', ""])
def test_a_line_that_is_no_record_of_json_is_noticed(judges: Any, line: str) -> None:
    whole = '{"at": 1, "level": "info", "logger": "a", "message": "b"}'
    assert judges.not_records(f"{whole}\n{line}\n", as_json=True) == [line]


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@A", " =1", '"=1', "\t@A", "\uff1d1"])
def test_a_formula_is_noticed(judges: Any, cell: str) -> None:
    assert judges.formulas(["a", cell, f"'{cell}", "1=1", "a-b"]) == [cell]


@pytest.mark.parametrize("topic", ["a/#", "a/+/b", "a//b", "a/b c", "a/\x00", "$SYS/a", "a/ä", "a/../b"])
def test_a_topic_that_is_none_of_ours_is_noticed(judges: Any, topic: str) -> None:
    assert judges.strange_topics(["pagemeter/agent-1/device/d_1/state", topic]) == [topic]


@pytest.mark.parametrize(
    "template", ["{{ states('a') }}", "{{ value_json.get('a') }} x", "{{ value_json.get('a b') }}"]
)
def test_a_template_that_is_none_of_ours_is_noticed(judges: Any, template: str) -> None:
    known = {"p": "sensor", "val_tpl": "{{ value_json.get('meter_total_any') }}", "name": "{{ shown as it is }}"}
    config = {"cmps": {"a": known, "b": {"p": "sensor", "json_attr_tpl": template}}}
    assert judges.strange_templates(config) == [template]


def test_a_header_that_is_none_of_ours_is_noticed(judges: Any) -> None:
    mail = EmailMessage()
    mail["Subject"] = "Printers"
    assert judges.strange_headers(mail) == []
    mail["Bcc"] = "everybody@evil.example"
    assert judges.strange_headers(mail) == ["Bcc"]
    other = EmailMessage()
    other["Subject"] = "Printers \u202eslairt"
    assert judges.strange_headers(other) == ["Subject"]


def test_a_formula_in_a_workbook_is_noticed(judges: Any) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"] = "=1+1"
    octets = io.BytesIO()
    book.save(octets)
    assert zipfile.is_zipfile(octets)
    assert len(judges.formulas_in_workbook(judges.parts_of(octets.getvalue()))) == 1
