from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
import trustme
from aiohttp import web
from pydantic import ValidationError

from pagemeter import Batch, Form, Services
from pagemeter.errors import DeliveryError, PluginError, Refused, TooLarge, Undeliverable
from pagemeter.model import Body, Document
from pagemeter_plugins.webhook.output import WebhookOutput
from pagemeter_plugins.webhook.settings import WebhookSettings

SECRET = "sixteen letters!"

BatchOf = Callable[..., Batch]
DocumentOf = Callable[..., Document]


@dataclass
class Collector:
    """A server that keeps what it takes and answers as it is told."""

    ca: str
    port: int = 0
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def way(self) -> dict[str, object]:
        return {"url": f"https://localhost:{self.port}/hook", "ca": self.ca, "secret": SECRET}

    async def take(self, request: web.Request) -> web.Response:
        self.requests.append((dict(request.headers), await request.read()))
        return web.Response(status=self.status, headers=self.headers, text=self.text or None)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def collector(authority: trustme.CA, tmp_path: Path) -> AsyncIterator[Collector]:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    it = Collector(ca="ca.pem")
    app = web.Application(client_max_size=2**24)
    app.router.add_post("/hook", it.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    it.port = runner.addresses[0][1]
    yield it
    await runner.cleanup()


async def deliver(services: Services, batch: Batch, settings: dict[str, object]) -> None:
    async with WebhookOutput(WebhookSettings.model_validate(settings), services) as output:
        await output.deliver(batch)


@pytest.mark.parametrize("packed", [False, True])
async def test_a_batch_arrives_signed_and_with_its_key(
    collector: Collector,
    services: Services,
    batch_of: BatchOf,
    document_of: DocumentOf,
    bodies: tuple[Body, ...],
    *,
    packed: bool,
) -> None:
    batch = batch_of(*(document_of(body, seq=number) for number, body in enumerate(bodies)), id="b-42")
    await deliver(services, batch, collector.way | {"gzip": packed, "token": "tOkEn"})
    [(headers, body)] = collector.requests  # unpacked by the server
    assert json.loads(body)["batch"] == headers["Idempotency-Key"] == "b-42"
    assert headers["Content-Type"] == "application/json"
    assert headers["Authorization"] == "Bearer tOkEn"
    assert headers.get("Content-Encoding") == ("gzip" if packed else None)
    seconds, v1 = (part.partition("=")[2] for part in headers["Pagemeter-Signature"].split(","))
    assert int(seconds) == services.clock.now().timestamp()
    expected = hmac.new(SECRET.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(expected, v1)


async def test_without_a_secret_nothing_is_signed(collector: Collector, services: Services, batch_of: BatchOf) -> None:
    await deliver(services, batch_of(), {**collector.way, "secret": None})
    assert "Pagemeter-Signature" not in collector.requests[0][0]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 409])
async def test_these_are_deliveries(collector: Collector, services: Services, batch_of: BatchOf, status: int) -> None:
    collector.status = status
    await deliver(services, batch_of(), collector.way)
    assert len(collector.requests) == 1


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (400, "", Undeliverable),
        (422, '{"error": "no"}', Undeliverable),
        (400, "<html><head><title>400 Bad Request</title></head></html>", DeliveryError),
        (409, "<!DOCTYPE html><p>Somebody else</p>", DeliveryError),
        (200, "<html>Please log in</html>", DeliveryError),
        (401, "", Refused),
        (403, "", Refused),
        (413, "", TooLarge),
        (404, "", DeliveryError),
        (302, "", DeliveryError),
        (500, "", DeliveryError),
    ],
)
async def test_these_are_none_and_the_agent_knows_what_to_do(
    collector: Collector, services: Services, batch_of: BatchOf, status: int, text: str, kind: type[Exception]
) -> None:
    collector.status, collector.text = status, text
    with pytest.raises(DeliveryError) as caught:
        await deliver(services, batch_of(), collector.way)
    assert type(caught.value) is kind
    assert SECRET not in str(caught.value)


async def test_retry_after_is_heeded(collector: Collector, services: Services, batch_of: BatchOf) -> None:
    collector.status, collector.headers = 429, {"Retry-After": "90"}
    with pytest.raises(DeliveryError) as caught:
        await deliver(services, batch_of(), collector.way)
    assert caught.value.retry_after == timedelta(seconds=90)


async def test_a_test_says_what_it_is(collector: Collector, services: Services) -> None:
    async with WebhookOutput(WebhookSettings.model_validate(collector.way), services) as output:
        stages = [stage async for stage in output.test()]
    assert [(stage.name, stage.ok) for stage in stages] == [
        (name, True) for name in ("DNS", "TCP", "TLS", "request", "status", "receipt")
    ]
    [(headers, body)] = collector.requests
    assert json.loads(body)["test"] is True
    assert headers["Pagemeter-Signature"]


def test_the_two_forms_have_positions_of_their_own(services: Services) -> None:
    every = WebhookOutput(WebhookSettings(url="https://a.example", most=20), services)
    latest = WebhookOutput(WebhookSettings(url="https://a.example", latest=True), services)
    assert [(feed.name, feed.form, feed.most) for feed in (*every.feeds(), *latest.feeds())] == [
        ("documents", Form.EVERY, 20),
        ("latest", Form.LATEST, 500),
    ]


def test_the_network_is_announced(services: Services) -> None:
    settings = WebhookSettings(url="https://hook.example:8443/x", proxy_from_environment=False)
    [traffic] = WebhookOutput(settings, services).traffic()
    assert (traffic.to, traffic.port, traffic.protocol, traffic.per) == ("hook.example", 8443, "tcp", "device")


@pytest.mark.parametrize("settings", [{}, {"url": None}, {"url": "https://a.example", "secret": "short"}])
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        WebhookSettings.model_validate(settings)


async def test_an_output_that_was_not_opened_says_so(services: Services, batch_of: BatchOf) -> None:
    with pytest.raises(PluginError, match="before it was opened"):
        await WebhookOutput(WebhookSettings(url="https://a.example"), services).deliver(batch_of())


async def test_a_large_batch_does_not_stop_the_loop_nor_the_server(
    collector: Collector, services: Services, batch_of: BatchOf, document_of: DocumentOf, bodies: tuple[Body, ...]
) -> None:
    batch = batch_of(*(document_of(bodies[0], seq=number) for number in range(3000)))
    async with asyncio.timeout(60):
        await deliver(services, batch, collector.way)
    assert len(json.loads(collector.requests[0][1])["documents"]) == 3000
