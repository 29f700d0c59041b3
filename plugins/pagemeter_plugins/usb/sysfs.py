"""What sysfs says of printers: strings that the kernel took down when they were plugged in.

Only files of sysfs are opened, which sends nothing to a device (Documentation/ABI of the kernel: sysfs-bus-usb,
sysfs-driver-usb-usblp).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PRINTER_CLASS = 0x07
IPP_OVER_USB = 0x04

# A file of sysfs has at most one page of memory; descriptors are longer only on devices that lie.
_MOST = 4096
_MOST_DESCRIPTORS = 65536
_INTERFACE_DESCRIPTOR = 0x04


@dataclass(frozen=True, slots=True, kw_only=True)
class UsbPrinter:
    """A USB device with a printer interface, as sysfs has it: raw, not scrubbed.

    ``port`` is where it is plugged in (``1-4.2``), ``interface`` the number of the first printer interface,
    ``speaks_ipp`` tells if one of them is IPP-over-USB (class 7, protocol 4).
    """

    port: str
    interface: int = 0
    vendor_id: int | None = None
    product_id: int | None = None
    manufacturer: bytes | None = None
    product: bytes | None = None
    serial: bytes | None = None
    device_id: bytes | None = None
    speaks_ipp: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Interface:
    number: int
    protocol: int | None


def read_printers(sysfs: Path) -> tuple[UsbPrinter, ...]:
    """Read who is plugged in, in the order of the ports; raises OSError where there is no USB at all."""
    devices = sysfs / "bus/usb/devices"
    names = sorted(entry.name for entry in devices.iterdir())
    usblp = _usblp(sysfs)
    found = [_printer(devices, port, names, usblp) for port in names if ":" not in port]
    return tuple(printer for printer in found if printer is not None)


def _printer(devices: Path, port: str, names: list[str], usblp: dict[str, bytes]) -> UsbPrinter | None:
    folder = devices / port
    own = [name for name in names if name.partition(":")[0] == port and ":" in name]
    active = {name: one for name in own if (one := _active(devices / name)) is not None}
    # Other alternate settings stand only in the descriptors: IPP-over-USB is one where usblp holds the device.
    interfaces = [*active.values(), *_described(_octets(folder / "descriptors", _MOST_DESCRIPTORS))]
    if not interfaces:
        return None
    ids = (_octets(devices / name / "ieee1284_id") or usblp.get(name) for name in active)
    return UsbPrinter(
        port=port,
        interface=min(one.number for one in interfaces),
        vendor_id=_hexadecimal(folder / "idVendor"),
        product_id=_hexadecimal(folder / "idProduct"),
        manufacturer=_octets(folder / "manufacturer"),
        product=_octets(folder / "product"),
        serial=_octets(folder / "serial"),
        device_id=next((one for one in ids if one), None) or _octets(folder / "ieee1284_id"),
        speaks_ipp=any(one.protocol == IPP_OVER_USB for one in interfaces),
    )


def _active(folder: Path) -> _Interface | None:
    if _hexadecimal(folder / "bInterfaceClass") != PRINTER_CLASS:
        return None
    return _Interface(
        number=_hexadecimal(folder / "bInterfaceNumber") or 0, protocol=_hexadecimal(folder / "bInterfaceProtocol")
    )


def _described(descriptors: bytes | None) -> Iterator[_Interface]:
    """Yield the printer interfaces of all alternate settings (USB 2.0 section 9.6.5); stops where lengths lie."""
    rest = descriptors or b""
    while len(rest) >= 2 and 2 <= rest[0] <= len(rest):
        if rest[1] == _INTERFACE_DESCRIPTOR and rest[0] >= 9 and rest[5] == PRINTER_CLASS:
            yield _Interface(number=rest[2], protocol=rest[7])
        rest = rest[rest[0] :]


def _usblp(sysfs: Path) -> dict[str, bytes]:
    """Find the device ids below the class of usblp, by the name of the interface."""
    try:
        entries = sorted((sysfs / "class/usbmisc").glob("lp*"))
        found = {(entry / "device").resolve().name: _octets(entry / "device/ieee1284_id") for entry in entries}
    except OSError:
        return {}
    return {name: device_id for name, device_id in found.items() if device_id}


def _octets(path: Path, most: int = _MOST) -> bytes | None:
    """Read the start of a file; none where it is not there, which it ceases to be when somebody pulls the plug."""
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError:
        return None


def _hexadecimal(path: Path) -> int | None:
    try:
        return int(_octets(path, 16) or b"", 16)
    except ValueError:
        return None
