"""The client against servers that refuse, redirect, hang, lie or talk nonsense, all on loopback."""

from __future__ import annotations

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
import trustme

from pagemeter.clock import SystemClock
from pagemeter.errors import AccessDenied, PluginError, Unreachable, Unreadable
from pagemeter.ipp.client import PACKETS, IppClient
from pagemeter.ipp.message import MOST_OCTETS, Attribute, Group, GroupTag, IppMessage, ValueTag, decode, encode
from pagemeter.ipp.operations import get_printer_attributes
from pagemeter.net.budget import Budget
from pagemeter.net.credentials import IPAddress
from pagemeter.net.fence import Fence, FencedNetwork
from pagemeter.net.ranges import Resolver, resolve

NAME = Attribute.of("printer-name", ValueTag.NAME, "first floor")
ANSWER = IppMessage((2, 0), 0, 1, (Group(GroupTag.PRINTER, (NAME,)),))
LOOPBACK = Fence([FencedNetwork(network=ip_network("127.0.0.0/8"))])


class Server:
    """A server that keeps what it was sent and answers octets of the test's choosing."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.requests: list[bytes] = []
        self.port = 0

    @property
    def uri(self) -> str:
        return f"ipp://127.0.0.1:{self.port}/ipp/print"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            self.requests.append(head + await reader.readexactly(length))
            writer.write(self.answers.pop(0))
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            self.requests.append(b"")
        finally:
            writer.close()


@asynccontextmanager
async def serving(*answers: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server(*answers)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield server


def http(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Content-Type: application/ipp", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def client(*, fence: Fence = LOOPBACK, timeout: float = 5.0, resolver: Resolver = resolve) -> IppClient:
    clock = SystemClock()
    return IppClient(fence=fence, budget=Budget(clock, 10_000), timeout=timeout, resolver=resolver)


def question(uri: str) -> IppMessage:
    return get_printer_attributes(uri, ["printer-name"])


def own_certificate() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("printer.example").configure_cert(context)
    return context


async def test_a_question_is_posted_whole_and_the_answer_read() -> None:
    async with serving(http("200 OK", encode(ANSWER))) as server:
        assert await client().ask(server.uri, question(server.uri)) == ANSWER
    [request] = server.requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /ipp/print HTTP/1.1\r\n")
    lines = {line.partition(b":")[0].lower(): line.partition(b":")[2].strip() for line in head.split(b"\r\n")[1:]}
    assert lines[b"content-type"] == b"application/ipp"
    assert lines[b"host"] == f"127.0.0.1:{server.port}".encode()
    assert lines[b"connection"] == b"close"
    assert b"transfer-encoding" not in lines
    assert decode(body) == question(server.uri)


async def test_tls_is_taken_as_the_printer_offers_it() -> None:
    async with serving(http("200 OK", encode(ANSWER)), tls=own_certificate()) as server:
        uri = server.uri.replace("ipp:", "ipps:")
        assert await client().ask(uri, question(uri)) == ANSWER


async def test_a_printer_that_wants_tls_is_asked_by_tls_at_the_same_port() -> None:
    answers: list[bytes] = []

    async def either(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers.append(await reader.read(1))
        writer.write(http("426 Upgrade Required", b"", "Upgrade: TLS/1.2,HTTP/1.1", "Connection: Upgrade"))
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(either, "127.0.0.1", 0)
    uri = f"ipp://127.0.0.1:{listening.sockets[0].getsockname()[1]}/ipp/print"
    async with listening:
        # The second connection begins with a TLS handshake record (22), which this server can't answer.
        with pytest.raises(Unreadable, match="TLS"):
            await client().ask(uri, question(uri))
    assert answers == [b"P", b"\x16"]


async def test_an_answer_that_says_no_in_ipp_is_returned() -> None:
    refusal = IppMessage((1, 1), 0x0503, 1)
    async with serving(http("200 OK", encode(refusal))) as server:
        assert await client().ask(server.uri, question(server.uri)) == refusal


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
async def test_a_password_or_a_filter_is_a_refusal(status: str) -> None:
    async with serving(http(status)) as server:
        with pytest.raises(AccessDenied, match="refuses"):
            await client().ask(server.uri, question(server.uri))


@pytest.mark.parametrize(
    "answer",
    [
        http("404 Not Found"),
        http("500 Internal Server Error"),
        http("302 Found", b"", "Location: http://127.0.0.1:1/elsewhere"),
        http("200 OK", b"<html>Welcome to your printer</html>"),
        http("200 OK", encode(ANSWER)[:-4]),
        http("200 OK", encode(ANSWER))[:-4],
        b"220 FTP server ready\r\n",
        b"\x00\x01\x02\x03" * 100,
        b"",
        http("200 OK", encode(ANSWER) + bytes(MOST_OCTETS)),
    ],
    ids=["not found", "error", "redirect", "HTML", "cut message", "cut body", "FTP", "noise", "nothing", "endless"],
)
async def test_nonsense_is_unreadable_and_a_redirect_is_not_followed(answer: bytes) -> None:
    async with serving(answer) as server:
        with pytest.raises(Unreadable, match="127"):
            await client().ask(server.uri, question(server.uri))
    assert len(server.requests) == 1


async def test_an_answer_that_would_unpack_to_more_is_taken_as_it_came() -> None:
    async with serving(http("200 OK", encode(ANSWER), "Content-Encoding: gzip")) as server:
        assert await client().ask(server.uri, question(server.uri)) == ANSWER
    assert b"accept-encoding: identity" in server.requests[0].lower()


async def test_silence_is_unreachable() -> None:
    release = asyncio.Event()

    async def hang(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.close()

    listening = await asyncio.start_server(hang, "127.0.0.1", 0)
    uri = f"ipp://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
    async with listening:
        with pytest.raises(Unreachable, match="does not answer IPP"):
            await client(timeout=0.2).ask(uri, question(uri))
        release.set()


async def test_a_closed_port_is_unreachable() -> None:
    async with serving() as server:
        uri = server.uri
    with pytest.raises(Unreachable, match="is the port open"):
        await client().ask(uri, question(uri))


@pytest.mark.parametrize("server", [False, True])
@pytest.mark.parametrize("port", [515, *range(9100, 9108)])
async def test_a_printing_port_is_never_used(port: int, server: bool) -> None:
    uri = f"ipp://127.0.0.1:{port}/ipp/print"
    with pytest.raises(AccessDenied, match="prints what it is sent"):
        await client().ask(uri, question(uri), server=server)


async def test_only_what_the_networks_hold_is_asked_and_the_checked_address_is_the_one() -> None:
    async def resolver(host: str) -> tuple[IPAddress, ...]:
        return {"inside": (ip_address("127.0.0.1"),), "outside": (ip_address("127.9.9.9"),)}.get(host, ())

    fence = Fence([FencedNetwork(network=ip_network("127.0.0.0/16"))])
    asker = client(fence=fence, resolver=resolver)
    async with serving(http("200 OK", encode(ANSWER))) as server:
        uri = f"ipp://inside:{server.port}/"
        assert await asker.ask(uri, question(uri)) == ANSWER
        assert f"host: inside:{server.port}".encode() in server.requests[0].lower()
        for name, why in (("outside", AccessDenied), ("127.9.9.9", AccessDenied), ("nowhere", Unreachable)):
            uri = f"ipp://{name}:{server.port}/"
            with pytest.raises(why):
                await asker.ask(uri, question(uri))
    assert len(server.requests) == 1


async def test_a_server_that_the_settings_name_need_not_be_in_the_networks() -> None:
    asker = client(fence=Fence([]))
    async with serving(http("200 OK", encode(ANSWER))) as server:
        with pytest.raises(AccessDenied):
            await asker.ask(server.uri, question(server.uri))
        assert await asker.ask(server.uri, question(server.uri), server=True) == ANSWER


async def test_a_local_socket_is_for_servers_only(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("no local sockets there")
    server = Server(http("200 OK", encode(ANSWER)))
    place = tmp_path / "cups.sock"
    uri = f"ipp+unix://{place}"
    async with await asyncio.start_unix_server(server.serve, place):
        with pytest.raises(AccessDenied):
            await client().ask(uri, question("ipp://localhost/"))
        assert await client().ask(uri, question("ipp://localhost/"), server=True) == ANSWER
    assert b"host: localhost\r\n" in server.requests[0].lower()


@pytest.mark.parametrize("uri", ["http://127.0.0.1/", "ipp:///ipp/print", "ipp://127.0.0.1:99999/", "127.0.0.1"])
async def test_what_is_no_uri_of_ipp_is_told(uri: str) -> None:
    with pytest.raises(Unreachable, match="no URI of IPP"):
        await client().ask(uri, question(uri))


async def test_an_operation_that_changes_something_is_never_sent() -> None:
    async with serving() as server:
        for code in (0x0002, 0x0008, 0x0012, 0x0013, 0x4003):
            with pytest.raises(PluginError, match="never sent"):
                await client().ask(server.uri, IppMessage((2, 0), code, 1))
    assert server.requests == []


async def test_what_an_exchange_sends_and_gets_is_paid_and_counted() -> None:
    budget = Budget(SystemClock(), 1000)
    asker = IppClient(fence=LOOPBACK, budget=budget)
    long = Attribute.of("printer-info", ValueTag.OCTET_STRING, bytes(29_200))
    big = IppMessage((2, 0), 0, 1, (Group(GroupTag.PRINTER, (long,)),))
    async with serving(http("200 OK", encode(big))) as server:
        assert await asker.ask(server.uri, question(server.uri)) == big
    run = budget.accounts.current
    [(key, count)] = run.counts.items()
    assert key == (ip_network("127.0.0.0/8"), "")
    assert count.packets_out == run.total.packets_out == PACKETS + 10
    assert count.octets_in > 29_200
    assert count.packets_in > 20
    assert 100 < count.octets_out < 1000
