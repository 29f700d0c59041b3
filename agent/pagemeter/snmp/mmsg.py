"""Many datagrams in one system call: sendmmsg and recvmmsg of Linux (sendmmsg(2), recvmmsg(2)), through ctypes."""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
import sys
from functools import cache
from typing import Any

# struct sockaddr_in: family, port and address, eight octets of nothing.
NAME_SIZE = 16
_SENDER = struct.Struct("!2xH4s8x")
_LARGEST_DATAGRAM = 65_535


class _Iovec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Header(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("iov", ctypes.c_void_p),
        ("iov_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    _fields_ = (("header", _Header), ("length", ctypes.c_uint32))


@cache
def calls() -> tuple[Any, Any] | None:
    """Return sendmmsg and recvmmsg; none where the system has no such calls."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None, use_errno=True)
    try:
        send, receive = library.sendmmsg, library.recvmmsg
    except AttributeError:
        return None
    send.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)
    receive.argtypes = (*send.argtypes, ctypes.c_void_p)
    return send, receive


def ipv4_names(port: int, count: int) -> bytearray:
    """Write ``count`` sockaddr_in of a port; their addresses (octets 4 to 7 of each) are still 0."""
    return bytearray((struct.pack("=H", socket.AF_INET) + struct.pack("!H", port)).ljust(NAME_SIZE, b"\0") * count)


class Messages:
    """A block of messages for one of the calls, each with its address in ``names`` and its octets in ``octets``."""

    def __init__(self, names: bytearray, octets: bytearray, count: int) -> None:
        self.names = names
        self.octets = octets
        self.count = count
        self._size = len(octets) // count
        self._iovecs = (_Iovec * count)()
        self._block = (_Message * count)()
        self._fill()
        self._where = ctypes.addressof(self._block)

    def _fill(self) -> None:
        # Both buffers may not move from now on; holding their exports keeps Python from resizing them.
        self._held = [(ctypes.c_char * len(one)).from_buffer(one) for one in (self.names, self.octets)]
        names, octets = map(ctypes.addressof, self._held)
        iovecs, each = ctypes.addressof(self._iovecs), ctypes.sizeof(_Iovec)
        for place in range(self.count):
            self._iovecs[place] = _Iovec(octets + place * self._size, self._size)
            header = _Header(names + place * NAME_SIZE, NAME_SIZE, iovecs + place * each, 1, None, 0, 0)
            self._block[place].header = header

    def send(self, opened: socket.socket, first: int, last: int) -> int:
        """Send the messages from ``first`` up to, not including, ``last``; returns how many went, raises OSError."""
        send, _ = _existing_calls()
        where = self._where + first * ctypes.sizeof(_Message)
        sent: int = send(opened.fileno(), where, last - first, _DONT_WAIT)
        if sent < 0:
            _raise()
        return sent


class Inbox(Messages):
    """Where datagrams come in, of any size and some at once."""

    def __init__(self, count: int) -> None:
        """Reserve the room; of what is never used only the address space."""
        super().__init__(bytearray(NAME_SIZE * count), bytearray(_LARGEST_DATAGRAM * count), count)
        self._view, self._senders = memoryview(self.octets), memoryview(self.names)
        words = memoryview(self._block).cast("B").cast("I")
        self._lengths = words[_Message.length.offset // 4 :: ctypes.sizeof(_Message) // 4]

    def receive(self, opened: socket.socket) -> list[tuple[bytes, bytes, int]]:
        """Return what is there, each as octets, its sender's IPv4 address in four, and the port; raises OSError."""
        _, receive = _existing_calls()
        count: int = receive(opened.fileno(), self._where, self.count, _DONT_WAIT, None)
        if count < 0:
            _raise()
        view, starts = self._view, range(0, count * self._size, self._size)
        senders = _SENDER.iter_unpack(self._senders[: count * NAME_SIZE])
        return [
            (view[at : at + length].tobytes(), host, port)
            for at, length, (port, host) in zip(starts, self._lengths[:count].tolist(), senders, strict=True)
        ]


_DONT_WAIT = getattr(socket, "MSG_DONTWAIT", 0)


def _existing_calls() -> tuple[Any, Any]:
    found = calls()
    if found is None:
        raise OSError(errno.ENOSYS, "this system has neither sendmmsg nor recvmmsg")
    return found


def _raise() -> None:
    number = ctypes.get_errno()
    raise OSError(number, os.strerror(number))
