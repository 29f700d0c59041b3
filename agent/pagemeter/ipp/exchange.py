"""One question over HTTP, on a connection of its own: no proxy, no redirect, nothing unpacked, errors in our words."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from pagemeter.errors import PluginError, Unreachable, Unreadable
from pagemeter.ipp.message import MOST_OCTETS
from pagemeter.net.credentials import IPAddress
from pagemeter.net.fence import FencedNetwork

if TYPE_CHECKING:
    import aiohttp

_HEADERS = {"Content-Type": "application/ipp", "Accept": "application/ipp", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where a question goes: the address that was checked, and the name that it is asked under."""

    uri: str
    scheme: str
    address: IPAddress | None
    name: str
    port: int
    path: str
    socket: str | None = None
    fenced: FencedNetwork | None = None

    @property
    def url(self) -> str:
        """The address in HTTP's words."""
        host = self.name if self.address is None else str(self.address)
        return f"{self.scheme}://{f'[{host}]' if ':' in host else host}:{self.port}{self.path}"

    @property
    def secure(self) -> bool:
        """Whether it is asked by TLS."""
        return self.scheme == "https"


async def post(door: Door, body: bytes, *, timeout: float, connect_timeout: float) -> tuple[int, bytes]:
    """Post the question and read the whole answer: its HTTP status and at most 1 MB; times in seconds.

    Raises Unreachable, Unreadable, or PluginError without aiohttp.
    """
    aiohttp = _aiohttp()
    with _translated(aiohttp, door.uri):
        async with (
            asyncio.timeout(timeout),
            _session(aiohttp, door, connect_timeout) as session,
            session.post(
                door.url,
                data=body,
                headers={**_HEADERS, "Host": _authority(door)},
                allow_redirects=False,
                ssl=_unverified() if door.secure else True,
                server_hostname=door.name if door.secure else None,
            ) as response,
        ):
            return response.status, await _whole(response, door.uri)


def _session(library: Any, door: Door, connect_timeout: float) -> aiohttp.ClientSession:
    """Open a session for one question: no proxy, no cookies, no redirects, nothing unpacked, nothing kept open."""
    if door.socket is not None:
        connector = library.UnixConnector(path=door.socket, force_close=True)
    else:
        connector = library.TCPConnector(force_close=True, use_dns_cache=False)
    session: aiohttp.ClientSession = library.ClientSession(
        connector=connector,
        timeout=library.ClientTimeout(total=None, sock_connect=connect_timeout),
        cookie_jar=library.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
    )
    return session


def _authority(door: Door) -> str:
    host = f"[{door.name}]" if ":" in door.name else door.name
    return host if door.socket is not None else f"{host}:{door.port}"


async def _whole(response: aiohttp.ClientResponse, uri: str) -> bytes:
    """Read an answer of 1 MB at most."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_chunked(1 << 16):
        size += len(chunk)
        if size > MOST_OCTETS:
            raise Unreadable(f"{uri} answers more than {MOST_OCTETS:,} octets")
        chunks.append(chunk)
    return b"".join(chunks)


@contextmanager
def _translated(aiohttp: Any, uri: str) -> Iterator[None]:
    """Turn what the HTTP library and the system raise into the agent's words."""
    try:
        yield
    except (aiohttp.ClientSSLError, ssl.SSLError) as error:
        raise Unreadable(f"{uri} does not speak TLS with this host") from error
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError, aiohttp.ClientResponseError) as error:
        raise Unreadable(f"{uri} does not answer in HTTP ({type(error).__name__})") from error
    except (aiohttp.ClientConnectionError, TimeoutError, OSError, NotImplementedError) as error:
        raise Unreachable(f"{uri} does not answer IPP; is it switched on, is the port open?") from error
    except (aiohttp.ClientError, ValueError) as error:
        raise Unreadable(f"{uri} can't be asked by HTTP ({type(error).__name__})") from error


@cache
def _unverified() -> ssl.SSLContext:
    """Make the TLS of printers: self-signed, expired, old; it hides what is read and proves nobody's identity."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def _aiohttp() -> Any:
    """Import aiohttp where it is needed: it costs 150 ms, and it is an extra."""
    try:
        import aiohttp
    except ImportError as error:
        raise PluginError("IPP needs aiohttp: pip install 'pagemeter[http]'") from error
    return aiohttp
