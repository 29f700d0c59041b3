"""Do the values fit? pydantic judges, our words say what it found, and no secret is ever in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pagemeter.component import Settings
from pagemeter.config.loader import Placeholder, Value
from pagemeter.config.mistakes import KeyPath, Mistake, near, with_remedy

S = TypeVar("S", bound=Settings)

_WHAT: dict[str, str] = {
    "bool_": "this should be true or false",
    "int_": "this should be a whole number",
    "float_": "this should be a number",
    "decimal_": "this should be a number",
    "string_type": "this should be text; quotes make text of a number",
    "string_too_short": "this has fewer than {min_length} characters",
    "string_too_long": "this has more than {max_length} characters",
    "string_pattern_mismatch": "this is not written as it should be",
    "too_short": "this has fewer than {min_length} entries",
    "too_long": "this has more than {max_length} entries",
    "greater_than_equal": "this is less than {ge}",
    "greater_than": "this is not more than {gt}",
    "less_than_equal": "this is more than {le}",
    "less_than": "this is not less than {lt}",
    "enum": "this is none of {expected}",
    "literal_error": "this is none of {expected}",
    "url_": "this is no URL; write it like https://host/path",
    "ip_": "this is no IP address or network; write it like 10.20.1.1 or 10.20.0.0/16",
    "list_type": "this should be a list",
    "tuple_type": "this should be a list",
    "set_type": "this should be a list",
    "dict_type": "this should be a mapping of keys to values",
    "model_": "this should be a mapping of keys to values",
    "path_": "this is no path",
    "time_": 'this is no time of day; write it like "02:00"',
    "date": "this is no date; write it like 2026-01-31",
}
_HIDDEN = "this value is not accepted (and not shown)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Turns values into settings; ``hidden`` are texts that no message may show, ``known`` the paths of the YAML.

    The messages of the core's own validators quote no value (``ours``); a plugin's may, and are looked at.
    """

    known: Collection[KeyPath]
    hidden: Collection[str]
    mistakes: list[Mistake]

    def settings(self, model: type[S], raw: Mapping[str, Value], path: KeyPath, *, ours: bool) -> S | None:
        """Return the settings, or none after noting the mistakes; none as well where a placeholder has no value."""
        if any(not placeholder.found for placeholder in placeholders(raw)):
            return None
        try:
            return model.model_validate(resolved(raw))
        except ValidationError as error:
            details = error.errors(include_url=False, include_input=False)
            self.mistakes.extend(self._explained(detail, model, raw, path, ours=ours) for detail in details)
        except Exception as error:  # noqa: BLE001 - a plugin's validator may raise anything; it costs only this item
            what = f"the plugin could not judge its settings ({type(error).__name__}); this is a fault of the plugin"
            self.mistakes.append(Mistake(path=path, what=what))
        return None

    def _explained(
        self, detail: ErrorDetails, model: type[Settings], raw: Any, path: KeyPath, *, ours: bool
    ) -> Mistake:
        loc = detail["loc"]
        where, value = path, raw
        for part in loc:
            if (*where, part) not in self.known:
                break
            where = (*where, part)
            value = value[part]  # the YAML has this path, so that its value has this part
        if detail["type"] == "missing" and loc:
            return Mistake(path=where, what=f"{loc[-1]} is missing")
        if detail["type"] == "extra_forbidden":
            return Mistake(path=where, what=with_remedy("unknown key", near(str(loc[-1]), model.model_fields)))
        what = _what(detail)
        if detail["type"].startswith("too_") and isinstance(getattr(value, "value", value), str):
            what = what.replace("entries", "characters")  # pydantic counts the characters of a secret as entries
        if isinstance(value, Placeholder):
            what = f"{self._guarded(what)} ({value.tag} {value.name})"
        elif not ours:
            what = self._guarded(what)
        return Mistake(path=where, what=what)

    def _guarded(self, message: str) -> str:
        """Hide a message that holds a hidden text or any word of one: validators may quote parts of it."""
        words = re.findall(r"\w{4,}", message)
        for text in self.hidden:
            alone = re.search(rf"(?<!\w){re.escape(text)}(?!\w)", message) if text else None
            if alone or (len(text) >= 4 and text in message) or any(word in text for word in words):
                return _HIDDEN
        return message


def placeholders(value: object) -> Iterator[Placeholder]:
    """Go through the placeholders in a value."""
    if isinstance(value, Placeholder):
        yield value
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for part in parts:
        yield from placeholders(part)


def resolved(value: Value | Mapping[str, Value]) -> Any:
    """Put the values of placeholders in their places."""
    if isinstance(value, Placeholder):
        return value.value
    if isinstance(value, Mapping):
        return {key: resolved(part) for key, part in value.items()}
    return [resolved(part) for part in value] if isinstance(value, list) else value


def _what(detail: ErrorDetails) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in ("value_error", "assertion_error"):
        return str(context.get("error", "")) or "this value is not accepted"
    found = _WHAT.get(kind) or next((what for start, what in _WHAT.items() if kind.startswith(start)), None)
    render: Callable[..., str] = (found or "this value is not accepted").format
    return render(**context)
