"""What each integration folder promises by being one."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pagemeter.config.load import parse_config
from pagemeter.manifest import Kind, read_manifest
from pagemeter.plugins import load_plugins

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins/pagemeter_plugins"
AGENT = ROOT / "agent/pagemeter"
FOLDERS = sorted(path for path in PLUGINS.iterdir() if any(path.glob("*.py")))

HEADINGS = ["What it does", "Settings", "What it needs", "What it reads", "Limits"]

# What exists to open sockets: modules, and the calls of asyncio and its loops.
SOCKETS = {
    "aiohttp", "asyncore", "ftplib", "http", "httpx", "imaplib", "multiprocessing", "poplib", "pysnmp", "requests",
    "select", "selectors", "smtplib", "socket", "socketserver", "ssl", "telnetlib", "urllib.request", "urllib3",
    "websockets", "xmlrpc",
}  # fmt: skip
CONNECTING = {
    "connect_accepted_socket", "create_connection", "create_datagram_endpoint", "create_server",
    "create_unix_connection", "create_unix_server", "open_connection", "open_unix_connection", "sock_connect",
    "start_server", "start_unix_server",
}  # fmt: skip

each_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)


def imported(tree: ast.AST) -> Iterator[str]:
    """Every module that is imported, at whatever depth; of ``from a import b`` both ``a`` and ``a.b``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def sockets_in(source: str) -> list[str]:
    """What in a source could open a socket: modules that exist for that, and asyncio's calls."""
    tree = ast.parse(source)
    modules = [name for name in imported(tree) if {name, name.partition(".")[0]} & SOCKETS]
    names = [node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    return modules + [name for name in [*names, *imported(tree)] if name.rpartition(".")[2] in CONNECTING]


def trees(folder: Path) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(folder.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def readme(folder: Path) -> str:
    return (folder / "README.md").read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    return re.split(r"^## ", text, flags=re.MULTILINE)[1 + HEADINGS.index(heading)]


def test_each_folder_has_an_entry_point_and_each_entry_point_a_folder() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    points: Mapping[str, str] = project["project"]["entry-points"]["pagemeter"]
    assert dict(points) == {folder.name: f"pagemeter_plugins.{folder.name}" for folder in FOLDERS}


@each_folder
def test_a_manifest_is_valid_and_named_like_its_folder(folder: Path) -> None:
    assert read_manifest(folder, folder.name).name == folder.name


@each_folder
def test_a_plugin_offers_each_kind_of_its_manifest_under_its_own_name(folder: Path) -> None:
    registry = load_plugins([folder.name])
    assert registry.why_not(folder.name) is None
    for kind in read_manifest(folder, folder.name).kinds:
        assert registry.factory(kind, folder.name) is not None


@each_folder
def test_a_readme_has_the_fixed_headings(folder: Path) -> None:
    text = readme(folder)
    assert text.startswith(f"# {folder.name}\n")
    assert re.findall(r"^## (.*)$", text, flags=re.MULTILINE) == HEADINGS


@each_folder
def test_a_readme_has_a_row_for_each_setting(folder: Path) -> None:
    text = section(readme(folder), "Settings")
    [plugin] = load_plugins([folder.name]).plugins
    for factory in (factory for factories in plugin.factories.values() for factory in factories):
        for name, field in factory.settings.model_fields.items():
            assert field.description, name
            assert re.search(rf"^\| `{name}` \|", text, flags=re.MULTILINE), name


@each_folder
def test_the_sample_of_a_readme_loads(folder: Path) -> None:
    blocks = re.findall(r"^```yaml\n(.*?)^```$", readme(folder), flags=re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        secrets = dict.fromkeys(re.findall(r"!secret (\w+)", block), "opensesame")
        network = "" if "networks:" in block else "networks:\n  - {network: 10.0.0.0/8}\n"
        config = parse_config(network + block, "README.md", environ={}, secrets=secrets)
        items = (*config.discoveries, *config.readers, *config.sources, *config.outputs)
        assert folder.name in {item.plugin for item in items}


@each_folder
def test_a_plugin_imports_no_other_plugin(folder: Path) -> None:
    own = f"pagemeter_plugins.{folder.name}"
    foreign = [
        (path.name, name)
        for path, tree in trees(folder)
        for name in imported(tree)
        if name.startswith((".", "pagemeter_plugins")) and not f"{name}.".startswith(f"{own}.")
    ]
    assert foreign == []


def test_the_agent_imports_no_plugin() -> None:
    arrows = [
        (path.name, name)
        for path, tree in trees(AGENT)
        for name in imported(tree)
        if name.startswith("pagemeter_plugins")
    ]
    assert arrows == []


@each_folder
def test_a_plugin_that_is_no_mere_output_opens_no_socket(folder: Path) -> None:
    if set(read_manifest(folder, folder.name).kinds) == {Kind.OUTPUT}:
        return
    found = {path.name: sockets_in(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.py"))}
    assert {name: sockets for name, sockets in found.items() if sockets} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import socket",
        "from socket import socket",
        "def read():\n    import aiohttp",
        "from http.client import HTTPConnection",
        "from urllib import request",
        "import asyncio\nasync def f():\n    await asyncio.open_connection('h', 1)",
        "from asyncio import open_connection",
        "async def f(loop):\n    await loop.create_datagram_endpoint(None)",
    ],
)
def test_a_socket_is_seen(source: str) -> None:
    assert sockets_in(source)


@pytest.mark.parametrize("source", ["import asyncio", "from urllib.parse import urlsplit", "await_connection = 1"])
def test_what_is_no_socket_is_not_taken_for_one(source: str) -> None:
    assert sockets_in(source) == []


@each_folder
def test_a_plugin_is_imported_without_its_parts(folder: Path) -> None:
    package = f"pagemeter_plugins.{folder.name}"
    program = f"import sys, {package}\nprint(*(name for name in sys.modules if name.startswith('{package}.')))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == []
