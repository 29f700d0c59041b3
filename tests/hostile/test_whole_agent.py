"""A whole run among hostile devices: whatever they say arrives as text or not at all, wherever it goes."""

from __future__ import annotations

import asyncio
import csv
import getpass
import io
import json
import logging
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from aiohttp import web
from aiosmtpd.controller import Controller
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

import pagemeter_plugins.https_xml
import pagemeter_plugins.webhook
from pagemeter.agent import Agent, Outcome
from pagemeter.cli import app
from pagemeter.cli.paths import store_path
from pagemeter.cli.running import one_round
from pagemeter.clock import SystemClock
from pagemeter.config import AgentConfig, load_config
from pagemeter.ipp.message import Attribute, Content, Group, GroupTag, IppMessage, Value, ValueTag, decode, encode
from pagemeter.ipp.values import Collection
from pagemeter.logs import set_up_logging
from pagemeter.progress import Watcher, nobody
from pagemeter.root import run_root
from pagemeter.simulator import Behaviour, SimulatedDevice, Simulator, in_background
from pagemeter.snmp.recording import read_recording
from pagemeter.snmp.types import Oid, Tag, VarBind, Walk, oid
from pagemeter.store import StoreReader

pytestmark = pytest.mark.slow

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
XSD = Path(pagemeter_plugins.https_xml.__file__).parent / "report-1.xsd"
SCHEMA = Path(pagemeter_plugins.webhook.__file__).parent / "batch-1.json"
NETWORK, ROUTER, IPP, ELSE = "127.46.0.0/24", "127.46.0.240", "127.46.0.250", "127.46.0.230"
SEGMENT = "10.98.{number}.0/24"

YAML = """\
agent: {{state: state, packets_per_second: 10000, job_details: full}}
networks:
  - {{network: {network}, site: "{{{{ 7*7 }}}} [bold]"}}
credentials:
  - {{networks: [{network}], snmp: {{version: 2c, community: public, port: {snmp}}}}}
discoveries:
  - {{plugin: static, table: table.csv, targets: [{targets}]}}
  - {{plugin: gateway, routers: [{router}]}}
readers:
  - {{plugin: printer_mib}}
  - {{plugin: ipp}}
sources:
  - {{plugin: pcounter, path: PCOUNTER.LOG, timezone: UTC}}
  - {{plugin: quoting, name: quoter}}
outputs:
  - {{plugin: files, name: lines, folder: lines}}
  - {{plugin: files, name: table, folder: table, format: csv}}
  - {{plugin: https_xml, folder: xml}}
  - {{plugin: webhook, url: "http://127.0.0.1:{http}/hook", allow_plain_http: true, gzip: false}}
  - {{plugin: webhook, name: refused, url: "http://127.0.0.1:{failing}/hook", allow_plain_http: true}}
  - {{plugin: quoting}}
  - {{plugin: email, host: 127.0.0.1, port: {smtp}, tls: none, sender: a@example.com, recipients: [b@example.com]}}
  {mqtt}
"""


# ---- the devices


def octets_of(text: str) -> bytes:
    """Write it as UTF-8 that nobody may write, with lone surrogates; at most what a datagram holds."""
    return text.encode("utf-8", "surrogatepass")[:60_000]


PRT = oid("1.3.6.1.2.1.43")
TEXTS: tuple[Oid, ...] = tuple(
    map(
        oid,
        (
            *("1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.4.0", "1.3.6.1.2.1.1.5.0", "1.3.6.1.2.1.1.6.0"),
            *("1.3.6.1.2.1.2.2.1.2.1", "1.3.6.1.2.1.25.3.2.1.3.1", "1.3.6.1.2.1.31.1.1.1.1.1"),
            *("1.3.6.1.2.1.43.5.1.1.16.1", "1.3.6.1.2.1.43.5.1.1.17.1"),
            *("1.3.6.1.2.1.43.6.1.1.2.1.1", "1.3.6.1.2.1.43.8.2.1.12.1.1", "1.3.6.1.2.1.43.8.2.1.13.1.1"),
            *("1.3.6.1.2.1.43.8.2.1.18.1.1", "1.3.6.1.2.1.43.11.1.1.6.1.1", "1.3.6.1.2.1.43.12.1.1.4.1.1"),
            *("1.3.6.1.2.1.43.16.5.1.2.1.1", "1.3.6.1.2.1.43.18.1.1.8.1.1"),
            *("1.3.6.1.4.1.2699.1.2.1.2.1.1.2.1", "1.3.6.1.4.1.2699.1.2.1.2.1.1.3.1"),
        ),
    )
)
"""sysDescr to sysLocation, ifDescr, hrDeviceDescr, ifName, and the texts of the Printer MIB and of PWG 5107.1."""

