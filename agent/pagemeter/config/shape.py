"""Does the YAML have the shape that the schema asks for? ``!secret`` and ``!env`` fit any type here.

jsonschema finds what does not fit; what is printed are our words, since a library's message quotes the value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from pagemeter.config.loader import Placeholder, Value
from pagemeter.config.mistakes import KeyPath, Mistake, near, shown, with_remedy
from pagemeter.config.schema import Schema

Check: TypeAlias = Callable[[Any, Any, Any, Any], Iterator[Any] | None]
Error: TypeAlias = Any  # jsonschema's ValidationError; its values are those of any schema

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping of keys to values",
    "null": "empty",
}
_LIMITS = {
    "minLength": "has fewer than {} characters",
    "maxLength": "has more than {} characters",
    "minimum": "is less than {}",
    "maximum": "is more than {}",
    "exclusiveMinimum": "is not more than {}",
    "exclusiveMaximum": "is not less than {}",
    "minItems": "has fewer than {} entries",
    "maxItems": "has more than {} entries",
    "minProperties": "has fewer than {} keys",
    "maxProperties": "has more than {} keys",
    "multipleOf": "is no multiple of {}",
}
_MOST_LISTED = 16


def judge_shape(value: Value, schema: Schema) -> tuple[list[Mistake], set[str]]:
    """Return the mistakes of shape, and the texts that stand where the schema wants a secret."""
    hidden: set[str] = set()
    validator = _validator(hidden)(schema)
    mistakes = [mistake for error in validator.iter_errors(value) for mistake in _explained(error)]
    return mistakes, hidden


def kind_of(value: object) -> str:
    """Say what kind of value the YAML holds."""
    kinds = (
        (bool, "true or false"),
        (int | float, "a number"),
        (str, "text"),
        (list, "a list"),
        (dict, "a mapping of keys to values"),
        (Placeholder, "one value from outside"),
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), "empty")


def _validator(hidden: set[str]) -> Any:
    def note(_validator: Any, secret: Any, instance: Any, _schema: Any) -> None:
        if secret and isinstance(instance, str | int | float) and not isinstance(instance, bool):
            hidden.add(str(instance))

    checks: dict[str, Check] = {**Draft202012Validator.VALIDATORS, "writeOnly": note}
    extended: Any = extend
    return extended(
        Draft202012Validator, {keyword: _unless_placeholder(keyword, check) for keyword, check in checks.items()}
    )


def _unless_placeholder(keyword: str, check: Check) -> Check:
    """Let placeholders pass, unless a list or a mapping stands there: they bring one value."""

    def judge(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Error]:
        if not isinstance(instance, Placeholder) or keyword in ("$ref", "allOf"):
            yield from check(validator, value, instance, schema) or ()
        elif instance.found and keyword == "type" and value in ("array", "object"):
            yield ValidationError("")

    return judge


def _explained(error: Error) -> Iterator[Mistake]:
    path: KeyPath = tuple(error.absolute_path)
    if error.validator == "additionalProperties":
        yield from _unknown_keys(error, path)
    elif error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        # jsonschema has one error for each missing key, and each of them lists all that are required
        yield from (Mistake(path=path, what=f"{key} is missing") for key in missing)
    elif error.validator in ("anyOf", "oneOf"):
        yield from _of_the_nearest(error, path)
    else:
        yield Mistake(path=path, what=_what(error))


def _what(error: Error) -> str:
    validator, wanted = str(error.validator), error.validator_value
    if validator == "type":
        return _wrong_type(error)
    if validator in ("enum", "const"):
        return _none_of(error, [wanted] if validator == "const" else list(wanted))
    if validator == "pattern":
        return with_remedy(f"{_quoted(error)}is not written as this should be", _example(error.schema))
    if validator.startswith("min") and validator != "minimum" and wanted == 1:
        return "this is empty; write something, or leave the key out"
    return f"this {_LIMITS.get(validator, 'is not what the setting takes')}".format(wanted)


def _unknown_keys(error: Error, path: KeyPath) -> Iterator[Mistake]:
    known = list(error.schema.get("properties", {}))
    free = [key for key in known if key not in error.instance]
    for key in error.instance:
        if key not in known:
            listed = (
                f"known are {', '.join(free)}" if 0 < len(free) <= _MOST_LISTED else "`pagemeter schema` lists them"
            )
            remedy = "put a space behind the colon" if ":" in key else near(key, free) or listed
            yield Mistake(path=(*path, key), what=with_remedy("unknown key", remedy))


def _wrong_type(error: Error) -> str:
    wanted = [error.validator_value] if isinstance(error.validator_value, str) else list(error.validator_value)
    names = " or ".join(_TYPES.get(name, name) for name in wanted)
    value, remedy = error.instance, _example(error.schema)
    if value is None:
        remedy = "write a value, or leave the key out"
    elif not remedy and "string" in wanted and isinstance(value, int | float):
        remedy = "put it in quotes"
    elif "boolean" in wanted and isinstance(value, str):
        remedy = "write it in small letters, without quotes"
    elif {"integer", "number"} & set(wanted) and isinstance(value, str) and re.fullmatch(r"-?[0-9.]+", value):
        remedy = "write it without quotes and leading zeros"
    elif "array" in wanted and not isinstance(value, dict | Placeholder):
        remedy = "write [...] around it"
    return with_remedy(f"this should be {names}, is {kind_of(value)}", remedy)


def _none_of(error: Error, wanted: list[Any]) -> str:
    texts = list(dict.fromkeys(str(choice) for choice in wanted))
    remedy = near(str(error.instance), texts) or f"write one of {', '.join(texts)}"
    return with_remedy(f"{_quoted(error)}is not known here", remedy)


def _quoted(error: Error) -> str:
    """Quote what was written, never where a secret belongs."""
    if error.schema.get("writeOnly") or isinstance(error.instance, list | dict):
        return "this "
    text = error.instance if isinstance(error.instance, str) else json.dumps(error.instance)
    return f'"{shown(text)}" '


def _example(schema: Any) -> str:
    examples = schema.get("examples", []) if isinstance(schema, dict) else []
    return f"write it like {' or '.join(str(example) for example in examples[:3])}" if examples else ""


def _of_the_nearest(error: Error, path: KeyPath) -> Iterator[Mistake]:
    """Explain the branch whose type fits; where none fits, say which types would."""
    branches: dict[Any, list[Error]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.schema_path[0], []).append(inner)
    fitting = [found for found in branches.values() if not any(_is_of_another_type(inner) for inner in found)]
    if fitting:
        for inner in min(fitting, key=len):
            yield from _explained(inner)
        return
    types = [_TYPES.get(str(choice.get("type")), "something else") for choice in error.validator_value]
    names = " or ".join(dict.fromkeys(name for name in types if name != "empty"))
    yield Mistake(path=path, what=f"this should be {names}, is {kind_of(error.instance)}")


def _is_of_another_type(error: Error) -> bool:
    return error.validator == "type" and not error.relative_path
