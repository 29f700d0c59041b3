"""Octets into characters: the declared character set, UTF-8 and what devices send instead of either."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence

from pagemeter.mojibake import NONSENSE, Script, is_assigned, penalty_of

# IANA Character Sets registry, MIBenum -> Python codec (RFC 3808); what is not listed counts as not declared.
CHARSETS = {
    3: "ascii",
    4: "iso-8859-1",
    5: "iso-8859-2",
    6: "iso-8859-3",
    7: "iso-8859-4",
    8: "iso-8859-5",
    9: "iso-8859-6",
    10: "iso-8859-7",
    11: "iso-8859-8",
    12: "iso-8859-9",
    17: "shift_jis",
    18: "euc_jp",
    36: "euc_kr",
    38: "euc_kr",
    39: "iso2022_jp",
    106: "utf-8",
    111: "iso-8859-15",
    113: "gbk",
    114: "gb18030",
    1000: "utf-16-be",
    1001: "utf-32-be",
    1013: "utf-16-be",
    1014: "utf-16-le",
    1015: "utf-16",
    1017: "utf-32",
    2001: "iso-8859-1",
    2004: "hp-roman8",
    2009: "cp850",
    2010: "cp852",
    2011: "cp437",
    2024: "cp932",
    2025: "gb2312",
    2026: "big5",
    2084: "koi8-r",
    2086: "cp866",
    2088: "koi8-u",
    2109: "cp874",
    2250: "cp1250",
    2251: "cp1251",
    2252: "cp1252",
    2253: "cp1253",
    2254: "cp1254",
    2255: "cp1255",
    2256: "cp1256",
    2257: "cp1257",
    2258: "cp1258",
}
# What is sent under a narrower name: the larger set of the same family is the next guess.
_LARGER = {
    "iso-8859-1": "cp1252",
    "iso-8859-2": "cp1250",
    "iso-8859-7": "cp1253",
    "iso-8859-8": "cp1255",
    "iso-8859-9": "cp1254",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "big5": "cp950",
}
_MULTI_BYTE = frozenset(
    {"shift_jis", "cp932", "euc_jp", "euc_kr", "cp949", "gb2312", "gbk", "gb18030", "big5", "cp950"}
)
# For octets that are neither UTF-8 nor what is declared, the commonest first; the first without fault is taken.
_GUESSES = (
    *("cp1252", "hp-roman8", "cp850", "cp1250", "iso-8859-2", "cp932", "gbk", "euc_jp", "euc_kr", "koi8-r", "cp1251"),
    "iso-8859-5",
)
_WIDE = ("utf-16-be", "utf-16-le")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
)
# HP's PML puts a symbol set in front of a string: 0xFDE8 is 65001, the UTF-8 code page, 0x0115 is Roman-8.
_PML = {b"\xfd\xe8": 106, b"\x01\x15": 2004}
# The high octets of alphabets in 16 bits a character that are no letters of any set of 8 bits.
_HIGH = bytes((0, 3, 4, 5, 6, 14))
_NOT_HIGH = bytes(octet for octet in range(256) if octet not in _HIGH)
# Letters that Roman-8 has where Latin-1 has a common one; there they speak for Latin-1.
_RARE_IN_ROMAN_8 = frozenset("ðÐþÞŠšŸÕ")
_SCRIPTS = {
    Script.JAPANESE: ("shift_jis", "cp932", "euc_jp"),
    Script.CHINESE: ("gb2312", "gbk", "gb18030"),
    Script.KOREAN: ("euc_kr", "cp949"),
    Script.WIDE: _WIDE,
}
_SCRIPT_OF = {codec: script for script, members in _SCRIPTS.items() for codec in members}
_MOST_JUDGED = 160


def decoded(raw: bytes, charsets: Sequence[int] = ()) -> str:
    """Turn octets into characters; never raises, and the same octets always give the same text.

    ``charsets`` are IANA MIBenums, first the declared one, then those that are likely. UTF-8 proves itself; what is
    declared is believed where the octets are of that set and look like text in it; else the reading with the fewest
    faults is taken, Latin-1 at the end.
    """
    while raw[:2] in _PML:
        raw, charsets = raw[2:], (_PML[raw[:2]], *charsets)
    bare = raw.rstrip(b"\0")
    if bare.isascii() and bare.decode("ascii").isprintable():
        return bare.decode("ascii")
    likely = [CHARSETS.get(charset, "") for charset in charsets]
    return _undoubled(_wide(raw, likely[:1]) or _escaped(bare) or _best(raw, likely))


def _wide(raw: bytes, declared: Sequence[str]) -> str | None:
    """Decode 16 or 32 bits a character: by the mark in front, by the high octets of an alphabet, or as declared."""
    for mark, codec in _MARKS:
        if raw.startswith(mark) and (text := _strict(raw[len(mark) :], codec)) and _is_text(text, codec):
            return text
    bare = raw.rstrip(b"\0")
    even, odd = (len(half.translate(None, _NOT_HIGH)) for half in (bare[::2], bare[1::2]))
    order: tuple[str, ...] = _WIDE if even > odd else _WIDE[::-1]
    by_high = 2 * max(even, odd) >= (len(bare) + 1) // 2 > 0 and min(even, odd) * 4 <= max(even, odd)
    told = declared[0] if declared and declared[0].startswith(("utf-16", "utf-32")) else None
    if told is not None and not by_high and not _is_utf_8(bare):
        order = (told, *_WIDE) if told[-2:] in ("be", "le") else _WIDE
    elif not by_high or len(bare) < 2:
        return None
    found = [text for codec in order if (text := _strict(raw, codec)) and _is_text(text, codec)]
    return found[0] if by_high and found else min(found, key=penalty_of, default=None)


def _is_utf_8(raw: bytes) -> bool:
    """Say whether octets are UTF-8, or printable ASCII, whatever is declared."""
    text = _strict(raw, "utf-8")
    return text is not None and text.isprintable()


def _is_text(text: str, codec: str) -> bool:
    return penalty_of(text[:_MOST_JUDGED].rstrip("\0"), _SCRIPT_OF.get(codec), trusted=True) < NONSENSE


def _escaped(raw: bytes) -> str | None:
    """Decode ISO-2022-JP, which shows itself by its escapes."""
    return _strict(raw, "iso2022_jp") if b"\x1b$" in raw else None


def _best(raw: bytes, likely: Sequence[str]) -> str:
    """Take what is UTF-8 or the first reading without fault, else the one with the fewest; Latin-1 reads everything."""
    best, least = raw.decode("iso-8859-1"), NONSENSE
    for text, codec, trusted in _readings(raw, likely):
        if codec == "utf-8" and trusted and is_assigned(text):
            return text
        penalty = penalty_of(text[:_MOST_JUDGED], _SCRIPT_OF.get(codec), trusted=trusted)
        penalty += sum(c in _RARE_IN_ROMAN_8 for c in text[:_MOST_JUDGED]) if codec == "hp-roman8" else 0
        if penalty == 0:
            return text
        if penalty < least:
            best, least = text, penalty
    return best


def _readings(raw: bytes, likely: Sequence[str]) -> Iterator[tuple[str, str, bool]]:
    """Yield what the octets may be, the likeliest first: text, codec, and whether the device vouches for it."""
    bare = raw.rstrip(b"\0").replace(b"\0", b" ")
    declared = [codec for codec in likely[:1] if codec and not codec.startswith(("utf-", "ascii"))]
    hinted = [codec for codec in likely[1:] if codec]
    utf_8 = _strict(bare, "utf-8")
    # Two octets of UTF-8 may also be one character of an Asian set: then the device's word counts first.
    told_first = utf_8 is not None and bool(_MULTI_BYTE & set(declared)) and all(ord(c) < 0x800 for c in utf_8)
    order = [*declared, "utf-8"] if told_first else ["utf-8", *declared]
    for codec in dict.fromkeys([*order, *_larger(declared), *hinted, *_larger(hinted), *_GUESSES]):
        text = utf_8 if codec == "utf-8" else _strict(bare, codec)
        if text is not None:
            yield text, codec, text.encode() == bare if codec == "utf-8" else codec in declared
        elif codec == "utf-8" and (text := _damaged(bare)) is not None:
            yield text, codec, False
    for codec in _WIDE:
        if len(raw) > 3 and len(raw) % 2 == 0 and (text := _strict(raw, codec)) is not None:
            yield text, codec, False


def _larger(narrow: Sequence[str]) -> list[str]:
    return [_LARGER[codec] for codec in narrow if codec in _LARGER]


def _strict(raw: bytes, codec: str) -> str | None:
    """Decode every octet, or none; a last character that was cut in half is dropped where others prove the set."""
    if codec.startswith(("utf-16", "utf-32")):
        raw = raw[: len(raw) - len(raw) % (4 if "32" in codec else 2)]
    try:
        return raw.decode(codec)
    except UnicodeDecodeError:
        pass
    if codec not in _MULTI_BYTE and codec != "utf-8":
        return None
    try:
        text = codecs.getincrementaldecoder(codec)().decode(raw)
    except UnicodeDecodeError:
        return None
    return text if not text.isascii() else None


def _damaged(raw: bytes) -> str | None:
    """Read UTF-8 that lost some octets: most of what is not ASCII must be whole."""
    text = raw.decode("utf-8", "replace")
    lost = text.count("\ufffd")
    return text if sum(not c.isascii() for c in text) > 3 * lost else None


def _undoubled(text: str) -> str:
    """Read what was made UTF-8 twice: no language has a capital A with tilde or hat before such signs."""
    if not ("Ã" in text or "Â" in text):
        return text
    try:
        return text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return text
