"""The source usb on the sysfs of a real kernel: a guest of QEMU with a USB printer that this test plays.

It needs `qemu-system-x86`, `busybox-static` and a Debian kernel (`linux-image-amd64`); where that is not installed but
only unpacked (`dpkg -x`), PAGEMETER_TEST_KERNEL names the folder.
"""

from __future__ import annotations

import base64
import lzma
import os
import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from io import BufferedRWPair
from pathlib import Path

import pytest

from pagemeter.testing import FakeServices
from pagemeter_plugins.usb.settings import UsbSettings
from pagemeter_plugins.usb.source import UsbSource
from pagemeter_plugins.usb.sysfs import read_printers

KERNEL = Path(os.environ.get("PAGEMETER_TEST_KERNEL", "/"))
MODULES = ("usb-common", "usbcore", "ehci-hcd", "ehci-pci", "usblp")


def _lacking() -> str:
    if missing := [name for name in ("qemu-system-x86_64", "busybox") if shutil.which(name) is None]:
        return f"not installed: {', '.join(missing)}"
    return "" if list(KERNEL.glob("boot/vmlinuz-*")) else "no kernel to boot: linux-image-amd64"


pytestmark = [
    pytest.mark.peer,
    pytest.mark.long,
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(_lacking()) and "CI" not in os.environ, reason=_lacking() or "all is there"),
]

DEVICE_ID = b"MFG:Acme;CMD:PJL,PCL;MDL:Ink 9000;CLS:PRINTER;SN:A0000001;"
STRINGS = {1: "Acme", 2: "Acme Ink 9000", 3: "00A0000001"}

# USB 2.0, section 9.6: a device, and a configuration with one interface that has two alternate settings.
DEVICE = struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x0200, 0, 0, 0, 64, 0x04F9, 0x0999, 0x0100, 1, 2, 3, 1)
BULK = struct.pack("<BBBBHB", 7, 5, 0x01, 2, 512, 0) + struct.pack("<BBBBHB", 7, 5, 0x82, 2, 512, 0)
INTERFACES = b"".join(
    struct.pack("<BBBBBBBBB", 9, 4, 0, alternate, 2, 7, 1, protocol, 0) + BULK
    for alternate, protocol in ((0, 2), (1, 4))
)
CONFIGURATION = struct.pack("<BBHBBBBB", 9, 2, 9 + len(INTERFACES), 1, 1, 0, 0xC0, 1) + INTERFACES

INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
stty -echo -onlcr < /dev/ttyS0
for module in {modules}; do insmod /$module.ko || echo "FAILED $module"; done
for _ in $(seq 300); do [ -e /sys/class/usbmisc/lp0/device/ieee1284_id ] && break; sleep 0.1; done
echo READY
read go
cd /sys
for link in bus/usb/devices/* class/usbmisc/*; do
  echo "L $link $(readlink $link)"
  for file in $link/*; do
    [ -f $file ] && [ -r $file ] && echo "F $(readlink -f $file) $(base64 $file | tr -d '\\n')"
  done
  [ -L $link/device ] && echo "L $(readlink -f $link)/device $(readlink $link/device)"
done
echo END
poweroff -f
"""


class Printer:
    """A USB printer behind a socket that speaks usbredir (protocol 0.7): it notes every transfer that reaches it."""

    def __init__(self) -> None:
        self.transfers: list[tuple[int, int]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with self._listener:
            connection, _ = self._listener.accept()
        with connection, connection.makefile("rwb") as stream:
            self._send(stream, 0, 0, b"pagemeter-test".ljust(64, b"\0") + struct.pack("<I", 1 << 1 | 1 << 4))
            while header := stream.read(12):
                kind, length, number = struct.unpack("<III", header)
                self._answer(stream, kind, number, stream.read(length))

    def _answer(self, stream: BufferedRWPair, kind: int, number: int, body: bytes) -> None:
        match kind:
            case 0:
                self._connect(stream)
            case 6:
                self._send(stream, 8, number, bytes((0, body[0])))
            case 7:
                self._send(stream, 8, number, bytes((0, 1)))
            case 9:
                self._send(stream, 11, number, bytes((0, body[0], body[1])))
            case 100:
                self._send(stream, 100, number, self._control(body))
            case 101:
                self.transfers.append((0, 0))
            case _:
                pass

    def _connect(self, stream: BufferedRWPair) -> None:
        types, interfaces, sizes = bytearray([255] * 32), bytearray(32), [0] * 32
        for place in (0, 16):
            types[place], sizes[place] = 0, 64
        for place in (1, 16 + 2):
            types[place], sizes[place] = 2, 512
        self._send(stream, 5, 0, bytes(types) + bytes(32) + bytes(interfaces) + struct.pack("<32H", *sizes))
        ones = [bytes((value,)).ljust(32, b"\0") for value in (0, 7, 1, 2)]
        self._send(stream, 4, 0, struct.pack("<I", 1) + b"".join(ones))
        self._send(stream, 1, 0, struct.pack("<BBBBHHH", 2, 0, 0, 0, 0x04F9, 0x0999, 0x0100))

    def _control(self, body: bytes) -> bytes:
        endpoint, request, kind, _, value, index, length = struct.unpack("<BBBBHHH", body[:10])
        self.transfers.append((kind, request))
        data = self._told(kind, request, value)
        status = 4 if data is None else 0
        told = (data or b"")[:length]
        sent = length if kind < 0x80 else len(told)
        return struct.pack("<BBBBHHH", endpoint, request, kind, status, value, index, sent) + told

    def _told(self, kind: int, request: int, value: int) -> bytes | None:
        if (kind, request) == (0xA1, 0):
            return struct.pack(">H", len(DEVICE_ID) + 2) + DEVICE_ID
        if (kind, request) == (0xA1, 1):
            return b"\x18"
        if (kind, request) == (0x80, 6):
            return self._descriptor(value >> 8, value & 0xFF)
        return b"" if kind < 0x80 else None

    @staticmethod
    def _descriptor(kind: int, number: int) -> bytes | None:
        if kind == 3:
            text = struct.pack("<H", 0x0409) if number == 0 else STRINGS.get(number, "").encode("utf-16-le")
            return bytes((len(text) + 2, 3)) + text
        return {1: DEVICE, 2: CONFIGURATION}.get(kind)

    @staticmethod
    def _send(stream: BufferedRWPair, kind: int, number: int, body: bytes) -> None:
        stream.write(struct.pack("<III", kind, len(body), number) + body)
        stream.flush()


def cpio(files: dict[str, bytes]) -> bytes:
    """Pack an initramfs (format newc of the kernel's buffer-format); names without content are folders."""
    packed = b""
    for number, (name, content) in enumerate([*files.items(), ("TRAILER!!!", b"")], start=1):
        mode = 0o100755 if content else 0o040755
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        packed += head + b"\0" * (-len(head) % 4) + content + b"\0" * (-len(content) % 4)
    return packed


def initramfs(version: str) -> bytes:
    folder = KERNEL / "lib/modules" / version
    files = dict.fromkeys(("bin", "proc", "sys", "dev"), b"")
    busybox = shutil.which("busybox")
    assert busybox is not None
    files["bin/busybox"] = Path(busybox).read_bytes()
    names = []
    for name in MODULES:
        # Some kernels have one or another of them built in.
        for path in [*folder.rglob(f"{name}.ko"), *folder.rglob(f"{name}.ko.xz")]:
            content = path.read_bytes()
            files[f"{name}.ko"] = lzma.decompress(content) if path.suffix == ".xz" else content
            names.append(name)
    files["init"] = INIT.format(modules=" ".join(names)).encode()
    return cpio(files)


@pytest.fixture
def guest(tmp_path: Path) -> Iterator[tuple[Printer, subprocess.Popen[bytes]]]:
    """Boot a guest with the printer plugged in; its console is the process's standard input and output."""
    kernel = max(KERNEL.glob("boot/vmlinuz-*"))
    (tmp_path / "initramfs").write_bytes(initramfs(kernel.name.removeprefix("vmlinuz-")))
    printer = Printer()
    command = ["qemu-system-x86_64", "-nodefaults", "-no-reboot", "-display", "none", "-m", "256", "-serial", "stdio"]
    # Not KVM: where this host is a guest itself, /dev/kvm may be there and of no use.
    command += ["-machine", "pc,accel=tcg", "-kernel", str(kernel), "-initrd", f"{tmp_path}/initramfs"]
    command += ["-append", "console=ttyS0 quiet panic=-1", "-device", "usb-ehci,id=usb"]
    command += ["-chardev", f"socket,id=printer,host=127.0.0.1,port={printer.port}"]
    command += ["-device", "usb-redir,chardev=printer,bus=usb.0"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        yield printer, process
    finally:
        process.kill()
        process.communicate()


def lines_until(process: subprocess.Popen[bytes], end: bytes) -> list[str]:
    assert process.stdout is not None
    lines: list[str] = []
    while line := process.stdout.readline():
        if line.strip() == end:
            return lines
        lines.append(line.decode("utf-8", "replace").strip())
    raise AssertionError("\n".join(lines))


def rebuild(lines: list[str], root: Path) -> None:
    """Make the tree that the guest told of."""
    for line in lines:
        match line.split(" "):
            case ["F", path, content]:
                file = root / path.removeprefix("/sys/")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(base64.b64decode(content))
            case ["L", path, target]:
                link = root / path.removeprefix("/sys/")
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(target)


def record(guest: tuple[Printer, subprocess.Popen[bytes]], root: Path) -> tuple[int, int]:
    """Record the guest's sysfs; returns how many transfers had reached the printer before that, and after."""
    printer, process = guest
    lines_until(process, b"READY")
    before = len(printer.transfers)
    assert process.stdin is not None
    process.stdin.write(b"go\n")
    process.stdin.flush()
    rebuild(lines_until(process, b"END"), root)
    return before, len(printer.transfers)


async def test_a_printer_at_a_real_kernel_is_found_and_reading_sends_it_nothing(
    guest: tuple[Printer, subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    before, after = record(guest, tmp_path / "sys")
    assert (0xA1, 0) in guest[0].transfers, "usblp did not take the device id down"
    assert before == after
    [printer] = read_printers(tmp_path / "sys")
    assert (printer.device_id, printer.speaks_ipp) == (DEVICE_ID, True)
    settings = UsbSettings(sysfs=tmp_path / "sys", ipp_usb="off")
    source = UsbSource(settings, FakeServices(), platform="linux")
    [batch] = [one async for one in source.collect({})]
    [seen] = batch.seen
    assert seen.target.uri == "usb://Acme/Ink%209000?serial=00A0000001"
    who = seen.readings[0].identity
    assert (who.manufacturer, who.model, who.serial_number) == ("Acme", "Ink 9000", "A0000001")
