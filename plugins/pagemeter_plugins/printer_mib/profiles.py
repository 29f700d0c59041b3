"""Loads vendor profiles: own ones before the shipped ones, bases joined, each mistake named with its file and line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import ValidationError

from pagemeter.config.loader import Loaded, load
from pagemeter.config.mistakes import Mistake, error_of, near
from pagemeter.errors import ConfigError, PluginError
from pagemeter.snmp.types import Oid
from pagemeter_plugins.printer_mib.profile import Profile
from pagemeter_plugins.printer_mib.profile_mistakes import explained

_NAME = re.compile(r"^name: *['\"]?([^\s'\"#]+)", re.MULTILINE)
_INTERNET = ".1.3.6.1."
_ENDINGS = (".yaml", ".yml")
_MOST_OCTETS = 1 << 20
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
        raise PluginError(f"{folder}: there is no such folder; make it, or take `profiles` out")
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
    waiting = sorted(path for path in folder.iterdir() if path.name.endswith(_ENDINGS))
    while waiting:
        left, mistakes = [], []
        for path in waiting:
            try:
                own = _texts([path])
                for name in own:
                    if name in good:
                        raise PluginError(f"{path.name}: {good[name][0]} is called {name} too; rename one of them")
                    _whole(name, {**shipped, **good, **own})
                good |= own
            except PluginError as error:
                left.append(path)
                mistakes.append(str(error))
        if len(left) == len(waiting):
            break
        waiting = left
    texts = {**shipped, **good}
    mine = tuple(_whole(name, texts).of_the_user() for name in sorted(good))
    return mine + tuple(_whole(name, texts) for name in sorted(texts.keys() - good.keys())), tuple(mistakes)


def profile_text(path: Traversable | Path, *, name: str) -> str:
    """Read a profile's file; raises PluginError that says why it can't be read and what to do."""
    try:
        if not path.is_file():
            raise PluginError(f"{name}: is no file, or leads to none; name the YAML file")
        with path.open("rb") as file:
            raw = file.read(_MOST_OCTETS + 1)
    except OSError as error:
        raise PluginError(f"{name}: can't be read ({error.strerror}); may this user?") from error
    if len(raw) > _MOST_OCTETS:
        raise PluginError(f"{name}: is larger than {_MOST_OCTETS >> 20} MiB; is it the right file?")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise PluginError(f"{name}:{line}: this is no UTF-8 text; save it as UTF-8") from error


def texts_beside(file: Path, named: Iterable[Path], folder: Path | None) -> _Texts:
    """Return what the bases of a profile are looked for in: files named with it, a folder, the shipped profiles."""
    found = dict(_shipped_texts())
    for other in (*(folder.iterdir() if folder is not None and folder.is_dir() else ()), *named):
        try:
            found.update(_texts([other]) if other != file else {})
        except PluginError:
            continue  # it is named where it is checked itself
    return found


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


def _order(profile: Profile, sys_object_id: Oid | None) -> tuple[bool, tuple[int, ...]]:
    return not profile.own, profile.match.generality(sys_object_id) if profile.match is not None else ()


@cache
def _shipped_texts() -> _Texts:
    return _texts(files(__package__).joinpath("profiles").iterdir())


def _texts(paths: Iterable[Traversable | Path]) -> dict[str, tuple[str, str]]:
    """Read the files of a folder by the names of their profiles; two with one name are a mistake."""
    found: dict[str, tuple[str, str]] = {}
    for path in sorted((path for path in paths if path.name.endswith(_ENDINGS)), key=lambda path: path.name):
        text = profile_text(path, name=path.name)
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
            remedy = near(base, texts) or f"known are {', '.join(sorted(texts))}"
            raise PluginError(f"{file}: base: there is no profile {base}; {remedy}")
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
        mistakes += [explained(one, Profile.model_json_schema()) for one in error.errors(include_url=False)]
    raise PluginError(str(error_of(mistakes, loaded.marks)))


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
    if not isinstance(value, str) or not _RELATIVE.fullmatch(value):
        return value
    # `snmpwalk -On` puts a dot before what is written in full.
    return value[1:] if value.startswith(_INTERNET) else root + value
