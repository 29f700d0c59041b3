"""Device text in the character set that the device declares (RFC 3805, prtLocalizationTable)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TypeAlias

from pagemeter.snmp.types import Oid, Walk
from pagemeter.text import MOST_CHARACTERS, scrub
from pagemeter_plugins.printer_mib import mib

Charsets: TypeAlias = tuple[int, ...]
"""IANA MIBenums: the declared one, or those that are likely for the declared language."""

# ISO 639 -> the sets that devices of this language send when they declare none.
_OF_LANGUAGE: dict[str, Charsets] = {
    **dict.fromkeys(("ja",), (17, 18)),
    **dict.fromkeys(("zh",), (113, 2026)),
    **dict.fromkeys(("ko",), (36,)),
    **dict.fromkeys(("ru", "uk", "be", "bg", "sr", "mk"), (2251, 2084, 8)),
    **dict.fromkeys(("cs", "sk", "pl", "hu", "sl", "hr", "ro"), (2250, 5)),
    **dict.fromkeys(("tr",), (2254, 12)),
    **dict.fromkeys(("el",), (2253,)),
    **dict.fromkeys(("he", "iw"), (2255,)),
    **dict.fromkeys(("ar", "fa"), (2256,)),
    **dict.fromkeys(("th",), (2109,)),
}
_NOT_DECLARED = 0
# Octets in hexadecimal digits, as a tool prints them: "48 50 20" or "0x485020".
_HEX = re.compile(rb"(?:0x(?:[0-9A-Fa-f]{2}){3,}|[0-9A-Fa-f]{2}(?: [0-9A-Fa-f]{2}){2,})[ \0]*")
_LETTERS = 3
# What is this short is remembered: most texts of a device are the same at every visit, and those of its model, too.
_SHORT = 160


def text(walk: Walk, key: Oid, *, charset: int | Charsets | None = None, most: int = MOST_CHARACTERS) -> str | None:
    """Return a row's text, clean, or none where there is no row, no text or nothing left."""
    raw = walk.octets(key)
    return None if raw is None else (_scrubbed if len(raw) <= _SHORT else _scrub)(raw, charset, most)


def description(walk: Walk, key: Oid, *, charset: int | Charsets | None = None) -> str | None:
    """Return a row's text for people, as ``text``; octets in hexadecimal digits are read where they spell words."""
    raw = walk.octets(key)
    return None if raw is None else (_known_description if len(raw) <= _SHORT else _description)(raw, charset)


def _description(raw: bytes, charset: int | Charsets | None) -> str | None:
    if _HEX.fullmatch(raw):
        spelt = scrub(bytes.fromhex(raw.strip(b" \0").removeprefix(b"0x").decode("ascii")), charset=charset)
        if spelt is not None and sum(c.isalpha() for c in spelt) >= min(_LETTERS, len(spelt)) - 1 > 0:
            return spelt
    return scrub(raw, charset=charset)


def _scrub(raw: bytes, charset: int | Charsets | None, most: int) -> str | None:
    return scrub(raw, charset=charset, most=most)


_scrubbed = lru_cache(maxsize=8192)(_scrub)
_known_description = lru_cache(maxsize=8192)(_description)


def description_charset(walk: Walk, index: int) -> Charsets:
    """Return the IANA MIBenums of the descriptions of a printer, none where it declares nothing."""
    return _charsets(walk, index, mib.GENERAL_CURRENT_LOCALIZATION)


def console_charset(walk: Walk, index: int) -> Charsets:
    """Return the IANA MIBenums of the panel's text, none where the printer declares nothing."""
    return _charsets(walk, index, mib.CONSOLE_LOCALIZATION)


def _charsets(walk: Walk, index: int, pointer: Oid) -> Charsets:
    """Read the row that is pointed at, else the only one; 0 keeps the first place for what is not declared."""
    row = walk.integer((*pointer, index))
    rows = mib.rows_of(walk, mib.LOCALIZATION, index)
    if row not in rows:
        row = rows[0] if len(rows) == 1 else row
    if row is None:
        return ()
    declared = walk.integer((*mib.LOCALIZATION_CHARACTER_SET, index, row))
    language = (text(walk, (*mib.LOCALIZATION, 2, index, row)) or "")[:2].lower()
    likely = _OF_LANGUAGE.get(language, ())
    return (_NOT_DECLARED if declared is None else declared, *likely) if declared is not None or likely else ()
