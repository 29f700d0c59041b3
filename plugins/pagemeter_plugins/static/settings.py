"""What can be set for ``static``."""

from __future__ import annotations

from pathlib import PurePath
from typing import Self

from pydantic import Field, field_validator, model_validator

from pagemeter import Settings
from pagemeter_plugins.static.links import Column
from pagemeter_plugins.static.places import parse_place
from pagemeter_plugins.static.table import SUFFIXES, is_workbook


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
    table: str | None = Field(
        default=None,
        min_length=1,
        description="A CSV or XLSX file that links addresses, networks and ranges to a site, a name, an asset tag and "
        "labels; read at each discovery.",
    )
    sheet: str | None = Field(
        default=None, min_length=1, description="The sheet of the workbook; the first one if absent."
    )
    columns: dict[Column, str] = Field(
        default={},
        description="The headers of the columns `address`, `site`, `name` and `asset_tag`; the usual English, German "
        "and French words are known without.",
    )
    labels: tuple[str, ...] = Field(
        default=(),
        description="The headers of columns that become labels of that name; those headed `label:room` do so anyway.",
    )

    @field_validator("targets")
    @classmethod
    def _are_places(cls, targets: tuple[str, ...]) -> tuple[str, ...]:
        for text in targets:
            parse_place(text)
        return targets

    @field_validator("table")
    @classmethod
    def _has_a_known_suffix(cls, table: str | None) -> str | None:
        if table is not None and PurePath(table).suffix.lower() not in SUFFIXES:
            raise ValueError(f"{table!r} is no table that can be read; it ends with one of {', '.join(SUFFIXES)}")
        return table

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.targets and self.file is None and self.table is None:
            raise ValueError("nothing is listed; name targets, file or table")
        if self.table is None and (self.sheet or self.columns or self.labels):
            raise ValueError("sheet, columns and labels belong to a table; name it")
        if self.sheet is not None and self.table is not None and not is_workbook(self.table):
            raise ValueError("a CSV file has no sheets; leave sheet out")
        return self
