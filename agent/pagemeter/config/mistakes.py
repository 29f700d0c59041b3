"""Mistakes in the YAML: where, what, and what to do about it, one line each."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from pagemeter.errors import ConfigError

KeyPath: TypeAlias = tuple[str | int, ...]

_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Where a key stands: the file or layer that says it, and the line from 1."""

    source: str
    line: int

    def __str__(self) -> str:
        """Write it as editors and compilers do."""
        return f"{self.source}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing that is wrong; ``mark`` is given where the path's own mark is not meant."""

    path: KeyPath
    what: str
    mark: Mark | None = None


def error_of(mistakes: Iterable[Mistake], marks: Mapping[KeyPath, Mark]) -> ConfigError:
    """Put the mistakes in the order of their lines, each once, as one error."""
    placed = {(mark_of(m, marks), dotted(m.path), m.what) for m in mistakes}
    ordered = sorted(placed, key=lambda place: (place[0].source, place[0].line, *place[1:]))
    return ConfigError("\n".join(": ".join(filter(None, map(str, place))) for place in ordered))


def mark_of(mistake: Mistake, marks: Mapping[KeyPath, Mark]) -> Mark:
    """Return the mark of the mistake, or of the nearest key around it."""
    path = mistake.path
    while mistake.mark is None and path not in marks and path:
        path = path[:-1]
    return mistake.mark or marks[path]


def dotted(path: KeyPath) -> str:
    """Write a path as ``outputs[0].token``; nothing for the top."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{_key(part)}" if text else _key(part)
    return text


def _key(key: str) -> str:
    """Show a key, but not what stands behind a colon in it: in ``{token:abc}`` that was meant as the value."""
    name, colon, _ = key.partition(":")
    return shown(name) + (":..." if colon else "")


def near(word: str, words: Iterable[str]) -> str:
    """Return the remedy for a misspelt word: ``did you mean X?``, or nothing where none is like it."""
    hits = difflib.get_close_matches(word, list(words), n=1, cutoff=0.6)
    return f"did you mean {hits[0]}?" if hits else ""


def shown(text: str) -> str:
    """Cut a text of the user's to one short printable line."""
    clean = "".join(c if c.isprintable() else "?" for c in text[: _SHOWN + 1])
    return clean if len(clean) <= _SHOWN else clean[: _SHOWN - 3] + "..."


def with_remedy(what: str, remedy: str) -> str:
    """Join what is wrong and what to do."""
    return f"{what}; {remedy}" if remedy else what
