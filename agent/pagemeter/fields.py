"""The fields of the model as masks and the data sheet see them, each at its whole path from the type of document."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, TypeAlias, Union, cast, get_args, get_origin, get_type_hints

from pagemeter.model import FleetEntry, Private
from pagemeter.wire import TYPES

Path: TypeAlias = tuple[str, ...]

FLEET = "fleet"

# Where the walk through the model begins, and how paths begin there.
ROOTS: Mapping[type, Path] = {cls: (name,) for cls, name in TYPES.items()} | {FleetEntry: (FLEET,)}

_TEXT = (str, NoneType)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of the model as a mask sees it, at its whole path from the type of the document.

    ``marks`` are its categories of Private; ``maskable`` fields may become ``empty``, ``hashable`` ones are text. A
    field that must have a value and may be masked is ``required``: its text is emptied, or the item of a list that
    it stands in is left out.
    """

    path: Path
    hint: Any
    marks: frozenset[str]
    required: bool
    empty: Any
    maskable: bool
    hashable: bool
    inner: tuple[type, ...]

    @property
    def name(self) -> str:
        """The field's own name."""
        return self.path[-1]

    def is_meant(self, names: Collection[Path]) -> bool:
        """Say whether one of the names means this field."""
        ends = (self.path[start:] for start in range(len(self.path)))
        return any(end in names for end in ends) or any((mark,) in names for mark in self.marks)


def any_meant(cls: type, path: Path, names: Collection[Path]) -> bool:
    """Say whether one of the names means a field of a class that stands at ``path``, however deep."""
    return bool(names) and any(one.is_meant(names) for one in _walk(cls, ROOTS.get(cls, path)))


@cache
def all_fields() -> tuple[Field, ...]:
    """Return every field that can leave, each document type after the other, parents before what is in them."""
    return tuple(field for cls, path in ROOTS.items() for field in _walk(cls, path))


def _walk(cls: type, path: Path) -> Iterator[Field]:
    for one in fields_of(cls, path):
        yield one
        for inner in one.inner:
            if inner not in ROOTS:
                yield from _walk(inner, one.path)


@cache
def fields_of(cls: type, path: Path) -> tuple[Field, ...]:
    """Return the fields of a class that stands at ``path``."""
    hints = get_type_hints(cls, include_extras=True)
    return tuple(_field(f, hints[f.name], path) for f in fields(cast("Any", cls)))


def _field(of: Any, hint: Any, path: Path) -> Field:
    parts = list(parts_of(hint))
    marks = frozenset(str(part) for part in parts if isinstance(part, Private))
    required = of.default is MISSING and of.default_factory is MISSING
    empty = "" if required else of.default
    # A device's id is ours and tells nothing; without it nobody knows what a job or an event is about.
    is_id = of.name == "device" and str in parts
    maskable = bool(marks) or (not required and not is_id and empty in (None, (), frozenset()))
    inner = tuple(part for part in parts if isinstance(part, type) and is_dataclass(part))
    return Field(
        path=(*path, of.name),
        hint=hint,
        marks=marks,
        required=required,
        empty=empty,
        maskable=maskable,
        hashable=maskable and str in parts and not any(isinstance(part, type) and part not in _TEXT for part in parts),
        inner=inner,
    )


def parts_of(hint: Any) -> Iterator[Any]:
    """Yield the classes and the marks that an annotation is made of."""
    if get_origin(hint) in (Annotated, Union, UnionType, tuple, frozenset):
        for part in get_args(hint):
            yield from parts_of(part)
    else:
        yield hint
