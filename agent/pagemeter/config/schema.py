"""One JSON Schema for the whole YAML, composed of the settings of the core and of the plugins.

Editors use it, and ``shape.py`` checks by it. Items are chosen by ``if``/``then`` on ``plugin`` and never by ``oneOf``,
which has one useless line for whatever is wrong.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeAlias

from pydantic import BaseModel
from pydantic.errors import PydanticUserError
from pydantic.json_schema import GenerateJsonSchema

from pagemeter.config.catalog import Catalog, whole_catalog
from pagemeter.config.settings import ITEM_SETTINGS, CoreSettings
from pagemeter.plugins import Kind

Schema: TypeAlias = dict[str, Any]


def compose_schema(catalog: Catalog | None = None) -> Schema:
    """Compose the schema of the plugins that the catalog has loaded; of every installed one unless it is given."""
    catalog = whole_catalog() if catalog is None else catalog
    defs: Schema = {}
    core = _schema_of(CoreSettings, "", defs)
    sections = {str(kind): _section(kind, catalog, defs) for kind in Kind}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The configuration of Pagemeter",
        "type": "object",
        "additionalProperties": False,
        "properties": {**core["properties"], **sections},
        "$defs": dict(sorted(defs.items())),
    }


def _section(kind: Kind, catalog: Catalog, defs: Schema) -> Schema:
    names = sorted(catalog.names(kind))
    for name in names:
        defs[f"{kind}.{name}"] = _item(kind, name, catalog, defs)
    chosen = [
        {
            "if": {"properties": {"plugin": {"const": name}}, "required": ["plugin"]},
            "then": {"$ref": f"#/$defs/{kind}.{name}"},
        }
        for name in names
    ]
    item: Schema = {"type": "object", "required": ["plugin"], "properties": {"plugin": {"enum": names}}}
    return {"type": "array", "items": {**item, "allOf": chosen} if chosen else item}


def _item(kind: Kind, name: str, catalog: Catalog, defs: Schema) -> Schema:
    """Join the agent's keys and the plugin's own; what a plugin that is not loaded takes is left open."""
    common = _schema_of(ITEM_SETTINGS[kind], "", defs)
    own: Schema = {"additionalProperties": True}
    if (factory := catalog.factory(kind, name)) is not None:
        try:
            own = _schema_of(factory.settings, f"{kind}.{name}.", defs)
        except PydanticUserError:
            own = {"additionalProperties": True}  # a type without a JSON Schema; pydantic itself judges it later
    around = {key: schema for key, schema in common["properties"].items() if key != "plugin"}
    described = {"description": own["description"]} if "description" in own else {}
    return {
        **described,
        "type": "object",
        "additionalProperties": own.get("additionalProperties", False),
        "required": ["plugin", *own.get("required", [])],
        "properties": {"plugin": {"const": name}, **own.get("properties", {}), **around},
    }


class _Generator(GenerateJsonSchema):
    """Leaves out the titles that would repeat the names of fields."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        """Say never."""
        return False


def _schema_of(model: type[BaseModel], prefix: str, defs: Schema) -> Schema:
    schema, inner = _tidied(model, prefix)
    defs.update(inner)
    return schema


# Each plugin's items have the keys of their kind too, and those of a kind are the same.
@lru_cache(maxsize=256)
def _tidied(model: type[BaseModel], prefix: str) -> tuple[Schema, Schema]:
    """Return a model's schema, and those that it refers to by their names; both are shared, and left as they are."""
    schema = model.model_json_schema(ref_template=f"#/$defs/{prefix}{{model}}", schema_generator=_Generator)
    inner = {prefix + name: _tidy(part) for name, part in schema.pop("$defs", {}).items()}
    return _tidy(schema), inner


def _tidy(schema: Any) -> Any:
    """Drop titles, and the null of settings that are absent by default: a key without a value is a slip."""
    if isinstance(schema, list):
        return [_tidy(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: _tidy(part) for key, part in schema.items() if not (key == "title" and isinstance(part, str))}
    if isinstance(kept.get("default"), dict):
        del kept["default"]  # the defaults of a section are those of its keys
    choices = kept.get("anyOf")
    if choices and {"type": "null"} in choices and kept.get("default", ...) is None:
        del kept["anyOf"], kept["default"]
        rest = [choice for choice in choices if choice != {"type": "null"}]
        kept = {**rest[0], **kept} if len(rest) == 1 else {"anyOf": rest, **kept}
    return kept
