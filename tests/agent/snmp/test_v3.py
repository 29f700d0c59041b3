"""SNMPv3 with engines made up in this process: clocks that are off, engines that change, answers that do not count."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network

import pytest
from pydantic import SecretStr

from pagemeter.errors import AccessDenied, DeviceError, Unreachable, Unreadable
from pagemeter.model import Target
from pagemeter.net.budget import Budget
from pagemeter.net.credentials import (
    Auth,
    Credentials,
    IPNetwork,
    NetworkCredential,
    Priv,
    SnmpCredential,
    SnmpVersion,
    Trust,
)
from pagemeter.net.fence import Fence, FencedNetwork
from pagemeter.snmp.codec import V2C, Message, PduType, block, decode, encode, expect
from pagemeter.snmp.engine import SnmpEngine
from pagemeter.snmp.exchange import Exchange
from pagemeter.snmp.session import Habits, Line, Place
from pagemeter.snmp.types import Oid, Tag, VarBind, oid
from pagemeter.snmp.usm import Keys, Usm
from pagemeter.snmp.v3 import MOST_AT_ONCE, V3Session, V3Users
from pagemeter.snmp.v3_message import AUTH, PRIV, Security, V3Message, read, write
from pagemeter.snmp.v3_refusals import Refusal

LOOPBACK = ip_network("127.0.0.0/8")
NAME = oid("1.3.6.1.2.1.1.5.0")
OBJECT_ID = oid("1.3.6.1.2.1.1.2.0")
NET_SNMP = b"\x80\x00\x1f\x88\x04made up"
HP = b"\x80\x00\x00\x0b\x04made up"
METER = SnmpCredential(
    name="meter",
    version=SnmpVersion.V3,
    user="meter",
    auth=Auth.SHA256,
    auth_password=SecretStr("quiet paper tray"),
    priv=Priv.AES128,
    priv_password=SecretStr("second cassette"),
)
SIGNED = replace(METER, name="signed", priv=None, priv_password=None)
OPEN = SnmpCredential(name="open", version=SnmpVersion.V3, user="open")
ROWS = {
    NAME: VarBind(NAME, Tag.OCTET_STRING, b"made-up"),
    OBJECT_ID: VarBind(OBJECT_ID, Tag.OBJECT_IDENTIFIER, oid("1.3.6.1.4.1.99999.1")),
}
USM = Usm()


@dataclass
class Time:
    """A clock that stands until it is set forward."""

    seconds: float = 1000.0

    def now(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        await asyncio.sleep(0)


@dataclass
class Engine:
    """An SNMPv3 engine of one user; change its fields to make it faulty. ``heard`` are the messages that it took."""

    credential: SnmpCredential = METER
    engine_id: bytes = NET_SNMP
    boots: int = 7
    seconds: int = 5000
    tells_time: bool = True
    contexts: dict[bytes, dict[Oid, VarBind]] = field(default_factory=lambda: {b"": ROWS})
    unknown_context_is_silence: bool = False
    error_status: int = 0
    mute: bool = False
    raw: Callable[[bytes], list[bytes]] = lambda answer: [answer]
    heard: list[V3Message] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0

    @property
    def keys(self) -> Keys:
        return USM.keys(self.credential, self.engine_id)

    @property
    def probes(self) -> int:
        return sum(not one.engine_id for one in self.heard)

    @property
    def signed(self) -> int:
        return sum(one.flags & AUTH for one in self.heard)

    def answer(self, data: bytes) -> list[bytes]:
        asked = read(data)
        self.heard.append(asked)
        self.arrived.set()
        if self.mute:
            return []
        if asked.engine_id != self.engine_id:
            return [self.report(asked, Refusal.ENGINE, signed=False)]
        if asked.user != (self.credential.user or "").encode():
            return self.raw(self.report(asked, Refusal.USER, signed=False))
        if asked.flags & AUTH and not (self.keys.signs and self.keys.is_signed(asked.whole, asked.signed_at)):
            return self.raw(self.report(asked, Refusal.DIGEST, signed=False))
        if asked.flags & AUTH and (asked.boots != self.boots or abs(asked.seconds - self.seconds) > 150):
            return self.raw(self.report(asked, Refusal.TIME_WINDOW, signed=True))
        scoped = asked.scoped
        if asked.flags & PRIV:
            scoped = self.keys.decrypt(scoped, asked.boots, asked.seconds, asked.salt)
        answer = self.respond(asked, scoped)
        return [] if answer is None else self.raw(answer)

    def respond(self, asked: V3Message, scoped: bytes) -> bytes | None:
        start, end = expect(scoped, 0, len(scoped), 0x30)
        _, at = expect(scoped, start, end, Tag.OCTET_STRING)
        start, at = expect(scoped, at, end, Tag.OCTET_STRING)
        table = self.contexts.get(scoped[start:at])
        if table is None:
            return None if self.unknown_context_is_silence else self.report(asked, Refusal.CONTEXT, signed=True)
        question = decode(block(0x30, b"\x02\x01\x01\x04\x00" + scoped[at:end]))
        rows = tuple(table.get(row.oid, VarBind(row.oid, Tag.NO_SUCH_OBJECT, None)) for row in question.rows)
        return self.message(
            asked,
            encode(replace(question, pdu=PduType.RESPONSE, rows=rows, error_status=self.error_status)),
            asked.flags,
        )

    def report(self, asked: V3Message, refusal: Refusal, *, signed: bool) -> bytes:
        counter = (VarBind((*refusal.value, 0), Tag.COUNTER32, 1),)
        inside = decode(encode_report(counter))
        return self.message(asked, encode(inside), AUTH if signed and self.keys.signs else 0)

    def message(self, asked: V3Message, v2c: bytes, flags: int) -> bytes:
        start, _ = expect(v2c, 0, len(v2c), 0x30)
        scoped = block(0x30, block(Tag.OCTET_STRING, self.engine_id) + block(Tag.OCTET_STRING, b"") + v2c[start + 5 :])
        flags &= AUTH | PRIV
        tells = self.tells_time or flags
        boots, seconds = (self.boots, self.seconds) if tells else (0, 0)
        salt = b""
        if flags & PRIV:
            scoped, salt = self.keys.encrypt(scoped, boots, seconds)
        security = Security(flags=flags, engine_id=self.engine_id, boots=boots, seconds=seconds, user=asked.user)
        octets = self.keys.signature_octets if flags else 0
        whole, at = write(asked.message_id, security, scoped, salt, octets)
        return whole[:at] + self.keys.signature(whole) + whole[at + octets :] if flags else whole


def encode_report(rows: tuple[VarBind, ...]) -> bytes:
    return encode(Message(version=V2C, community=b"", pdu=PduType.REPORT, request_id=0, rows=rows))


Start = Callable[..., Awaitable[Engine]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start an engine on loopback: ``await start()``, or ``await start("127.0.0.7", port, boots=3)``."""
    loop = asyncio.get_running_loop()
    sockets: list[socket.socket] = []

    async def begin(address: str = "127.0.0.1", port: int = 0, **fields: object) -> Engine:
        engine = Engine(**fields)  # type: ignore[arg-type]  # fields of the engine, as the test names them
        bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sockets.append(bound)
        bound.setblocking(False)
        bound.bind((address, port))
        engine.port = bound.getsockname()[1]
        loop.add_reader(bound, serve, bound, engine)
        return engine

    yield begin
    for bound in sockets:
        loop.remove_reader(bound)
        bound.close()


