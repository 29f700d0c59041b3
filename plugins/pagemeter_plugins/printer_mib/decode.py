"""How a profile names a decoder, and which of its fields it wants."""

from __future__ import annotations

from collections.abc import Collection
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from pagemeter.config.mistakes import near, shown, with_remedy
from pagemeter_plugins.printer_mib.decoders import DECODERS, FIELDS
from pagemeter_plugins.printer_mib.places import Code

_MOST_LISTED = 40


class Closed(BaseModel):
    """A part of a profile, which has the keys that it names and no others."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Decode(Closed):
    """A named decoder for what is no plain number or text, and which of its fields is wanted."""

    name: str = Field(description=f"One of {', '.join(DECODERS)}.")
    field: Code = Field(default=None, description="Which of the values that it finds.")

    @field_validator("name")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in DECODERS:
            remedy = near(value, DECODERS) or f"there are {', '.join(DECODERS)}"
            raise ValueError(with_remedy("there is no such decoder", remedy))
        return value

    @model_validator(mode="after")
    def _finds_that(self) -> Self:
        fields = FIELDS[self.name]
        if self.field is not None and self.field not in fields:
            remedy = near(self.field, fields) or f"there are {listed(fields)}"
            raise ValueError(with_remedy(f"{self.name} finds no {shown(self.field)}", remedy))
        if self.field is None and len(fields) > 1 and not self.name.endswith("-odometer"):
            raise ValueError(f"{self.name} finds several values; name the field: {listed(fields)}")
        return self


def listed(words: Collection[str]) -> str:
    """Write words in their order; of many only the first and the last."""
    ordered = sorted(words)
    return ", ".join(ordered) if len(ordered) <= _MOST_LISTED else f"{ordered[0]} to {ordered[-1]}"
