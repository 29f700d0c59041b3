"""What happens on the way to a server, step by step, in plain words: DNS, TCP, proxy, TLS, request, status, receipt."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from pagemeter.component import Stage
from pagemeter.dial import look_up, resolved, tried
from pagemeter.errors import DeliveryError
from pagemeter.http.answer import HttpAnswer, check
from pagemeter.http.client import HttpClient
from pagemeter.http.failures import network_words, tls_words
from pagemeter.http.proxies import proxy_failure
from pagemeter.tls import encrypted_by

STEP_SECONDS = 10.0
REQUEST_SECONDS = 60.0
_MOST_HEAD = 65_536

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is posted as a test, and who judges the answer: ``receipt`` says in words what was received, or raises."""

    body: bytes
    content_type: str
    headers: Mapping[str, str]
    receipt: Callable[[HttpAnswer], str]


async def diagnose(client: HttpClient, trial: Trial, *, seconds: float = STEP_SECONDS) -> AsyncIterator[Stage]:
    """Yield each step as it is done; the first that fails is the last. Connects twice: to look, and to post."""
    async with _Way(client, seconds) as way:
        for name, step in way.steps():
            stage = await tried(name, step)
            yield stage
            if not stage.ok:
                return
    sent = _Sent(client, trial)
    for name, send in (("request", sent.request), ("status", sent.status), ("receipt", sent.receipt)):
        stage = await tried(name, send)
        yield stage
        if not stage.ok:
            return


class _Way:
    """The connection to the server, made by hand so that each step is seen; nothing is posted over it."""

    def __init__(self, client: HttpClient, seconds: float) -> None:
        self._client = client
        self._seconds = seconds
        parts = urlsplit(client.settings.url or "")
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        proxy = client.proxy
        self._hop = (proxy.host, proxy.port) if proxy is not None else (client.host, self._port)
        self._what = f"the proxy {proxy.host}" if proxy is not None else client.host
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> _Way:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        if self._writer is not None:
            self._writer.transport.abort()

    def steps(self) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        """Name the steps that there are for this way."""
        steps: list[tuple[str, Callable[[], Awaitable[str]]]] = [("DNS", self._resolve), ("TCP", self._connect)]
        if self._client.tls is not None:
            steps += [("proxy", self._tunnel)] if self._client.proxy is not None else []
            steps += [("TLS", self._encrypt)]
        return steps

    async def _resolve(self) -> str:
        host, port = self._hop
        return resolved(host, await self._within(look_up(host, port)))

    async def _connect(self) -> str:
        host, port = self._hop
        self._reader, self._writer = await self._within(asyncio.open_connection(host, port, limit=_MOST_HEAD))
        return f"{self._what} takes connections at port {port}"

    async def _tunnel(self) -> str:
        client, proxy = self._client, self._client.proxy
        if self._reader is None or self._writer is None or proxy is None:
            raise DeliveryError("there is no connection")
        host = f"[{client.host}]" if ":" in client.host else client.host
        lines = [f"CONNECT {host}:{self._port} HTTP/1.1", f"Host: {host}:{self._port}"]
        lines += [f"{name}: {value}" for name, value in proxy.headers.items()]
        self._writer.write("\r\n".join([*lines, "", ""]).encode())
        head = await self._within(self._head(self._reader))
        version, _, rest = head.partition(b" ")
        status = rest[:3]
        if not version.startswith(b"HTTP/1.") or not status.isdigit():
            raise DeliveryError(f"the proxy {proxy.host} does not speak HTTP; is its port right?")
        if status != b"200":
            raise proxy_failure(client.host, proxy, int(status))
        return f"it lets us through to {host} port {self._port}"

    async def _head(self, reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            raise DeliveryError(f"{self._what} ends the connection; is it an HTTP proxy?") from None

    async def _encrypt(self) -> str:
        tls, writer = self._client.tls, self._writer
        if tls is None or writer is None:
            raise DeliveryError("there is no connection")
        await self._within(writer.start_tls(tls, server_hostname=self._client.host))
        channel: ssl.SSLObject = writer.get_extra_info("ssl_object")
        pinned = ", its key is pinned" if self._client.settings.pin else ""
        return f"{encrypted_by(channel)}{pinned}"

    async def _within(self, work: Awaitable[T]) -> T:
        """Wait for one step; raises DeliveryError with the reason and the remedy."""
        try:
            async with asyncio.timeout(self._seconds):
                return await work
        except TimeoutError:
            raise DeliveryError(
                f"{self._what} did not answer within {self._seconds:g} s; does a firewall stop us?"
            ) from None
        except ssl.SSLError as error:
            raise DeliveryError(tls_words(error)) from None
        except OSError as error:
            raise DeliveryError(f"{self._what}: {network_words(error)}") from None


class _Sent:
    """The test itself, through the same client as every delivery."""

    def __init__(self, client: HttpClient, trial: Trial) -> None:
        self._client = client
        self._trial = trial
        self._answer: HttpAnswer | None = None

    async def request(self) -> str:
        """Post the test."""
        trial = self._trial
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                self._answer = await self._client.post(
                    trial.body, content_type=trial.content_type, headers=trial.headers
                )
        except TimeoutError:
            raise DeliveryError(
                f"{self._client.host} took the test and said nothing for {REQUEST_SECONDS:g} s"
            ) from None
        return f"a test of {len(trial.body):,} octets was sent and answered"

    async def status(self) -> str:
        """Judge the status."""
        if self._answer is None:
            raise DeliveryError("there is no answer")
        check(self._answer, now=self._client.clock.now())
        return f"{self._answer.status}"

    async def receipt(self) -> str:
        """Judge the body."""
        if self._answer is None:
            raise DeliveryError("there is no answer")
        return self._trial.receipt(self._answer)