def serve(bound: socket.socket, engine: Engine) -> None:
    data, sender = bound.recvfrom(65_535)
    for datagram in engine.answer(data):
        bound.sendto(datagram, sender)


@dataclass
class Agent:
    """What sessions share, and whom they talk to."""

    exchange: Exchange
    time: Time
    users: V3Users

    def session(
        self,
        engine: Engine,
        credential: SnmpCredential = METER,
        habits: Habits | None = None,
        *,
        address: str = "127.0.0.1",
        tries: int = 2,
        timeout: float = 0.1,
    ) -> V3Session:
        toll = Budget(self.time, 50_000).toll(FencedNetwork(network=LOOPBACK))
        place = Place(uri=f"snmp://{address}:{engine.port}", address=ip_address(address), port=engine.port, toll=toll)
        line = Line(exchange=self.exchange, timeout=timeout, tries=tries)
        return V3Session(line, place, self.users, credential, habits or Habits())

    async def name(self, engine: Engine, credential: SnmpCredential = METER, habits: Habits | None = None) -> object:
        reply = await self.session(engine, credential, habits).ask(PduType.GET, [NAME])
        return reply.rows[0].value


@pytest.fixture
async def agent() -> AsyncIterator[Agent]:
    time = Time()
    async with Exchange() as exchange:
        yield Agent(exchange, time, V3Users(time))


