"""What of a document may leave: ``only``, ``mask`` and ``hash`` of an output, applied in this order when it is sent.

A name says which fields are meant: a bare field (``contact``), a path (``supplies.serial_number``, ``job.user``), or a
category of Private (``person``). A path fits wherever the end of a field's whole path is the same, and begins with the
type of the document where it is meant for that type alone. Keys, ids, times and whatever else a document must have to
be one always stay.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache
from typing import Any, TypeVar, cast

from pagemeter.fields import FLEET, ROOTS, Field, Path, all_fields, any_meant, fields_of
from pagemeter.model import Body, DeviceSnapshot, Document, Private
from pagemeter.wire import TYPES

T = TypeVar("T")

HASH_DIGITS = 16
CATEGORIES = tuple(str(category) for category in Private)
DOCUMENT_TYPES = frozenset(TYPES.values())


class Masks:
    """Takes out of values what an output must not get.

    ``only`` lists types of documents and fields that may leave, ``mask`` fields that are left out, ``hashed`` texts
    that become 16 hexadecimal digits of their HMAC-SHA256 under ``key``. Raises ValueError for a name that means
    nothing: a misspelt mask must not pass.
    """

    def __init__(
        self, *, only: Iterable[str] = (), mask: Iterable[str] = (), hashed: Iterable[str] = (), key: bytes = b""
    ) -> None:
        wanted = frozenset(only)
        self._only = _paths(parse_only(name) for name in wanted - DOCUMENT_TYPES)
        self._types = wanted & DOCUMENT_TYPES
        self._all = not wanted
        self._mask = _paths(parse_mask(name) for name in mask)
        self._hash = _paths(parse_hash(name) for name in hashed)
        self._key = key
        self._plans: dict[tuple[type, Path], _Plan] = {}

    def takes(self, body: Body) -> bool:
        """Say whether a document may leave at all."""
        return self._takes(type(body))

    @property
    def takes_fleet(self) -> bool:
        """Whether the latest of a device may leave at all."""
        return self._takes(DeviceSnapshot)

    def __call__(self, value: T) -> T:
        """Return the value without what must not leave; of a document the body is meant."""
        if isinstance(value, Document):
            return cast("T", replace(value, body=self(value.body)))
        root = ROOTS.get(type(value))
        if root is None or (self._all and not self._mask and not self._hash):
            return value
        return cast("T", self._applied(value, self._plan(type(value), root, allowed=self._all)))

    def hashed(self, text: str) -> str:
        """Return the pseudonym that stands for a text."""
        return hmac.new(self._key, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:HASH_DIGITS]

    def _takes(self, cls: type) -> bool:
        return self._all or ROOTS[cls][0] in self._types or any_meant(cls, ROOTS[cls], self._only)

    # ---- plans: what is done to each field of a class, found once

    def _plan(self, cls: type, path: Path, *, allowed: bool) -> _Plan:
        if cls in ROOTS:
            # What a FleetEntry adds to its snapshot are times, which always stay.
            path, allowed = ROOTS[cls], self._all or ROOTS[cls][0] in {*self._types, FLEET}
        if (cls, path) not in self._plans:
            steps = tuple(step for one in fields_of(cls, path) if (step := self._step(one, allowed=allowed)))
            self._plans[cls, path] = _Plan(steps=steps, drops=any(s.empties and s.of.required for s in steps))
        return self._plans[cls, path]

    def _step(self, one: Field, *, allowed: bool) -> _Step | None:
        allowed = allowed or one.is_meant(self._only)
        kept = allowed or any(any_meant(cls, one.path, self._only) for cls in one.inner)
        if one.maskable and (not kept or one.is_meant(self._mask)):
            return _Step(of=one, empties=True)
        plans = {cls: self._plan(cls, one.path, allowed=allowed) for cls in one.inner}
        inner = {cls: plan for cls, plan in plans.items() if plan.steps}
        hashes = one.hashable and one.is_meant(self._hash)
        return _Step(of=one, hashes=hashes, inner=inner) if hashes or inner else None

    # ---- values

    def _applied(self, value: Any, plan: _Plan) -> Any:
        return replace(value, **{s.of.name: self._changed(getattr(value, s.of.name), s) for s in plan.steps})

    def _changed(self, value: Any, step: _Step) -> Any:
        if step.empties:
            return step.of.empty
        if step.hashes:
            return self._hashed(value)
        if isinstance(value, tuple):
            kept = (item for item in value if type(item) not in step.inner or not step.inner[type(item)].drops)
            return tuple(self._changed(item, step) for item in kept)
        plan = step.inner.get(type(value))
        return value if plan is None else self._applied(value, plan)

    def _hashed(self, value: Any) -> Any:
        """Hash a text, the texts of a list, or the second text of each pair in one: of a label its value."""
        if isinstance(value, tuple):
            return tuple((i[0], self._hashed(i[1])) if isinstance(i, tuple) else self._hashed(i) for i in value)
        return self.hashed(value) if value else value


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    of: Field
    empties: bool = False
    hashes: bool = False
    inner: Mapping[type, _Plan] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """``drops`` says that an item of a list can't stay, for it loses what it must have."""

    steps: tuple[_Step, ...]
    drops: bool


# ---- names


def parse_mask(name: str) -> str:
    """Take the name of fields that can be left out, and no other. Raises ValueError."""
    return _known(name, maskable(), f"no field that can be masked, and no category ({', '.join(CATEGORIES)})")


def parse_hash(name: str) -> str:
    """Take the name of texts that can be hashed, and no other. Raises ValueError."""
    return _known(name, hashable(), f"no text that can be hashed, and no category ({', '.join(CATEGORIES)})")


def parse_only(name: str) -> str:
    """Take a type of document or the name of fields, and no other. Raises ValueError."""
    known = maskable() | compounds() | DOCUMENT_TYPES
    return _known(name, known, f"no type of document ({', '.join(sorted(DOCUMENT_TYPES))}), no field and no category")


@cache
def maskable() -> frozenset[str]:
    """Name what a mask may list: categories, the fields marked with one, optional fields, and the paths to them."""
    return frozenset(CATEGORIES) | _names(lambda one: one.maskable)


@cache
def hashable() -> frozenset[str]:
    """Name what ``hash`` may list: the categories, and the texts that could be masked as well."""
    return frozenset(CATEGORIES) | _names(lambda one: one.hashable)


@cache
def compounds() -> frozenset[str]:
    """Name the fields with fields of their own, which ``only`` may list as a whole."""
    return _names(lambda one: any(cls not in ROOTS for cls in one.inner))


def _names(wanted: Callable[[Field], bool]) -> frozenset[str]:
    paths = {one.path for one in all_fields() if wanted(one)}
    return frozenset(".".join(path[start:]) for path in paths for start in range(len(path)))


def _known(name: str, known: Collection[str], what: str) -> str:
    if name in known:
        return name
    near = get_close_matches(name, sorted(known), n=1)
    raise ValueError(f"this is {what}" + (f"; did you mean {near[0]}?" if near else ""))


def _paths(names: Iterable[str]) -> frozenset[Path]:
    return frozenset(tuple(name.split(".")) for name in names)


NO_MASKS = Masks()