NUMBERS: Mapping[str, int] = {
    "2.2.1.3.1": 6, "2.2.1.8.1": 1, "25.3.2.1.5.1": 2, "25.3.5.1.1.1": 3, "43.6.1.1.3.1.1": 3, "43.8.2.1.2.1.1": 3,
    "43.8.2.1.9.1.1": 250, "43.8.2.1.10.1.1": 100, "43.10.2.1.3.1.1": 7, "43.10.2.1.4.1.1": 4711,
    "43.11.1.1.2.1.1": 1, "43.11.1.1.3.1.1": 1, "43.11.1.1.4.1.1": 3, "43.11.1.1.5.1.1": 3, "43.11.1.1.7.1.1": 19,
    "43.11.1.1.8.1.1": 100, "43.11.1.1.9.1.1": 5, "43.18.1.1.2.1.1": 3, "43.18.1.1.4.1.1": 6, "43.18.1.1.7.1.1": 8,
}  # fmt: skip


def printer(text: str) -> Walk:
    """A printer all of whose texts are one, even its MAC."""
    rows = [VarBind(where, Tag.OCTET_STRING, octets_of(text)) for where in TEXTS]
    rows += [VarBind((*oid("1.3.6.1.2.1"), *oid(where)), Tag.INTEGER, value) for where, value in NUMBERS.items()]
    rows.append(VarBind(oid("1.3.6.1.2.1.1.2.0"), Tag.OBJECT_IDENTIFIER, oid("1.3.6.1.4.1.2699")))
    rows.append(VarBind(oid("1.3.6.1.2.1.2.2.1.6.1"), Tag.OCTET_STRING, octets_of(text)[:7]))
    return Walk(rows)


def something_else(text: str) -> Walk:
    """What is no printer and says so with hostile words."""
    return Walk([VarBind(oid("1.3.6.1.2.1.1.1.0"), Tag.OCTET_STRING, octets_of(text))])


def router(texts: Mapping[str, str]) -> Walk:
    """A router with a segment and an interface for each text."""
    rows = []
    for number, text in enumerate(texts.values(), 1):
        address = (10, 98, number, 1)
        ip = oid("1.3.6.1.2.1.4.20.1")
        rows.append(VarBind((*ip, 2, *address), Tag.INTEGER, number))
        rows.append(VarBind((*ip, 3, *address), Tag.IP_ADDRESS, bytes((255, 255, 255, 0))))
        rows.append(VarBind((*oid("1.3.6.1.2.1.2.2.1.8"), number), Tag.INTEGER, 1))
        column = oid("1.3.6.1.2.1.31.1.1.1.1") if number % 2 else oid("1.3.6.1.2.1.2.2.1.2")
        rows.append(VarBind((*column, number), Tag.OCTET_STRING, octets_of(text)))
    return Walk(rows)