@pytest.mark.parametrize("credential", [METER, SIGNED, OPEN], ids=lambda one: one.name)
@pytest.mark.parametrize("tells_time", [True, False], ids=["time told", "no time told"])
async def test_every_level_is_read(start: Start, agent: Agent, credential: SnmpCredential, tells_time: bool) -> None:
    engine = await start(credential=credential, tells_time=tells_time)
    assert await agent.name(engine, credential) == b"made-up"
    assert engine.heard[-1].user == (credential.user or "").encode()


async def test_the_first_question_names_no_user_and_the_warm_one_is_two_packets(start: Start, agent: Agent) -> None:
    engine = await start()
    session = agent.session(engine)
    await session.ask(PduType.GET, [NAME])
    assert [(one.user, one.flags & AUTH) for one in engine.heard] == [(b"", 0), (b"meter", AUTH)]
    await session.ask(PduType.GET, [NAME])
    assert len(engine.heard) == 3


async def test_a_time_that_is_not_told_is_learned_once_and_kept(start: Start, agent: Agent) -> None:
    engine = await start(tells_time=False)
    await agent.name(engine)
    assert [one.boots for one in engine.heard] == [0, 0, 7]
    await agent.name(engine)
    assert [one.boots for one in engine.heard[3:]] == [0, 7]


async def test_time_goes_on_between_questions(start: Start, agent: Agent) -> None:
    engine = await start(tells_time=False)
    session = agent.session(engine)
    await session.ask(PduType.GET, [NAME])
    agent.time.seconds += 900
    engine.seconds += 1000
    await session.ask(PduType.GET, [NAME])
    assert (engine.heard[-1].boots, engine.heard[-1].seconds) == (7, 5900)
    # The answer was signed with a later time than ours, which is taken.
    await session.ask(PduType.GET, [NAME])
    assert engine.heard[-1].seconds == 6000


@pytest.mark.parametrize(("boots", "seconds"), [(8, 10), (0, 4), (7, 100), (7, 900_000)])
async def test_an_engine_that_started_anew_is_read_all_the_same(
    start: Start, agent: Agent, boots: int, seconds: int
) -> None:
    engine = await start(tells_time=False)
    session = agent.session(engine)
    await session.ask(PduType.GET, [NAME])
    engine.boots, engine.seconds = boots, seconds
    assert (await session.ask(PduType.GET, [NAME])).rows == (ROWS[NAME],)
    # One question was refused for its time, the next was right.
    assert [(one.boots, one.seconds) for one in engine.heard[-2:]] == [(7, 5000), (boots, seconds)]


async def test_a_time_that_is_refused_again_and_again_is_put_right_once(start: Start, agent: Agent) -> None:
    engine = await start()
    session = agent.session(engine)
    await session.ask(PduType.GET, [NAME])

    def refuse(answer: bytes) -> list[bytes]:
        return [engine.report(engine.heard[-1], Refusal.TIME_WINDOW, signed=True)]

    engine.raw = refuse
    with pytest.raises(AccessDenied, match="refuses the time of the SNMPv3 user 'meter' twice"):
        await session.ask(PduType.GET, [NAME])
    assert len(engine.heard) == 4


