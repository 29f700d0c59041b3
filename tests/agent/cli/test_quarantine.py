"""``quarantine``: what of a job log nobody understood is visible, and leaves when it is understood."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pagemeter.cli import app

YAML = """\
agent: {{state: state, job_details: {level}}}
sources:
  - {{plugin: pcounter, logs: [{{name: print1, path: PCOUNTER.LOG}}]}}
outputs:
  - {{plugin: files, folder: out}}
"""
GOOD = b"SCHOOL\\ann,Letter.docx,\\\\GUS\\HP1,01/27/2025,08:00:00,\\\\PC1,,,A4,/Cp=1/,20000,3,0.15,1.00\r\n"
BAD = b"canary-7f3a rubbish\r\n"


@pytest.mark.parametrize("level", ["off", "full"])
def test_a_line_that_was_not_understood_is_listed_with_its_place(tmp_path: Path, level: str) -> None:
    (tmp_path / "PCOUNTER.LOG").write_bytes(GOOD + BAD + GOOD)
    path = tmp_path / "pagemeter.yaml"
    path.write_text(YAML.format(level=level), encoding="utf-8")
    # A process of its own, for the command sets up logging.
    subprocess.run([sys.executable, "-m", "pagemeter", "once", "--config", path], check=True, timeout=60)
    listed = CliRunner().invoke(app, ["quarantine", "--json", "--config", str(path)])
    (piece,) = map(json.loads, listed.stdout.splitlines())
    assert (piece["source"], piece["file"], piece["offset"]) == ("pcounter", "PCOUNTER.LOG", len(GOOD))
    assert piece["why"]
    assert (piece["text"] is not None) is (level == "full")
    table = CliRunner().invoke(app, ["quarantine", "--config", str(path)])
    assert (table.exit_code, str(len(GOOD)) in table.stdout, "PCOUNTER.LOG" in table.stdout) == (0, True, True)
    assert ("canary-7f3a" in table.stdout) is (level == "full")


def test_nothing_in_quarantine_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "pagemeter.yaml"
    path.write_text(YAML.format(level="off"), encoding="utf-8")
    result = CliRunner().invoke(app, ["quarantine", "--config", str(path)])
    assert result.exit_code == 0
    assert "Nothing is in quarantine" in result.output
