from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
import trustme
from aiohttp import web

from pagemeter import Batch, Services
from pagemeter.errors import DeliveryError, PluginError, Refused, TooLarge
from pagemeter.model import FleetEntry
from pagemeter_plugins.https_xml.output import HttpsXmlOutput
from pagemeter_plugins.https_xml.settings import HttpsXmlSettings

TOKEN = "tOkEn-7f3a"

BatchOf = Callable[..., Batch]


@dataclass
class BackEnd:
    """A server that knows one token, keeps what it takes and answers as it is told."""

    port: int = 0
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/report"

    async def take(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.Response(status=401)
        self.requests.append((dict(request.headers), await request.read()))
        return web.Response(status=self.status, headers=self.headers)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca(authority: trustme.CA, tmp_path: Path) -> str:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return "ca.pem"


@pytest.fixture
async def server(authority: trustme.CA) -> AsyncIterator[BackEnd]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    back_end = BackEnd()
    app = web.Application()
    app.router.add_post("/report", back_end.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    back_end.port = runner.addresses[0][1]
    yield back_end
    await runner.cleanup()


@dataclass
class Proxy:
    """An HTTP proxy that opens tunnels (RFC 9110 section 9.3.6) to loopback and remembers what it was asked."""

    port: int = 0
    heads: list[str] = field(default_factory=list)

    async def tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        port = int(self.heads[-1].split()[1].rpartition(":")[2])
        there, back = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        async with asyncio.TaskGroup() as both:
            both.create_task(_copy(reader, back))
            both.create_task(_copy(there, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while block := await reader.read(65536):
            writer.write(block)
            await writer.drain()
    except ConnectionError:
        pass
    writer.close()


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    it = Proxy()
    listener = await asyncio.start_server(it.tunnel, "127.0.0.1", 0)
    it.port = listener.sockets[0].getsockname()[1]
    yield it
    listener.close()


async def deliver(services: Services, batch: Batch, **settings: object) -> None:
    async with HttpsXmlOutput(HttpsXmlSettings.model_validate(settings), services) as output:
        await output.deliver(batch)


async def test_a_report_arrives_with_its_token_and_its_key(
    server: BackEnd, services: Services, batch_of: BatchOf, printer: FleetEntry, ca: str
) -> None:
    await deliver(services, batch_of(printer, id="batch-42"), url=server.url, token=TOKEN, ca=ca)
    [(headers, body)] = server.requests
    assert headers["Content-Type"] == "application/xml"
    assert headers["Idempotency-Key"] == "batch-42"
    assert headers["User-Agent"] == "Pagemeter/0.1.0"
    assert b"<serial_number>SN0001</serial_number>" in body


async def test_a_report_of_an_empty_fleet_is_sent_all_the_same(
    server: BackEnd, services: Services, batch_of: BatchOf, ca: str
) -> None:
    await deliver(services, batch_of(), url=server.url, token=TOKEN, ca=ca)
    assert len(server.requests) == 1


async def test_a_compressed_report_says_so_and_is_the_same(
    server: BackEnd, services: Services, batch_of: BatchOf, printer: FleetEntry, ca: str
) -> None:
    # aiohttp's server unpacks what Content-Encoding names.
    await deliver(services, batch_of(printer), url=server.url, token=TOKEN, ca=ca, gzip=True)
    await deliver(services, batch_of(printer), url=server.url, token=TOKEN, ca=ca)
    (packed_headers, unpacked), (plain_headers, plain) = server.requests
    assert packed_headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain_headers
    assert int(packed_headers["Content-Length"]) == len(gzip.compress(plain, mtime=0)) < len(plain)
    assert unpacked == plain


async def test_a_wrong_token_is_refused_and_never_quoted(
    server: BackEnd, services: Services, batch_of: BatchOf, ca: str
) -> None:
    with pytest.raises(Refused, match="localhost refuses us \\(401\\); is the token right") as caught:
        await deliver(services, batch_of(), url=server.url, token="wrong-secret", ca=ca)
    assert "wrong-secret" not in str(caught.value)
    assert server.requests == []


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (401, Refused, "token"),
        (403, Refused, "token"),
        (413, TooLarge, "smaller"),
        (400, DeliveryError, "report-1.xsd"),
        (422, DeliveryError, "report-1.xsd"),
        (404, DeliveryError, "path"),
        (307, DeliveryError, "moved"),
        (500, DeliveryError, "tried again"),
        (599, DeliveryError, "tried again"),
    ],
)
async def test_an_answer_tells_the_agent_what_to_do(
    server: BackEnd, services: Services, batch_of: BatchOf, ca: str, status: int, kind: type[Exception], words: str
) -> None:
    server.status = status
    with pytest.raises(DeliveryError, match=words) as caught:
        await deliver(services, batch_of(), url=server.url, token=TOKEN, ca=ca)
    assert type(caught.value) is kind
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize(
    ("status", "retry_after", "wait"),
    [
        (429, "90", timedelta(seconds=90)),
        (503, "Sat, 31 Jan 2026 12:02:00 GMT", timedelta(minutes=2)),
        (503, "Sat, 31 Jan 2026 11:00:00 GMT", timedelta(0)),
        (503, "999999999999999999999", timedelta(days=1)),
        (503, "soon", None),
        (503, "-5", None),
        (503, None, None),
    ],
)
async def test_retry_after_is_heeded(
    server: BackEnd,
    services: Services,
    batch_of: BatchOf,
    ca: str,
    *,
    status: int,
    retry_after: str | None,
    wait: timedelta | None,
) -> None:
    server.status, server.headers = status, {"Retry-After": retry_after} if retry_after else {}
    with pytest.raises(DeliveryError) as caught:
        await deliver(services, batch_of(), url=server.url, token=TOKEN, ca=ca)
    assert caught.value.retry_after == wait


async def test_a_redirect_is_not_followed(server: BackEnd, services: Services, batch_of: BatchOf, ca: str) -> None:
    server.status, server.headers = 308, {"Location": server.url}
    with pytest.raises(DeliveryError, match="moved"):
        await deliver(services, batch_of(), url=server.url, token=TOKEN, ca=ca)
    assert len(server.requests) == 1


async def test_a_server_of_an_unknown_authority_gets_nothing(
    server: BackEnd, services: Services, batch_of: BatchOf
) -> None:
    with pytest.raises(DeliveryError, match="localhost: TLS failed"):
        await deliver(services, batch_of(), url=server.url, token=TOKEN)
    assert server.requests == []


async def test_a_server_of_another_name_gets_nothing(
    server: BackEnd, services: Services, batch_of: BatchOf, ca: str
) -> None:
    with pytest.raises(DeliveryError, match="TLS failed"):
        await deliver(services, batch_of(), url=f"https://127.0.0.1:{server.port}/report", token=TOKEN, ca=ca)
    assert server.requests == []


async def test_a_server_that_is_down_is_a_line_with_its_name(services: Services, batch_of: BatchOf) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(DeliveryError, match=r"^127\.0\.0\.1: no connection") as caught:
        await deliver(services, batch_of(), url=f"https://127.0.0.1:{port}/report", token=TOKEN)
    assert TOKEN not in str(caught.value)


async def test_a_proxy_carries_the_report_and_gets_its_own_password_only(
    server: BackEnd, proxy: Proxy, services: Services, batch_of: BatchOf, ca: str
) -> None:
    way = {"proxy": f"http://127.0.0.1:{proxy.port}", "proxy_user": "agent", "proxy_password": "pw"}
    await deliver(services, batch_of(), url=server.url, token=TOKEN, ca=ca, **way)
    assert len(server.requests) == 1
    assert "Proxy-Authorization" not in server.requests[0][0]
    [head] = proxy.heads
    assert "Proxy-Authorization: Basic YWdlbnQ6cHc=" in head
    assert TOKEN not in head


async def test_a_proxy_that_is_down_is_named(services: Services, batch_of: BatchOf) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(DeliveryError, match=r"the proxy 127\.0\.0\.1 can't be reached"):
        await deliver(services, batch_of(), url="https://localhost:1/", proxy=f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("content", [None, b"", b"no PEM"])
async def test_a_ca_that_is_none_is_said_when_it_is_opened(
    services: Services, batch_of: BatchOf, tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "own.pem").write_bytes(content)
    with pytest.raises(PluginError, match=r"own\.pem can't be used as `ca`"):
        await deliver(services, batch_of(), url="https://localhost:1/", ca="own.pem")


async def test_the_network_is_announced(services: Services) -> None:
    settings = HttpsXmlSettings(url="https://meters.example/report", proxy="http://proxy.lan:3128")
    assert [(t.to, t.port, t.protocol) for t in HttpsXmlOutput(settings, services).traffic()] == [
        ("proxy.lan", 3128, "tcp")
    ]
    direct = HttpsXmlSettings(url="https://meters.example/report")
    assert [(t.to, t.port) for t in HttpsXmlOutput(direct, services).traffic()] == [("meters.example", 443)]
    assert list(HttpsXmlOutput(HttpsXmlSettings(folder="reports"), services).traffic()) == []