def ipp_printer(texts: Mapping[str, str]) -> Group:
    """The attributes of a printer; each has several of the texts, or one after the other."""
    every = [octets_of(text)[:30_000] for text in texts.values()]
    words = {
        name: every[number % len(every)]
        for number, name in enumerate(
            (
                *("printer-make-and-model", "printer-name", "printer-info", "printer-dns-sd-name", "printer-location"),
                *("printer-device-id", "printer-serial-number", "printer-uuid", "printer-firmware-string-version"),
                "printer-firmware-name",
            )
        )
    }
    attributes = [Attribute(name, (Value(ValueTag.TEXT, text),)) for name, text in words.items()]
    attributes += [
        Attribute(name, tuple(Value(ValueTag.OCTET_STRING, prefix + text) for text in every))
        for name, prefix in (
            ("printer-state-reasons", b""),
            ("marker-names", b""),
            ("marker-types", b""),
            ("printer-supply-description", b""),
            ("printer-supply", b"index=1;class=other;type="),
            ("printer-input-tray", b"index=1;name="),
            ("printer-alert", b"code=jam;group="),
            ("printer-alert-description", b""),
        )
    ]
    # One of its own, for equal ones would make one device of two.
    attributes.insert(0, Attribute("printer-serial-number", (Value(ValueTag.TEXT, b"IPP" + every[0]),)))
    contact = Collection((Attribute("contact-name", (Value(ValueTag.NAME, every[0]),)),))
    numbers: tuple[tuple[str, int, Content], ...] = (
        ("printer-state", ValueTag.ENUM, 5),
        ("printer-impressions-completed", ValueTag.INTEGER, 815),
        ("printer-contact-col", ValueTag.COLLECTION, contact),
    )
    attributes += [Attribute.of(name, tag, content) for name, tag, content in numbers]
    return Group(GroupTag.PRINTER, tuple(attributes))


def write_table(path: Path, texts: Mapping[str, str]) -> None:
    """Link each printer's address to hostile words."""
    with path.open("w", encoding="utf-8", errors="surrogatepass", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["address", "name", "asset_tag", "site", "label:room"])
        for number, text in enumerate(texts.values(), 1):
            rows.writerow([f"127.46.0.{number}", *([text[:1000].replace("\0", "")] * 4)])


def write_log(path: Path, texts: Mapping[str, str]) -> None:
    """Print a job for each text: user, document, queue, client and account, and a cost with a strange currency."""
    lines = []
    for text in texts.values():
        words = re.sub(r"[,\r\n]", " ", text[:1000])
        lines.append(
            f"{words},{words},{words},03/17/2026,08:05:09,{words},{words},,{words},/D/,1,6,\x1b[\x070.30,1\r\n"
        )
    path.write_bytes("".join(lines).encode("utf-8", "surrogatepass"))


# ---- a stranger's plugin

QUOTING = """\
from pagemeter import Factory, Feed, Output, Settings, Source, hookimpl
from pagemeter.errors import DeliveryError, Unreadable

WORDS = {words!a}

class QuotingSettings(Settings):
    pass

class Quoting(Output):
    def __init__(self, settings, services):
        pass
    def feeds(self):
        return [Feed(name="all")]
    async def deliver(self, batch):
        raise DeliveryError(WORDS)

class QuotingSource(Source):
    def __init__(self, settings, services):
        pass
    async def collect(self, cursors):
        raise Unreadable(WORDS)
        yield

@hookimpl
def pagemeter_sources():
    return [Factory("quoting", QuotingSettings, QuotingSource)]

@hookimpl
def pagemeter_outputs():
    return [Factory("quoting", QuotingSettings, Quoting)]
"""
MANIFEST = """\
name: quoting
api: 1
summary: Repeats in its errors what a server says
kinds: [outputs, sources]
requirements: []
network: []
rights: []
tier: experimental
"""


@contextmanager
def installed(folder: Path, words: str) -> Iterator[None]:
    """Install an output that fails with these words, as pip does."""
    package, info = folder / "plug_quoting", folder / "plug_quoting-1.0.dist-info"
    package.mkdir(parents=True)
    info.mkdir()
    (package / "__init__.py").write_text(QUOTING.format(words=words), "ascii")
    (package / "manifest.yaml").write_text(MANIFEST, "ascii")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plug-quoting\nVersion: 1.0\n", "ascii")
    (info / "entry_points.txt").write_text("[pagemeter]\nquoting = plug_quoting\n", "ascii")
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop("plug_quoting", None)
        sys.path_importer_cache.pop(str(folder), None)


