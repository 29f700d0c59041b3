"""The client against back ends that misbehave."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from pagemeter.errors import DeliveryError
from pagemeter.http import HttpAnswer, HttpClient, HttpSettings
from pagemeter.http.client import MOST_OCTETS, traffic_of
from pagemeter.http.tls import public_key_of
from pagemeter.testing import FakeClock

Serve = Callable[..., Awaitable[Any]]

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nOK"
TOKEN = "tOkEn-7f3a"


async def post(url: str, folder: Path, body: bytes = b"<report/>", **settings: Any) -> HttpAnswer:
    given = {"url": url, "ca": "ca.pem", "token": TOKEN, **settings}
    client = await HttpClient.open(HttpSettings.model_validate(given), folder=folder, clock=FakeClock(), environ={})
    async with asyncio.timeout(20):
        return await client.post(body, content_type="application/xml", headers={"Idempotency-Key": "b-1"})


async def failure(url: str, folder: Path, **settings: Any) -> str:
    """The error, which holds no secret whatever it is."""
    with pytest.raises(DeliveryError) as caught:
        await post(url, folder, **settings)
    error: BaseException | None = caught.value
    while error is not None:
        assert TOKEN not in f"{error} {error!r}"
        assert "canary" not in f"{error} {error!r}"
        error = error.__cause__
    assert type(caught.value) is DeliveryError
    return str(caught.value)


@contextmanager
def alerting(tls: ssl.SSLContext) -> Iterator[str]:
    """A server that only shakes hands, and says by an alert why it does not want to; asyncio hangs up without one."""

    def shake() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError), tls.wrap_socket(connection, server_side=True) as channel:
            channel.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=shake)
        thread.start()
        yield f"https://localhost:{listener.getsockname()[1]}/"
        thread.join(20)
        assert not thread.is_alive()


def pin_of(leaf: trustme.LeafCert) -> str:
    der = ssl.PEM_cert_to_DER_cert(leaf.cert_chain_pems[0].bytes().decode())
    return "sha256/" + base64.b64encode(hashlib.sha256(public_key_of(der)).digest()).decode()


async def test_a_body_arrives_whole_with_its_headers_and_the_answer_comes_back(serve: Serve, folder: Path) -> None:
    server = await serve(OK)
    answer = await post(server.url, folder, headers={"X-Api-Key": "k-1"})
    assert (answer.status, answer.body, answer.cut, answer.host) == (200, b"OK", False, "localhost")
    [(head, body)] = server.requests
    assert head.startswith("POST /report?key=canary HTTP/1.1\r\n")
    for line in (f"Authorization: Bearer {TOKEN}", "X-Api-Key: k-1", "Content-Type: application/xml",
                 "Idempotency-Key: b-1", "Content-Length: 9", "Accept-Encoding: identity"):  # fmt: skip
        assert f"\r\n{line}\r\n" in head
    assert body == b"<report/>"


async def test_a_large_body_arrives_whole(serve: Serve, folder: Path) -> None:
    server = await serve(OK)
    large = b"0123456789abcdef" * 500_000
    await post(server.url, folder, large)
    assert hashlib.sha256(server.requests[0][1]).digest() == hashlib.sha256(large).digest()


async def test_a_packed_body_says_so(serve: Serve, folder: Path) -> None:
    server = await serve(OK)
    await post(server.url, folder, gzip=True)
    [(head, body)] = server.requests
    assert "\r\nContent-Encoding: gzip\r\n" in head
    assert gzip.decompress(body) == b"<report/>"


async def test_an_endless_body_is_read_up_to_the_cap(serve: Serve, folder: Path) -> None:
    gone = asyncio.Event()

    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                writer.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")
                await writer.drain()
                await asyncio.sleep(0)  # drain does not let others run while it need not wait
        finally:
            gone.set()

    server = await serve(endless)
    answer = await post(server.url, folder)
    assert (len(answer.body), answer.cut) == (MOST_OCTETS, True)
    async with asyncio.timeout(20):
        await gone.wait()  # the connection was closed


async def test_a_bomb_is_unpacked_up_to_the_cap(serve: Serve, folder: Path) -> None:
    bomb = gzip.compress(bytes(200_000_000), 9)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    answer = await post((await serve(head + bomb)).url, folder)
    assert (len(answer.body), answer.cut) == (MOST_OCTETS, True)


@pytest.mark.parametrize(
    ("encoding", "packed"), [("gzip", gzip.compress(b"OK", mtime=0)), ("br", b"\x0b\x00\x80OK\x03")]
)
async def test_a_packed_answer_is_unpacked_where_we_know_how(
    serve: Serve, folder: Path, encoding: str, packed: bytes
) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    answer = await post((await serve(head + packed)).url, folder)
    assert answer.body == (b"OK" if encoding == "gzip" else packed)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhalf",
    ],
)
async def test_an_answer_that_breaks_off_is_no_answer(serve: Serve, folder: Path, answer: bytes) -> None:
    assert "localhost: the answer broke off" in await failure((await serve(answer)).url, folder)


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/1.1 two hundred OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"\x00\x01\x02\x03" * 10 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
async def test_what_is_no_http_is_said_to_be_none(serve: Serve, folder: Path, answer: bytes) -> None:
    assert "localhost: the answer is no HTTP" in await failure((await serve(answer)).url, folder)


async def test_a_server_that_hangs_up_is_a_line(serve: Serve, folder: Path) -> None:
    assert "localhost: the connection broke" in await failure((await serve(b"")).url, folder)


async def test_a_server_that_cuts_the_upload_is_a_line(serve: Serve, folder: Path) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    async with await asyncio.start_server(cut, "127.0.0.1", 0) as listener:
        url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
        with pytest.raises(DeliveryError, match=r"127\.0\.0\.1: the connection broke"):
            await post(url, folder, bytes(20_000_000), allow_plain_http=True)


async def test_a_deadline_ends_a_server_that_says_nothing(serve: Serve, folder: Path) -> None:
    asked, done = asyncio.Event(), asyncio.Event()

    async def silent(writer: asyncio.StreamWriter) -> None:
        asked.set()
        await done.wait()

    server = await serve(silent)
    task = asyncio.create_task(post(server.url, folder))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    done.set()


@pytest.mark.parametrize("location", ["http://127.0.0.1:1/", "/elsewhere", "https://localhost:{port}/report"])
async def test_a_redirect_is_an_answer_and_never_followed(serve: Serve, folder: Path, location: str) -> None:
    server = await serve(b"HTTP/1.1 307 Moved\r\nLocation: " + location.encode() + b"\r\nContent-Length: 0\r\n\r\n")
    assert (await post(server.url, folder)).status == 307
    assert server.connections == 1


async def test_cookies_are_not_kept(serve: Serve, folder: Path) -> None:
    server = await serve(b"HTTP/1.1 204 No Content\r\nSet-Cookie: a=b; Path=/\r\n\r\n")
    await post(server.url, folder)
    await post(server.url, folder)
    assert [("Cookie" in head) for head, _ in server.requests] == [False, False]


async def test_a_pinned_key_is_taken(serve: Serve, folder: Path, leaf: trustme.LeafCert) -> None:
    server = await serve(OK)
    answer = await post(server.url, folder, pin=["sha256:" + "00" * 32, pin_of(leaf)])
    assert answer.status == 200


async def test_another_key_gets_neither_request_nor_our_certificate(
    serve: Serve, folder: Path, server_tls: ssl.SSLContext, authority: trustme.CA
) -> None:
    authority.configure_trust(server_tls)
    server_tls.verify_mode = ssl.CERT_REQUIRED
    server = await serve(OK)
    said = await failure(server.url, folder, pin=["sha256:" + "00" * 32], client_certificate="me.pem")
    assert "the server's key is none of `pin`" in said
    assert (server.requests, server.connections) == ([], 0)


async def test_a_pin_does_not_replace_trust(serve: Serve, folder: Path, leaf: trustme.LeafCert) -> None:
    server = await serve(OK)
    assert "authority is unknown" in await failure(server.url, folder, ca=None, pin=[pin_of(leaf)])
    assert server.requests == []


async def test_a_name_that_is_not_in_the_certificate_gets_nothing(serve: Serve, folder: Path) -> None:
    server = await serve(OK)
    said = await failure(server.url.replace("localhost", "127.0.0.1"), folder)
    assert "127.0.0.1: TLS failed; the server's certificate is for another address" in said
    assert server.requests == []


async def test_an_expired_certificate_is_said_to_be_one(serve: Serve, folder: Path, authority: trustme.CA) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", not_after=datetime(2021, 1, 1, tzinfo=UTC)).configure_cert(tls)
    assert "has expired" in await failure((await serve(OK, tls=tls)).url, folder)


async def test_a_server_that_wants_a_client_certificate_gets_ours(
    serve: Serve, folder: Path, server_tls: ssl.SSLContext, authority: trustme.CA
) -> None:
    authority.configure_trust(server_tls)
    server_tls.verify_mode = ssl.CERT_REQUIRED
    server = await serve(OK)
    assert (await post(server.url, folder, client_certificate="me.pem")).status == 200


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_without_one_it_says_what_is_missing(
    folder: Path, server_tls: ssl.SSLContext, authority: trustme.CA, version: ssl.TLSVersion
) -> None:
    authority.configure_trust(server_tls)
    server_tls.verify_mode = ssl.CERT_REQUIRED
    server_tls.maximum_version = version
    with alerting(server_tls) as url:
        assert "client certificate" in await failure(url, folder)


async def test_a_certificate_of_ours_that_the_server_does_not_trust_is_said_to_be_one(
    folder: Path, server_tls: ssl.SSLContext
) -> None:
    trustme.CA().configure_trust(server_tls)
    server_tls.verify_mode = ssl.CERT_REQUIRED
    server_tls.maximum_version = ssl.TLSVersion.TLSv1_2
    with alerting(server_tls) as url:
        assert "does not trust our client certificate" in await failure(url, folder, client_certificate="me.pem")


async def test_an_old_server_gets_nothing(folder: Path, server_tls: ssl.SSLContext) -> None:
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        server_tls.minimum_version = server_tls.maximum_version = ssl.TLSVersion.TLSv1_1
    server_tls.set_ciphers("ALL:@SECLEVEL=0")
    with alerting(server_tls) as url:
        assert "no TLS 1.2 or newer" in await failure(url, folder)


async def test_a_port_without_tls_is_said_to_be_one(folder: Path) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as listener:
        url = f"https://localhost:{listener.sockets[0].getsockname()[1]}/"
        assert "localhost: TLS failed; no TLS is spoken there" in await failure(url, folder)


async def test_a_connection_that_is_ended_at_once_is_a_line(folder: Path) -> None:
    async def end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.transport.abort()

    async with await asyncio.start_server(end, "127.0.0.1", 0) as listener:
        url = f"https://localhost:{listener.sockets[0].getsockname()[1]}/"
        assert "ended the connection at once" in await failure(url, folder)


async def test_a_server_that_is_down_is_a_line_with_its_name(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    said = await failure(f"https://127.0.0.1:{port}/canary", folder)
    assert said == "127.0.0.1: no connection (refused); is the server up, and is the port right?"


async def test_a_name_that_does_not_exist_is_said_to_be_one(folder: Path) -> None:
    assert "name.invalid: the name can't be resolved" in await failure("https://name.invalid/", folder)


async def test_a_proxy_that_is_down_is_named(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    said = await failure("https://meters.example/", folder, proxy=f"http://127.0.0.1:{port}")
    assert said.startswith("the proxy 127.0.0.1 can't be reached: no connection (refused)")


async def test_plain_http_goes_where_it_is_allowed(serve: Serve, folder: Path) -> None:
    server = await serve(OK, tls=None)
    answer = await post(f"http://127.0.0.1:{server.port}/", folder, allow_plain_http=True)
    assert answer.status == 200


@pytest.mark.parametrize(
    ("settings", "environ", "expected"),
    [
        ({"url": "https://a.example"}, {}, ("a.example", 443)),
        ({"url": "https://a.example:8443"}, {}, ("a.example", 8443)),
        ({"url": "http://a.example", "allow_plain_http": True}, {}, ("a.example", 80)),
        ({"url": "https://a.example", "proxy": "http://p.lan:3128"}, {}, ("p.lan", 3128)),
        ({"url": "https://a.example"}, {"HTTPS_PROXY": "http://u:pw@q.lan:8080"}, ("q.lan", 8080)),
    ],
)
def test_the_plan_names_the_hop_and_what_it_carries(
    settings: dict[str, object], environ: dict[str, str], expected: tuple[str, int]
) -> None:
    [traffic] = traffic_of(HttpSettings.model_validate(settings), why="a report", carries="meters", environ=environ)
    assert (traffic.to, traffic.port) == expected
    assert ("the proxy's password" in traffic.carries) == ("pw" in str(environ))
