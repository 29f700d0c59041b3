"""What can be set for ``mdns``."""

from __future__ import annotations

from ipaddress import ip_address

from pydantic import Field, field_validator

from pagemeter import Settings


class MdnsSettings(Settings):
    """Settings of the discovery ``mdns``."""

    seconds: float = Field(default=10, ge=1, le=300, description="How long each discovery listens for answers.")
    watch: bool = Field(
        default=True,
        description="Whether `run` goes on listening between the discoveries and visits a printer soon after it "
        "announced itself.",
    )
    interfaces: tuple[str, ...] = Field(
        default=(),
        description="Addresses of this host; only the networks at them are browsed. "
        "All of its networks but loopback if absent.",
    )
    ipv6: bool = Field(default=True, description="Whether IPv6 is browsed as well.")

    @field_validator("interfaces")
    @classmethod
    def _are_addresses(cls, interfaces: tuple[str, ...]) -> tuple[str, ...]:
        for text in interfaces:
            try:
                address = ip_address(text)
            except ValueError:
                raise ValueError(f"{text!r} is no IP address; name this host's own address in that network") from None
            if address.is_unspecified or address.is_multicast:
                raise ValueError(f"{text!r} is no address of a host; leave interfaces out for all networks")
        return interfaces
