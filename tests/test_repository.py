"""What the repository promises of itself: links, samples, names, and nothing of the machine where it was written."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
import yaml
from typer.main import get_command

from pagemeter.cli import app
from pagemeter.cli.exits import Exit
from pagemeter.config import load_config
from pagemeter.manifest import Manifest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = (ROOT / "agent", ROOT / "plugins")
PASSED_OVER = {"__pycache__", "demo", "dist", "build", "htmlcov"}
DOCUMENTS = sorted(path for path in ROOT.rglob("*.md") if not any(part.startswith(".") for part in path.parts[1:]))
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

# Written so that this file does not find itself.
MACHINE = {
    "a machine's path": re.compile(r"(?<![\w.*-])/(?:work|root|home/\w+)/" + r"|/tmp/" + "bash"),
    "a registry's host": re.compile(
        r"(?:py" + r"pi\.org|python" + r"hosted\.org|deb\.deb" + r"ian\.org|registry\.npm" + r"js\.org)"
    ),
    "an issue's number": re.compile(r"(?i)\b(?:issues?|pull request|fixe[sd]|close[sd]|resolve[sd])[ /]#?\d+\b"),
}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def own_files(folder: Path = ROOT) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        hidden = path.name.startswith(".") and path.name not in {".ci", ".gitignore", ".pre-commit-config.yaml"}
        if hidden or path.name in PASSED_OVER or path.is_symlink():
            continue
        if path.is_dir():
            yield from own_files(path)
        else:
            yield path


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def rows(path: Path, heading: str) -> list[list[str]]:
    """Return the cells of all tables below a heading, without the tables' heads."""
    section = re.split(r"^## ", path.read_text("utf-8"), flags=re.MULTILINE)
    text = next(part for part in section if part.startswith(f"{heading}\n"))
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line] for line in lines]
    return [
        row
        for place, row in enumerate(cells)
        if not row[0].startswith("---") and (place + 1 == len(cells) or not cells[place + 1][0].startswith("---"))
    ]


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_relative_links_lead_somewhere(document: Path) -> None:
    text = re.sub(r"```.*?```", "", document.read_text("utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
    broken = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert broken == []


def test_no_file_names_the_machine_that_it_was_written_on() -> None:
    found = []
    for path in own_files():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        found += [
            f"{relative(path)}: {what}: {hit[0]}" for what, words in MACHINE.items() for hit in words.finditer(text)
        ]
    assert found == []


def test_the_readmes_ten_lines_are_a_configuration(tmp_path: Path) -> None:
    (sample,) = blocks(ROOT / "README.md", "yaml")
    assert len(sample.splitlines()) <= 10
    path = tmp_path / "pagemeter.yaml"
    path.write_text(sample, encoding="utf-8")
    config = load_config(path, environ={})
    assert {item.name: item.broken for item in config.items} == {"sweep": None, "printer_mib": None, "files": None}


def test_the_readme_lists_every_command() -> None:
    group = get_command(app)
    commands = group.list_commands(typer.Context(group))  # type: ignore[attr-defined]  # typer's is a click group
    tables = rows(ROOT / "README.md", "Commands")
    documented = {row[0].strip("`").split()[0] for row in tables if row[0].startswith("`")}
    assert documented == set(commands)


@pytest.mark.parametrize(("document", "heading"), [("README.md", "Commands"), ("docs/operations.md", "Exit codes")])
def test_every_exit_code_is_documented(document: str, heading: str) -> None:
    codes = [int(row[0]) for row in rows(ROOT / document, heading) if row[0].isdigit()]
    assert codes == sorted(code.value for code in Exit)


def test_the_extras_of_the_readme_exist() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    named = set(re.findall(r"`(all|snmpv3|http|mdns|mqtt|xlsx)`", text)) | set(re.findall(r"\.whl\[(\w+)\]", text))
    assert named == set(PYPROJECT["project"]["optional-dependencies"]) - {"dev"}


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.name)
def test_a_decision_has_context_decision_and_price(decision: Path) -> None:
    text = decision.read_text("utf-8")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Price"]
    assert re.match(rf"# {int(decision.name[:4])}\. \w", text)


def test_decisions_are_numbered_without_gaps() -> None:
    assert [path.name[:4] for path in DECISIONS] == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]


def test_every_direct_dependency_has_its_reason() -> None:
    extras = PYPROJECT["project"]["optional-dependencies"]
    wanted = [
        *PYPROJECT["project"]["dependencies"],
        *(one for name, some in extras.items() if name != "dev" for one in some),
    ]
    names = {re.split(r"[^\w.-]", one)[0] for one in wanted} - {"pagemeter"}
    text = (ROOT / "docs/decisions/0006-direct-dependencies.md").read_text("utf-8")
    assert {name for name in names if not re.search(rf"^\|.*\b{re.escape(name)} \|", text, re.MULTILINE)} == set()


def test_the_road_leads_along_files_that_exist() -> None:
    named = re.findall(r"`([\w./-]+(?:\.py|/))`", (ROOT / "docs/road.md").read_text("utf-8"))
    places = {name: [ROOT / name, ROOT / "agent/pagemeter" / name] for name in named}
    extra = {"profiles/": [ROOT / "plugins/pagemeter_plugins/printer_mib/profiles"]}
    missing = [name for name, paths in (places | extra).items() if not any(path.exists() for path in paths)]
    assert len(named) > 20
    assert missing == []


def test_the_manifest_that_plugin_authors_copy_is_valid() -> None:
    (sample,) = blocks(ROOT / "docs" / "plugins.md", "yaml")
    manifest = Manifest.model_validate(yaml.safe_load(sample))
    assert set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/plugins.md").read_text("utf-8"), re.MULTILINE)) >= set(
        type(manifest).model_fields
    )


def test_built_in_plugins_are_the_folders_and_the_entry_points() -> None:
    folders = {path.parent.name for path in (ROOT / "plugins/pagemeter_plugins").glob("*/__init__.py")}
    entries = PYPROJECT["project"]["entry-points"]["pagemeter"]
    assert entries == {name: f"pagemeter_plugins.{name}" for name in folders}


def test_the_changelog_has_a_section_for_devices() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    unreleased = text.split("## [Unreleased]")[1].split("\n## ")[0]
    assert re.findall(r"^### (.*)$", unreleased, re.MULTILINE)[:2] == ["Added", "Devices"]


def test_the_licence_is_apache_2() -> None:
    head = " ".join((ROOT / "LICENSE").read_text("utf-8").split())
    assert head.startswith("Apache License Version 2.0, January 2004")
    assert "END OF TERMS AND CONDITIONS" in head
    assert PYPROJECT["project"]["license"] == "Apache-2.0"