async def test_a_time_that_nobody_signed_does_not_replace_one_that_was_signed(start: Start, agent: Agent) -> None:
    engine = await start()
    await agent.name(engine)
    peer = agent.users.peers.at(ip_address("127.0.0.1"), engine.port, NET_SNMP)
    assert peer.is_sure
    engine.seconds -= 100
    await agent.name(engine)
    assert engine.heard[-1].seconds == 5000


async def test_a_refused_time_that_nobody_signed_is_not_sure_yet(start: Start, agent: Agent) -> None:
    engine = await start()
    session = agent.session(engine)
    await session.ask(PduType.GET, [NAME])
    forged = replace(engine, boots=2**31 - 2, seconds=9)
    sent = 0

    def refuse_first(answer: bytes) -> list[bytes]:
        nonlocal sent
        sent += 1
        return [forged.report(engine.heard[-1], Refusal.TIME_WINDOW, signed=False)] if sent == 1 else [answer]

    engine.raw = refuse_first
    # The question under the forged time is refused by the engine, with a signature; the next visit is right at once.
    with pytest.raises(AccessDenied, match="refuses the time"):
        await session.ask(PduType.GET, [NAME])
    assert await agent.name(engine) == b"made-up"


async def test_an_old_answer_does_not_count(start: Start, agent: Agent) -> None:
    engine = await start()
    session = agent.session(engine)
    await session.ask(PduType.GET, [NAME])

    def older(answer: bytes) -> list[bytes]:
        engine.seconds -= 200
        asked = engine.heard[-1]
        old = engine.respond(asked, engine.keys.decrypt(asked.scoped, asked.boots, asked.seconds, asked.salt))
        engine.seconds += 200
        return [] if old is None else [old]

    engine.raw = older
    with pytest.raises(Unreadable, match=r"nothing that may count \(an old message\)"):
        await session.ask(PduType.GET, [NAME])


async def test_cloned_engines_at_two_addresses_keep_their_own_clocks(start: Start, agent: Agent) -> None:
    one = await start("127.0.0.1", tells_time=False, boots=3, seconds=100)
    two = await start("127.0.0.2", one.port, tells_time=False, boots=90, seconds=77_000)
    for _ in range(3):
        await agent.session(one).ask(PduType.GET, [NAME])
        await agent.session(two, address="127.0.0.2").ask(PduType.GET, [NAME])
    # A question that names no engine each time, and one more for the time at the first.
    assert (len(one.heard), len(two.heard)) == (7, 7)
    assert {message.boots for message in one.heard[2:] if message.flags & AUTH} == {3}
    assert {message.boots for message in two.heard[2:] if message.flags & AUTH} == {90}


async def test_a_locked_engine_is_told_and_gets_no_signed_question(start: Start, agent: Agent) -> None:
    engine = await start(boots=2**31 - 1)
    with pytest.raises(AccessDenied, match="has locked its SNMPv3 engine"):
        await agent.name(engine)
    assert engine.signed == 0


async def test_an_engine_is_pinned_at_its_first_signed_answer(start: Start, agent: Agent) -> None:
    engine, habits = await start(), Habits()
    with pytest.raises(AccessDenied):
        await agent.name(engine, replace(METER, user="nobody"), habits)
    assert habits.engine_id is None
    await agent.name(engine, METER, habits)
    assert habits.engine_id == NET_SNMP


