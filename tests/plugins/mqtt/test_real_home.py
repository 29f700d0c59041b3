"""What Home Assistant's own MQTT integration makes of the announcements; its Python is named by the environment.

python3.13 -m venv HOME && HOME/bin/pip install homeassistant==2025.4.4 paho-mqtt==2.1.0
PAGEMETER_HOME_ASSISTANT_PYTHON=HOME/bin/python pytest tests/plugins/mqtt/test_real_home.py
"""

from __future__ import annotations

import asyncio
import json
import os
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pagemeter import Batch
from pagemeter.model import AgentStatus, DevicesMerged, Event, FleetEntry, Supply
from pagemeter.testing import FakeServices
from pagemeter_plugins.mqtt.output import DOCUMENTS, STATE, MqttOutput
from pagemeter_plugins.mqtt.session import BUTTON_SCOPES
from pagemeter_plugins.mqtt.settings import MqttSettings

PYTHON = os.environ.get("PAGEMETER_HOME_ASSISTANT_PYTHON")
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)

# Not a peer: nothing that CI has to have.
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(PYTHON is None, reason="PAGEMETER_HOME_ASSISTANT_PYTHON names no Python with homeassistant"),
]

BatchOf = Callable[..., Batch]
EntryOf = Callable[..., FleetEntry]


class Home:
    """Home Assistant beside the broker."""

    def __init__(self, program: asyncio.subprocess.Process) -> None:
        self._program = program

    async def look(self, **order: str) -> dict[str, Any]:
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        self._program.stdin.write(json.dumps(order).encode() + b"\n")
        seen: dict[str, Any] = json.loads(await asyncio.wait_for(self._program.stdout.readline(), 60))
        return seen

    async def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        async with asyncio.timeout(60):
            while True:
                if wanted(seen := await self.look()):
                    return seen


@asynccontextmanager
async def home_beside(broker: Any, folder: Path) -> AsyncIterator[Home]:
    await asyncio.to_thread(folder.mkdir)
    program = await asyncio.create_subprocess_exec(
        *(str(PYTHON), str(Path(__file__).with_name("home.py")), str(broker.port), str(folder)),
        stdin=PIPE,
        stdout=PIPE,
        limit=2**24,
    )
    try:
        yield Home(program)
    finally:
        program.kill()
        await program.communicate()


async def test_home_assistant_shows_a_printer_without_a_complaint(
    broker: Any,
    services: FakeServices,
    tmp_path: Path,
    batch_of: BatchOf,
    entry_of: EntryOf,
    agent_status: AgentStatus,
    toner: Callable[[int | None], Supply],
) -> None:
    settings = MqttSettings.model_validate(broker.settings | {"home_assistant": True})
    entry = entry_of()
    async with home_beside(broker, tmp_path / "home") as home, MqttOutput(settings, services) as output:
        await output.deliver(batch_of(DOCUMENTS, agent_status))
        await output.deliver(batch_of(STATE, fleet=(entry,)))
        seen = await home.until(lambda seen: "pagemeter_d1_read" in seen["entities"])
        seen = await home.until(lambda seen: state_of(seen, "supply_1_1")["state"] == "33")
        assert {tuple(device["ids"]): device["via"] for device in seen["devices"]} == {
            ("pagemeter_agent-1",): None,
            ("pagemeter_d1",): ["pagemeter_agent-1"],
        }
        [printer] = [device for device in seen["devices"] if device["ids"] == ["pagemeter_d1"]]
        assert (printer["name"], printer["page"], printer["serial"]) == ("hall printer", "http://10.0.0.7/", "SN0001")
        pages = state_of(seen, "meter_total_any_any_any_impressions")
        assert (pages["state"], pages["state_class"], pages["unit_of_measurement"]) == (
            "12345",
            "total_increasing",
            "pages",
        )
        keys = ("status", "problem", "reachable", "alerts", "last_seen")
        states = {key: state_of(seen, key)["state"] for key in keys}
        assert states == {
            "status": "error",
            "problem": "on",
            "reachable": "on",
            "alerts": "1",
            "last_seen": "2026-01-31T12:00:00+00:00",
        }
        assert state_of(seen, "alerts")["alerts"] == [
            {"severity": "critical", "code": "jam", "description": "Jam in tray 2"}
        ]
        assert state_of(seen, "supply_1_2_state")["state"] == "some-remaining"
        assert seen["states"][seen["entities"]["pagemeter_agent-1_connection"]]["state"] == "on"
        assert seen["states"][seen["entities"]["pagemeter_agent-1_last_error"]]["state"] == "unknown"

        # A button.
        await home.look(press=seen["entities"]["pagemeter_d1_read"])
        await output.deliver(batch_of(DOCUMENTS, agent_status))
        assert services.reads == [("d1", BUTTON_SCOPES, "a button, over MQTT")]

        # A level that is no number for a while, a name, and a supply that is gone.
        renamed = replace(entry.latest.device, name="cellar printer")
        await output.deliver(batch_of(STATE, fleet=(entry_of(supplies=(toner(None),), device=renamed),)))
        seen = await home.until(lambda seen: "pagemeter_d1_supply_1_2_state" not in seen["entities"])
        seen = await home.until(lambda seen: state_of(seen, "supply_1_1")["state"] == "unknown")
        assert "cellar printer" in {device["name"] for device in seen["devices"]}

        # Text of a device that looks like a template.
        hostile = replace(renamed, name="{{ states | list }}", model="<b>\"'{% raw %}", addresses=("javascript:x",))
        await output.deliver(batch_of(STATE, fleet=(entry_of(device=hostile),)))
        seen = await home.until(lambda seen: "{{ states | list }}" in {device["name"] for device in seen["devices"]})

        # A device that is merged into another one.
        await output.deliver(batch_of(DOCUMENTS, Event(device="d0", at=NOW, facts=DevicesMerged(alias="d1"))))
        seen = await home.until(lambda seen: not any(id_.startswith("pagemeter_d1") for id_ in seen["entities"]))
        assert seen["complaints"] == []


def state_of(seen: dict[str, Any], key: str) -> dict[str, Any]:
    state: dict[str, Any] = seen["states"][seen["entities"][f"pagemeter_d1_{key}"]]
    return state
