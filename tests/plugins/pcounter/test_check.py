"""``pagemeter pcounter check FILE``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from typer.testing import CliRunner

from pagemeter.cli import app

Line = Callable[..., str]
RUN = CliRunner()


def test_a_log_is_explained(log: Path, line: Line) -> None:
    texts = [line(document="Größe"), line(date="03/18/2026", pages="4"), "garbage", line(pages="x")]
    log.write_bytes("\r\n".join(texts).encode("cp1252") + b"\r\n")
    result = RUN.invoke(app, ["pcounter", "check", str(log), "--timezone", "UTC"])
    assert result.exit_code == 1
    for words in (
        "Encoding:   cp1252",
        "Delimiter:  ,",
        "the month first (a day beyond the 12th)",
        "2026-03-17T08:05:09+00:00 to 2026-03-18T08:05:09+00:00",
        "line 3: 1 fields, at least 12 are needed",
        "line 4: its number of pages is none",
        "Not understood: 2",
    ):
        assert words in result.output
    assert "2026-03-18         1         4        0.30  \\\\GUS\\LIB-HP1" in result.output


def test_programs_get_json(log: Path, line: Line) -> None:
    log.write_text(line() + "\n" + line() + "\n", encoding="utf-8")
    result = RUN.invoke(app, ["pcounter", "check", str(log), "--json", "--timezone", "UTC"])
    assert result.exit_code == 0
    told = json.loads(result.output)
    assert (told["lines"], told["jobs"], told["not_understood"], told["dates"]) == (2, 2, 0, "mdy")
    assert told["totals"] == [
        {"day": "2026-03-17", "printer": "\\\\GUS\\LIB-HP1", "jobs": 2, "pages": 12, "cost": "0.60"}
    ]


def test_other_settings_can_be_tried(log: Path) -> None:
    log.write_text("2026-03-17 08:05;ada;6\n", encoding="utf-8")
    fields = ["--fields", "datetime,user,pages", "--delimiter", ";"]
    assert RUN.invoke(app, ["pcounter", "check", str(log)]).exit_code == 1
    assert RUN.invoke(app, ["pcounter", "check", str(log), *fields]).exit_code == 0


def test_a_file_that_is_not_there_and_a_wrong_option_are_usage(tmp_path: Path) -> None:
    assert RUN.invoke(app, ["pcounter", "check", str(tmp_path / "x")]).exit_code == 2
    (tmp_path / "x").touch()
    assert RUN.invoke(app, ["pcounter", "check", str(tmp_path / "x"), "--dates", "ymd"]).exit_code == 2
