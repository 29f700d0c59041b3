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


@pytest.mark.parametrize("words", ["", "0000000000", "XXXXXXXXXX", "n/a", "no-value", "<private>", "Unknown", None])
def test_a_word_for_nothing_is_no_serial_number(words: str | None) -> None:
    assert serial_number(words) is None
    assert serial_number("X44Y0540") == "X44Y0540"
