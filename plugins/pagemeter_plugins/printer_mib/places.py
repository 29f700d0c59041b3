"""The objects that a profile names, and how it writes them.

In full, or with a leading dot behind the profile's ``root``; ``.*`` at its end means a column of which every row is
read, without it one instance.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, WithJsonSchema

from pagemeter.snmp.types import Oid, dotted, oid


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """An object of a device: one instance, or a column."""

    oid: Oid
    column: bool = False

    def __str__(self) -> str:
        """Write it as a profile does."""
        return dotted(self.oid) + (".*" if self.column else "")


def _place(value: object) -> Place:
    if isinstance(value, Place):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"\d+(\.\d+){3,}(\.\*)?", value):
        if isinstance(value, str) and re.fullmatch(r"(\.\d+)+(\.\*)?", value):
            raise ValueError(f"{value} begins with a dot; write `root: 1.3.6.1.4.1...` at the top, or the whole of it")
        raise ValueError("is no object identifier; write it in full, such as 1.3.6.1.4.1.1347.41, or .41 behind root")
    return Place(oid(value.removesuffix(".*")), value.endswith(".*"))


def _instance(place: Place) -> Place:
    if place.column:
        raise ValueError(f"{place} is a column; one instance is wanted here")
    return place


def _column(place: Place) -> Place:
    if not place.column:
        raise ValueError(f"{place} is one instance; a column is wanted here: write {place}.*")
    return place


def _tree(value: object) -> object:
    return _instance(_place(value)).oid


_TEXT = WithJsonSchema({"type": "string", "pattern": r"^(\d+)?(\.\d+)+(\.\*)?$"})
AnyPlace = Annotated[Place, BeforeValidator(_place), _TEXT]
Instance = Annotated[Place, BeforeValidator(lambda value: _instance(_place(value))), _TEXT]
Column = Annotated[Place, BeforeValidator(lambda value: _column(_place(value))), _TEXT]
Tree = Annotated[Oid, BeforeValidator(_tree), _TEXT]
Word: TypeAlias = Annotated[str, BeforeValidator(str), WithJsonSchema({"type": ["string", "integer"]})]
"""A value of a device as text: numbers and words are compared alike."""
Code: TypeAlias = Annotated[
    str | None,
    BeforeValidator(lambda value: None if value is None else str(value)),
    WithJsonSchema({"type": ["string", "integer", "null"]}),
]
"""A name of the maker's that may be a number."""
