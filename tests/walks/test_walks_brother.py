"""Recordings of Brother, Epson, Zebra and Toshiba TEC devices: what the facts say of them is what the profiles read."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pagemeter.model import LevelState, MeterRead, Quality, Reading, Supply
from pagemeter.snmp.recording import parse_recording, read_recording
from pagemeter.snmp.types import Walk, oid
from pagemeter_plugins.printer_mib.printer_mib import SCOPES, parse_printer_mib
from pagemeter_plugins.printer_mib.profile import Profile
from pagemeter_plugins.printer_mib.profiles import shipped_profiles
from pagemeter_plugins.printer_mib.rules import answers

pytestmark = pytest.mark.walks

WALKS = Path(__file__).resolve().parents[2] / "../shared/walks"
AT = datetime(2026, 1, 31, tzinfo=UTC)
MINE = (
    *(
        "avision",
        "brother",
        "epson",
        "intermec",
        "jingtu",
        "katusha",
        "minolta",
        "oki",
        "pantum",
        "pwg",
        "riso",
        "seiko",
    ),
    *("thermal", "toshiba-tec", "zebra", "zebra-print-server"),
)
COLORS = ("black", "cyan", "magenta", "yellow")
TONER, OPC, OTHER, FUSER, INK = 3, 9, 1, 15, 5


def walk_of(name: str) -> Walk:
    path = WALKS / f"{name}.snmprec"
    if not path.is_file() and not os.environ.get("CI"):
        pytest.skip("../shared/walks is not on this machine")
    return read_recording(path)


def reading_of(walk: Walk) -> Reading:
    found = parse_printer_mib(walk, SCOPES, AT, shipped_profiles())
    assert isinstance(found, tuple)
    [reading] = found
    return reading


def meters_of(name: str) -> dict[str, MeterRead]:
    return {meter.key: meter for meter in reading_of(walk_of(name)).meter_reads}


def counts_of(name: str) -> dict[str, int]:
    return {key: meter.value for key, meter in meters_of(name).items()}


def program_of(name: str) -> dict[str, Any]:
    """Return what another program reads from the same recording."""
    told: dict[str, Any] = json.loads((WALKS / "expected" / f"{name}.json").read_text("utf-8"))["reading"]
    return told


def with_supplies(walk: Walk, *rows: tuple[str, int]) -> Walk:
    """Add a table of supplies that tells no levels, as Brother's Printer MIB does; the recordings of GETs lack it."""
    base = "1.3.6.1.2.1.43.11.1.1"
    lines = [
        f"{base}.{column}.1.{n}|{tag}|{value}"
        for n, (words, kind) in enumerate(rows, 1)
        for column, tag, value in (
            (2, 2, 1),
            (4, 2, 3),
            (5, 2, kind),
            (6, 4, words),
            (7, 2, 13),
            (8, 2, -2),
            (9, 2, -3),
        )
    ]
    return walk.joined(Walk(parse_recording("\n".join(lines))))


def by_words(walk: Walk, *rows: tuple[str, int]) -> dict[str, Supply]:
    return {supply.description or "": supply for supply in reading_of(with_supplies(walk, *rows)).supplies}


def percent(supply: Supply) -> int | None:
    assert supply.level is not None
    return supply.level.percent


def test_a_color_laser_counts_mono_color_and_two_sided_pages() -> None:
    meters = meters_of("brother-dcp-l3550cdw-get")
    assert {key: meter.value for key, meter in meters.items()} == {
        "total.any.any.any.impressions": 1611,
        "total.monochrome.any.any.impressions": 709,
        "total.full-color.any.any.impressions": 902,
        "total.any.any.two.other": 538,
    }
    assert {meter.quality for meter in meters.values()} == {Quality.MEASURED}


@pytest.mark.parametrize(
    ("name", "life", "own"),
    [
        ("brother-dcp-1618w-get", 3914, 3914),
        ("brother-dcp-7070dw-get", 2652, 2652),
        ("brother-hl-l2340dw-get", 1279, 986),
        ("brother-dcp-j132w-get", None, 879),
        ("brother-hl-2270dw-get", 4191, None),
        ("brother-mfc-5490cn-get", 8989, None),
    ],
)
def test_the_life_count_and_the_own_total_stand_beside_each_other(name: str, life: int | None, own: int | None) -> None:
    # A GET of the life count without its unit: the unit of the first is unknown here.
    counts = {"total.any.any.any.other": life, "total.any.any.any.impressions": own}
    assert counts_of(name) == {key: value for key, value in counts.items() if value is not None}


@pytest.mark.parametrize("name", ["brother-dcp-1618w-get", "brother-dcp-l3550cdw-get", "brother-hl-l2340dw-get"])
def test_firmware_and_panel_agree_with_another_program(name: str) -> None:
    reading, other = reading_of(walk_of(name)), program_of(name)
    assert reading.identity.firmware == other["firmware"]
    assert reading.identity.model == other["model"] or (reading.identity.model or "").startswith(other["model"])
    assert [line.casefold() for line in reading.panel] == [other["status"]]


def test_the_serial_number_of_the_private_tree_counts_where_the_printer_mib_has_none() -> None:
    walk = walk_of("brother-mfc-l2710dw")
    general = oid("1.3.6.1.2.1.43.5.1.1.17")
    without = Walk(row for row in walk if row.oid[: len(general)] != general)
    who = reading_of(without).identity
    assert (who.serial_number, who.model) == ("000A5J431816", "Brother MFC-L2710DW series")


