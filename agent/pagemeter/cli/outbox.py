"""``outbox``: what is owed to whom, since when and why; and what becomes of documents that were set aside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pagemeter.cli.exits import speaking

app = typer.Typer(
    name="outbox",
    help="Say what is owed to whom, since when and why; retry or drop what was set aside.",
    short_help="Say what is owed to whom, and why.",
    invoke_without_command=True,
    rich_markup_mode=None,
)

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", help="The YAML file; the platform's folder if absent."),
]
FeedName = Annotated[str, typer.Argument(metavar="FEED", help="The feed, as `outbox` lists it, or its output.")]
KeyText = Annotated[
    str | None, typer.Argument(metavar="[KEY]", help="The key of one document, as `outbox` lists it. [default: all]")
]


@app.callback()
def outbox(
    ctx: typer.Context,
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, a line a feed, for programs.")] = False,
) -> None:
    """Say what is owed to whom, since when and why; exit 1 where a feed fails or something was set aside."""
    ctx.obj = config
    if ctx.invoked_subcommand is None:
        with speaking():
            from pagemeter.cli import owing

            raise typer.Exit(owing.show(owing.loaded(config), as_json=as_json))


@app.command(short_help="Deliver again what was set aside.")
def retry(ctx: typer.Context, feed: FeedName, key: KeyText = None, config: ConfigOption = None) -> None:
    """Deliver again what was set aside, each document by itself under its old key."""
    with speaking():
        from pagemeter.cli import owing

        raise typer.Exit(owing.retry(owing.loaded(config or ctx.obj), feed, key))


@app.command(short_help="Forget what was set aside.")
def drop(
    ctx: typer.Context,
    feed: FeedName,
    key: KeyText = None,
    config: ConfigOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Forget what was set aside: the receiver will never get it."""
    with speaking():
        from pagemeter.cli import owing

        raise typer.Exit(owing.drop(owing.loaded(config or ctx.obj), feed, key, yes=yes))
