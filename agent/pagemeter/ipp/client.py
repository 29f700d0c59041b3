"""Asks printers and print servers over HTTP: through the fence and the packet budget, never a printing port.

What is sent is taken from the packet budget as 8 packets a connection (the handshake, the question, the end), 4 more
for TLS, and 1 for each two segments of the answer (their acknowledgement), the latter when it is there. Octets are
those of IPP and, about, of HTTP's headers; those of TLS are not counted.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from pagemeter.errors import AccessDenied, PluginError, Unreachable, Unreadable
from pagemeter.ipp.exchange import Door, post
from pagemeter.ipp.message import IppMessage, MalformedError, decode, encode
from pagemeter.ipp.operations import Operation
from pagemeter.net.budget import Budget
from pagemeter.net.credentials import IPAddress
from pagemeter.net.fence import PRINTING_PORTS, Fence
from pagemeter.net.ranges import Resolver, resolve

PORT = 631
PACKETS = 8
PACKETS_OF_TLS = 4
PACKETS_BACK = 4
OCTETS_PER_SEGMENT = 1460
HEADERS = 250
"""What the headers of HTTP add to a question or an answer, about."""

_HTTP = {"ipp": "http", "ipps": "https"}
_UNIX = "ipp+unix"


class IppClient:
    """An ``Ipp``; ``at_once`` questions at a time, each on a connection of its own for at most ``timeout`` seconds."""

    def __init__(
        self,
        *,
        fence: Fence,
        budget: Budget,
        resolver: Resolver = resolve,
        timeout: float = 20.0,
        connect_timeout: float = 5.0,
        at_once: int = 16,
    ) -> None:
        self._fence = fence
        self._budget = budget
        self._resolver = resolver
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._seats = asyncio.Semaphore(at_once)

    async def ask(self, uri: str, message: IppMessage, *, server: bool = False) -> IppMessage:
        """Ask, and return the answer whatever its status; a device that wants TLS (HTTP 426) is asked by it.

        Raises Unreachable, AccessDenied or Unreadable; PluginError for an operation that does not only read.
        """
        if message.code not in set(Operation):
            raise PluginError(f"IPP operation 0x{message.code:04x} does not only read and is never sent")
        body = encode(message)
        parts = _split(uri)
        last: Unreachable | None = None
        for door in await self._doors(uri, parts, server=server):
            try:
                async with self._seats:
                    return await self._knock(door, body)
            except Unreachable as error:
                last = error
        raise last or Unreachable(f"{uri}: the name {parts.hostname} has no address; is it right, is the DNS?")

    async def _doors(self, uri: str, parts: SplitResult, *, server: bool) -> list[Door]:
        """Find where to ask: every address of the name that may be asked; raises where there is none."""
        path = parts.path or "/"
        if parts.scheme == _UNIX:
            if not server:
                raise AccessDenied(f"{uri}: only a print server of the settings is asked over a local socket")
            return [Door(uri=uri, scheme="http", address=None, name="localhost", port=80, path="/", socket=path)]
        port = parts.port or PORT
        if port in PRINTING_PORTS:
            raise AccessDenied(f"{uri}: port {port} prints what it is sent and is never used")
        doors, refused = [], []
        for address in await self._addresses(parts.hostname or ""):
            try:
                fenced = None if server else self._fence.check(address, port)
            except AccessDenied as error:
                refused.append(error)
                continue
            name = parts.hostname or ""
            place = Door(uri=uri, scheme=_HTTP[parts.scheme], address=address, name=name, port=port, path=path)
            doors.append(replace(place, fenced=fenced))
        if refused and not doors:
            raise refused[0]
        return doors

    async def _addresses(self, host: str) -> tuple[IPAddress, ...]:
        try:
            return (ip_address(host),)
        except ValueError:
            return await self._resolver(host)

    async def _knock(self, door: Door, body: bytes) -> IppMessage:
        status, answer = await self._exchange(door, body)
        if status == 426 and door.scheme == "http":
            status, answer = await self._exchange(replace(door, scheme="https"), body)
        if status in (401, 403):
            raise AccessDenied(f"{door.uri} refuses to be asked by IPP (HTTP {status}); is a password or a filter set?")
        if status != 200:
            raise Unreadable(f"{door.uri} answers IPP with HTTP {status}; is the path right?")
        try:
            return decode(answer)
        except MalformedError as error:
            raise Unreadable(f"{door.uri} does not answer in IPP: {error}") from error

    async def _exchange(self, door: Door, body: bytes) -> tuple[int, bytes]:
        """Post the question, and take its packets from the budget."""
        toll = self._budget.toll(door.fenced)
        await toll.pay(len(body) + HEADERS, PACKETS + (PACKETS_OF_TLS if door.secure else 0))
        status, answer = await post(door, body, timeout=self._timeout, connect_timeout=self._connect_timeout)
        segments = -(-len(answer) // OCTETS_PER_SEGMENT)
        toll.got(len(answer) + HEADERS, PACKETS_BACK + segments)
        if acknowledgements := segments // 2:
            await toll.pay(0, acknowledgements)
        return status, answer


def _split(uri: str) -> SplitResult:
    """Take a URI apart; raises Unreachable for one that is none of IPP's."""
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError as error:
        raise Unreachable(f"{uri} is no URI of IPP; write ipp://host/path or ipps://host/path") from error
    if parts.scheme not in (*_HTTP, _UNIX) or (parts.scheme in _HTTP and not parts.hostname):
        raise Unreachable(f"{uri} is no URI of IPP; write ipp://host/path or ipps://host/path")
    return parts
