"""``pagemeter pcounter check FILE``."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)


@app.callback()
def pcounter() -> None:
    """Explain logs of Pcounter; nothing is stored or sent."""


@app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A log.")],
    encoding: Annotated[str, typer.Option(help="As the setting.")] = "auto",
    delimiter: Annotated[str, typer.Option(help="As the setting.")] = "auto",
    fields: Annotated[str | None, typer.Option(help="As the setting, with commas between.")] = None,
    dates: Annotated[str, typer.Option(help="As the setting: auto, mdy, dmy.")] = "auto",
    timezone: Annotated[str | None, typer.Option(help="As the setting.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Say how a log is written, what it adds up to, and which lines are not understood."""
    from pydantic import ValidationError

    from pagemeter_plugins.pcounter.check import checked, explained
    from pagemeter_plugins.pcounter.settings import Form

    chosen: dict[str, Any] = {"encoding": encoding, "delimiter": delimiter, "dates": dates, "timezone": timezone}
    if fields is not None:
        chosen["fields"] = tuple(fields.split(","))
    try:
        form = Form(**chosen)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        typer.echo(f"pagemeter: --{first['loc'][0]}: {first['msg'].removeprefix('Value error, ')}", err=True)
        raise typer.Exit(2) from None
    try:
        result = checked(file, form)
    except OSError as error:
        typer.echo(f"pagemeter: {file} can't be read: {error.strerror}", err=True)
        raise typer.Exit(2) from None
    typer.echo(json_format.dumps(result) if json else explained(result))
    raise typer.Exit(1 if result["not_understood"] else 0)
