"""From announced services to places where a printer may be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address

from pagemeter.model import Hints, Target, host_uri
from pagemeter.net.fence import PRINTING_PORTS
from pagemeter_plugins.mdns import txt as keys

IPP, IPPS = "_ipp._tcp", "_ipps._tcp"
SCANNERS = ("_uscan._tcp", "_uscans._tcp")
SERVICE_TYPES = (IPP, IPPS, "_printer._tcp", "_pdl-datastream._tcp", *SCANNERS)
"""Those whose hints are told best come first."""

STANDARD_PORTS = frozenset({631, 443, 80})
MOST_URIS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service as it was announced: ``host`` is its SRV record's; port 0 says that it is not offered.

    ``instance`` and the values of ``txt`` are scrubbed.
    """

    type: str
    instance: str
    host: str
    port: int
    addresses: tuple[str, ...]
    txt: Mapping[str, str] = field(default_factory=dict)


def targets_of(services: Iterable[Service], allows: Callable[[str], bool], *, found_by: str) -> tuple[Target, ...]:
    """Name each printer once, at one address that ``allows`` says may be asked; print servers' queues are left out.

    What has a door at a usual port is a host, with its IPP URIs as hints. What is announced at other ports only, such
    as one of several programs on a computer, is the URI itself.
    """
    targets: list[Target] = []
    for address, instances in _by_address(services, allows).items():
        hosts: list[Service] = []
        programs: list[Target] = []
        queues = False
        for announced in instances:
            doors = [one for one in announced if _is_door(one)]
            if any(one.type in (IPP, IPPS) and keys.is_queue(one.txt) for one in announced):
                queues = True
            elif doors and all(one.port not in STANDARD_PORTS for one in doors):
                programs.append(_program(address, announced, doors, found_by))
            else:
                hosts += [one for one in announced if one.port]
        # A computer that shares printers often shares scanners as well; they do not make it a printer.
        if any(one.type not in SCANNERS for one in hosts) or (hosts and not programs and not queues):
            uris = tuple(_uri(address, one) for one in hosts if _is_door(one))
            targets.append(Target(uri=host_uri(address), found_by=found_by, hints=_hints(hosts, uris)))
        targets += programs
    return tuple(targets)


def _program(address: str, announced: Sequence[Service], doors: Sequence[Service], found_by: str) -> Target:
    first, *others = dict.fromkeys(_uri(address, one) for one in doors)
    return Target(uri=first, found_by=found_by, hints=_hints(announced, others))


def _hints(services: Sequence[Service], uris: Iterable[str]) -> Hints:
    def first(told: Callable[[Mapping[str, str]], str | None]) -> str | None:
        return next((value for one in services if (value := told(one.txt)) is not None), None)

    return Hints(
        name=services[0].instance or None,
        model=first(keys.model),
        uuid=first(keys.uuid),
        mac=first(keys.mac),
        serial_number=first(keys.serial_number),
        uris=tuple(dict.fromkeys(uris))[:MOST_URIS],
    )


def _by_address(services: Iterable[Service], allows: Callable[[str], bool]) -> dict[str, list[list[Service]]]:
    """Sort the services by the address of their host, and there by instance: a printer's services share its name."""
    ordered = sorted(services, key=lambda one: (SERVICE_TYPES.index(one.type), one.instance, one.host, one.port))
    hosts: dict[str, list[str]] = {}
    for one in ordered:
        hosts.setdefault(one.host.lower(), []).extend(one.addresses)
    chosen = {host: _best(addresses, allows) for host, addresses in hosts.items()}
    found: dict[str, dict[str, list[Service]]] = {}
    for one in ordered:
        if (address := chosen[one.host.lower()]) is not None:
            found.setdefault(address, {}).setdefault(one.instance.lower(), []).append(one)
    return {address: list(instances.values()) for address, instances in found.items()}


def _best(addresses: Iterable[str], allows: Callable[[str], bool]) -> str | None:
    """Choose an address inside the fence: IPv4 before IPv6, the lowest; a link-local one only where there is no other.

    A link-local IPv6 address keeps the index of its interface (``fe80::1%2``): without it it can't be asked.
    """
    ways = [ip_address(text) for text in addresses if allows(text)]
    usable = [one for one in ways if _is_of_a_host(one)]
    best = min(usable, key=lambda one: (one.is_link_local, one.version, int(one)), default=None)
    return None if best is None else str(best)


def _is_of_a_host(address: IPv4Address | IPv6Address) -> bool:
    if address.is_multicast or address.is_unspecified:
        return False
    if isinstance(address, IPv4Address):
        return True
    return address.ipv4_mapped is None and (not address.is_link_local or address.scope_id is not None)


def _is_door(service: Service) -> bool:
    """Say whether IPP may be spoken there: never at a port that prints what it is sent, whatever is announced."""
    return service.type in (IPP, IPPS) and service.port not in PRINTING_PORTS | {0}


def _uri(address: str, service: Service) -> str:
    host = f"[{address}]" if ":" in address else address
    scheme = "ipp" if service.type == IPP else "ipps"
    return f"{scheme}://{host}:{service.port}/{keys.resource_path(service.txt)}"
