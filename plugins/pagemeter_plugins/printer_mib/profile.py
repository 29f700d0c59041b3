"""Vendor profiles: what a maker's private objects mean, as data (``profiles/*.yaml``)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, field_validator, model_validator

from pagemeter.errors import PluginError
from pagemeter.model import MeterColor, MeterUnit, Sides, Work
from pagemeter.snmp.types import Oid, oid


def _oid(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"\d+(\.\d+){3,}", value):
        raise ValueError("is no object identifier; write it in full, such as 1.3.6.1.4.1.1347.41")
    return oid(value)


ProfileOid = Annotated[Oid, BeforeValidator(_oid)]


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Match(_Closed):
    """Which devices a profile is for: one of the trees of sysObjectID, and a pattern found in their descriptions."""

    sys_object_id: tuple[ProfileOid, ...] = ()
    model: re.Pattern[str] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.sys_object_id and self.model is None:
            raise ValueError("name sys_object_id, model or both")
        return self

    def fits(self, sys_object_id: Oid | None, words: str) -> bool:
        """Hold a device's sysObjectID and all its descriptions against the profile."""
        trees = not self.sys_object_id or any((sys_object_id or ())[: len(tree)] == tree for tree in self.sys_object_id)
        return trees and (self.model is None or self.model.search(words) is not None)


class IdentityObjects(_Closed):
    """Where a maker keeps what the Printer MIB may leave out; the first that answers counts."""

    serial_number: tuple[ProfileOid, ...] = ()
    model: tuple[ProfileOid, ...] = ()
    product_number: tuple[ProfileOid, ...] = ()
    firmware: tuple[ProfileOid, ...] = ()


class MeterRule(_Closed):
    """One counter, or a column of them.

    ``oid`` is a single counter; ``each`` a column with one counter a row, the media of which are named by the column
    ``media_names``; ``sum_of`` counters or whole columns that are added up. ``engine`` limits a rule to printers whose
    engine has one colorant (``monochrome``) or several (``color``).
    """

    oid: ProfileOid | None = None
    each: ProfileOid | None = None
    media_names: ProfileOid | None = None
    sum_of: tuple[ProfileOid, ...] = ()
    work: Work
    color: MeterColor = MeterColor.ANY
    media: str = "any"
    sides: Sides = Sides.ANY
    unit: MeterUnit
    code: str | None = None
    engine: Literal["monochrome", "color"] | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.oid is not None) + (self.each is not None) + bool(self.sum_of) != 1:
            raise ValueError("name exactly one of oid, each, sum_of")
        if (self.each is None) != (self.media_names is None):
            raise ValueError("each and media_names belong together")
        return self


class Profile(_Closed):
    """What is known of one maker's devices."""

    name: str
    match: Match
    identity: IdentityObjects = IdentityObjects()
    meters: tuple[MeterRule, ...] = ()
    source: str

    @field_validator("name")
    @classmethod
    def _a_word(cls, value: str) -> str:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", value):
            raise ValueError("is a lower-case word such as kyocera")
        return value

    @property
    def objects(self) -> tuple[Oid, ...]:
        """The single objects that identity needs."""
        own = self.identity
        return (*own.serial_number, *own.model, *own.product_number, *own.firmware)

    @property
    def counters(self) -> tuple[Oid, ...]:
        """The objects and columns that hold the counters and their names, each once."""
        places: list[Oid] = []
        for rule in self.meters:
            places += [place for place in (rule.oid, rule.each, rule.media_names, *rule.sum_of) if place is not None]
        return tuple(dict.fromkeys(places))


def shipped_profiles() -> tuple[Profile, ...]:
    """Load the profiles that come with the plugin, in the order of their names."""
    return _loaded(files(__package__).joinpath("profiles").iterdir())


def profiles_of(folder: Path | None) -> tuple[Profile, ...]:
    """Load an own folder's profiles, then the shipped ones; raises PluginError that names the file."""
    if folder is None:
        return shipped_profiles()
    if not folder.is_dir():
        raise PluginError(f"{folder}: is no folder of profiles")
    return _loaded(folder.iterdir()) + shipped_profiles()


def parse_profile(text: str, *, name: str) -> Profile:
    """Check a profile; raises PluginError that names the file and each mistake."""
    try:
        return Profile.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise PluginError(f"{name}: is no YAML ({error.__class__.__name__})") from error
    except ValidationError as error:
        mistakes = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise PluginError(f"{name}: {'; '.join(mistakes)}") from error


def fitting(profiles: Sequence[Profile], sys_object_id: Oid | None, words: str) -> tuple[Profile, ...]:
    """Return the profiles for a device, those of the most particular kind as they come."""
    return tuple(profile for profile in profiles if profile.match.fits(sys_object_id, words))


def _loaded(paths: Iterable[Traversable | Path]) -> tuple[Profile, ...]:
    chosen = sorted((path for path in paths if path.name.endswith(".yaml")), key=lambda path: path.name)
    return tuple(parse_profile(path.read_text(encoding="utf-8"), name=path.name) for path in chosen)
