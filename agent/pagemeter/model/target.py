"""Where a printer may be, and what a network segment is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from pagemeter.model.privacy import Address, FreeText

# What CUPS's httpAssembleURI leaves as it is, less what would end a path for other readers of URIs.
_IN_PATH = "/!$&'()*+,;=:@~"
_IN_HOST = "!$&'()*+,;=~"

# Nearly all are IPv4 addresses, and who swept a network asks for the host of thousands.
_PLAIN = re.compile(r"host://([0-9.]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What a discovery already knows of a target; every field may be absent.

    ``uris`` are further doors of the same printer, such as ``ipp://10.0.0.7:631/ipp/print``.
    """

    sys_object_id: str | None = None
    model: str | None = None
    serial_number: str | None = None
    uuid: str | None = None
    mac: str | None = None
    credential: str | None = None
    name: str | None = None
    site: str | None = None
    asset_tag: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    uris: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A place where a printer may be.

    ``uri`` is ``host://10.0.0.7``, ``snmp://10.0.0.7:1161``, ``ipp://...``, ``usb://...`` or ``cups://...``;
    an IPv6 address stands in brackets. ``found_by`` names the discovery.
    """

    uri: Address
    found_by: str
    hints: Hints = field(default_factory=Hints)

    @property
    def host(self) -> str:
        """The address or host name, without brackets."""
        if (plain := _PLAIN.fullmatch(self.uri)) is not None:
            return plain[1]
        return urlsplit(self.uri).hostname or ""

    @property
    def port(self) -> int | None:
        """The port that the URI names, or none."""
        return urlsplit(self.uri).port


def host_uri(address: str, *, port: int | None = None) -> str:
    """Write an address as a target's URI: ``host://10.0.0.7``, or ``snmp://10.0.0.7:1161`` where a port is named."""
    host = f"[{address}]" if ":" in address else address
    return f"host://{host}" if port is None else f"snmp://{host}:{port}"


def usb_uri(manufacturer: str, model: str, options: Iterable[tuple[str, str]] = ()) -> str:
    """Write the place of a USB printer as CUPS does, escaped: ``usb://Brother/HL-2270DW%20series?serial=E1``."""
    query = "&".join(f"{key}={quote(value, safe=_IN_PATH)}" for key, value in options)
    return f"usb://{quote(manufacturer, safe=_IN_HOST)}/{quote(model, safe=_IN_PATH)}{'?' if query else ''}{query}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A network that a gateway listed: searched only where an operator selected it."""

    network: str
    next_hop: str | None = None
    interface: str | None = None
    hosts_seen: int | None = None
    learned_from: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What an operator's table says of an address, a network or a span (``10.0.3.7``, ``10.0.3.0/24``, ``a-b``).

    It shows in every document of the devices there, whoever found them; of several links the one with the fewest
    addresses counts.
    """

    addresses: Address
    site: str | None = None
    name: FreeText | None = None
    asset_tag: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
