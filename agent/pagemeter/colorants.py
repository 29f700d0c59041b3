"""The colors that texts of a supply name."""

from __future__ import annotations

import re

_COLOR = re.compile(
    r"(?:\b(?P<shade>light|dark|photo|matte|vivid)[ -])?\b(?P<color>black|cyan|magenta|yellow|gr[ae]y|red|green|blue|"
    r"orange|violet|white|gold|silver|clear)\b",
    re.IGNORECASE,
)


def colors_in(words: str) -> tuple[str, ...]:
    """Return the colors that an English text names, lower-case, in its order, each once: ``("light-cyan",)``."""
    found = ((match["shade"], match["color"].lower()) for match in _COLOR.finditer(words))
    return tuple(dict.fromkeys(f"{shade.lower()}-{color}" if shade else color for shade, color in found))
