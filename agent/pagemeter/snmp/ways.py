"""The ways of a broadcast: out of which interface, to which address, and what it may carry."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, ip_network
from typing import Protocol

from pagemeter.errors import AccessDenied, ConfigError, DeviceError
from pagemeter.net.routes import Route, attached
from pagemeter.snmp.candidate import Candidate

log = logging.getLogger(__name__)

LIMITED = IPv4Address("255.255.255.255")

# A shorter network than this has no broadcast address (RFC 3021).
_LONGEST_PREFIX = 30


class Admission(Protocol):
    """What says who may be asked: raises AccessDenied or QuietHours for a broadcast that is not allowed."""

    def __call__(self, segments: Sequence[IPv4Network], address: IPv4Address, /) -> Candidate:
        """Return the broadcast address with what may be sent to each of the segments as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A broadcast out of one interface: ``near`` is an address by which this host finds its own one there."""

    interface: str
    near: IPv4Address
    candidate: Candidate


def parse_segment(text: str) -> IPv4Network:
    """Read a segment that is to be broadcast to; raises ConfigError for what has no broadcast address."""
    try:
        segment = ip_network(text.strip())
    except ValueError as error:
        raise ConfigError(f"{text!r} is no network ({error}); write one such as 10.1.2.0/24") from error
    if isinstance(segment, IPv4Network) and 0 < segment.prefixlen <= _LONGEST_PREFIX:
        return segment
    raise ConfigError(f"{text!r} has no broadcast address; write an IPv4 network such as 10.1.2.0/24")


def directed_way(segment: IPv4Network, routes: Iterable[Route], admit: Admission) -> Way:
    """Find the way to a segment's own broadcast address; raises AccessDenied where this host is not attached to it.

    The network must be the attached one and no part of it: the broadcast reaches all of it.
    """
    interfaces = _broadcasting(routes)
    candidate = admit([segment], segment.broadcast_address)
    for interface, segments in interfaces.items():
        if segment in segments:
            return Way(interface=interface, near=segment.broadcast_address, candidate=candidate)
    here = ", ".join(sorted({str(one) for segments in interfaces.values() for one in segments})) or "none"
    raise AccessDenied(
        f"{segment} is not a segment that this host is attached to (it is attached to: {here}); "
        "sweep it, for routers drop broadcasts"
    )


def limited_ways(routes: Iterable[Route], admit: Admission) -> list[Way]:
    """Find the interfaces out of which 255.255.255.255 may be sent; raises AccessDenied where it is none of them.

    Whatever segments share an interface are all reached.
    """
    ways: list[Way] = []
    refusals: list[DeviceError] = []
    for interface, segments in _broadcasting(routes).items():
        try:
            candidate = admit(segments, LIMITED)
        except DeviceError as error:
            log.info("255.255.255.255 is not sent out of %s: %s", interface, error)
            refusals.append(error)
        else:
            ways.append(Way(interface=interface, near=segments[0].broadcast_address, candidate=candidate))
    if ways:
        return ways
    if refusals:
        raise refusals[0]
    raise AccessDenied("this host is attached to no segment that knows broadcasts; list what is to be asked in a sweep")


def _broadcasting(routes: Iterable[Route]) -> dict[str, list[IPv4Network]]:
    """Return the attached IPv4 segments by interface; those that every host gives itself (RFC 3927) do not count."""
    found: dict[str, list[IPv4Network]] = {}
    for route in attached(routes):
        network = route.network
        if isinstance(network, IPv4Network) and network.prefixlen <= _LONGEST_PREFIX and not network.is_link_local:
            found.setdefault(route.interface, []).append(network)
    return found
