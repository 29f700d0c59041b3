"""A few UDP sockets for thousands of questions: what is sent, and what comes in."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
import struct
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from ipaddress import ip_address
from itertools import islice
from typing import TypeAlias

from pagemeter.snmp.mmsg import Inbox, calls
from pagemeter.snmp.volley import MessageVolley, SingleVolley, Stencil, Volley

log = logging.getLogger(__name__)

Hear: TypeAlias = Callable[[bytes, str, int], None]
Gather: TypeAlias = Callable[[Sequence[tuple[bytes, bytes, int]]], None]

PORTABLE = "PAGEMETER_PORTABLE_SOCKETS"
"""The environment variable that switches sendmmsg and recvmmsg off when it is 1."""

_LARGEST_DATAGRAM = 65_535
_RECEIVE_BUFFER = 4 * 1024 * 1024
_DATAGRAMS_A_TURN = 1024
_DATAGRAMS_A_CALL = 64

# asm-generic/socket.h and linux/sock_diag.h: nine numbers, the last of which counts what was dropped.
_SO_MEMINFO = 55
_MEMINFO = struct.Struct("=9I")

# IANA's dynamic ports (RFC 6335); some systems hand theirs out one after the other.
_PORTS = range(49_152, 65_536)
_TRIES_OF_PORTS = 8


def udp_socket(family: int) -> socket.socket:
    """Open a socket that does not block, on a random port; raises OSError."""
    opened = socket.socket(family, socket.SOCK_DGRAM)
    opened.setblocking(False)
    for _ in range(_TRIES_OF_PORTS):
        with suppress(OSError):
            opened.bind(("", secrets.choice(_PORTS)))
            break
    return opened


class Datagrams:
    """Unconnected UDP sockets with random source ports; each is opened with the first datagram of its family.

    ``hear`` is called with octets, the sender's address and port; nothing that it raises stops the reception.
    ``portable`` keeps to what every system has; unless said it follows the system and the environment.
    """

    def __init__(
        self,
        hear: Hear,
        *,
        portable: bool | None = None,
        receive_buffer: int = _RECEIVE_BUFFER,
        open_socket: Callable[[int], socket.socket] = udp_socket,
    ) -> None:
        self._hear = hear
        self._gather: Gather | None = None
        self._receive_buffer = receive_buffer
        self._open_socket = open_socket
        wanted = os.environ.get(PORTABLE) == "1" if portable is None else portable
        self.portable = wanted or calls() is None
        self._sockets: dict[int, socket.socket] = {}
        self._inbox: Inbox | None = None

    def send(self, data: bytes, host: str, port: int) -> None:
        """Send; raises OSError where there is no way. A full send buffer counts as a datagram that was lost."""
        opened = self._socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        with suppress(BlockingIOError):
            try:
                opened.sendto(data, (host, port))
            except ConnectionResetError:
                # Windows tells here too that an earlier datagram met a closed port.
                opened.sendto(data, (host, port))

    def gather(self, gather: Gather) -> None:
        """Hand datagrams of IPv4 over some at once from now on: octets, the sender's address in four, and its port.

        It must not raise.
        """
        self._gather = gather

    def volley(self, stencil: Stencil, port: int, size: int) -> Volley:
        """Return what sends up to ``size`` datagrams to IPv4 addresses at once."""
        opened = self._socket(socket.AF_INET)
        return (SingleVolley if self.portable else MessageVolley)(opened, stencil, port, size)

    def receive(self) -> None:
        """Hear at once what has come in; otherwise it is heard when the event loop comes by."""
        for opened in tuple(self._sockets.values()):
            self._read(opened)

    @property
    def dropped(self) -> int:
        """How many datagrams the system dropped because nobody fetched them in time, where it tells."""
        if sys.platform != "linux":
            return 0
        count = 0
        for opened in self._sockets.values():
            with suppress(OSError, struct.error):
                told = opened.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
                count += _MEMINFO.unpack(told)[-1]
        return count

    @property
    def room(self) -> int:
        """How many octets the smallest of the receive buffers has, its own book-keeping included; 0 where none is."""
        sizes = (one.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) for one in self._sockets.values())
        return min(sizes, default=0)

    def close(self) -> None:
        """Close the sockets."""
        for opened in self._sockets.values():
            asyncio.get_running_loop().remove_reader(opened)
            opened.close()
        self._sockets.clear()

    def _socket(self, family: int) -> socket.socket:
        if family not in self._sockets:
            opened = self._open_socket(family)
            with suppress(OSError):
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer)
            self._sockets[family] = opened
            asyncio.get_running_loop().add_reader(opened, self._read, opened)
        return self._sockets[family]

    def _read(self, opened: socket.socket) -> None:
        """Empty a socket, but for what comes in faster than it is heard: others have their turn too."""
        if opened.family != socket.AF_INET or (self.portable and self._gather is None):
            self._tell(_one_by_one(opened))
            return
        for some in _in_lists(opened) if self.portable else self._many(opened):
            if self._gather is None:
                self._tell((data, socket.inet_ntoa(host), port) for data, host, port in some)
            else:
                self._gather(some)

    def _tell(self, heard: Iterable[tuple[bytes, str, int]]) -> None:
        for data, host, port in heard:
            try:
                self._hear(data, host, port)
            except Exception:  # one datagram must not cost the others that wait behind it
                log.exception("a datagram was not understood")

    def _many(self, opened: socket.socket) -> Iterator[list[tuple[bytes, bytes, int]]]:
        if self._inbox is None:
            self._inbox = Inbox(_DATAGRAMS_A_CALL)
        inbox = self._inbox
        for _ in range(_DATAGRAMS_A_TURN // inbox.count):
            try:
                heard = inbox.receive(opened)
            except OSError:
                # Nothing is left; that an earlier datagram met a closed port is not told to such a socket.
                return
            yield heard
            if len(heard) < inbox.count:
                return


def _in_lists(opened: socket.socket) -> Iterator[list[tuple[bytes, bytes, int]]]:
    heard = ((data, socket.inet_aton(host), port) for data, host, port in _one_by_one(opened))
    while some := list(islice(heard, _DATAGRAMS_A_CALL)):
        yield some


def _one_by_one(opened: socket.socket) -> Iterator[tuple[bytes, str, int]]:
    for _ in range(_DATAGRAMS_A_TURN):
        try:
            data, sender = opened.recvfrom(_LARGEST_DATAGRAM)
        except BlockingIOError:
            return
        except OSError:
            # Windows reports here that an earlier question met a closed port; that device stays silent.
            continue
        host = str(sender[0])
        yield data, str(ip_address(host)) if ":" in host else host, int(sender[1])
