"""``batch-1.json``, made from the model: ``python -m pagemeter_plugins.webhook.schema > batch-1.json``."""

from __future__ import annotations

import json
import sys
import typing
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from types import UnionType
from typing import Annotated, Any, Literal, Union

from pagemeter.model import AgentStatus, Body, Key, Private
from pagemeter.wire import TYPES
from pagemeter_plugins.webhook.batch import VERSION

_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    Decimal: {"type": "string", "pattern": r"^-?[0-9.]+([eE][-+]?[0-9]+)?$"},
    datetime: {"type": "string", "format": "date-time", "pattern": "Z$"},
    timedelta: {"type": "number", "description": "Seconds."},
}


def batch_schema() -> dict[str, Any]:
    """Make the JSON Schema (draft 2020-12) of a batch; objects are open, for a later agent may say more."""
    defs: dict[str, Any] = {}
    documents = []
    for body in typing.get_args(Body):
        kind = TYPES[body]
        documents.append({
            "type": "object",
            "properties": {
                "v": {"const": VERSION},
                "key": _of(Key, defs),
                "at": _PLAIN[datetime],
                "type": {"const": kind},
                "body": _of(body, defs),
            },
            "required": ["v", "key", "at", "type", "body"],
        })  # fmt: skip
    properties = {
        "v": {"const": VERSION},
        "test": {"const": True, "description": "A trial by hand: it has no documents; receive and forget it."},
        "batch": {"type": "string", "description": "The same when it is sent again; also in Idempotency-Key."},
        "agent": _of(AgentStatus, defs),
        "documents": {"type": "array", "items": {"oneOf": documents}},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:pagemeter:batch:1",
        "title": "A batch of documents of Pagemeter",
        "description": "What is not known is absent, never null and never a 0 in its place. A document's key lets you "
        "drop repeats; the order is (epoch, seq), not the time. Ignore what you do not know: a later agent may say "
        "more.",
        "type": "object",
        "properties": properties,
        "required": ["v", "batch", "agent", "documents"],
        "$defs": dict(sorted(defs.items())),
    }


def _of(hint: Any, defs: dict[str, Any]) -> dict[str, Any]:
    """Describe a type as wire.py writes it; classes and enumerations go to ``defs``."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Annotated, Union, UnionType):
        parts = [part for part in arguments if part is not type(None) and not isinstance(part, Private)]
        return _of(parts[0], defs) if len(parts) == 1 else {"oneOf": [_of(part, defs) for part in parts]}
    if origin is Literal:
        return {"const": arguments[0]} if len(arguments) == 1 else {"enum": list(arguments)}
    if origin in (tuple, frozenset):
        return _array(origin, arguments, defs)
    if hint in _PLAIN:
        return _PLAIN[hint]
    if hint.__name__ not in defs:
        defs[hint.__name__] = {}  # a class that names itself ends here
        defs[hint.__name__] = _enumeration(hint) if issubclass(hint, StrEnum) else _object(hint, defs)
    return {"$ref": f"#/$defs/{hint.__name__}"}


def _array(origin: Any, arguments: tuple[Any, ...], defs: dict[str, Any]) -> dict[str, Any]:
    if origin is frozenset:
        return {"type": "array", "items": _of(arguments[0], defs), "uniqueItems": True}
    if arguments[-1] is Ellipsis:
        return {"type": "array", "items": _of(arguments[0], defs)}
    items = [_of(part, defs) for part in arguments]
    return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}


def _enumeration(hint: type[StrEnum]) -> dict[str, Any]:
    return {"description": _first_line(hint), "type": "string", "enum": [str(member) for member in hint]}


def _object(hint: type, defs: dict[str, Any]) -> dict[str, Any]:
    if not is_dataclass(hint):
        raise TypeError(f"{hint.__name__} is nothing that a document has")
    hints = typing.get_type_hints(hint, include_extras=True)
    return {
        "description": _first_line(hint),
        "type": "object",
        "properties": {field.name: _of(hints[field.name], defs) for field in fields(hint)},
        "required": [field.name for field in fields(hint) if _is_always_there(field)],
    }


def _is_always_there(field: Any) -> bool:
    """Tell whether wire.py always writes it: it leaves out a none and what is empty where that is the default."""
    return field.default_factory is MISSING and field.default not in (None, (), frozenset())


def _first_line(hint: type) -> str:
    return (hint.__doc__ or "").split("\n\n", 1)[0].replace("``", "").replace("\n", " ").strip()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(batch_schema(), indent=2, ensure_ascii=False) + "\n")
