"""Part and serial numbers in the descriptions of supplies, where the form leaves no doubt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagemeter.supply_names import supply_name


@pytest.mark.parametrize(
    ("words", "description", "part", "serial"),
    [
        ("Black Toner, PN 006R09999;SN0123456789AB", "Black Toner", "006R09999", "0123456789AB"),
        ("Black Toner [K1], PN 006R09999;SNunknown", "Black Toner [K1]", "006R09999", None),
        ("Fuser, PN unknown;SNunknown", "Fuser", None, None),
        ("Cyan Toner, PN: 006R09999", "Cyan Toner", "006R09999", None),
        ("Cyan Toner, P/N: 006R09999, S/N: 12345", "Cyan Toner", "006R09999", "12345"),
        ("Black Toner;SN0A1B2C", "Black Toner", None, "0A1B2C"),
        ("Toner S/N:CRUM-99000000001", "Toner S/N:CRUM-99000000001", None, "CRUM-99000000001"),
        ("Black Toner SN:CAG99000001", "Black Toner SN:CAG99000001", None, "CAG99000001"),
        ("Black Toner S/N CAG99000001", "Black Toner S/N CAG99000001", None, "CAG99000001"),
        ("Black Toner S/N: unknown", "Black Toner S/N: unknown", None, None),
        ("Toner SN NONE", "Toner SN NONE", None, None),
        ("Black Cartridge HP CF999A", "Black Cartridge HP CF999A", "CF999A", None),
        ("Black Cartridge 999A HP CE999A", "Black Cartridge 999A HP CE999A", "CE999A", None),
        ("Fuser Kit HP 110V-CE999A, 220V-CE998A", "Fuser Kit HP 110V-CE999A, 220V-CE998A", None, None),
        ("HP LaserJet", "HP LaserJet", None, None),
        ("TK-9999", "TK-9999", "TK-9999", None),
        ("TK-9999K", "TK-9999K", "TK-9999K", None),
        ("Toner TN-999K", "Toner TN-999K", "TN-999K", None),
        ("TN-9999/TN-9998", "TN-9999/TN-9998", None, None),
        ("Drum DR-9999CL", "Drum DR-9999CL", "DR-9999CL", None),
        ("Canon Cartridge 999", "Canon Cartridge 999", "999", None),
        ("Canon Cartridge 999 H", "Canon Cartridge 999 H", "999 H", None),
        ("Canon Cartridge 999/999H", "Canon Cartridge 999/999H", None, None),
        ("Canon GPR-99 Black Toner", "Canon GPR-99 Black Toner", "GPR-99", None),
        ("C-EXV 99 Toner Cyan", "C-EXV 99 Toner Cyan", "C-EXV 99", None),
        ("Black Ink Cartridge SJIC99P-BK", "Black Ink Cartridge SJIC99P-BK", "SJIC99P-BK", None),
        ("Black Ink Supply Unit T9991/T9992", "Black Ink Supply Unit T9991/T9992", None, None),
        ("Waste Toner Box", "Waste Toner Box", None, None),
        ("SNAP ON", "SNAP ON", None, None),
        ("Black Toner S/N:CRUM-", "Black Toner S/N:CRUM-", None, None),
        (None, None, None, None),
    ],
)
def test_numbers_are_taken_where_the_form_leaves_no_doubt(
    words: str | None, description: str | None, part: str | None, serial: str | None
) -> None:
    name = supply_name(words)
    assert (name.description, name.part_number, name.serial_number) == (description, part, serial)


@given(words=st.text(min_size=1, max_size=60) | st.from_regex(r"\A[A-Z ,;:/]*(PN|SN|S/N)[ :]*[A-Z0-9;, ]*\Z"))
def test_every_number_stands_in_the_text(words: str) -> None:
    name = supply_name(words)
    assert name.description is not None
    assert words.startswith(name.description)
    for number in (name.part_number, name.serial_number):
        assert number is None or (number in words and number.strip() == number != "")
