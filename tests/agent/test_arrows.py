"""The arrows between the parts, held by what the sources import and ask."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
AGENT = ROOT / "agent/pagemeter"
PLUGINS = ROOT / "plugins/pagemeter_plugins"

# Calls that ask the time or wait for it, by their full names.
ASKS_THE_TIME = {
    "asyncio.sleep",
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "time.clock_gettime",
    "time.gmtime",
    "time.localtime",
    "time.monotonic",
    "time.monotonic_ns",
    "time.perf_counter",
    "time.perf_counter_ns",
    "time.sleep",
    "time.time",
    "time.time_ns",
}


def sources(root: Path) -> list[Path]:
    return sorted(root.rglob("*.py"))


def module_of(path: Path) -> list[str]:
    """The package that relative imports of this file start from."""
    root = AGENT.parent if path.is_relative_to(AGENT) else PLUGINS.parent
    return list(path.relative_to(root).parent.parts)


def imports(tree: ast.AST, package: list[str]) -> Iterator[str]:
    """Every imported module, and every ``module.name`` of a from-import, relative ones made absolute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call):
            yield from named_in_a_call(node)


def named_in_a_call(call: ast.Call) -> Iterator[str]:
    """The module in ``import_module("...")`` and ``__import__("...")``."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in {"import_module", "__import__"} and call.args and isinstance(call.args[0], ast.Constant):
        yield str(call.args[0].value)


@pytest.fixture(scope="module", autouse=True)
def calm() -> Iterator[None]:
    """Keep the collector away from ``ast.parse``.

    What it finds may log a traceback, for which Python 3.11 parses a line, and a parser inside another one is an error
    there (a fault of CPython 3.11).
    """
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def imported_by(path: Path) -> set[str]:
    return set(imports(ast.parse(path.read_text(encoding="utf-8")), module_of(path)))


def within(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def time_asked(tree: ast.AST) -> list[str]:
    """What a source names of ASKS_THE_TIME, also through ``as``, a from-import or another name for the module."""
    names = {alias: full for full, alias in bound_names(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and (full := full_name(node.value, names)) is not None:
            names.update({target.id: full for target in node.targets if isinstance(target, ast.Name)})
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute | ast.Name))
    return [full for node in nodes if (full := full_name(node, names)) in ASKS_THE_TIME]


def bound_names(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, alias.asname or alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((f"{node.module}.{alias.name}", alias.asname or alias.name) for alias in node.names)


def full_name(node: ast.AST, names: dict[str, str]) -> str | None:
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute) and (base := full_name(node.value, names)) is not None:
        return f"{base}.{node.attr}"
    return None


@pytest.mark.parametrize("path", sources(AGENT), ids=lambda path: str(path.relative_to(AGENT)))
def test_the_agent_imports_no_plugin(path: Path) -> None:
    assert [module for module in imported_by(path) if within(module, "pagemeter_plugins")] == []


@pytest.mark.parametrize("path", sources(PLUGINS), ids=lambda path: str(path.relative_to(PLUGINS)))
def test_a_plugin_imports_no_other_plugin(path: Path) -> None:
    own = path.relative_to(PLUGINS).parts[0]
    foreign = [
        module
        for module in imported_by(path)
        if within(module, "pagemeter_plugins") and not within(module, f"pagemeter_plugins.{own}")
    ]
    assert foreign == []


# These serve or use simulated printers by intent.
MAY_SIMULATE = ("simulator", "testing", "cli/demo.py", "cli/demonstration.py")


def may_simulate(path: Path) -> bool:
    return any(path.is_relative_to(AGENT / part) for part in MAY_SIMULATE)


@pytest.mark.parametrize(
    "path",
    [path for path in (*sources(AGENT), *sources(PLUGINS)) if not may_simulate(path)],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_what_runs_imports_no_simulator(path: Path) -> None:
    assert [module for module in imported_by(path) if within(module, "pagemeter.simulator")] == []


@pytest.mark.parametrize("path", [*sources(AGENT), *sources(PLUGINS)], ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_clock_asks_the_time(path: Path) -> None:
    asked = time_asked(ast.parse(path.read_text(encoding="utf-8")))
    assert bool(asked) == (path == AGENT / "clock.py"), asked


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.time()",
        "import time as t\nt.monotonic()",
        "from time import sleep\nsleep(1)",
        "from time import monotonic as m\nm()",
        "import asyncio\nx = asyncio\nx.sleep(1)",
        "from datetime import datetime\ndatetime.now()",
        "import datetime\ndatetime.datetime.now()",
        "import asyncio\nwait = asyncio.sleep",
    ],
)
def test_asking_the_time_is_seen_however_it_is_spelt(source: str) -> None:
    assert time_asked(ast.parse(source)) != []


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import datetime, time\ndatetime.combine(day, time(2))",
        "import asyncio\nasyncio.timeout(3)",
        "clock.sleep(3)\nclock.now()",
    ],
)
def test_other_words_of_time_are_no_question(source: str) -> None:
    assert time_asked(ast.parse(source)) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pagemeter_plugins.sweep",
        "from pagemeter_plugins import sweep",
        "from pagemeter_plugins.sweep import discovery as d",
        "from importlib import import_module\nimport_module('pagemeter_plugins.sweep')",
        "from ..sweep import discovery",
        "from .. import sweep",
    ],
)
def test_an_import_is_seen_however_it_is_spelt(source: str) -> None:
    found = set(imports(ast.parse(source), ["pagemeter_plugins", "files"]))
    assert any(within(module, "pagemeter_plugins.sweep") for module in found)
