"""Device text in the character set that the device declares (RFC 3805, prtLocalizationTable)."""

from __future__ import annotations

from pagemeter.snmp.types import Oid, Walk
from pagemeter.text import MOST_CHARACTERS, scrub
from pagemeter_plugins.printer_mib import mib

ROMAN_8 = 2004
_UTF_16_BE, _UTF_16_LE = 1013, 1014
# Those of 16 or 32 bits a character that are declared.
_WIDE = frozenset({1000, 1001, _UTF_16_BE, _UTF_16_LE, 1015, 1017})
_BYTE_ORDER_MARKS = (b"\xfe\xff", b"\xff\xfe")
_PML_ROMAN_8 = b"\x01\x15"


def text(walk: Walk, key: Oid, *, charset: int | None = None, most: int = MOST_CHARACTERS) -> str | None:
    """Return a row's text, clean, or none where there is no row, no text or nothing left.

    Strings of HP's PML tree begin with two octets that name their character set: 0x0115 is Roman-8.
    """
    raw = walk.octets(key)
    if raw is None:
        return None
    if raw.startswith(_PML_ROMAN_8):
        return scrub(raw.removeprefix(_PML_ROMAN_8), charset=ROMAN_8, most=most)
    return scrub(raw, charset=_charset_of(raw, charset), most=most)


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


def _charset_of(raw: bytes, charset: int | None) -> int | None:
    """Doubt what is declared: ASCII is not UTF-16, NULs at every second place are; without a mark it is big-endian."""
    if charset in _WIDE and raw.isascii() and 0 not in raw:
        return None
    even = raw if len(raw) % 2 == 0 else b""
    while even.endswith(b"\0\0"):
        even = even[:-2]
    for high, low, utf_16 in ((even[::2], even[1::2], _UTF_16_BE), (even[1::2], even[::2], _UTF_16_LE)):
        if len(high) > 1 and not any(high) and all(low):
            return utf_16
    return _UTF_16_BE if charset == 1015 and not raw.startswith(_BYTE_ORDER_MARKS) else charset
