"""What sysDescr and sysObjectID tell: whether it is a printer, and which."""

from __future__ import annotations

import pytest

from pagemeter.nameplate import maker_by_words
from pagemeter.snmp.types import oid
from pagemeter_plugins.printer_mib.makers import described, is_printer_tree, names_a_printer, sort_of


@pytest.mark.parametrize(
    ("words", "model", "firmware"),
    [
        ("OKI OkiLAN 99e Rev.01.02 100BASE Ethernet PrintServer: Attached to MC999 Rev.03.04 : Acme", "MC999", "03.04"),
        ("OKI OkiLAN 99e Rev.01.02 PrintServer: Attached to C9999n", "C9999n", None),
        ("Dell MFP Laser 9999cn; Net 1.2, Controller 300001010000", "Dell MFP Laser 9999cn", None),
        ("TOSHIBA e-STUDIO999CS version NH99.AC.N999 kernel 1.0.0 All-N-1", "TOSHIBA e-STUDIO999CS", "NH99.AC.N999"),
        ("TTP999X Version: 9.99 ACME", "TTP999X", "9.99 ACME"),
        ("Xerox DocuPrint N9999 Network Laser Printer - 1.23-45", "Xerox DocuPrint N9999", None),
        ("Xerox WorkCentre 9999 v1 Multifunction System; System Software 0.1", "Xerox WorkCentre 9999 v1", None),
    ],
)
def test_a_description_tells_the_model_without_what_stands_beside_it(
    words: str, model: str, firmware: str | None
) -> None:
    assert described(words).get("model") == model
    assert described(words).get("firmware") == firmware


@pytest.mark.parametrize("words", ["OKI OkiLAN", "RICOH Network Printer", "Dell Color Laser"])
def test_a_name_of_no_model_is_none(words: str) -> None:
    assert "model" not in described(words)


@pytest.mark.parametrize("words", ["Dell Color Laser", "Samsung C", "UTAX_TA Printing System", "Acme Print Server"])
def test_a_short_description_proves_a_printer(words: str) -> None:
    assert names_a_printer(words)


@pytest.mark.parametrize("words", ["Acme Switch 5, develop.10101", "Acme, DCP-M99-PAM4-ZR", "Samsung Cloud 9"])
def test_a_word_that_only_looks_like_a_printer_proves_none(words: str) -> None:
    assert not names_a_printer(words)


@pytest.mark.parametrize("words", ["TA_UTAX Printing System", "UTAX_TA Printing System", "UTAX P-9999"])
def test_utax_is_named_however_its_two_names_are_joined(words: str) -> None:
    assert maker_by_words(words) == "UTAX"


@pytest.mark.parametrize("tree", ["641.52.71999999", "641.3.1", "674.100.1.1099999999", "11.1"])
def test_a_tree_of_printers_proves_one(tree: str) -> None:
    assert is_printer_tree(oid(f"1.3.6.1.4.1.{tree}"))


@pytest.mark.parametrize("words", ["Canon TM-9999", "Canon GP-9999S /P", "EPSON SC-T9999 Series", "HP DesignJet Z9"])
def test_a_plotter_is_told_by_its_series(words: str) -> None:
    assert sort_of(words) == "large-format"
