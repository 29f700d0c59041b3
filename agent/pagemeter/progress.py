"""What the agent is doing, for whoever watches: a terminal, a test, nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a piece of work is: ``done`` of ``total`` (unknown where absent); ``what`` names the item at hand."""

    work: str
    done: int
    total: int | None = None
    what: str = ""


Watcher: TypeAlias = Callable[[Progress], None]


def nobody(_: Progress) -> None:
    """Watch nothing."""
