"""What makers and firmware do with prtMarkerSuppliesTable, and what a supply is all the same."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pagemeter.model import Condition, Input, LevelState, Supply, SupplyKind
from pagemeter.snmp.types import Oid, Tag, VarBind, Walk
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.alerts import conditions_of
from pagemeter_plugins.printer_mib.localization import description
from pagemeter_plugins.printer_mib.subunits import inputs_of
from pagemeter_plugins.printer_mib.supplies import supplies_of

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
RICOH, BROTHER, ACME = (1, 3, 6, 1, 4, 1, 367, 1, 1), (1, 3, 6, 1, 4, 1, 2435, 2), (1, 3, 6, 1, 4, 1, 99999)
TONER, OPC, WASTE, OTHER = 3, 9, 4, 1
COLORANT, CLASS, TYPE, WORDS, UNIT, CAPACITY, LEVEL = 3, 4, 5, 6, 7, 8, 9


def bind(where: Oid, value: int | bytes) -> VarBind:
    return VarBind(where, Tag.INTEGER if isinstance(value, int) else Tag.OCTET_STRING, value)


def row(table: Oid, index: int, columns: dict[int, int | bytes]) -> list[VarBind]:
    return [bind((*table, column, 1, index), value) for column, value in columns.items()]


def supply(index: int, columns: dict[int, int | bytes]) -> list[VarBind]:
    return row(mib.SUPPLIES, index, columns)


def read(*binds: VarBind, maker: Oid = ACME) -> list[Supply]:
    walk = Walk([VarBind(mib.SYS_OBJECT_ID, Tag.OBJECT_IDENTIFIER, maker), *binds])
    return list(supplies_of(walk, 1, AT, conditions_of(walk, 1)))


def level_of(found: Supply | Input) -> tuple[LevelState, int | None, int | None]:
    assert found.level is not None
    return found.level.state, found.level.units, found.level.percent


def tenths(*levels: int) -> list[VarBind]:
    rows = (supply(place, {TYPE: TONER, CAPACITY: 100, LEVEL: level}) for place, level in enumerate(levels, 1))
    return [bind for one in rows for bind in one]


def steps(found: list[Supply]) -> list[int | None]:
    return [one.level.step for one in found if one.level is not None]


def test_ricohs_levels_are_steps_of_ten_unless_one_lies_between() -> None:
    assert steps(read(*tenths(40, 100, 0), maker=RICOH)) == [10, 10, 10]
    assert steps(read(*tenths(40, 35), maker=RICOH)) == [None, None]
    assert steps(read(*tenths(40, 100), maker=ACME)) == [None, None]
    assert steps(read(*tenths(-3, 20), maker=RICOH)) == [None, 10]


def test_ricohs_minus_100_is_empty_or_nearly_and_no_level() -> None:
    [found] = read(*supply(1, {CLASS: 3, TYPE: TONER, CAPACITY: 100, LEVEL: -100}), maker=RICOH)
    assert level_of(found) == (LevelState.UNKNOWN, None, None)
    assert found.level is not None
    assert "-100" in (found.level.why or "")
    assert found.condition is Condition.EMPTY
    [box] = read(*supply(1, {CLASS: 4, TYPE: WASTE, CAPACITY: 100, LEVEL: -100}), maker=RICOH)
    assert box.condition is None
    [other] = read(*supply(1, {CLASS: 3, TYPE: TONER, CAPACITY: 100, LEVEL: -100}), maker=ACME)
    assert other.condition is None
    assert other.level is not None
    assert other.level.why == "level -100 is in no standard"


@pytest.mark.parametrize(
    ("level", "condition"), [(0, None), (1, Condition.LOW), (2, Condition.EMPTY), (3, Condition.LOW)]
)
def test_brothers_older_units_send_words_where_there_is_no_capacity(level: int, condition: Condition | None) -> None:
    [toner, drum] = read(
        *supply(1, {CLASS: 3, TYPE: TONER, CAPACITY: -2, LEVEL: level}),
        *supply(2, {CLASS: 3, TYPE: OPC, CAPACITY: 12000, LEVEL: 3}),
        maker=BROTHER,
    )
    assert (toner.condition, drum.condition) == (condition, None)
    assert level_of(toner) == (LevelState.MEASURED, level, None)
    [counted] = read(*supply(1, {CLASS: 3, TYPE: TONER, CAPACITY: 100, LEVEL: 2}), maker=BROTHER)
    assert counted.condition is None


def test_a_full_waste_bottle_that_says_100_of_100_is_not_called_full() -> None:
    box: dict[int, int | bytes] = {CLASS: 4, TYPE: WASTE, CAPACITY: 100, LEVEL: 100}
    [found] = read(*supply(2, box))
    assert (found.kind, found.condition, level_of(found)) == (
        *(SupplyKind.FILLED, None),
        (LevelState.MEASURED, 100, 100),
    )
    [full] = read(*supply(2, box), *row(mib.ALERT, 1, {2: 3, 4: 11, 5: 2, 7: 1109}))
    assert full.condition is Condition.EMPTY


@pytest.mark.parametrize(
    "words", [b"Waste Toner Box", "Resttonerbehälter".encode(), "トナー回収容器".encode(), "废粉盒".encode()]
)
def test_a_box_without_a_class_is_known_by_its_name(words: bytes) -> None:
    [found] = read(*supply(1, {WORDS: words, LEVEL: -3}))
    assert found.kind is SupplyKind.FILLED


def test_levels_and_capacities_come_as_text_and_with_any_tag() -> None:
    [found] = read(*supply(1, {UNIT: b"19", CAPACITY: b"100", LEVEL: b" 75\0"}))
    assert level_of(found) == (LevelState.MEASURED, 75, 75)
    [odd] = read(*supply(1, {CAPACITY: b"full", LEVEL: b"many"}))
    assert odd.level is not None
    assert odd.level.why == "the device sends no level"
    wrapped = VarBind((*mib.SUPPLIES, LEVEL, 1, 1), Tag.COUNTER64, 2**64 - 3)
    assert level_of(read(wrapped)[0]) == (LevelState.SOME_REMAINING, None, None)


def test_the_one_supply_of_a_device_that_leaves_out_the_row_is_read() -> None:
    binds = [
        bind((*mib.SUPPLIES, column, 1), value) for column, value in {TYPE: TONER, CAPACITY: 1500, LEVEL: 300}.items()
    ]
    [found] = read(*binds)
    assert (found.index, level_of(found)) == ("1.1", (LevelState.MEASURED, 300, 20))
    assert found.origin.where == "1.3.6.1.2.1.43.11.1.1.9.1"


@pytest.mark.parametrize(
    ("colorant", "value", "words", "colors"),
    [
        (1, b"BLACK", b"", ("black",)),
        (1, b"black\0", b"Toner", ("black",)),
        (1, "黒".encode("shift_jis"), b"", ("black",)),
        (7, None, b"Light Cyan Ink", ("light-cyan",)),
        (1, b"none", b"Yellow Toner", ("yellow",)),
        (1, b"vendor9", b"", ("vendor9",)),
        (0, None, b"Toner Schwarz", ("black",)),
        (None, None, b"Magenta", ("magenta",)),
        (1, b"cyan", b"Photo Cyan", ("photo-cyan",)),
    ],
)
def test_colors_come_from_colorant_rows_and_descriptions(
    colorant: int | None, value: bytes | None, words: bytes, colors: tuple[str, ...]
) -> None:
    columns: dict[int, int | bytes] = {TYPE: TONER, WORDS: words, LEVEL: -3}
    if colorant is not None:
        columns[COLORANT] = colorant
    binds = supply(1, columns)
    if value is not None:
        binds.append(bind((*mib.COLORANT_VALUE, 1, 1), value))
    assert read(*binds)[0].colorants == colors


def test_a_drum_without_colorant_has_no_color_though_its_name_has_one() -> None:
    [drum] = read(*supply(1, {COLORANT: 0, TYPE: OPC, WORDS: b"Drum (black)", LEVEL: -3}))
    assert drum.colorants == ()


def status(bits: bytes, device: int) -> list[VarBind]:
    return [bind((*mib.HR_PRINTER_DETECTED_ERROR_STATE, 1), bits), bind((*mib.HR_DEVICE_STATUS, 1), device)]


SOME = [*supply(1, {CLASS: 3, TYPE: TONER, LEVEL: -3}), *supply(2, {CLASS: 4, TYPE: WASTE, LEVEL: -3})]


@pytest.mark.parametrize(
    ("binds", "conditions"),
    [
        ([], [None, None]),
        (status(b"\0", 2), [Condition.OK, Condition.OK]),
        (status(b"", 2), [Condition.OK, Condition.OK]),
        (status(b"\x40", 5), [Condition.OK, None]),
        (status(b"\x20", 3), [Condition.LOW, None]),
        (status(b"\x10", 5), [Condition.EMPTY, None]),
        (status(b"\0\x20", 5), [Condition.MISSING, None]),
        ([*status(b"\0", 2), *row(mib.ALERT, 1, {2: 4, 4: 11, 5: 2, 7: 1107})], [None, Condition.LOW]),
    ],
)
def test_some_remaining_is_ok_or_low_by_what_else_the_device_says(
    binds: list[VarBind], conditions: list[Condition | None]
) -> None:
    assert [found.condition for found in read(*SOME, *binds)] == conditions


def test_an_alert_calls_a_supply_foreign() -> None:
    alert = row(mib.ALERT, 1, {2: 4, 4: 11, 5: 1, 7: 1, 8: b"Non-genuine toner"})
    assert [found.condition for found in read(*SOME, *alert)] == [Condition.FOREIGN, None]


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"48 50 20 43 61 72 74", "HP Cart"),
        (b"0x4865742042FC726F", "Het Büro"),
        (b"54 6F 6E 65 72 00", "Toner"),
        (b"48 50 20", "HP"),
        (b"10 20 30", "10 20 30"),
        (b"12 34", "12 34"),
        (b"485020", "485020"),
        (b"CAFE", "CAFE"),
        (b"\x01\x15T\xc6ner", "Tóner"),
    ],
)
def test_octets_in_hexadecimal_digits_are_read_where_they_spell_words(raw: bytes, told: str) -> None:
    where = (*mib.SUPPLIES, WORDS, 1, 1)
    assert description(Walk([bind(where, raw)]), where) == told


def localized(charset: int | None, language: bytes) -> list[VarBind]:
    binds = [bind((*mib.GENERAL_CURRENT_LOCALIZATION, 1), 2), bind((*mib.LOCALIZATION, 2, 1, 2), language)]
    return binds if charset is None else [*binds, bind((*mib.LOCALIZATION_CHARACTER_SET, 1, 2), charset)]


@pytest.mark.parametrize(
    ("charset", "language", "codec", "words"),
    [
        (2004, b"de", "hp-roman8", "Überführung"),
        (None, b"ko", "euc_kr", "폐토너통"),
        (None, b"zh-TW", "big5", "黑色碳粉匣"),
        (None, b"cs", "cp1250", "Černá"),
        (2, b"pl", "cp1250", "Żółty"),
        (106, b"el", "cp1253", "Μαύρο"),
    ],
)
def test_the_declared_set_or_language_says_how_descriptions_are_written(
    charset: int | None, language: bytes, codec: str, words: str
) -> None:
    [found] = read(*localized(charset, language), *supply(1, {WORDS: words.encode(codec), LEVEL: -3}))
    assert found.description == words


def test_an_input_tells_some_paper_and_why_there_is_no_percentage() -> None:
    walk = Walk(
        [
            *row(mib.INPUT, 1, {8: 8, 9: 250, 10: -3, 13: "Küche".encode("cp1252")}),
            *row(mib.INPUT, 2, {8: 8, 9: -2, 10: 40}),
            *row(mib.INPUT, 3, {8: 8, 9: 1, 10: 0}),
            *row(mib.INPUT, 4, {8: 8, 9: 500}),
        ]
    )
    some, without, manual, silent = inputs_of(walk, 1)
    assert (some.name, level_of(some)) == ("Küche", (LevelState.SOME_REMAINING, None, None))
    assert without.level is not None
    assert without.level.why == "the capacity is unknown (-2)"
    assert manual.level is not None
    assert (manual.level.percent, manual.level.step) == (0, None)
    assert level_of(silent) == (LevelState.UNKNOWN, None, None)
