"""What is wrong in a profile, in words that say what to write."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pydantic_core import ErrorDetails

from pagemeter.config.mistakes import Mistake, near, shown, with_remedy

_WHAT = {
    "bool_": "this should be true or false",
    "int_": "this should be a whole number",
    "string_type": "this should be text; quotes make text of a number",
    "string_pattern_mismatch": "this should be small letters, digits and hyphens, such as acme-c100",
    "enum": "this is none of {expected}",
    "literal_error": "this is none of {expected}",
    "greater_than_equal": "this is less than {ge}",
    "less_than_equal": "this is more than {le}",
    "tuple_": "this should be a list; write [ ] around it, or - before each",
    "dict_type": "this should be a mapping of keys to values",
    "model_": "this should be a mapping of keys to values",
    "pattern_type": "this should be a regular expression, as text",
}


def explained(detail: ErrorDetails, schema: Mapping[str, Any]) -> Mistake:
    """Say in our words what pydantic found; ``schema`` is the profile's JSON Schema, which knows the keys."""
    path = tuple(part for part in detail["loc"] if part != "[key]")  # pydantic's own word for a mapping's key
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "missing" and path:
        return Mistake(path=path, what=f"this is missing; write `{path[-1]}: ...`")
    if kind == "extra_forbidden":
        return Mistake(path=path, what=with_remedy("unknown key", _meant(str(path[-1]), path[:-1], schema)))
    if kind == "pattern_regex":
        return Mistake(path=path, what=f"this is no regular expression ({shown(_why_no_pattern(detail))})")
    if kind == "value_error":
        return Mistake(path=(*path, *context.get("place", ())), what=str(context.get("error", "")))
    found = _WHAT.get(kind) or next((what for start, what in _WHAT.items() if kind.startswith(start)), None)
    return Mistake(path=path, what=(found or "this value is not accepted").format_map(context))


def _meant(word: str, path: tuple[int | str, ...], schema: Mapping[str, Any]) -> str:
    keys = sorted({key for part in _parts(schema, path, schema) for key in part.get("properties", {})})
    return near(word, keys) or _listed(keys)


def _listed(keys: Collection[str]) -> str:
    return f"there are {', '.join(keys)}" if keys else ""


def _parts(
    part: Mapping[str, Any], path: tuple[int | str, ...], schema: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    """Yield what the schema says of a path; of several possibilities each."""
    if "$ref" in part:
        part = schema["$defs"][part["$ref"].rpartition("/")[2]]
    for choice in part.get("anyOf", ()):
        yield from _parts(choice, path, schema)
    if not path:
        yield part
        return
    below = part.get("items") if isinstance(path[0], int) else part.get("properties", {}).get(path[0])
    below = below or part.get("additionalProperties")
    if isinstance(below, dict):
        yield from _parts(below, path[1:], schema)


def _why_no_pattern(detail: ErrorDetails) -> str:
    try:
        re.compile(str(detail.get("input", "")))
    except re.error as error:
        return str(error)
    return "its form is wrong"
