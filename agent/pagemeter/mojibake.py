"""How little a text looks like one: what stands out when octets were read in the wrong character set."""

from __future__ import annotations

import unicodedata
from enum import Enum, auto
from itertools import pairwise

NONSENSE = 10
"""No text that is right has as many faults."""

_NOT_TEXT = frozenset({"Cc", "Cn", "Co", "Cs"})
# Signs that texts of printers do have, also beside letters.
_USUAL = frozenset(" °®©™«»·–—‘’“”„…€£½¼¾²³µºª¿¡±×•№")  # noqa: RUF001 - signs are what this is about
# What no word has although it is a letter or common punctuation: the first octets of Asian sets become these.
_ODD = frozenset("ƒ†‡‰‹›")  # noqa: RUF001 - signs are what this is about
_NOT_BEHIND_A_LETTER = frozenset("½¼¾¿¡±×•№«“„€£")  # noqa: RUF001 - signs are what this is about
_NOT_BEFORE_A_LETTER = frozenset("»”…™°®©·ºª")
_NOT_BETWEEN_LETTERS = frozenset("—·")
_NOT_IN_WORDS = frozenset("_[]{}~^|\\`<>@#$=")
# The half-width comma and dot: as first octets they are the kana of EUC-JP.
_LEAD = frozenset("､･")
_ALPHABETS = (
    ("latin", 0x00C0, 0x024F),
    ("greek", 0x0370, 0x03FF),
    ("cyrillic", 0x0400, 0x052F),
    ("hebrew", 0x0590, 0x05FF),
    ("arabic", 0x0600, 0x06FF),
    ("thai", 0x0E00, 0x0E7F),
    ("latin", 0x1E00, 0x1EFF),
    ("sign", 0x3000, 0x303F),
    ("kana", 0x3040, 0x30FF),
    ("ideograph", 0x4E00, 0x9FFF),
    ("hangul", 0xAC00, 0xD7A3),
    ("sign", 0xFF01, 0xFF60),
    ("half", 0xFF61, 0xFF9F),
)
_LONGEST_RUN = 3
_TIMES = frozenset({0xD7, 0xF7})
_ASIAN = frozenset({"sign", "kana", "ideograph", "hangul", "half"})


class Script(Enum):
    """For which language a set of two octets a character was made; WIDE has all of them."""

    JAPANESE = auto()
    CHINESE = auto()
    KOREAN = auto()
    WIDE = auto()


def penalty_of(text: str, script: Script | None = None, *, trusted: bool = False) -> int:
    """Count what does not belong into a text: 0 is one without fault, ``NONSENSE`` and more is none.

    ``trusted``: the device says that it is this set, so that rare characters are nothing against it.
    """
    penalty = sum(_of_character(c, script, trusted=trusted) for c in text if not (c.isascii() and c.isprintable()))
    penalty += sum(_of_pair(one, other) for one, other in pairwise(text) if not (one.isascii() and other.isascii()))
    return penalty + _of_words(text, trusted=trusted)


def is_assigned(text: str) -> bool:
    """Say whether every character beyond ASCII is one: no control, private or unassigned code."""
    return not any(unicodedata.category(c) in _NOT_TEXT for c in text if not c.isascii())


def _of_character(c: str, script: Script | None, *, trusted: bool) -> int:
    if c.isascii():
        return 0 if c in "\t\r\n\0" else 1
    if unicodedata.category(c) in _NOT_TEXT:
        return NONSENSE
    alphabet = None if c in _ODD else _alphabet(c)
    if alphabet is None:
        usual = c in _USUAL or (0x2000 <= ord(c) <= 0x206F and c not in _ODD)
        return 0 if usual else 4 if c == "\ufffd" else 2
    if c in _LEAD:
        return 1
    if trusted or script is None or _is_common(c, alphabet, script):
        return 0
    return 1 if alphabet == "half" else 2


def _is_common(c: str, alphabet: str, script: Script) -> bool:
    """Say whether a character is of the first level of a national set, with which everyday words are written."""
    if alphabet == "sign":
        return True
    if script is Script.KOREAN:
        return alphabet == "hangul"
    if alphabet == "ideograph":
        chinese = script is not Script.JAPANESE and _is_level_one(c, "gb2312", 0xD7)
        return chinese or (script is not Script.CHINESE and _is_level_one(c, "euc_jp", 0xCF))
    return (alphabet == "kana" and script is not Script.CHINESE) or script is Script.WIDE


def _is_level_one(c: str, codec: str, last: int) -> bool:
    try:
        octets = c.encode(codec)
    except UnicodeEncodeError:
        return False
    return len(octets) == 2 and 0xB0 <= octets[0] <= last


def _of_pair(one: str, other: str) -> int:
    """Judge two neighbours: alphabets do not mix within a word, nor do capitals follow small letters there."""
    first, second = _alphabet(one), _alphabet(other)
    if first is None or second is None:
        return _of_sign_and_letter(one, other, first or second)
    if first == second:
        return 2 if one.islower() and other.isupper() else 0
    if first in _ASIAN and second in _ASIAN:
        return 0
    if first in _ASIAN or second in _ASIAN:
        western = other if first in _ASIAN else one
        return 2 if western.islower() or not western.isascii() else 0
    return 3


def _of_sign_and_letter(one: str, other: str, alphabet: str | None) -> int:
    if alphabet is None or alphabet in _ASIAN:
        return 0
    sign, letter = (one, other) if _alphabet(one) is None else (other, one)
    if not letter.isascii() and (sign in _NOT_IN_WORDS or (sign.isascii() and sign.isdigit())):
        return 1
    return int(sign in (_NOT_BEFORE_A_LETTER if sign is one else _NOT_BEHIND_A_LETTER))


def _of_words(text: str, *, trusted: bool) -> int:
    """Judge words: many letters with accents in a row, a capital with accent inside one, signs between letters."""
    penalty = 0
    for word in text.split():
        if word.isascii():
            continue
        run = 0
        for before, c, after in zip(f" {word}", word, f"{word} "[1:], strict=False):
            run = run + 1 if not c.isascii() and _alphabet(c) == "latin" else 0
            penalty += 2 if run > _LONGEST_RUN else 0
            inside = before.isupper() and after.islower()
            penalty += 1 if not c.isascii() and inside and c.isupper() and _alphabet(c) == "latin" else 0
            penalty += 1 if c in _NOT_BETWEEN_LETTERS and before.isalpha() and after.isalpha() else 0
        penalty += run == len(word) > 1
        foreign = "".join(c for c in word if not c.isascii())
        penalty += not trusted and len(foreign) > 1 and foreign.isupper() and _alphabet(foreign[0]) == "cyrillic"
    return penalty


def _alphabet(c: str) -> str | None:
    if c.isascii():
        return "latin" if c.isalpha() else None
    code = ord(c)
    return next((name for name, first, last in _ALPHABETS if first <= code <= last and code not in _TIMES), None)
