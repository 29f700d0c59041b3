"""What is said of counters that a device does not tell."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pagemeter.snmp.recording import read_recording
from pagemeter.snmp.types import Tag, VarBind, Walk, oid
from pagemeter_plugins.printer_mib.engine import engine_of
from pagemeter_plugins.printer_mib.printer_mib import SCOPES, parse_printer_mib
from pagemeter_plugins.printer_mib.profiles import shipped_profiles

SHARP = Path(__file__).parent / "vendors/sharp/snmp.snmprec"


def test_the_unit_of_the_life_count_is_known_whatever_unit_another_counter_lacks() -> None:
    found = parse_printer_mib(read_recording(SHARP), SCOPES, datetime(2026, 1, 31, tzinfo=UTC), shipped_profiles())
    assert isinstance(found, tuple)
    [reading] = found
    assert "other" in {read.unit for read in reading.meter_reads}
    assert "life_count_unit" not in {unknown.what for unknown in reading.unknown}


@pytest.mark.parametrize(
    ("technology", "colorants", "engine"),
    [
        (4, 1, "monochrome"),
        (4, 4, "color"),
        (12, 4, "color"),
        # An inkjet with a color cartridge says 1, too.
        (12, 1, None),
        (14, 1, None),
        (None, 1, "monochrome"),
    ],
)
def test_one_colorant_makes_a_monochrome_engine_unless_it_is_an_inkjet(
    technology: int | None, colorants: int, engine: str | None
) -> None:
    told = {"6": colorants, "2": technology}
    rows = [
        VarBind(oid(f"1.3.6.1.2.1.43.10.2.1.{column}.1.1"), Tag.INTEGER, value)
        for column, value in told.items()
        if value is not None
    ]
    assert engine_of(Walk(rows), 1) == engine


def test_a_color_toner_contradicts_an_engine_of_one_colorant() -> None:
    colorants = VarBind(oid("1.3.6.1.2.1.43.10.2.1.6.1.1"), Tag.INTEGER, 1)
    toner = VarBind(oid("1.3.6.1.2.1.43.11.1.1.6.1.2"), Tag.OCTET_STRING, b"Acme Cyan Toner")
    assert engine_of(Walk([colorants, toner]), 1) is None
