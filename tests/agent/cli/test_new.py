"""``plugins new``: what it writes works before anything is changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pagemeter.cli import app

KINDS = ("discovery", "reader", "source", "output")


def new(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["plugins", "new", *arguments])
    return result.exit_code, " ".join(result.output.split())


@pytest.mark.parametrize("kinds", [("output",), KINDS], ids="+".join)
def test_a_new_plugin_passes_its_own_tests(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    folder = tmp_path / "plugin"
    code, said = new("brand_new", "--folder", str(folder), *(word for kind in kinds for word in ("--kind", kind)))
    assert (code, "pagemeter plugins show brand_new" in said) == (0, True)
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=folder, capture_output=True, check=False
    )
    assert tested.returncode == 0, tested.stdout.decode()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("Brand-New",), "small letters"),
        (("sweep",), "installed already"),
        (("brand_new", "--kind", "printer"), "kinds are discovery, reader, source, output"),
        (("brand_new", "--summary", 'say "this"'), "without quotes"),
    ],
)
def test_what_can_not_be_is_refused_with_a_reason(tmp_path: Path, arguments: tuple[str, ...], why: str) -> None:
    code, said = new(*arguments, "--folder", str(tmp_path / "plugin"))
    assert code == 1
    assert why in said
    assert not (tmp_path / "plugin").exists()


def test_nothing_that_is_there_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    code, said = new("brand_new", "--folder", str(tmp_path))
    assert (code, "is not empty" in said) == (1, True)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]
