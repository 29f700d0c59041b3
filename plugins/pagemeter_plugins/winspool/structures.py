"""PRINTER_INFO_2W and PORT_INFO_2W (winspool.h) out of the octets of a buffer. Pure."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pagemeter.text import scrub

# Pointers of PRINTER_INFO_2W: server, printer, share, port, driver, comment, location, devmode, separator, processor,
# datatype, parameters, security; then eight DWORDs: attributes, priority, default priority, start, until, status, jobs,
# pages a minute.
_PRINTER_POINTERS: Final = 13
_PRINTER_NUMBERS: Final = 8
# PORT_INFO_2W: port, monitor, description; then type and a reserved DWORD.
_PORT_POINTERS: Final = 3
_PORT_NUMBERS: Final = 2

OFFLINE: Final = 0x0400
"""PRINTER_ATTRIBUTE_WORK_OFFLINE."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffer:
    """What EnumPrinters or EnumPorts filled: octets, the address where they were, the number of structures."""

    octets: bytes
    address: int
    count: int
    pointer: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Printer:
    """A queue of the spooler; ``attributes`` and ``status`` are the bits of winspool.h."""

    name: str
    server: str | None
    share: str | None
    port: str | None
    driver: str | None
    comment: str | None
    location: str | None
    attributes: int
    status: int
    jobs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A port and the monitor that serves it."""

    name: str
    monitor: str | None
    description: str | None


def printers_in(buffer: Buffer) -> Iterator[Printer]:
    """Yield the queues of a buffer of level 2; raises ValueError where it is cut short or points out of itself."""
    for texts, numbers in _structures(buffer, _PRINTER_POINTERS, _PRINTER_NUMBERS, texts=7):
        server, name, share, port, driver, comment, location = texts
        yield Printer(
            name=name or "",
            server=server,
            share=share,
            port=port,
            driver=driver,
            comment=comment,
            location=location,
            attributes=numbers[0],
            status=numbers[5],
            jobs=numbers[6],
        )


def ports_in(buffer: Buffer) -> Iterator[Port]:
    """Yield the ports of a buffer of level 2; raises ValueError as ``printers_in``."""
    for (name, monitor, description), _ in _structures(buffer, _PORT_POINTERS, _PORT_NUMBERS, texts=3):
        yield Port(name=name or "", monitor=monitor, description=description)


def _structures(
    buffer: Buffer, pointers: int, numbers: int, *, texts: int
) -> Iterator[tuple[tuple[str | None, ...], tuple[int, ...]]]:
    layout = struct.Struct("<" + ("Q" if buffer.pointer == 8 else "I") * pointers + "I" * numbers)
    if layout.size * buffer.count > len(buffer.octets):
        raise ValueError("the spooler's answer is cut short")
    for place in range(buffer.count):
        found = layout.unpack_from(buffer.octets, place * layout.size)
        yield tuple(_text(buffer, address) for address in found[:texts]), found[pointers:]


def _text(buffer: Buffer, address: int) -> str | None:
    """Return the text that a pointer leads to; none for a null pointer."""
    if address == 0:
        return None
    begin = address - buffer.address
    if not 0 <= begin < len(buffer.octets):
        raise ValueError("the spooler's answer points out of itself")
    end = begin
    while end + 1 < len(buffer.octets) and buffer.octets[end : end + 2] != b"\0\0":
        end += 2
    return scrub(buffer.octets[begin:end].decode("utf-16-le", "replace"))
