"""Recordings of Xerox, Lexmark, Dell, Samsung, Sharp and Toshiba: what their own objects say is what is read."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pagemeter.model import Quality, Reading
from pagemeter.snmp.recording import read_recording
from pagemeter.snmp.types import Walk, oid
from pagemeter_plugins.printer_mib.identity import Person
from pagemeter_plugins.printer_mib.places import Place
from pagemeter_plugins.printer_mib.printer_mib import SCOPES, parse_printer_mib
from pagemeter_plugins.printer_mib.profile import MeterRule, Profile
from pagemeter_plugins.printer_mib.profiles import shipped_profiles
from pagemeter_plugins.printer_mib.rules import answers

pytestmark = pytest.mark.walks

WALKS = Path(__file__).resolve().parents[2] / "../shared/walks"
AT = datetime(2026, 1, 31, tzinfo=UTC)
PROFILES = {
    "xerox-altalink-c8045": "xerox",
    "xerox-phaser-4600": "xerox",
    "lexmark-t640": "lexmark",
    "dell-s5830dn": "dell",
    "samsung-ml-2850": "samsung",
    "sharp-mx-3570n": "sharp",
    "toshiba-e-studio2505ac": "toshiba",
}
SHARP = "1.3.6.1.4.1.2385.1.1.19.2.1.3"
LIFE_COUNT = "1.3.6.1.2.1.43.10.2.1.4.1.1"


def walk_of(name: str) -> Walk:
    if not (WALKS / f"{name}.snmprec").is_file():
        pytest.skip("../shared/walks is not on this machine")
    return read_recording(WALKS / f"{name}.snmprec")


def read(walk: Walk) -> Reading:
    found = parse_printer_mib(walk, SCOPES, AT, shipped_profiles())
    assert isinstance(found, tuple)
    [reading] = found
    return reading


def meters(walk: Walk) -> dict[str, int]:
    return {meter.key.removesuffix(".impressions"): meter.value for meter in read(walk).meter_reads}


def number(walk: Walk, where: str) -> int:
    value = walk.integer(oid(where))
    assert value is not None
    return value


def words(walk: Walk, where: str) -> str:
    return (walk.octets(oid(where)) or b"").decode("ascii").strip()


@pytest.mark.parametrize(("name", "profile"), PROFILES.items(), ids=PROFILES)
def test_a_recorded_device_gets_its_maker_s_profile(name: str, profile: str) -> None:
    found = Person(walk_of(name), 1, alone=True, profiles=shipped_profiles()).profiles
    assert profile in {one.name for one in found}
    assert not {one.name for one in found} & (set(PROFILES.values()) - {profile})


@pytest.mark.parametrize("profile", [one for one in shipped_profiles() if one.name in set(PROFILES.values())])
def test_what_is_called_seen_is_in_the_recording(profile: Profile) -> None:
    for rule in profile.rules:
        for name in (name for name in rule.seen_in if not name.startswith("elsewhere:")):
            for place in needed(rule):
                assert answers(walk_of(name), place), f"{profile.name}: {name} does not answer {place}"


def needed(rule: object) -> tuple[Place, ...]:
    if isinstance(rule, MeterRule):
        return (*((rule.oid,) if rule.oid else ()), *rule.sum_of, *rule.optional)
    place = getattr(rule, "oid", None)
    return (place,) if isinstance(place, Place) else ()


def test_xerox_numbers_of_cartridges_are_split_off_their_descriptions() -> None:
    walk = walk_of("xerox-altalink-c8045")
    texts = {f"1.{row[-1]}": bind.value for row, bind in walk.column(oid("1.3.6.1.2.1.43.11.1.1.6")).items()}
    for supply in read(walk).supplies:
        text = texts[supply.index]
        assert isinstance(text, bytes)
        match = re.fullmatch(r"(.+), PN (.+);SN(.+)", text.decode("ascii"))
        assert match is not None
        wanted = [None if part == "unknown" else part for part in match.groups()]
        assert [supply.description, supply.part_number, supply.serial_number] == wanted


def test_xerox_says_in_its_own_device_id_which_model_it_is() -> None:
    walk = walk_of("xerox-altalink-c8045")
    [rule] = next(one for one in shipped_profiles() if one.name == "xerox").identity.model
    assert rule.pattern is not None
    match = rule.pattern.search(words(walk, "1.3.6.1.4.1.253.8.51.1.2.1.20.1"))
    assert match is not None
    assert match[1] == read(walk).identity.model


def test_dell_s_firmware_is_read_where_lexmark_s_tree_has_it() -> None:
    walk = walk_of("dell-s5830dn")
    assert read(walk).identity.firmware == words(walk, "1.3.6.1.4.1.674.10898.100.1.1.1.0")


def test_an_old_samsung_s_one_counter_is_its_life_count_and_all_mono() -> None:
    walk = walk_of("samsung-ml-2850")
    assert number(walk, "1.3.6.1.4.1.236.11.5.1.1.9.2.0") == number(walk, LIFE_COUNT)
    mono = next(meter for meter in read(walk).meter_reads if meter.key == "total.monochrome.any.any.sheets")
    assert (mono.value, mono.quality) == (number(walk, LIFE_COUNT), Quality.MEASURED)


def test_a_samsung_s_serial_number_and_that_of_its_cartridge_come_without_blanks() -> None:
    walk = walk_of("samsung-ml-2850")
    reading = read(walk)
    assert reading.identity.serial_number == words(walk, "1.3.6.1.4.1.236.11.5.1.1.1.4.0")
    text = words(walk, "1.3.6.1.2.1.43.11.1.1.6.1.1")
    assert [supply.serial_number for supply in reading.supplies] == [text.removeprefix("Toner S/N:")]


@pytest.mark.parametrize(
    ("key", "where"),
    [
        ("total.monochrome.any.any", "5.4.61"),
        ("total.full-color.any.any", "5.4.63"),
        ("print.any.any.any", "1.4.60"),
        ("print.monochrome.any.any", "1.4.61"),
        ("print.full-color.any.any", "1.4.63"),
        ("copy.any.any.any", "4.4.60"),
        ("copy.monochrome.any.any", "4.4.61"),
        ("copy.full-color.any.any", "4.4.63"),
        ("other.monochrome.any.any", "5.5.61"),
        ("other.full-color.any.any", "5.5.63"),
    ],
)
def test_sharp_s_counters_are_read_by_function_and_color(key: str, where: str) -> None:
    walk = walk_of("sharp-mx-3570n")
    assert meters(walk)[key] == number(walk, f"{SHARP}.{where}")


def test_sharp_s_counters_add_up_to_its_life_count() -> None:
    walk = walk_of("sharp-mx-3570n")
    found, life = meters(walk), number(walk, LIFE_COUNT)
    colors = ("monochrome", "full-color", "two-color", "single")
    assert sum(found[f"total.{color}.any.any"] for color in colors) == life
    other = found["other.monochrome.any.any"] + found["other.full-color.any.any"]
    assert found["print.any.any.any"] + found["copy.any.any.any"] + other == life
    for work in ("print", "copy", "scan"):
        parts = sum(found.get(f"{work}.{color}.any.any", 0) for color in colors)
        assert parts == found[f"{work}.any.any.any"], work


def test_all_that_a_sharp_tells_is_proven_by_its_recording() -> None:
    assert {meter.quality for meter in read(walk_of("sharp-mx-3570n")).meter_reads} == {Quality.MEASURED}
