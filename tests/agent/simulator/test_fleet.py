"""The fleet is what the demo promises, and all of it is ours."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

import pytest

from pagemeter.simulator import WELL_BEHAVED, Behaviour, FleetDevice, load_device, load_fleet, place_fleet
from pagemeter.simulator.behaviour import WalkFault
from pagemeter.snmp.types import oid
from pagemeter.text import CHARSETS

FLEET = load_fleet()
PRINTERS = tuple(device for device in FLEET if device.expected["printer"])
WALKS = Path(__file__).resolve().parents[3] / "../shared/walks"

HR_DEVICE_TYPE = oid("1.3.6.1.2.1.25.3.2.1.2")
HR_DEVICE_PRINTER = oid("1.3.6.1.2.1.25.3.1.5")
PRINTER_MIB = oid("1.3.6.1.2.1.43")
CHARACTER_SET = oid("1.3.6.1.2.1.43.7.1.1.4")
LIFE_COUNT = oid("1.3.6.1.2.1.43.10.2.1.4")
SUPPLIES = oid("1.3.6.1.2.1.43.11.1.1")
COLORANT = oid("1.3.6.1.2.1.43.12.1.1.4")
SERIAL_NUMBER = oid("1.3.6.1.2.1.43.5.1.1.17")
PHYS_ADDRESS = oid("1.3.6.1.2.1.2.2.1.6")

by_name = pytest.mark.parametrize("device", FLEET, ids=lambda device: device.name)
each_printer = pytest.mark.parametrize("device", PRINTERS, ids=lambda device: device.name)


def printer_indexes(device: FleetDevice) -> list[int]:
    """Return the hrDeviceIndex of each row of type printer."""
    return [key[0] for key, row in device.walk.column(HR_DEVICE_TYPE).items() if row.value == HR_DEVICE_PRINTER]


def levels(device: FleetDevice) -> list[object]:
    """Return every prtMarkerSuppliesLevel."""
    return [row.value for row in device.walk.column((*SUPPLIES, 9)).values()]


def colorants_of_cartridges(device: FleetDevice) -> Counter[object]:
    """Count the supplies of each process colorant that are consumed and are toner or a cartridge."""
    walk = device.walk
    found: Counter[object] = Counter()
    for key, row in walk.column((*SUPPLIES, 5)).items():
        colorant = walk.integer((*SUPPLIES, 3, *key))
        if row.value in (3, 5, 6, 21) and colorant:
            found[walk.octets((*COLORANT, key[0], colorant))] += 1
    return found


@by_name
def test_a_recording_has_sixty_rows_and_says_that_it_is_invented(device: FleetDevice) -> None:
    assert len(device.walk) >= 60
    assert device.folder.joinpath("snmp.snmprec").read_text("utf-8").startswith("# Invented")


@by_name
def test_a_mac_address_is_locally_administered(device: FleetDevice) -> None:
    macs = [row.value for row in device.walk.column(PHYS_ADDRESS).values() if row.value]
    assert macs
    assert all(isinstance(mac, bytes) and mac[0] & 0b11 == 0b10 for mac in macs)
    assert [":".join(f"{octet:02x}" for octet in mac) for mac in macs if isinstance(mac, bytes)] == device.expected[
        "macs"
    ]


def test_there_are_at_least_twelve_printers_of_eight_makers() -> None:
    assert len(PRINTERS) >= 12
    assert len({device.expected["manufacturer"] for device in PRINTERS}) >= 8
    assert len({row.value for device in PRINTERS if (row := device.walk.get(oid("1.3.6.1.2.1.1.2.0")))}) >= 8


def test_no_two_devices_share_a_serial_number_or_a_mac_address() -> None:
    serials = [device.expected["serial_number"] for device in PRINTERS]
    macs = [mac for device in FLEET for mac in device.expected["macs"]]
    assert len(set(serials)) == len(serials)
    assert len(set(macs)) == len(macs)


@pytest.mark.parametrize("level", [-1, -2, -3])
def test_some_supply_has_each_special_level(level: int) -> None:
    assert any(level in levels(device) for device in PRINTERS)


def test_one_device_has_two_black_cartridges() -> None:
    assert max(colorants_of_cartridges(device)[b"black"] for device in PRINTERS) == 2


def test_some_device_has_a_waste_box() -> None:
    classes = [row.value for device in PRINTERS for row in device.walk.column((*SUPPLIES, 4)).values()]
    assert classes.count(4) >= 3


def test_one_device_has_two_markers() -> None:
    assert [device.name for device in PRINTERS if len(device.walk.column(LIFE_COUNT)) == 2] == [
        "toshiba-e-studio9508lp"
    ]


def test_one_printer_stands_at_index_2_and_its_whole_mib_with_it() -> None:
    device = load_device("oki-c9990dn")
    assert printer_indexes(device) == [2]
    columns = {row.oid[:-2] for row in device.walk.column(SUPPLIES).values()}
    assert columns
    assert {row.oid[11] for row in device.walk.column(SUPPLIES).values()} == {2}
    assert not device.walk.column((*SERIAL_NUMBER, 1))
    assert device.walk.octets((*SERIAL_NUMBER, 2)) == b"SIMAK999014"


def test_one_speaks_v1_only_one_sleeps_one_answers_garbage() -> None:
    odd = {device.name: device.behaviour for device in FLEET if device.behaviour != WELL_BEHAVED}
    assert odd == {
        "canon-ir-adv-c9955": Behaviour(versions=("1",)),
        "hp-laserjet-m9606": Behaviour(sleeps=True),
        "pantum-bm9990dn": Behaviour(garbage=True),
    }
    assert {device.name for device in FLEET if not device.expected["answers"]} == {
        "hp-laserjet-m9606",
        "pantum-bm9990dn",
    }


def test_two_are_no_printers_and_one_of_them_has_queues_that_look_like_it() -> None:
    others = {device.name: printer_indexes(device) for device in FLEET if not device.expected["printer"]}
    assert others == {"hp-switch-s9048": [], "nas-ds9920": [327680, 327681]}
    assert not any(load_device(name).walk.column(PRINTER_MIB) for name in others)


def test_one_name_is_hostile() -> None:
    name = load_device("samsung-sl-m9870").walk.octets(oid("1.3.6.1.2.1.43.5.1.1.16.1"))
    assert name is not None
    assert all(piece in name for piece in (b"\x07", b"<&>", b'"', b"]]>", b"\x1b", b"\x00"))


@pytest.mark.parametrize(
    ("name", "charset", "words"),
    [("konica-bizhub-c955i", 4, "Resttonerbehälter"), ("sharp-mx-9070n", 17, "トナー回収容器")],
)
def test_texts_are_in_the_declared_character_set_and_in_no_other(name: str, charset: int, words: str) -> None:
    walk = load_device(name).walk
    descriptions = [row.value for row in walk.column((*SUPPLIES, 6)).values()]
    encoded = words.encode(CHARSETS[charset])
    assert walk.integer((*CHARACTER_SET, 1, 1)) == charset
    assert encoded in descriptions
    with pytest.raises(UnicodeDecodeError):
        encoded.decode("utf-8")


@each_printer
def test_what_is_expected_is_what_is_written(device: FleetDevice) -> None:
    walk, expected = device.walk, device.expected
    index = expected["hr_device_index"]
    serial = walk.octets((*SERIAL_NUMBER, index))
    assert printer_indexes(device) == [index]
    assert walk.octets(oid(f"1.3.6.1.2.1.25.3.2.1.3.{index}")) == expected["model"].encode()
    assert serial is not None
    assert serial.decode().strip() == expected["serial_number"]
    assert [row.value for row in walk.column(LIFE_COUNT).values()] == [c["life"] for c in expected["life_counts"]]
    assert len(levels(device)) == len(expected["supplies"])


@each_printer
def test_each_expected_level_says_the_recorded_number(device: FleetDevice) -> None:
    """What the maker's own object tells where the Printer MIB says only "some" names it as its origin."""
    words = {-1: "unrestricted", -2: "unknown", -3: "some-remaining"}
    for supply in device.expected["supplies"]:
        index = oid(supply["index"])
        level, capacity = (device.walk.integer((*SUPPLIES, column, *index)) for column in (9, 8))
        assert level is not None
        assert capacity == supply["max_capacity"]
        if "origin" in supply:
            assert level < 0
            assert oid(supply["origin"]["where"]) in device.walk
            continue
        assert supply["level"]["state"] == words.get(level, "measured")
        assert supply["level"].get("units") == (level if level >= 0 else None)
        percent = 100 * level // capacity if level >= 0 and capacity and capacity > 0 else None
        assert supply["level"].get("percent") == percent


