"""What can be set for ``sweep``."""

from __future__ import annotations

from typing import Self

from pydantic import Field, field_validator, model_validator

from pagemeter import Settings
from pagemeter_plugins.sweep.spans import checked_exclude, checked_range

SEGMENTS = "segments"


class SweepSettings(Settings):
    """Settings of the discovery ``sweep``."""

    ranges: tuple[str, ...] = Field(
        default=(),
        description="What is asked: `10.1.2.0/24`, `10.1.2.7-10.1.2.90`, `10.1.2.*`, a host name, a single address; "
        "`segments` are those that were selected of what a gateway lists.",
    )
    exclude: tuple[str, ...] = Field(
        default=(), description="What of it is left alone, written likewise; no host names."
    )
    file: str | None = Field(
        default=None,
        min_length=1,
        description="A text file with more ranges, one a line, comments after `#`, read at each discovery; "
        "a relative one is meant from the folder of the YAML file.",
    )
    large: bool = Field(default=False, description="Whether a range may have more than 131,072 addresses (a /15).")

    @field_validator("exclude")
    @classmethod
    def _are_addresses(cls, exclude: tuple[str, ...]) -> tuple[str, ...]:
        for text in exclude:
            checked_exclude(text)
        return exclude

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for text in self.ranges:
            if text == SEGMENTS:
                continue
            checked_range(text, large=self.large)
        if not self.ranges and self.file is None:
            raise ValueError("nothing is asked; name ranges, file or both")
        return self
