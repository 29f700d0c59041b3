"""What can be set for ``gateway``."""

from __future__ import annotations

from pydantic import Field, field_validator

from pagemeter import Settings
from pagemeter.net.ranges import parse_range


class GatewaySettings(Settings):
    """Settings of the discovery ``gateway``."""

    routers: tuple[str, ...] = Field(
        default=(), description="Addresses or host names of further routers, asked behind the default gateway."
    )
    max_routes: int = Field(
        default=2000,
        ge=1,
        le=4000,
        description="A router that has more routes than this is asked for the networks of its own addresses only.",
    )
    arp: bool = Field(
        default=False,
        description="Whether the hosts of the routers' ARP tables that are inside `networks` are visited, too.",
    )

    @field_validator("routers")
    @classmethod
    def _are_places(cls, routers: tuple[str, ...]) -> tuple[str, ...]:
        for text in routers:
            found = parse_range(text)
            if found.host is None and found.count != 1:
                raise ValueError(f"{text!r} is a range; name the addresses of routers one by one")
        return tuple(text.strip() for text in routers)
