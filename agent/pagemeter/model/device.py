"""Who a device is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pagemeter.model.privacy import Address, FreeText, Person, Serial


class DeviceKind(StrEnum):
    """What sort of device it is."""

    PRINTER = "printer"
    MFP = "mfp"
    LABEL = "label"
    LARGE_FORMAT = "large-format"


class Ability(StrEnum):
    """What a device can do beyond printing in black on one side."""

    COLOR = "color"
    DUPLEX = "duplex"
    LARGE = "large"
    COPY = "copy"
    SCAN = "scan"
    FAX = "fax"


class DeviceState(StrEnum):
    """What the operator decided about a device."""

    MANAGED = "managed"
    IGNORED = "ignored"
    RETIRED = "retired"


class NameOrigin(StrEnum):
    """Who told a host name."""

    SYS_NAME = "sysName"
    DNS = "dns"
    MDNS = "mdns"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostName:
    """A host name and who told it."""

    name: Address
    origin: NameOrigin


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a printer says it is: a device without our id, site, labels and state."""

    kind: DeviceKind | None = None
    abilities: frozenset[Ability] = frozenset()
    serial_number: Serial | None = None
    manufacturer: str | None = None
    model: str | None = None
    product_number: str | None = None
    device_id: FreeText | None = None
    name: FreeText | None = None
    host_names: tuple[HostName, ...] = ()
    uuid: Serial | None = None
    macs: tuple[Address, ...] = ()
    addresses: tuple[Address, ...] = ()
    firmware: str | None = None
    location: FreeText | None = None
    contact: Person | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device(Identity):
    """A device of the inventory; ``id`` is ours and never changes (a merged device keeps the older one)."""

    id: str
    asset_tag: str | None = None
    site: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    state: DeviceState = DeviceState.MANAGED
