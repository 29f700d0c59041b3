"""POST a body, and say in a line what went wrong."""

from __future__ import annotations

import asyncio
import gzip
import io
import os
import ssl
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pagemeter.clock import Clock
from pagemeter.component import Per, Traffic
from pagemeter.errors import DeliveryError, PluginError
from pagemeter.http.answer import HttpAnswer, retry_after
from pagemeter.http.failures import network_words, tls_words
from pagemeter.http.proxies import Proxy, proxy_failure, proxy_of
from pagemeter.http.settings import HttpSettings
from pagemeter.http.tls import context_of
from pagemeter.logs import keep_secret

if TYPE_CHECKING:
    import aiohttp

MOST_OCTETS = 1_000_000
"""How much of an answer's body is read; receipts have some hundred octets."""


class HttpClient:
    """Posts to ``settings.url``: a connection each time, for deliveries are rare and large.

    TLS is verified, redirects are not followed (they would carry the body to who knows where), cookies not kept. The
    deadline is the caller's. Secrets are in no error.
    """

    def __init__(
        self, settings: HttpSettings, *, clock: Clock, tls: ssl.SSLContext | None = None, proxy: Proxy | None = None
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.tls = tls
        self.proxy = proxy
        self.host = urlsplit(settings.url or "").hostname or ""

    @classmethod
    async def open(
        cls, settings: HttpSettings, *, folder: Path, clock: Clock, environ: Mapping[str, str] | None = None
    ) -> HttpClient:
        """Read what the settings name; raises PluginError where it can't be used or aiohttp is not installed."""
        await asyncio.to_thread(_require_aiohttp)
        proxy = proxy_of(settings, os.environ if environ is None else environ)
        if proxy is not None and proxy.password is not None:
            keep_secret([proxy.password])
        is_tls = urlsplit(settings.url or "").scheme == "https"
        tls = await asyncio.to_thread(context_of, settings, folder) if is_tls else None
        return cls(settings, clock=clock, tls=tls, proxy=proxy)

    async def post(self, body: bytes, *, content_type: str, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        """Send a body and return whatever the server answers; raises DeliveryError, or Refused by the proxy."""
        import aiohttp  # costs 150 ms and may be absent

        sent = self._headers(content_type) | dict(headers or {})
        if self.settings.gzip:
            body = await asyncio.to_thread(gzip.compress, body, mtime=0)
            sent["Content-Encoding"] = "gzip"
        try:
            async with aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=None),
                connector=aiohttp.TCPConnector(force_close=True),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            ) as session:
                return await self._exchange(session, body, sent)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise self._failure(error) from (error if isinstance(error, OSError) else None)

    async def _exchange(self, session: aiohttp.ClientSession, body: bytes, headers: dict[str, str]) -> HttpAnswer:
        proxy = self.proxy
        if proxy is not None and self.tls is None:
            headers |= proxy.headers
        async with session.post(
            self.settings.url or "",
            data=io.BytesIO(body),  # sent piece by piece
            headers=headers,
            ssl=self.tls if self.tls is not None else True,
            proxy=proxy.url if proxy is not None else None,
            proxy_headers=proxy.headers if proxy is not None and self.tls is not None else None,
            allow_redirects=False,
        ) as response:
            answered = {name.lower(): value for name, value in response.headers.items()}
            raw, cut = await _read(response.content)
            if cut:
                response.close()
            unpacked, cut_again = _unpacked(raw, answered.get("content-encoding", ""))
            return HttpAnswer(
                host=self.host, status=response.status, headers=answered, body=unpacked, cut=cut or cut_again
            )

    def _headers(self, content_type: str) -> dict[str, str]:
        from pagemeter import __version__

        settings = self.settings
        headers = {
            **{name: value.get_secret_value() for name, value in settings.headers.items()},
            "Accept-Encoding": "identity",
            "Content-Type": content_type,
            "User-Agent": f"Pagemeter/{__version__}",
        }
        if settings.token is not None:
            headers["Authorization"] = f"Bearer {settings.token.get_secret_value()}"
        return headers

    def _failure(self, error: Exception) -> DeliveryError:
        import aiohttp

        if isinstance(error, aiohttp.ClientHttpProxyError):
            wait = retry_after((error.headers or {"": ""}).get("Retry-After"), self.clock.now())
            return proxy_failure(self.host, self.proxy, error.status, wait)
        if isinstance(error, aiohttp.ClientConnectorError) and self.proxy is not None and not _is_tls(error):
            return DeliveryError(f"the proxy {self.proxy.host} can't be reached: {network_words(error.os_error)}")
        words = _words(error)
        if isinstance(error, aiohttp.ClientOSError) and words.startswith(_BROKE) and self.tls is not None:
            # With TLS 1.3 a server that wants our certificate says so after the request, and often by hanging up.
            words += "" if self.settings.client_certificate else "; does the server want a client certificate?"
        return DeliveryError(f"{self.host}: {words}")


