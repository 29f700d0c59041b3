"""HP, Canon, Ricoh, Konica Minolta and Kyocera: what is known of their recordings, and what profiles say of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pagemeter.model import MeterRead, Quality, Reading, Supply
from pagemeter.snmp.recording import read_recording
from pagemeter.snmp.types import Walk
from pagemeter_plugins.printer_mib.places import Place
from pagemeter_plugins.printer_mib.printer_mib import SCOPES, parse_printer_mib
from pagemeter_plugins.printer_mib.profile import MeterRule, Profile, SupplyRule, TextRule
from pagemeter_plugins.printer_mib.profiles import shipped_profiles

pytestmark = pytest.mark.walks

WALKS = Path(__file__).resolve().parents[2] / "../shared/walks"
AT = datetime(2026, 1, 31, tzinfo=UTC)
MINE = ("hp", "canon", "oce", "ricoh", "konica-minolta", "kyocera")
PROFILES = [one for one in shipped_profiles() if one.name.startswith(MINE)]


def walk_of(name: str) -> Walk:
    path = WALKS / f"{name}.snmprec"
    if not path.is_file():
        pytest.skip("../shared/walks is not on this machine")
    return read_recording(path)


def read(name: str) -> Reading:
    found = parse_printer_mib(walk_of(name), SCOPES, AT, shipped_profiles())
    assert isinstance(found, tuple)
    [reading] = found
    return reading


def meters(name: str) -> dict[str, int]:
    return {meter.key.removesuffix(".impressions"): meter.value for meter in read(name).meter_reads}


def supply(reading: Reading, index: str) -> Supply:
    return next(one for one in reading.supplies if one.index == index)


def test_mono_and_color_of_an_m551_are_its_life_count() -> None:
    told = meters("hp-laserjet-500-m551")
    assert told["total.any.any.any"] == 72864
    assert told["total.monochrome.any.any"] == 49549
    assert told["total.full-color.any.any"] == 23315
    assert told["total.any.any.one"] == 72630
    assert told["total.any.any.two.sheets"] == 95


def test_letter_sides_of_an_m551_are_mono_and_color_two_for_a_sheet_printed_on_both() -> None:
    told = meters("hp-laserjet-500-m551")
    assert told["total.any.Letter.any"] == 72255 + 2 * 95
    assert told["total.monochrome.Letter.any"] == 51995 + 2 * 1
    assert told["total.full-color.Letter.any"] == 20260 + 2 * 94


def test_cartridges_of_an_m551_have_serial_numbers_order_numbers_dates_and_pages_left() -> None:
    reading = read("hp-laserjet-500-m551")
    black = supply(reading, "1.1")
    assert (black.serial_number, black.part_number, black.pages_left) == ("16990537", "CE400A", 6006)
    assert black.installed_at is not None
    assert black.installed_at.date().isoformat() == "2016-08-11"
    assert supply(reading, "1.6").pages_left is None


def test_an_m551_says_who_it_is_behind_two_octets_that_name_a_character_set() -> None:
    who = read("hp-laserjet-500-m551").identity
    assert (who.product_number, who.firmware) == ("CF082A", "2305090_000469")


def test_scans_of_an_m130nw_are_those_of_feeder_and_glass_and_no_impossible_number() -> None:
    told = meters("hp-laserjet-m130nw")
    assert told["scan.any.any.any"] == 0 + 1190
    assert 10884743 not in told.values()
    assert told["total.monochrome.any.any"] == told["total.any.any.any"] == 15232


def test_a_bizhub_c250i_counts_by_function_and_color() -> None:
    told = meters("konica-bizhub-c250i")
    by_function = [
        told[f"{work}.{color}.any.any"] for work in ("copy", "print") for color in ("monochrome", "full-color")
    ]
    assert by_function == [3672, 544, 22876, 6711]
    assert sum(by_function) == 33803
    assert told["total.any.any.any.other"] == 33810
    assert told["scan.any.any.any"] == 5653


@pytest.mark.parametrize(
    ("name", "model", "firmware", "serial"),
    [
        ("canon-lbp6670", "Canon LBP6670", "R7.21", "MKRA012345"),
        ("ricoh-aficio-mp-c3002", "RICOH Aficio MP C3002", "2.20", "W492KB03439"),
        ("gestetner-mpc2500", "Gestetner MPC2500/DSc525", "1.71", "M6394300657"),
        ("kyocera-fs-1028mfp", "FS-1028MFP", "2H9_2F00.002.002", "QUV9600664"),
    ],
)
def test_a_device_says_who_it_is_in_its_makers_tree(name: str, model: str, firmware: str, serial: str) -> None:
    who = read(name).identity
    assert (who.model, who.firmware, who.serial_number) == (model, firmware, serial)


@pytest.mark.parametrize(
    ("name", "service", "medium", "one", "two", "toner"),
    [
        ("kyocera-ecosys-p2040dw", 7342, "Letter", 7296, 46, "TK-1162"),
        ("kyocera-ecosys-p3055dn", 60994, "A4", 60870, 124, "TK-3190"),
    ],
)
def test_the_service_count_is_the_sum_of_sizes_and_of_sides(
    name: str, service: int, medium: str, one: int, two: int, toner: str
) -> None:
    told, reading = meters(name), read(name)
    assert told["total.any.any.any.impressions#service-count"] == told["total.monochrome.any.any"] == service
    assert told[f"total.any.{medium}.any"] == service
    assert (told["total.any.any.one"], told["total.any.any.two"]) == (one, two)
    assert one + two == service
    assert supply(reading, "1.1").part_number == toner


def test_what_a_recording_proves_is_no_longer_unverified() -> None:
    names = ("hp-laserjet-500-m551", "hp-laserjet-m130nw", "konica-bizhub-c250i", "kyocera-ecosys-p3055dn")
    reads: list[MeterRead] = [meter for name in names for meter in read(name).meter_reads]
    assert [meter.key for meter in reads if meter.quality is Quality.UNVERIFIED] == []


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_a_recording_that_a_rule_names_answers_what_the_rule_reads(profile: Profile) -> None:
    for rule in profile.rules:
        for name in (name for name in rule.seen_in if not name.startswith("elsewhere")):
            walk = walk_of(name)
            held = [_answers(walk, place) for place in _places(rule)]
            assert any(held) if isinstance(rule, SupplyRule) else all(held), f"{name} lacks what is read by {rule}"


def _answers(walk: Walk, place: Place) -> bool:
    return bool(walk.column(place.oid)) if place.column else place.oid in walk


def _places(rule: object) -> tuple[Place, ...]:
    if isinstance(rule, TextRule):
        return (rule.oid,)
    if isinstance(rule, MeterRule):
        return tuple(one for one in (rule.oid, rule.column, rule.each, *rule.sum_of) if one is not None)
    assert isinstance(rule, SupplyRule)
    return tuple(one for value in rule.values.values() for one in (value.column, value.oid) if one is not None)
