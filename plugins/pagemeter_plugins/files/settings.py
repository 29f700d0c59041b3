"""What can be set for ``files``."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from pagemeter import Settings


class FileFormat(StrEnum):
    """What the daily files hold."""

    JSONL = "jsonl"
    CSV = "csv"


class FilesSettings(Settings):
    """Settings of the output ``files``."""

    folder: str = Field(
        min_length=1, description="The folder to write to; a relative one is meant from the folder of the YAML file."
    )
    format: FileFormat = Field(
        default=FileFormat.JSONL,
        description="`jsonl`: every document, one JSON object a line; `csv`: every meter read, one row each.",
    )
    daily: bool = Field(default=True, description="Whether the daily files are written.")
    report: bool = Field(
        default=True, description="Whether `report.json`, the whole fleet as last known, is written every `every`."
    )