def test_toner_drums_belt_and_fuser_of_a_color_laser_agree_with_another_program() -> None:
    name = "brother-dcp-l3550cdw-get"
    toner = [(f"{color.capitalize()} Toner Cartridge", TONER) for color in COLORS]
    drums = [(f"{color.capitalize()} Drum Unit", OPC) for color in COLORS]
    found, other = by_words(walk_of(name), *toner, *drums, ("Belt Unit", OTHER), ("Fuser", FUSER)), program_of(name)
    for color in COLORS:
        assert percent(found[f"{color.capitalize()} Toner Cartridge"]) == other[f"{color}_toner_remaining"]
        drum = found[f"{color.capitalize()} Drum Unit"]
        assert percent(drum) == other[f"{color}_drum_remaining_life"]
        assert drum.pages_left == other[f"{color}_drum_remaining_pages"]
    belt = found["Belt Unit"]
    assert (percent(belt), belt.pages_left) == (other["belt_unit_remaining_life"], other["belt_unit_remaining_pages"])
    assert percent(found["Fuser"]) == other["fuser_remaining_life"]


@pytest.mark.parametrize("name", ["brother-dcp-1618w-get", "brother-dcp-7070dw-get", "brother-hl-l2340dw-get"])
def test_toner_and_drum_of_a_mono_laser_agree_with_another_program(name: str) -> None:
    found = by_words(walk_of(name), ("Black Toner Cartridge", TONER), ("Drum Unit", OPC))
    other = program_of(name)
    toner, drum = found["Black Toner Cartridge"], found["Drum Unit"]
    assert percent(toner) == other["black_toner_remaining"]
    assert (percent(drum), drum.pages_left) == (other["drum_remaining_life"], other["drum_remaining_pages"])


@pytest.mark.parametrize("name", ["brother-mfc-5490cn-get", "brother-dcp-j132w-get"])
def test_ink_agrees_with_another_program(name: str) -> None:
    other = program_of(name)
    told = [color for color in COLORS if f"{color}_ink_remaining" in other]
    found = by_words(walk_of(name), *((f"{color.capitalize()} Ink", INK) for color in told))
    assert {color: percent(found[f"{color.capitalize()} Ink"]) for color in told} == {
        color: other[f"{color}_ink_remaining"] for color in told
    }


def test_an_empty_maintenance_list_leaves_what_the_printer_mib_says() -> None:
    found = by_words(walk_of("brother-hl-2270dw-get"), ("Black Toner Cartridge", TONER), ("Drum Unit", OPC))
    level = found["Black Toner Cartridge"].level
    assert level is not None
    assert (level.state, level.percent) == (LevelState.SOME_REMAINING, None)
    assert found["Drum Unit"].pages_left == 7809


def test_a_label_printer_of_epson_gets_no_counters_of_office_models() -> None:
    reading = reading_of(walk_of("epson-cw-c6500au"))
    assert {meter.key: meter.value for meter in reading.meter_reads if meter.since == "life"} == {
        "total.any.any.any.impressions": 7389
    }
    assert (reading.identity.serial_number, reading.identity.firmware) == ("X7F4008528", "TS20P2")
    parts = {supply.colorants: supply.part_number for supply in reading.supplies if supply.colorants}
    assert parts == {
        ("black",): "SJIC35P-BK",
        ("cyan",): "SJIC35P-C",
        ("magenta",): "SJIC35P-M",
        ("yellow",): "SJIC35P-Y",
    }


def test_nothing_is_asked_where_a_get_makes_an_epson_act() -> None:
    forbidden = oid("1.3.6.1.4.1.1248.1.2.2.44")
    for profile in shipped_profiles():
        for place in objects_of_rules(profile):
            assert place[: len(forbidden)] != forbidden, "stands below"
            assert forbidden[: len(place)] != place, "a walk of it would pass there"


def test_a_zebra_tells_its_length_and_its_own_serial_number() -> None:
    reading = reading_of(walk_of("zebra-zebranet-ps"))
    # "1920 INCHES, 4876 CENTIMETERS"
    assert {meter.key: meter.value for meter in reading.meter_reads} == {"total.any.any.any.micrometres": 48_760_000}
    who = reading.identity
    assert (who.serial_number, who.model, who.firmware) == ("37J162600538", "ZTC TLP 2824 Plus", "V61.17.17Z")


@pytest.mark.parametrize("name", ["toshibatec-b-ev4", "toshibatec-b-sx5t"])
def test_a_toshiba_tec_label_printer_that_says_two_things_makes_up_no_third(name: str) -> None:
    reading = reading_of(walk_of(name))
    assert reading.identity.manufacturer == "Toshiba"
    assert reading.identity.serial_number is None
    assert reading.meter_reads == ()


@pytest.mark.parametrize("name", MINE)
def test_what_is_said_to_be_seen_stands_in_the_recording(name: str) -> None:
    [profile] = [profile for profile in shipped_profiles() if profile.name == name]
    for rule in profile.rules:
        for recording in rule.seen_in:
            if recording.startswith("elsewhere: "):
                continue
            walk = walk_of(recording)
            for place in rule_places(rule):
                assert answers(walk, place), f"{recording} does not answer {place}"


def rule_places(rule: Any) -> list[Any]:
    values = getattr(rule, "values", None)
    held = list(values.values()) if isinstance(values, dict) else [rule]
    places = [getattr(one, field, None) for one in held for field in ("oid", "column", "each")]
    return [place for place in (*places, *getattr(rule, "sum_of", ())) if place is not None]


def objects_of_rules(profile: Profile) -> list[tuple[int, ...]]:
    return [place.oid for rule in profile.rules for place in rule_places(rule)]
