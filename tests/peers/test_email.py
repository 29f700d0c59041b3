"""The output ``email`` against aiosmtpd: encryption, logins, refusals, and servers that hang or break off."""

from __future__ import annotations

import asyncio
import io
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from openpyxl import load_workbook

from pagemeter import Batch, Feed, Form, Stage
from pagemeter.errors import DeliveryError, PluginError, Refused, TooLarge
from pagemeter.model import AgentStatus, Device, DeviceSnapshot, FleetEntry, MeterRead, MeterUnit, Origin, Work
from pagemeter.testing import FakeClock, FakeServices
from pagemeter_plugins.email.conversation import Conversation
from pagemeter_plugins.email.output import EmailOutput
from pagemeter_plugins.email.settings import EmailSettings

pytestmark = [
    pytest.mark.peer,
    # TLS that is there from the beginning is none to aiosmtpd.
    pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS"),
]

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
USER, PASSWORD = "meter@example.com", "öpen sesame, \\0 please"
A, B = "office@example.com", "service@example.com"


@dataclass
class Post:
    """A mail server: keeps what it takes, and answers a command as it is told."""

    answers: dict[str, str] = field(default_factory=dict)
    mails: list[Envelope] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    async def handle_EHLO(  # noqa: N802 - the name of aiosmtpd's hook
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.sessions.append(session)
        return [line for line in responses if not any(word in line for word in self.answers.get("hide", "").split())]

    async def handle_MAIL(  # noqa: N802 - the name of aiosmtpd's hook
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.commands.append(f"MAIL {address} {' '.join(options)}".strip())
        if address in self.answers:
            return self.answers[address]
        envelope.mail_from = address
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802 - the name of aiosmtpd's hook
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.commands.append(f"RCPT {address}")
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_RSET(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the same
        self.commands.append("RSET")
        return "250 OK"

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the same
        self.commands.append("QUIT")
        return "221 Bye"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the same
        self.commands.append("DATA")
        if "DATA" in self.answers:
            return self.answers["DATA"]
        self.mails.append(envelope)
        return "250 2.0.0 taken"


def only_mail(post: Post) -> EmailMessage:
    [envelope] = post.mails
    assert isinstance(envelope.content, bytes)
    mail = message_from_bytes(envelope.content, policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    fits = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=fits, handled=False, auth_data=data)


@dataclass
class Place:
    """A server's certificate and the folder with its authority."""

    folder: Path
    tls: ssl.SSLContext

    @asynccontextmanager
    async def serve(self, post: Post, *, implicit: bool = False, **options: Any) -> AsyncIterator[int]:
        """Run the server on a port of the loopback interface."""
        loop = asyncio.get_running_loop()
        options.setdefault("tls_context", None if implicit else self.tls)
        server = await loop.create_server(
            lambda: SMTP(post, hostname="mail.test", loop=loop, **options),
            "127.0.0.1",
            0,
            ssl=self.tls if implicit else None,
        )
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()

    def output(self, port: int, **changed: Any) -> EmailOutput:
        plain = {
            "host": "localhost",
            "port": port,
            "ca": "ca.pem",
            "sender": "meters@example.com",
            "recipients": [A, B],
        }
        settings = EmailSettings.model_validate({**plain, **changed})
        return EmailOutput(settings, FakeServices(clock=FakeClock(NOW), folder=self.folder))

    async def deliver(self, port: int, batch: Batch, **changed: Any) -> None:
        async with self.output(port, **changed) as output:
            await output.deliver(batch)

    async def stages(self, port: int, **changed: Any) -> list[Stage]:
        async with self.output(port, **changed) as output:
            return [stage async for stage in output.test()]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def certified(authority: trustme.CA, *names: str, **more: Any) -> ssl.SSLContext:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, **more).configure_cert(tls)
    return tls


@pytest.fixture
def place(authority: trustme.CA, tmp_path: Path) -> Place:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return Place(folder=tmp_path, tls=certified(authority, "localhost"))


@pytest.fixture
def batch() -> Batch:
    status = AgentStatus(agent="0a1b2c", version="0.1.0", site="Büro", started_at=NOW - timedelta(days=3), at=NOW)
    origin = Origin(protocol="snmp", where="1.3.6.1.2.1.43.10.2.1.4.1.1")
    read = MeterRead(work=Work.TOTAL, unit=MeterUnit.IMPRESSIONS, value=12345, raw="12345", origin=origin, at=NOW)
    device = Device(id="d1", model="Acme Laser 9", name="=1+1")
    snapshot = DeviceSnapshot(device=device, target="host://10.0.0.7", taken_at=NOW, meter_reads=(read,))
    feed = Feed(name="report", form=Form.REPORT)
    return Batch(id="ba5eba11", feed=feed, agent=status, fleet=(FleetEntry(latest=snapshot, first_seen=NOW),))


LOGIN = {"user": USER, "password": PASSWORD}
AUTH: dict[str, Any] = {"authenticator": authenticate, "auth_required": True}


# ---- what arrives


async def test_the_workbook_arrives_over_starttls_after_a_login(place: Place, batch: Batch) -> None:
    post = Post()
    async with place.serve(post, require_starttls=True, **AUTH) as port:
        await place.deliver(port, batch, **LOGIN)
    [envelope] = post.mails
    assert (envelope.mail_from, envelope.rcpt_tos) == ("meters@example.com", [A, B])
    mail = only_mail(post)
    assert mail["Subject"] == f"Printers of Büro, {NOW.astimezone():%Y-%m-%d}"
    assert mail["Message-ID"] == "<ba5eba11@example.com>"
    [book] = mail.iter_attachments()
    sheets = load_workbook(io.BytesIO(book.get_content()))
    assert sheets.sheetnames == ["devices", "meters", "supplies", "jobs", "events"]
    assert 12345 in [cell.value for cell in sheets["meters"][2]]
    assert {cell.value: cell.data_type for cell in sheets["devices"][2]}["=1+1"] == "s"
    assert post.commands[-1] == "QUIT"


async def test_tls_from_the_first_octet_on(place: Place, batch: Batch) -> None:
    post = Post()
    async with place.serve(post, implicit=True, auth_require_tls=False, **AUTH) as port:
        await place.deliver(port, batch, tls="implicit", **LOGIN)
    assert len(post.mails) == 1
    assert post.sessions[-1].ssl is not None or post.sessions[-1].authenticated


async def test_without_tls_and_login_where_the_settings_say_so(place: Place, batch: Batch) -> None:
    post = Post()
    async with place.serve(post, tls_context=None) as port:
        await place.deliver(port, batch, tls="none", ca=None)
    assert len(post.mails) == 1


async def test_a_server_that_knows_login_only_gets_that(place: Place, batch: Batch) -> None:
    post = Post()
    async with place.serve(post, auth_exclude_mechanism=["PLAIN"], **AUTH) as port:
        await place.deliver(port, batch, **LOGIN)
    assert len(post.mails) == 1


async def test_the_server_hears_an_address_not_the_name_of_this_host(place: Place, batch: Batch) -> None:
    post = Post()
    async with place.serve(post) as port:
        await place.deliver(port, batch)
    assert {session.host_name for session in post.sessions} == {"[127.0.0.1]"}


async def test_the_size_is_said_before_the_mail(place: Place, batch: Batch) -> None:
    post = Post()
    async with place.serve(post) as port:
        await place.deliver(port, batch)
    assert isinstance(post.mails[0].content, bytes)
    # aiosmtpd takes the option out of what it hands on, and holds it against its limit.
    async with place.serve(post, data_size_limit=len(post.mails[0].content) // 2) as port:
        with pytest.raises(TooLarge, match="too large for the server"):
            await place.deliver(port, batch)
    assert post.commands.count("DATA") == 1


async def test_a_repeated_mail_can_be_told_by_its_message_id(place: Place, batch: Batch) -> None:
    post = Post(answers={"DATA": "451 4.3.0 try again"})
    async with place.serve(post) as port:
        with pytest.raises(DeliveryError):
            await place.deliver(port, batch)
        post.answers.clear()
        await place.deliver(port, batch)
        await place.deliver(port, batch)
    ids = {message_from_bytes(mail.content)["Message-ID"] for mail in post.mails if isinstance(mail.content, bytes)}
    assert (len(post.mails), ids) == (2, {"<ba5eba11@example.com>"})


# ---- what is refused


async def test_a_recipient_who_is_refused_does_not_keep_the_mail_from_the_others(
    place: Place, batch: Batch, caplog: pytest.LogCaptureFixture
) -> None:
    post = Post(answers={B: "550 5.1.1 no such user"})
    async with place.serve(post) as port:
        await place.deliver(port, batch)
    assert [mail.rcpt_tos for mail in post.mails] == [[A]]
    assert f"not for {B} (550 5.1.1 no such user)" in caplog.text


@pytest.mark.parametrize(
    ("answers", "kind", "said"),
    [
        ({A: "550 5.1.1 unknown", B: "550 5.1.1 unknown"}, Refused, "all of `recipients` are refused"),
        ({A: "450 4.7.1 greylisted", B: "450 4.7.1 greylisted"}, DeliveryError, "not now"),
        ({"meters@example.com": "553 5.7.1 not yours"}, Refused, "`sender` is refused"),
        ({"meters@example.com": "530 5.7.0 log in first"}, Refused, "wants a login"),
        ({"meters@example.com": "552 message size exceeds the limit"}, TooLarge, "too large"),
        ({"DATA": "552 5.3.4 too big"}, TooLarge, "too large"),
        ({"DATA": "554 5.7.1 spam"}, DeliveryError, "a filter"),
        ({"DATA": "452 4.3.1 no space"}, DeliveryError, "not now"),
    ],
)
async def test_a_refusal_is_the_error_that_fits_and_nothing_is_delivered(
    place: Place, batch: Batch, answers: dict[str, str], kind: type[DeliveryError], said: str
) -> None:
    post = Post(answers=answers)
    async with place.serve(post) as port:
        with pytest.raises(DeliveryError, match=said) as failed:
            await place.deliver(port, batch)
    assert type(failed.value) is kind
    assert post.mails == []


@pytest.mark.parametrize("changed", [{"user": USER, "password": "wrong"}, {"user": "nobody", "password": PASSWORD}, {}])
async def test_a_wrong_login_waits_for_better_settings(place: Place, batch: Batch, changed: dict[str, str]) -> None:
    post = Post()
    async with place.serve(post, **AUTH) as port:
        with pytest.raises(Refused, match="user") as refused:
            await place.deliver(port, batch, **changed)
    assert post.mails == []
    assert PASSWORD not in str(refused.value)


async def test_a_server_that_takes_no_password_is_told_none(place: Place, batch: Batch) -> None:
    post = Post(answers={"hide": "AUTH"})
    async with place.serve(post) as port:
        with pytest.raises(DeliveryError, match="offers no login by password"):
            await place.deliver(port, batch, **LOGIN)


async def test_without_starttls_nothing_is_said_at_all(place: Place, batch: Batch) -> None:
    post = Post()
    async with place.serve(post, tls_context=None, auth_require_tls=False, authenticator=authenticate) as port:
        with pytest.raises(DeliveryError, match="offers no STARTTLS"):
            await place.deliver(port, batch, **LOGIN)
    assert post.commands == []


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize("flaw", ["authority", "name", "expired"])
async def test_a_certificate_that_is_not_trusted_gets_nothing(
    authority: trustme.CA, place: Place, batch: Batch, flaw: str, implicit: bool
) -> None:
    contexts: dict[str, Callable[[], ssl.SSLContext]] = {
        "authority": lambda: certified(trustme.CA(), "localhost"),
        "name": lambda: certified(authority, "mail.elsewhere.example"),
        "expired": lambda: certified(authority, "localhost", not_after=datetime(2020, 1, 1, tzinfo=UTC)),
    }
    post = Post()
    other = replace(place, tls=contexts[flaw]())
    async with other.serve(post, implicit=implicit) as port:
        with pytest.raises(DeliveryError, match="certificate is not trusted"):
            await place.deliver(port, batch, tls="implicit" if implicit else "starttls")
    assert post.commands == []


async def test_tls_before_1_2_is_refused(place: Place, batch: Batch) -> None:
    post = Post()
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        place.tls.maximum_version = ssl.TLSVersion.TLSv1_1
    async with place.serve(post, implicit=True) as port:
        with pytest.raises(DeliveryError, match=r"TLS 1\.2"):
            await place.deliver(port, batch, tls="implicit")


async def test_starttls_at_a_port_with_implicit_tls_and_the_other_way_round(place: Place, batch: Batch) -> None:
    async with place.serve(Post()) as port:
        with pytest.raises(DeliveryError, match=r"no TLS is spoken there.*starttls"):
            await place.deliver(port, batch, tls="implicit")


# ---- servers that are not there, hang, break off, or are none


async def test_a_name_that_nobody_knows(place: Place, batch: Batch) -> None:
    with pytest.raises(DeliveryError, match="can't be resolved"):
        await place.deliver(25, batch, host="mail.invalid")


async def test_a_port_where_nobody_listens(place: Place, batch: Batch) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(DeliveryError, match="no connection"):
        await place.deliver(port, batch)


@dataclass
class Script:
    """A server that says what it was told to: what it heard, whether it hangs, whether its peer is gone."""

    port: int = 0
    heard: list[bytes] = field(default_factory=list)
    hanging: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def speaking(*lines: bytes, hang: bool = False) -> AsyncIterator[Script]:
    """Answer each line with the next of ``lines``, the first without being asked; then end the connection, or hang."""
    script = Script()
    connections: dict[asyncio.StreamWriter, asyncio.Event] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        over = connections[writer] = asyncio.Event()
        with suppress(ConnectionError):
            for number, line in enumerate(lines, 1):
                writer.write(line)
                await writer.drain()
                if not hang or number < len(lines):
                    script.heard.append(await reader.readline())
            if hang:
                script.hanging.set()
                while await reader.read(65536):
                    pass
                script.gone.set()
        writer.close()
        over.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        script.port = server.sockets[0].getsockname()[1]
        yield script
    finally:
        server.close()
        for writer, over in connections.items():
            writer.transport.abort()
            await over.wait()
            with suppress(ConnectionError):
                await writer.wait_closed()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((), "connection ended at greeting"),
        ((b"HTTP/1.1 400 Bad Request\r\n",), "does not speak SMTP"),
        ((b"220 " + b"x" * 100_000 + b"\r\n",), "Line too long"),
        ((b"554 5.3.2 no service\r\n",), "takes no mail from here"),
        ((b"421 4.3.2 too busy\r\n",), "not now"),
        ((b"220 hello\r\n",), "connection ended at greeting"),
        ((b"220 hello\r\n", b"250 hello\r\n"), "connection ended at sender"),
        ((b"220 hello\r\n", b"250 hello\r\n", b"250 ok\r\n"), "connection ended at recipients"),
        ((b"220 h\r\n", b"250 h\r\n", b"250 s\r\n", b"250 a\r\n", b"250 b\r\n", b"354 go\r\n"), "ended at mail"),
    ],
)
async def test_a_server_that_breaks_off_leaves_the_report_owed(
    place: Place, batch: Batch, lines: tuple[bytes, ...], said: str
) -> None:
    async with speaking(*lines) as script:
        with pytest.raises(DeliveryError, match=said):
            await place.deliver(script.port, batch, tls="none", ca=None)


async def test_what_is_slipped_in_before_tls_is_not_believed(place: Place, batch: Batch) -> None:
    """RFC 3207 section 4.2: what comes in the clear with the answer to STARTTLS is thrown away."""
    lines = (b"220 hello\r\n", b"250-hello\r\n250 STARTTLS\r\n", b"220 go\r\n250 forged\r\n250 forged\r\n")
    async with speaking(*lines) as script:
        with pytest.raises(DeliveryError, match="TLS"):
            await place.deliver(script.port, batch, **LOGIN)
    assert not [line for line in script.heard if line.startswith((b"AUTH", b"MAIL"))]


@pytest.mark.parametrize(
    ("lines", "changed"),
    [
        ((), {"tls": "none", "ca": None}),
        ((b"220 hello\r\n",), {"tls": "none", "ca": None}),
        ((b"220 hello\r\n", b"250 hello\r\n"), {"tls": "none", "ca": None}),
        ((b"220 hello\r\n", b"250-hello\r\n250 STARTTLS\r\n", b"220 go\r\n"), {}),
        ((), {"tls": "implicit"}),
    ],
    ids=["greeting", "hello", "sender", "starttls", "tls"],
)
async def test_a_delivery_that_is_cancelled_ends_at_once_with_its_connection(
    place: Place, batch: Batch, lines: tuple[bytes, ...], changed: dict[str, Any]
) -> None:
    async with speaking(*lines, hang=True) as script:
        async with place.output(script.port, **changed) as output:
            delivery = asyncio.create_task(output.deliver(batch))
            await script.hanging.wait()
            delivery.cancel()
            with pytest.raises(asyncio.CancelledError):
                await delivery
        await script.gone.wait()


async def test_a_server_that_says_nothing_is_left_after_a_while(place: Place) -> None:
    async with speaking(hang=True) as script:
        port = script.port
        settings = EmailSettings.model_validate(
            {"host": "127.0.0.1", "port": port, "tls": "none", "sender": "a@example.com", "recipients": [A]}
        )
        talk = Conversation(settings, None, socket.create_connection(("127.0.0.1", port)), seconds=0.2)
        with closing(talk), pytest.raises(DeliveryError, match="no answer at greeting within"):
            await asyncio.to_thread(talk.greet)


# ---- outputs test


async def test_a_test_goes_all_the_way_and_sends_nothing(place: Place) -> None:
    post = Post()
    async with place.serve(post, **AUTH) as port:
        stages = await place.stages(port, **LOGIN)
    assert [(stage.name, stage.ok) for stage in stages] == [
        ("DNS", True), ("TCP", True), ("greeting", True), ("TLS", True), ("login", True), ("recipients", True)
    ]  # fmt: skip
    assert post.commands == ["MAIL meters@example.com SIZE=10000", f"RCPT {A}", f"RCPT {B}", "RSET", "QUIT"]
    assert post.mails == []
    assert "TLSv1." in stages[3].text
    assert not [stage for stage in stages if PASSWORD in stage.text]


async def test_a_test_of_implicit_tls_encrypts_before_the_greeting(place: Place) -> None:
    async with place.serve(Post(), implicit=True) as port:
        stages = await place.stages(port, tls="implicit")
    assert [stage.name for stage in stages] == ["DNS", "TCP", "TLS", "greeting", "login", "recipients"]
    assert all(stage.ok for stage in stages)


@pytest.mark.parametrize(
    ("answers", "changed", "name", "said"),
    [
        ({}, {"host": "mail.invalid"}, "DNS", "can't be resolved"),
        ({}, {"host": "127.0.0.1"}, "TLS", "not trusted"),
        ({}, {"password": "wrong"}, "login", "is refused"),
        ({"meters@example.com": "550 no"}, {}, "recipients", "`sender` is refused"),
        ({B: "550 no such user"}, {}, "recipients", B),
    ],
)
async def test_a_test_stops_where_it_fails(
    place: Place, answers: dict[str, str], changed: dict[str, Any], name: str, said: str
) -> None:
    async with place.serve(Post(answers=answers), **AUTH) as port:
        *before, last = await place.stages(port, **{**LOGIN, **changed})
    assert all(stage.ok for stage in before)
    assert (last.name, last.ok) == (name, False)
    assert said in last.text


async def test_a_test_of_a_port_where_nobody_listens_ends_at_tcp(place: Place) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    stages = await place.stages(port, host="127.0.0.1")
    assert [(stage.name, stage.ok) for stage in stages] == [("DNS", True), ("TCP", False)]


# ---- what needs no server that answers


async def test_a_mail_above_the_limit_is_parted_before_anything_is_sent(place: Place, batch: Batch) -> None:
    post = Post()
    snapshot = batch.fleet[0].latest
    texts = [replace(snapshot, device=replace(snapshot.device, id=f"d{n}", name=noise(n))) for n in range(60)]
    large = replace(batch, fleet=tuple(FleetEntry(latest=one, first_seen=NOW) for one in texts))
    async with place.serve(post) as port:
        with pytest.raises(TooLarge, match="max_megabytes"):
            await place.deliver(port, large, max_megabytes=1)
    assert post.sessions == []


def noise(number: int) -> str:
    """A text that does not compress."""
    import random

    return "".join(random.Random(number).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=30_000))


async def test_a_file_that_is_no_authority_is_named(place: Place) -> None:
    (place.folder / "ca.pem").write_text("no PEM")
    with pytest.raises(PluginError, match=r"ca\.pem can't be used as `ca`"):
        async with place.output(25):
            pass


@pytest.fixture(autouse=True)
def _no_socket_stays_open() -> Iterator[None]:
    """A forgotten socket is a ResourceWarning, which is an error, once it is collected."""
    import gc

    yield
    gc.collect()
