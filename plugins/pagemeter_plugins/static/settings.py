"""What can be set for ``static``."""

from __future__ import annotations

from typing import Self

from pydantic import Field, field_validator, model_validator

from pagemeter import Settings
from pagemeter_plugins.static.places import parse_place


class StaticSettings(Settings):
    """Settings of the discovery ``static``."""

    targets: tuple[str, ...] = Field(
        default=(), description="Addresses, host names (either with `:port`) or URIs such as `snmp://10.0.0.7:1161`."
    )
    file: str | None = Field(
        default=None,
        min_length=1,
        description="A text file with one of them a line, comments after `#`, read at each discovery; "
        "a relative one is meant from the folder of the YAML file.",
    )

    @field_validator("targets")
    @classmethod
    def _are_places(cls, targets: tuple[str, ...]) -> tuple[str, ...]:
        for text in targets:
            parse_place(text)
        return targets

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.targets and self.file is None:
            raise ValueError("nothing is listed; name targets, file or both")
        return self
