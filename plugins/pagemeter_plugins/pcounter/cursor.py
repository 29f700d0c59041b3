"""What is kept of one file: how far it was read, and what of it can be understood better later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from pydantic import JsonValue

from pagemeter.tail import Place
from pagemeter_plugins.pcounter.dates import DateOrder

MOST_AGAIN: Final = 10_000
"""Pieces of a file that are tried again; further ones stay in quarantine."""


@dataclass(slots=True, kw_only=True)
class FileCursor:
    """The cursor of one file; pieces are (offset, length).

    ``quarantined`` are lines that were not understood with the settings of the fingerprint ``settings``, ``undated``
    stretches of lines whose jobs got no time, for day and month could not be told apart, ``dates`` what is known of it.
    """

    place: Place
    settings: str = ""
    dates: DateOrder | None = None
    quarantined: list[tuple[int, int]] = field(default_factory=list)
    undated: list[tuple[int, int]] = field(default_factory=list)

    def quarantine(self, pieces: list[tuple[int, int]]) -> None:
        """Note lines to try again."""
        self.quarantined = [*self.quarantined, *pieces][:MOST_AGAIN]

    def leave_undated(self, pieces: list[tuple[int, int]]) -> None:
        """Note jobs without a time; lines that follow each other become one stretch."""
        for offset, length in pieces:
            if self.undated and offset == sum(self.undated[-1]):
                begin = self.undated[-1][0]
                self.undated[-1] = (begin, offset + length - begin)
            elif len(self.undated) < MOST_AGAIN:
                self.undated.append((offset, length))

    def to_json(self) -> JsonValue:
        """Write it as the cursor of the file's stream."""
        cursor: dict[str, JsonValue] = {**self.place.to_json(), "settings": self.settings}
        if self.dates is not None:
            cursor["dates"] = str(self.dates)
        if self.quarantined:
            cursor["quarantined"] = [list(piece) for piece in self.quarantined]
        if self.undated:
            cursor["undated"] = [list(piece) for piece in self.undated]
        return cursor

    @classmethod
    def from_json(cls, cursor: JsonValue) -> Self:
        """Read it; raises ValueError for what is none of ours."""
        place = Place.from_json(cursor)
        known: Mapping[str, Any] = cursor if isinstance(cursor, Mapping) else {}
        try:
            return cls(
                place=place,
                settings=str(known.get("settings", "")),
                dates=DateOrder(known["dates"]) if "dates" in known else None,
                quarantined=[(int(offset), int(length)) for offset, length in known.get("quarantined", ())],
                undated=[(int(offset), int(length)) for offset, length in known.get("undated", ())],
            )
        except TypeError as error:
            raise ValueError("a cursor of another form") from error
