"""YAML -> plain values that know their lines; of YAML's traps only what is plain to see is taken.

Read as values are null (``null``, ``~`` or nothing), ``true``, ``false``, decimal integers without a leading zero and
decimal fractions; all else is text (``no``, ``012``, ``12:30:45``). Refused are aliases, anchors, merge keys, keys that
appear twice, tags but ``!secret`` and ``!env``, a second document and deep nesting. The tree is built from the parser's
events, so that nothing is ever expanded or nested deeper than the limit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from pagemeter.config.mistakes import KeyPath, Mark, Mistake, error_of, near

MOST_DEPTH = 24
MOST_DIGITS = 18  # longer ones are no quantities but numbers of something, and stay text

Scalar: TypeAlias = "bool | int | float | str | Placeholder | None"
Value: TypeAlias = "Scalar | list[Value] | dict[str, Value]"
Lookup: TypeAlias = Callable[[str], Scalar]  # raises LookupError with what is missing and the remedy

_INTEGER = re.compile(rf"-?(?:0|[1-9][0-9]{{0,{MOST_DIGITS - 1}}})")
_FRACTION = re.compile(rf"-?(?:0|[1-9][0-9]{{0,{MOST_DIGITS - 1}}})\.[0-9]{{1,{MOST_DIGITS}}}")
_WORDS: dict[str, Scalar] = {"": None, "~": None, "null": None, "true": True, "false": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Placeholder:
    """A value from a secret or the environment: fits any type by its shape, and never prints.

    ``found`` is false where it is missing; the mistake is noted by then.
    """

    tag: str
    name: str
    value: Scalar = field(default=None, repr=False)
    found: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The values of a YAML, the mark of each key and item, and the mistakes that were met."""

    value: Value = field(repr=False)
    marks: dict[KeyPath, Mark]
    mistakes: tuple[Mistake, ...]


def load(text: str, source: str, lookups: Mapping[str, Lookup], plain: Callable[[str], Scalar] | None = None) -> Loaded:
    """Read one YAML document; ``lookups`` resolve its tags (``!secret``, ``!env``), ``plain`` reads unquoted scalars.

    Raises ConfigError where the rest can't be understood (syntax, nesting); other mistakes are handed back.
    """
    builder = _Builder(source, lookups, plain or parse_scalar)
    try:
        value = builder.document(yaml.parse(text, Loader=yaml.SafeLoader))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        what = "this line holds a control character, which YAML does not allow; remove it"
        builder.mistake((), what, line)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        builder.mistake((), _why_no_yaml(error.problem or ""), mark.line + 1 if mark is not None else 1)
    except _TooDeepError as error:
        builder.mistake((), f"this is nested more than {MOST_DEPTH} deep; no setting is", error.line)
    else:
        return Loaded(value=value, marks=builder.marks, mistakes=tuple(builder.mistakes))
    raise error_of(builder.mistakes, builder.marks)


def load_texts(text: str, source: str) -> dict[str, str]:
    """Read a flat mapping of names to texts, each taken as it is written; raises ConfigError, which quotes no value."""
    loaded = load(text, source, {}, plain=str)
    mistakes = list(loaded.mistakes)
    values = loaded.value if isinstance(loaded.value, dict) else {}
    if not isinstance(loaded.value, dict):
        mistakes.append(Mistake(path=(), what="this should be a list of `name: text`"))
    mistakes += [
        Mistake(path=(name,), what="this should be text in one piece")
        for name, value in values.items()
        if not isinstance(value, str | Placeholder)
    ]
    if mistakes:
        raise error_of(mistakes, loaded.marks)
    return {name: str(value) for name, value in values.items()}


def parse_scalar(text: str) -> bool | int | float | str | None:
    """Read a plain scalar; what is none of the few values is text."""
    if text in _WORDS:
        word = _WORDS[text]
        return word if word is None or isinstance(word, bool) else text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FRACTION.fullmatch(text):
        return float(text)
    return text


class _TooDeepError(Exception):
    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line


