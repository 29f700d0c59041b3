"""Makers and serial numbers as devices tell them."""

from __future__ import annotations

import pytest

from pagemeter.nameplate import maker_by_words, serial_number


@pytest.mark.parametrize(
    ("words", "maker"),
    [
        ("Hewlett-Packard", "HP"),
        ("HP Color LaserJet 9999", "HP"),
        ("SEIKO EPSON", "Epson"),
        ("FUJI XEROX DocuPrint", "Fujifilm"),
        ("ECOSYS X9999dn", "Kyocera"),
        ("OKI DATA CORP", "OKI"),
        # No maker's name: a word may hold one.
        ("Okinawa Press", None),
        ("Acme Ink 9000", None),
        (None, None),
    ],
)
def test_the_words_on_the_case_name_the_maker(words: str | None, maker: str | None) -> None:
    assert maker_by_words(words) == maker


@pytest.mark.parametrize(
    "words",
    [
        *(
            "",
            "0000000000",
            "XXXXXXXXXX",
            "1111111111",
            "----",
            "n/a",
            "N/A ",
            "no-value",
            "<private>",
            "Unknown",
            None,
        ),
        *(
            "123456789",
            "0123456789",
            "1234567890",
            "Serial Number",
            "serial_number",
            "Default string",
            "Not set",
            "(null)",
            "No Serial",
            "not-available",
            "unassigned",
            "without serial number",
            "NULL",
        ),
        "To be filled by O.E.M.",
    ],
)
def test_a_word_for_nothing_is_no_serial_number(words: str | None) -> None:
    assert serial_number(words) is None


@pytest.mark.parametrize("words", ["X44Y0540", "00ABC123", "1234567", "Z00000", "SERIAL0001", "12345678901"])
def test_whatever_else_stands_there_is_one(words: str) -> None:
    assert serial_number(words) == words