async def test_an_unknown_engine_at_a_known_address_gets_no_signed_question(start: Start, agent: Agent) -> None:
    engine, habits = await start(), Habits(engine_id=b"the engine of yesterday")
    with pytest.raises(AccessDenied, match=f"engines confirm 127.0.0.1:{engine.port}.*trust: network"):
        await agent.name(engine, METER, habits)
    assert (engine.probes, engine.signed) == (1, 0)
    assert (habits.engine_id, habits.engine_waiting) == (b"the engine of yesterday", NET_SNMP)
    # It waits in what is kept of the device, for who confirms it; there it is read again.
    kept = Habits.from_memory(habits.as_memory(), (METER,))
    assert (kept.engine_id, kept.engine_waiting) == (b"the engine of yesterday", NET_SNMP)


async def test_a_credential_that_trusts_its_network_takes_the_new_engine(start: Start, agent: Agent) -> None:
    engine, habits = await start(), Habits(engine_id=b"the engine of yesterday")
    assert await agent.name(engine, replace(METER, trust=Trust.NETWORK), habits) == b"made-up"
    assert (habits.engine_id, habits.engine_waiting) == (NET_SNMP, None)


async def test_an_engine_that_is_exchanged_between_two_visits_gets_no_signed_question(
    start: Start, agent: Agent
) -> None:
    engine, habits = await start(), Habits()
    await agent.name(engine, METER, habits)
    engine.engine_id, engine.heard[:] = b"\x80\x00\x1f\x88\x04another", []
    with pytest.raises(AccessDenied, match="another SNMPv3 engine id"):
        await agent.name(engine, METER, habits)
    assert (engine.probes, engine.signed) == (1, 0)


async def test_an_engine_that_is_exchanged_in_a_visit_is_refused(start: Start, agent: Agent) -> None:
    engine, habits = await start(), Habits()
    session = agent.session(engine, METER, habits)
    await session.ask(PduType.GET, [NAME])
    engine.engine_id = b"\x80\x00\x1f\x88\x04another"
    with pytest.raises(AccessDenied, match="another SNMPv3 engine id"):
        await session.ask(PduType.GET, [NAME])


@pytest.mark.parametrize("length", [1, 4, 33])
async def test_an_engine_id_of_no_such_length_is_unreadable(start: Start, agent: Agent, length: int) -> None:
    engine = await start(engine_id=b"x" * length)
    with pytest.raises(Unreadable, match="SNMPv3"):
        await agent.name(engine)
    assert engine.signed == 0


REFUSALS = {
    "user": (
        replace(METER, user="nobody"),
        AccessDenied,
        "does not know the SNMPv3 user 'nobody'; add it on the device",
    ),
    "authentication": (
        replace(METER, auth_password=SecretStr("wrong password")),
        AccessDenied,
        r"refuses the authentication password or protocol of the SNMPv3 user 'meter'; write both \(sha256\)",
    ),
    "context": (replace(METER, context="elsewhere"), AccessDenied, "does not know the SNMPv3 context 'elsewhere'"),
}


@pytest.mark.parametrize(("credential", "kind", "message"), REFUSALS.values(), ids=REFUSALS)
async def test_each_refusal_has_words_of_its_own(
    start: Start, agent: Agent, credential: SnmpCredential, kind: type[DeviceError], message: str
) -> None:
    engine = await start()
    with pytest.raises(kind, match=message) as caught:
        await agent.name(engine, credential)
    assert "wrong password" not in str(caught.value)
    assert len(engine.heard) == 2


@pytest.mark.parametrize(
    ("refusal", "message"),
    [
        (Refusal.SECURITY_LEVEL, "does not let the SNMPv3 user 'meter' in with authPriv"),
        (Refusal.DECRYPTION, r"can't decrypt what the SNMPv3 user 'meter' sends.*\(aes128\)"),
        (Refusal.SECURITY_MODEL, "not with users and passwords"),
        (Refusal.HANDLER, "answers nothing in the context ''"),
        (Refusal.CONTEXT_AWAY, "has no answer in the SNMPv3 context '' now"),
        (Refusal.INVALID, r"a report that can't be understood \(1\.3\.6\.1\.6\.3\.11\.2\.1\.2\.0\)"),
    ],
    ids=lambda one: one.name if isinstance(one, Refusal) else "",
)
async def test_each_report_has_words_of_its_own(start: Start, agent: Agent, refusal: Refusal, message: str) -> None:
    engine = await start()
    engine.raw = lambda answer: [engine.report(engine.heard[-1], refusal, signed=False)]
    with pytest.raises((AccessDenied, Unreadable), match=message):
        await agent.name(engine)


