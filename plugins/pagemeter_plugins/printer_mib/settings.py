"""The settings of printer_mib."""

from __future__ import annotations

from pydantic import Field

from pagemeter import Settings


class PrinterMibSettings(Settings):
    """Nothing needs to be set."""

    profiles: str | None = Field(
        default=None,
        description="A folder with vendor profiles of your own (`*.yaml`), asked before the shipped ones; a relative "
        "one is meant from the folder of the YAML file. A profile with a mistake is named in the log and left out.",
    )
