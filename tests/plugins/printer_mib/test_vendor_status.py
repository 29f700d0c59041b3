"""Makers' status codes become alerts, unlisted ones are named, and a display is read where the Printer MIB has none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeAlias

import pytest

from pagemeter.model import Reading, Scope, Severity, Training, Unknown
from pagemeter.snmp.types import Oid, Tag, VarBind, Walk, oid
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.printer_mib import SCOPES, parse_printer_mib
from pagemeter_plugins.printer_mib.profiles import parse_profile

Value: TypeAlias = int | bytes | Oid
AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
ACME = "1.3.6.1.4.1.99999"
HEAD = f"name: acme\ntitle: Acme\nroot: {ACME}\nmatch: {{sys_object_id: [{ACME}]}}\nsources: {{T: a test}}\n"
TOLD = "source: T, unverified: true"
STATUS = """\
status:
  - oid: .1.0
    source: T
    seen_in: [a]
    codes:
      10: {description: Ready}
      20: {description: Cover open, severity: critical, training: untrained, group: cover, code: 3}
      low: {description: Toner low, severity: warning}
"""
DEVICE: dict[Oid, Value] = {mib.SYS_OBJECT_ID: oid(f"{ACME}.1"), (*mib.GENERAL_SERIAL_NUMBER, 1): b"ACME1"}


def read(text: str, rows: Mapping[str, Value], *more: str, scopes: frozenset[Scope] = SCOPES) -> Reading:
    tags = {int: Tag.INTEGER, bytes: Tag.OCTET_STRING, tuple: Tag.OBJECT_IDENTIFIER}
    all_rows = {**DEVICE, **{oid(ACME + key if key[0] == "." else key): value for key, value in rows.items()}}
    walk = Walk(VarBind(key, tags[type(value)], value) for key, value in all_rows.items())
    profiles = [parse_profile(one, name="acme.yaml") for one in (text, *more)]
    found = parse_printer_mib(walk, scopes, AT, profiles)
    assert isinstance(found, tuple)
    return found[0]


def test_a_status_code_is_an_alert_in_the_words_of_the_profile() -> None:
    [alert] = read(HEAD + STATUS, {".1.0": 20}).alerts
    assert (alert.key, alert.description) == (f"status:{ACME}.1.0:20", "Cover open")
    assert (alert.severity, alert.training, alert.group) == (Severity.CRITICAL, Training.UNTRAINED, "cover")
    assert (alert.code, alert.code_name) == (3, "coverOpen")
    assert (str(alert.origin), alert.origin.doubt) == (f"snmp {ACME}.1.0", None)


def test_a_word_is_a_code_as_a_number_is() -> None:
    [alert] = read(HEAD + STATUS, {".1.0": b"low\0"}).alerts
    assert (alert.severity, alert.code, alert.code_name) == (Severity.WARNING, None, None)


def test_a_code_without_severity_tells_a_state_and_is_no_alert() -> None:
    reading = read(HEAD + STATUS, {".1.0": 10})
    assert reading.alerts == ()
    assert "status_code" not in {one.what for one in reading.unknown}


def test_a_value_that_is_not_listed_is_named_and_no_alert() -> None:
    reading = read(HEAD + STATUS, {".1.0": 4711})
    assert reading.alerts == ()
    assert Unknown(what="status_code", why="4711 is not in the list of profile acme") in reading.unknown


def test_a_long_value_is_cut() -> None:
    [unknown] = [one for one in read(HEAD + STATUS, {".1.0": b"x" * 500}).unknown if one.what == "status_code"]
    assert unknown.why == f"{'x' * 40} is not in the list of profile acme"


def test_silence_is_no_status() -> None:
    assert "status_code" not in {one.what for one in read(HEAD + STATUS, {}).unknown}


def test_what_the_printer_mib_tells_by_the_same_code_is_told_once() -> None:
    alert = dotted_alert({2: 3, 4: 6, 7: 3})
    [told] = read(HEAD + STATUS, {".1.0": 20, **alert}).alerts
    assert told.origin == mib.origin((*mib.ALERT, 7, 1, 1))
    assert len(read(HEAD + STATUS, {".1.0": b"low", **alert}).alerts) == 2


def dotted_alert(columns: Mapping[int, int]) -> dict[str, Value]:
    return {".".join(map(str, (*mib.ALERT, column, 1, 1))): value for column, value in columns.items()}


def test_of_two_profiles_for_one_object_the_first_list_that_has_the_value_counts() -> None:
    other = HEAD.replace("acme", "zeta") + STATUS.replace("20:", "30:").replace("Cover open", "Door open")
    assert [alert.description for alert in read(HEAD + STATUS, {".1.0": 20}, other).alerts] == ["Cover open"]
    assert [alert.description for alert in read(HEAD + STATUS, {".1.0": 30}, other).alerts] == ["Door open"]
    unknown = [one.why for one in read(HEAD + STATUS, {".1.0": 40}, other).unknown if one.what == "status_code"]
    assert unknown == ["40 is not in the list of profile acme"]


def test_a_status_may_stand_inside_a_packet() -> None:
    text = STATUS.replace("oid: .1.0", "oid: .1.0\n    decode: {name: epson-st2, field: error}").replace("20:", "6:")
    [alert] = read(HEAD + text, {".1.0": b"@BDC ST2\r\n\x03\x00\x02\x01\x06"}).alerts
    assert alert.key == f"status:{ACME}.1.0:6"


PANEL = f"panel:\n  - {{oid: .2.1, {TOLD}}}\n  - {{oid: .2.2, {TOLD}}}\n"


def test_a_display_is_read_line_by_line_where_the_printer_mib_has_none() -> None:
    reading = read(HEAD + PANEL, {".2.1": b"Ready", ".2.2": b"Tray 1 empty"})
    assert reading.panel == ("Ready", "Tray 1 empty")
    origin = dict(reading.origins)["panel"]
    assert (origin.where, origin.doubt) == (f"{ACME}.2.1", "unverified")


def test_empty_lines_are_left_out() -> None:
    reading = read(HEAD + PANEL, {".2.1": b"   ", ".2.2": b"Tray 1 empty"})
    assert reading.panel == ("Tray 1 empty",)
    assert dict(reading.origins)["panel"].where == f"{ACME}.2.2"


def test_the_printer_mibs_display_counts_first() -> None:
    line = ".".join(map(str, (*mib.CONSOLE_DISPLAY, 1, 1)))
    reading = read(HEAD + PANEL, {".2.1": b"Ready", line: b"Sleeping"})
    assert reading.panel == ("Sleeping",)
    assert "panel" not in dict(reading.origins)


def test_the_profile_counts_before_what_any_maker_may_answer() -> None:
    anyone = ".".join(map(str, mib.PANELS[0]))
    assert read(HEAD + PANEL, {".2.1": b"Ready", anyone: b"Warming up"}).panel == ("Ready",)
    assert read(HEAD + PANEL, {anyone: b"Warming up"}).panel == ("Warming up",)


@pytest.mark.parametrize(("charset", "raw"), [(4, b"Fach 1 f\xfcllen"), (106, "Fach 1 füllen".encode())])
def test_a_display_is_in_the_character_set_of_the_console(charset: int, raw: bytes) -> None:
    declared = {
        ".".join(map(str, (*mib.CONSOLE_LOCALIZATION, 1))): 1,
        ".".join(map(str, (*mib.LOCALIZATION_CHARACTER_SET, 1, 1))): charset,
    }
    assert read(HEAD + PANEL, {".2.1": raw, **declared}).panel == ("Fach 1 füllen",)


def test_state_and_display_are_told_only_where_they_were_asked_for() -> None:
    reading = read(HEAD + STATUS + PANEL, {".1.0": 20, ".2.1": b"Ready"}, scopes=frozenset({Scope.METERS}))
    assert (reading.alerts, reading.panel) == ((), ())
    assert "panel" not in dict(reading.origins)
