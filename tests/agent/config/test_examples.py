"""The files in ``config/`` are true: they load, they name every option, and the schema is that of the code."""

from __future__ import annotations

import json
import re
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pagemeter.config import InstalledCatalog, compose_schema, load_config, parse_config
from pagemeter.config.loader import load
from pagemeter.config.settings import ITEM_SETTINGS
from pagemeter.config.values import resolved
from pagemeter.plugins import installed_plugins, load_plugins

ROOT = Path(__file__).resolve().parents[3]
CONFIG = ROOT / "config"
SECRETS = {
    "auth": "secret-auth",
    "priv": "secret-priv",
    "token": "secret-token",
    "proxy": "secret-proxy",
    "mqtt": "secret-mqtt",
    "mail": "secret-mail",
    "webhook": "secret-webhook",
    "client_key": "secret-client-key",
}


def shipped() -> list[str]:
    """Name the plugins that ship with the agent, whatever else is installed."""
    return [entry.name for entry in entry_points(group="pagemeter") if entry.value.startswith("pagemeter_plugins.")]


def shipped_catalog() -> InstalledCatalog:
    names = shipped()
    return InstalledCatalog([plugin for plugin in installed_plugins() if plugin.name in names], load_plugins(names))


def switched_on(text: str) -> str:
    """Take the hash off every option that is switched off."""
    return re.sub(r"^(\s*)#(?=[\w-])", r"\1", text, flags=re.MULTILINE)


@pytest.mark.parametrize("name", ["minimal.yaml", "pagemeter.yaml"])
def test_an_example_loads_as_it_ships(name: str) -> None:
    config = load_config(CONFIG / name, environ={})
    assert config.outputs
    assert [item.broken for item in config.items] == [None] * len(config.items)


def test_the_options_that_are_switched_off_load_when_switched_on() -> None:
    text = switched_on((CONFIG / "pagemeter.yaml").read_text(encoding="utf-8"))
    config = parse_config(text, "pagemeter.yaml", environ={}, secrets=SECRETS)
    assert {item.plugin for item in config.items} == set(shipped())


def test_every_option_is_in_the_example() -> None:
    text = switched_on((CONFIG / "pagemeter.yaml").read_text(encoding="utf-8"))
    schema = compose_schema(shipped_catalog())
    said: dict[str, set[str]] = {name: set() for name in schema["$defs"]}
    _gather(schema, schema, resolved(load(text, "a.yaml", {"!secret": lambda name: name}).value), said)
    # The agent's own keys need not be shown with each plugin again, once in a section does.
    for kind, model in ITEM_SETTINGS.items():
        names = [name for name in said if name.startswith(f"{kind}.")]
        shown = set().union(*(said[name] for name in names)) & model.model_fields.keys()
        for name in names:
            said[name] |= shown
    # Nor can all algorithms, or both kinds of schedule, be switched on at once: the comment names them.
    for name in ("AuthSettings", "PrivSettings", "CycleSettings"):
        said[name] |= {key for key in schema["$defs"][name]["properties"] if re.search(rf"\b{key}\b", text)}
    assert {
        name: missing
        for name, keys in said.items()
        if (missing := set(schema["$defs"][name].get("properties", {})) - keys)
    } == {}


def _gather(top: dict[str, Any], schema: dict[str, Any], value: Any, said: dict[str, set[str]]) -> None:
    """Go through schema and value together, and note which keys of which definition the value has."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        schema = top["$defs"][name]
        said[name] |= value.keys() if isinstance(value, dict) else set()
    for key, inner in schema.get("properties", {}).items():
        if isinstance(value, dict) and key in value:
            _gather(top, inner, value[key], said)
    for entry in value if isinstance(value, list) else ():
        _gather(top, schema["items"], entry, said)
    for choice in schema.get("allOf", ()):
        if choice["if"]["properties"]["plugin"]["const"] == value["plugin"]:
            _gather(top, choice["then"], value, said)


def test_the_schema_has_not_drifted() -> None:
    written = json.loads((CONFIG / "schema.json").read_text(encoding="utf-8"))
    assert written == compose_schema(shipped_catalog()), "write it anew: pagemeter schema > config/schema.json"


def test_the_schema_is_a_schema_and_every_setting_describes_itself() -> None:
    schema = compose_schema(shipped_catalog())
    Draft202012Validator.check_schema(schema)
    silent = [
        f"{name}.{key}"
        for name, definition in schema["$defs"].items()
        for key, inner in definition.get("properties", {}).items()
        if "description" not in inner and key != "plugin"
    ]
    assert silent == []


@pytest.mark.parametrize("name", ["minimal.yaml", "pagemeter.yaml"])
def test_an_example_has_the_shape_of_the_schema_that_ships(name: str) -> None:
    schema = json.loads((CONFIG / "schema.json").read_text(encoding="utf-8"))
    value = resolved(load((CONFIG / name).read_text(encoding="utf-8"), name, {}).value)
    assert [error.message for error in Draft202012Validator(schema).iter_errors(value)] == []


def test_every_plugin_of_the_schema_says_what_it_is() -> None:
    definitions = compose_schema(shipped_catalog())["$defs"]
    items = {name: inner for name, inner in definitions.items() if re.fullmatch(r"[a-z]+\.[a-z_]+", name)}
    assert {name.partition(".")[2] for name in items} == set(shipped())
    assert all(inner["description"] for inner in items.values())


def test_the_yaml_of_the_manual_loads() -> None:
    manual = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", manual, flags=re.DOTALL)
    assert blocks
    for block in blocks:
        parse_config(block, "docs/configuration.md", environ={"PORT": "161"}, secrets=SECRETS)


def test_the_manual_names_every_setting_of_the_core() -> None:
    manual = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    schema = compose_schema(shipped_catalog())
    core = [inner for name, inner in schema["$defs"].items() if "." not in name]
    keys = {key for inner in [schema, *core] for key in inner.get("properties", {})}
    assert [key for key in sorted(keys) if f"`{key}`" not in manual] == []
