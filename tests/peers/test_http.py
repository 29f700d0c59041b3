"""The HTTP client and its outputs against nginx, squid and tinyproxy."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from subprocess import DEVNULL, Popen, run
from tempfile import TemporaryDirectory
from typing import Any
from xml.etree import ElementTree

import pytest
import trustme
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import load_der_x509_certificate

from pagemeter import Batch, Feed, Form
from pagemeter.errors import DeliveryError, PagemeterError, Refused, TooLarge, Undeliverable
from pagemeter.http import HttpClient, HttpSettings
from pagemeter.model import AgentStatus, Device, DeviceSnapshot, Document, FleetEntry, Key
from pagemeter.testing import FakeClock, FakeServices
from pagemeter_plugins.https_xml.output import HttpsXmlOutput
from pagemeter_plugins.https_xml.settings import HttpsXmlSettings
from pagemeter_plugins.webhook.output import WebhookOutput
from pagemeter_plugins.webhook.settings import WebhookSettings

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(
        not all(map(shutil.which, ("nginx", "squid", "tinyproxy"))) and "CI" not in os.environ,
        reason="nginx, squid and tinyproxy are not all installed",
    ),
]

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
AGENT = AgentStatus(agent="0a1b2c", version="0.1.0", started_at=NOW, at=NOW)
TOKEN, PASSWORD = "tOkEn-7f3a", "pAsSw0rd-9c"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


@contextmanager
def running(command: Sequence[object], port: int, log: Path) -> Iterator[None]:
    """Run a server in the foreground until the block ends."""
    with log.open("wb") as out, Popen([str(part) for part in command], stdin=DEVNULL, stdout=out, stderr=out) as server:
        try:
            asyncio.run(_ready(port, server, log))
            yield
        finally:
            server.terminate()
            server.wait(20)


async def _ready(port: int, server: Popen[bytes], log: Path) -> None:
    async with asyncio.timeout(30):
        while True:
            assert server.poll() is None, log
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return


# ---- the back end behind nginx


def receipt_of(body: bytes) -> str:
    root = ElementTree.fromstring(body)  # noqa: S314 - we wrote it
    space = {"": "urn:pagemeter:report:1"}
    report, devices = root.findtext("batch", namespaces=space), len(root.findall("devices/device", space))
    return f'<receipt report="{report}" devices="{devices}" sha256="{hashlib.sha256(body).hexdigest()}"/>'


@dataclass
class BackEnd:
    port: int = 0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    answer: Callable[[bytes], str] = receipt_of
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.requests.append((dict(request.headers), body))
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.Response(status=401)
        return web.Response(status=self.status, headers=self.headers, text=self.answer(body))


@pytest.fixture
async def back_end(place: Place) -> AsyncIterator[BackEnd]:
    it = BackEnd(port=place.upstream)
    app = web.Application(client_max_size=2**26)
    app.router.add_post("/{path:.*}", it.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", place.upstream).start()
    yield it
    await runner.cleanup()


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where everything is: nginx with TLS, with TLS 1.1 only and with client certificates, and the two proxies."""

    folder: Path
    upstream: int
    tls: int
    old: int
    mutual: int
    squid: int
    tinyproxy: int
    pin: str

    @property
    def url(self) -> str:
        return f"https://localhost:{self.tls}/report"


NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log info; worker_processes 1;
events {{ worker_connections 64; }}
http {{
  access_log off; client_max_body_size 1m; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.pem;
  proxy_buffering off; proxy_read_timeout 1s; proxy_http_version 1.1;
  server {{
    listen 127.0.0.1:{tls} ssl; ssl_protocols TLSv1.2 TLSv1.3;
    location / {{ proxy_pass http://127.0.0.1:{upstream}; }}
    location /large {{ client_max_body_size 64m; proxy_pass http://127.0.0.1:{upstream}; }}
    location /gone {{ return 302 https://127.0.0.1:{old}/elsewhere; }}
    location /page {{ default_type text/html; return 200 "<html><body>Please log in</body></html>"; }}
    location /busy {{ add_header Retry-After 120 always; return 503; }}
    location /drop {{ return 444; }}
    location /down {{ proxy_pass http://127.0.0.1:{nothing}; }}
  }}
  server {{ listen 127.0.0.1:{old} ssl; ssl_protocols TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0; }}
  server {{
    listen 127.0.0.1:{mutual} ssl; ssl_verify_client on; ssl_client_certificate {folder}/ca.pem;
    location / {{ proxy_pass http://127.0.0.1:{upstream}; }}
  }}
}}
"""

SQUID = """
http_port 127.0.0.1:{squid}
pid_filename {folder}/squid.pid
access_log none
cache_log {folder}/squid.log
cache deny all
coredump_dir {folder}
cache_effective_user {user}
visible_hostname proxy.example
hosts_file {users}/hosts
auth_param basic program {helper} {users}/users
auth_param basic children 1
acl known proxy_auth REQUIRED
acl wanted port {tls} {upstream}
http_access deny !known
http_access allow wanted
http_access deny all
shutdown_lifetime 0 seconds
"""

TINYPROXY = """
User {user}
Port {tinyproxy}
Listen 127.0.0.1
Timeout 30
LogFile "{folder}/tinyproxy.log"
MaxClients 16
Allow 127.0.0.1
BasicAuth agent {password}
ConnectPort {tls}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("http")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    trustme.CA().cert_pem.write_to_path(folder / "other.pem")
    leaf = authority.issue_cert("localhost", "meters.example")
    leaf.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    authority.issue_cert("agent").private_key_and_cert_chain_pem.write_to_path(folder / "me.pem")
    trustme.CA().issue_cert("agent").private_key_and_cert_chain_pem.write_to_path(folder / "stranger.pem")
    names = ("upstream", "tls", "old", "mutual", "squid", "tinyproxy")
    ports = {name: free_port() for name in names}
    user = getuser()
    unprivileged = "nobody" if user == "root" else user
    helper = next(Path("/usr/lib").glob("**/squid/basic_ncsa_auth"))
    # Started by root, squid gives up its rights, and pytest's folders are closed to others.
    with TemporaryDirectory(prefix="pagemeter-squid-") as users:
        Path(users).chmod(0o755)
        (Path(users) / "users").write_text(f"agent:{_apr(PASSWORD)}\n")
        values: dict[str, Any] = {
            **ports, "folder": folder, "users": users, "nothing": free_port(), "helper": helper, "password": PASSWORD,
            "user": unprivileged,
        }  # fmt: skip
        (Path(users) / "hosts").write_text("127.0.0.1 localhost meters.example\n")
        for name, text in (("nginx", NGINX), ("squid", SQUID), ("tinyproxy", TINYPROXY)):
            (folder / f"{name}.conf").write_text(text.format(**values))
        nginx = ["nginx", "-p", folder, "-e", folder / "nginx.log", "-c", folder / "nginx.conf"]
        tinyproxy = ["tinyproxy", "-d", "-c", folder / "tinyproxy.conf"]
        with (
            running(nginx, ports["tls"], folder / "nginx.out"),
            running(["squid", "-N", "-f", folder / "squid.conf"], ports["squid"], folder / "squid.out"),
            running(tinyproxy, ports["tinyproxy"], folder / "tinyproxy.out"),
        ):
            der = ssl.PEM_cert_to_DER_cert(leaf.cert_chain_pems[0].bytes().decode())
            yield Place(folder=folder, pin=_pin(der), **ports)


def _apr(password: str) -> str:
    done = run(["openssl", "passwd", "-apr1", password], capture_output=True, text=True, check=True, timeout=30)
    return done.stdout.strip()


def _pin(der: bytes) -> str:
    info = (
        load_der_x509_certificate(der)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return "sha256:" + hashlib.sha256(info).hexdigest()


# ---- deliveries


def fleet(devices: int) -> Batch:
    entries = tuple(
        FleetEntry(
            latest=DeviceSnapshot(
                device=Device(id=f"d{number}", name="x" * 1000), target=f"host://10.0.0.{number % 256}", taken_at=NOW
            ),
            first_seen=NOW,
        )
        for number in range(devices)
    )
    return Batch(id="r-1", feed=Feed(name="report", form=Form.REPORT), agent=AGENT, fleet=entries)


def documents() -> Batch:
    key = Key(agent="0a1b2c", epoch="00000001-0123456789abcdef", seq=1)
    return Batch(id="b-1", feed=Feed(name="documents"), agent=AGENT, documents=(Document(key=key, at=NOW, body=AGENT),))


def services(place: Place) -> FakeServices:
    return FakeServices(clock=FakeClock(NOW), folder=place.folder)


def way(place: Place, **settings: object) -> dict[str, Any]:
    return {"url": place.url, "token": TOKEN, "ca": "ca.pem", "proxy_from_environment": False, **settings}


def through(place: Place, proxy: str, **settings: object) -> dict[str, Any]:
    url = f"http://127.0.0.1:{getattr(place, proxy)}"
    return way(place, proxy=url, **{"proxy_user": "agent", "proxy_password": PASSWORD, **settings})


async def report(place: Place, devices: int = 2, **settings: Any) -> None:
    async with HttpsXmlOutput(HttpsXmlSettings.model_validate(settings), services(place)) as output:
        await output.deliver(fleet(devices))


async def failure(place: Place, devices: int = 2, **settings: Any) -> PagemeterError:
    with pytest.raises(PagemeterError) as caught:
        await report(place, devices, **settings)
    text = f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"
    assert TOKEN not in text
    assert PASSWORD not in text
    return caught.value


async def stages_of(place: Place, **settings: object) -> list[tuple[str, bool, str]]:
    async with HttpsXmlOutput(HttpsXmlSettings.model_validate(settings), services(place)) as output:
        return [(stage.name, stage.ok, stage.text) async for stage in output.test()]


async def test_a_report_and_its_receipt_go_through_nginx(place: Place, back_end: BackEnd) -> None:
    await report(place, **way(place, pin=[place.pin]))
    await report(place, **way(place, gzip=True))
    (plain, body), (packed, small) = back_end.requests
    assert "Content-Encoding" not in plain
    assert packed["Content-Encoding"] == "gzip"
    assert body == small


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"ca": "other.pem"}, "authority is unknown"),
        ({"ca": None}, "authority is unknown"),
        ({"url": "https://127.0.0.1:{tls}/report"}, "for another address"),
        ({"url": "https://localhost.localdomain:{tls}/report"}, "another name|can't be resolved"),
        ({"pin": ["sha256:" + "00" * 32]}, "none of `pin`"),
        ({"url": "https://localhost:{old}/report"}, "no TLS 1.2 or newer"),
    ],
)
async def test_a_server_that_is_not_the_right_one_gets_nothing(
    place: Place, back_end: BackEnd, settings: dict[str, object], words: str
) -> None:
    if "url" in settings:
        settings = {"url": str(settings["url"]).format(tls=place.tls, old=place.old)}
    error = await failure(place, **way(place, **settings))
    assert type(error) is DeliveryError
    assert re.search(words, str(error))
    assert back_end.requests == []


async def test_a_client_certificate_opens_the_door(place: Place, back_end: BackEnd) -> None:
    url = f"https://localhost:{place.mutual}/report"
    await report(place, **way(place, url=url, client_certificate="me.pem"))
    assert len(back_end.requests) == 1
    assert "set client_certificate" in str(await failure(place, **way(place, url=url)))
    stranger = await failure(place, **way(place, url=url, client_certificate="stranger.pem"))
    assert "does not trust our client certificate" in str(stranger)
    assert len(back_end.requests) == 1


async def test_no_document_is_set_aside_for_a_missing_client_certificate(place: Place) -> None:
    settings = way(place, url=f"https://localhost:{place.mutual}/hook")
    async with WebhookOutput(WebhookSettings.model_validate(settings), services(place)) as output:
        with pytest.raises(DeliveryError, match="client_certificate") as caught:
            await output.deliver(documents())
    assert type(caught.value) is DeliveryError


@pytest.mark.parametrize(
    ("path", "kind", "words"),
    [
        ("gone", DeliveryError, "moved"),
        ("page", DeliveryError, "web page"),
        ("busy", DeliveryError, "503"),
        ("drop", DeliveryError, "the connection broke"),
        ("down", DeliveryError, "502"),
    ],
)
async def test_what_nginx_answers_itself_leaves_the_report_owed(
    place: Place, path: str, kind: type[Exception], words: str
) -> None:
    error = await failure(place, **way(place, url=f"https://localhost:{place.tls}/{path}"))
    assert type(error) is kind
    assert words in str(error)
    assert isinstance(error, DeliveryError)
    assert (error.retry_after is not None) is (path == "busy")


async def test_nginxs_limit_halves_and_a_raised_one_takes_the_whole(place: Place, back_end: BackEnd) -> None:
    assert type(await failure(place, 5000, **way(place))) is TooLarge
    await report(place, 5000, **way(place, url=f"https://localhost:{place.tls}/large"))
    assert len(back_end.requests[-1][1]) > 5_000_000


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, Refused), (407, Refused), (413, TooLarge), (429, DeliveryError), (500, DeliveryError), (400, DeliveryError)],
)
async def test_what_the_back_end_answers_is_passed_on(
    place: Place, back_end: BackEnd, status: int, kind: type[Exception]
) -> None:
    back_end.status, back_end.headers = status, {"Retry-After": "60"}
    error = await failure(place, **way(place))
    assert type(error) is kind
    assert isinstance(error, DeliveryError)
    assert error.retry_after is not None


@pytest.mark.parametrize("proxy", ["squid", "tinyproxy"])
async def test_a_report_goes_through_a_proxy_with_a_password(place: Place, back_end: BackEnd, proxy: str) -> None:
    await report(place, **through(place, proxy, pin=[place.pin]))
    [(headers, _)] = back_end.requests
    assert "Proxy-Authorization" not in headers
    stages = await stages_of(place, **through(place, proxy))
    assert [(name, ok) for name, ok, _ in stages] == [
        (name, True) for name in ("DNS", "TCP", "proxy", "TLS", "request", "status", "receipt")
    ]


@pytest.mark.parametrize("proxy", ["squid", "tinyproxy"])
@pytest.mark.parametrize("login", [{"proxy_password": "wrong"}, {"proxy_user": None, "proxy_password": None}])
async def test_a_wrong_password_for_the_proxy_waits_for_a_new_one(
    place: Place, back_end: BackEnd, proxy: str, login: dict[str, object]
) -> None:
    error = await failure(place, **through(place, proxy, **login))
    assert type(error) is Refused
    assert "proxy_user and proxy_password" in str(error)
    *_, (name, ok, text) = await stages_of(place, **through(place, proxy, **login))
    assert (name, ok) == ("proxy", False)
    assert "proxy_password" in text
    assert back_end.requests == []


@pytest.mark.parametrize("proxy", ["squid", "tinyproxy"])
async def test_a_proxy_that_allows_only_other_ports_is_named(place: Place, proxy: str) -> None:
    error = await failure(place, **through(place, proxy, url=f"https://localhost:{place.mutual}/report"))
    assert "does not let us through to localhost (403)" in str(error)


async def test_the_proxy_of_the_environment_is_used_with_its_password(place: Place, back_end: BackEnd) -> None:
    # Only squid knows where that is.
    url = place.url.replace("localhost", "meters.example")
    settings = HttpSettings.model_validate({"url": url, "ca": "ca.pem", "token": TOKEN})
    for login, refused in ((f"agent:{PASSWORD}@", False), ("", True)):
        environ = {"HTTPS_PROXY": f"http://{login}127.0.0.1:{place.squid}"}
        client = await HttpClient.open(settings, folder=place.folder, clock=FakeClock(NOW), environ=environ)
        if refused:
            with pytest.raises(Refused, match="is HTTPS_PROXY right"):
                await client.post(b"<report/>", content_type="text/plain")
        else:
            back_end.answer = lambda _: "OK"
            assert (await client.post(b"<report/>", content_type="text/plain")).body == b"OK"


async def test_plain_http_goes_through_a_proxy_where_it_is_allowed(place: Place, back_end: BackEnd) -> None:
    settings = through(
        place, "squid", url=f"http://127.0.0.1:{place.upstream}/report", allow_plain_http=True, token=None, ca=None
    )
    assert type(await failure(place, **settings)) is Refused  # the back end's 401: no token goes over plain http
    [(headers, _)] = back_end.requests
    assert "Proxy-Authorization" not in headers


async def test_each_failure_is_told_at_its_stage(place: Place, back_end: BackEnd) -> None:
    assert (await stages_of(place, **way(place)))[-1][:2] == ("receipt", True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = taken.getsockname()[1]
    for settings, stage, words in (
        ({"url": "https://name.invalid/"}, "DNS", "can't be resolved"),
        ({"url": f"https://localhost:{closed}/"}, "TCP", "refused"),
        ({"ca": "other.pem"}, "TLS", "authority"),
        ({"pin": ["sha256:" + "00" * 32]}, "TLS", "pin"),
        ({"url": f"https://localhost:{place.old}/"}, "TLS", "TLS 1.2"),
        ({"url": f"https://localhost:{place.tls}/drop"}, "request", "broke"),
        ({"url": f"https://localhost:{place.tls}/page"}, "status", "web page"),
        ({"url": f"https://localhost:{place.tls}/gone"}, "status", "moved"),
        ({"token": "other"}, "status", "token"),
    ):
        *before, (name, ok, text) = await stages_of(place, **way(place, **settings))
        assert (name, ok) == (stage, False)
        assert words in text
        assert all(ok for _, ok, _ in before)
    back_end.answer = lambda _: "OK"
    assert (await stages_of(place, **way(place)))[-1][:2] == ("receipt", False)


async def test_a_back_end_behind_nginx_judges_documents(place: Place, back_end: BackEnd) -> None:
    back_end.status, back_end.answer = 422, lambda _: "{}"
    async with WebhookOutput(WebhookSettings.model_validate(way(place)), services(place)) as output:
        with pytest.raises(Undeliverable):
            await output.deliver(documents())
        back_end.status = 202
        await output.deliver(documents())
