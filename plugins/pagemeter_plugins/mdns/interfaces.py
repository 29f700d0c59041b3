"""On which of this host's networks is browsed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address

from pagemeter.errors import PluginError


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """One address of this host and the index of its interface."""

    address: str
    index: int

    @property
    def is_ipv4(self) -> bool:
        """Whether it is an IPv4 address."""
        return ":" not in self.address


def own_addresses() -> tuple[Own, ...]:
    """List the addresses of this host, without their scopes."""
    import ifaddr

    return tuple(
        Own(address=ip.ip if isinstance(ip.ip, str) else ip.ip[0].partition("%")[0], index=adapter.index)
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
        if adapter.index is not None
    )


def browsed(own: Iterable[Own], named: Iterable[str], *, ipv6: bool) -> tuple[str | int, ...]:
    """Choose where questions go out: each IPv4 address, and once each interface with IPv6, by its index.

    ``named`` are the own addresses that were set; the loopback interface is left out unless it is named. Raises
    PluginError where nothing is left.
    """
    own = tuple(own)
    wanted = {ip_address(text) for text in named}
    if absent := wanted - {ip_address(one.address) for one in own}:
        here = ", ".join(one.address for one in own) or "none"
        raise PluginError(f"interfaces: {', '.join(map(str, absent))} is no address of this host; it has {here}")
    chosen = [
        one
        for one in own
        if (ip_address(one.address) in wanted if wanted else not ip_address(one.address).is_loopback)
        and (one.is_ipv4 or ipv6)
    ]
    if not chosen:
        version = "" if ipv6 else "IPv4 "
        raise PluginError(
            f"this host has no {version}network to browse by mDNS; is it connected? "
            "(the loopback interface is browsed where interfaces names it)"
        )
    return tuple(dict.fromkeys(one.address if one.is_ipv4 else one.index for one in chosen))
