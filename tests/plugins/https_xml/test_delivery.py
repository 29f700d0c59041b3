from __future__ import annotations

import gzip
import hashlib
import json
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
import trustme
from aiohttp import web

from pagemeter import Batch, Services
from pagemeter.errors import DeliveryError, PluginError, Refused, TooLarge
from pagemeter.model import AgentStatus, Document, FleetEntry
from pagemeter.outbox import Outbox, Subscription
from pagemeter.store import Keep, Store
from pagemeter.testing import FakeClock, FakeServices
from pagemeter_plugins.https_xml.output import HttpsXmlOutput
from pagemeter_plugins.https_xml.settings import HttpsXmlSettings

TOKEN = "tOkEn-7f3a"

BatchOf = Callable[..., Batch]
DocumentOf = Callable[..., Document]


def receipt_of(body: bytes) -> str:
    """What a back end sends that read the report."""
    root = ElementTree.fromstring(body)  # noqa: S314 - we wrote it
    space = {"": "urn:pagemeter:report:1"}
    devices = len(root.findall("devices/device", space))
    sha256 = hashlib.sha256(body).hexdigest()
    return f'<receipt report="{root.findtext("batch", namespaces=space)}" devices="{devices}" sha256="{sha256}"/>'


def same_in_json(body: bytes) -> str:
    receipt = ElementTree.fromstring(receipt_of(body))  # noqa: S314 - we wrote it
    return json.dumps({**receipt.attrib, "devices": int(receipt.attrib["devices"])})


@dataclass
class BackEnd:
    """A server that knows one token, keeps what it takes and answers as it is told."""

    port: int = 0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    answer: Callable[[bytes], str] = receipt_of
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/report"

    async def take(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.Response(status=401)
        body = await request.read()
        self.requests.append((dict(request.headers), body))
        return web.Response(status=self.status, headers=self.headers, text=self.answer(body))


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
    app = web.Application(client_max_size=2**24)
    app.router.add_post("/report", back_end.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    back_end.port = runner.addresses[0][1]
    yield back_end
    await runner.cleanup()


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
        (400, DeliveryError, "format"),
        (422, DeliveryError, "format"),
        (404, DeliveryError, "path"),
        (308, DeliveryError, "moved"),
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


@pytest.mark.parametrize("answer", [receipt_of, same_in_json])
@pytest.mark.parametrize("packed", [True, False])
async def test_a_receipt_of_this_report_is_a_delivery(
    server: BackEnd,
    services: Services,
    batch_of: BatchOf,
    printer: FleetEntry,
    ca: str,
    *,
    packed: bool,
    answer: Callable[[bytes], str],
) -> None:
    server.answer = answer
    await deliver(services, batch_of(printer, printer), url=server.url, token=TOKEN, ca=ca, gzip=packed)
    assert '"2"' in receipt_of(server.requests[0][1])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda _: "", "empty"),
        (lambda _: "thank you", "neither XML nor JSON"),
        (lambda _: "<html><body>Please log in</body></html>", "web page"),
        (lambda body: receipt_of(body.replace(b"batch-1", b"batch-0")), "another report"),
        (lambda body: receipt_of(body).replace('devices="0"', 'devices="1"'), "names 1 devices, 0 were sent"),
        (lambda body: receipt_of(body + b"\n"), "sha256"),
        (lambda body: " " * 2_000_000 + receipt_of(body), "too long"),
    ],
)
async def test_a_2xx_without_the_receipt_of_this_report_leaves_it_owed(
    server: BackEnd, services: Services, batch_of: BatchOf, ca: str, *, answer: Callable[[bytes], str], words: str
) -> None:
    server.answer = answer
    with pytest.raises(DeliveryError, match=words) as caught:
        await deliver(services, batch_of(), url=server.url, token=TOKEN, ca=ca)
    assert type(caught.value) is DeliveryError


