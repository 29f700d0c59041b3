"""Where devices are: places that readers visit, places at a cable, and which of several doors is kept."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from pagemeter.model import FleetEntry, Target

NETWORK_SCHEMES = frozenset({"host", "snmp", "ipp", "ipps"})
"""The places that readers visit; the others (``usb``, ``cups`` ...) are told by sources."""

_LOCAL_SCHEMES = frozenset({"usb", "cups", "winspool"})
# The places that stay when another door of their host is found.
_WHOLE_HOSTS = frozenset({"host", "snmp"})

# One visit asks the same of the same place a dozen times.
_once = lru_cache(maxsize=1024)


@_once
def host_of(place: str) -> str | None:
    """Return the host of a place, none where the URI names no host there: that of ``usb://`` is a maker."""
    return None if urlsplit(place).scheme in _LOCAL_SCHEMES else Target(uri=place, found_by="").host or None


def where(place: str) -> str:
    """Write a place for people: its host, or the URI where it has none."""
    return host_of(place) or place


@_once
def is_visited(place: str) -> bool:
    """Say whether readers visit it."""
    return urlsplit(place).scheme in NETWORK_SCHEMES


@_once
def same_place(one: str, other: str) -> bool:
    """Say whether two URIs lead to one place: equal ones, or two doors of a host.

    Ports of SNMP are several places, for a gateway leads from them to several printers; so are queues of a server.
    """
    if one == other:
        return True
    host = host_of(one)
    if host is None or host != host_of(other) or not (is_visited(one) and is_visited(other)):
        return False
    first, second = urlsplit(one), urlsplit(other)
    if first.scheme == second.scheme == "snmp":
        return first.port == second.port
    both_name_queues = first.scheme.startswith("ipp") and second.scheme.startswith("ipp")
    return not both_name_queues or first.path == second.path


def kept_place(known: FleetEntry | None, target: Target) -> str:
    """Return the place that stays.

    A host that is known keeps its URI, whichever of its doors was found now; a printer that answers over the network
    is visited there, even if it has a cable too.
    """
    if known is None:
        return target.uri
    place = known.latest.target
    if known.silent_since is None and is_visited(place) and not is_visited(target.uri):
        return place
    return place if same_place(place, target.uri) and urlsplit(place).scheme in _WHOLE_HOSTS else target.uri


def addresses_of(target: Target) -> tuple[str, ...]:
    """Return the address that a place names, if it is one."""
    try:
        return (str(ip_address(target.host)),)
    except ValueError:
        return ()


def order(place: str) -> tuple[int, int, str]:
    """Return by what places are sorted: addresses by their number, the others first."""
    try:
        address = ip_address(Target(uri=place, found_by="").host)
    except ValueError:
        return (0, 0, place)
    return (address.version, int(address), place)
