from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trustme

from pagemeter.testing import FakeClock

Say = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Rude:
    """A server that reads a request and then does whatever the test wants."""

    port: int
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/report?key=canary"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def folder(authority: trustme.CA, tmp_path: Path) -> Path:
    """A folder with ``ca.pem``, and ``me.pem``, a certificate of ours with its key."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    authority.issue_cert("agent").private_key_and_cert_chain_pem.write_to_path(tmp_path / "me.pem")
    return tmp_path


@pytest.fixture
def leaf(authority: trustme.CA) -> trustme.LeafCert:
    return authority.issue_cert("localhost")


@pytest.fixture
def server_tls(leaf: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    return context


Serve = Callable[..., Awaitable[Rude]]


@pytest.fixture
async def serve(server_tls: ssl.SSLContext) -> AsyncIterator[Serve]:
    """Return a function that starts a server which answers by octets, or by a coroutine that writes."""
    async with AsyncExitStack() as stack:

        async def start(answer: bytes | Say, *, tls: ssl.SSLContext | None = server_tls) -> Rude:
            rude = Rude(port=0)

            async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                rude.connections += 1
                with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ssl.SSLError):
                    rude.requests.append(await _request(reader))
                    if isinstance(answer, bytes):
                        writer.write(answer)
                        await writer.drain()
                    else:
                        await answer(writer)
                writer.close()

            listener = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
            stack.callback(listener.close)
            rude.port = listener.sockets[0].getsockname()[1]
            return rude

        yield start


async def _request(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = next(
        (int(line.partition(":")[2]) for line in head.splitlines() if line.lower().startswith("content-length:")), 0
    )
    return head, await reader.readexactly(length)
