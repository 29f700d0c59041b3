"""What can be set; the agent reads the descriptions for its schema and its help."""

from __future__ import annotations

from pagemeter import Settings
from pydantic import Field


class DiscoverySettings(Settings):
    """Settings of the discovery ``example_log``."""

    file: str = Field(min_length=1, description="The file with an address or host name a line; `#` begins a comment.")


class OutputSettings(Settings):
    """Settings of the output ``example_log``."""

    file: str = Field(min_length=1, description="The file that gets a line a document.")
