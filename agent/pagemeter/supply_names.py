"""Part and serial numbers that stand in the descriptions of supplies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_NONE = frozenset({"unknown", "none", "n/a", "null", "not available", "-"})
_MARK_ALONE = re.compile(r"[A-Za-z]*-")
_SERIAL = r"S/?N[:. ]? ?(?P<serial>[^;,\s][^;,]*?)"
# Tails of descriptions: Xerox ", PN 006R00000;SN0000" is split off, Samsung and Lexmark " S/N:CRUM-0000" is part of the
# name. A serial number without a colon in front of it must look like one.
_TAILS = (
    re.compile(rf"^(?P<words>.+?), ?P/?N[:.]? ?(?P<part>[^;,]+?)(?:[;,] ?{_SERIAL})?$"),
    re.compile(r"^(?P<words>.+?);SN:? ?(?P<serial>[^;,]+)$"),
    re.compile(r"^(?P<words>.+?[ ,;]S/?N ?: ?(?P<serial>[^;,\s]+))$"),
    re.compile(r"^(?P<words>.+?[ ,;](?:S/N|SN) (?P<serial>(?=(?:[A-Z-]*\d){4})[A-Z\d-]{6,}))$"),
)
# Part numbers inside descriptions, which stay whole. Each form is one maker's (or two makers' same) and nothing else:
# "Black Cartridge HP CF410A", "TK-1162", "TN-321K", "Canon Cartridge 055 H", "Canon GPR-53 Black", "SJIC35P-BK".
_PARTS = (
    re.compile(r"\bHP (?P<part>(?=(?:[A-Z]*\d){3})[A-Z][A-Z0-9]{4,6})(?![\w-])"),
    re.compile(r"^(?P<part>(?:TK|DK|DV|MK|FK|WT)-?\d{3,5}[A-Z]{0,3})$"),
    re.compile(r"(?<![\w/-])(?P<part>(?:TN|TNP|DR|DV|IUP|LC|BU)-?\d{2,4}[A-Z]{0,3})(?![\w/-])"),
    re.compile(r"^Canon Cartridge (?P<part>\d{3}(?: ?H)?)$"),
    re.compile(r"(?<![\w/-])(?P<part>(?:C-EXV ?|GPR-|NPG-)\d{1,3})(?![\w/-])"),
    re.compile(r"(?<![\w/-])(?P<part>SJIC\d{2}P-[A-Z]{1,2})(?![\w/-])"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyName:
    """A description, and the numbers that it holds."""

    description: str | None = None
    part_number: str | None = None
    serial_number: str | None = None


# Supplies have few names, and each is read at every visit.
@lru_cache(maxsize=4096)
def supply_name(words: str | None) -> SupplyName:
    """Take part and serial numbers from a description where its form leaves no doubt; ``unknown`` is none."""
    if words is None:
        return SupplyName()
    part = serial = None
    for tail in _TAILS:
        if match := tail.match(words):
            told = match.groupdict()
            words, part, serial = told["words"], _told(told.get("part")), _told(told.get("serial"))
            break
    named = {match["part"] for pattern in _PARTS for match in pattern.finditer(words)}
    if part is None and len(named) == 1:
        [part] = named
    return SupplyName(description=words, part_number=part, serial_number=serial)


def _told(value: str | None) -> str | None:
    """Return a number, none where a word says that there is none or where it breaks off behind its mark (``CRUM-``)."""
    clean = (value or "").strip()
    return clean if clean and clean.casefold() not in _NONE and not _MARK_ALONE.fullmatch(clean) else None
