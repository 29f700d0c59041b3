"""Asks printers and print servers over HTTP: through the fence and the packet budget, never a printing port.

What is sent is taken from the packet budget as 8 packets a connection (the handshake, the question, the end), 4 more
for TLS, and 1 for each 2,920 octets of the answer (an acknowledgement for two segments), the latter when it is there.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from pagemeter.clock import Clock
from pagemeter.errors import AccessDenied, PluginError, Unreachable, Unreadable
from pagemeter.ipp.message import MOST_OCTETS, IppMessage, MalformedError, decode, encode
from pagemeter.ipp.operations import Operation
from pagemeter.net.budget import Budget
from pagemeter.net.credentials import IPAddress
from pagemeter.net.fence import PRINTING_PORTS, Fence, FencedNetwork
from pagemeter.net.ranges import Resolver, resolve

if TYPE_CHECKING:
    import aiohttp

PORT = 631
PACKETS = 8
PACKETS_OF_TLS = 4
OCTETS_PER_PACKET = 2920

_HTTP = {"ipp": "http", "ipps": "https"}
_UNIX = "ipp+unix"
_HEADERS = {"Content-Type": "application/ipp", "Accept": "application/ipp", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Door:
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
        host = self.name if self.address is None else str(self.address)
        return f"{self.scheme}://{f'[{host}]' if ':' in host else host}:{self.port}{self.path}"


class IppClient:
    """An ``Ipp``; ``at_once`` questions at a time, each on a connection of its own for at most ``timeout`` seconds."""

    def __init__(
        self,
        *,
        fence: Fence,
        budget: Budget,
        clock: Clock,
        resolver: Resolver = resolve,
        timeout: float = 20.0,
        connect_timeout: float = 5.0,
        at_once: int = 16,
    ) -> None:
        self._fence = fence
        self._budget = budget
        self._clock = clock
        self._resolver = resolver
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._seats = asyncio.Semaphore(at_once)
        self._budgets: dict[FencedNetwork, Budget] = {}

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

    async def _doors(self, uri: str, parts: SplitResult, *, server: bool) -> list[_Door]:
        """Find where to ask: every address of the name that may be asked; raises where there is none."""
        path = parts.path or "/"
        if parts.scheme == _UNIX:
            if not server:
                raise AccessDenied(f"{uri}: only a print server of the settings is asked over a local socket")
            return [_Door(uri=uri, scheme="http", address=None, name="localhost", port=80, path="/", socket=path)]
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
            place = _Door(uri=uri, scheme=_HTTP[parts.scheme], address=address, name=name, port=port, path=path)
            doors.append(replace(place, fenced=fenced))
        if refused and not doors:
            raise refused[0]
        return doors

    async def _addresses(self, host: str) -> tuple[IPAddress, ...]:
        try:
            return (ip_address(host),)
        except ValueError:
            return await self._resolver(host)

    async def _knock(self, door: _Door, body: bytes) -> IppMessage:
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

    async def _exchange(self, door: _Door, body: bytes) -> tuple[int, bytes]:
        """Post the question on a connection of its own and read the whole answer."""
        aiohttp = _aiohttp()
        take = self._taker(door.fenced)
        secure = door.scheme == "https"
        await take(PACKETS + (PACKETS_OF_TLS if secure else 0))
        with _translated(aiohttp, door.uri):
            async with (
                asyncio.timeout(self._timeout),
                self._session(aiohttp, door) as session,
                session.post(
                    door.url,
                    data=body,
                    headers={**_HEADERS, "Host": _authority(door)},
                    allow_redirects=False,
                    ssl=_unverified() if secure else True,
                    server_hostname=door.name if secure else None,
                ) as response,
            ):
                status, answer = response.status, await _whole(response, door.uri)
        await take(len(answer) // OCTETS_PER_PACKET)
        return status, answer

    def _session(self, library: Any, door: _Door) -> aiohttp.ClientSession:
        """Open a session for one question: no proxy, no cookies, no redirects, nothing unpacked, nothing kept open."""
        if door.socket is not None:
            connector = library.UnixConnector(path=door.socket, force_close=True)
        else:
            connector = library.TCPConnector(force_close=True, use_dns_cache=False)
        session: aiohttp.ClientSession = library.ClientSession(
            connector=connector,
            timeout=library.ClientTimeout(total=None, sock_connect=self._connect_timeout),
            cookie_jar=library.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )
        return session

    def _taker(self, fenced: FencedNetwork | None) -> Callable[[int], Awaitable[None]]:
        """Return what waits for the agent's budget, and for the network's own where it has one."""
        if fenced is None or fenced.packets_per_second is None:
            return self._budget.take
        own = self._budgets.setdefault(fenced, Budget(self._clock, fenced.packets_per_second))

        async def take(packets: int) -> None:
            await own.take(packets)
            await self._budget.take(packets)

        return take


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


def _authority(door: _Door) -> str:
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
