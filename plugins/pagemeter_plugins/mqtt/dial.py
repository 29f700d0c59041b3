"""Reach the broker: its name, its port, its certificate; each that fails is said in words of its own."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

from pagemeter.errors import DeliveryError, PluginError
from pagemeter_plugins.mqtt.settings import MqttSettings


def trust(settings: MqttSettings, folder: Path) -> ssl.SSLContext | None:
    """Read what the broker is judged by and what we show it; none without ``tls``. Raises PluginError."""
    if not settings.tls:
        return None
    ca = None if settings.ca is None else folder / settings.ca
    try:
        context = ssl.create_default_context(cafile=ca)
    except OSError as error:  # ssl.SSLError is one: a file that is no PEM
        raise PluginError(f"{ca} can't be used as `ca`; is it a PEM file that the agent may read?") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.client_certificate is not None:
        certificate = folder / settings.client_certificate
        key = None if settings.client_key is None else folder / settings.client_key
        try:
            # An empty password: a key that needs one must not ask the terminal for it.
            context.load_cert_chain(certificate, key, password="")
        except (OSError, ValueError) as error:
            raise PluginError(
                f"{certificate} can't be used as `client_certificate`; is it a PEM file with its key (in it or in"
                " `client_key`), without a password, that the agent may read?"
            ) from error
    return context


async def dial(settings: MqttSettings, tls: ssl.SSLContext | None, said: Callable[[str], None]) -> socket.socket:
    """Return a connected socket that does not block, encrypted where ``tls`` is given; the deadline is the caller's.

    ``said`` is told each stage (DNS, TCP, TLS) before it begins. Raises DeliveryError.
    """
    said("DNS")
    addresses = await resolve(settings.host, settings.broker_port)
    said("TCP")
    raw = await _connected(settings, addresses)
    if tls is None:
        return raw
    said("TLS")
    return await _encrypted(raw, tls, settings)


async def resolve(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[object, ...]]]:
    """Return the addresses behind a name; raises DeliveryError."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise DeliveryError(f"{host}: the name can't be resolved; is `host` right, and does DNS work here?") from error
    return [(family, address) for family, _, _, _, address in found]


async def _connected(
    settings: MqttSettings, addresses: list[tuple[socket.AddressFamily, tuple[object, ...]]]
) -> socket.socket:
    """Connect to the first address that lets us; raises DeliveryError with the last one's reason."""
    loop = asyncio.get_running_loop()
    failure: OSError | None = None
    for family, address in addresses:
        try:
            tcp = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:
            failure = error
            continue
        tcp.setblocking(False)
        try:
            await loop.sock_connect(tcp, address)
        except OSError as error:
            tcp.close()
            failure = error
        except BaseException:
            tcp.close()
            raise
        else:
            return tcp
    # asyncio's own text names the call and the address, not the reason.
    why = os.strerror(failure.errno) if failure is not None and failure.errno else "no address"
    raise DeliveryError(
        f"{settings.host}:{settings.broker_port}: no connection ({why}); is the broker up, is the port right, and does"
        " a firewall let us out?"
    ) from failure


async def _encrypted(tcp: socket.socket, tls: ssl.SSLContext, settings: MqttSettings) -> ssl.SSLSocket:
    """Shake hands; the socket is closed where that fails. Raises DeliveryError."""
    where = f"{settings.host}:{settings.broker_port}"
    try:
        encrypted = tls.wrap_socket(tcp, server_hostname=settings.host, do_handshake_on_connect=False)
    except (OSError, ValueError) as error:
        tcp.close()
        raise DeliveryError(f"{where}: TLS failed; is `host` a name or an address?") from error
    try:
        await _shake_hands(encrypted)
    except ssl.SSLCertVerificationError as error:
        encrypted.close()
        raise DeliveryError(
            f"{where}: the broker's certificate is not trusted ({error.verify_message}); is it from an authority that"
            " `ca` or the system trusts, and made for this name?"
        ) from error
    except OSError as error:
        encrypted.close()
        raise DeliveryError(
            f"{where}: TLS failed; does this port speak TLS, and which does the broker want?"
        ) from error
    except BaseException:
        encrypted.close()
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