@each_printer
def test_each_expected_meter_was_made_of_objects_that_are_recorded(device: FleetDevice) -> None:
    for meter in (*device.expected["vendor_meters"], *device.expected["rivals"]):
        places = [oid(place) for place in re.split(" [+-] ", meter["where"])]
        assert [place for place in places if place not in device.walk] == []


# What of each device is one number, told in several ways; impressions unless a unit is named.
SUMS = {
    "brother-hl-l9999cdw": (
        *(8_611, "total.any", "total.monochrome + total.full-color", "print.any + other.any"),
        *("total.any.a4-or-letter + total.any.b6-or-a5-or-a6 + total.any.envelopes",),
        *("total.any.type-regular + total.any.type-thick + total.any.type-envelopes",),
    ),
    "canon-ir-adv-c9955": (
        *(88_200, "total.any", "total.monochrome + total.full-color", "total.any.large + total.any.small"),
        *("copy.any + print.any + fax.any + report.any",),
        "total.monochrome.large + total.monochrome.small + total.full-color.large + total.full-color.small",
    ),
    "epson-wf-c9990": (
        *(27_650, "total.any", "total.monochrome + total.full-color", "print.any + copy.any"),
        "print.monochrome + copy.monochrome + print.full-color + copy.full-color",
        "total.any.A4 + total.any.A3 + total.any.Letter",
    ),
    "hp-color-laserjet-m956dw": (
        *(43_016, "total.any", "total.monochrome + total.full-color", "total.any.A4 + total.any.Letter"),
        "total.monochrome.A4 + total.full-color.A4 + total.monochrome.Letter + total.full-color.Letter",
        "total.any.any.one + total.any.any.two.sheets + total.any.any.two.sheets",
    ),
    "hp-laserjet-m9606": (20_411, "total.any", "total.monochrome"),
    "konica-bizhub-c955i": (
        *(32_900, "total.any#total-counter"),
        "copy.monochrome + copy.full-color + print.monochrome + print.full-color",
    ),
    "kyocera-ecosys-m9140cidn": (
        *(73_200, "total.any#service-count", "total.monochrome + total.full-color", "print.any + copy.any + fax.any"),
        "total.any.A4 + total.any.A5 + total.any.Letter + total.any.A3 + total.any.Other-1",
        "total.any.any.one + total.any.any.two",
    ),
    "kyocera-ecosys-p9045dn": (
        *(118_020, "total.any#service-count", "total.monochrome", "total.any.A4 + total.any.Letter"),
        "total.any.any.one + total.any.any.two",
    ),
    "lexmark-cx997de": (
        *(63_600, "total.any#safe", "total.monochrome + total.full-color", "print.any + copy.any + fax.any"),
        "total.monochrome + total.tier-1 + total.tier-2 + total.tier-3",
        "total.monochrome.A4 + total.monochrome.Letter + total.full-color.A4 + total.full-color.Letter",
    ),
    "oki-c9990dn": (35_400, "total.any", "total.monochrome + total.full-color"),
    "pantum-bm9990dn": (3_020, "total.any", "total.monochrome", "total.any.A4 + total.any.other"),
    "ricoh-im-c9500": (
        *(152_300, "total.any", "copy.any + print.any + fax.any"),
        "total.monochrome + total.full-color + copy.highlight + print.highlight",
    ),
    "samsung-sl-m9870": (
        *(15_100, "total.monochrome", "total.any.any.one + total.any.any.two"),
        "print.monochrome + copy.monochrome + fax-in.any + report.any",
        "total.monochrome.A4 + total.monochrome.Letter",
    ),
    "sharp-mx-9070n": (
        *(50_130, "total.any", "total.monochrome + total.full-color + total.single + total.two-color"),
        "print.any + copy.any + other.monochrome + other.full-color",
    ),
    "toshiba-e-studio9508lp": (
        *(75_910, "total.any", "total.any@1 + total.any@2", "total.monochrome + total.any@2"),
        "total.any.large + total.any.small",
    ),
    "xerox-primelink-c9290": (
        *(901_230, "total.monochrome + total.full-color", "total.any.any.any.sheets + total.any.any.two.sheets"),
        "print.monochrome + print.full-color + copy.monochrome + copy.full-color + fax.any",
    ),
    "zebra-zt991": (4_876, "total.any.any.any.metres"),
}


