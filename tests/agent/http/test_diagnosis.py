"""The trial, step by step: where it ends and what it says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from pagemeter import Stage
from pagemeter.errors import DeliveryError
from pagemeter.http import HttpAnswer, HttpClient, HttpSettings, Trial, diagnose
from pagemeter.testing import FakeClock

Serve = Callable[..., Awaitable[Any]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"


def receipt(answer: HttpAnswer) -> str:
    if answer.body != b"OK":
        raise DeliveryError("no receipt; mend it")
    return "it is there"


async def stages(url: str, folder: Path, *, seconds: float = 10.0, **settings: Any) -> list[Stage]:
    given = {"url": url, "ca": "ca.pem", **settings}
    client = await HttpClient.open(HttpSettings.model_validate(given), folder=folder, clock=FakeClock(), environ={})
    trial = Trial(body=b"test", content_type="text/plain", headers={}, receipt=receipt)
    return [stage async for stage in diagnose(client, trial, seconds=seconds)]


@asynccontextmanager
async def peer(answer: bytes | None) -> AsyncIterator[int]:
    """A server that answers the first octets it gets, or says nothing at all."""
    done = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        if answer is None:
            await done.wait()
        else:
            writer.write(answer)
        writer.close()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as listener:
        yield listener.sockets[0].getsockname()[1]
        done.set()


async def test_all_that_goes_well_is_said_too(serve: Serve, folder: Path) -> None:
    server = await serve(OK)
    found = await stages(server.url, folder)
    assert [(stage.name, stage.ok) for stage in found] == [
        (name, True) for name in ("DNS", "TCP", "TLS", "request", "status", "receipt")
    ]
    assert "localhost is " in found[0].text
    assert found[2].text.startswith("TLSv1.3, the certificate is trusted and valid until ")
    assert found[-1].text == "it is there"
    assert [body for _, body in server.requests] == [b"test"]


async def test_plain_http_has_no_tls_and_an_address_no_name(serve: Serve, folder: Path) -> None:
    server = await serve(OK, tls=None)
    found = await stages(f"http://127.0.0.1:{server.port}/", folder, allow_plain_http=True)
    assert [stage.name for stage in found] == ["DNS", "TCP", "request", "status", "receipt"]
    assert found[0].text == "127.0.0.1 is an address, no name to resolve"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "proxy_password"),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "has to allow"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "can't reach localhost"),
        (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", "does not speak HTTP"),
        (b"", "ends the connection"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000, "ends the connection"),
        (None, "did not answer within 0.2 s"),
    ],
)
async def test_a_proxy_that_makes_no_tunnel_is_the_stage(folder: Path, answer: bytes | None, words: str) -> None:
    async with peer(answer) as port:
        found = await stages("https://localhost:443/", folder, proxy=f"http://127.0.0.1:{port}", seconds=0.2)
    assert [(stage.name, stage.ok) for stage in found] == [("DNS", True), ("TCP", True), ("proxy", False)]
    assert words in found[-1].text


@pytest.mark.parametrize(
    ("answer", "words"),
    [(b"HTTP/1.1 400 Bad Request\r\n\r\n", "no TLS is spoken there"), (b"", "ended"), (None, "did not answer within")],
)
async def test_a_server_without_tls_is_the_stage(folder: Path, answer: bytes | None, words: str) -> None:
    async with peer(answer) as port:
        found = await stages(f"https://localhost:{port}/", folder, seconds=0.2)
    assert (found[-1].name, found[-1].ok) == ("TLS", False)
    assert words in found[-1].text


@pytest.mark.parametrize(
    ("answer", "stage", "words"),
    [
        (b"", "request", "broke"),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", "status", "500"),
        (b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", "status", "token"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nOK", "status", "web page"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nHm", "receipt", "mend it"),
    ],
)
async def test_what_the_server_answers_is_the_stage(
    serve: Serve, folder: Path, answer: bytes, stage: str, words: str
) -> None:
    found = await stages((await serve(answer)).url, folder)
    assert all(before.ok for before in found[:-1])
    assert (found[-1].name, found[-1].ok) == (stage, False)
    assert words in found[-1].text
