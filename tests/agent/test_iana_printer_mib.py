"""The words of IANA-PRINTER-MIB and their numbers."""

from __future__ import annotations

import pytest

from pagemeter.colorants import colors_in
from pagemeter.iana_printer_mib import ALERT_CODE, SUPPLY_TYPE, alert_code_named, supply_type_named


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (3, "coverOpen"),
        (8, "jam"),
        (13, "subunitEmpty"),
        (501, "doorOpen"),
        (808, "inputMediaSupplyEmpty"),
        (1115, "markerTonerCartridgeMissing"),
        (1509, "interpreterComplexPageEncountered"),
        (1801, "alertRemovalOfBinaryChangeEntry"),
        (30208, "staplerJam"),
        (31615, "stackerFull"),
    ],
)
def test_an_alert_code_is_a_number_and_a_word(number: int, word: str) -> None:
    assert ALERT_CODE[number] == word
    assert alert_code_named(word.upper()) == number


def test_what_is_not_registered_has_no_number_and_keeps_its_word() -> None:
    assert alert_code_named("pixieDustLow") is None
    assert supply_type_named("pixie-dust") == "pixie-dust"
    assert supply_type_named(None) is None
    assert 1508 not in ALERT_CODE


@pytest.mark.parametrize("words", ["toner-cartridge", "tonerCartridge", "Toner Cartridge"])
def test_a_supply_type_is_spelt_as_the_mib_does(words: str) -> None:
    assert supply_type_named(words) == SUPPLY_TYPE[21] == "tonerCartridge"


def test_colors_are_named_once_and_with_their_shade() -> None:
    assert colors_in("Light Cyan, photo-black; CYAN cyan") == ("light-cyan", "photo-black", "cyan")
    assert colors_in("Blackbird") == ()