# ---- who takes what leaves


@dataclass
class Taken:
    """Everything that left, and what was said on the way."""

    folder: Path
    outcome: Outcome | None = None
    hooked: list[bytes] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    published: list[tuple[str, bytes]] = field(default_factory=list)
    log: str = ""
    log_json: str = ""


class Post:
    """Takes every mail."""

    def __init__(self, taken: Taken) -> None:
        self._taken = taken

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - the name of aiosmtpd's hook
        self._taken.mails.append(envelope.content)
        return "250 taken"


@asynccontextmanager
async def web_servers(taken: Taken, texts: Mapping[str, str]) -> AsyncIterator[tuple[int, int, int]]:
    """A receiver of webhooks, a printer that speaks IPP, and a receiver that fails; yields their ports."""

    async def hook(request: web.Request) -> web.Response:
        taken.hooked.append(await request.read())
        return web.Response(status=204)

    async def ask(request: web.Request) -> web.Response:
        asked = decode(await request.read())
        answer = IppMessage(asked.version, 0, asked.request_id, (ipp_printer(texts),))
        return web.Response(body=encode(answer), content_type="application/ipp")

    receiver, ipp = web.Application(client_max_size=2**26), web.Application()
    receiver.router.add_post("/hook", hook)
    ipp.router.add_post("/{path:.*}", ask)
    ports = []
    async with AsyncExitStack() as stack:
        for made, host in ((receiver, "127.0.0.1"), (ipp, IPP)):
            runner = web.AppRunner(made, access_log=None)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, host, 0).start()
            ports.append(runner.addresses[0][1])
        failing = await asyncio.start_server(lambda _, writer: fail(writer, texts), "127.0.0.1", 0)
        stack.callback(failing.close)
        yield ports[0], ports[1], failing.sockets[0].getsockname()[1]


def fail(writer: asyncio.StreamWriter, texts: Mapping[str, str]) -> None:
    """Answer any request with hostile words wherever HTTP has room for some."""
    words = "".join(texts[name] for name in ("ansi", "rich", "line breaks"))
    reason = octets_of(re.sub("[\r\n]", "", words))
    body = octets_of(words)
    head = b"HTTP/1.1 500 %b\r\nServer: %b\r\nRetry-After: %b\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    writer.write(head % (reason, reason, reason, len(body)) + body)
    writer.close()


@contextmanager
def broker(folder: Path) -> Iterator[int | None]:
    """Run a mosquitto; yields none where there is none."""
    if MOSQUITTO is None:
        yield None
        return
    port = free_port()
    conf = folder / "mosquitto.conf"
    conf.write_text(f"user {getpass.getuser()}\nlistener {port} 127.0.0.1\nallow_anonymous true\n", encoding="utf-8")
    process = subprocess.Popen([MOSQUITTO, "-c", str(conf)], stderr=subprocess.DEVNULL)
    try:
        yield port
    finally:
        process.kill()
        process.wait()


@asynccontextmanager
async def listening(port: int | None, taken: Taken) -> AsyncIterator[None]:
    """Hear all that is published while the block runs."""
    if port is None:
        yield
        return
    import aiomqtt

    async def hear(client: aiomqtt.Client) -> None:
        async for message in client.messages:
            if message.topic.value == "the/end":
                return
            assert isinstance(message.payload, bytes)
            taken.published.append((message.topic.value, message.payload))

    async with AsyncExitStack() as stack:
        while True:
            try:
                client = await stack.enter_async_context(aiomqtt.Client("127.0.0.1", port))
                break
            except aiomqtt.MqttError:
                await SystemClock().sleep(0.05)
        await client.subscribe("#", qos=1)
        hearing = asyncio.create_task(hear(client))
        yield
        await client.publish("the/end", b"", qos=1)
        await hearing


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# ---- the run


