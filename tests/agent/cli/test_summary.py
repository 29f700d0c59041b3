"""A device in a line: main counters and supplies, honest in a few signs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pagemeter.cli.summary import main_meters, supply_text
from pagemeter.model import (
    Condition,
    Level,
    LevelState,
    MeterColor,
    MeterRead,
    MeterUnit,
    Origin,
    Quality,
    Sides,
    Since,
    Supply,
    SupplyKind,
    Work,
)

AT = datetime(2026, 1, 31, tzinfo=UTC)
SNMP = Origin(protocol="snmp", where="1.3.6.1.2.1.43.10.2.1.4.1.1")
MONO, COLOR = MeterColor.MONOCHROME, MeterColor.FULL_COLOR


def read(value: int, work: Work = Work.TOTAL, **more: Any) -> MeterRead:
    facts = {"unit": MeterUnit.IMPRESSIONS, "raw": str(value), "origin": SNMP, "at": AT, **more}
    return MeterRead(work=work, value=value, **facts)


METERS: dict[str, tuple[list[MeterRead], tuple[str, str, str]]] = {
    "nothing is told": ([], ("-", "-", "-")),
    "total, mono and color": (
        [read(73_410), read(49_580, color=MONO), read(0, color=COLOR)],
        ("73,410", "49,580", "0"),
    ),
    "only what counts since life": ([read(12, since=Since.POWER_ON), read(9, since=Since.RESET)], ("-", "-", "-")),
    "sizes and sides are no totals": ([read(12, media="A4"), read(9, sides=Sides.TWO)], ("-", "-", "-")),
    "two engines": ([read(60, engine=1), read(40, engine=2)], ("60 + 40", "-", "-")),
    "the maker's total before two engines": ([read(60, engine=1), read(40, engine=2), read(100)], ("100", "-", "-")),
    "impressions before equivalents": (
        [read(7, unit=MeterUnit.EQUIVALENTS), read(9)],
        ("9", "-", "-"),
    ),
    "only equivalents": ([read(7, unit=MeterUnit.EQUIVALENTS)], ("7 equivalents", "-", "-")),
    "metres": ([read(4_876, unit=MeterUnit.METRES)], ("4,876 metres", "-", "-")),
    "without code before a code": ([read(7, code="112"), read(9)], ("9", "-", "-")),
    "unverified and suspicious": (
        [read(9, quality=Quality.SUSPICIOUS), read(7, color=MONO, quality=Quality.UNVERIFIED)],
        ("9!", "7?", "-"),
    ),
    "printed and copied, where no total by color is told": (
        [read(90), read(50, Work.PRINT, color=MONO), read(20, Work.COPY, color=MONO), read(0, Work.FAX, color=MONO)],
        ("90", "50 + 20", "-"),
    ),
    "what was printed is no total": ([read(50, Work.PRINT)], ("-", "-", "-")),
}


@pytest.mark.parametrize(("reads", "shown"), METERS.values(), ids=METERS)
def test_the_main_counters_of_a_line(reads: list[MeterRead], shown: tuple[str, str, str]) -> None:
    assert main_meters(reads) == shown


def supply(level: Level | None, **more: Any) -> Supply:
    facts = {"index": "1.1", "type": "tonerCartridge", "colorants": ("black",), "origin": SNMP, "at": AT, **more}
    return Supply(level=level, **facts)


def measured(percent: int | None, units: int | None = None) -> Level:
    return Level(state=LevelState.MEASURED, percent=percent, units=units)


WASTE = {"type": "wasteToner", "kind": SupplyKind.FILLED, "colorants": ()}
SUPPLIES: dict[str, tuple[Supply, str]] = {
    "toner": (supply(measured(73)), "K 73 %"),
    "a drum is no toner": (supply(measured(12), type="opc"), "opc K 12 %"),
    "three colors in one": (supply(measured(5), colorants=("cyan", "magenta", "yellow")), "C/M/Y 5 %"),
    "a color without a sign": (supply(measured(5), colorants=("photo-black",)), "photo-black 5 %"),
    "some": (supply(Level(state=LevelState.SOME_REMAINING)), "K some"),
    "a number without capacity": (
        supply(measured(None, 9640), type="opc", unit="impressions", colorants=()), "opc 9640 impressions",
    ),
    "no type and no color": (supply(measured(5), type=None, colorants=()), "1.1 5 %"),
    "a box of which nobody says which end is the bad one": (supply(measured(100), **WASTE), "waste 100 %?"),
    "a box that is nearly full": (supply(measured(4), condition=Condition.LOW, **WASTE), "waste nearly full"),
    "a full box": (supply(measured(4), condition=Condition.EMPTY, **WASTE), "waste full"),
    "a box that is well": (supply(Level(state=LevelState.SOME_REMAINING), condition=Condition.OK, **WASTE), "waste ok"),
    "a box that says nothing": (supply(Level(state=LevelState.UNKNOWN), **WASTE), "waste unknown"),
}  # fmt: skip


@pytest.mark.parametrize(("told", "shown"), SUPPLIES.values(), ids=SUPPLIES)
def test_a_supply_in_a_few_signs(told: Supply, shown: str) -> None:
    assert supply_text(told) == shown
