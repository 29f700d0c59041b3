"""Asks Windows for its forwarding table through iphlpapi.dll (netioapi.h)."""

from __future__ import annotations

import ctypes
import socket
import struct
import sys

from pagemeter.errors import PagemeterError
from pagemeter.net.routes.windows import ROW_OCTETS, TABLE_OFFSET

_AF_UNSPEC = 0


def forward_table() -> bytes:
    """Return MIB_IPFORWARD_TABLE2 with all its rows; raises PagemeterError where Windows refuses."""
    if sys.platform != "win32":
        raise PagemeterError("the forwarding table of Windows is asked for on Windows only")
    library = ctypes.WinDLL("iphlpapi.dll")
    library.FreeMibTable.argtypes = [ctypes.c_void_p]
    library.FreeMibTable.restype = None
    table = ctypes.c_void_p()
    failure = library.GetIpForwardTable2(_AF_UNSPEC, ctypes.byref(table))
    if failure or table.value is None:
        raise PagemeterError(f"Windows does not tell its routes (error {failure}); write addresses and networks out")
    try:
        (count,) = struct.unpack("<I", ctypes.string_at(table.value, 4))
        return ctypes.string_at(table.value, TABLE_OFFSET + count * ROW_OCTETS)
    finally:
        library.FreeMibTable(table)


def interface_name(index: int) -> str:
    """Name an interface; its index in words where it has gone since."""
    try:
        return socket.if_indextoname(index)
    except OSError:
        return f"interface {index}"
