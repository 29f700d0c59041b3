"""``once`` where nobody is to answer."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from pagemeter.cli import app

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
    result = CliRunner().invoke(app, ["once", "--config", str(path)])
    assert (result.exit_code, result.output) == (0, "")
