"""Named decoders of makers' own formats: octets -> named numbers and texts; pure, silent about all else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

Decoded: TypeAlias = Mapping[str, int | str]
Decoder: TypeAlias = Callable[[bytes], Decoded]

DECODERS: Mapping[str, Decoder] = MappingProxyType({})
"""By the names that profiles use; each finds nothing in what it does not understand, and never raises."""


def decoded(name: str, data: bytes, field: str | None) -> int | str | None:
    """Return one value that a decoder finds, its only one where no field is named; none where it finds none."""
    found = DECODERS[name](data)
    if field is not None:
        return found.get(field)
    return next(iter(found.values())) if len(found) == 1 else None
