"""``pagemeter profile``: list, show and check vendor profiles, and draft one from a recording."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from pagemeter_plugins.printer_mib.profile import Profile

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)

Folder = Annotated[
    Path | None, typer.Option("--profiles", metavar="DIR", help="A folder with profiles of your own, asked first.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@app.callback()
def profile() -> None:
    """List, show, check and draft vendor profiles; no device is asked."""


@app.command("list")
def list_(
    folder: Folder = None,
    json: Json = False,
    decoders: Annotated[bool, typer.Option("--decoders", help="List the named decoders instead.")] = False,
) -> None:
    """List the profiles, and which meters each gives."""
    from pagemeter_plugins.printer_mib import listing

    if decoders:
        listing.decoders(as_json=json)
    else:
        listing.profiles(_profiles(folder), as_json=json)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="The name of a profile.")], folder: Folder = None, json: Json = False
) -> None:
    """Show what one profile reads, where, and who says so; what its bases add is in it."""
    from pagemeter_plugins.printer_mib import listing

    found = {one.name: one for one in _profiles(folder)}
    if name not in found:
        _end(f"there is no profile {name}; `pagemeter profile list` shows them")
    listing.one(found[name], as_json=json)


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Profiles (*.yaml).")],
    against: Annotated[
        list[Path] | None,
        typer.Option("--against", metavar="RECORDING", help="Also show what is read of a recording; may be repeated."),
    ] = None,
    folder: Folder = None,
    json: Json = False,
) -> None:
    """Check profiles; exit 2 where there is a mistake, each named with its line.

    With --against, what is read of recordings with the profiles is shown; no device is asked.
    """
    from pagemeter.errors import PluginError
    from pagemeter_plugins.printer_mib import trial
    from pagemeter_plugins.printer_mib.profiles import parse_profile, profile_text, texts_beside

    checked: list[Profile] = []
    mistakes: list[str] = []
    for file in files:
        try:
            bases = texts_beside(file, files, folder)
            checked.append(parse_profile(profile_text(file, name=str(file)), name=str(file), others=bases))
        except PluginError as error:
            mistakes.append(str(error))
    if mistakes:
        _end("\n".join(mistakes))
    try:
        named = {one.name for one in checked}
        others = [one for one in _profiles(folder) if one.name not in named]
        asked = (*(one.of_the_user() for one in checked), *others)
        tried = [trial.tried(recording, asked, checked) for recording in against or ()]
    except PluginError as error:
        _end(str(error))
    if json:
        typer.echo(json_format.dumps({"ok": [one.name for one in checked], "read": tried}, ensure_ascii=False))
        return
    for one in checked:
        typer.echo(trial.summary(one))
    for one_trial in tried:
        typer.echo(trial.told(one_trial))


@app.command()
def draft(
    recording: Annotated[Path, typer.Argument(metavar="RECORDING", help="As `pagemeter record` writes it.")],
    name: Annotated[str | None, typer.Option("--name", help="The profile's name; the maker's if absent.")] = None,
    into: Annotated[Path, typer.Option("--into", metavar="DIR", help="Where the new folder is made.")] = Path(),
    mibs: Annotated[
        Path | None, typer.Option("--mibs", metavar="DIR", help="A folder with the maker's MIB modules, for names.")
    ] = None,
    counts: Annotated[
        list[str] | None,
        typer.Option("--count", metavar="NAME=NUMBER", help="What the panel says, such as copies=1234; repeatable."),
    ] = None,
    json: Json = False,
) -> None:
    """Draft a profile and a regression test from a recording.

    Objects are recognised by value (equal to the life count, to the serial number, two that add up to the life count,
    what the panel says) and by the names that shipped profiles and MIB modules have for them. What is written is a
    draft: every place in it is unverified until somebody held it against the panel.
    """
    from pagemeter.errors import PluginError
    from pagemeter_plugins.printer_mib import drafting

    try:
        drafted = drafting.draft(recording, name=name, into=into, mibs=mibs, panel=drafting.panel_counts(counts or ()))
    except (PluginError, ValueError) as error:
        _end(str(error))
    except OSError as error:
        _end(f"{error.filename}: {error.strerror}")
    typer.echo(json_format.dumps(drafted.plain(), ensure_ascii=False) if json else drafted.told())


@app.command()
def schema() -> None:
    """Print the JSON Schema of a profile, for editors."""
    from pagemeter_plugins.printer_mib.profiles import profile_schema

    typer.echo(json_format.dumps(profile_schema(), indent=2, sort_keys=True))


def _profiles(folder: Path | None) -> tuple[Profile, ...]:
    from pagemeter.errors import PluginError
    from pagemeter_plugins.printer_mib.profiles import profiles_of

    try:
        return profiles_of(folder)
    except PluginError as error:
        _end(str(error))


def _end(message: str) -> NoReturn:
    from pagemeter.text import escaped

    typer.echo(escaped(f"pagemeter: {message}", but="\n"), err=True)
    raise typer.Exit(2)
