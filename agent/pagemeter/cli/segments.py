"""``segments``: the networks that gateways list, and which of them are searched."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pagemeter.cli.exits import speaking

app = typer.Typer(
    name="segments",
    help="List the networks that gateways know, and say which of them may be searched.",
    short_help="List networks behind gateways; select some.",
    invoke_without_command=True,
    rich_markup_mode=None,
)

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", help="The YAML file; the platform's folder if absent."),
]
Network = Annotated[str, typer.Argument(metavar="NETWORK", help="Such as 10.4.0.0/22.")]


@app.callback()
def segments(
    ctx: typer.Context,
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, a line a segment, for programs.")] = False,
) -> None:
    """List the networks that gateways know, and say which of them may be searched."""
    ctx.obj = config
    if ctx.invoked_subcommand is None:
        with speaking():
            from pagemeter.cli import choosing

            raise typer.Exit(choosing.show(choosing.loaded(config), as_json=as_json))


@app.command(short_help="Let a segment be searched.")
def select(ctx: typer.Context, network: Network, config: ConfigOption = None) -> None:
    """Let a segment be searched: it joins the fence, and `ranges: [segments]` of a sweep asks it."""
    with speaking():
        from pagemeter.cli import choosing

        raise typer.Exit(choosing.choose(choosing.loaded(config or ctx.obj), network, selected=True))


@app.command(short_help="Search a segment no more.")
def drop(ctx: typer.Context, network: Network, config: ConfigOption = None) -> None:
    """Search a segment no more; what was found there stays known."""
    with speaking():
        from pagemeter.cli import choosing

        raise typer.Exit(choosing.choose(choosing.loaded(config or ctx.obj), network, selected=False))