class _Builder:
    """Builds values from the parser's events and notes where they stand."""

    def __init__(self, source: str, lookups: Mapping[str, Lookup], plain: Callable[[str], Scalar]) -> None:
        self._source = source
        self._lookups = lookups
        self._plain = plain
        self.marks: dict[KeyPath, Mark] = {(): Mark(source=source, line=1)}
        self.mistakes: list[Mistake] = []

    def mistake(self, path: KeyPath, what: str, line: int) -> None:
        """Note a mistake of that line."""
        self.mistakes.append(Mistake(path=path, what=what, mark=Mark(source=self._source, line=line)))

    def document(self, events: Iterator[Event]) -> Value:
        """Build the first document; a second one is a mistake."""
        value: Value = None
        seen = False
        for event in events:
            if isinstance(event, DocumentStartEvent):
                if seen:
                    self.mistake((), "a second document begins here; keep one, without `---` inside", _line(event))
                    break
                seen = True
                value = self._value(next(events), events, ())
            elif not isinstance(event, StreamStartEvent | StreamEndEvent):
                continue
        return value

    def _value(self, event: Event, events: Iterator[Event], path: KeyPath) -> Value:
        line = _line(event)
        self.marks.setdefault(path, Mark(source=self._source, line=line))
        if len(path) > MOST_DEPTH:
            raise _TooDeepError(line)
        if isinstance(event, AliasEvent):
            self.mistake(path, "aliases (*) are not taken; write the value out", line)
            return Placeholder(tag="*", name=event.anchor or "", found=False)
        if isinstance(event, NodeEvent) and event.anchor is not None:
            self.mistake(path, "anchors (&) are not taken; write the value out where it is needed", line)
        if isinstance(event, ScalarEvent):
            return self._scalar(event, path)
        if isinstance(event, CollectionStartEvent) and event.tag is not None:
            self._refuse_tag(event.tag, path, line)
        return self._mapping(events, path) if isinstance(event, MappingStartEvent) else self._sequence(events, path)

    def _sequence(self, events: Iterator[Event], path: KeyPath) -> Value:
        items: list[Value] = []
        while not isinstance(event := next(events), SequenceEndEvent):
            items.append(self._value(event, events, (*path, len(items))))
        return items

    def _mapping(self, events: Iterator[Event], path: KeyPath) -> Value:
        values: dict[str, Value] = {}
        while not isinstance(event := next(events), MappingEndEvent):
            key = self._key(event, events, path)
            if key is None:
                self._value(next(events), events, (*path, "?"))
                continue
            if key in values:
                first = self.marks[*path, key].line
                what = f"this key appears twice, first in line {first}; keep one of them"
                self.mistake((*path, key), what, _line(event))
                self._value(next(events), events, (*path, key))
                continue
            self.marks[*path, key] = Mark(source=self._source, line=_line(event))
            values[key] = self._value(next(events), events, (*path, key))
        return values

    def _key(self, event: Event, events: Iterator[Event], path: KeyPath) -> str | None:
        """Return the text of a key, or none (and a mistake) for what is no plain key."""
        if isinstance(event, ScalarEvent) and event.tag is None and event.anchor is None and event.value != "<<":
            return str(event.value)
        if isinstance(event, ScalarEvent) and event.value == "<<":
            self.mistake(path, "merge keys (<<) are not taken; write the keys out", _line(event))
        else:
            self.mistake(path, "a key is plain text without tag, anchor or alias", _line(event))
            if isinstance(event, CollectionStartEvent):
                self._value(event, events, (*path, "?"))
        return None

    def _scalar(self, event: ScalarEvent, path: KeyPath) -> Scalar:
        if event.tag is None:
            return self._plain(event.value) if event.implicit[0] else str(event.value)
        lookup = self._lookups.get(event.tag)
        missing = Placeholder(tag=event.tag, name=event.value, found=False)
        if lookup is None:
            self._refuse_tag(event.tag, path, _line(event))
            return missing
        try:
            return Placeholder(tag=event.tag, name=event.value, value=lookup(event.value))
        except LookupError as error:
            self.mistake(path, str(error.args[0]), _line(event))
            return missing

    def _refuse_tag(self, tag: str, path: KeyPath, line: int) -> None:
        if tag in self._lookups:
            self.mistake(path, f"{tag} takes one name, such as {tag} token", line)
        else:
            # The tag itself is not shown: it may be a password that begins with an exclamation mark.
            remedy = near(tag, self._lookups) or f"known are: {' and '.join(self._lookups) or 'none'}"
            self.mistake(path, f"this tag is not known; {remedy} (text that begins with ! needs quotes)", line)


def _line(event: Event) -> int:
    mark = event.start_mark
    return 1 if mark is None else int(mark.line) + 1


_SYNTAX = {
    "found character '\\t'": "a tab can't indent YAML; use spaces",
    "mapping values are not allowed": "a colon stands where no key can; look at the indentation and the quotes",
    "could not find expected ':'": "a key has no colon behind it; write `key: value`",
    "expected <block end>": "this does not fit the lines above; is the indentation right?",
    "expected ',' or": "a bracket or a comma is missing; [...] and {...} close in pairs",
    "found unexpected end of stream": "a quote or a bracket is not closed until the end of the file",
    "found unknown escape": "a backslash in \"...\" begins an escape; use '...' or write it twice",
    "found undefined tag handle": "a value that begins with ! needs quotes",
    "found character": "a value can't begin with this character; put it in quotes",
}


def _why_no_yaml(problem: str) -> str:
    """Say in our words what the parser met; its own words may quote the line."""
    for start, ours in _SYNTAX.items():
        if problem.startswith(start):
            return ours
    return "this is no YAML; look at indentation, colons and quotes here and in the line above"