@dataclass(frozen=True)
class Ran:
    """What a run left, while the devices are still there to be asked."""

    taken: Taken
    snmp: int
    count: int

    @property
    def folder(self) -> Path:
        return self.taken.folder

    def says(self, *arguments: object) -> tuple[str, str]:
        """Type a command; return both its streams."""
        result = CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.stdout, result.stderr

    def of_store(self, command: str, *arguments: str) -> tuple[str, str]:
        return self.says(command, "--config", self.folder / "pagemeter.yaml", *arguments)


@contextmanager
def logged(taken: Taken) -> Iterator[None]:
    """Log all there is to log, as text and as JSON; the loggers are as before in the end."""
    root = logging.getLogger()
    loggers = [root, logging.getLogger("pagemeter"), logging.getLogger("pagemeter_plugins")]
    loggers.append(logging.getLogger("mail.log"))  # the mail server of this test
    before = [(logger, logger.level, list(logger.handlers)) for logger in loggers]
    loggers[-1].setLevel(logging.ERROR)
    text, as_json = io.StringIO(), io.StringIO()
    set_up_logging(logging.DEBUG, stream=text)
    writing = next(handler for handler in root.handlers if handler not in before[0][2])
    root.removeHandler(writing)
    set_up_logging(logging.DEBUG, json=True, stream=as_json)
    root.addHandler(writing)
    try:
        yield
    finally:
        for logger, level, handlers in before:
            logger.setLevel(level)
            logger.handlers[:] = handlers
        taken.log, taken.log_json = text.getvalue(), as_json.getvalue()


@pytest.fixture(scope="module")
def ran(
    tmp_path_factory: pytest.TempPathFactory, texts: Mapping[str, str], common_port: Callable[[], int]
) -> Iterator[Ran]:
    folder = tmp_path_factory.mktemp("hostile")
    taken = Taken(folder)
    snmp = common_port()
    large = Behaviour(largest=65_507)
    walks = {f"127.46.0.{number}": printer(text) for number, text in enumerate(texts.values(), 1)}
    walks |= {ELSE: something_else("[/] \x1b[2J\r\n{{ x }} switch"), ROUTER: router(texts)}
    write_table(folder / "table.csv", texts)
    write_log(folder / "PCOUNTER.LOG", texts)
    devices = [(address, snmp, SimulatedDevice(walk, large)) for address, walk in walks.items()]
    words = "".join(texts[name] for name in ("rich", "ansi", "line breaks", "bidi", "template"))
    site = tmp_path_factory.mktemp("site")
    with in_background(Simulator(devices)), installed(site / "packages", words):
        with broker(folder) as port, logged(taken):
            run_root(run(taken, texts, snmp, port))
        yield Ran(taken, snmp, len(texts))


def opened(config: AgentConfig, watcher: Watcher) -> AbstractAsyncContextManager[Agent]:
    """Build the agent as ``once`` does, but keep everything at once."""
    return Agent.open(config, store_path(config), clock=SystemClock(), watcher=watcher, group_seconds=0.0)


async def run(taken: Taken, texts: Mapping[str, str], snmp: int, broker_port: int | None) -> None:
    post = Controller(Post(taken), hostname="127.0.0.1", port=free_port())
    mqtt = f"- {{plugin: mqtt, host: 127.0.0.1, port: {broker_port}, documents: true, home_assistant: true}}"
    async with web_servers(taken, texts) as (http, ipp, failing), listening(broker_port, taken):
        post.start()
        try:
            path = taken.folder / "pagemeter.yaml"
            targets = [*(f"127.46.0.{number}" for number in range(1, len(texts) + 1)), ELSE]
            targets.append(f'"ipp://{IPP}:{ipp}/ipp/print"')
            text = YAML.format(
                network=NETWORK,
                snmp=snmp,
                targets=", ".join(targets),
                router=ROUTER,
                http=http,
                failing=failing,
                smtp=post.port,
                mqtt=mqtt if broker_port else "",
            )
            path.write_text(text, encoding="utf-8")
            taken.outcome = await one_round(load_config(path, environ={}), nobody, build=opened)
        finally:
            post.stop()


