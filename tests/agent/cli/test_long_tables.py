"""A table of many devices reads as the one of few."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pagemeter.cli.show import MOST_ROWS, console, fleet_table, print_fleet
from pagemeter.model import Device, DeviceSnapshot, FleetEntry, MeterRead, MeterUnit, Origin, Supply, Work

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
ORIGIN = Origin(protocol="snmp", where="1.3")


def entry(number: int, *, model: str = "M 9001", supplies: int = 1) -> FleetEntry:
    device = Device(id=f"d{number}", model=model, serial_number=f"K{number:07}", addresses=(f"10.0.0.{number}",))
    snapshot = DeviceSnapshot(
        device=device,
        target=f"host://10.0.0.{number}",
        taken_at=AT,
        meter_reads=(
            MeterRead(work=Work.TOTAL, unit=MeterUnit.IMPRESSIONS, value=10**number, raw="", origin=ORIGIN, at=AT),
        ),
        supplies=tuple(
            Supply(index=f"1.{n}", description="Toner", colorants=("black",), origin=ORIGIN, at=AT)
            for n in range(supplies)
        ),
    )
    return FleetEntry(latest=snapshot, first_seen=AT)


def many(*odd: FleetEntry) -> list[FleetEntry]:
    return [*odd, *(entry(number % 9) for number in range(MOST_ROWS))]


ODD = (entry(8, model="複合機 9001"), entry(3, model="[bold]M\x1b[31m 9001\n"), entry(5, model=""))


def test_many_rows_that_fit_are_the_same_to_the_letter(capsys: pytest.CaptureFixture[str]) -> None:
    entries = many(*ODD)
    console().print(fleet_table(entries))
    drawn = capsys.readouterr().out
    print_fleet(console(), entries)
    assert capsys.readouterr().out == drawn
    assert drawn.count("\n") == len(entries) + 4
    assert "\x1b" not in drawn


def test_many_rows_of_which_some_must_be_folded_come_as_several_tables(capsys: pytest.CaptureFixture[str]) -> None:
    entries = many(entry(7, supplies=40))
    print_fleet(console(), entries)
    told = capsys.readouterr().out
    assert told.count("Serial number") == 2
    assert told.count("K000000") == len(entries)
    assert max(map(len, told.splitlines())) <= 200


def test_a_table_that_is_not_long_is_drawn_as_a_whole(capsys: pytest.CaptureFixture[str]) -> None:
    entries = [entry(7, supplies=40), *ODD]
    console().print(fleet_table(entries))
    drawn = capsys.readouterr().out
    print_fleet(console(), entries)
    assert capsys.readouterr().out == drawn
