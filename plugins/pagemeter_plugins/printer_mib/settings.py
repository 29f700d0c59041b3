"""The settings of printer_mib."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from pagemeter.component import Settings


class PrinterMibSettings(Settings):
    """Nothing needs to be set."""

    profiles: Path | None = Field(
        default=None,
        description="A folder with vendor profiles of your own (*.yaml), asked before the shipped ones; "
        "a relative path is relative to the configuration file.",
    )
