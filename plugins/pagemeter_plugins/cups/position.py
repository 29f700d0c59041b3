"""How far the jobs of a server were taken: what is kept as the cursor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from pydantic import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A job that was seen and had not ended; ``created`` in seconds of the server, ``again`` if it was taken before."""

    created: int | None = None
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """All jobs with a number below ``floor`` are taken, but for those that are ``waiting``.

    ``sequence`` is the last event that was fetched, ``heard`` the server's time then; ``newest`` the job with the
    highest number that was seen and ``created`` the latest creation of any: they tell when the numbers begin anew.
    Then the list is gone through once more, and jobs created up to ``taken`` are passed over.
    """

    floor: int = 1
    waiting: Mapping[int, Waiting] = field(default_factory=dict)
    subscription: int | None = None
    sequence: int = 0
    heard: int = 0
    newest: tuple[int, int] | None = None
    created: int = 0
    taken: int = 0

    @classmethod
    def from_json(cls, cursor: JsonValue) -> Self:
        """Read a cursor; one that is not ours is none, so that everything in the server's history is taken."""
        if not isinstance(cursor, dict):
            return cls()
        newest = cursor.get("newest")
        numbers = [one for one in newest if isinstance(one, int)] if isinstance(newest, list) else []
        subscription = cursor.get("subscription")
        return cls(
            floor=max(1, _integer(cursor.get("floor"), 1)),
            waiting=dict(_waiting(cursor.get("waiting"))),
            subscription=subscription if isinstance(subscription, int) else None,
            sequence=_integer(cursor.get("sequence"), 0),
            heard=_integer(cursor.get("heard"), 0),
            newest=(numbers[0], numbers[1]) if len(numbers) == 2 else None,
            created=_integer(cursor.get("created"), 0),
            taken=_integer(cursor.get("taken"), 0),
        )

    def to_json(self) -> JsonValue:
        """Write the cursor."""
        return {
            "floor": self.floor,
            "waiting": {str(number): [one.created, one.again] for number, one in sorted(self.waiting.items())},
            "subscription": self.subscription,
            "sequence": self.sequence,
            "heard": self.heard,
            "newest": list(self.newest) if self.newest is not None else None,
            "created": self.created,
            "taken": self.taken,
        }

    def begun_anew(self) -> Self:
        """Go through all numbers: the spool is another, or the server was killed before it wrote its jobs down."""
        return replace(self, floor=1, newest=None, taken=self.created)

    def has_taken(self, number: int, created: int | None) -> bool:
        """Say whether a job was taken before the numbers began anew; one that waited then was not."""
        waited = self.waiting.get(number)
        if waited is not None and waited.created in (None, created):
            return False
        return self.taken > 0 and created is not None and created <= self.taken


def _integer(value: JsonValue, otherwise: int) -> int:
    return value if isinstance(value, int) else otherwise


def _waiting(value: JsonValue) -> list[tuple[int, Waiting]]:
    found = []
    for number, told in value.items() if isinstance(value, dict) else ():
        match told:
            case [int() | None as created, bool() as again] if number.isdecimal():
                found.append((int(number), Waiting(created=created, again=again)))
    return found
