"""Which fields may point at a person, an address, a serial number or hold free text.

Masks, the data sheet and the canary test read the marks from the annotations.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated


class Private(StrEnum):
    """What a field may give away."""

    PERSON = "person"
    ADDRESS = "address"
    SERIAL = "serial"
    FREE_TEXT = "free-text"


Person = Annotated[str, Private.PERSON]
Address = Annotated[str, Private.ADDRESS]
Serial = Annotated[str, Private.SERIAL]
FreeText = Annotated[str, Private.FREE_TEXT]
