"""``once`` where nobody is to answer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

YAML = """\
agent: {state: state}
sources:
  - {plugin: pcounter, logs: [{name: print1, path: PCOUNTER.LOG}]}
outputs:
  - {plugin: files, folder: out}
"""


def test_sources_alone_are_no_silent_network(tmp_path: Path) -> None:
    (tmp_path / "PCOUNTER.LOG").write_bytes(b"")
    path = tmp_path / "pagemeter.yaml"
    path.write_text(YAML, encoding="utf-8")
    # A process of its own, for the command sets up logging.
    done = subprocess.run(
        [sys.executable, "-m", "pagemeter", "once", "--config", path], capture_output=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
