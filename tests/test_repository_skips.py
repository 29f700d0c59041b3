from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).resolve().parent / "conftest.py"


def run(folder: Path, test: str, *, ci: bool) -> subprocess.CompletedProcess[str]:
    """Run pytest on one file beside the repository's conftest, as CI or as a developer."""
    shutil.copy(CONFTEST, folder / "conftest.py")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    peer: a server\n    walks: recordings\n")
    (folder / "test_it.py").write_text(f"import pytest\n\n{test}\n")
    environ = {key: value for key, value in os.environ.items() if key != "CI"} | ({"CI": "true"} if ci else {})
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("mark", ["peer", "walks"])
@pytest.mark.parametrize(
    "skip",
    [
        "@pytest.mark.{mark}\n@pytest.mark.skipif(True, reason='no snmpd here')\ndef test_it(): ...",
        "@pytest.mark.{mark}\ndef test_it(): pytest.skip('no snmpd here')",
    ],
    ids=["by mark", "by itself"],
)
def test_a_skipped_peer_fails_in_ci_and_is_named(tmp_path: Path, mark: str, skip: str) -> None:
    ended = run(tmp_path, skip.format(mark=mark), ci=True)
    assert ended.returncode == 1
    assert f"test_it.py::test_it ({mark}) may not be skipped in CI" in ended.stdout
    assert "no snmpd here" in ended.stdout


def test_a_skipped_peer_is_only_skipped_elsewhere(tmp_path: Path) -> None:
    ended = run(tmp_path, "@pytest.mark.peer\ndef test_it(): pytest.skip('no snmpd here')", ci=False)
    assert ended.returncode == 0
    assert "1 skipped" in ended.stdout


def test_other_tests_may_be_skipped_in_ci(tmp_path: Path) -> None:
    ended = run(tmp_path, "def test_it(): pytest.skip('only on Windows')", ci=True)
    assert ended.returncode == 0
    assert "1 skipped" in ended.stdout


def test_a_file_may_not_skip_itself_in_ci(tmp_path: Path) -> None:
    ended = run(tmp_path, "pytest.skip('no snmpd here', allow_module_level=True)", ci=True)
    assert ended.returncode != 0
    assert "may not be skipped as a whole in CI" in ended.stdout
