"""``engines``: devices that answer with another SNMPv3 engine id than at first, and which may be asked again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pagemeter.cli.exits import speaking

app = typer.Typer(
    name="engines",
    help="List devices that answer with another SNMPv3 engine id than at first, and confirm those that were exchanged.",
    short_help="List exchanged SNMPv3 engines; confirm some.",
    invoke_without_command=True,
    rich_markup_mode=None,
)

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", help="The YAML file; the platform's folder if absent."),
]
Place = Annotated[str, typer.Argument(metavar="ADDRESS", help="As `engines` lists it.")]


@app.callback()
def engines(
    ctx: typer.Context,
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, a line a device, for programs.")] = False,
) -> None:
    """List devices that answer with another SNMPv3 engine id than at first; they get no authenticated request."""
    ctx.obj = config
    if ctx.invoked_subcommand is None:
        with speaking():
            from pagemeter.cli import confirming

            raise typer.Exit(confirming.show(confirming.loaded(config), as_json=as_json))


@app.command(short_help="Let an exchanged engine be asked.")
def confirm(ctx: typer.Context, place: Place, config: ConfigOption = None) -> None:
    """Take the engine that answers at an address now for the one that belongs there: its device was exchanged."""
    with speaking():
        from pagemeter.cli import confirming

        raise typer.Exit(confirming.confirm(confirming.loaded(config or ctx.obj), place))
