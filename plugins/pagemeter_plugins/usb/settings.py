"""What can be set for ``usb``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from pagemeter import Settings

HERE = frozenset({"localhost", "127.0.0.1", "::1"})


class UsbSettings(Settings):
    """Settings of the source ``usb``."""

    ipp_usb: Literal["auto", "off"] | tuple[str, ...] = Field(
        default="auto",
        description="Whether printers with IPP-over-USB are asked through the running daemon ipp-usb: `auto` takes "
        "their ports from its state, `off` asks none, a list names the addresses, such as `http://localhost:60000`.",
    )
    ipp_usb_state: Path = Field(
        default=Path("/var/ipp-usb/dev"), description="The folder in which ipp-usb keeps the port of each printer."
    )
    sysfs: Path = Field(default=Path("/sys"), description="Where sysfs is mounted.")

    @field_validator("ipp_usb")
    @classmethod
    def _are_of_this_host(cls, ipp_usb: str | tuple[str, ...]) -> str | tuple[str, ...]:
        """Take only addresses of this host: ipp-usb serves nobody else, and the fence is not asked for them."""
        for url in () if isinstance(ipp_usb, str) else ipp_usb:
            try:
                parts = urlsplit(url)
                here = parts.scheme in ("http", "ipp") and parts.hostname in HERE and parts.port is not None
            except ValueError:
                here = False
            if not here:
                raise ValueError("an address of ipp-usb is written like http://localhost:60000")
        return ipp_usb