@pytest.mark.parametrize("name", SUMS)
def test_the_makers_counters_add_up(name: str) -> None:
    total, *ways = SUMS[name]
    expected = load_device(name).expected
    counted = {meter["key"]: meter["value"] for meter in expected["vendor_meters"]}
    for count in expected["life_counts"]:
        engine = f"@{count['marker'].partition('.')[2]}" if len(expected["life_counts"]) > 1 else ""
        counted[f"total.any.any.any.{count['unit']}{engine}"] = count["life"]
    assert {way: sum(counted[_in_full(term)] for term in str(way).split(" + ")) for way in ways} == dict.fromkeys(
        ways, total
    )


def _in_full(term: str) -> str:
    """Write ``print.any`` as ``print.any.any.any.impressions``, what stands behind @ or # at its end."""
    words, mark, rest = re.fullmatch(r"([^@#]+)([@#]?)(.*)", term).groups()  # type: ignore[union-attr]  # it fits any
    parts = words.split(".")
    return ".".join([*parts, *("any", "any", "impressions")[len(parts) - 2 :]]) + mark + rest


def test_every_printer_counts_in_ways_that_add_up() -> None:
    assert sorted(SUMS) == [device.name for device in PRINTERS]


def test_two_sources_of_one_meter_differ_on_one_device_only() -> None:
    differ = []
    for device in PRINTERS:
        expected = device.expected
        told = {meter["key"]: meter["value"] for meter in expected["vendor_meters"]}
        told |= {f"total.any.any.any.{count['unit']}": count["life"] for count in expected["life_counts"]}
        differ += [(device.name, one["key"]) for one in expected["rivals"] if one["value"] != told[one["key"]]]
    assert differ == [("xerox-primelink-c9290", "total.any.any.any.impressions")]


