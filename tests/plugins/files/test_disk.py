from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pagemeter.durable import replace_file
from pagemeter_plugins.files.disk import append


def test_a_new_file_gets_the_header_once(tmp_path: Path) -> None:
    append(tmp_path / "f", b"head\r\n", b"1\r\n")
    append(tmp_path / "f", b"head\r\n", b"2\r\n")
    assert (tmp_path / "f").read_bytes() == b"head\r\n1\r\n2\r\n"


def test_an_empty_file_gets_the_header_too(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    append(tmp_path / "f", b"head\n", b"1\n")
    assert (tmp_path / "f").read_bytes() == b"head\n1\n"


@pytest.mark.parametrize(
    ("torn", "whole"),
    [
        (b"head\n1\n2", b"head\n1\n"),
        (b"head\n" + b"x" * 200_000, b"head\n"),
        (b"hea", b"head\n"),
        (b"x" * 200_000, b"head\n"),
        (b"head\n1\n", b"head\n1\n"),
    ],
)
def test_a_torn_line_is_cut_off_before_the_next(tmp_path: Path, torn: bytes, whole: bytes) -> None:
    (tmp_path / "f").write_bytes(torn)
    append(tmp_path / "f", b"head\n", b"new\n")
    assert (tmp_path / "f").read_bytes() == whole + b"new\n"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no RLIMIT_FSIZE")
def test_a_write_that_fails_half_way_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    append(tmp_path / "f", b"", b"old\n")
    program = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from pagemeter_plugins.files.disk import append\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        "    append(Path(sys.argv[1]), b'', b'new\\n' * 5000)\n"
        "except OSError:\n"
        "    sys.exit(7)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "f")], check=False, timeout=60)
    assert done.returncode == 7
    assert (tmp_path / "f").read_bytes() == b"old\n"


def test_a_replaced_file_leaves_nothing_beside_it(tmp_path: Path) -> None:
    replace_file(tmp_path / "f", b"old")
    replace_file(tmp_path / "f", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["f"]
    assert (tmp_path / "f").read_bytes() == b"new"
