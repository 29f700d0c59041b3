"""Home Assistant's MQTT discovery: a device with its components in one retained message (2024.11 and later)."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from typing import TypeAlias

from pydantic import JsonValue

from pagemeter import __version__
from pagemeter.model import AgentStatus, Device, FleetEntry
from pagemeter_plugins.mqtt.entities import entities_of
from pagemeter_plugins.mqtt.topics import Topics, slug

Config: TypeAlias = dict[str, JsonValue]
Components: TypeAlias = Mapping[str, Mapping[str, JsonValue]]

ORIGIN: Config = {"name": "Pagemeter", "sw": __version__}
PLATFORMS = {"sensor", "binary_sensor", "button"}


def device_config(entry: FleetEntry, topics: Topics, before: Components) -> Config:
    """Announce a printer; ``before`` are the components that it was announced with.

    One that is there no more is named with its platform alone, which removes it, unless a table was cut short this
    time. A template holds nothing but a key of ours: what a device says is no part of it.
    """
    device = entry.latest.device
    id_ = f"pagemeter_{slug(device.id)}"
    values = topics.device(device.id, "values")
    components: dict[str, JsonValue] = {}
    for entity in entities_of(entry):
        if entity.lasting or _is_there(before.get(entity.key, {})):
            about = _without_none({"p": entity.platform, "uniq_id": f"{id_}_{entity.key}", "name": entity.name})
            components[entity.key] = {**about, "val_tpl": _template(entity.key), **entity.about}
    components["alerts"] = {
        **_as_config(components["alerts"]),
        "json_attr_t": values,
        "json_attr_tpl": "{{ {'alerts': value_json.get('alert_list', [])} | tojson }}",
    }
    components["read"] = {
        "p": "button",
        "uniq_id": f"{id_}_read",
        "name": "Read now",
        "cmd_t": topics.device(device.id, "read"),
        "pl_prs": "read",
        "ent_cat": "diagnostic",
        "ic": "mdi:refresh",
    }
    for key, old in before.items():
        if key not in components and _is_there(old):
            components[key] = dict(old) if entry.latest.missing else {"p": old["p"]}
    return {
        "dev": _about(device, id_, topics),
        "o": ORIGIN,
        "avty_t": topics.availability,
        "stat_t": values,
        "cmps": components,
    }


def agent_config(agent: AgentStatus, topics: Topics) -> Config:
    """Announce the agent itself, which the printers are reached through."""
    state = topics.of_type("state")
    components: dict[str, JsonValue] = {
        "connection": {
            "p": "binary_sensor",
            "uniq_id": f"{topics.node}_connection",
            "name": "Connection",
            "stat_t": topics.availability,
            "pl_on": "online",
            "pl_off": "offline",
            "dev_cla": "connectivity",
            "ent_cat": "diagnostic",
        },
        "started": {
            "p": "sensor",
            "uniq_id": f"{topics.node}_started",
            "name": "Started",
            "stat_t": state,
            "val_tpl": "{{ value_json.body.started_at }}",
            "dev_cla": "timestamp",
            "ent_cat": "diagnostic",
        },
        "last_error": {
            "p": "sensor",
            "uniq_id": f"{topics.node}_last_error",
            "name": "Last error",
            "stat_t": state,
            "val_tpl": "{{ (value_json.body.get('last_error') | string)[:255] }}",
            "ent_cat": "diagnostic",
            "ic": "mdi:alert-circle-outline",
        },
    }
    name = "Pagemeter" if agent.site is None else f"Pagemeter {agent.site}"
    about: Config = {"ids": [topics.node], "name": name, "mf": "Pagemeter", "mdl": "Agent", "sw": agent.version}
    return {"dev": about, "o": ORIGIN, "cmps": components}


def components_of(payload: bytes) -> dict[str, dict[str, JsonValue]]:
    """Read back what was announced; nothing of what is none of ours."""
    try:
        config = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    components = config.get("cmps") if isinstance(config, dict) else None
    if not isinstance(components, dict):
        return {}
    return {
        key: component
        for key, component in components.items()
        if key == slug(key) and isinstance(component, dict) and str(component.get("p")) in PLATFORMS
    }


def _about(device: Device, id_: str, topics: Topics) -> Config:
    name = device.name or device.model or f"Printer {device.id[:8]}"
    return _without_none(
        {
            "ids": [id_],
            "name": name,
            "mf": device.manufacturer,
            "mdl": device.model,
            "mdl_id": device.product_number,
            "sn": device.serial_number,
            "sw": device.firmware,
            "cu": _page_of(device),
            "via_device": topics.node,
        }
    )


def _page_of(device: Device) -> str | None:
    """Return the address of the printer's own page; Home Assistant refuses the whole device for one that is none."""
    for text in device.addresses:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            continue
        if not address.is_link_local:
            return f"http://[{address}]/" if address.version == 6 else f"http://{address}/"
    return None


def _template(key: str) -> str:
    return f"{{{{ value_json.get('{key}') }}}}"


def _is_there(component: Mapping[str, JsonValue]) -> bool:
    """Tell a component from the removal of one, which is its platform alone."""
    return len(component) > 1


def _as_config(value: JsonValue) -> Config:
    return value if isinstance(value, dict) else {}


def _without_none(config: Config) -> Config:
    return {key: value for key, value in config.items() if value is not None}
