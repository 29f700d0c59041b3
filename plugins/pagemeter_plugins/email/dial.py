"""Reach the mail server: its name and its port; each that fails is said in words of its own."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from pathlib import Path
from typing import TypeAlias

from pagemeter.errors import DeliveryError, PluginError
from pagemeter_plugins.email.settings import EmailSettings, Encryption

Address: TypeAlias = tuple[socket.AddressFamily, tuple[object, ...]]


def trust(settings: EmailSettings, folder: Path) -> ssl.SSLContext | None:
    """Read what the server is judged by; none with ``tls: none``. Raises PluginError."""
    if settings.tls is Encryption.NONE:
        return None
    ca = None if settings.ca is None else folder / settings.ca
    try:
        context = ssl.create_default_context(cafile=ca)
    except OSError as error:  # ssl.SSLError is one: a file that is no PEM
        raise PluginError(f"{ca} can't be used as `ca`; is it a PEM file that the agent may read?") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


async def resolve(settings: EmailSettings) -> list[Address]:
    """Return the addresses behind ``host``; raises DeliveryError."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(settings.host, settings.server_port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise DeliveryError(
            f"{settings.host}: the name can't be resolved; is `host` right, and does DNS work here?"
        ) from error
    return [(family, address) for family, _, _, _, address in found]


async def connect(settings: EmailSettings, addresses: list[Address]) -> socket.socket:
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
        f"{settings.host}:{settings.server_port}: no connection ({why}); is the mail server up, is the port right, and"
        " does a firewall let us out?"
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
