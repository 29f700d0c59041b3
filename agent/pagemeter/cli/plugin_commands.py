"""Commands of plugins beside ours: listed from the manifests, imported when they are called, never in place of ours."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from pagemeter.cli.exits import speaking
from pagemeter.commands import commands_of, load_command


class PluginGroup(TyperGroup):
    """Our commands, then those of the installed plugins."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Name ours in their order, then the plugins' in alphabetical order."""
        ours = super().list_commands(ctx)
        return [*ours, *sorted(name for name in _listed() if name not in ours)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return our command of that name, else one that imports its plugin when it is called."""
        ours = super().get_command(ctx, cmd_name)
        if ours is not None or cmd_name not in _listed():
            return ours
        return _PluginCommand(name=cmd_name, callback=None, help=_listed()[cmd_name])


class _PluginCommand(TyperCommand):
    """Stands for a command until it is called."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Import the plugin and go on with its own command."""
        with speaking():
            command = load_command(str(self.name))
        return click_command(command.app, str(self.name)).make_context(info_name, args, parent=parent, **extra)


def click_command(app: Any, name: str) -> Any:
    """Return what runs: a typer application's own command, or a function's."""
    if not isinstance(app, typer.Typer):
        single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        single.command(name)(app)
        app = single
    return get_command(app)


@cache
def _listed() -> Mapping[str, str]:
    from pagemeter.plugins import installed_plugins

    return {name: words for name, (words, _) in commands_of(installed_plugins()).items()}
