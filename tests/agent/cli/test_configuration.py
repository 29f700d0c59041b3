"""``check``, ``schema``, ``plugins``, ``devices`` and the help, as a person who writes a configuration tries them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer

from pagemeter import __version__
from pagemeter.cli import app
from pagemeter.cli.paths import store_path
from pagemeter.config import load_config
from pagemeter.plugins import installed_plugins
from pagemeter.store import Keep, Store
from pagemeter.testing import FakeClock

ROOT = Path(__file__).resolve().parents[3]
GOOD = """\
agent: {state: state}
networks:
  - network: 127.42.0.0/24
credentials:
  - {networks: [127.42.0.0/24], snmp: {version: 2c, community: public}}
discoveries:
  - {plugin: static, targets: [127.42.0.1]}
readers:
  - plugin: printer_mib
outputs:
  - {plugin: files, folder: out}
"""


@pytest.fixture
def good(tmp_path: Path) -> Path:
    file = tmp_path / "pagemeter.yaml"
    file.write_text(GOOD)
    return file


def test_a_good_file_is_said_to_be_ok_with_the_items_that_it_names(pagemeter: Any, good: Path) -> None:
    said = pagemeter("check", good)
    assert said.code == 0
    assert said.err == ""
    assert said.out.startswith(f"{good}: ok (")
    assert all(name in said.out for name in ("discoveries static", "readers printer_mib", "outputs files"))


def test_a_folder_of_profiles_that_is_missing_is_found_before_it_runs(pagemeter: Any, good: Path) -> None:
    good.write_text(GOOD.replace("plugin: printer_mib", "{plugin: printer_mib, profiles: own}"))
    said = pagemeter("check", good)
    assert said.code == 1
    assert f"{good}:9: printer_mib: {good.parent / 'own'}: there is no such folder" in said.err
    assert "printer_mib" not in said.out


def test_a_mistake_in_an_own_profile_is_found_before_it_runs(pagemeter: Any, good: Path) -> None:
    good.write_text(GOOD.replace("plugin: printer_mib", "{plugin: printer_mib, profiles: own}"))
    (good.parent / "own").mkdir()
    (good.parent / "own/acme.yaml").write_text("name: acme\ntitel: Acme\nsources: {}\n")
    said = pagemeter("check", good)
    assert said.code == 1
    assert "acme.yaml:2: titel: unknown key; did you mean title?" in said.err


BROKEN: dict[str, tuple[bytes, int, str]] = {
    "0 bytes": (b"", 1, "this file is empty"),
    "only a comment": (b"# nothing\n", 1, "no settings"),
    "binary": (b"\x7fELF\x02\x01\x01\x00\x00\xff\xfe", 1, ""),
    "text of another charset": ("# Büro\n".encode("latin-1") + GOOD.encode(), 1, "UTF-8"),
    "a key that there is not": (GOOD.replace("targets", "targts").encode(), 7, "did you mean targets?"),
    "a section that there is not": (GOOD.replace("readers", "raeders").encode(), 8, "did you mean readers?"),
    "a plugin that there is not": (GOOD.replace("printer_mib", "printer_mip").encode(), 9, "did you mean printer_mib?"),
    "a secret that is missing": (GOOD.replace("public", "!secret site").encode(), 5, "site"),
    "a key twice": (f"{GOOD}readers: []\n".encode(), 12, "readers"),
    "a wrong type": (GOOD.replace("[127.42.0.1]", "7").encode(), 7, "targets"),
    "a bad range": (GOOD.replace("network: 127.42.0.0/24", "network: 127.42.0.0/42").encode(), 3, "network"),
    "an alias": (GOOD.replace("- plugin: printer_mib", "- &one {plugin: printer_mib}\n  - *one").encode(), 9, ""),
    "half a bracket": (GOOD.replace("[127.42.0.1]", "[127.42.0.1").encode(), 7, "close in pairs"),
}


@pytest.mark.parametrize(("content", "number", "remedy"), BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("command", [("check",), ("run", "--config"), ("once", "--config"), ("devices", "--config")])
def test_a_broken_file_ends_in_exit_code_2_and_names_file_line_and_remedy(
    pagemeter: Any, tmp_path: Path, command: tuple[str, ...], content: bytes, number: int, remedy: str
) -> None:
    file = tmp_path / "pagemeter.yaml"
    file.write_bytes(content)
    said = pagemeter(*command, file)
    assert said.code == 2
    assert said.out == ""
    lines = said.err.splitlines()
    assert all(line.startswith(f"{file}:") for line in lines), said.err
    assert any(line.startswith(f"{file}:{number}: ") and remedy in line for line in lines), said.err
    assert list(tmp_path.iterdir()) == [file]


def test_one_mistake_is_one_line(pagemeter: Any, good: Path) -> None:
    good.write_text(GOOD.replace("targets", "targts"))
    assert pagemeter("check", good).err.count("\n") == 1


def test_a_file_that_is_missing_and_a_folder_are_mistakes_of_line_1(pagemeter: Any, tmp_path: Path) -> None:
    for place in (tmp_path / "no.yaml", tmp_path):
        said = pagemeter("check", place)
        assert said.code == 2
        assert said.err.count("\n") == 1
        assert said.err.startswith(f"{place}:1: ")


def test_the_schema_is_the_file_that_editors_get(pagemeter: Any) -> None:
    said = pagemeter("schema")
    assert said.code == 0
    assert json.loads(said.out) == json.loads((ROOT / "config/schema.json").read_text("utf-8"))


def test_every_installed_plugin_is_listed_with_what_it_does(pagemeter: Any, tmp_path: Path) -> None:
    said = pagemeter("plugins", XDG_CONFIG_HOME=str(tmp_path), XDG_CONFIG_DIRS=str(tmp_path))
    assert said.code == 0
    for plugin in installed_plugins():
        assert plugin.manifest is not None
        row = next(line for line in said.out.splitlines() if line.strip().startswith(f"{plugin.name} "))
        assert str(plugin.manifest.kinds[0]) in row
        assert "not named, not imported" in row


def test_the_plugins_that_a_configuration_names_are_marked_as_used(pagemeter: Any, good: Path) -> None:
    said = pagemeter("plugins", "--config", good, "--json")
    assert said.code == 0
    used = {line["name"]: line["used"] for line in said.lines()}
    assert {name for name, is_used in used.items() if is_used} == {"static", "printer_mib", "files"}
    assert used["https_xml"] is False


def test_one_plugin_is_shown_with_its_kinds_and_its_network(pagemeter: Any) -> None:
    said = pagemeter("plugins", "show", "printer_mib")
    assert said.code == 0
    assert said.out.startswith("printer_mib: ")
    assert "Offers: readers" in said.out
    assert "Network: out, udp, port 161" in said.out
    (readme,) = (line.partition(": ")[2] for line in said.out.splitlines() if line.endswith("README.md"))
    assert Path(readme).is_file()


def test_without_a_configuration_the_message_says_where_it_was_looked_for_and_how_to_name_one(
    pagemeter: Any, tmp_path: Path
) -> None:
    places = {name: str(tmp_path) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS")}
    for command in ("once", "check", "plan", "devices", "segments", "outbox"):
        said = pagemeter(command, **places)
        assert (said.code, said.out) == (2, "")
        assert "pagemeter.yaml" in said.err
        assert "--config FILE" in said.err


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe without a reader is another error there")
@pytest.mark.parametrize("arguments", [["plugins"], ["plugins", "--json"], ["schema"]], ids=" ".join)
def test_a_reader_that_went_away_is_no_failure(arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "pagemeter", *arguments]
    ended = subprocess.run(command, check=False, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.parametrize("command", ["check", "plan"])
def test_a_file_may_be_named_with_and_without_the_option_but_once(pagemeter: Any, tmp_path: Path, command: str) -> None:
    path = tmp_path / "pagemeter.yaml"
    path.write_text("networks: [{network: 10.0.0.0/24}]\n", encoding="utf-8")
    assert pagemeter(command, path).out == pagemeter(command, "--config", path).out
    twice = pagemeter(command, path, "--config", path)
    assert twice.code == 2
    assert "once" in twice.err


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (["show", "nope"], "no plugin nope is installed"),
        (["show"], "plugins show NAME"),
        (["list"], "plugins show NAME"),
    ],
)
def test_a_plugin_that_there_is_not_ends_in_exit_code_2(pagemeter: Any, arguments: list[str], remedy: str) -> None:
    said = pagemeter("plugins", *arguments)
    assert said.code == 2
    assert said.out == ""
    assert remedy in said.err


def test_devices_before_anything_is_known_says_so_and_makes_no_store(pagemeter: Any, good: Path) -> None:
    for options in ([], ["--json"]):
        said = pagemeter("devices", "--config", good, *options)
        assert said.code == 3
        assert said.out == ""
        assert "pagemeter once" in said.err
    assert list(good.parent.iterdir()) == [good]


def test_what_is_no_printer_is_listed_with_what_it_is_and_when_it_was_seen(pagemeter: Any, good: Path) -> None:
    nothing = pagemeter("devices", "--others", "--config", good)
    assert (nothing.code, nothing.out) == (0, "")
    assert "Nothing that is no printer" in nothing.err
    asyncio.run(_with_decoys(store_path(load_config(good, environ={}))))
    table = pagemeter("devices", "--others", "--config", good)
    assert table.code == 0
    assert "host://10.0.0.5" in table.out
    assert "a switch [bold]loud[/bold] :bomb:" in table.out
    assert "2026-03-01 08:00 UTC" in table.out
    lines = pagemeter("devices", "--others", "--json", "--config", good).out.splitlines()
    assert [json.loads(line) for line in lines] == [
        {
            "address": "host://10.0.0.5",
            "what": "a switch [bold]loud[/bold] :bomb:",
            "seen_at": "2026-03-01T08:00:00+00:00",
        }
    ]


async def _with_decoys(path: Path) -> None:
    async with Store.open(path, clock=FakeClock(datetime(2026, 3, 1, 8, tzinfo=UTC)), group_seconds=0.0) as store:
        await store.keep(Keep(decoys={"host://10.0.0.5": "a switch [bold]loud[/bold] :bomb:"}))


def test_the_version_is_printed(pagemeter: Any) -> None:
    said = pagemeter("--version")
    assert (said.code, said.out) == (0, f"pagemeter {__version__}\n")


COMMANDS = sorted(typer.main.get_group(app).commands)


def test_the_commands_are_those_that_are_promised() -> None:
    promised = {"run", "once", "scan", "read", "record", "check", "devices", "plugins", "schema", "demo"}
    assert promised <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_teaches(pagemeter: Any, command: str) -> None:
    said = pagemeter(command, "--help")
    assert said.code == 0
    assert re.search(r"\n  [A-Z][^\n]{20,}", said.out), "no sentence says what it does"
    for name in re.findall(r"\n  (--[a-z-]+)", said.out):
        entry = said.out.partition(f"\n  {name}")[2].split("\n  -")[0]
        assert len(entry.split()) > 2, f"{command} {name} is not explained"


def test_the_help_lists_every_command_and_the_exit_codes(pagemeter: Any) -> None:
    said = pagemeter("--help")
    assert said.code == 0
    assert all(re.search(rf"\n  {command} +[A-Z]", said.out) for command in COMMANDS)
    for code in ("0 ok", "1 partly failed", "2 configuration or usage", "3 nothing answered", "130 interrupted"):
        assert code in " ".join(said.out.split())


def test_no_arguments_show_the_help(pagemeter: Any) -> None:
    said = pagemeter()
    assert "pagemeter demo" in said.out + said.err
