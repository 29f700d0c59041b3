"""``segments``: what gateways list, and what may be searched."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pagemeter.cli import app
from pagemeter.model import Segment
from pagemeter.store import Keep, Store
from pagemeter.testing import FakeClock

YAML = """\
agent: {state: state}
networks: [{network: 10.0.0.0/24}]
discoveries:
  - {plugin: sweep, ranges: [10.0.0.0/24, segments], select: [10.8.0.0/24]}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "pagemeter.yaml"
    path.write_text(YAML, encoding="utf-8")

    async def fill() -> None:
        async with Store.open(tmp_path / "state" / "pagemeter.db", clock=FakeClock()) as store:
            await store.keep(
                Keep(segments=(Segment(network="10.4.0.0/22", next_hop="10.0.0.1", hosts_seen=12),)), at_once=True
            )

    asyncio.run(fill())
    return path


def segments(config: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["segments", *arguments, "--config", str(config)])
    return result.exit_code, result.output


def listed(config: Path) -> dict[str, str | None]:
    code, text = segments(config, "--json")
    assert code == 0
    return {line["network"]: line["selected_by"] for line in map(json.loads, text.splitlines())}


def test_segments_are_listed_with_who_selected_them(config: Path) -> None:
    assert listed(config) == {"10.4.0.0/22": None, "10.8.0.0/24": "yaml"}
    code, text = segments(config)
    assert code == 0
    assert "10.4.0.0/22" in text


def test_a_selection_is_kept_and_the_yaml_lines_are_shown(config: Path) -> None:
    code, text = segments(config, "select", "10.4.0.0/22")
    assert (code, "select: [10.4.0.0/22]" in text) == (0, True)
    assert listed(config)["10.4.0.0/22"] == "state"
    assert segments(config, "drop", "10.4.0.0/22")[0] == 0
    assert listed(config)["10.4.0.0/22"] is None


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("drop", "10.8.0.0/24"), "the YAML, which wins"),
        (("drop", "10.4.0.0/22"), "not selected"),
        (("select", "10.4.0.1/22"), "did you mean 10.4.0.0/22"),
        (("select", "0.0.0.0/0"), "no segment"),
        (("select", "127.0.0.0/8"), "no segment"),
        (("select", "printers"), "no network"),
    ],
)
def test_what_can_not_be_selected_is_refused_with_a_reason(config: Path, arguments: tuple[str, ...], why: str) -> None:
    code, text = segments(config, *arguments)
    assert code == 1
    assert why in " ".join(text.split())