def plain(texts: Mapping[str, str]) -> dict[str, str]:
    """Return the texts that are one clean line already: they arrive as they are."""
    return {name: text for name, text in texts.items() if text.isprintable() and " ".join(text.split()) == text}


def locations(entries: Any) -> set[str]:
    """Return where printers say that they are, in the JSON of their latest snapshots."""
    return {entry["latest"]["device"].get("location") for entry in entries}


def lines_of(said: str) -> list[Any]:
    return [json.loads(line) for line in said.splitlines()]


def test_every_hostile_device_is_read_and_nothing_else_fails(ran: Ran, texts: Mapping[str, str]) -> None:
    outcome = ran.taken.outcome
    assert outcome is not None
    assert set(outcome.failed) == {"refused/documents", "quoting/all", "quoter"}
    assert outcome.silent == ()
    assert {entry.latest.target for entry in outcome.fleet} >= {
        f"host://127.46.0.{number}" for number in range(1, len(texts) + 1)
    }
    assert any(entry.latest.target.startswith("ipp://") for entry in outcome.fleet)


def test_the_store_is_whole_and_has_only_clean_text(ran: Ran, texts: Mapping[str, str], judges: Any) -> None:
    with StoreReader(ran.folder / "state/pagemeter.db") as store:
        assert store.integrity() == []
        fleet = store.fleet()
    assert judges.dirty(fleet) == []
    assert {entry.latest.device.location for entry in fleet} >= set(plain(texts).values())


def test_file_names_are_ours(ran: Ran) -> None:
    ours = (
        r"(lines|table|xml|state)|((lines|table)/)?report\.json|lines/documents-[\d-]+\.jsonl|table/meters-[\d-]+\.csv"
    )
    ours += r"|xml/report\.xml|state/pagemeter\.db(-wal|-shm|\.lock|\.ballast)?"
    given = {"PCOUNTER.LOG", "table.csv", "pagemeter.yaml", "mosquitto.conf"}
    names = {path.relative_to(ran.folder).as_posix() for path in ran.folder.rglob("*")}
    assert [name for name in names - given if not re.fullmatch(ours, name)] == []


def test_lines_of_json_are_clean(ran: Ran, texts: Mapping[str, str], judges: Any) -> None:
    (path,) = (ran.folder / "lines").glob("documents-*.jsonl")
    content = path.read_text("utf-8")
    assert judges.unclean(content, lines=True) == []
    documents = [json.loads(line) for line in content.split("\n")[:-1]]
    assert judges.dirty(documents) == []
    jobs = [document["body"] for document in documents if document["type"] == "job"]
    assert len(jobs) == len(texts)
    assert {job.get("user") for job in jobs} & set(plain(texts).values())
    for folder in ("lines", "table"):
        report = json.loads((ran.folder / folder / "report.json").read_text("utf-8"))
        assert judges.dirty(report) == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_no_cell_of_the_csv_is_a_formula_whatever_the_spreadsheet_takes_for_a_delimiter(
    ran: Ran, texts: Mapping[str, str], judges: Any, delimiter: str
) -> None:
    (path,) = (ran.folder / "table").glob("meters-*.csv")
    content = path.read_bytes().decode("utf-8")
    assert judges.unclean(content.replace("\r\n", "")) == []
    rows = list(csv.reader(io.StringIO(content, newline=""), delimiter=delimiter))
    assert judges.formulas(cell for row in rows for cell in row) == []
    if delimiter == ",":
        assert {len(row) for row in rows} == {17}
        told = {cell.removeprefix("'") for row in rows for cell in row}
        assert told >= {text for text in plain(texts).values() if ";" not in text}


