"""What a vendor profile may say: where a maker's private objects are, and what they mean (``profiles/*.yaml``)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal, Self

from pydantic import (
    Field,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from pagemeter.colorants import colors_in
from pagemeter.config.mistakes import near, shown, with_remedy
from pagemeter.iana_printer_mib import SUPPLY_TYPE
from pagemeter.model import MeterColor, MeterUnit, Severity, Sides, Since, SupplyKind, Training, Work
from pagemeter.snmp.types import Oid
from pagemeter_plugins.printer_mib.decode import Closed, Decode, listed
from pagemeter_plugins.printer_mib.enumerations import UNIT
from pagemeter_plugins.printer_mib.places import AnyPlace, Code, Column, Instance, Tree, Word

WORD = r"[a-z0-9][a-z0-9-]*"


class _Sourced(Closed):
    """What names its source, and either a recording in which it was seen or that it is unverified."""

    source: str = Field(description="Who says so: a key of `sources`.")
    seen_in: tuple[str, ...] = Field(default=(), description="Recordings that hold such a value, by name.")
    unverified: bool = Field(default=False, description="No recording proves it; values are shown as unverified.")
    note: str | None = Field(default=None, description="What else is to be known.")

    @model_validator(mode="after")
    def _proved_or_not(self) -> Self:
        if bool(self.seen_in) == self.unverified:
            raise ValueError("name the recordings in seen_in, or say unverified: true")
        return self


class Scaled(Closed):
    """How a number becomes the value: ``value * multiply // divide``; a number in ``absent`` says nothing."""

    decode: Decode | None = None
    multiply: int = Field(default=1, ge=1)
    divide: int = Field(default=1, ge=1)
    absent: tuple[int, ...] = Field(default=(), description="Numbers by which the device says that it does not count.")


class Probe(Closed):
    """An object that a device must answer, and what must be found in it."""

    oid: Instance
    matches: re.Pattern[str] | None = None


