from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from pydantic import SecretStr, TypeAdapter, ValidationError

from pagemeter.dial import HostName, Port, Server, connect, dial, is_this_host, resolved, tried
from pagemeter.errors import DeliveryError, PluginError
from pagemeter.tls import client_context, encrypted_by


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return authority


@asynccontextmanager
async def greeting(tls: ssl.SSLContext | None) -> AsyncIterator[int]:
    """A server on loopback that says ``hello`` to whoever connects."""

    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0, ssl=tls) as server:
        yield server.sockets[0].getsockname()[1]


def serving(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def server_at(port: int, host: str = "127.0.0.1") -> Server:
    return Server(host=host, port=port, called="lighthouse")


async def test_each_stage_is_said_before_it_begins_and_the_socket_is_connected() -> None:
    said: list[str] = []
    async with greeting(None) as port:
        with await dial(server_at(port), None, said.append) as tcp:
            assert await asyncio.get_running_loop().sock_recv(tcp, 5) == b"hello"
    assert said == ["DNS", "TCP"]


async def test_a_connection_is_encrypted_and_says_how(authority: trustme.CA, tmp_path: Path) -> None:
    said: list[str] = []
    tls = client_context(tmp_path, ca="ca.pem")
    async with greeting(serving(authority, "127.0.0.1")) as port:
        with await dial(server_at(port), tls, said.append) as tcp:
            assert isinstance(tcp, ssl.SSLSocket)
            assert encrypted_by(tcp).startswith("TLSv1.")
    assert said == ["DNS", "TCP", "TLS"]


async def test_a_certificate_of_another_name_is_said_in_the_callers_word(authority: trustme.CA, tmp_path: Path) -> None:
    tls = client_context(tmp_path, ca="ca.pem")
    async with greeting(serving(authority, "other.example")) as port:
        with pytest.raises(DeliveryError, match=r"the lighthouse's certificate is not trusted \(.*made for this name"):
            await dial(server_at(port), tls, lambda _: None)


async def test_a_port_in_clear_text_is_said(authority: trustme.CA, tmp_path: Path) -> None:
    tls = client_context(tmp_path, ca="ca.pem")
    async with greeting(None) as port:
        with pytest.raises(DeliveryError, match="TLS failed; does this port speak TLS, and which does the lighthouse"):
            await dial(server_at(port), tls, lambda _: None)


@pytest.mark.parametrize("host", ["nowhere.invalid", "a" * 64 + ".example"])
async def test_a_name_without_an_address_is_said(host: str) -> None:
    with pytest.raises(DeliveryError, match="the name can't be resolved"):
        await dial(server_at(1, host), None, lambda _: None)


async def test_the_second_address_is_taken_where_the_first_refuses() -> None:
    async with greeting(None) as port:
        pass  # closed: nobody is at this port any more
    async with greeting(None) as open_port:
        addresses = [(socket.AF_INET, ("127.0.0.1", number)) for number in (port, open_port)]
        with await connect(server_at(open_port), addresses) as tcp:
            assert tcp.getpeername() == ("127.0.0.1", open_port)
    with pytest.raises(DeliveryError, match=r"no connection \(.*refused.*\); is the lighthouse up"):
        await connect(server_at(port), addresses[:1])
    with pytest.raises(DeliveryError, match="no address"):
        await connect(server_at(port), [])


def test_a_key_that_is_of_no_use_is_said_with_the_callers_remedy(authority: trustme.CA, tmp_path: Path) -> None:
    authority.issue_cert("agent").cert_chain_pems[0].write_to_path(tmp_path / "me.pem")
    authority.issue_cert("other").private_key_pem.write_to_path(tmp_path / "key.pem")
    with pytest.raises(PluginError, match=r"me\.pem can't be used as `client_certificate` with .*key\.pem; a remedy"):
        client_context(
            tmp_path, certificate="me.pem", key="key.pem", key_password=SecretStr("canary"), remedy="a remedy"
        )


@pytest.mark.parametrize(
    ("host", "here"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("10.0.0.1", False), ("a.example", False)],
)
def test_loopback_is_this_host(host: str, here: bool) -> None:
    assert is_this_host(host) is here


@pytest.mark.parametrize(("kind", "value"), [(HostName, ""), (HostName, "a\nb"), (HostName, "a" * 254), (Port, 65536)])
def test_what_is_no_host_and_no_port_is_refused(kind: Any, value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)


def test_an_address_is_no_name_and_a_name_shows_each_address_once() -> None:
    addresses = [(socket.AF_INET, ("10.0.0.1", 25)), (socket.AF_INET, ("10.0.0.1", 25))]
    assert resolved("10.0.0.1", addresses) == "10.0.0.1 is an address, no name to resolve"
    assert resolved("mail.example", addresses) == "mail.example is 10.0.0.1"


async def test_a_step_that_fails_is_a_stage_with_its_reason() -> None:
    async def fail() -> str:
        raise DeliveryError("it is shut; open it")

    stage = await tried("door", fail)
    assert (stage.name, stage.ok, stage.text) == ("door", False, "it is shut; open it")
