"""The files in ``config/`` are true: they load, they name every option, and the schema is that of the code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pagemeter.config import InstalledCatalog, compose_schema, load_config, parse_config
from pagemeter.config.loader import load
from pagemeter.config.values import resolved
from pagemeter.plugins import installed_plugins, load_plugins

ROOT = Path(__file__).resolve().parents[3]
CONFIG = ROOT / "config"
SECRETS = {"auth": "secret-auth", "priv": "secret-priv", "token": "secret-token", "proxy": "secret-proxy"}


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
    value = resolved(load(text, "a.yaml", {"!secret": lambda name: name}).value)
    assert list(_unsaid(compose_schema(shipped_catalog()), [value], text)) == []


def _unsaid(top: dict[str, Any], values: list[Any], text: str) -> Iterator[str]:
    """Go through the schema and the values together; name the properties that no value has."""

    def follow(schema: dict[str, Any], here: Iterable[Any], path: str) -> Iterator[str]:
        schema = top["$defs"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
        there = list(here)
        for key, inner in schema.get("properties", {}).items():
            found = [value[key] for value in there if isinstance(value, dict) and key in value]
            alternatives = path.endswith((".auth", ".priv"))  # one of several algorithms: the comment names them all
            if not found and not (alternatives and re.search(rf"\b{key}\b", text)):
                yield f"{path}.{key}"
            yield from follow(inner, found, f"{path}.{key}") if found else ()
        entries = [entry for value in there if isinstance(value, list) for entry in value]
        if entries:
            yield from follow(schema["items"], entries, path)
        for choice in schema.get("allOf", ()):
            name = choice["if"]["properties"]["plugin"]["const"]
            chosen = [value for value in there if isinstance(value, dict) and value["plugin"] == name]
            yield from follow(choice["then"], chosen, f"{path}.{name}")

    return follow(top, values, "")


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
