"""Reach the server that an output's settings name: its name, its port, its certificate; what fails is said plainly.

Outputs alone dial out like this; what speaks to printers goes through the services, and so through the fence.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field

from pagemeter.component import Stage
from pagemeter.errors import DeliveryError
from pagemeter.tls import untrusted

Address: TypeAlias = tuple[socket.AddressFamily, tuple[object, ...]]


# ---- what settings say


def _is_printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("printable characters only")
    return value


Printable = Annotated[str, AfterValidator(_is_printable)]
HostName = Annotated[str, Field(min_length=1, max_length=253), AfterValidator(_is_printable)]
Port = Annotated[int, Field(ge=1, le=65535)]


def is_this_host(host: str) -> bool:
    """Tell whether what is sent to a name or an address stays on this host."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


# ---- the way there


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where to; ``called`` is the messages' word for it, such as ``broker``."""

    host: str
    port: int
    called: str

    @property
    def where(self) -> str:
        """Return host and port as messages show them."""
        return f"{self.host}:{self.port}"


async def dial(server: Server, tls: ssl.SSLContext | None, said: Callable[[str], None]) -> socket.socket:
    """Return a connected socket that does not block, encrypted where ``tls`` is given; the deadline is the caller's.

    ``said`` is told each stage (DNS, TCP, TLS) before it begins. Raises DeliveryError.
    """
    said("DNS")
    addresses = await resolve(server)
    said("TCP")
    tcp = await connect(server, addresses)
    if tls is None:
        return tcp
    said("TLS")
    return await encrypt(server, tcp, tls)


async def look_up(host: str, port: int) -> list[Address]:
    """Return the addresses behind a name; raises OSError."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise socket.gaierror(socket.EAI_NONAME, "no name that DNS can hold") from error
    return [(family, address) for family, _, _, _, address in found]


async def resolve(server: Server) -> list[Address]:
    """Return the addresses behind the server's name; raises DeliveryError."""
    try:
        return await look_up(server.host, server.port)
    except OSError as error:
        raise DeliveryError(
            f"{server.host}: the name can't be resolved; is `host` right, and does DNS work here?"
        ) from error


async def connect(server: Server, addresses: Iterable[Address]) -> socket.socket:
    """Connect to the first address that lets us; raises DeliveryError with the last one's reason."""
    failure: OSError | None = None
    for family, address in addresses:
        try:
            return await _connected(family, address)
        except OSError as error:
            failure = error
    # asyncio's own text names the call and the address, not the reason.
    why = os.strerror(failure.errno) if failure is not None and failure.errno else "no address"
    raise DeliveryError(
        f"{server.where}: no connection ({why}); is the {server.called} up, is the port right, and does a firewall let"
        " us out?"
    ) from failure


async def _connected(family: socket.AddressFamily, address: tuple[object, ...]) -> socket.socket:
    tcp = socket.socket(family, socket.SOCK_STREAM)
    try:
        tcp.setblocking(False)
        await asyncio.get_running_loop().sock_connect(tcp, address)
    except BaseException:
        tcp.close()
        raise
    return tcp


async def encrypt(server: Server, tcp: socket.socket, tls: ssl.SSLContext) -> ssl.SSLSocket:
    """Shake hands; the socket is closed where that fails. Raises DeliveryError."""
    try:
        encrypted = tls.wrap_socket(tcp, server_hostname=server.host, do_handshake_on_connect=False)
    except (OSError, ValueError) as error:
        tcp.close()
        raise DeliveryError(f"{server.where}: TLS failed; is `host` a name or an address?") from error
    try:
        await _shake_hands(encrypted)
    except BaseException as error:
        encrypted.close()
        if isinstance(error, ssl.SSLCertVerificationError):
            raise DeliveryError(f"{server.where}: {untrusted(error, server.called)}") from error
        if isinstance(error, OSError):
            raise DeliveryError(
                f"{server.where}: TLS failed; does this port speak TLS, and which does the {server.called} want?"
            ) from error
        raise
    return encrypted


async def _shake_hands(encrypted: ssl.SSLSocket) -> None:
    loop = asyncio.get_running_loop()
    while True:
        try:
            encrypted.do_handshake()
        except ssl.SSLWantReadError:
            await _until(loop.add_reader, loop.remove_reader, encrypted)
        except ssl.SSLWantWriteError:
            await _until(loop.add_writer, loop.remove_writer, encrypted)
        else:
            return


async def _until(
    add: Callable[..., object], remove: Callable[[socket.socket], object], connection: socket.socket
) -> None:
    """Wait until the socket can be read or written."""
    ready = asyncio.Event()
    add(connection, ready.set)
    try:
        await ready.wait()
    finally:
        remove(connection)


# ---- in words


def resolved(host: str, addresses: Iterable[Address]) -> str:
    """Say what a name stands for."""
    try:
        return f"{ip_address(host)} is an address, no name to resolve"
    except ValueError:
        return f"{host} is {', '.join(dict.fromkeys(str(address[0]) for _, address in addresses))}"


async def tried(name: str, step: Callable[[], Awaitable[str]]) -> Stage:
    """Take one step of ``outputs test``: with its words, or with those of its DeliveryError."""
    try:
        return Stage(name=name, ok=True, text=await step())
    except DeliveryError as failure:
        return Stage(name=name, ok=False, text=str(failure))
