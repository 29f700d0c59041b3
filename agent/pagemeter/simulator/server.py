"""Simulated devices on UDP sockets of this machine's loopback interface, and nowhere else."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from types import TracebackType
from typing import NamedTuple, Self, TypeAlias, cast

from pagemeter.simulator.device import SimulatedDevice
from pagemeter.simulator.faults import Elsewhere, Sent

Address: TypeAlias = str | IPv4Address | IPv6Address


class Place(NamedTuple):
    """Where a device answers; port 0 is a free one, known when the simulator was entered."""

    address: str
    port: int
    device: SimulatedDevice


class Simulator:
    """Serves devices while it is entered; raises ValueError for an address that is not loopback.

    Entering raises OSError, with address and port, where a socket can't be bound.
    """

    def __init__(self, devices: Sequence[tuple[Address, int, SimulatedDevice]]) -> None:
        self.places = tuple(Place(_loopback(address), port, device) for address, port, device in devices)
        self._endpoints: list[_Endpoint] = []

    async def __aenter__(self) -> Self:
        """Bind a socket for each device."""
        try:
            self.places = tuple([await self._open(place) for place in self.places])
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close them, so that their ports are free again; answers that are still delayed are never sent."""
        await self._close()

    async def _open(self, place: Place) -> Place:
        loop = asyncio.get_running_loop()
        try:
            transport, endpoint = await loop.create_datagram_endpoint(
                lambda: _Endpoint(place.device), local_addr=(place.address, place.port)
            )
        except OSError as error:
            reason = error.strerror or str(error)
            raise OSError(error.errno, f"{place.address}, UDP port {place.port}: {reason}") from error
        self._endpoints.append(endpoint)
        return place._replace(port=transport.get_extra_info("sockname")[1])

    async def _close(self) -> None:
        endpoints, self._endpoints = self._endpoints, []
        for endpoint in endpoints:
            endpoint.close()
        for endpoint in endpoints:
            await endpoint.closed


class _Endpoint(asyncio.DatagramProtocol):
    def __init__(self, device: SimulatedDevice) -> None:
        self._device = device
        self._transport: asyncio.DatagramTransport | None = None
        self._late: set[asyncio.TimerHandle] = set()
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A cast, for the selector loop's transport is no subclass of DatagramTransport.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the signature of asyncio
        # The transport closes its socket right behind this call, before anything that waits can run.
        self.closed.set_result(None)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        delay = self._device.behaviour.delay
        for sent in self._device.answers(data):
            if delay <= 0:
                self._send(sent, addr)
                continue
            self._late = {handle for handle in self._late if handle.when() > asyncio.get_running_loop().time()}
            wait = delay * max(1, sent.delays)
            self._late.add(asyncio.get_running_loop().call_later(wait, self._send, sent, addr))

    def error_received(self, exc: Exception) -> None:
        """Ignore it: a client that went away before it was answered is no fault of the device."""

    def close(self) -> None:
        for handle in self._late:
            handle.cancel()
        if self._transport is not None:
            self._transport.close()

    def _send(self, sent: Sent, addr: tuple[str, int]) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if sent.elsewhere is None:
            self._transport.sendto(sent.data, addr)
            return
        host, port = self._transport.get_extra_info("sockname")[:2]
        here = (host, 0) if sent.elsewhere is Elsewhere.PORT else (str(ip_address(host) + 1), port)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as elsewhere:
            elsewhere.bind(here)
            elsewhere.sendto(sent.data, addr)


def _loopback(address: Address) -> str:
    parsed = ip_address(address)
    if not parsed.is_loopback:
        raise ValueError(f"{parsed} is not a loopback address; simulated devices answer on 127.0.0.0/8 and ::1 only")
    return str(parsed)
