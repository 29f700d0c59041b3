"""Commands that plugins add: listed from manifests, imported when called, never in place of ours."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from pagemeter import Command
from pagemeter.cli import app
from pagemeter.cli.plugin_commands import PluginGroup
from pagemeter.commands import commands_of, load_command
from pagemeter.errors import PluginError
from pagemeter.plugins import installed_plugins, load_plugins

RUN = CliRunner()

CODE = '''
"""A plugin of a test."""
from pagemeter import Command, hookimpl

def greet(name: str = "you") -> None:
    """Greet somebody."""
    print("hello", name)

@hookimpl
def pagemeter_commands():
    return {offered}
'''


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    value: str

    def load(self) -> Any:
        return __import__(self.value)


@pytest.fixture
def make_plugin(tmp_path: Path) -> Any:
    made: list[str] = []
    sys.path.insert(0, str(tmp_path))

    def build(name: str, *, commands: str = "greet: Greets", offered: str = '[Command("greet", "", greet)]') -> Entry:
        folder = tmp_path / f"of_{name}"
        folder.mkdir()
        (folder / "__init__.py").write_text(CODE.replace("{offered}", offered), encoding="utf-8")
        manifest = f"name: {name}\napi: 1\nsummary: Greets\nkinds: [outputs]\ncommands: {{{commands}}}\n"
        (folder / "manifest.yaml").write_text(manifest, encoding="utf-8")
        made.append(folder.name)
        return Entry(name, folder.name)

    yield build
    sys.path.remove(str(tmp_path))
    for name in made:
        sys.modules.pop(name, None)


MakePlugin = Callable[..., Entry]


def test_the_help_lists_commands_of_plugins_without_importing_them() -> None:
    program = (
        "import sys\nfrom typer.testing import CliRunner\nfrom pagemeter.cli import app\n"
        "print(CliRunner().invoke(app, ['--help']).output)\n"
        "print([name for name in sys.modules if name.startswith('pagemeter_plugins.')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert "pcounter Explain a log of Pcounter" in " ".join(done.stdout.split())
    assert done.stdout.rstrip().endswith("[]")


def test_a_command_of_a_plugin_is_called_with_its_arguments(tmp_path: Path) -> None:
    result = RUN.invoke(app, ["pcounter", "check", str(tmp_path / "no.log")])
    assert result.exit_code == 2
    assert "no.log can't be read" in result.output


def test_a_command_that_nobody_offers_is_a_mistake() -> None:
    result = RUN.invoke(app, ["pcountr"])
    assert result.exit_code == 2
    assert "No such command" in result.output


def test_ours_are_never_replaced(make_plugin: MakePlugin) -> None:
    listed = PluginGroup.list_commands(get_command(app), typer.Context(get_command(app)))  # type: ignore[arg-type]
    assert len(listed) == len(set(listed))
    assert listed[-1] not in get_command(app).commands  # type: ignore[attr-defined]  # a group
    assert RUN.invoke(app, ["check", "--help"]).output.startswith("Usage: pagemeter check")


def test_a_manifest_lists_a_command_and_the_code_brings_it(make_plugin: MakePlugin) -> None:
    entry = make_plugin("greeter")
    assert commands_of(installed_plugins(extra=[entry]))["greet"] == ("Greets", ("greeter",))
    assert entry.value not in sys.modules
    assert load_command("greet", extra=[entry]).name == "greet"


def test_two_plugins_with_one_command_are_both_named(make_plugin: MakePlugin) -> None:
    entries = [make_plugin("one"), make_plugin("two")]
    with pytest.raises(PluginError, match="several plugins offer the command greet: one, two; uninstall all but one"):
        load_command("greet", extra=entries)


@pytest.mark.parametrize(
    ("offered", "words"),
    [
        ("[]", "its code offers it 0 times"),
        ('[Command("greet", "", greet)] * 2', "its code offers it 2 times"),
        ('["greet"]', "returned str, not commands"),
        ("1 / 0", "pagemeter_commands failed: ZeroDivisionError"),
    ],
)
def test_a_broken_offer_is_said(offered: str, words: str, make_plugin: MakePlugin) -> None:
    with pytest.raises(PluginError, match=words):
        load_command("greet", extra=[make_plugin("greeter", offered=offered)])


def test_a_command_that_no_plugin_offers_can_not_be_loaded() -> None:
    with pytest.raises(PluginError, match="no plugin offers the command greet"):
        load_command("greet")


def test_a_plugin_with_commands_alone_offers_no_component(make_plugin: MakePlugin) -> None:
    registry = load_plugins(["greeter"], extra=[make_plugin("greeter")])
    assert "implements no hook" in str(registry.why_not("greeter"))


def test_a_function_is_a_command_as_it_is() -> None:
    from pagemeter.cli.plugin_commands import click_command

    def greet(name: str) -> None:
        typer.echo(f"hello {name}")

    command = click_command(Command("greet", "Greets", greet).app, "greet")
    with pytest.raises(SystemExit):
        command.main(["ada"])
