"""Commands that plugins add to the command line: listed from their manifests, imported when they are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pagemeter.errors import PluginError

if TYPE_CHECKING:
    from pagemeter.plugins import EntryPointLike, Plugin


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a plugin: its name, help, and a typer application or a function with typer's parameters."""

    name: str
    help: str
    app: Any


def commands_of(plugins: Iterable[Plugin]) -> Mapping[str, tuple[str, tuple[str, ...]]]:
    """Return the commands that manifests list, by name: their help and the plugins that offer them."""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for plugin in plugins:
        for name, words in (
            plugin.manifest.commands if plugin.manifest is not None and not plugin.error else {}
        ).items():
            found[name] = (words, (*found.get(name, ("", ()))[1], plugin.name))
    return found


def load_command(name: str, *, extra: Sequence[EntryPointLike] = ()) -> Command:
    """Import the one plugin that offers a command and return it; raises PluginError."""
    from pagemeter.plugins import commands_offered, installed_plugins

    _, owners = commands_of(installed_plugins(extra=extra)).get(name, ("", ()))
    if not owners:
        raise PluginError(f"no plugin offers the command {name}")
    if len(owners) > 1:
        raise PluginError(f"several plugins offer the command {name}: {', '.join(owners)}; uninstall all but one")
    offered = [command for command in commands_offered(owners[0], extra=extra) if command.name == name]
    if len(offered) != 1:
        raise PluginError(
            f"{owners[0]}: its manifest lists the command {name}, its code offers it {len(offered)} times"
        )
    return offered[0]
