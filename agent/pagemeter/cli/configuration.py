"""``check``, ``schema`` and ``plugins``."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich import box
from rich.markup import escape
from rich.table import Table

from pagemeter.cli.exits import Exit, usage
from pagemeter.cli.paths import config_file, config_path
from pagemeter.cli.show import console
from pagemeter.clock import SystemClock
from pagemeter.config import compose_schema, load_config
from pagemeter.config.settings import ItemConfig
from pagemeter.plan import unusable
from pagemeter.plugins import Plugin, installed_plugins, load_plugins


def check(file: Path | None) -> Exit:
    """Load a configuration and say whether it can be used; raises ConfigError with every mistake."""
    config = load_config(config_file(file), environ=os.environ)
    with _heard() as said:
        registry = load_plugins(item.plugin for item in config.items)
        broken = {item.where: (item, why) for item, why in unusable(config, registry, SystemClock())}
    for item, why in broken.values():
        console(stderr=True).print(f"{item.where}: {item.name}: {why}", markup=False, soft_wrap=True)
    for line in said:
        console(stderr=True).print(line, markup=False, soft_wrap=True)
    names = ", ".join(f"{item.kind} {item.name}" for item in config.items if item.where not in broken) or "no plugin"
    console().print(f"{config.path}: ok ({names})", markup=False)
    return Exit.PARTLY_FAILED if broken or said else Exit.OK


@contextmanager
def _heard() -> Iterator[list[str]]:
    """Gather what components say is wrong with their own files; they say it in the log and go on without them."""
    said: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]  # of this one alone
    log = logging.getLogger()
    log.addHandler(handler)
    try:
        yield said
    finally:
        log.removeHandler(handler)


def schema() -> Exit:
    """Print the JSON Schema composed of the core's and all installed plugins' settings."""
    print(json.dumps(compose_schema(), indent=2, ensure_ascii=False))
    return Exit.OK


def data_sheet() -> Exit:
    """Print what may leave the site, as Markdown."""
    from pagemeter.data_sheet import data_sheet as written

    print(written(), end="")
    return Exit.OK


def plugins(action: str | None, name: str | None, config: Path | None, *, as_json: bool) -> Exit:
    """List plugins, or show one; with a configuration the named ones are loaded and say why they can't be used."""
    if action not in (None, "show") or (action == "show" and name is None):
        raise usage("write `pagemeter plugins`, `pagemeter plugins show NAME` or `pagemeter plugins new NAME`")
    named = _named(config)
    found = {plugin.name: plugin for plugin in installed_plugins()}
    found.update({plugin.name: plugin for plugin in load_plugins(named).plugins})
    if name is not None and name not in found:
        raise usage(f"no plugin {name} is installed; installed are {', '.join(sorted(found))}")
    shown = [found[name]] if name is not None else [plugin for _, plugin in sorted(found.items())]
    if as_json:
        for plugin in shown:
            print(json.dumps(_plain(plugin, named), ensure_ascii=False))
    elif name is not None:
        _show_one(shown[0], named)
    else:
        _show_all(shown, named)
    return Exit.PARTLY_FAILED if any(plugin.error for plugin in shown) else Exit.OK


def _named(config: Path | None) -> frozenset[str]:
    path = config if config is not None else config_path()
    if config is None and not path.exists():
        return frozenset()
    loaded = load_config(path, environ=os.environ)
    items: Iterable[ItemConfig] = (*loaded.discoveries, *loaded.readers, *loaded.sources, *loaded.outputs)
    return frozenset(item.plugin for item in items)


def _plain(plugin: Plugin, named: frozenset[str]) -> dict[str, object]:
    manifest = plugin.manifest.model_dump(mode="json") if plugin.manifest else None
    plain: dict[str, object] = {"name": plugin.name, "distribution": plugin.distribution, "used": plugin.name in named}
    return {
        **plain,
        **({"manifest": manifest} if manifest else {}),
        **({"error": plugin.error} if plugin.error else {}),
    }


def _show_all(plugins: list[Plugin], named: frozenset[str]) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Plugin", "Kinds", "What it does", "From", "State"):
        table.add_column(heading, overflow="fold")
    for plugin in plugins:
        manifest = plugin.manifest
        state = plugin.error or ("used" if plugin.name in named else "not named, not imported")
        cells = (
            plugin.name,
            ", ".join(manifest.kinds) if manifest else "",
            manifest.summary if manifest else "",
            plugin.distribution or "",
            state,
        )
        table.add_row(*(escape(str(cell)) for cell in cells))
    console().print(table)


def _show_one(plugin: Plugin, named: frozenset[str]) -> None:
    out = console()
    manifest = plugin.manifest
    out.print(f"{plugin.name}: {manifest.summary if manifest else ''}", markup=False)
    out.print(f"From: {plugin.distribution}; {'used' if plugin.name in named else 'not named'}", markup=False)
    if plugin.error is not None:
        out.print(f"Can't be used: {plugin.error}", markup=False)
    if manifest is None:
        return
    out.print(f"Offers: {', '.join(manifest.kinds)}; tier: {manifest.tier}; api: {manifest.api}", markup=False)
    for name, words in manifest.commands.items():
        out.print(f"Command: pagemeter {name}: {words}", markup=False)
    out.print(f"Requires: {', '.join(manifest.requirements) or 'nothing else'}", markup=False)
    for use in manifest.network or ["none"]:
        told = use if isinstance(use, str) else f"{use.direction}, {use.protocol}, port {use.port}: {use.why}"
        out.print(f"Network: {told}", markup=False)
    out.print(f"Rights on this host: {', '.join(manifest.rights) or 'none'}", markup=False)
    readme = plugin.folder / "README.md" if plugin.folder is not None else None
    if readme is not None and readme.is_file():
        out.print(f"Its settings and limits: {readme}", markup=False, soft_wrap=True)
