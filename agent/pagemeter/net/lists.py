"""Text files that list places or ranges, one a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from pagemeter.errors import PluginError

T = TypeVar("T")


def read_list(path: Path, parse: Callable[[str], T]) -> Iterator[T]:
    """Yield what ``parse`` makes of each line, without comments (``#``) and empty ones.

    Raises PluginError that names the file, and the line where ``parse`` raised ValueError.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PluginError(f"{path} can't be read ({error.__class__.__name__}); is it a text file in UTF-8?") from error
    for number, line in enumerate(text.splitlines(), start=1):
        if words := line.partition("#")[0].strip():
            try:
                yield parse(words)
            except ValueError as error:
                raise PluginError(f"{path}:{number}: {error}") from error
