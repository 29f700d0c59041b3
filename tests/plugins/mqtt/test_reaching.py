"""How the broker is reached and logged in to, and what is said where that fails."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from pagemeter import Batch
from pagemeter.errors import DeliveryError, PluginError, Refused
from pagemeter.testing import FakeServices
from pagemeter_plugins.mqtt.output import DOCUMENTS, MqttOutput
from pagemeter_plugins.mqtt.settings import MqttSettings

BatchOf = Callable[..., Batch]
BrokerWith = Callable[..., Awaitable[Any]]


async def deliver(services: FakeServices, batch: Batch, **settings: object) -> None:
    async with MqttOutput(MqttSettings.model_validate(settings), services) as output:
        await output.deliver(batch)


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    authority.issue_cert("agent@example").private_key_and_cert_chain_pem.write_to_path(tmp_path / "client.pem")
    return authority


def tls_lines(folder: Path) -> list[str]:
    return [f"certfile {folder / 'server.pem'}", f"keyfile {folder / 'server.pem'}", f"cafile {folder / 'ca.pem'}"]


@pytest.mark.peer
@pytest.mark.parametrize("version", ["3.1.1", "5"])
async def test_tls_with_an_authority_of_our_own_and_a_client_certificate(
    broker_with: BrokerWith,
    authority: trustme.CA,
    tmp_path: Path,
    services: FakeServices,
    batch_of: BatchOf,
    version: str,
) -> None:
    broker = await broker_with(*tls_lines(tmp_path), "require_certificate true")
    tls = {"host": "localhost", "port": broker.port, "version": version, "tls": True, "ca": "ca.pem"}
    await deliver(services, batch_of(DOCUMENTS), client_certificate="client.pem", **tls)
    with pytest.raises(DeliveryError, match=r"hangs up while we log in|TLS failed|refuses"):
        await deliver(services, batch_of(DOCUMENTS), **tls)


@pytest.mark.peer
async def test_a_certificate_of_strangers_is_not_trusted(
    broker_with: BrokerWith, authority: trustme.CA, tmp_path: Path, services: FakeServices, batch_of: BatchOf
) -> None:
    broker = await broker_with(*tls_lines(tmp_path))
    with pytest.raises(DeliveryError, match=r"certificate is not trusted \(self-signed certificate"):
        await deliver(services, batch_of(DOCUMENTS), host="localhost", port=broker.port, tls=True)


@pytest.mark.peer
async def test_a_certificate_for_another_name_is_not_trusted(
    broker_with: BrokerWith, authority: trustme.CA, tmp_path: Path, services: FakeServices, batch_of: BatchOf
) -> None:
    authority.issue_cert("broker.example").private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    broker = await broker_with(*tls_lines(tmp_path))
    with pytest.raises(DeliveryError, match=r"certificate is not trusted \(Hostname mismatch.*made for this name"):
        await deliver(services, batch_of(DOCUMENTS), host="localhost", port=broker.port, tls=True, ca="ca.pem")


@pytest.mark.peer
async def test_a_port_without_tls_is_said(broker: Any, services: FakeServices, batch_of: BatchOf) -> None:
    with pytest.raises(DeliveryError, match="TLS failed; does this port speak TLS"):
        await deliver(services, batch_of(DOCUMENTS), **broker.settings, tls=True)


@pytest.mark.peer
@pytest.mark.parametrize("version", ["3.1.1", "5"])
async def test_a_wrong_password_waits_for_a_new_one(
    broker_with: BrokerWith, tmp_path: Path, services: FakeServices, batch_of: BatchOf, version: str
) -> None:
    passwords = tmp_path / "passwords"
    command = ["mosquitto_passwd", "-b", "-c", str(passwords), "meter", "opensesame"]
    assert await asyncio.to_thread(subprocess.call, command, timeout=20) == 0
    broker = await broker_with(f"password_file {passwords}", "allow_anonymous false")
    settings = {**broker.settings, "version": version, "user": "meter"}
    await deliver(services, batch_of(DOCUMENTS), **settings, password="opensesame")
    for wrong in ({"password": "closesesame"}, {}):
        with pytest.raises(Refused, match="are user, password, client_id and version right") as caught:
            await deliver(services, batch_of(DOCUMENTS), **settings, **wrong)
        assert "sesame" not in str(caught.value)


async def test_a_broker_that_is_down_is_no_reason_not_to_open(services: FakeServices, batch_of: BatchOf) -> None:
    async with answering(b"") as port:
        pass
    with pytest.raises(DeliveryError, match=r"no connection \(.*refused.*\); is the broker up"):
        await deliver(services, batch_of(DOCUMENTS), host="127.0.0.1", port=port)


async def test_a_name_that_does_not_exist_is_said(services: FakeServices, batch_of: BatchOf) -> None:
    with pytest.raises(DeliveryError, match="the name can't be resolved"):
        await deliver(services, batch_of(DOCUMENTS), host="broker.invalid")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x20\xff\xff\xff\xff\xff",
        b"\x20\x00",
        b"\x20\x02\x00\xff",
        b"\x30\x05\x00\xff\xfe\x00\x01",
        b"\xf0\x00" * 100,
    ],
)
@pytest.mark.parametrize("version", ["3.1.1", "5"])
async def test_what_is_no_broker_is_said(
    services: FakeServices, batch_of: BatchOf, answer: bytes, version: str
) -> None:
    async with answering(answer) as port:
        with pytest.raises(DeliveryError, match=r"is this an MQTT broker|refuses us"):
            await deliver(services, batch_of(DOCUMENTS), host="127.0.0.1", port=port, version=version)


async def test_a_delivery_that_is_cancelled_while_it_connects_leaves_nothing_behind(
    services: FakeServices, batch_of: BatchOf
) -> None:
    async with answering(None) as port, MqttOutput(MqttSettings(host="127.0.0.1", port=port), services) as output:
        delivery = asyncio.create_task(output.deliver(batch_of(DOCUMENTS)))
        done, _ = await asyncio.wait({delivery}, timeout=0.2)
        assert not done
        delivery.cancel()
        with pytest.raises(asyncio.CancelledError):
            await delivery
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"ca": "none.pem"}, "can't be used as `ca`"),
        ({"ca": "text.pem"}, "can't be used as `ca`"),
        ({"client_certificate": "text.pem"}, "can't be used as `client_certificate`"),
    ],
)
async def test_a_file_that_is_no_certificate_is_said_when_it_is_opened(
    services: FakeServices, tmp_path: Path, settings: dict[str, object], words: str
) -> None:
    (tmp_path / "text.pem").write_text("no certificate")
    output = MqttOutput(MqttSettings.model_validate({"host": "127.0.0.1", "tls": True, **settings}), services)
    with pytest.raises(PluginError, match=words):
        await output.__aenter__()


@pytest.mark.peer
async def test_a_test_says_how_far_it_came(broker_with: BrokerWith, tmp_path: Path, services: FakeServices) -> None:
    passwords = tmp_path / "passwords"
    command = ["mosquitto_passwd", "-b", "-c", str(passwords), "meter", "opensesame"]
    assert await asyncio.to_thread(subprocess.call, command, timeout=20) == 0
    broker = await broker_with(f"password_file {passwords}", "allow_anonymous false")
    login = {**broker.settings, "user": "meter", "password": "opensesame"}
    assert await stages(services, **login) == [("DNS", True), ("TCP", True), ("login", True), ("publish", True)]
    assert await stages(services, **login | {"password": "wrong"}) == [("DNS", True), ("TCP", True), ("login", False)]
    assert await stages(services, **login, tls=True) == [("DNS", True), ("TCP", True), ("TLS", False)]
    broker.kill()
    assert await stages(services, **login) == [("DNS", True), ("TCP", False)]
    assert await stages(services, host="broker.invalid") == [("DNS", False)]


async def stages(services: FakeServices, **settings: object) -> list[tuple[str, bool]]:
    async with MqttOutput(MqttSettings.model_validate(settings), services) as output:
        return [(stage.name, stage.ok) async for stage in output.test()]


@asynccontextmanager
async def answering(answer: bytes | None) -> AsyncIterator[int]:
    """Something at a port that answers whoever connects and hangs up, or for none says nothing for ever."""
    left: set[asyncio.StreamWriter] = set()

    async def answered(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left.add(writer)
        if answer is not None:
            writer.write(answer)
            writer.close()

    server = await asyncio.start_server(answered, "127.0.0.1", 0)
    async with server:
        port: int = server.sockets[0].getsockname()[1]
        yield port
        for writer in left:
            writer.close()