async def test_a_user_who_may_read_nothing_is_told_so(start: Start, agent: Agent) -> None:
    engine = await start(error_status=16)
    with pytest.raises(AccessDenied, match="lets it read nothing with authPriv"):
        await agent.name(engine)


async def test_one_table_that_a_known_user_may_not_read_is_an_answer(start: Start, agent: Agent) -> None:
    engine = await start()
    session = agent.session(engine)
    await session.ask(PduType.GET, [NAME])
    engine.error_status = 16
    assert (await session.ask(PduType.GET, [NAME])).error_status == 16


async def test_a_wrong_privacy_key_that_meets_silence_is_told_from_a_device_that_is_off(
    start: Start, agent: Agent
) -> None:
    engine = await start()
    engine.raw = lambda answer: []
    with pytest.raises(AccessDenied, match=r"ignores what the SNMPv3 user 'meter' encrypts.*\(aes128\)"):
        await agent.name(engine)
    engine.raw = lambda answer: [answer]
    session = agent.session(engine)
    await session.ask(PduType.GET, [NAME])
    engine.raw = lambda answer: []
    with pytest.raises(Unreachable, match="whom it answered before"):
        await session.ask(PduType.GET, [NAME])


@pytest.mark.parametrize(
    ("auth", "priv", "other"),
    [(Auth.SHA1, Priv.AES256, "aes256-c"), (Auth.MD5, Priv.AES192_C, "aes192"), (Auth.SHA256, Priv.AES256, None)],
)
async def test_the_other_way_to_lengthen_a_key_is_named_where_it_differs(
    start: Start, agent: Agent, auth: Auth, priv: Priv, other: str | None
) -> None:
    credential = replace(METER, auth=auth, priv=priv)
    engine = await start(credential=credential)
    engine.raw = lambda answer: []
    with pytest.raises(AccessDenied) as caught:
        await agent.name(engine, credential)
    assert (f"some devices mean {other} by it" in str(caught.value)) is (other is not None)


async def test_one_try_of_a_silent_user_is_no_refusal_yet(start: Start, agent: Agent) -> None:
    engine = await start()
    engine.raw = lambda answer: []
    with pytest.raises(Unreachable, match="ignores what"):
        await agent.session(engine).ask(PduType.GET, [NAME], attempt=0)
    with pytest.raises(AccessDenied, match="ignores what"):
        await agent.session(engine).ask(PduType.GET, [NAME], attempt=1)
    assert (engine.probes, engine.signed) == (2, 2)


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]


NOT_TO_COUNT: dict[str, Callable[[Engine, bytes], bytes]] = {
    "garbage": lambda engine, answer: b"\x23\x07\xff\x01\x00\x00\xf8",
    "an answer with a wrong signature": lambda engine, answer: flipped(answer, read(answer).signed_at),
    "an answer that was changed": lambda engine, answer: flipped(answer, len(answer) - 1),
    "an answer that nobody signed": lambda engine, answer: engine.message(
        engine.heard[-1], encode_report(()).replace(b"\xa8", b"\xa2", 1), 0
    ),
    "an answer that is signed alone": lambda engine, answer: engine.message(
        engine.heard[-1], encode_report(()).replace(b"\xa8", b"\xa2", 1), AUTH
    ),
    "an answer cut off": lambda engine, answer: answer[:-9],
    "a question": lambda engine, answer: engine.message(
        engine.heard[-1], encode_report(()).replace(b"\xa8", b"\xa0", 1), AUTH | PRIV
    ),
}


