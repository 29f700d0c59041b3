"""A few UDP sockets for thousands of questions: what is sent, and what comes in."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address

_LARGEST_DATAGRAM = 65_535
_RECEIVE_BUFFER = 4 * 1024 * 1024
_DATAGRAMS_A_TURN = 256


class Datagrams:
    """Unconnected UDP sockets with random source ports; each is opened with the first datagram of its family.

    ``hear`` is called with octets, the sender's address and port; nothing that it raises stops the reception.
    """

    def __init__(self, hear: Callable[[bytes, str, int], None]) -> None:
        self._hear = hear
        self._sockets: dict[int, socket.socket] = {}

    def send(self, data: bytes, host: str, port: int) -> None:
        """Send; raises OSError where there is no way. A full send buffer counts as a datagram that was lost."""
        with suppress(BlockingIOError):
            self._socket(socket.AF_INET6 if ":" in host else socket.AF_INET).sendto(data, (host, port))

    @property
    def dropped(self) -> int:
        """How many datagrams the system dropped because nobody fetched them in time."""
        return 0

    def close(self) -> None:
        """Close the sockets."""
        for opened in self._sockets.values():
            asyncio.get_running_loop().remove_reader(opened)
            opened.close()
        self._sockets.clear()

    def _socket(self, family: int) -> socket.socket:
        if family not in self._sockets:
            opened = socket.socket(family, socket.SOCK_DGRAM)
            opened.setblocking(False)
            with suppress(OSError):
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            self._sockets[family] = opened
            asyncio.get_running_loop().add_reader(opened, self._read, opened)
        return self._sockets[family]

    def _read(self, opened: socket.socket) -> None:
        for _ in range(_DATAGRAMS_A_TURN):
            try:
                data, sender = opened.recvfrom(_LARGEST_DATAGRAM)
            except BlockingIOError:
                return
            except OSError:
                # Windows reports here that an earlier question met a closed port; that device stays silent.
                continue
            host = str(sender[0])
            self._hear(data, str(ip_address(host)) if ":" in host else host, int(sender[1]))
