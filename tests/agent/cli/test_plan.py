"""``plan``: what a configuration sends, told without sending anything."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pagemeter.cli import app
from pagemeter.site import _CHOICE
from pagemeter.store import Store
from pagemeter.testing import FakeClock

YAML = """\
agent: {site: Lab, state: state, packets_per_second: 100}
networks:
  - {network: 10.0.0.0/24, site: Plant 2, packets_per_second: 50, quiet: "00:00-23:59", never: [10.0.0.0/25]}
credentials:
  - {networks: [10.0.0.0/24], snmp: {version: 2c, community: public}}
  - {networks: [10.0.0.0/24], snmp: {version: 1, community: private, port: 1161}}
  - {networks: [segments], snmp: {version: 2c, community: public}}
discoveries:
  - {plugin: sweep, ranges: [10.0.0.0/24, segments], on: [mon], at: "02:00"}
readers:
  - {plugin: printer_mib}
outputs:
  - {plugin: https_xml, url: "https://meters.example/report", mask: [contact], every: 15m}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "pagemeter.yaml"
    path.write_text(YAML, encoding="utf-8")
    return path


def plan(config: Path, *arguments: str) -> str:
    result = CliRunner().invoke(app, ["plan", "--config", str(config), *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def planned(config: Path) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(plan(config, "--json"))
    return made


def item(made: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (one for one in made["items"] if one["name"] == name)
    return dict(found)


def test_a_sweep_is_counted_by_what_the_fence_and_the_credentials_leave_of_it(config: Path) -> None:
    (row,) = item(planned(config), "sweep")["traffic"]
    # .128 to .254: half is never asked; two credentials, each tried twice.
    assert (row["addresses"], row["packets"], row["ports"]) == (127, 127 * 4, [161, 1161])
    assert row["seconds"] == pytest.approx(127 * 4 / 50)


def test_the_limits_stand_in_the_plan_as_they_hold_in_the_end(config: Path) -> None:
    limits = "bytes_per_second: 1240, reads_at_once: 90, requests_per_device: 2, answers_from: [10.0.0.200]"
    text = YAML.replace(
        "packets_per_second: 100}", "packets_per_second: 100, bytes_per_second: 9000, reads_at_once: 8}"
    )
    config.write_text(text.replace('quiet: "00:00-23:59"', limits), encoding="utf-8")
    made = planned(config)
    assert (made["bytes_per_second"], made["reads_at_once"]) == (9000, 8)
    (network,) = made["networks"]
    assert (network["packets_per_second"], network["bytes_per_second"]) == (50, 1240)
    assert (network["reads_at_once"], network["requests_per_device"]) == (8, 2)
    assert network["answers_from"] == ["10.0.0.200"]
    (row,) = item(made, "sweep")["traffic"]
    # A question is 62 octets of payload: twenty of them a second.
    assert row["seconds"] == pytest.approx(row["packets"] / 20)
    told = plan(config)
    assert "At most 9,000 bytes a second of payload, on average, go to and from all devices." in told
    assert "At most 8 devices are read at once." in told
    assert "1,240/s  8 devices     2 a device        10.0.0.200" in told


def test_a_large_limit_is_written_in_full(config: Path) -> None:
    text = YAML.replace("packets_per_second: 100}", "packets_per_second: 50000, bytes_per_second: 125000000}")
    config.write_text(text, encoding="utf-8")
    told = plan(config)
    assert "At most 50,000 packets a second are sent to devices, all together." in told
    assert "At most 125,000,000 bytes a second of payload, on average, go to and from all devices." in told


def test_a_selected_segment_stands_in_the_plan_with_where_it_was_selected(config: Path) -> None:
    async def select() -> None:
        async with Store.open(config.parent / "state" / "pagemeter.db", clock=FakeClock()) as store:
            await store.choose(f"{_CHOICE}10.4.0.0/30", True)

    asyncio.run(select())
    made = planned(config)
    assert [(one["network"], one["written"]) for one in made["networks"]] == [
        ("10.0.0.0/24", "networks"),
        ("10.4.0.0/30", "state"),
    ]
    assert [row["to"] for row in item(made, "sweep")["traffic"]] == ["10.0.0.0/24", "10.4.0.0/30"]


def test_a_router_is_told_with_the_port_and_the_credential_that_are_for_its_address(config: Path) -> None:
    config.write_text(
        """\
networks: [{network: 10.0.0.0/24}]
credentials:
  - {networks: [10.0.0.0/25], name: printers, snmp: {version: 2c, community: public, port: 1161}}
  - {networks: [10.0.0.200], name: routers, snmp: {version: 2c, community: hidden}}
discoveries:
  - {plugin: gateway, routers: [10.0.0.200, 10.0.0.201, 192.0.2.77]}
""",
        encoding="utf-8",
    )
    made = planned(config)
    assert made["networks"][0]["credentials"] == ["printers for a part", "routers for a part"]
    rows = {row["to"]: row for row in item(made, "gateway")["traffic"]}
    assert (rows["10.0.0.200"]["ports"], rows["10.0.0.200"]["packets"]) == ([161], 90 + 2 * 200)
    for unasked, why in (("10.0.0.201", "no credential"), ("192.0.2.77", "`networks` leaves it out")):
        assert (rows[unasked]["ports"], rows[unasked]["packets"], rows[unasked]["carries"]) == ([], 0, "")
        assert why in rows[unasked]["why"]


def test_an_output_is_told_with_the_times_of_its_own_feeds(config: Path) -> None:
    outputs = """\
outputs:
  - {plugin: files, folder: lines, report: false}
  - {plugin: files, name: both, folder: both, every: 2h}
"""
    config.write_text(outputs, encoding="utf-8")
    made = planned(config)
    assert item(made, "files")["when"] == "documents as they come"
    assert item(made, "both")["when"] == "documents as they come, a report every 2h"


def test_what_leaves_and_where_to_is_told(config: Path) -> None:
    output = item(planned(config), "https_xml")
    row = output["traffic"][0]
    assert (row["to"], row["ports"], row["protocol"]) == ("meters.example", [443], "tcp")
    assert output["limits"] == ["mask: contact"]
    assert "every 15m" in output["when"]


@pytest.mark.parametrize("arguments", [(), ("--markdown",)], ids=["text", "markdown"])
def test_people_get_the_same_in_words(config: Path, arguments: tuple[str, ...]) -> None:
    text = plan(config, *arguments)
    for words in ("10.0.0.0/24", "Plant 2", "mon at 02:00", "meters.example", "508", "SNMP SET", "9100", "DNS"):
        assert words in text
    assert ("| network" in text) is bool(arguments)


def test_a_plugin_that_can_not_tell_is_named_and_the_rest_is_planned(config: Path) -> None:
    config.write_text(YAML.replace("printer_mib", "missing_reader"), encoding="utf-8")
    result = CliRunner().invoke(app, ["plan", "--config", str(config)])
    assert result.exit_code == 2
    assert "missing_reader" in result.output
