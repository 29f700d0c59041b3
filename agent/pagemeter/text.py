"""Device text is hostile until scrubbed: once, at the door; what leaves is escaped at the exit."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from pagemeter.charsets import CHARSETS, decoded

__all__ = ["CHARSETS", "MOST_CHARACTERS", "escaped", "scrub"]

MOST_CHARACTERS = 255
# More than a character has in any set, with room for some that go; what is far too long is not worth the time.
_OCTETS_OF_ONE = 8


def scrub(
    raw: bytes | str | None, *, charset: int | Sequence[int] | None = None, most: int = MOST_CHARACTERS
) -> str | None:
    """Turn device text into one clean line of at most ``most`` characters, or none where nothing is left.

    Bytes are decoded by ``charsets.decoded``; ``charset`` is the declared IANA MIBenum, or that and likely ones.
    Control, surrogate and private characters become spaces, runs of spaces one. So do characters without width (marks
    of direction, soft hyphens) in text that may have been typed; in a device's octets they go without a trace.
    """
    if raw is None:
        return None
    told = () if charset is None else (charset,) if isinstance(charset, int) else charset
    text = raw if isinstance(raw, str) else decoded(raw[: _OCTETS_OF_ONE * most], told)
    # isprintable: none of the unwanted is in it; the usual case, and much faster.
    if not text.isprintable():
        without_width = " " if isinstance(raw, str) else ""
        text = "".join(_clean(c, without_width) for c in text)
    line = " ".join(text.split())[:most].strip()
    return line or None


def escaped(text: str, *, but: str = "") -> str:
    r"""Write what is not printable as ``\x1b`` or ``\u202e``, so that it steers no terminal and ends no line.

    For exits that show text which may not come from a device alone; the characters of ``but`` stay.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in but else c.encode("unicode_escape").decode("ascii") for c in text)


_UNWANTED = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})


def _clean(c: str, without_width: str) -> str:
    category = unicodedata.category(c)
    return without_width if category == "Cf" else " " if category in _UNWANTED else c
