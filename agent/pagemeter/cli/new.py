"""``plugins new``: a plugin that works, to be changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pagemeter.cli.exits import Exit
from pagemeter.cli.scaffold import new_plugin
from pagemeter.errors import PagemeterError
from pagemeter.plugins import installed_plugins


def new(name: str, kinds: Sequence[str], folder: Path | None, summary: str | None) -> Exit:
    """Write the files of a new plugin into a folder that is not there yet, and say what to do next."""
    files = new_plugin(name, kinds, _summary(name, kinds, summary))
    if name in {plugin.name for plugin in installed_plugins()}:
        raise PagemeterError(f"a plugin {name} is installed already; take another name")
    root = folder if folder is not None else Path(f"pagemeter-{name.replace('_', '-')}")
    if root.exists() and any(root.iterdir()):
        raise PagemeterError(f"{root} is not empty; name another folder with --folder, or remove it")
    try:
        for path, text in files.items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise PagemeterError(
            f"{root} can't be written ({error.strerror}); name another folder with --folder"
        ) from error
    for path in sorted(files):
        print(root / path)
    print(
        f"\nIt works as it is. Next, in the environment that has pagemeter:\n"
        f"  cd {root}\n"
        f"  python -m pip install --editable '.[dev]'\n"
        f"  python -m pytest && python -m mypy\n"
        f"  pagemeter plugins show {name}\n"
        f"README.md has the lines for the YAML; docs/plugins.md explains the contracts."
    )
    return Exit.OK


def _summary(name: str, kinds: Sequence[str], summary: str | None) -> str:
    text = " ".join((summary or f"A {' and '.join(kinds)} called {name}; say here what it does").split())
    text = text.removesuffix(".") + "."
    # It stands in TOML, YAML and a docstring.
    if any(character in text for character in '"\\#:{}[]') or len(text) > 200:
        raise PagemeterError("a summary is one line of at most 200 characters without quotes, colons and brackets")
    return text