_BROKE = "the connection broke before there was an answer"


def _words(error: Exception) -> str:
    """Say what broke between us and the server."""
    import aiohttp

    match error:
        case aiohttp.ClientConnectorCertificateError():
            return f"TLS failed; {tls_words(error.certificate_error)}"
        case aiohttp.ClientConnectorError() if not _is_tls(error):
            return network_words(error.os_error)
        case aiohttp.ClientPayloadError():
            return "the answer broke off; it is tried again"
        case aiohttp.ClientResponseError():
            return "the answer is no HTTP; is the port of `url` right?"
    cause = getattr(error, "os_error", None) or error.__cause__ or error
    if isinstance(cause, ssl.SSLError):
        return f"TLS failed; {tls_words(cause)}"
    return f"{_BROKE} ({type(error).__name__}); it is tried again"


def _is_tls(error: aiohttp.ClientConnectorError) -> bool:
    return isinstance(error.os_error, ssl.SSLError)


async def _read(content: aiohttp.StreamReader) -> tuple[bytes, bool]:
    """Read up to MOST_OCTETS; whether there was more."""
    kept = bytearray()
    async for chunk in content.iter_chunked(65_536):
        room = MOST_OCTETS - len(kept)
        kept += chunk[:room]
        if len(chunk) > room:
            return bytes(kept), True
    return bytes(kept), False


def _unpacked(raw: bytes, encoding: str) -> tuple[bytes, bool]:
    """Unpack what a server packed unasked, up to MOST_OCTETS; what can't be unpacked is left as it is."""
    if encoding.strip().lower() not in ("gzip", "x-gzip", "deflate"):
        return raw, False
    inflate = zlib.decompressobj(wbits=47)  # gzip or zlib, whichever it is
    try:
        unpacked = inflate.decompress(raw, MOST_OCTETS)
    except zlib.error:
        return raw, False
    return unpacked, bool(inflate.unconsumed_tail) or not inflate.eof


def traffic_of(
    settings: HttpSettings,
    *,
    why: str,
    carries: str,
    packets: int | None = None,
    octets: int | None = None,
    environ: Mapping[str, str] | None = None,
) -> Iterable[Traffic]:
    """Name one connection a delivery, to the server or to the proxy that leads there, for ``plan``.

    ``packets`` and ``octets`` are what each device in it needs, without compression.
    """
    carries += f", {_SECRETS}" if settings.token is not None or settings.headers else ""
    proxy = proxy_of(settings, os.environ if environ is None else environ)
    if proxy is not None:
        carries += ", the proxy's password" if proxy.password is not None else ""
        why += f", through the proxy to {urlsplit(settings.url or '').hostname}"
        host, port = proxy.host, proxy.port
    else:
        parts = urlsplit(settings.url or "")
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    yield Traffic(
        to=host,
        port=port,
        protocol="tcp",
        per=Per.DEVICE,
        packets=packets,
        octets=octets,
        why=why,
        carries=carries,
    )


_SECRETS = "the token and the headers of the settings"


def _require_aiohttp() -> None:
    try:
        import aiohttp  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise PluginError("`url` needs aiohttp: pip install 'pagemeter[http]'") from error
