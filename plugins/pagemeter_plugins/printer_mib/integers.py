"""Integers as devices send them: with any tag, as text, and what is negative as unsigned."""

from __future__ import annotations

import re

from pagemeter.snmp.types import Oid, Walk

_DIGITS = re.compile(r"[+-]?[0-9]{1,10}")


def integer(walk: Walk, key: Oid) -> int | None:
    """Return a row's Integer32, also where it came as text (``75``) or unsigned (4294967293 is -3); else none."""
    value = walk.integer(key)
    if value is None:
        spelt = (walk.octets(key) or b"").strip(b' "\0').decode("ascii", "replace")
        value = int(spelt) if _DIGITS.fullmatch(spelt) else None
    for bits in (32, 64):
        if value is not None and 1 << (bits - 1) <= value < 1 << bits:
            return value - (1 << bits)
    return value
