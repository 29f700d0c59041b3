"""What can be set for ``https_xml``."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from pagemeter.http import HttpSettings


class ReceiptKind(StrEnum):
    """What counts as a receipt."""

    BODY = "body"
    STATUS = "status"


class HttpsXmlSettings(HttpSettings):
    """Settings of the output ``https_xml``: exactly one of ``url`` and ``folder``."""

    url: str | None = Field(default=None, description="Where reports are sent by POST, `https://...`; or set `folder`.")
    receipt: ReceiptKind = Field(
        default=ReceiptKind.BODY,
        description="What makes a report received: `body`, 2xx and a body that repeats the report's id, number of "
        "devices and SHA-256; `status`, 2xx alone.",
    )
    folder: str | None = Field(
        default=None,
        min_length=1,
        description="The folder that gets `report.xml` instead; a relative one is meant from the folder of the YAML.",
    )
    keep: int = Field(
        default=0, ge=0, description="How many dated copies (`report-20260131T120000Z.xml`) `folder` keeps beside it."
    )

    @model_validator(mode="after")
    def _goes_to_one_place(self) -> Self:
        if (self.url is None) == (self.folder is None):
            raise ValueError("set either url or folder")
        return self
