"""Ranges of addresses as people write them: ``10.1.2.0/24``, ``10.1.2.7-10.1.2.90``, ``10.1.2.*``, a host name."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TypeAlias

from pagemeter.net.credentials import IPAddress

Resolver: TypeAlias = Callable[[str], Awaitable[tuple[IPAddress, ...]]]

_NAME = re.compile(r"(?=.{1,253}\.?$)(?!\d+(\.\d+)*\.?$)([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?\.?)+")
_WAYS = "write an address, 10.1.2.0/24, 10.1.2.7-10.1.2.90, 10.1.2.* or a host name"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRange:
    """A range; either ``first`` and ``last`` (both included) or the ``host`` that is to be resolved."""

    text: str
    first: IPAddress | None = None
    last: IPAddress | None = None
    host: str | None = None

    @property
    def count(self) -> int | None:
        """How many addresses there are; none for a host name, which is not resolved yet."""
        return None if self.first is None or self.last is None else int(self.last) - int(self.first) + 1

    def addresses(self) -> Iterator[IPAddress]:
        """Go through the addresses in order; nothing for a host name."""
        if self.first is None or self.last is None:
            return
        kind = type(self.first)
        for number in range(int(self.first), int(self.last) + 1):
            yield kind(number)

    async def expand(self, resolver: Resolver) -> AsyncIterator[IPAddress]:
        """Go through the addresses in order, those of a host name as ``resolver`` gives them."""
        if self.host is not None:
            for found in await resolver(self.host):
                yield found
        for address in self.addresses():
            yield address


def parse_range(text: str) -> AddressRange:
    """Parse one range; raises ValueError that says what may be written instead.

    A network with a prefix shorter than 31, ``10.1.2.*`` among them, goes without its network and broadcast addresses.
    """
    text = text.strip()
    if "/" in text:
        return _network(text)
    if "*" in text:
        return _wildcard(text)
    single = _address(text)
    if single is not None:
        return AddressRange(text=text, first=single, last=single)
    first, dash, last = (part.strip() for part in text.partition("-"))
    if dash and (_address(first) is not None or _address(last) is not None):
        return _span(text, _address(first), _address(last))
    if _NAME.fullmatch(text):
        return AddressRange(text=text, host=text.rstrip("."))
    raise ValueError(f"{text!r} is no range of addresses; {_WAYS}")


async def resolve(host: str) -> tuple[IPAddress, ...]:
    """Ask the system's resolver for the addresses of a host; nothing where the name is unknown."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(ip_address(str(entry[4][0])) for entry in found))


def _network(text: str) -> AddressRange:
    try:
        network = ip_network(text)
    except ValueError:
        raise ValueError(_why_no_network(text)) from None
    if network.version == 6 and network.num_addresses > 1:
        raise ValueError(f"{text!r} is an IPv6 network, which is too large to go through; name single addresses")
    first, last = network.network_address, network.broadcast_address
    if network.num_addresses > 2:
        first, last = first + 1, last - 1
    return AddressRange(text=text, first=first, last=last)


def _why_no_network(text: str) -> str:
    try:
        return f"{text!r} has bits behind its prefix; did you mean {ip_network(text, strict=False)}?"
    except ValueError:
        return f"{text!r} is no network; write one such as 10.1.2.0/24"


def _wildcard(text: str) -> AddressRange:
    parts = text.split(".")
    stars = parts.count("*")
    fixed = parts[: len(parts) - stars]
    network = ".".join([*fixed, *["0"] * stars])
    if not 1 <= stars < len(parts) == 4 or "*" in fixed or _address(network) is None:
        raise ValueError(f"{text!r} is no wildcard; the stars stand at the end, such as 10.1.2.* or 10.1.*.*")
    return replace(_network(f"{network}/{32 - 8 * stars}"), text=text)


def _span(text: str, first: IPAddress | None, last: IPAddress | None) -> AddressRange:
    if first is None or last is None or first.version != last.version:
        raise ValueError(f"{text!r} is no span; write both ends in full, such as 10.1.2.7-10.1.2.90")
    if int(first) > int(last):
        raise ValueError(f"{text!r} runs backwards; write {last}-{first}")
    return AddressRange(text=text, first=first, last=last)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
