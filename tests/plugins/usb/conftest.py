"""sysfs as the kernel lays it out, for printers that do not exist."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

Plug: TypeAlias = Callable[..., Path]

BROTHER_ID = b"MFG:Brother;CMD:PJL,PCL,PCLXL;MDL:HL-9999DW series;CLS:PRINTER;CID:Brother Laser Type1;"


@pytest.fixture
def sysfs(tmp_path: Path) -> Path:
    """Return a sysfs with a root hub and nothing plugged in."""
    root = tmp_path / "sys"
    hub = root / "devices/pci0000:00/0000:00:14.0/usb1"
    interface = hub / "1-0:1.0"
    interface.mkdir(parents=True)
    (root / "bus/usb/devices").mkdir(parents=True)
    (root / "class/usbmisc").mkdir(parents=True)
    write(hub, idVendor="1d6b\n", idProduct="0002\n", bDeviceClass="09\n", product="xHCI Host Controller\n")
    write(interface, bInterfaceClass="09\n", bInterfaceNumber="00\n", bInterfaceProtocol="00\n")
    link(root, hub, "usb1")
    link(root, interface, "1-0:1.0")
    return root


@pytest.fixture
def plug(sysfs: Path) -> Plug:
    """Return a function that plugs a printer in; it gives the folder of the device."""

    def plug(
        port: str = "1-4",
        *,
        device_id: bytes | None = BROTHER_ID,
        interface: int = 0,
        protocol: str = "02",
        interface_class: str = "07",
        descriptors: bytes = b"",
        lp: int | None = None,
        **strings: str,
    ) -> Path:
        device = sysfs / "devices/pci0000:00/0000:00:14.0/usb1" / port
        name = f"{port}:1.{interface}"
        folder = device / name
        folder.mkdir(parents=True)
        write(
            device,
            **{"idVendor": "04f9\n", "idProduct": "0999\n", **{key: f"{text}\n" for key, text in strings.items()}},
        )
        (device / "descriptors").write_bytes(descriptors)
        write(
            folder,
            bInterfaceClass=f"{interface_class}\n",
            bInterfaceSubClass="01\n",
            bInterfaceProtocol=f"{protocol}\n",
            bInterfaceNumber=f"{interface:02x}\n",
        )
        if device_id is not None:
            (folder / "ieee1284_id").write_bytes(device_id)
        if lp is not None:
            misc = folder / f"usbmisc/lp{lp}"
            misc.mkdir(parents=True)
            (misc / "device").symlink_to(Path("../../../") / name)
            (sysfs / f"class/usbmisc/lp{lp}").symlink_to(misc)
        link(sysfs, device, port)
        link(sysfs, folder, name)
        return device

    return plug


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def link(root: Path, folder: Path, name: str) -> None:
    (root / "bus/usb/devices" / name).symlink_to(folder)
