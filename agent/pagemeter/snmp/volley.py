"""Volleys: the same question to many IPv4 addresses, of which each gets a request id of its own."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self

from pagemeter.snmp.mmsg import NAME_SIZE, Messages, ipv4_names

# Two numbers of two octets of which no octet is the same: where the question differs stands the request id.
_ONE, _OTHER = 0x5555, 0x2A2A
_FEWEST = 2

# macOS says ENOBUFS where others say that it would block.
_BUSY = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.ENOBUFS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stencil:
    """A question, and the places at which its request id of two octets stands (once, or twice for SNMPv3)."""

    octets: bytes
    places: tuple[int, ...]

    @classmethod
    def of(cls, question: Callable[[int], bytes]) -> Self:
        """Find out where a question has its request id, whatever it looks like."""
        one, other = question(_ONE), question(_OTHER)
        differing = [place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
        if len(differing) < _FEWEST or len(differing) % 2:
            raise ValueError("the question has no request id of two octets")
        return cls(octets=one, places=tuple(differing[::2]))


class Shots(NamedTuple):
    """Whom a volley asks: the four octets of each address and the two of each request id, all of one length."""

    a: bytes
    b: bytes
    c: bytes
    d: bytes
    high: bytes
    low: bytes


class Volley(Protocol):
    """Sends the same question to many."""

    def send(self, shots: Shots, first: int = 0) -> int:
        """Send from the shot ``first`` on; returns up to which all went, less than all where the system is busy.

        An address to which this host has no way counts as sent: it is as good as silent.
        """


class MessageVolley:
    """A volley by sendmmsg."""

    def __init__(self, opened: socket.socket, stencil: Stencil, port: int, size: int) -> None:
        self._socket = opened
        self._stencil = stencil
        self._messages = Messages(ipv4_names(port, size), bytearray(stencil.octets * size), size)

    def send(self, shots: Shots, first: int = 0) -> int:
        """Send as many as the system takes."""
        count = len(shots.a)
        if first == 0:
            self._load(shots, count)
        while first < count:
            try:
                first += self._messages.send(self._socket, first, count)
            except OSError as error:
                if error.errno in _BUSY:
                    return first
                first += 1
        return first

    def _load(self, shots: Shots, count: int) -> None:
        names, octets, size = self._messages.names, self._messages.octets, len(self._stencil.octets)
        end = count * NAME_SIZE
        for place, column in enumerate(shots[:4], start=4):
            names[place:end:NAME_SIZE] = column
        end = count * size
        for place in self._stencil.places:
            octets[place:end:size] = shots.high
            octets[place + 1 : end : size] = shots.low


class SingleVolley:
    """A volley by one sendto after the other."""

    def __init__(self, opened: socket.socket, stencil: Stencil, port: int, size: int) -> None:
        self._socket = opened
        self._stencil = stencil
        self._port = port
        self._octets = bytearray(stencil.octets * size)

    def send(self, shots: Shots, first: int = 0) -> int:
        """Send as many as the system takes."""
        count, size = len(shots.a), len(self._stencil.octets)
        for place in self._stencil.places:
            self._octets[place : count * size : size] = shots.high
            self._octets[place + 1 : count * size : size] = shots.low
        whole, port = bytes(self._octets), self._port
        hosts = map("%d.%d.%d.%d".__mod__, zip(*shots[:4], strict=True))
        starts = range(0, count * size, size)
        datagrams = [(whole[at : at + size], (host, port)) for at, host in zip(starts, hosts, strict=True)]
        return self._fire(iter(datagrams[first:] if first else datagrams), count)

    def _fire(self, datagrams: Iterator[tuple[bytes, tuple[str, int]]], count: int) -> int:
        sendto = self._socket.sendto
        while True:
            try:
                for datagram, address in datagrams:
                    sendto(datagram, address)
            except OSError as error:
                if error.errno in _BUSY:
                    return count - _left(datagrams) - 1
                # The one that met it is passed over; the iterator goes on behind it.
                continue
            return count


def _left(iterator: Iterator[object]) -> int:
    # Of a list's iterator this is exact.
    return iterator.__length_hint__()  # type: ignore[attr-defined, no-any-return]
