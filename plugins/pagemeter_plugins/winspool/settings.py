"""What can be set for ``winspool``."""

from __future__ import annotations

from pydantic import Field

from pagemeter import Settings

NO_PAPER = ("PORTPROMPT:", "nul:", "FILE:", "SHRFAX:")


class WinspoolSettings(Settings):
    """Settings of the source ``winspool``."""

    queues: bool = Field(default=True, description="Whether the queues and their states are taken.")
    jobs: bool = Field(default=True, description="Whether printed documents are taken from the event log.")
    ignore_ports: tuple[str, ...] = Field(
        default=NO_PAPER,
        description="Ports behind which there is no paper; capitals are as good as small letters.",
    )
    pages_times_copies: bool = Field(
        default=False,
        description="Whether pages are multiplied by the copies: right where the printer makes the copies, wrong where the driver does.",  # noqa: E501 - one sentence
    )
