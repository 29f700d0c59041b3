"""What rules make of a walk: counters by place, condition and sum, and nothing that is not exactly what it claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import cycle
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pagemeter.model import MeterUnit, Quality, Reading, Scope
from pagemeter.snmp.types import Oid, Tag, VarBind, Walk, oid
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.meters import media_name, meter_reads_of
from pagemeter_plugins.printer_mib.objects import objects_of, probes_of
from pagemeter_plugins.printer_mib.printer_mib import SCOPES, parse_printer_mib
from pagemeter_plugins.printer_mib.profile import Profile
from pagemeter_plugins.printer_mib.profiles import parse_profile, shipped_profiles
from pagemeter_plugins.printer_mib.vendor_status import vendor_alerts
from pagemeter_plugins.printer_mib.vendor_supplies import with_vendor_values

Value: TypeAlias = int | bytes | Oid
AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
ACME = "1.3.6.1.4.1.99999"
HEAD = f"name: acme\ntitle: Acme\nroot: {ACME}\nmatch: {{sys_object_id: [{ACME}]}}\nsources: {{T: a test}}\n"
TOLD = "source: T, unverified: true"
DEVICE: dict[Oid, Value] = {
    mib.SYS_OBJECT_ID: oid(f"{ACME}.1"),
    (*mib.GENERAL_SERIAL_NUMBER, 1): b"ACME1",
    (*mib.MARKER_LIFE_COUNT, 1, 1): 5000,
    (*mib.MARKER_COUNTER_UNIT, 1, 1): 7,
}
COLOR = {(*mib.MARKER_PROCESS_COLORANTS, 1, 1): 4}
MONO = {(*mib.MARKER_PROCESS_COLORANTS, 1, 1): 1}
ALL_ONES = (1 << 32) - 1


def acme(text: str) -> Profile:
    return parse_profile(HEAD + text, name="acme.yaml")


def walk_of(rows: Mapping[str, Value], more: Mapping[Oid, Value] = COLOR, missing: Sequence[str] = ()) -> Walk:
    tags = {int: Tag.COUNTER32, bytes: Tag.OCTET_STRING, tuple: Tag.OBJECT_IDENTIFIER}
    told = {**DEVICE, **more, **{oid(ACME + key): value for key, value in rows.items()}}
    cut = {oid(ACME + place): "timeout" for place in missing}
    return Walk((VarBind(key, tags[type(value)], value) for key, value in told.items()), cut)


def read(profile: Profile, walk: Walk) -> Reading:
    found = parse_printer_mib(walk, SCOPES, AT, [profile])
    assert isinstance(found, tuple)
    return found[0]


def copies(rule: str, walk: Walk) -> list[int]:
    """The values that a rule for copies finds."""
    profile = acme(f"meters:\n  - {{{rule}, work: copy, unit: impressions, {TOLD}}}\n")
    return [meter.value for meter in read(profile, walk).meter_reads if meter.work == "copy"]


ROWS: dict[str, Value] = {
    ".1.1": 100,
    ".1.2": 20,
    ".1.3": 3,
    ".2.1": b"A4",
    ".2.2": b"A3",
    ".2.3": b"A4",
    ".3.1": 1,
    ".3.2": 1,
    ".3.3": 2,
    ".8.0": 7,
    ".9.0": 40,
}


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("oid: .8.0", [7]),
        ("oid: .7.0", []),
        ("oid: .8.0, multiply: 1000, divide: 3", [2333]),
        ("oid: .8.0, absent: [7]", []),
        ("column: .1.*", [123]),
        ("column: .7.*", []),
        ("column: .1.*, where: {.3.*: [1]}", [120]),
        ("column: .1.*, where: {.2.*: [A4], .3.*: [2]}", [3]),
        ("column: .1.*, where: {.2.*: [A5]}", []),
        ("column: .1.*, index: {0: [2, 3]}", [23]),
        ("column: .1.*, index: {1: [2]}", []),
        ("sum_of: [.1.*, .8.0]", [130]),
        ("sum_of: [.1.*, .7.0]", []),
        ("sum_of: [.8.0], optional: [.9.0, .7.0, .7.*]", [47]),
        ("sum_of: [.1.*], minus: [.9.0]", [83]),
        ("sum_of: [.8.0], minus: [.9.0]", []),
        ("sum_of: [.9.0], minus: [.7.0]", []),
        ("each: .1.*, media_names: {column: .2.*}", [103, 20]),
        ("each: .1.*, media_names: {column: .2.*, names: {A3: large}}", [20]),
        ("each: .1.*, media_names: {column: .2.*}, where: {.3.*: [2]}", [3]),
        ("oid: .8.0, when: [{engine: color}]", [7]),
        ("oid: .8.0, when: [{engine: monochrome}]", []),
        ("oid: .8.0, when: [{oid: .3.1, is: [1, 5]}]", [7]),
        ("oid: .8.0, when: [{oid: .2.1, is: [A4]}]", [7]),
        ("oid: .8.0, when: [{oid: .2.1, is: [A3]}]", []),
        ("oid: .8.0, when: [{oid: .7.1, is: [1]}]", []),
        ("oid: .8.0, when: [{has: .1.*}, {lacks: .7.0}]", [7]),
        ("oid: .8.0, when: [{has: .1.*}, {has: .7.0}]", []),
        ("oid: .8.0, when: [{lacks: .1.*}]", []),
    ],
)
def test_a_rule_finds_its_counter(rule: str, found: list[int]) -> None:
    assert copies(rule, walk_of(ROWS)) == found


def test_a_sum_that_no_counter_holds_is_none() -> None:
    most = (1 << 63) - 1
    assert copies("sum_of: [.1.0, .2.0]", walk_of({".1.0": most, ".2.0": 1})) == []
    assert copies("oid: .1.0, multiply: 2", walk_of({".1.0": most})) == []


@pytest.mark.parametrize("value", [ALL_ONES, b"", b"many", b"12 pages", b"-5", b"123456789012345678901", 1 << 63])
def test_what_is_no_count_is_no_counter(value: Value) -> None:
    assert copies("oid: .8.0", walk_of({".8.0": value})) == []


@pytest.mark.parametrize("decoder", ["hp-float", "big-endian", "hex-number", "length-prefixed"])
def test_a_number_is_no_octets_of_a_makers_own_format(decoder: str) -> None:
    assert copies(f"oid: .8.0, decode: {{name: {decoder}}}", walk_of({".8.0": 1154})) == []


def test_digits_in_a_text_are_a_count() -> None:
    assert copies("oid: .8.0", walk_of({".8.0": b" 0012\0"})) == [12]


def test_a_count_inside_a_makers_own_format_is_decoded_and_its_place_named() -> None:
    walk = walk_of({".8.0": bytes.fromhex("01010400000fa0ff")})
    profile = acme(
        "meters:\n  - {oid: .8.0, decode: {name: brother-records, field: 01}, work: copy, unit: impressions,"
        f" {TOLD}}}\n"
    )
    [meter] = [one for one in read(profile, walk).meter_reads if one.work == "copy"]
    assert (meter.value, meter.raw, meter.origin.where) == (4000, "4000", f"{ACME}.8.0")


@pytest.mark.parametrize(
    "rule",
    [
        "column: .1.*",
        "column: .1.*, where: {.3.*: [1]}",
        "sum_of: [.1.*, .8.0]",
        "each: .1.*, media_names: {column: .2.*}",
        "oid: .8.0, when: [{lacks: .7.*}]",
    ],
)
@pytest.mark.parametrize("cut", [".1", ".2", ".3", ".7"])
def test_of_a_table_that_was_cut_short_no_counter_is_made(rule: str, cut: str) -> None:
    assert bool(copies(rule, walk_of(ROWS, missing=[cut]))) is (f"{cut}.*" not in rule)


def test_a_table_that_was_cut_short_is_named_and_is_why_mono_is_not_known() -> None:
    profile = acme(f"meters:\n  - {{column: .1.*, work: total, color: monochrome, unit: sheets, {TOLD}}}\n")
    reading = read(profile, walk_of(ROWS, missing=[".1"]))
    assert reading.missing == (f"{ACME}.1: timeout",)
    assert "mono: not all of the maker's counters were read" in map(str, reading.unknown)
    assert "mono" not in {one.what for one in read(profile, walk_of(ROWS)).unknown}


def test_makers_objects_of_one_reason_are_named_together() -> None:
    reading = read(acme(""), walk_of(ROWS, missing=[".3", ".1", ".2"]))
    assert reading.missing == (f"{ACME}.1 and 2 more: timeout",)


def test_the_unit_may_be_told_by_the_device() -> None:
    rule = "{oid: .8.0, unit_from: {oid: .9.0, units: {40: sheets}}, work: copy, " + TOLD + "}"
    profile = acme(f"meters:\n  - {rule}\n")
    [meter] = [one for one in read(profile, walk_of(ROWS)).meter_reads if one.work == "copy"]
    assert meter.unit is MeterUnit.SHEETS
    assert not [one for one in read(profile, walk_of({**ROWS, ".9.0": 41})).meter_reads if one.work == "copy"]


def test_what_no_recording_proves_is_unverified() -> None:
    text = f"meters:\n  - {{oid: .8.0, work: copy, unit: sheets, {TOLD}}}\n"
    for told, quality, doubt in (
        (text, Quality.UNVERIFIED, "unverified"),
        (text.replace("unverified: true", "seen_in: [a]"), Quality.MEASURED, None),
    ):
        [meter] = [one for one in read(acme(told), walk_of(ROWS)).meter_reads if one.work == "copy"]
        assert (meter.quality, meter.origin.doubt) == (quality, doubt)


@pytest.mark.parametrize(
    ("text", "device", "mono", "color"),
    [
        (None, COLOR, "no profile", "no profile"),
        (None, MONO, "no profile", "the engine has one colorant"),
        (f"meters:\n  - {{oid: .7.0, work: copy, unit: sheets, {TOLD}}}\n", COLOR, "device does not tell", None),
        ("not_told: {mono: it has no such counter}\n", COLOR, "it has no such counter", "no profile"),
    ],
)
def test_why_a_counter_is_not_known_is_said(
    text: str | None, device: Mapping[Oid, Value], mono: str, color: str | None
) -> None:
    found = parse_printer_mib(walk_of(ROWS, device), SCOPES, AT, [acme(text)] if text is not None else [])
    assert isinstance(found, tuple)
    why = {one.what: one.why for one in found[0].unknown}
    assert (why["mono"], why["color"]) == (mono, color or mono)


def test_a_profiles_count_of_everything_is_a_life_count() -> None:
    text = f"meters:\n  - {{oid: .8.0, work: total, unit: impressions, {TOLD}}}\n"
    rows = {key: value for key, value in walked(walk_of(ROWS)).items() if key[: len(mib.MARKER)] != mib.MARKER}
    for profile, cut, why in (
        (acme(text), {}, None),
        (acme(""), {}, "device does not tell"),
        (acme(""), {mib.MARKER: "timeout"}, "prtMarkerTable was not read to its end"),
    ):
        reading = read(profile, Walk(rows.values(), cut))
        assert {one.what: one.why for one in reading.unknown}.get("life_count") == why


def walked(walk: Walk) -> dict[Oid, VarBind]:
    return {row.oid: row for row in walk}


OBJECTS = f"""\
identity:
  firmware: [{{oid: .10.0, {TOLD}}}]