@pytest.mark.parametrize("what", NOT_TO_COUNT)
async def test_what_must_not_count_is_passed_over_and_the_answer_behind_it_is_taken(
    start: Start, agent: Agent, what: str
) -> None:
    engine = await start()
    engine.raw = lambda answer: [NOT_TO_COUNT[what](engine, answer), answer]
    assert await agent.name(engine) == b"made-up"
    assert len(engine.heard) == 2


@pytest.mark.parametrize("what", NOT_TO_COUNT)
async def test_what_must_not_count_is_told_where_nothing_else_comes(start: Start, agent: Agent, what: str) -> None:
    engine = await start()
    engine.raw = lambda answer: [NOT_TO_COUNT[what](engine, answer)]
    with pytest.raises(Unreadable, match="nothing that may count"):
        await agent.name(engine)


async def test_an_answer_to_another_question_does_not_count(start: Start, agent: Agent) -> None:
    engine = await start()
    earlier: list[bytes] = []

    def keep(answer: bytes) -> list[bytes]:
        earlier.append(answer)
        return [answer]

    engine.raw = keep
    session = agent.session(engine, tries=1)
    await session.ask(PduType.GET, [NAME])
    # The message id that was asked for, with what was said to the question before: the signature is right no more.
    engine.raw = lambda answer: [earlier[0]]
    with pytest.raises(DeviceError):
        await session.ask(PduType.GET, [NAME])


async def test_octets_behind_the_message_are_ignored(start: Start, agent: Agent) -> None:
    engine = await start()
    engine.raw = lambda answer: [answer + b"padding"]
    assert await agent.name(engine) == b"made-up"


async def test_a_flood_of_rubbish_is_not_read_for_ever(start: Start, agent: Agent) -> None:
    engine = await start()
    engine.raw = lambda answer: [*[flipped(answer, len(answer) - 1)] * 100, answer]
    with pytest.raises(Unreadable, match="nothing that may count"):
        await agent.session(engine, tries=1).ask(PduType.GET, [NAME])


@pytest.mark.parametrize(
    "contexts",
    [{b"Jetdirect": ROWS}, {b"": {}, b"Jetdirect": ROWS}],
    ids=["no default context", "empty default context"],
)
@pytest.mark.parametrize("silent", [False, True], ids=["says so", "is silent"])
async def test_a_device_that_keeps_everything_in_its_makers_context_is_read_there(
    start: Start, agent: Agent, contexts: dict[bytes, dict[Oid, VarBind]], silent: bool
) -> None:
    engine = await start(engine_id=HP, contexts=contexts, unknown_context_is_silence=silent)
    assert await agent.name(engine) == b"made-up"
    # It is remembered: the next visit asks in that context alone.
    before = len(engine.heard)
    assert await agent.name(engine) == b"made-up"
    assert len(engine.heard) == before + 2


async def test_a_makers_context_is_tried_once_and_named(start: Start, agent: Agent) -> None:
    engine = await start(engine_id=HP, contexts={b"other": ROWS})
    with pytest.raises(AccessDenied, match=r"does not know the SNMPv3 context ''.*nothing in 'Jetdirect'.*`context`"):
        await agent.name(engine)
    assert engine.signed == 2
    with pytest.raises(AccessDenied):
        await agent.name(engine)
    assert engine.signed == 3


async def test_other_makers_get_no_question_in_that_context(start: Start, agent: Agent) -> None:
    engine = await start(contexts={b"Jetdirect": ROWS})
    with pytest.raises(AccessDenied, match="does not know the SNMPv3 context ''; write the device's own name"):
        await agent.name(engine)
    assert engine.signed == 1


async def test_a_configured_context_is_the_only_one_that_is_asked(start: Start, agent: Agent) -> None:
    engine = await start(engine_id=HP, contexts={b"Jetdirect": ROWS})
    with pytest.raises(AccessDenied, match="'LaserJet'"):
        await agent.name(engine, replace(METER, context="LaserJet"))
    assert engine.signed == 1
    assert await agent.name(engine, replace(METER, context="Jetdirect")) == b"made-up"