async def test_a_plain_2xx_is_enough_where_the_settings_say_so_but_no_web_page(
    server: BackEnd, services: Services, batch_of: BatchOf, ca: str
) -> None:
    server.status, server.answer = 204, lambda _: ""
    way = {"url": server.url, "token": TOKEN, "ca": ca, "receipt": "status"}
    await deliver(services, batch_of(), **way)
    server.status, server.answer = 200, lambda _: "<!DOCTYPE html><title>Log in</title>"
    with pytest.raises(DeliveryError, match="web page"):
        await deliver(services, batch_of(), **way)


async def test_the_history_since_the_last_report_goes_with_it(
    server: BackEnd, services: Services, batch_of: BatchOf, document_of: DocumentOf, printer: FleetEntry, ca: str
) -> None:
    history = [document_of(printer.latest, seq=number) for number in range(1, 4)]
    await deliver(services, batch_of(printer, documents=history), url=server.url, token=TOKEN, ca=ca)
    [(_, body)] = server.requests
    assert body.count(b"<visit>") == 3
    assert b"<key>0a1b2c/00000001-0123456789abcdef/3</key>" in body


async def test_a_test_sends_a_report_without_devices_that_says_what_it_is(
    server: BackEnd, services: Services, ca: str, complaints: Callable[[bytes], str]
) -> None:
    settings = HttpsXmlSettings.model_validate({"url": server.url, "token": TOKEN, "ca": ca})
    async with HttpsXmlOutput(settings, services) as output:
        stages = [stage async for stage in output.test()]
    assert [stage.name for stage in stages] == ["DNS", "TCP", "TLS", "request", "status", "receipt"]
    assert all(stage.ok for stage in stages)
    [(_, body)] = server.requests
    assert complaints(body) == ""
    assert ElementTree.fromstring(body).get("test") == "true"  # noqa: S314 - we wrote it


async def test_a_test_ends_where_the_receipt_is_missing(server: BackEnd, services: Services, ca: str) -> None:
    server.answer = lambda _: "OK"
    settings = HttpsXmlSettings.model_validate({"url": server.url, "token": TOKEN, "ca": ca})
    async with HttpsXmlOutput(settings, services) as output:
        *before, last = [stage async for stage in output.test()]
    assert all(stage.ok for stage in before)
    assert (last.name, last.ok) == ("receipt", False)
    assert "receipt: status" in last.text


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
    direct = HttpsXmlSettings(url="https://meters.example/report", proxy_from_environment=False)
    [traffic] = HttpsXmlOutput(direct, services).traffic()
    assert (traffic.to, traffic.port) == ("meters.example", 443)
    assert "the token" not in traffic.carries
    assert list(HttpsXmlOutput(HttpsXmlSettings(folder="reports"), services).traffic()) == []


async def test_after_an_outage_the_report_fills_the_history_in(
    server: BackEnd, services: FakeServices, printer: FleetEntry, ca: str, tmp_path: Path
) -> None:
    clock = services.clock
    assert isinstance(clock, FakeClock)
    settings = HttpsXmlSettings.model_validate({"url": server.url, "token": TOKEN, "ca": ca})
    async with (
        Store.open(tmp_path / "pagemeter.db", clock=clock, group_seconds=0) as store,
        HttpsXmlOutput(settings, services) as output,
    ):
        now = clock.now()
        status = AgentStatus(agent=store.agent, version="0.1.0", started_at=now, at=now)
        outbox = Outbox(store, clock=clock, status=lambda: status)
        subscription = Subscription(output="head-office", feed=output.feeds()[0], deliver=output.deliver)

        async def visit_and_report(answer: Callable[[bytes], str]) -> str | None:
            visit = replace(printer.latest, taken_at=clock.now())
            await store.keep(Keep(bodies=(("d1", visit),), entries=(replace(printer, latest=visit),)))
            server.answer = answer
            [result] = await outbox.drain([subscription])
            await clock.advance(3600)
            return result.error

        assert await visit_and_report(receipt_of) is None
        for answer in (lambda _: "", lambda _: "<html></html>", lambda body: receipt_of(body + b" ")):
            assert await visit_and_report(answer) is not None
        assert await visit_and_report(receipt_of) is None
        assert await visit_and_report(receipt_of) is None
    visits = [body.count(b"<visit>") for _, body in server.requests]
    assert (visits[0], visits[-2:]) == (1, [4, 1])
