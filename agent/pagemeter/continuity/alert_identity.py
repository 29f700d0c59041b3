"""Which alert of a visit is which of those that were there: rows are numbered anew, and sources take turns."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from zlib import crc32

from pagemeter.model import Alert

_GENERIC = frozenset({None, 0, 1, 2, -1})
_GENERIC_NAMES = frozenset({None, "other", "unknown"})
_NUMBERS = re.compile(r"\d+")
_NO_NAME = re.compile(r"[^A-Za-z0-9-]+")
_LONGEST = 60
_LONGEST_NUMBER = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What tells an alert from others of its device, wherever it stands in the table; ``source`` is the protocol.

    ``group_index`` is the row of the group's table (the tray, the supply), absent where the source does not tell it.
    """

    source: str
    group: str | None = None
    group_index: int | None = None
    code: int | None = None
    code_name: str | None = None
    location: int | None = None
    description: str | None = None


M = TypeVar("M", bound=Marks)
_Sign = Callable[[Marks], Hashable]


def paired_alerts(memory: Sequence[M], alerts: Sequence[Marks]) -> tuple[tuple[int | None, ...], tuple[int, ...]]:
    """Find each alert again: for each of a visit its place in what is remembered, or none; and those not seen.

    From the narrowest sign to the widest: all marks; without numbers in the text; without the text; and between two
    sources the text alone, then group and code alone. A generic code (other, unknown) says nothing without its text.
    Two equal alerts stay two: each finds one.
    """
    left = dict(enumerate(memory))
    found: list[int | None] = [None] * len(alerts)
    for sign, across in _SIGNS:
        places: dict[Hashable, list[int]] = {}
        for mark, one in left.items():
            if (key := sign(one)) is not None:
                places.setdefault(key, []).append(mark)
        for number, alert in enumerate(alerts):
            key = sign(alert) if found[number] is None else None
            here = places.get(key, []) if key is not None else []
            place = next((one for one in here if not across or memory[one].source != alert.source), None)
            if place is not None:
                found[number] = place
                here.remove(place)
                del left[place]
    return tuple(found), tuple(left)


def key_of(marks: Marks, taken: Iterable[str]) -> str:
    """Name an alert for good: ``markerSupplies.1104.3``, group, code and row of the group, then the location.

    Where the code is generic, a checksum of the text stands in its place; a second alert of one name gets ``#2``. No
    words of the device stand in it, for a key is not masked.
    """
    what = _what(marks)
    if what is None:
        what = f"text-{crc32(_words(marks).encode()):08x}" if _words(marks) else "other"
    parts = [marks.group or "other", str(what), *([] if marks.group_index is None else [str(marks.group_index)])]
    parts += [] if marks.location is None else [f"at-{marks.location}"]
    name = ".".join(_NO_NAME.sub("-", part)[:_LONGEST] for part in parts)
    names, number = set(taken), 1
    while (key := name if number == 1 else f"{name}#{number}") in names:
        number += 1
    return key


def group_index_of(alert: Alert) -> int | None:
    """Return the row of the supply, tray or cover that an alert is of: the last part of the keys that readers make."""
    tail = alert.key.rpartition(":")[2] if ":" in alert.key else ""
    return int(tail) if tail.isascii() and tail.isdigit() and len(tail) <= _LONGEST_NUMBER and int(tail) > 0 else None


def _what(marks: Marks) -> Hashable:
    """Return the code, or its name where it has no number; none where it is generic."""
    if marks.code not in _GENERIC:
        return marks.code
    return marks.code_name if marks.code is None and marks.code_name not in _GENERIC_NAMES else None


def _words(marks: Marks) -> str:
    return " ".join(_NUMBERS.sub("0", marks.description or "").casefold().split())


def _all_marks(marks: Marks) -> Hashable:
    return (marks.code, marks.code_name, marks.group, marks.group_index, marks.location, marks.description)


def _without_numbers(marks: Marks) -> Hashable:
    return (_what(marks), marks.group, marks.group_index, marks.location, _words(marks)) if _words(marks) else None


def _without_text(marks: Marks) -> Hashable:
    what = _what(marks)
    return None if what is None else (what, marks.group, marks.group_index, marks.location)


def _by_text(marks: Marks) -> Hashable:
    return (marks.group, _words(marks)) if _words(marks) else None


def _by_code(marks: Marks) -> Hashable:
    what = _what(marks)
    return None if what is None else (what, marks.group)


_SIGNS: tuple[tuple[_Sign, bool], ...] = (
    (_all_marks, False),
    (_without_numbers, False),
    (_without_text, False),
    (_by_text, True),
    (_by_code, True),
)