class Match(Closed):
    """Which devices a profile is for: a tree of sysObjectID, words in the descriptions, an object that is answered."""

    sys_object_id: tuple[Tree, ...] = Field(default=(), description="Any of these trees.")
    words: re.Pattern[str] | None = Field(
        default=None, description="Found in hrDeviceDescr, the IEEE 1284 device id or sysDescr."
    )
    probe: tuple[Probe, ...] = Field(default=(), description="All of them; asked only where the rest fits.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.sys_object_id and self.words is None:
            raise ValueError("name sys_object_id, words or both")
        return self

    def fits(self, sys_object_id: Oid | None, words: str) -> bool:
        """Hold a device's sysObjectID and all its descriptions against the profile, the probes aside."""
        trees = self.sys_object_id
        # The usual answer of the many is no; it has to be quick.
        if trees and (sys_object_id is None or not any(sys_object_id[: len(tree)] == tree for tree in trees)):
            return False
        return self.words is None or self.words.search(words) is not None

    def tree_of(self, sys_object_id: Oid | None) -> Oid | None:
        """Return the longest tree that holds the sysObjectID; the empty one where no tree is named."""
        trees = [tree for tree in self.sys_object_id or ((),) if (sys_object_id or ())[: len(tree)] == tree]
        return max(trees, key=len, default=None)

    def generality(self, sys_object_id: Oid | None) -> tuple[int, ...]:
        """Return what sorts the more particular first: a longer tree, then words beside it, then more probes."""
        return -len(self.tree_of(sys_object_id) or ()), int(self.words is None), -len(self.probe)


class TextRule(_Sourced):
    """A text of one instance; ``pattern`` takes its first group out of it."""

    oid: Instance
    decode: Decode | None = None
    pattern: re.Pattern[str] | None = None


class IdentityRules(Closed):
    """Where a maker keeps what the Printer MIB may leave out; the first that answers counts."""

    serial_number: tuple[TextRule, ...] = ()
    model: tuple[TextRule, ...] = ()
    manufacturer: tuple[TextRule, ...] = ()
    product_number: tuple[TextRule, ...] = ()
    firmware: tuple[TextRule, ...] = ()
    name: tuple[TextRule, ...] = ()
    location: tuple[TextRule, ...] = ()


class When(Closed):
    """A condition; several of one rule must all hold."""

    engine: Literal["monochrome", "color"] | None = Field(
        default=None, description="The engine has one colorant, or several."
    )
    oid: Instance | None = None
    is_: tuple[Word, ...] = Field(default=(), alias="is", description="Values of `oid` for which the rule holds.")
    has: AnyPlace | None = Field(default=None, description="The device answers this.")
    lacks: AnyPlace | None = Field(default=None, description="The device does not answer this.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(one is not None for one in (self.engine, self.oid, self.has, self.lacks)) != 1:
            raise ValueError("name exactly one of engine, oid, has, lacks")
        if (self.oid is None) != (not self.is_):
            raise ValueError("oid and is belong together")
        return self


class Enumeration(Closed):
    """What a column's values are called; without ``names`` the column holds names itself."""

    column: Column
    names: dict[Word, str] | None = None


class UnitFrom(Closed):
    """Where a device says in which unit it counts."""

    oid: Instance
    units: dict[int, MeterUnit]


class MeterRule(_Sourced, Scaled):
    """One counter, or one for each row of a column.

    Exactly one of ``oid`` (an instance), ``column`` (the sum of its rows, all or those that ``where`` picks),
    ``sum_of`` (less ``minus``; ``optional`` terms count where the device has them) and ``each`` (a meter a row, the
    medium of which ``media_names`` tells) says where the number is. A sum of which a term is missing is absent.
    """

    oid: Instance | None = None
    column: Column | None = None
    sum_of: tuple[AnyPlace, ...] = ()
    optional: tuple[AnyPlace, ...] = ()
    minus: tuple[AnyPlace, ...] = ()
    each: Column | None = None
    media_names: Enumeration | None = None
    where: dict[Column, tuple[Word, ...]] = Field(
        default_factory=dict,
        description="Columns of the same table, or of one with fewer indexes, and the values that a row has in them.",
    )
    index: dict[int, tuple[int, ...]] = Field(
        default_factory=dict, description="Numbers that a row's index must have, by their place in it, the first is 0."
    )
    when: tuple[When, ...] = ()
    work: Work
    color: MeterColor = MeterColor.ANY
    media: str = "any"
    sides: Sides = Sides.ANY
    since: Since = Since.LIFE
    unit: MeterUnit | None = None
    unit_from: UnitFrom | None = None
    code: Code = Field(default=None, description="The maker's own number or word for the counter.")
    prefer: str | None = Field(
        default=None, description="Why this counts before the Printer MIB's value for the same meter."
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.oid, self.column, self.each).count(None) + (not self.sum_of) != 3:
            raise ValueError("name exactly one of oid, column, sum_of, each")
        if (self.each is None) != (self.media_names is None):
            raise ValueError("each and media_names belong together")
        if (self.where or self.index) and self.column is None and self.each is None:
            raise ValueError("where and index need column or each")
        if (self.minus or self.optional) and not self.sum_of:
            raise ValueError("minus and optional need sum_of")
        if (self.unit is None) == (self.unit_from is None):
            raise ValueError("name unit or unit_from")
        return self


class SupplyValue(Scaled):
    """A value of a supply: a column of the maker's table of supplies, or one instance."""

    column: Column | None = None
    oid: Instance | None = None
    pattern: re.Pattern[str] | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.column is None) == (self.oid is None):
            raise ValueError("name column or oid")
        return self


class SupplyKey(Closed):
    """How a row of the maker's table finds its supply.

    ``index``: a number of the row's index is prtMarkerSuppliesIndex (``part`` says which, 0 the first, -1 the last);
    ``colorant`` and ``description``: ``column`` tells it, in words or by ``names``.
    """

    by: Literal["index", "colorant", "description"]
    part: int = -1
    column: Column | None = None
    names: dict[Word, str] | None = None

    @model_validator(mode="after")
    def _needs(self) -> Self:
        if (self.by == "index") != (self.column is None):
            raise ValueError("colorant and description need a column, index has none")
        return self


class SupplyRule(_Sourced):
    """What a maker adds to the supplies: by rows of its own table (``key``), or for one supply (``colorants``).

    What the Printer MIB tells stays; a level counts only where that tells none. ``types`` are the supply types (RFC
    3805) that the rule is for; a ``key`` by colorant is for toner and ink unless they are named. A value that fits
    several supplies is nobody's. With ``adds`` a row that finds no supply becomes one. A rule that tells neither level
    nor percent gives its ``step`` to the level of the Printer MIB.
    """

    key: SupplyKey | None = None
    colorants: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    where: dict[Column, tuple[Word, ...]] = Field(default_factory=dict)
    when: tuple[When, ...] = ()
    adds: bool = False
    type: str | None = Field(default=None, description="Of a supply that is added.")
    kind: SupplyKind = SupplyKind.CONSUMED
    unit: str | None = None
    serial_number: SupplyValue | None = None
    part_number: SupplyValue | None = None
    description: SupplyValue | None = None
    installed_at: SupplyValue | None = None
    pages_left: SupplyValue | None = None
    coverage: SupplyValue | None = None
    max_capacity: SupplyValue | None = None
    level: SupplyValue | None = None
    percent: SupplyValue | None = None
    step: int | None = Field(default=None, ge=1, le=100, description="The level is known only in steps of so much.")

    @field_validator("types", "type", "unit", "colorants")
    @classmethod
    def _words_of_the_mib(
        cls, value: tuple[str, ...] | str | None, info: ValidationInfo
    ) -> tuple[str, ...] | str | None:
        for word in (value,) if isinstance(value, str) else value or ():
            if info.field_name == "colorants":
                if colors_in(word) != (word,):
                    remedy = f"write {', '.join(colors_in(word)) or 'black, cyan, magenta, yellow, light-cyan ...'}"
                    raise ValueError(with_remedy(f"{shown(word)} is no color as the supplies name them", remedy))
                continue
            known = UNIT.values() if info.field_name == "unit" else SUPPLY_TYPE.values()
            if word not in known:
                remedy = near(word, known) or f"there are {listed(known)}"
                raise ValueError(with_remedy(f"{shown(word)} is none of RFC 3805", remedy))
        return value

    @model_validator(mode="after")
    def _finds_something(self) -> Self:
        if self.key is None and not (self.colorants or self.types):
            raise ValueError("say which supply: key, colorants or types")
        if self.key is not None and not any(value.column for value in self.values.values()):
            raise ValueError("a key finds the rows of columns: name one, such as serial_number: {column: ...}")
        if not self.values and self.step is None:
            raise ValueError("say what of the supply: serial_number, part_number, percent ...")
        if self.adds and self.key is None and self.type is None and len(self.types) != 1:
            raise ValueError("say the type of the supply that is added")
        return self

    @property
    def values(self) -> dict[str, SupplyValue]:
        """What is told of the supply, by field."""
        named = {name: getattr(self, name) for name in SUPPLY_VALUES}
        return {name: value for name, value in named.items() if value is not None}


SUPPLY_VALUES = (
    *("serial_number", "part_number", "description", "installed_at", "pages_left"),
    *("coverage", "max_capacity", "level", "percent"),
)


class CoverageRule(_Sourced, Scaled):
    """The average coverage of the pages of the device's marker, in hundredths of a per cent."""

    oid: Instance


class StatusCode(Closed):
    """What one of a maker's status codes means; without severity it tells a state and is no alert."""

    description: str
    severity: Severity | None = None
    training: Training | None = None
    group: str | None = None
    code: int | None = Field(default=None, description="The registered prtAlertCode that says the same.")


class StatusRule(_Sourced):
    """A maker's status code, and what its values mean; a value that is not listed is named as unknown."""

    oid: Instance
    decode: Decode | None = None
    codes: dict[Word, StatusCode]


class Profile(Closed):
    """What is known of the devices of one maker or family."""

    name: str = Field(pattern=rf"^{WORD}$")
    title: str = Field(description="The maker and the brands, for people.")
    root: Tree | None = Field(
        default=None, description="What a leading dot stands for; a derived profile's own counts."
    )
    base: tuple[str, ...] = Field(default=(), description="Profiles whose rules come after the ones here.")
    match: Match | None = Field(default=None, description="Absent: only a base for others.")
    sources: dict[str, str] = Field(description="The sources by the keys that the rules name.")
    identity: IdentityRules = IdentityRules()
    meters: tuple[MeterRule, ...] = ()
    supplies: tuple[SupplyRule, ...] = ()
    coverage: tuple[CoverageRule, ...] = ()
    panel: tuple[TextRule, ...] = ()
    status: tuple[StatusRule, ...] = ()
    not_told: dict[Literal["mono", "color", "supply_serial_number"], str] = Field(
        default_factory=dict, description="What these devices never tell, each with the reason."
    )
    by_standard: dict[Literal["supply_serial_number", "part_number"], str] = Field(
        default_factory=dict, description="What the Printer MIB's own tables tell on these devices, and where."
    )
    _own: bool = PrivateAttr(default=False)

    @field_validator("sources")
    @classmethod
    def _named(cls, value: dict[str, str]) -> dict[str, str]:
        if empty := sorted(key for key, words in value.items() if not words.strip()):
            raise ValueError(f"say who {', '.join(empty)} is")
        return value

    @model_validator(mode="after")
    def _sources_arelisted(self) -> Self:
        for place, rule in self._placed():
            if rule.source not in self.sources:
                remedy = near(rule.source, self.sources) or f"there are {', '.join(self.sources)}"
                what = with_remedy(f"source {shown(rule.source)} is not listed in sources", remedy)
                raise PydanticCustomError("value_error", "{error}", {"error": what, "place": (*place, "source")})
        return self

    def _placed(self) -> Iterator[tuple[tuple[str | int, ...], _Sourced]]:
        for field in IdentityRules.model_fields:
            for number, text in enumerate(getattr(self.identity, field)):
                yield ("identity", field, number), text
        for name in _LISTS:
            for number, rule in enumerate(getattr(self, name)):
                yield (name, number), rule

    @property
    def own(self) -> bool:
        """Say whether it stands in the user's folder, and so comes before what is shipped."""
        return self._own

    def of_the_user(self) -> Profile:
        """Mark it as one of the user's folder."""
        mine = self.model_copy()
        mine._own = True  # noqa: SLF001 - a copy of its own
        return mine

    @property
    def rules(self) -> tuple[_Sourced, ...]:
        """All rules that read an object."""
        return tuple(rule for _, rule in self._placed())

    def completed_by(self, base: Profile) -> Profile:
        """Take a base's rules after the own ones."""
        mine, theirs = self.identity, base.identity
        named = IdentityRules.model_fields
        lists = {name: getattr(self, name) + getattr(base, name) for name in _LISTS}
        update: dict[str, Any] = {
            **lists,
            "identity": IdentityRules(**{name: getattr(mine, name) + getattr(theirs, name) for name in named}),
            "sources": {**base.sources, **self.sources},
            "not_told": {**base.not_told, **self.not_told},
            "by_standard": {**base.by_standard, **self.by_standard},
        }
        return self.model_copy(update=update)


_LISTS = ("meters", "supplies", "coverage", "panel", "status")
