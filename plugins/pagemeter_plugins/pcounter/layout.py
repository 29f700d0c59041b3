"""Which field is which: the documented order, other orders, and lines into fields."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from operator import itemgetter
from typing import Final

from pagemeter_plugins.pcounter.dates import is_date, is_time

DOCUMENTED: Final = (
    "user", "document", "queue", "date", "time", "client", "account", "subaccount",
    "paper", "options", "size", "pages", "cost", "balance",
)  # fmt: skip
"""The order of PCOUNTER.LOG, one job a line, no heading."""

KNOWN: Final = frozenset(DOCUMENTED) | {"datetime", "copies", "-"}
DELIMITERS: Final = (",", ";", "\t", "|")
PICKED: Final = (
    "user", "document", "queue", "date", "time", "client", "account", "subaccount",
    "paper", "options", "pages", "cost", "copies",
)  # fmt: skip
FEWEST: Final = 12
"""Newer versions write more fields than the documented 14, older ones fewer; a line with less than these is none."""

_HEADINGS: Final = frozenset(
    {"user", "username", "user name", "document", "docname", "document name", "printer", "queue", "date", "time",
     "client", "computer", "workstation", "clientcode", "client code", "subcode", "paper", "papersize", "paper size",
     "features", "options", "size", "pages", "cost", "balance"}
)  # fmt: skip


class NotUnderstood(ValueError):
    """A line is no job; the message says why without quoting it."""


class Layout:
    """The order of the fields of a log."""

    def __init__(self, fields: Sequence[str] = DOCUMENTED) -> None:
        self.fields = tuple(fields)
        self.index = {name: place for place, name in enumerate(self.fields) if name != "-"}
        self._date = self.index.get("date", self.index.get("datetime"))
        self._document = self.index.get("document")
        self._least = min(len(self.fields), FEWEST)
        # A field that the layout has not is the empty one behind the last.
        self._pick = itemgetter(*(self.index.get(name, len(self.fields)) for name in PICKED))
        self._width = len(self.fields) + 1

    def picked(self, fields: Sequence[str]) -> tuple[str, ...]:
        """Return the fields in the order of PICKED, empty where there is none; date and time are apart."""
        padded = [*fields[: self._width - 1], *[""] * (self._width - len(fields))]
        if len(fields) >= self._width:
            padded.append("")
        found: tuple[str, ...] = self._pick(padded)
        if "datetime" not in self.index:
            return found
        date, _, time = fields[self.index["datetime"]].strip().partition(" ")
        return (*found[:3], date, time, *found[5:])

    def split(self, line: str, delimiter: str) -> list[str]:
        """Split a line into the fields of this layout; raises NotUnderstood.

        A field may be quoted as in RFC 4180. A document's title that holds delimiters without quotes is put together
        again, for the date behind it shows how many there were. What follows the known fields is ignored.
        """
        fields = None
        if '"' in line:
            # One line at a time: a quote that nobody closes must not swallow the next.
            fields = self._placed(next(csv.reader([line], delimiter=delimiter), []), delimiter)
        if fields is None:
            fields = self._placed(line.split(delimiter), delimiter)
        if fields is not None:
            return fields
        count = line.count(delimiter) + 1
        if count < self._least:
            raise NotUnderstood(f"{count} fields, at least {self._least} are needed")
        raise NotUnderstood(f"field {(self._date or 0) + 1} is no date")

    def _placed(self, fields: list[str], delimiter: str) -> list[str] | None:
        """Return the fields, each in its place, or none where that can't be."""
        if len(fields) < self._least:
            return None
        date, document = self._date, self._document
        if date is None or self._dated(fields, date):
            return fields
        if document is None or document > date:
            return None
        for shift in range(1, len(fields) - self._least + 1):
            if self._dated(fields, date + shift):
                title = delimiter.join(fields[document : document + shift + 1])
                return [*fields[:document], title, *fields[document + shift + 1 :]]
        return None

    def _dated(self, fields: Sequence[str], place: int) -> bool:
        if "datetime" in self.index:
            date, _, time = fields[place].strip().partition(" ")
            return is_date(date) and is_time(time)
        if not is_date(fields[place]):
            return False
        time_at = self.index.get("time")
        return time_at is None or self._date is None or is_time(fields[place + time_at - self._date])


def is_heading(line: str, delimiter: str) -> bool:
    """Say whether a line names the fields, as exports have it."""
    words = [field.strip(' "').casefold() for field in line.split(delimiter)]
    return sum(word in _HEADINGS for word in words) >= 5


def delimiter_of(lines: Sequence[str], layout: Layout, usual: str = ",") -> str:
    """Return the delimiter with which most lines can be split; the usual one where it does as well as any."""
    counts = {usual: sum(_splits(line, usual, layout) for line in lines)}
    if counts[usual] < len(lines):
        counts |= {other: sum(_splits(line, other, layout) for line in lines) for other in DELIMITERS if other != usual}
    return max(counts, key=lambda delimiter: counts[delimiter])


def _splits(line: str, delimiter: str, layout: Layout) -> bool:
    try:
        layout.split(line, delimiter)
    except NotUnderstood:
        return False
    return True
