"""What can be set for ``broadcast``."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Self

from pydantic import Field, field_validator, model_validator

from pagemeter import Settings

# A longer prefix than this leaves no broadcast address (RFC 3021).
_LONGEST_PREFIX = 30


class BroadcastSettings(Settings):
    """Settings of the discovery ``broadcast``."""

    segments: tuple[str, ...] = Field(
        default=(),
        description="Networks that this host is attached to, as they are, asked by their broadcast address: "
        "`192.168.1.0/24`.",
    )
    limited: bool = Field(
        default=False,
        description="Whether 255.255.255.255 is asked too, out of each interface whose segments are all inside "
        "`networks`.",
    )
    seconds: float = Field(
        default=5.0, ge=1.0, le=60.0, description="For how long each broadcast is answered; it is sent up to 3 times."
    )

    @field_validator("segments")
    @classmethod
    def _have_a_broadcast_address(cls, segments: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_checked(text.strip()) for text in segments)

    @model_validator(mode="after")
    def _asks_somebody(self) -> Self:
        if not self.segments and not self.limited:
            raise ValueError("nobody is asked; name segments, or say limited: true")
        return self


def _checked(text: str) -> str:
    try:
        prefix = IPv4Network(text).prefixlen
    except ValueError:
        raise ValueError(f"{text!r} is no IPv4 network; write one such as 192.168.1.0/24") from None
    if not 0 < prefix <= _LONGEST_PREFIX:
        raise ValueError(f"{text!r} has no broadcast address; write a network such as 192.168.1.0/24")
    return text
