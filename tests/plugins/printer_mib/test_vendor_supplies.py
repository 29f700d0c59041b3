"""What a profile adds to supplies: only what the device does not say otherwise, to the right one, with its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

import pytest

from pagemeter.model import Level, LevelState, Reading, Scope, Supply, SupplyKind, Unknown
from pagemeter.snmp.types import Oid, Tag, VarBind, Walk, oid
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.printer_mib import SCOPES, parse_printer_mib
from pagemeter_plugins.printer_mib.profiles import parse_profile

Value: TypeAlias = int | bytes | Oid
AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
ACME = "1.3.6.1.4.1.99999"
HEAD = f"name: acme\ntitle: Acme\nroot: {ACME}\nmatch: {{sys_object_id: [{ACME}]}}\nsources: {{T: a test}}\nsupplies:\n"
TOLD = "source: T, unverified: true"
SOME, NONE = -3, -2
TONER, WASTE, DRUM = 21, 4, 9


def supply(row: int, *, level: int, kind: int = TONER, colorant: int = 0, name: bytes = b"", most: int = 100) -> Any:
    """Rows of prtMarkerSuppliesTable: marker, colorant, class, type, description, unit (percent), capacity, level."""
    values = {2: 1, 3: colorant, 4: 4 if kind == WASTE else 3, 5: kind, 6: name, 7: 19, 8: most, 9: level}
    return {(*mib.SUPPLIES, column, 1, row): value for column, value in values.items()}


COLORS = {(*mib.COLORANT_VALUE, 1, n): word for n, word in enumerate((b"black", b"cyan", b"magenta"), start=1)}
DEVICE: dict[Oid, Value] = {
    mib.SYS_OBJECT_ID: oid(f"{ACME}.1"),
    (*mib.GENERAL_SERIAL_NUMBER, 1): b"ACME1",
    (*mib.MARKER_PROCESS_COLORANTS, 1, 1): 4,
    **COLORS,
}


def acme(rows: Mapping[str, Value]) -> dict[Oid, Value]:
    return {oid(f"{ACME}{place}"): value for place, value in rows.items()}


def walk_of(*parts: Mapping[Oid, Value], missing: Iterable[Oid] = ()) -> Walk:
    tags = {int: Tag.GAUGE32, bytes: Tag.OCTET_STRING, tuple: Tag.OBJECT_IDENTIFIER}
    rows = {**DEVICE, **{key: value for part in parts for key, value in part.items()}}
    return Walk((VarBind(key, tags[type(v)], v) for key, v in rows.items()), dict.fromkeys(missing, "timeout"))


def read(rules: str, walk: Walk, scopes: frozenset[Scope] = SCOPES) -> Reading:
    found = parse_printer_mib(walk, scopes, AT, [parse_profile(HEAD + rules, name="acme.yaml")])
    assert isinstance(found, tuple)
    return found[0]


def one(rules: str, walk: Walk) -> Supply:
    [found] = read(rules, walk).supplies
    return found


BY_INDEX = f"  - {{key: {{by: index}}, serial_number: {{column: .2.*}}, part_number: {{column: .3.*}}, {TOLD}}}\n"


def test_a_row_finds_its_supply_by_the_number_in_its_index() -> None:
    walk = walk_of(supply(1, level=50), supply(7, level=60), acme({".2.7": b"S-7", ".3.7": b"P-7"}))
    first, second = read(BY_INDEX, walk).supplies
    assert (first.serial_number, first.part_number) == (None, None)
    assert (second.serial_number, second.part_number) == ("S-7", "P-7")


@pytest.mark.parametrize(("part", "row"), [(0, "7.0"), (-1, "1.7"), (1, "3.7.0")])
def test_the_number_may_stand_anywhere_in_the_index(part: int, row: str) -> None:
    rules = f"  - {{key: {{by: index, part: {part}}}, serial_number: {{column: .2.*}}, {TOLD}}}\n"
    assert one(rules, walk_of(supply(7, level=1), acme({f".2.{row}": b"S-7"}))).serial_number == "S-7"


def test_a_part_that_an_index_does_not_have_finds_nothing() -> None:
    rules = f"  - {{key: {{by: index, part: 4}}, serial_number: {{column: .2.*}}, {TOLD}}}\n"
    assert one(rules, walk_of(supply(7, level=1), acme({".2.7": b"S-7"}))).serial_number is None


def test_what_was_added_names_the_place_and_the_doubt() -> None:
    reading = read(BY_INDEX, walk_of(supply(1, level=50), acme({".2.1": b"S-1"})))
    origin = dict(reading.origins)["supplies.1.1.serial_number"]
    assert (origin.protocol, origin.where, origin.doubt) == ("snmp", f"{ACME}.2.1", "unverified")
    assert reading.supplies[0].origin == mib.origin((*mib.SUPPLIES, 9, 1, 1))


def test_a_place_that_a_recording_proves_leaves_no_doubt() -> None:
    rules = BY_INDEX.replace("unverified: true", "seen_in: [a]")
    reading = read(rules, walk_of(supply(1, level=50), acme({".2.1": b"S-1"})))
    assert dict(reading.origins)["supplies.1.1.serial_number"].doubt is None


def test_what_the_printer_mib_tells_stays() -> None:
    walk = walk_of(supply(1, level=50, name=b"Black, PN 006R1;SNABC"), acme({".2.1": b"S-1", ".3.1": b"P-1"}))
    reading = read(BY_INDEX, walk)
    assert (reading.supplies[0].serial_number, reading.supplies[0].part_number) == ("ABC", "006R1")
    assert not [name for name, _ in reading.origins if name.startswith("supplies.")]


@pytest.mark.parametrize("nothing", [b"", b"0000000000", b"N/A", b"unknown", b"NULL", b"\0\0"])
def test_a_word_for_nothing_is_no_serial_number(nothing: bytes) -> None:
    reading = read(BY_INDEX, walk_of(supply(1, level=50), acme({".2.1": nothing})))
    assert reading.supplies[0].serial_number is None
    assert Unknown(what="supply_serial_numbers", why="device does not tell") in reading.unknown


BY_COLORANT = f"  - {{key: {{by: colorant, column: .4.*}}, serial_number: {{column: .2.*}}, {TOLD}}}\n"
BLACK_AND_CYAN = {**supply(1, level=50, colorant=1), **supply(2, level=50, colorant=2)}


def test_a_row_finds_its_supply_by_the_word_for_its_colorant() -> None:
    walk = walk_of(BLACK_AND_CYAN, acme({".4.1": b"Cyan", ".2.1": b"S-C", ".4.2": b"Black", ".2.2": b"S-K"}))
    assert [found.serial_number for found in read(BY_COLORANT, walk).supplies] == ["S-K", "S-C"]


def test_numbers_of_colorants_are_named_by_the_profile_and_others_are_left_out() -> None:
    rules = BY_COLORANT.replace("column: .4.*", "column: .4.*, names: {3: black, 10: cyan}")
    walk = walk_of(BLACK_AND_CYAN, acme({".4.1": 10, ".2.1": b"S-C", ".4.2": 4, ".2.2": b"S-?"}))
    assert [found.serial_number for found in read(rules, walk).supplies] == [None, "S-C"]


def test_a_colorant_means_toner_and_not_the_drum_of_the_same_color() -> None:
    walk = walk_of(supply(1, level=50, colorant=1), supply(2, level=50, colorant=1, kind=DRUM))
    walk = walk.joined(walk_of(acme({".4.1": b"black", ".2.1": b"S-K"})))
    assert [found.serial_number for found in read(BY_COLORANT, walk).supplies] == ["S-K", None]
    drums = BY_COLORANT.replace("  - {", "  - {types: [opc], ")
    assert [found.serial_number for found in read(drums, walk).supplies] == [None, "S-K"]


def test_of_two_black_cartridges_none_gets_what_may_be_the_others() -> None:
    two = {**supply(1, level=50, colorant=1), **supply(2, level=50, colorant=1)}
    walk = walk_of(two, acme({".4.1": b"black", ".2.1": b"S-1", ".4.2": b"black", ".2.2": b"S-2"}))
    assert [found.serial_number for found in read(BY_COLORANT, walk).supplies] == [None, None]


def test_two_rows_for_one_supply_tell_nothing_of_it() -> None:
    walk = walk_of(supply(1, level=50, colorant=1))
    walk = walk.joined(walk_of(acme({".4.1": b"black", ".2.1": b"S-1", ".4.2": b"black", ".2.2": b"S-2"})))
    assert one(BY_COLORANT, walk).serial_number is None


def test_where_picks_the_rows_that_are_meant() -> None:
    rules = BY_COLORANT.replace("  - {", "  - {where: {.5.*: [1, used]}, ")
    rows: dict[str, Value] = {".4.1": b"black", ".2.1": b"OLD", ".5.1": 2, ".4.2": b"black", ".2.2": b"NOW", ".5.2": 1}
    assert one(rules, walk_of(supply(1, level=50, colorant=1), acme(rows))).serial_number == "NOW"


def test_a_row_finds_its_supply_by_its_name() -> None:
    rules = BY_COLORANT.replace("by: colorant", "by: description")
    walk = walk_of(supply(1, level=50, kind=15, name=b"Fuser Unit"), acme({".4.1": b"fuser unit", ".2.1": b"S-F"}))
    assert one(rules, walk).serial_number == "S-F"


ALONE = f"  - {{colorants: [black], percent: {{oid: .6.0}}, {TOLD}}}\n"


@pytest.mark.parametrize("level", [SOME, NONE, -1])
def test_a_percentage_counts_where_the_printer_mib_tells_no_level(level: int) -> None:
    found = one(ALONE, walk_of(supply(1, level=level & 0xFFFFFFFF, colorant=1), acme({".6.0": 37})))
    assert found.level == Level(state=LevelState.MEASURED, percent=37)
    assert (found.origin.where, found.origin.doubt) == (f"{ACME}.6.0", "unverified")


def test_a_measured_level_is_not_replaced() -> None:
    found = one(ALONE, walk_of(supply(1, level=12, colorant=1), acme({".6.0": 37})))
    assert found.level is not None
    assert (found.level.percent, found.origin) == (12, mib.origin((*mib.SUPPLIES, 9, 1, 1)))


@pytest.mark.parametrize("value", [101, 999, (1 << 32) - 1, b"full"])
def test_what_is_no_percentage_leaves_the_level_as_it_was(value: Value) -> None:
    found = one(ALONE, walk_of(supply(1, level=SOME & 0xFFFFFFFF, colorant=1), acme({".6.0": value})))
    assert found.level is not None
    assert found.level.state is LevelState.SOME_REMAINING


def test_a_number_is_scaled_and_the_words_for_nothing_are_the_profiles() -> None:
    rules = f"  - {{colorants: [black], percent: {{oid: .6.0, divide: 100, absent: [5500]}}, {TOLD}}}\n"
    device = supply(1, level=NONE & 0xFFFFFFFF, colorant=1)
    level = one(rules, walk_of(device, acme({".6.0": 4299}))).level
    assert level is not None
    assert level.percent == 42
    assert one(rules, walk_of(device, acme({".6.0": 5500}))).level == one(rules, walk_of(device)).level


def test_a_level_in_the_makers_unit_brings_its_capacity_and_step() -> None:
    rules = (
        "  - {types: [tonerCartridge], level: {oid: .6.0}, max_capacity: {oid: .7.0}, unit: tenthsOfGrams, step: 10,"
        f" {TOLD}}}\n"
    )
    reading = read(rules, walk_of(supply(1, level=SOME & 0xFFFFFFFF), acme({".6.0": 300, ".7.0": 1200})))
    found = reading.supplies[0]
    assert found.level == Level(state=LevelState.MEASURED, units=300, percent=25, step=10)
    assert (found.max_capacity, found.unit) == (1200, "tenthsOfGrams")
    assert dict(reading.origins)["supplies.1.1.max_capacity"].where == f"{ACME}.7.0"


def test_a_level_without_a_capacity_of_its_unit_has_no_percentage() -> None:
    rules = f"  - {{types: [tonerCartridge], level: {{oid: .6.0}}, unit: tenthsOfGrams, {TOLD}}}\n"
    found = one(rules, walk_of(supply(1, level=SOME & 0xFFFFFFFF), acme({".6.0": 300})))
    assert found.level is not None
    assert (found.level.units, found.level.percent, found.max_capacity) == (300, None, None)


def test_a_capacity_that_the_printer_mib_does_not_know_is_added() -> None:
    rules = f"  - {{types: [tonerCartridge], max_capacity: {{oid: .7.0}}, {TOLD}}}\n"
    device = {**supply(1, level=30, most=NONE & 0xFFFFFFFF), (*mib.SUPPLIES, 7, 1, 1): 13}
    found = one(rules, walk_of(device, acme({".7.0": 120})))
    assert found.level is not None
    assert (found.max_capacity, found.level.units, found.level.percent) == (120, 30, 25)


def test_a_rule_may_say_only_that_levels_come_in_steps() -> None:
    rules = f"  - {{types: [tonerCartridge], step: 10, {TOLD}}}\n"
    walk = walk_of(supply(1, level=40), supply(2, level=SOME & 0xFFFFFFFF), supply(3, level=40, kind=WASTE))
    steps = [found.level.step for found in read(rules, walk).supplies if found.level is not None]
    assert steps == [10, None, None]


def test_pages_left_coverage_and_the_day_of_installation_are_read() -> None:
    rules = (
        "  - {types: [tonerCartridge], pages_left: {oid: .1.0}, coverage: {oid: .2.0, multiply: 10},"
        f" installed_at: {{oid: .3.0}}, description: {{oid: .4.0}}, {TOLD}}}\n"
    )
    device = acme({".1.0": 1500, ".2.0": 55, ".3.0": b"20250102", ".4.0": b"Toner"})
    found = one(rules, walk_of(supply(1, level=40), device))
    assert (found.pages_left, found.coverage, found.description) == (1500, 550, "Toner")
    assert found.installed_at == datetime(2025, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize("pages", [NONE & 0xFFFFFFFF, SOME & 0xFFFFFFFF, (1 << 32) - 1])
def test_minus_two_pages_left_are_none_whatever_type_they_come_in(pages: int) -> None:
    rules = f"  - {{types: [tonerCartridge], pages_left: {{oid: .1.0}}, {TOLD}}}\n"
    assert one(rules, walk_of(supply(1, level=40), acme({".1.0": pages}))).pages_left is None


@pytest.mark.parametrize(
    ("octets", "day"),
    [
        (b"20250102", datetime(2025, 1, 2, tzinfo=UTC)),
        (b"\xfd\xe820250102", datetime(2025, 1, 2, tzinfo=UTC)),
        (b"2025-01-02", datetime(2025, 1, 2, tzinfo=UTC)),
        (b"2025-01-02T23:30:00+02:00", datetime(2025, 1, 2, 21, 30, tzinfo=UTC)),
        (bytes([0x07, 0xE9, 1, 2, 23, 30, 5, 0]), datetime(2025, 1, 2, 23, 30, 5, tzinfo=UTC)),
        (bytes([0x07, 0xE9, 1, 2, 23, 30, 5, 0, ord("-"), 3, 30]), datetime(2025, 1, 3, 3, 0, 5, tzinfo=UTC)),
        (bytes([0x07, 0xE9, 0, 0, 0, 0, 0, 0]), None),
        (b"00000000", None),
        (b"19700101", None),
        (b"20270101", None),
        (b"20250231", None),
        (b"01/02/2025", None),
        (b"1735776000", None),
        (b"", None),
    ],
)
def test_a_day_is_read_where_its_form_leaves_no_doubt(octets: bytes, day: datetime | None) -> None:
    rules = f"  - {{types: [tonerCartridge], installed_at: {{oid: .3.0}}, {TOLD}}}\n"
    assert one(rules, walk_of(supply(1, level=40), acme({".3.0": octets}))).installed_at == day


@pytest.mark.parametrize(
    ("decoder", "value"), [("epoch", 1735776000), ("epoch", b"1735776000"), ("month-first", b"1/2/2025")]
)
def test_a_day_in_another_form_needs_its_decoder(decoder: str, value: Value) -> None:
    rules = f"  - {{types: [tonerCartridge], installed_at: {{oid: .3.0, decode: {{name: {decoder}}}}}, {TOLD}}}\n"
    found = one(rules, walk_of(supply(1, level=40), acme({".3.0": value})))
    assert found.installed_at == datetime(2025, 1, 2, tzinfo=UTC)


def test_a_value_of_one_instance_is_nobodys_where_several_supplies_fit() -> None:
    walk = walk_of(supply(1, level=NONE & 0xFFFFFFFF), supply(2, level=NONE & 0xFFFFFFFF), acme({".6.0": 40}))
    rules = f"  - {{types: [tonerCartridge], percent: {{oid: .6.0}}, {TOLD}}}\n"
    levels = [found.level for found in read(rules, walk).supplies]
    assert {level.state for level in levels if level is not None} == {LevelState.UNKNOWN}


def test_the_only_row_that_where_leaves_is_for_the_only_supply_of_a_type() -> None:
    rules = f"  - {{types: [opc], where: {{.8.*: [drum]}}, serial_number: {{column: .2.*}}, {TOLD}}}\n"
    device = {**supply(1, level=40), **supply(2, level=40, kind=DRUM)}
    rows: dict[str, Value] = {".8.5": b"toner", ".2.5": b"S-T", ".8.6": b"drum", ".2.6": b"S-D"}
    assert [s.serial_number for s in read(rules, walk_of(device, acme(rows))).supplies] == [None, "S-D"]
    two = walk_of(device, acme({**rows, ".8.5": b"drum"}))
    assert [s.serial_number for s in read(rules, two).supplies] == [None, None]


ADDS = (
    "  - {key: {by: colorant, column: .4.*}, adds: true, type: inkCartridge, percent: {column: .6.*},"
    f" serial_number: {{column: .2.*}}, {TOLD}}}\n"
)


def test_a_row_without_a_supply_becomes_one_where_the_profile_says_so() -> None:
    walk = walk_of(supply(1, level=50, colorant=1), acme({".4.1": b"black", ".2.1": b"K", ".4.2": b"cyan", ".6.2": 70}))
    first, second = read(ADDS, walk).supplies
    assert (first.index, first.serial_number) == ("1.1", "K")
    assert (second.index, second.type, second.colorants) == ("1.acme-2", "inkCartridge", ("cyan",))
    assert (second.kind, second.level) == (SupplyKind.CONSUMED, Level(state=LevelState.MEASURED, percent=70))
    assert (second.origin.where, second.origin.doubt, second.at) == (f"{ACME}.6.2", "unverified", AT)


def test_a_supply_that_is_told_by_one_instance_is_added_too() -> None:
    rules = f"  - {{colorants: [black], type: ribbonWax, adds: true, percent: {{oid: .6.0}}, {TOLD}}}\n"
    found = one(rules, walk_of(acme({".6.0": 70})))
    assert (found.index, found.type, found.colorants) == ("1.acme-ribbonWax-black", "ribbonWax", ("black",))


def test_nothing_is_added_of_which_nothing_is_told() -> None:
    assert read(ADDS, walk_of(acme({".4.1": b"black"}))).supplies == ()
    assert read(ADDS, walk_of(acme({".4.1": b"black", ".6.1": 200}))).supplies == ()


def test_nothing_is_added_where_the_table_of_supplies_was_cut_short() -> None:
    rows = acme({".4.1": b"black", ".6.1": 70})
    assert read(ADDS, walk_of(rows, missing=[mib.SUPPLIES])).supplies == ()


def test_a_table_without_an_end_adds_no_more_than_any_device_has() -> None:
    rows = {f".{column}.{n}": value for n in range(3000) for column, value in ((4, b"tint %d" % n), (6, 50))}
    assert len(read(ADDS, walk_of(acme(rows))).supplies) == 40


def test_conditions_decide_whether_a_rule_holds() -> None:
    walk = walk_of(supply(1, level=NONE & 0xFFFFFFFF, colorant=1), acme({".6.0": 40}))
    for condition, percent in (("color", 40), ("monochrome", None)):
        level = one(ALONE.replace("  - {", f"  - {{when: [{{engine: {condition}}}], "), walk).level
        assert level is not None
        assert level.percent == percent


def test_the_first_rule_that_tells_a_value_counts() -> None:
    walk = walk_of(supply(1, level=NONE & 0xFFFFFFFF, colorant=1), acme({".6.0": 40, ".7.0": 50}))
    level = one(ALONE + ALONE.replace(".6.0", ".7.0"), walk).level
    assert level is not None
    assert level.percent == 40


def test_supplies_are_completed_only_where_they_were_asked_for() -> None:
    reading = read(BY_INDEX, walk_of(supply(1, level=50), acme({".2.1": b"S-1"})), frozenset({Scope.STATUS}))
    assert reading.supplies == ()
    assert not [name for name, _ in reading.origins if name.startswith("supplies.")]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no profile"),
        ("not_told: {supply_serial_number: cartridges have no chip}\n", "cartridges have no chip"),
    ],
)
def test_why_no_serial_number_of_a_supply_is_known_is_said_once(text: str, why: str) -> None:
    walk = walk_of(supply(1, level=50), supply(2, level=50))
    profile = parse_profile(HEAD.removesuffix("supplies:\n") + text, name="acme.yaml")
    found = parse_printer_mib(walk, SCOPES, AT, [profile])
    assert isinstance(found, tuple)
    assert [one.why for one in found[0].unknown if one.what == "supply_serial_numbers"] == [why]


COVERAGE = f"coverage:\n  - {{oid: .9.0, {TOLD}}}\n"


def coverage(walk: Walk) -> tuple[list[int | None], list[str]]:
    profile = parse_profile(HEAD.removesuffix("supplies:\n") + COVERAGE, name="acme.yaml")
    found = parse_printer_mib(walk, SCOPES, AT, [profile])
    assert isinstance(found, tuple)
    markers = [marker.coverage for marker in found[0].markers]
    return markers, [name for name, _ in found[0].origins if name.startswith("markers.")]


def test_the_only_marker_has_the_devices_coverage() -> None:
    assert coverage(walk_of(acme({".9.0": 512}))) == ([512], ["markers.1.1.coverage"])
    assert coverage(walk_of(acme({".9.0": 10_001}))) == ([None], [])


def test_of_several_markers_none_has_the_devices_coverage() -> None:
    walk = walk_of({(*mib.MARKER_PROCESS_COLORANTS, 1, 2): 1}, acme({".9.0": 512}))
    assert coverage(walk) == ([None, None], [])
