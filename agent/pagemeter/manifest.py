"""manifest.yaml: what a plugin says of itself without being imported."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pagemeter import API_VERSION
from pagemeter.errors import PluginError

FILE_NAME = "manifest.yaml"


class Kind(StrEnum):
    """The four kinds of components, spelt as their sections of the YAML."""

    DISCOVERY = "discoveries"
    READER = "readers"
    SOURCE = "sources"
    OUTPUT = "outputs"


class NetworkUse(BaseModel):
    """One port that a plugin speaks to (out) or listens on (in), and why; a port may be words ("that of its url")."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    port: int | str
    protocol: str
    direction: Literal["out", "in"]
    why: str


class Manifest(BaseModel):
    """What a plugin is, offers, requires, sends and may do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    api: int
    summary: str = Field(min_length=1)
    kinds: tuple[Kind, ...] = Field(min_length=1)
    commands: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")], str] = Field(default_factory=dict)
    requirements: tuple[str, ...] = ()
    network: tuple[NetworkUse, ...] = ()
    rights: tuple[str, ...] = ()
    tier: str = "experimental"


def read_manifest(folder: Path | None, name: str) -> Manifest:
    """Read the manifest in a plugin's folder; raises PluginError, which says what is wrong with it."""
    if folder is None or not (folder / FILE_NAME).is_file():
        raise PluginError(f"no {FILE_NAME} beside its __init__.py")
    try:
        text = (folder / FILE_NAME).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise PluginError(f"{FILE_NAME} can't be read: {_first_line(error)}") from error
    manifest = _manifest(text)
    if manifest.name != name:
        raise PluginError(f"{FILE_NAME} says name: {manifest.name}, the entry point says {name}")
    return manifest


# A start asks for each manifest three times, and YAML is what takes the time.
@lru_cache(maxsize=256)
def _manifest(text: str) -> Manifest:
    try:
        raw = yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        raise PluginError(f"{FILE_NAME} can't be read: {_first_line(error)}") from error
    if not isinstance(raw, dict):
        raise PluginError(f"{FILE_NAME} is no mapping of keys to values")
    # Before the rest: what another version's manifest holds is not ours to judge.
    if raw.get("api") != API_VERSION:
        raise PluginError(f"made for api {raw.get('api')}, this agent has api {API_VERSION}; install a fitting version")
    try:
        return Manifest.model_validate(raw)
    except ValidationError as error:
        raise PluginError(f"{FILE_NAME} is invalid: {_mistakes(error)}") from error


def folder_of(module: str) -> Path | None:
    """Find the folder of a package without importing it or its parents; none for a module that is no package."""
    search: list[str] | None = None
    names = module.split(".")
    for depth, part in enumerate(names, 1):
        spec = _spec(".".join(names[:depth]), search)
        if spec is not None and spec.origin is not None:
            if spec.submodule_search_locations is None:
                return None
            search = list(spec.submodule_search_locations)
        else:
            # A namespace package, which reckons its places from its parent in sys.modules, where it is not.
            search = [str(Path(base, part)) for base in (search or sys.path) if Path(base, part).is_dir()]
        if not search:
            return None
    return Path(search[0]) if search else None


def _spec(module: str, search: Sequence[str] | None) -> ModuleSpec | None:
    # PathFinder comes first; setuptools makes an editable install by a finder of its own.
    finders = (finder for finder in (PathFinder, *sys.meta_path) if hasattr(finder, "find_spec"))
    for finder in finders:
        try:
            spec: ModuleSpec | None = finder.find_spec(module, search)
        except KeyError:
            continue  # a nested namespace package, see above
        if spec is not None:
            return spec
    return None


def _mistakes(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(str(part) for part in mistake['loc'])}: {mistake['msg']}" for mistake in error.errors()
    )


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())
