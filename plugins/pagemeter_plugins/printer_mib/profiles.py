"""Loads vendor profiles: own ones before the shipped ones, bases joined, each mistake named with its file and line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import ValidationError

from pagemeter.config.loader import Loaded, load
from pagemeter.config.mistakes import Mistake, error_of
from pagemeter.errors import ConfigError, PluginError
from pagemeter.snmp.types import Oid
from pagemeter_plugins.printer_mib.profile import Profile

_NAME = re.compile(r"^name: *['\"]?([^\s'\"#]+)", re.MULTILINE)
_RELATIVE = re.compile(r"(\.\d+)+(\.\*)?")
_Texts: TypeAlias = Mapping[str, tuple[str, str]]
"""The texts of profiles by their names: (file name, text)."""


@cache
def shipped_profiles() -> tuple[Profile, ...]:
    """Load the profiles that come with the plugin, in the order of their names."""
    texts = _shipped_texts()
    try:
        return tuple(_whole(name, texts) for name in sorted(texts))
    finally:
        _loaded.cache_clear()


def profiles_of(folder: Path | None) -> tuple[Profile, ...]:
    """Load an own folder's profiles, then the shipped ones; raises PluginError that names file, line and mistake.

    An own profile with the name of a shipped one takes its place, also as a base of others.
    """
    if folder is None:
        return shipped_profiles()
    if not folder.is_dir():
        raise PluginError(f"{folder}: is no folder of profiles")
    own = _texts(folder.iterdir())
    texts = {**_shipped_texts(), **own}
    try:
        mine = tuple(_whole(name, texts).of_the_user() for name in sorted(own))
        return mine + tuple(_whole(name, texts) for name in sorted(texts.keys() - own.keys()))
    finally:
        _loaded.cache_clear()


def usable_profiles(folder: Path | None) -> tuple[tuple[Profile, ...], tuple[str, ...]]:
    """Load as ``profiles_of`` does, but leave out own files that have mistakes; also returned is what is wrong in them.

    Where an own file with the name of a shipped one is left out, the shipped one stands. Raises PluginError where there
    is no folder.
    """
    try:
        return profiles_of(folder), ()
    except PluginError:
        if folder is None or not folder.is_dir():
            raise
    good: dict[str, tuple[str, str]] = {}
    mistakes: list[str] = []
    shipped = _shipped_texts()
    # Bases may stand behind those that need them: whatever is left over is tried again until nothing more fits.
    waiting = sorted(path for path in folder.iterdir() if path.name.endswith(".yaml"))
    while waiting:
        left, mistakes = [], []
        for path in waiting:
            try:
                found = {**good, **_texts([path])}
                for name in found.keys() - good.keys():
                    _whole(name, {**shipped, **found})
                good = found
            except PluginError as error:
                left.append(path)
                mistakes.append(str(error))
        if len(left) == len(waiting):
            break
        waiting = left
    texts = {**shipped, **good}
    mine = tuple(_whole(name, texts).of_the_user() for name in sorted(good))
    return mine + tuple(_whole(name, texts) for name in sorted(texts.keys() - good.keys())), tuple(mistakes)


def parse_profile(text: str, *, name: str, others: _Texts | None = None) -> Profile:
    """Check one profile, joined with its bases; raises PluginError that names file, line and each mistake.

    ``others`` are what bases are looked for in, the shipped ones unless said otherwise.
    """
    known = others if others is not None else _shipped_texts()
    profile = _parsed(text, name, root=None)
    return _whole(profile.name, {**known, profile.name: (name, text)})


def fitting(profiles: Sequence[Profile], sys_object_id: Oid | None, words: str) -> tuple[Profile, ...]:
    """Return the profiles for a device in the order in which they count, probes aside.

    The user's own come first, then the more particular: the longer tree of sysObjectID, words beside it, probes.
    """
    found = [one for one in profiles if one.match is not None and one.match.fits(sys_object_id, words)]
    return tuple(sorted(found, key=lambda one: _order(one, sys_object_id)))


def profile_schema() -> dict[str, Any]:
    """Return the JSON Schema of a profile, for editors."""
    schema = Profile.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Pagemeter vendor profile", **schema}


def write_schema(path: Path) -> None:
    """Write the JSON Schema of a profile to a file."""
    path.write_text(json.dumps(profile_schema(), indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _order(profile: Profile, sys_object_id: Oid | None) -> tuple[bool, tuple[int, ...]]:
    return not profile.own, profile.match.generality(sys_object_id) if profile.match is not None else ()


@cache
def _shipped_texts() -> _Texts:
    return _texts(files(__package__).joinpath("profiles").iterdir())


def _texts(paths: Iterable[Traversable | Path]) -> dict[str, tuple[str, str]]:
    """Read the files of a folder by the names of their profiles; two with one name are a mistake."""
    found: dict[str, tuple[str, str]] = {}
    for path in sorted((path for path in paths if path.name.endswith(".yaml")), key=lambda path: path.name):
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise PluginError(f"{path.name}: can't be read ({error.__class__.__name__})") from error
        named = _NAME.search(text)
        name = named[1] if named is not None else path.name
        if name in found:
            raise PluginError(f"{path.name}: {found[name][0]} is called {name} too; rename one of them")
        found[name] = (path.name, text)
    return found


def _whole(name: str, texts: _Texts, *, root: str | None = None, below: tuple[str, ...] = ()) -> Profile:
    """Parse a profile and join its bases, depth first; a root of the derived one counts in its bases too."""
    file, text = texts[name]
    if name in below:
        raise PluginError(f"{file}: base: {' -> '.join((*below, name))} goes round in a circle; take one of them out")
    profile = _parsed(text, file, root=root)
    for base in profile.base:
        if base not in texts:
            known = ", ".join(sorted(texts))
            raise PluginError(f"{file}: base: there is no profile {base}; known are {known}")
        own = _root_of(text, file)
        profile = profile.completed_by(_whole(base, texts, root=root or own, below=(*below, name)))
    return profile


def _root_of(text: str, file: str) -> str | None:
    value = _loaded(text, file).value
    root = value.get("root") if isinstance(value, dict) else None
    return str(root) if root is not None else None


def _parsed(text: str, file: str, *, root: str | None) -> Profile:
    loaded = _loaded(text, file)
    value: Any = loaded.value
    mistakes = list(loaded.mistakes)
    if not isinstance(value, dict):
        mistakes.append(Mistake(path=(), what="a profile is a list of `key: value`, beginning with `name`"))
        value = {}
    else:
        value = _absolute(value, root or str(value.get("root") or ""))
    try:
        if not mistakes:
            return Profile.model_validate(value)
    except ValidationError as error:
        mistakes += [
            Mistake(path=_path(one["loc"]), what=one["msg"].removeprefix("Value error, "))
            for one in error.errors(include_url=False)
        ]
    raise PluginError(str(error_of(mistakes, loaded.marks)))


def _path(loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Leave out what pydantic adds of its own: the name of a mapping's key."""
    return tuple(part for part in loc if part != "[key]")


@lru_cache(maxsize=256)
def _loaded(text: str, file: str) -> Loaded:
    try:
        return load(text, file, {})
    except ConfigError as error:
        raise PluginError(str(error)) from error


def _absolute(value: Any, root: str) -> Any:
    """Write out the objects that begin with a dot, as values and as keys."""
    if isinstance(value, dict):
        return {_absolute(key, root): _absolute(one, root) for key, one in value.items()}
    if isinstance(value, list):
        return [_absolute(one, root) for one in value]
    return root + value if isinstance(value, str) and root and _RELATIVE.fullmatch(value) else value
