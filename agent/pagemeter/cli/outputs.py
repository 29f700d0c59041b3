"""``outputs test``: what happens on the way to a receiver, stage by stage, in plain words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pagemeter.cli.exits import speaking

app = typer.Typer(
    name="outputs",
    help="Try whether the outputs reach their receivers.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def outputs() -> None:
    """Try whether the outputs reach their receivers."""


@app.command("test")
def try_out(
    name: Annotated[str, typer.Argument(help="The output, by its name in the YAML.")],
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", metavar="FILE", help="The YAML file; the platform's folder if absent."),
    ] = None,
) -> None:
    """Try the way to a receiver, stage by stage.

    DNS, TCP, proxy, TLS, request, status and receipt: the first that fails says why and what to do. What is owed is not
    touched; what is sent says that it is a test. The agent may be running.
    """
    with speaking():
        from pagemeter.cli import trying

        raise typer.Exit(trying.test(name, config))
