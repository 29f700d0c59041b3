"""Octets of a log into text: UTF-8, UTF-16, or one of the code pages of Windows, detected or set."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from functools import cache
from itertools import islice
from typing import Final

AUTO: Final = "auto"
CODE_PAGES: Final = ("cp1252", "cp850", "cp437")
"""What is tried where the text is no UTF-8: the ANSI page first, then the OEM pages of Western Europe and the USA."""

MOST_SCORED: Final = 30

_FOREIGN: Final = re.compile(rb"[\x80-\xff]")


def encoding_of(lines: Sequence[bytes], wanted: str = AUTO) -> str:
    """Tell the encoding of lines with their newlines; ``wanted`` is an encoding that is set, or ``auto``."""
    if wanted != AUTO:
        return codecs.lookup(wanted).name
    first = lines[0] if lines else b""
    if first.startswith(codecs.BOM_UTF16_LE) or first.endswith(b"\n\x00"):
        return "utf-16-le"
    if first.startswith(codecs.BOM_UTF16_BE) or first.endswith(b"\x00\n"):
        return "utf-16-be"
    whole = b"".join(lines)
    if whole.isascii():
        return "ascii"
    if _is_utf8(whole):
        return "utf-8"
    foreign = (line for line in lines if not line.isascii() and not _is_utf8(line))
    return code_page_of(list(islice(foreign, MOST_SCORED)))


def text_of(line: bytes, encoding: str) -> str:
    """Decode one line without its newline and byte order mark; raises ValueError.

    A code page is used only for lines that are no UTF-8: newer versions write that into the same file.
    """
    if encoding == "ascii":
        return line.decode("ascii").rstrip("\r\n")
    if encoding.startswith("utf-16"):
        return line.decode(encoding).lstrip("\ufeff").rstrip("\r\n")
    if not encoding.startswith("utf-8") and not line.isascii():
        try:
            return line.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            return line.decode(encoding).rstrip("\r\n")
    return line.decode("utf-8").lstrip("\ufeff").rstrip("\r\n")


def code_page_of(lines: Sequence[bytes]) -> str:
    """Tell the code page by what makes letters among letters; the first of them where several do."""
    scores = {page: sum(_score(line, page) for line in lines) for page in CODE_PAGES}
    return max(scores, key=lambda page: scores[page])


def _score(line: bytes, page: str) -> int:
    """Count the foreign characters that are letters of the case of their neighbours, less those that are none."""
    table = _table(page)
    score = 0
    for found in _FOREIGN.finditer(line):
        place = found.start()
        before = table[line[place - 1]] if place else " "
        character, after = table[line[place]], table[line[place + 1]] if place + 1 < len(line) else " "
        if before.isalpha() or after.isalpha():
            fits = character.isalpha() and not (character.isupper() and before.islower())
            score += 1 if fits else -2
    return score


@cache
def _table(page: str) -> str:
    return bytes(range(256)).decode(page, errors="replace")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
