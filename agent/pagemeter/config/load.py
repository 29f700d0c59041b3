"""From the YAML to the AgentConfig: read, judge the shape, judge the values, judge how they fit together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from pagemeter.component import Settings
from pagemeter.config.catalog import Catalog, Catalogs, installed_catalog
from pagemeter.config.checks import judge_together
from pagemeter.config.files import Environment, Secrets, read_text
from pagemeter.config.items import for_schema, judge_item, judge_plugins, raw_items
from pagemeter.config.loader import Loaded, Lookup, Value, load
from pagemeter.config.mistakes import KeyPath, Mistake, error_of, shown
from pagemeter.config.schema import compose_schema
from pagemeter.config.settings import AgentConfig, AgentSettings, CyclesSettings, ItemConfig, NetworkSettings
from pagemeter.config.shape import judge_shape
from pagemeter.config.snmp import NetworkCredentialSettings
from pagemeter.config.values import Judge, placeholders
from pagemeter.plugins import Kind

S = TypeVar("S", bound=Settings)


def load_config(path: Path, *, environ: Mapping[str, str], catalog: Catalogs | None = None) -> AgentConfig:
    """Load a configuration; raises ConfigError with a line for each mistake: ``file:line: key: what; remedy``."""
    lookups: dict[str, Lookup] = {"!secret": Secrets(path.parent, environ), "!env": Environment(environ)}
    return _Reading(read_text(path), path, lookups).config(catalog or installed_catalog)


def parse_config(
    text: str,
    name: str,
    *,
    environ: Mapping[str, str],
    catalog: Catalogs | None = None,
    secrets: Mapping[str, str] | None = None,
) -> AgentConfig:
    """Load a configuration from its text, with the given secrets; ``name`` is the path that messages show."""

    def secret(wanted: str) -> str:
        if secrets is None or wanted not in secrets:
            raise LookupError(f"the secret {shown(wanted)} is missing; add it to the secrets")
        return secrets[wanted]

    lookups: dict[str, Lookup] = {"!secret": secret, "!env": Environment(environ)}
    return _Reading(text, Path(name), lookups).config(catalog or installed_catalog)


class _Reading:
    """One reading of a configuration: gathers the mistakes of all stages, then raises them together."""

    def __init__(self, text: str, path: Path, lookups: Mapping[str, Lookup]) -> None:
        loaded = load(text, str(path), lookups)
        self._path = path
        self._marks = loaded.marks
        self._mistakes = list(loaded.mistakes)
        self._top = self._sections_of(loaded)

    def config(self, catalogs: Catalogs) -> AgentConfig:
        """Return the configuration, or raise ConfigError."""
        named = {item["plugin"] for _, item in raw_items(self._top) if isinstance(item.get("plugin"), str)}
        catalog = catalogs(sorted(map(str, named)))
        unknown = list(judge_plugins(self._top, catalog))
        shape, secret_texts = judge_shape(for_schema(self._top, catalog), compose_schema(catalog))
        self._mistakes += [*unknown, *shape]
        hidden = secret_texts | {str(found.value) for found in placeholders(self._top) if found.value is not None}
        judge = Judge(known=self._marks.keys(), hidden=hidden, mistakes=self._mistakes)
        config = self._judged(judge, catalog, {mistake.path[:2] for mistake in self._mistakes})
        if self._mistakes:
            raise error_of(self._mistakes, self._marks)
        return config

    def _sections_of(self, loaded: Loaded) -> dict[str, Value]:
        """Return the sections that say something; one whose entries are all commented out says nothing."""
        if isinstance(loaded.value, dict):
            return {key: value for key, value in loaded.value.items() if value is not None}
        what = "this holds no settings; begin with a section such as `networks:`"
        raise error_of([*self._mistakes, Mistake(path=(), what=what)], self._marks)

    def _judged(self, judge: Judge, catalog: Catalog, spoilt: set[KeyPath]) -> AgentConfig:
        """Judge each part that has no mistake so far, so that one mistake does not hide another."""
        cycles = self._one("cycles", CyclesSettings, judge, spoilt) or CyclesSettings()
        agent = self._one("agent", AgentSettings, judge, spoilt) or AgentSettings()
        networks = self._many("networks", NetworkSettings, judge, spoilt)
        credentials = self._many("credentials", NetworkCredentialSettings, judge, spoilt)
        raw = [(path, item) for path, item in raw_items(self._top) if path not in spoilt and path[:1] not in spoilt]
        items = [(path, item) for path, one in raw if (item := judge_item(path, one, judge, catalog, self._marks))]
        fence_known = len(networks) == _length(self._top.get("networks"))
        self._mistakes += judge_together(networks, credentials, items, fence_known=fence_known)
        return AgentConfig(
            path=self._path,
            agent=agent,
            networks=tuple(network for _, network in networks),
            credentials=tuple(credential for _, credential in credentials),
            cycles=cycles,
            discoveries=_of(Kind.DISCOVERY, items),
            readers=_of(Kind.READER, items),
            sources=_of(Kind.SOURCE, items),
            outputs=_of(Kind.OUTPUT, items),
        )

    def _one(self, section: str, model: type[S], judge: Judge, spoilt: set[KeyPath]) -> S | None:
        raw = self._top.get(section)
        if not isinstance(raw, dict) or any(path[:1] == (section,) for path in spoilt):
            return None
        return judge.settings(model, raw, (section,), ours=True)

    def _many(self, section: str, model: type[S], judge: Judge, spoilt: set[KeyPath]) -> list[tuple[KeyPath, S]]:
        raw = self._top.get(section)
        found: list[tuple[KeyPath, S]] = []
        for number, one in enumerate(raw if isinstance(raw, list) else ()):
            path: KeyPath = (section, number)
            if isinstance(one, dict) and path not in spoilt and (section,) not in spoilt:
                settings = judge.settings(model, one, path, ours=True)
                found += [] if settings is None else [(path, settings)]
        return found


def _of(kind: Kind, items: Iterable[tuple[KeyPath, ItemConfig]]) -> tuple[ItemConfig, ...]:
    return tuple(item for _, item in items if item.kind == kind)


def _length(section: Value) -> int:
    return len(section) if isinstance(section, list) else 0
