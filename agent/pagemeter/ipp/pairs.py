"""Values that are lists of ``key=value;`` (PWG 5100.13 and 5100.9): supplies, trays, alerts."""

from __future__ import annotations

import re

from pagemeter.text import scrub

MOST_CHARACTERS = 1023
_NUMBER = re.compile(r"[+-]?[0-9]{1,10}")


def pairs_of(words: str | None) -> dict[str, str]:
    """Split ``key=value;key=value``; keys in lower case, the first of several counts, what has no value is dropped."""
    found: dict[str, str] = {}
    for part in (words or "").split(";"):
        key, equals, value = part.partition("=")
        clean = scrub(value)
        if equals and key.strip() and clean is not None:
            found.setdefault(key.strip().lower(), clean)
    return found


def number_of(pairs: dict[str, str], key: str) -> int | None:
    """Return a value that is an integer, none where it is not."""
    value = pairs.get(key)
    return int(value) if value is not None and _NUMBER.fullmatch(value) else None