@pytest.mark.peer
def test_the_xml_report_is_valid_and_says_what_the_devices_said(
    ran: Ran, texts: Mapping[str, str], judges: Any
) -> None:
    content = (ran.folder / "xml/report.xml").read_bytes()
    assert judges.unclean(content.decode("utf-8"), lines=True) == []
    said = [element.text or "" for element in ElementTree.fromstring(content).iter()]  # noqa: S314 - we wrote it
    assert judges.dirty([text for text in said if text.strip()]) == []
    assert set(said) >= set(plain(texts).values())
    if shutil.which("xmllint") is None:
        pytest.skip("xmllint is not installed (Debian's libxml2-utils)")
    command = ["xmllint", "--nonet", "--noout", "--schema", str(XSD), "-"]
    done = subprocess.run(command, input=content, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_the_webhook_sends_clean_json_of_its_schema(ran: Ran, texts: Mapping[str, str], judges: Any) -> None:
    assert ran.taken.hooked
    validator = Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))
    told: set[str] = set()
    for body in ran.taken.hooked:
        batch = json.loads(body)
        assert [error.message for error in validator.iter_errors(batch)] == []
        assert judges.dirty(batch) == []
        told |= set(judges.texts_in(batch))
    assert told >= set(plain(texts).values())


@pytest.mark.peer
def test_topics_are_ours_and_home_assistant_gets_no_template_of_a_device(
    ran: Ran, texts: Mapping[str, str], judges: Any
) -> None:
    if MOSQUITTO is None:
        pytest.skip("mosquitto (Debian: mosquitto) is not installed")
    assert len(ran.taken.published) > len(texts)
    assert judges.strange_topics(topic for topic, _ in ran.taken.published) == []
    told: set[str] = set()
    configs = []
    for topic, payload in ran.taken.published:
        if topic.endswith("/availability") or not payload:
            assert payload in (b"online", b"offline", b"")
            continue
        value = json.loads(payload)
        assert judges.dirty(value) == []
        told |= set(judges.texts_in(value))
        configs += [value] if topic.endswith("/config") else []
    assert told >= set(plain(texts).values())
    assert len(configs) > len(texts)
    assert [found for config in configs for found in judges.strange_templates(config)] == []


def test_the_mail_has_no_header_and_its_workbook_no_formula_of_a_device(
    ran: Ran, texts: Mapping[str, str], judges: Any
) -> None:
    (content,) = ran.taken.mails
    mail = message_from_bytes(content, policy=default)
    assert isinstance(mail, EmailMessage)
    assert judges.strange_headers(mail) == []
    body = mail.get_body(("plain",))
    assert body is not None
    summary = body.get_content()
    assert judges.unclean(summary.replace("\r\n", "\n"), lines=True) == []
    (workbook,) = mail.iter_attachments()
    assert re.fullmatch(r"pagemeter-\d{8}\.xlsx", workbook.get_filename() or "")
    parts = judges.parts_of(workbook.get_payload(decode=True))
    assert judges.formulas_in_workbook(parts) == []
    told = {text for element in parts.values() for text in element.itertext()}
    assert judges.dirty([text for text in told if text.strip()]) == []
    assert told >= set(plain(texts).values())


def test_an_error_that_quotes_a_server_leaves_clean(ran: Ran, texts: Mapping[str, str], judges: Any) -> None:
    (path,) = (ran.folder / "lines").glob("documents-*.jsonl")
    documents = [json.loads(line) for line in path.read_text("utf-8").split("\n")[:-1]]
    told = [document["body"]["last_error"] for document in documents if document["type"] == "agent"]
    assert told
    assert told[-1].startswith(f"quoter: {texts['rich']}")
    assert judges.dirty(told) == []
    listed = {feed["feed"]: feed for feed in lines_of(ran.of_store("outbox", "--json")[0])}
    assert texts["rich"] in listed["quoting/all"]["error"]
    shown = re.sub(r"\s", "", ran.of_store("outbox")[0])
    assert re.sub(r"\s", "", texts["rich"]) in shown


def test_the_log_has_a_record_a_line(ran: Ran, judges: Any) -> None:
    assert ran.taken.log.count("\n") > 20
    assert judges.not_records(ran.taken.log, as_json=False) == []
    assert judges.not_records(ran.taken.log_json, as_json=True) == []


# ---- the commands

