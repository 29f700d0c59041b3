"""The settings of ipp."""

from __future__ import annotations

from pydantic import Field

from pagemeter import Settings


class IppSettings(Settings):
    """Nothing needs to be set."""

    retry_days: int = Field(
        default=3,
        ge=0,
        le=365,
        description="How many days a printer that did not answer IPP is left alone before it is tried again.",
    )