async def test_no_more_than_forty_questions_are_in_flight(start: Start, agent: Agent) -> None:
    engine = await start(mute=True)
    asking = [asyncio.create_task(agent.session(engine, timeout=60).ask(PduType.GET, [NAME])) for _ in range(60)]
    async with asyncio.timeout(10):
        while len(engine.heard) < MOST_AT_ONCE:
            engine.arrived.clear()
            await engine.arrived.wait()
    for _ in range(100):
        await asyncio.sleep(0)
    assert len(engine.heard) == MOST_AT_ONCE
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    # All slots are free again, and nothing waits for an answer.
    engine.mute = False
    assert await agent.name(engine) == b"made-up"
    assert agent.exchange.outstanding == 0


async def test_forty_at_once_are_all_answered(start: Start, agent: Agent) -> None:
    engine = await start()
    replies = await asyncio.gather(*(agent.name(engine) for _ in range(5 * MOST_AT_ONCE)))
    assert replies == [b"made-up"] * 5 * MOST_AT_ONCE


async def test_a_user_of_the_same_name_has_keys_of_its_own_at_each_device(start: Start, agent: Agent) -> None:
    other = replace(METER, name="other", auth_password=SecretStr("another password"))
    one, two = await start(), await start("127.0.0.2", credential=other)
    reply = await agent.session(two, other, address="127.0.0.2").ask(PduType.GET, [NAME])
    assert (await agent.name(one), reply.rows[0].value) == (b"made-up", b"made-up")
    with pytest.raises(AccessDenied, match="refuses the authentication password"):
        await agent.name(one, other)
    assert await agent.name(one) == b"made-up"


@asynccontextmanager
async def snmp(
    *credentials: NetworkCredential, fence: Fence, selected: Callable[[], tuple[IPNetwork, ...]] = tuple
) -> AsyncIterator[SnmpEngine]:
    time = Time()
    async with SnmpEngine(
        fence=fence,
        budget=Budget(time, 50_000),
        credentials=Credentials(credentials, selected=selected),
        clock=time,
        timeout=0.05,
    ) as engine:
        yield engine


async def test_a_password_goes_to_the_networks_of_its_credential_alone(start: Start) -> None:
    inside = await start("127.0.1.1")
    outside = await start("127.0.2.1", inside.port)
    only = NetworkCredential(networks=(ip_network("127.0.1.0/24"),), snmp=METER)
    async with snmp(only, fence=Fence([FencedNetwork(network=LOOPBACK)])) as engine:
        walk = await engine.get(Target(uri=f"snmp://127.0.1.1:{inside.port}", found_by="test"), [NAME])
        assert walk.octets(NAME) == b"made-up"
        with pytest.raises(AccessDenied, match="no SNMP credential is for this address"):
            await engine.get(Target(uri=f"snmp://127.0.2.1:{inside.port}", found_by="test"), [NAME])
    assert outside.heard == []


async def test_a_password_goes_nowhere_once_its_segment_was_dropped(start: Start) -> None:
    device = await start("127.0.1.1")
    target = Target(uri=f"snmp://127.0.1.1:{device.port}", found_by="test")
    selected: list[IPNetwork] = [ip_network("127.0.1.0/24")]
    local = NetworkCredential(networks=(), snmp=METER, segments=True)
    fence = Fence([FencedNetwork(network=LOOPBACK)])
    async with snmp(local, fence=fence, selected=lambda: tuple(selected)) as engine:
        assert (await engine.get(target, [NAME])).octets(NAME) == b"made-up"
        before = len(device.heard)
        selected.clear()
        with pytest.raises(AccessDenied, match="no SNMP credential is for this address"):
            await engine.get(target, [NAME])
    assert len(device.heard) == before
