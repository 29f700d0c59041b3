"""Tests that run in several processes: what they tell reaches the summary as if there were one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

CONFTEST = Path(__file__).resolve().parent / "conftest.py"
SHARED_OUT = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")


def run(folder: Path, *arguments: str, **tests: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on files beside the repository's conftest."""
    shutil.copy(CONFTEST, folder / "conftest.py")
    (folder / "pytest.ini").write_text(
        "[pytest]\nmarkers =\n    peer: a server\n    slow: waits\n    walks: recordings\n"
    )
    for name, test in tests.items():
        (folder / f"test_{name}.py").write_text(f"import pytest\n\n{test}\n")
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments, str(folder)]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)


def test_a_table_that_a_worker_recorded_is_printed(tmp_path: Path) -> None:
    cell = "def test_it(record_property): record_property('table', ('Who hears whom', 'a row', 'a column', 'a cell'))"
    ended = run(tmp_path, *SHARED_OUT, table=cell)
    assert ended.returncode == 0
    assert "Who hears whom" in ended.stdout
    assert [line.split() for line in ended.stdout.splitlines() if "cell" in line] == [["a", "row", "a", "cell"]]


def test_a_log_that_is_no_unicode_reaches_the_summary(tmp_path: Path) -> None:
    log = "import logging\n\ndef test_it():\n    logging.getLogger().warning('what \\udcff said')\n    assert False"
    ended = run(tmp_path, *SHARED_OUT, log=log)
    assert ended.returncode == 1
    assert "what \\udcff said" in ended.stdout


def test_workers_begin_with_the_files_that_take_long(tmp_path: Path) -> None:
    quick, slow = "def test_it(): ...", "@pytest.mark.slow\ndef test_it(): ...\n\ndef test_more(): ..."
    ended = run(tmp_path, "-n", "1", *SHARED_OUT[2:], "-v", a=quick, b=slow, c=quick)
    assert [line.split()[-1] for line in ended.stdout.splitlines() if "PASSED" in line] == [
        *(f"test_b.py::{name}" for name in ("test_it", "test_more")),
        "test_a.py::test_it",
        "test_c.py::test_it",
    ]


def test_no_two_workers_take_the_same_port(tmp_path: Path) -> None:
    ports = "def test_it(common_port): print('taken', *(common_port() for _ in range(500)))"
    ended = run(tmp_path, *SHARED_OUT, "-rP", a=ports, b=ports)
    first, second = (set(line.split()[1:]) for line in ended.stdout.splitlines() if line.startswith("taken"))
    assert len(first) == len(second) == 500
    assert not first & second