meters:
  - {{column: .1.*, where: {{.3.*: [1]}}, when: [{{has: .11.0}}], work: copy, unit: sheets, {TOLD}}}
coverage: [{{oid: .12.0, {TOLD}}}]
supplies:
  - {{key: {{by: colorant, column: .13.*}}, when: [{{lacks: .14.*}}], percent: {{column: .15.*}}, {TOLD}}}
panel: [{{oid: .16.0, {TOLD}}}]
status: [{{oid: .17.0, codes: {{1: {{description: Ready}}}}, {TOLD}}}]
"""


@pytest.mark.parametrize(
    ("scope", "instances", "columns"),
    [
        (Scope.IDENTITY, {10}, set()),
        (Scope.METERS, {11, 12}, {1, 3}),
        (Scope.SUPPLIES, set(), {13, 14, 15}),
        (Scope.STATUS, {16, 17}, set()),
    ],
)
def test_a_scope_needs_its_own_objects_and_no_others(scope: Scope, instances: set[int], columns: set[int]) -> None:
    needed = objects_of([acme(OBJECTS)], frozenset({scope}))
    assert set(needed.instances) == {oid(f"{ACME}.{number}.0") for number in instances}
    assert set(needed.columns) == {oid(f"{ACME}.{number}") for number in columns}


def test_an_object_that_several_rules_need_is_asked_for_once() -> None:
    rule = f"  - {{oid: .8.0, work: copy, unit: sheets, {TOLD}}}\n"
    profile = acme("meters:\n" + rule + rule.replace("copy", "print"))
    assert objects_of([profile, profile], SCOPES).instances == (oid(f"{ACME}.8.0"),)


def test_what_is_walked_anyway_is_not_asked_for_again() -> None:
    rule = f"work: copy, unit: sheets, {TOLD}"
    text = f"meters:\n  - {{column: .1.2.*, {rule}}}\n  - {{column: .1.*, {rule}}}\n  - {{oid: .1.5.0, {rule}}}\n"
    needed = objects_of([acme(text + f"  - {{oid: .2.0, {rule}}}\n")], SCOPES)
    assert (needed.columns, needed.instances) == ((oid(f"{ACME}.1"),), (oid(f"{ACME}.2.0"),))
    assert objects_of([acme(text)], SCOPES, [oid(f"{ACME}.1")]).columns == ()


def test_only_what_answers_the_probes_gets_the_profile() -> None:
    text = HEAD.replace("match: {", "match: {probe: [{oid: .20.0}, {oid: .21.0, matches: ^Acme}], ")
    profile = parse_profile(text + f"identity:\n  firmware: [{{oid: .10.0, {TOLD}}}]\n", name="acme.yaml")
    assert probes_of([profile, acme("")]) == (oid(f"{ACME}.20.0"), oid(f"{ACME}.21.0"))
    rows: dict[str, Value] = {".10.0": b"1.0", ".20.0": 0, ".21.0": b"Acme 9"}
    assert read(profile, walk_of(rows)).identity.firmware == "1.0"
    assert read(profile, walk_of({**rows, ".21.0": b"Other"})).identity.firmware is None
    assert (
        read(profile, walk_of({key: value for key, value in rows.items() if key != ".20.0"})).identity.firmware is None
    )


JUNK: list[Value] = [0, 1, 7, 100, -1, ALL_ONES, 1 << 40, b"", b"\xff", b"A4", b"black", b"20250102", bytes(11), (1, 3)]


@pytest.mark.parametrize("profile", shipped_profiles(), ids=lambda profile: profile.name)
@given(st.lists(st.sampled_from(JUNK), min_size=1, max_size=40), st.sampled_from([(1,), (1, 1), (3, 1, 0)]))
@settings(max_examples=15, deadline=None)
def test_whatever_a_device_answers_a_shipped_profile_makes_numbers_or_nothing(
    profile: Profile, values: list[Value], row: Oid
) -> None:
    needed = objects_of([profile], SCOPES)
    places = [*needed.instances, *((*column, *row) for column in needed.columns)]
    tags = {int: Tag.INTEGER, bytes: Tag.OCTET_STRING, tuple: Tag.OBJECT_IDENTIFIER}
    rows = {**DEVICE, **COLOR, **dict(zip(places, cycle(values), strict=False))}
    walk = Walk(VarBind(key, tags[type(value)], value) for key, value in rows.items())
    reads, rivals = meter_reads_of(walk, 1, [profile], AT)
    assert all(0 <= read.value < 1 << 80 for read in (*reads, *(rival.read for rival in rivals)))
    supplies, _ = with_vendor_values((), walk, 1, [profile], "color", AT)
    assert all(supply.level is None or supply.level.percent in (None, *range(101)) for supply in supplies)
    alerts, _ = vendor_alerts(walk, [profile], ())
    assert len({alert.key for alert in alerts}) == len(alerts)


ABOVE = "it is more than the device's life count"


@pytest.mark.parametrize(("mono", "doubt"), [(5000, None), (5200, None), (5251, ABOVE), (9000, ABOVE)])
def test_a_part_that_is_far_above_the_whole_is_doubted_and_kept(mono: int, doubt: str | None) -> None:
    profile = acme(
        "meters:\n  - {oid: .8.0, work: total, color: monochrome, unit: impressions, source: T, seen_in: [acme]}\n"
    )
    [found] = [one for one in read(profile, walk_of({".8.0": mono})).meter_reads if one.color == "monochrome"]
    assert (found.value, found.quality, found.origin.doubt) == (mono, Quality.MEASURED, doubt)


@pytest.mark.parametrize(
    ("told", "name"),
    [
        *(("a4", "A4"), ("A4", "A4"), ("jis-b5", "JIS-B5"), ("LETTER", "Letter"), ("letter", "Letter")),
        *(("Other 1", "Other-1"), ("large", "large"), ("a4-or-letter", "a4-or-letter"), ("8.5 x 14", "8-5-x-14")),
        ("...", "other"),
    ],
)
def test_a_size_is_spelt_alike_whoever_tells_it(told: str, name: str) -> None:
    assert media_name(told) == name