COMMANDS = (
    ("devices",),
    ("devices", "--json"),
    ("devices", "--others"),
    ("devices", "--others", "--json"),
    ("segments",),
    ("segments", "--json"),
    ("outbox",),
    ("outbox", "--json"),
    ("plan",),
    ("plan", "--json"),
    ("plan", "--markdown"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_says_nothing_that_steers_a_terminal(ran: Ran, judges: Any, command: tuple[str, ...]) -> None:
    out, err = ran.of_store(*command)
    assert out
    assert judges.unclean(out, lines=True) == []
    assert judges.unclean(err, lines=True) == []
    if "--json" in command and command[0] not in ("plan", "outbox"):  # which repeats what plugins say, escaped
        assert judges.dirty(lines_of(out)) == []


def test_the_table_of_devices_has_a_row_a_device_and_shows_markup_as_it_is(ran: Ran, texts: Mapping[str, str]) -> None:
    out, _ = ran.of_store("devices")
    listed = lines_of(ran.of_store("devices", "--json")[0])
    assert locations(listed) >= set(plain(texts).values())
    starts = [line[1:13].split() for line in out.splitlines()[3:]]
    assert [start for start in starts if start and not start[0].startswith("127.46.0.")] == []
    assert len([start for start in starts if start]) == len(listed)
    shown = re.sub(r"\s", "", out)
    assert re.sub(r"\s", "", texts["emoji code"]) in shown
    assert "[boldred]x[/boldred]" in shown


def test_the_table_of_segments_shows_markup_as_it_is(ran: Ran, texts: Mapping[str, str]) -> None:
    out, _ = ran.of_store("segments")
    listed = {line["network"]: line["interface"] for line in lines_of(ran.of_store("segments", "--json")[0])}
    assert {listed[SEGMENT.format(number=n)] for n in range(1, len(texts) + 1)} >= set(plain(texts).values())
    rows = [line for line in out.splitlines() if line.startswith("10.98.")]
    assert len(rows) == len(texts)
    shown = re.sub(r"\s", "", out)
    assert re.sub(r"\s", "", texts["rich"]) in shown
    assert re.sub(r"\s", "", texts["emoji code"]) in shown


def test_a_reading_is_shown_clean_and_as_it_is(ran: Ran, texts: Mapping[str, str], judges: Any) -> None:
    for number, (name, text) in enumerate(texts.items(), 1):
        at = (f"127.46.0.{number}", "--port", ran.snmp)
        out, err = ran.says("read", *at)
        assert judges.unclean(out + err, lines=True) == [], name
        told = lines_of(ran.says("read", *at, "--json")[0])
        assert judges.dirty(told) == []
        if name in plain(texts):
            assert re.sub(r"\s", "", text) in re.sub(r"\s", "", out), name
            assert told[0]["device"]["location"] == text


@pytest.mark.parametrize("way", [("--all",), ("--all", "--json")])
def test_a_scan_is_shown_clean_and_as_it_is(
    ran: Ran, texts: Mapping[str, str], judges: Any, way: tuple[str, ...]
) -> None:
    out, err = ran.says("scan", "127.46.0.0/24", "--port", ran.snmp, "--packets-per-second", 5000, *way)
    assert judges.unclean(out + err, lines=True) == []
    rows = {line.split()[0] for line in out.splitlines() if line.strip().startswith("127.46.0.")}
    if "--json" in way:
        told = lines_of(out)
        assert judges.dirty(told) == []
        assert len(told) == len(texts) + 1
    else:
        assert len(rows) == len(texts) + 1
        assert f"{ELSE}: no printer: [/] [2J {{{{ x }}}} switch" in out


def test_a_recording_of_a_hostile_device_reads_back(ran: Ran, texts: Mapping[str, str], tmp_path: Path) -> None:
    for number, text in enumerate(texts.values(), 1):
        file = tmp_path / f"{number}.snmprec"
        ran.says("record", f"127.46.0.{number}", file, "--port", ran.snmp)
        assert read_recording(file).octets(TEXTS[0]) == octets_of(text)
        assert file.read_bytes().isascii()
