"""Device text in the character set that the device declares (RFC 3805, prtLocalizationTable)."""

from __future__ import annotations

from pagemeter.snmp.types import Oid, Walk
from pagemeter.text import scrub
from pagemeter_plugins.printer_mib import mib

ROMAN_8 = 2004
_PML_ROMAN_8 = b"\x01\x15"


def text(walk: Walk, key: Oid, *, charset: int | None = None) -> str | None:
    """Return a row's text, clean, or none where there is no row, no text or nothing left.

    Strings of HP's PML tree begin with two octets that name their character set: 0x0115 is Roman-8.
    """
    raw = walk.octets(key)
    if raw is None:
        return None
    if raw.startswith(_PML_ROMAN_8):
        return scrub(raw.removeprefix(_PML_ROMAN_8), charset=ROMAN_8)
    return scrub(raw, charset=charset)


def description_charset(walk: Walk, index: int) -> int | None:
    """Return the IANA MIBenum of the descriptions of a printer, none where it declares none."""
    return _charset(walk, index, mib.GENERAL_CURRENT_LOCALIZATION)


def console_charset(walk: Walk, index: int) -> int | None:
    """Return the IANA MIBenum of the panel's text, none where the printer declares none."""
    return _charset(walk, index, mib.CONSOLE_LOCALIZATION)


def _charset(walk: Walk, index: int, pointer: Oid) -> int | None:
    row = walk.integer((*pointer, index))
    if row is None:
        rows = mib.rows_of(walk, mib.LOCALIZATION, index)
        row = rows[0] if len(rows) == 1 else None
    return None if row is None else walk.integer((*mib.LOCALIZATION_CHARACTER_SET, index, row))
