"""The counters of PWG 5100.22."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest

from pagemeter.ipp.message import OutOfBand
from pagemeter.model import Reading, Scope, Sides
from pagemeter.testing.ipp import Told

Read: TypeAlias = Callable[..., Reading]


def test_impressions_and_sheets_are_counters_of_the_print_service(read: Read) -> None:
    reading = read(printer_impressions_completed=1200, printer_media_sheets_completed=900, printer_pages_completed=1100)
    assert {read.key: read.value for read in reading.meter_reads} == {
        "print.any.any.any.impressions": 1200,
        "print.any.any.any.sheets": 900,
        "print.any.any.any.other#pages": 1100,
    }
    assert {str(read.origin) for read in reading.meter_reads} >= {"ipp printer-impressions-completed"}
    assert Scope.METERS in reading.scopes


def test_a_collection_gives_counters_by_colour(read: Read) -> None:
    reading = read(
        printer_impressions_completed=100,
        printer_impressions_completed_col={"monochrome": 60, "full_color": 38, "blank": 2},
    )
    assert {read.key: read.value for read in reading.meter_reads} == {
        "print.any.any.any.impressions": 100,
        "print.monochrome.any.any.impressions": 60,
        "print.full-color.any.any.impressions": 38,
        "print.any.any.any.impressions#blank": 2,
    }


@pytest.mark.parametrize(
    ("total", "plain", "two_sided"),
    [
        (60, "print.monochrome.any.any.impressions", "print.monochrome.any.two.impressions"),
        (100, "print.monochrome.any.one.impressions", "print.monochrome.any.two.impressions"),
        (77, "print.monochrome.any.any.impressions#monochrome", "print.monochrome.any.two.impressions"),
        (None, "print.monochrome.any.any.impressions#monochrome", "print.monochrome.any.two.impressions"),
    ],
)
def test_the_total_tells_whether_plain_members_mean_all_sides(
    read: Read, total: int | None, plain: str, two_sided: str
) -> None:
    more: dict[str, Told] = {} if total is None else {"printer_impressions_completed": total}
    reading = read(printer_impressions_completed_col={"monochrome": 60, "monochrome_two_sided": 40}, **more)
    values = {read.key: read.value for read in reading.meter_reads}
    assert (values[plain], values[two_sided]) == (60, 40)
    assert all(read.sides in Sides for read in reading.meter_reads)


def test_a_counter_that_is_no_number_is_absent_and_a_zero_is_a_number(read: Read) -> None:
    reading = read(printer_impressions_completed=OutOfBand.UNKNOWN, printer_media_sheets_completed=0)
    assert [(read.key, read.value) for read in reading.meter_reads] == [("print.any.any.any.sheets", 0)]
    assert read(printer_impressions_completed=-2).meter_reads == ()
