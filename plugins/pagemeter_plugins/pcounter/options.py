"""The option string of a line: ``/D/C/Cp=2/Jt=103/``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_SERVICES: Final = {"101": "copy", "102": "scan", "103": "print"}


@dataclass(frozen=True, slots=True)
class Options:
    """What the flags say: duplex (``D``), color (``C``), copies (``Cp``), color pages (``Cg``), the service (``Jt``).

    Without any flag nothing is known; what has flags and neither ``D`` nor ``C`` is one-sided and monochrome.
    """

    sides: str | None
    color: bool | None
    color_pages: int | None
    copies: int | None
    service: str


@lru_cache(maxsize=1024)
def options_of(text: str) -> Options:
    """Read the flags and the ``key=value`` parts; what is not known of them is passed over."""
    parts = [part.strip() for part in text.split("/") if part.strip()]
    flags = {part.upper() for part in parts if "=" not in part}
    values = {
        key.strip().lower(): value.strip() for key, _, value in (part.partition("=") for part in parts if "=" in part)
    }
    color_pages = _count(values.get("cg"))
    known = bool(parts)
    return Options(
        sides=("two-sided" if "D" in flags else "one-sided") if known else None,
        color=("C" in flags or bool(color_pages)) if known else None,
        color_pages=color_pages,
        copies=_count(values.get("cp")) or None,
        service=_SERVICES.get(values.get("jt", ""), "print"),
    )


def _count(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else None
