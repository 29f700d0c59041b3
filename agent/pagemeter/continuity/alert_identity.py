"""Which alert of a visit is which of those that were there: rows are numbered anew, and sources take turns."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Protocol, TypeVar
from zlib import crc32

from pagemeter.continuity.supply_words import group_index_of
from pagemeter.model import Alert

_GENERIC = frozenset({None, 0, 1, 2, -1})
_NUMBERS = re.compile(r"\d+")


class Marks(Protocol):
    """What tells an alert from others, wherever it stands in the table."""

    @property
    def code(self) -> int | None: ...
    @property
    def code_name(self) -> str | None: ...
    @property
    def group(self) -> str | None: ...
    @property
    def group_index(self) -> int | None: ...
    @property
    def location(self) -> int | None: ...
    @property
    def description(self) -> str | None: ...
    @property
    def source(self) -> str: ...


M = TypeVar("M", bound=Marks)
_Mark = Callable[[Marks], Hashable]


def paired_alerts(memory: Sequence[M], alerts: Sequence[Marks]) -> tuple[tuple[int | None, ...], tuple[int, ...]]:
    """Find each alert again: for each of a visit its place in what is remembered, or none; and those not seen.

    From the narrowest sign to the widest: all marks; without numbers in the text; without the text; and between two
    sources code and group alone. A generic code (other, unknown) says nothing without its text. Two equal alerts stay
    two: each finds one.
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

    Where the code is generic, a checksum of the text stands in its place; a second alert of one name gets ``#2``.
    """
    what = str(marks.code) if marks.code not in _GENERIC else marks.code_name if _is_keyword(marks) else None
    if what is None:
        what = f"text-{crc32(_words(marks).encode()):08x}" if _words(marks) else "other"
    parts = [marks.group or "other", what, "" if marks.group_index is None else str(marks.group_index)]
    if marks.location is not None:
        parts.append(f"at-{marks.location}")
    name, names, number = ".".join(parts).rstrip("."), set(taken), 1
    while (key := name if number == 1 else f"{name}#{number}") in names:
        number += 1
    return key


def group_index(alert: Alert) -> int | None:
    """Return the row of the group's table that an alert is of."""
    return group_index_of(alert)


def _is_keyword(marks: Marks) -> bool:
    return marks.code is None and marks.code_name is not None


def _words(marks: Marks) -> str:
    return " ".join(_NUMBERS.sub("0", marks.description or "").casefold().split())


def _what(marks: Marks) -> Hashable:
    """Return the code, or its name where it has no number; a generic one counts with its text."""
    if marks.code not in _GENERIC:
        return marks.code
    return marks.code_name if _is_keyword(marks) else None


def _all_marks(marks: Marks) -> Hashable:
    return (marks.code, marks.code_name, marks.group, marks.group_index, marks.location, marks.description)


def _without_numbers(marks: Marks) -> Hashable:
    what = _what(marks)
    if what is None and not _words(marks):
        return None
    return (what, marks.group, marks.group_index, marks.location, _words(marks))


def _without_text(marks: Marks) -> Hashable:
    what = _what(marks)
    return None if what is None else (what, marks.group, marks.group_index, marks.location)


def _by_text(marks: Marks) -> Hashable:
    return (marks.group, _words(marks)) if _words(marks) else None


def _by_code(marks: Marks) -> Hashable:
    what = _what(marks)
    return None if what is None else (what, marks.group)


_SIGNS: tuple[tuple[_Mark, bool], ...] = (
    (_all_marks, False),
    (_without_numbers, False),
    (_without_text, False),
    (_by_text, True),
    (_by_code, True),
)
