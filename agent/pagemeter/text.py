"""Device text is hostile until scrubbed: once, at the door; what leaves is escaped at the exit."""

from __future__ import annotations

import unicodedata

MOST_CHARACTERS = 255

# IANA Character Sets registry, MIBenum -> Python codec (RFC 3808); what is not listed falls to UTF-8, then Latin-1.
CHARSETS = {
    3: "ascii",
    4: "iso-8859-1",
    5: "iso-8859-2",
    8: "iso-8859-5",
    12: "iso-8859-9",
    17: "shift_jis",
    18: "euc_jp",
    36: "euc_kr",
    106: "utf-8",
    1000: "utf-16-be",
    1001: "utf-32-be",
    1013: "utf-16-be",
    1014: "utf-16-le",
    1015: "utf-16",
    1017: "utf-32",
    2001: "iso-8859-1",
    2004: "hp-roman8",
    2009: "cp850",
    2024: "cp932",
    2025: "gb2312",
    2026: "big5",
    2109: "cp874",
    2250: "cp1250",
    2251: "cp1251",
    2252: "cp1252",
    2253: "cp1253",
    2254: "cp1254",
}


def scrub(raw: bytes | str | None, *, charset: int | None = None, most: int = MOST_CHARACTERS) -> str | None:
    """Turn device text into one clean line of at most ``most`` characters, or none where nothing is left.

    Bytes are decoded as the declared charset (an IANA MIBenum), then strict UTF-8, then Latin-1; control, format,
    surrogate and private characters become spaces, runs of spaces one.
    """
    if raw is None:
        return None
    text = raw if isinstance(raw, str) else _decode(raw, charset)
    # isprintable: none of the unwanted is in it; the usual case, and much faster.
    clean = text if text.isprintable() else "".join(" " if unicodedata.category(c) in _UNWANTED else c for c in text)
    line = " ".join(clean.split())[:most].strip()
    return line or None


def escaped(text: str, *, but: str = "") -> str:
    r"""Write what is not printable as ``\x1b`` or ``\u202e``, so that it steers no terminal and ends no line.

    For exits that show text which may not come from a device alone; the characters of ``but`` stay.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in but else c.encode("unicode_escape").decode("ascii") for c in text)


_UNWANTED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def _decode(raw: bytes, charset: int | None) -> str:
    # 0xFDE8 (65001, the UTF-8 code page) stands in front of HP's text.
    raw = raw.removeprefix(b"\xfd\xe8")
    for codec in (CHARSETS.get(charset) if charset is not None else None, "utf-8"):
        if codec is None:
            continue
        try:
            return raw.decode(codec)
        except (UnicodeDecodeError, LookupError):
            continue
    return raw.decode("iso-8859-1")
