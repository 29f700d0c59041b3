"""IPP messages of real devices, published by others: what the index says of them is what is read."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pagemeter.ipp.message import Content, Group, GroupTag, IppMessage, OutOfBand, TextWithLanguage, decode, encode
from pagemeter.ipp.reading import SCOPES, parse_attributes
from pagemeter.model import LevelState, PrinterState, Reading

pytestmark = pytest.mark.walks

WALKS = Path(__file__).resolve().parents[2] / "../shared/walks"
INDEX = json.loads((WALKS / "index.json").read_text(encoding="utf-8")) if (WALKS / "index.json").is_file() else None
MESSAGES: list[dict[str, Any]] = INDEX["ipp"] if INDEX else []
PRINTERS = [entry for entry in MESSAGES if "printer" in entry["truth"]]
AT = datetime(2026, 1, 31, tzinfo=UTC)
GROUPS = {tag.name.lower(): tag for tag in GroupTag}

each_message = pytest.mark.parametrize("entry", MESSAGES, ids=lambda entry: entry["file"])
each_printer = pytest.mark.parametrize("entry", PRINTERS, ids=lambda entry: entry["file"])


def octets(entry: dict[str, Any]) -> bytes:
    return WALKS.joinpath(str(entry["file"])).read_bytes()


def printer_of(entry: dict[str, Any]) -> Group:
    group = decode(octets(entry)).group(GroupTag.PRINTER)
    assert group is not None
    return group


def reading_of(name: str) -> Reading:
    if not (WALKS / "ipp").is_dir():
        pytest.skip("the recordings are not there")
    [path] = (WALKS / "ipp").glob(f"{name}*.get-printer-attributes.bin")
    group = decode(path.read_bytes()).group(GroupTag.PRINTER)
    assert group is not None
    return parse_attributes(group, scopes=SCOPES, at=AT)


def plain(content: Content) -> Any:
    """Write a value as the index does; it keeps the octets of texts with a language as they stand, so those are cut."""
    match content:
        case TextWithLanguage():
            return content.text
        case bytes():
            return content.decode("utf-8", errors="replace")
        case OutOfBand():
            return f"({content.name.lower().replace('_', '-')})"
    return content


def told(value: Any) -> Any:
    """Cut language and lengths off what the index gives as the octets of a text with a language."""
    match = re.match("\0.(?P<language>[a-z-]+)\0.(?P<text>.*)$", value, re.DOTALL) if isinstance(value, str) else None
    return match["text"] if match else value


def test_the_recordings_are_there() -> None:
    if not (WALKS / "ipp").is_dir():
        pytest.skip("the recordings are not there")
    assert len(MESSAGES) == len(list((WALKS / "ipp").glob("*.bin")))


@each_message
def test_a_message_is_read_as_the_index_says_and_written_as_it_was(entry: dict[str, Any]) -> None:
    message, truth = decode(octets(entry)), entry["truth"]
    assert message.version == tuple(map(int, truth["version"].split(".")))
    assert message.code == int(truth["status_or_operation"], 16)
    assert message.request_id == truth["request_id"]
    groups = [[group.tag, len(group.attributes)] for group in message.groups]
    assert groups == [[GROUPS[name], count] for name, count in truth["groups"]]
    assert len(message.data) == truth["bytes_after_end_tag"]
    assert encode(message) == octets(entry)


def values_of(group: Group, name: str) -> list[Any]:
    attribute = group.attribute(name)
    return [] if attribute is None else [plain(content) for content in attribute.contents]


@each_printer
def test_the_attributes_are_those_of_the_index(entry: dict[str, Any]) -> None:
    group = printer_of(entry)
    for name, values in entry["truth"]["printer"].items():
        assert values_of(group, name) == [told(value) for value in values], name


def test_the_job_is_that_of_the_index() -> None:
    for entry in (entry for entry in MESSAGES if "jobs" in entry["truth"]):
        message: IppMessage = decode(octets(entry))
        for group, job in zip(message.all(GroupTag.JOB), entry["truth"]["jobs"], strict=True):
            assert {name: values_of(group, name) for name in job} == job


@each_printer
def test_levels_are_those_of_the_index(entry: dict[str, Any]) -> None:
    reading = parse_attributes(printer_of(entry), scopes=SCOPES, at=AT)
    truth = entry["truth"]["printer"]
    percents = [supply.level.percent for supply in reading.supplies if supply.level is not None]
    assert percents == truth.get("marker-levels", [])
    assert reading.meter_reads == ()
    assert len(reading.inputs) == len(truth.get("printer-input-tray", []))


def test_epsons_serial_number_is_text_in_hex_digits() -> None:
    reading = reading_of("epson-xp-6000")
    assert reading.identity.serial_number == "X44Y0540"
    assert reading.identity.firmware == "20.44.NU25M7"
    assert reading.identity.name == "EPSON XP-6000 Series"
    assert [alert.description for alert in reading.alerts] == ["feed roller needed soon", "marker-supply-low"]
    assert {tray.level.state for tray in reading.inputs if tray.level is not None} == {LevelState.UNKNOWN}


def test_xeroxs_firmware_is_told_from_its_interpreters_and_the_supplys_serial_number_from_its_name() -> None:
    reading = reading_of("xerox-b235")
    assert reading.identity.firmware == "MXLSG.230.090"
    [toner] = reading.supplies
    assert (toner.serial_number, toner.colorants) == ("CAK2424861A0", ("black",))
    assert reading.status is not None
    assert reading.status.state is PrinterState.IDLE


def test_brothers_inks_have_the_colours_of_their_codes() -> None:
    reading = reading_of("brother-mfc-j5320dw")
    assert [supply.colorants for supply in reading.supplies] == [("magenta",), ("cyan",), ("yellow",), ("black",)]
    assert reading.identity.uuid == "e3248000-80ce-11db-8000-30055ce13be2"
    assert reading.identity.location is None


def test_a_short_answer_behind_a_group_of_unsupported_attributes_is_read() -> None:
    reading = reading_of("kyocera-ecosys-m2540dn")
    who = reading.identity
    assert (who.manufacturer, who.model, who.location) == ("Kyocera", "ECOSYS M2540dn", "8409")