def test_one_device_has_an_alert_of_each_severity() -> None:
    severities = {device.name: {alert["severity"] for alert in device.expected["alerts"]} for device in PRINTERS}
    each = {"other", "critical", "warning", "warningBinaryChangeEvent"}
    assert [name for name, found in severities.items() if found == each] == ["ricoh-im-c9500"]


def test_one_supply_has_a_level_and_no_capacity_and_some_are_known_in_steps_only() -> None:
    levels = [(device.name, supply) for device in PRINTERS for supply in device.expected["supplies"]]
    uncounted = [name for name, s in levels if s["max_capacity"] == -2 and s["level"].get("units") is not None]
    stepped = {name for name, supply in levels if "step" in supply["level"]}
    assert uncounted == ["samsung-sl-m9870"]
    assert stepped == {"ricoh-im-c9500"}


def test_the_list_of_devices_names_every_folder() -> None:
    readme = Path(str(FLEET[0].folder)).parent.joinpath("README.md").read_text("utf-8")
    assert [device.name for device in FLEET if f"`{device.name}` | {len(device.walk)} |" not in readme] == []


def test_a_fleet_needs_a_network_that_is_large_enough() -> None:
    if len(place_fleet(FLEET)) and place_fleet(FLEET)[0][0] == "127.0.0.1":
        pytest.skip("this system binds only 127.0.0.1")
    with pytest.raises(ValueError, match="6 addresses for 19 devices"):
        place_fleet(FLEET, "127.30.0.0/29")


def test_a_device_that_is_not_there_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="no-such-printer"):
        load_device("no-such-printer")


def test_behaviour_is_read_from_plain_values() -> None:
    given = {"versions": [1], "walk_fault": "grows", "at": "1.3.6", "delay": 0.5}
    assert Behaviour.from_mapping(given) == Behaviour(
        versions=("1",), walk_fault=WalkFault.GROWS, at=(1, 3, 6), delay=0.5
    )


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"slepps": True}, "slepps"),
        ({"versions": [3]}, "not 3"),
        ({"drop": -1}, "not below 0"),
        ({"largest": 70_000}, "65507"),
        ({"walk_fault": "dances"}, "dances"),
    ],
)
def test_behaviour_that_can_not_be_is_refused(given: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Behaviour.from_mapping(given)


@pytest.mark.walks
@pytest.mark.skipif(not WALKS.is_dir() and not os.environ.get("CI"), reason="no ../shared/walks here")
def test_no_serial_number_mac_or_long_text_of_the_fleet_is_one_of_a_real_device() -> None:
    real = {path: path.read_text("utf-8") for path in sorted(WALKS.glob("*.snmprec"))}
    assert real
    for device in FLEET:
        text = device.folder.joinpath("snmp.snmprec").read_text("utf-8")
        assert text not in real.values()
        telling = [device.expected.get("serial_number"), device.expected.get("model"), *device.expected["macs"]]
        for word in filter(None, telling):
            spelt = word.replace(":", "")
            assert not [path.name for path, other in real.items() if word in other or f"|4x|{spelt}\n" in other]
