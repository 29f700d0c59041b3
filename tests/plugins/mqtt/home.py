"""Home Assistant's own MQTT integration, headless: run by a Python that has homeassistant and paho-mqtt.

``home.py PORT FOLDER``: connects to the broker, then answers each line of its input, ``{}`` or ``{"press": ENTITY}``,
with one line of JSON: states, devices, entities, and every warning that it logged.
"""

# mypy: ignore-errors
# ruff: noqa: T201

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from types import MappingProxyType

from homeassistant import bootstrap, loader
from homeassistant.config_entries import SOURCE_USER, ConfigEntries, ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry, entity_registry
from homeassistant.setup import async_setup_component

COMPLAINTS = []


class Complaints(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        # helpers.frame speaks of how this program sets the integration up, not of what was announced.
        if record.levelno >= logging.WARNING and record.name != "homeassistant.helpers.frame":
            COMPLAINTS.append(f"{record.name}: {record.getMessage()}")


async def started(port: int, folder: str) -> HomeAssistant:
    (Path(folder) / "configuration.yaml").touch()
    home = HomeAssistant(folder)
    loader.async_setup(home)
    home.config.skip_pip = True
    home.config_entries = ConfigEntries(home, {})
    await home.config_entries.async_initialize()
    await bootstrap.async_load_base_functionality(home)
    await async_setup_component(home, "homeassistant", {})
    # MQTT names them for its dialogs, which are not wanted here.
    home.config.components |= {"http", "file_upload"}
    entry = ConfigEntry(
        version=1,
        minor_version=2,
        domain="mqtt",
        title="broker",
        data={"broker": "127.0.0.1", "port": port, "discovery": True},
        source=SOURCE_USER,
        options={},
        unique_id=None,
        discovery_keys=MappingProxyType({}),
        subentries_data=None,
    )
    await home.config_entries.async_add(entry)
    await home.async_start()
    return home


def seen(home: HomeAssistant) -> dict[str, object]:
    devices = device_registry.async_get(home).devices.values()
    entities = entity_registry.async_get(home).entities.values()
    names = {device.id: sorted(id_ for _, id_ in device.identifiers) for device in devices}
    return {
        "states": {state.entity_id: {"state": state.state, **state.attributes} for state in home.states.async_all()},
        "devices": [
            {
                "ids": names[device.id],
                "name": device.name,
                "via": names.get(device.via_device_id),
                "page": device.configuration_url,
                "serial": device.serial_number,
            }
            for device in devices
        ],
        "entities": {entity.unique_id: entity.entity_id for entity in entities},
        "complaints": COMPLAINTS,
    }


async def main(port: int, folder: str) -> None:
    home = await started(port, folder)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        await home.async_block_till_done()
        if entity := json.loads(line).get("press"):
            await home.services.async_call("button", "press", {"entity_id": entity}, blocking=True)
        print(json.dumps(seen(home), default=str), flush=True)
    await home.async_stop()


if __name__ == "__main__":
    logging.getLogger().addHandler(Complaints())
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
