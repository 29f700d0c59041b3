"""Which supply a device's words are about, and what they say of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pagemeter.conditions import Sign, is_foreign, judged, sign_of_code, signs_of_bits, signs_of_reasons
from pagemeter.model import Condition, Level, LevelState, Origin, Supply, SupplyKind

OK, LOW, EMPTY = Condition.OK, Condition.LOW, Condition.EMPTY
MISSING, FOREIGN = Condition.MISSING, Condition.FOREIGN
SOME = Level(state=LevelState.SOME_REMAINING)


def supply(
    row: int, supply_type: str | None, *colorants: str, level: Level | None = None, description: str | None = None
) -> Supply:
    filled = (supply_type or "").startswith("waste")
    return Supply(
        index=f"1.{row}",
        kind=SupplyKind.FILLED if filled else SupplyKind.CONSUMED,
        type=supply_type,
        colorants=colorants,
        description=description,
        level=level,
        origin=Origin(protocol="snmp", where=f"1.3.6.1.2.1.43.11.1.1.9.1.{row}"),
        at=datetime(2026, 1, 31, tzinfo=UTC),
    )


BLACK, CYAN = supply(1, "toner", "black"), supply(2, "toner", "cyan")
DRUM, WASTE = supply(3, "opc", "black"), supply(4, "wasteToner")
COLOR = (BLACK, CYAN, DRUM, WASTE)
MONO = (BLACK, DRUM, WASTE)


def conditions(supplies: tuple[Supply, ...], *signs: Sign | None, well: bool = False) -> list[Condition | None]:
    found = judged(supplies, [sign for sign in signs if sign is not None], toner_well=well, all_well=well)
    return [one.condition for one in found]


def alert(code: int, row: int | None = None, *colorants: str, group: bool = True) -> Sign | None:
    where = None if row is None else f"1.{row}"
    return sign_of_code(code, of_supplies=group, supply=where, colorants=colorants)


@pytest.mark.parametrize(
    ("code", "row", "expected"),
    [
        (1104, 2, [None, LOW, None, None]),
        (1101, 1, [EMPTY, None, None, None]),
        (1115, 2, [None, MISSING, None, None]),
        (12, 2, [None, LOW, None, None]),
        (13, 3, [None, None, EMPTY, None]),
        (9, 1, [MISSING, None, None, None]),
        (1111, 3, [None, None, LOW, None]),
        (1112, 3, [None, None, EMPTY, None]),
        (1107, 4, [None, None, None, LOW]),
        (1109, 4, [None, None, None, EMPTY]),
        (1126, 4, [None, None, None, EMPTY]),
        (14, 4, [None, None, None, LOW]),
        (15, 4, [None, None, None, EMPTY]),
        (1131, 1, [None, None, None, None]),
        (8, 1, [None, None, None, None]),
    ],
)
def test_an_alert_speaks_of_the_row_that_it_names(code: int, row: int, expected: list[Condition | None]) -> None:
    assert conditions(COLOR, alert(code, row)) == expected


@pytest.mark.parametrize("row", [None, -1, 0, 9])
def test_an_alert_without_a_row_counts_where_one_supply_alone_can_be_meant(row: int | None) -> None:
    assert conditions(COLOR, alert(1111, row)) == [None, None, LOW, None]
    assert conditions(COLOR, alert(1109, row)) == [None, None, None, EMPTY]
    assert conditions(MONO, alert(1104, row)) == [LOW, None, None]
    assert conditions(COLOR, alert(1104, row)) == [None] * 4
    assert conditions(COLOR, alert(1104, row, "cyan")) == [None, LOW, None, None]
    assert conditions(COLOR, alert(1104, row, "magenta")) == [None] * 4
    assert conditions(COLOR, alert(10, row)) == [None] * 4


def test_an_alert_that_names_the_row_of_another_sort_of_supply_is_not_believed() -> None:
    assert conditions(COLOR, alert(1109, 1)) == [None, None, None, EMPTY]
    assert conditions(COLOR, alert(1104, 4)) == [None] * 4


def test_a_code_of_any_subunit_speaks_of_a_supply_only_in_the_group_of_supplies() -> None:
    assert alert(12, group=False) is None
    assert alert(1104, group=False) is not None


def test_two_black_cartridges_stay_two() -> None:
    both = (supply(1, "toner", "black"), supply(2, "toner", "black"))
    assert conditions(both, alert(1104, 2)) == [None, LOW]
    assert conditions(both, alert(1104, None, "black")) == [None, None]


def test_the_error_bits_count_where_there_is_one_toner() -> None:
    assert conditions(MONO, *signs_of_bits(["lowToner", "offline"])) == [LOW, None, None]
    assert conditions(MONO, *signs_of_bits(["lowToner", "noToner"])) == [EMPTY, None, None]
    assert conditions(MONO, *signs_of_bits(["markerSupplyMissing"])) == [MISSING, None, None]
    assert conditions(COLOR, *signs_of_bits(["lowToner"])) == [None] * 4
    assert conditions((supply(1, None),), *signs_of_bits(["noToner"])) == [EMPTY]
    assert conditions((supply(1, None), supply(2, None)), *signs_of_bits(["noToner"])) == [None, None]


def test_state_reasons_say_the_same_words() -> None:
    assert conditions(MONO, *signs_of_reasons(["toner-low-warning"])) == [LOW, None, None]
    assert conditions(COLOR, *signs_of_reasons(["opc-life-over-error"])) == [None, None, EMPTY, None]
    assert conditions(COLOR, *signs_of_reasons(["marker-waste-full"])) == [None, None, None, EMPTY]
    assert conditions(COLOR, *signs_of_reasons(["marker-supply-low-report"])) == [None] * 4
    assert signs_of_reasons(["none", "media-low", "spool-area-full"]) == ()


def test_the_worst_that_is_said_counts() -> None:
    assert conditions(COLOR, alert(1104, 1), alert(1101, 1), alert(1104, 1)) == [EMPTY, None, None, None]
    assert conditions(COLOR, Sign(condition=FOREIGN, supply="1.1"), alert(1104, 1)) == [LOW, None, None, None]


@pytest.mark.parametrize(
    ("words", "foreign"),
    [
        ("Non-HP supply installed", True),
        ("Black Cartridge (non-genuine)", True),
        ("Not a genuine cartridge", True),
        ("Counterfeit toner", True),
        ("Genuine HP supply installed", False),
        ("Non-volatile", False),
        ("Black Cartridge HP CF410A", False),
        (None, False),
    ],
)
def test_a_supply_is_foreign_by_the_devices_own_words(words: str | None, foreign: bool) -> None:
    assert is_foreign(words) is foreign
    assert conditions((supply(1, "toner", description=words),)) == [FOREIGN if foreign else None]


def test_some_is_ok_where_the_device_says_that_nothing_is_the_matter() -> None:
    some = (supply(1, "toner", level=SOME), supply(2, "wasteToner", level=SOME), supply(3, "opc", level=SOME))
    assert conditions(some, well=True) == [OK, OK, OK]
    assert conditions(some) == [None, None, None]
    toner_alone = judged(some, (), toner_well=True)
    assert [one.condition for one in toner_alone] == [OK, None, None]
    unknown = (supply(1, "toner", level=Level(state=LevelState.UNKNOWN, why="no idea")),)
    assert conditions(unknown, well=True) == [None]


def test_a_level_of_0_is_empty_for_what_is_used_up_and_says_nothing_of_a_box() -> None:
    nothing = Level.from_mib(0, 100, in_percent=False)
    without_capacity = Level.from_mib(0, -2, in_percent=False)
    assert conditions((supply(1, "toner", level=nothing), supply(2, "wasteToner", level=nothing))) == [EMPTY, None]
    assert conditions((supply(1, "toner", level=without_capacity),)) == [None]


def test_a_full_level_says_nothing_of_a_box_either() -> None:
    full = Level.from_mib(100, 100, in_percent=False)
    assert conditions((supply(1, "wasteToner", level=full), supply(2, "toner", level=full)), well=True) == [None, None]
