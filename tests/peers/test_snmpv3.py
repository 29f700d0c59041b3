"""SNMPv3 against net-snmp's snmpd: each version, authentication, privacy and context; clocks, engines and refusals.

What was found is printed as two tables at the end of the run.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from pathlib import Path
from subprocess import DEVNULL, Popen

import pytest
from pydantic import SecretStr

from pagemeter.clock import SystemClock
from pagemeter.errors import AccessDenied, DeviceError, Unreachable
from pagemeter.model import Target
from pagemeter.net.budget import Budget
from pagemeter.net.credentials import Auth, Credentials, NetworkCredential, Priv, SnmpCredential, SnmpVersion, Trust
from pagemeter.net.fence import Fence, FencedNetwork
from pagemeter.snmp.codec import PduType
from pagemeter.snmp.engine import SnmpEngine
from pagemeter.snmp.exchange import Exchange
from pagemeter.snmp.session import Habits, Line, Place
from pagemeter.snmp.types import Tag, oid
from pagemeter.snmp.usm import Usm
from pagemeter.snmp.v3 import V3Session, V3Users

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(
        shutil.which("snmpd") is None and "CI" not in os.environ, reason="snmpd of net-snmp is not installed"
    ),
]

LOOPBACK = ip_network("127.0.0.0/8")
SYSTEM = oid("1.3.6.1.2.1.1")
NAME = oid("1.3.6.1.2.1.1.5.0")
ENGINE = "80001f880470656572"
OTHER_ENGINE = "80001f88046f74686572"
CONTEXT = "Jetdirect"
AUTH_PASSWORD = "quiet paper tray"
PRIV_PASSWORD = "second cassette"

AUTHS = {
    Auth.MD5: ("MD5", hashlib.md5),
    Auth.SHA1: ("SHA", hashlib.sha1),
    Auth.SHA224: ("SHA-224", hashlib.sha224),
    Auth.SHA256: ("SHA-256", hashlib.sha256),
    Auth.SHA384: ("SHA-384", hashlib.sha384),
    Auth.SHA512: ("SHA-512", hashlib.sha512),
}
PRIVS = {
    Priv.DES: ("DES", 16),
    Priv.AES128: ("AES", 16),
    Priv.AES192: ("AES-192", 24),
    Priv.AES256: ("AES-256", 32),
    Priv.AES192_C: ("AES-192-C", 24),
    Priv.AES256_C: ("AES-256-C", 32),
}
LEVELS: list[tuple[Auth | None, Priv | None]] = [
    (None, None),
    *((auth, priv) for auth in Auth for priv in (None, *Priv)),
]
MATRIX = "SNMP against snmpd: version and authentication x privacy x context (the default one, then another)"
EVENTS = "SNMPv3 against snmpd: what happens, and what is said"

Record = Callable[[str, object], None]


def user_of(auth: Auth | None, priv: Priv | None) -> str:
    return f"{auth or 'no'}-{priv or 'no'}"


def credential(auth: Auth | None, priv: Priv | None, context: str = "") -> SnmpCredential:
    return SnmpCredential(
        name=user_of(auth, priv),
        version=SnmpVersion.V3,
        user=user_of(auth, priv),
        auth=auth,
        auth_password=SecretStr(AUTH_PASSWORD) if auth else None,
        priv=priv,
        priv_password=SecretStr(PRIV_PASSWORD) if priv else None,
        context=context,
    )


METER = credential(Auth.SHA256, Priv.AES128)


def users() -> Iterator[str]:
    for auth, priv in LEVELS:
        words = f'{AUTHS[auth][0]} "{AUTH_PASSWORD}"' if auth else ""
        words += f' {PRIVS[priv][0]} "{PRIV_PASSWORD}"' if priv else ""
        yield f"createUser {user_of(auth, priv)} {words}"


def configuration(port: int, engine_id: str = ENGINE) -> Iterator[str]:
    # The users come first: a complaint names its line.
    yield from users()
    yield from (
        f"exactEngineID 0x{engine_id}",
        "rocommunity public 127.0.0.1",
        "sysName peer.example",
        "view all included .1",
    )
    for auth, priv in LEVELS:
        level = "priv" if priv else "auth" if auth else "noauth"
        yield f"rouser {user_of(auth, priv)} {level}"
        yield f"group of-{level} usm {user_of(auth, priv)}"
    for level in ("noauth", "auth", "priv"):
        yield f"access of-{level} {CONTEXT} usm {level} exact all none none"
    # A context of its own needs objects of its own; here they are those of the default one, fetched by v2c.
    yield f"proxy -Cn {CONTEXT} -v 2c -c public 127.0.0.1:{port} .1.3.6.1.2.1.1"


@dataclass(frozen=True)
class Snmpd:
    port: int
    log: Path

    @property
    def target(self) -> Target:
        return Target(uri=f"snmp://127.0.0.1:{self.port}", found_by="test")

    def offers(self, auth: Auth | None, priv: Priv | None) -> bool:
        """Say whether this build took the user."""
        line = LEVELS.index((auth, priv)) + 1
        return f"line {line}: Error: unknown" not in self.log.read_text()


@contextmanager
def snmpd(folder: Path, port: int, *, engine_id: str = ENGINE) -> Iterator[Snmpd]:
    (folder / "state").mkdir(exist_ok=True, parents=True)
    (folder / "snmpd.conf").write_text("\n".join(configuration(port, engine_id)) + "\n")
    process = Popen(
        ["snmpd", "-f", "-C", "-c", folder / "snmpd.conf", "-Lf", folder / "log", f"udp:127.0.0.1:{port}"],
        env={**os.environ, "SNMP_PERSISTENT_DIR": str(folder / "state"), "MIBS": ""},
        stdin=DEVNULL,
    )
    try:
        peer = Snmpd(port, folder / "log")
        asyncio.run(ready(peer, process))
        yield peer
    finally:
        process.terminate()
        process.wait(10)


async def ready(peer: Snmpd, process: Popen[bytes]) -> None:
    v2c = SnmpCredential(name="v2c", version=SnmpVersion.V2C, community=SecretStr("public"))
    async with engine_with(v2c, timeout=0.2) as engine, asyncio.timeout(30):
        while True:
            try:
                await engine.get(peer.target, [NAME])
            except Unreachable:
                assert process.poll() is None, f"snmpd ended, see {peer.log}"
            else:
                return


def engine_with(*credentials: SnmpCredential, timeout: float = 2.0) -> SnmpEngine:
    clock = SystemClock()
    return SnmpEngine(
        fence=Fence([FencedNetwork(network=LOOPBACK)]),
        budget=Budget(clock, 500),
        credentials=Credentials([NetworkCredential(networks=(LOOPBACK,), snmp=one) for one in credentials]),
        clock=clock,
        timeout=timeout,
    )


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
        return number


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snmpd]:
    with snmpd(tmp_path_factory.mktemp("snmpd"), free_port()) as started:
        yield started


def row(record: Record, label: str, column: str, cell: str) -> None:
    record("table", (MATRIX, label, column, cell))


def event(record: Record, label: str, said: object, port: int) -> None:
    record("table", (EVENTS, label, "", str(said).replace(f":{port}", "")))


@pytest.mark.parametrize("version", [SnmpVersion.V1, SnmpVersion.V2C])
async def test_a_community_reads_the_system_group(peer: Snmpd, version: SnmpVersion, record_property: Record) -> None:
    community = SnmpCredential(name="open", version=version, community=SecretStr("public"))
    async with engine_with(community) as engine:
        assert (await engine.walk(peer.target, [SYSTEM])).octets(NAME) == b"peer.example"
    row(record_property, f"v{version}", "-", "read")


@pytest.mark.parametrize("context", ["", CONTEXT], ids=["default", CONTEXT])
@pytest.mark.parametrize(("auth", "priv"), LEVELS, ids=[user_of(*level) for level in LEVELS])
async def test_every_level_reads_the_system_group_in_every_context(
    peer: Snmpd, auth: Auth | None, priv: Priv | None, context: str, record_property: Record
) -> None:
    label = f"v3 {auth or '-'}"
    if not peer.offers(auth, priv):
        assert auth is not None
        keys = Usm().keys(credential(auth, priv), bytes.fromhex(ENGINE))
        assert bytes(keys._auth_key) == reckoned(auth, None, AUTH_PASSWORD)
        if priv is not None:
            assert bytes(keys._priv_key) == reckoned(auth, priv, PRIV_PASSWORD)
        row(record_property, label, str(priv or "-"), "key alone")
        return
    async with engine_with(credential(auth, priv, context)) as engine:
        walk = await engine.walk(peer.target, [SYSTEM])
    assert walk.octets(NAME) == b"peer.example"
    assert walk.missing == {}
    assert {one.tag for one in walk} >= {Tag.OCTET_STRING, Tag.OBJECT_IDENTIFIER, Tag.TIME_TICKS}
    row(record_property, label, str(priv or "-"), "read")


def reckoned(auth: Auth, priv: Priv | None, password: str) -> bytes:
    """Reckon a key as RFC 3414 A.2 and the drafts of Blumenthal and Reeder do, with the standard library alone."""
    function, engine_id = AUTHS[auth][1], bytes.fromhex(ENGINE)

    def localised(secret: bytes) -> bytes:
        hashed = function((secret * (2**20 // len(secret) + 1))[: 2**20]).digest()
        return function(hashed + engine_id + hashed).digest()

    key = localised(password.encode())
    if priv is None:
        return key
    while len(key) < PRIVS[priv][1]:
        key += localised(key) if priv in (Priv.AES192_C, Priv.AES256_C) else function(key).digest()
    return key[: PRIVS[priv][1]]


REFUSALS = {
    "wrong user": (replace(METER, user="nobody"), AccessDenied, "does not know the SNMPv3 user 'nobody'"),
    "wrong password": (
        replace(METER, auth_password=SecretStr("wrong password")),
        AccessDenied,
        "refuses the authentication password or protocol",
    ),
    "wrong authentication protocol": (
        replace(METER, auth=Auth.SHA512),
        AccessDenied,
        "refuses the authentication password or protocol",
    ),
    "wrong privacy password": (
        replace(METER, priv_password=SecretStr("wrong password")),
        AccessDenied,
        "is the privacy password or protocol",
    ),
    "other key extension": (
        replace(credential(Auth.MD5, Priv.AES256), priv=Priv.AES256_C),
        AccessDenied,
        "some devices mean aes256 by it",
    ),
    "level that the user has not": (
        replace(METER, user=user_of(None, None)),
        AccessDenied,
        "does not let the SNMPv3 user 'no-no' in with authPriv",
    ),
    "level that may not read": (
        replace(METER, auth=None, priv=None),
        AccessDenied,
        "lets it read nothing with noAuthNoPriv",
    ),
    "unknown context": (replace(METER, context="elsewhere"), AccessDenied, "know no context 'elsewhere'"),
}


@pytest.mark.parametrize(("wrong", "kind", "message"), REFUSALS.values(), ids=REFUSALS)
async def test_each_refusal_has_words_of_its_own(
    peer: Snmpd,
    wrong: SnmpCredential,
    kind: type[DeviceError],
    message: str,
    request: pytest.FixtureRequest,
    record_property: Record,
) -> None:
    async with engine_with(wrong, timeout=0.3) as engine:
        with pytest.raises(kind, match=message) as caught:
            await engine.get(peer.target, [NAME])
    assert "wrong password" not in str(caught.value)
    event(record_property, request.node.callspec.id, caught.value, peer.port)


class Shifted:
    """The clock of this host, as many seconds late as it is told."""

    def __init__(self) -> None:
        self.late = 0.0
        self._system = SystemClock()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return self._system.monotonic() + self.late

    async def sleep(self, seconds: float) -> None:
        await self._system.sleep(seconds)


@pytest.mark.parametrize("late", [1000.0, -1.0], ids=["1000 s late", "a second early"])
async def test_a_clock_that_is_off_is_put_right_by_the_engine(
    peer: Snmpd, late: float, record_property: Record, request: pytest.FixtureRequest
) -> None:
    clock = Shifted()
    users = V3Users(clock)
    async with Exchange() as exchange:
        session = session_with(exchange, users, clock, peer)
        await session.ask(PduType.GET, [NAME])
        known = users.peers.at(ip_address("127.0.0.1"), peer.port, bytes.fromhex(ENGINE))
        before = known.seconds
        clock.late = late
        assert (await session.ask(PduType.GET, [NAME])).rows[0].value == b"peer.example"
    assert abs(known.seconds - before) < 150
    event(record_property, f"clock {request.node.callspec.id}", "read", peer.port)


def session_with(exchange: Exchange, users: V3Users, clock: Shifted, peer: Snmpd, *, tries: int = 2) -> V3Session:
    toll = Budget(clock, 500).toll(FencedNetwork(network=LOOPBACK))
    place = Place(uri=peer.target.uri, address=ip_address("127.0.0.1"), port=peer.port, toll=toll)
    return V3Session(Line(exchange=exchange, timeout=2.0, tries=tries), place, users, METER, Habits())


@pytest.fixture
def restarts(tmp_path: Path) -> Iterator[Callable[..., Snmpd]]:
    """Start snmpd at a port of its own, again with each call: ``restarts(folder, engine_id=...)``."""
    port = free_port()
    running: list[AbstractContextManager[Snmpd]] = []

    def restart(folder: str, *, engine_id: str = ENGINE) -> Snmpd:
        while running:
            running.pop().__exit__(None, None, None)
        running.append(snmpd(tmp_path / folder, port, engine_id=engine_id))
        return running[0].__enter__()

    yield restart
    while running:
        running.pop().__exit__(None, None, None)


def test_an_engine_whose_boots_fell_is_read_all_the_same(
    restarts: Callable[..., Snmpd], record_property: Record
) -> None:
    for _ in range(3):
        peer = restarts("kept")
    with asyncio.Runner() as runner:
        engine = engine_with(METER)
        runner.run(engine.__aenter__())
        runner.run(engine.get(peer.target, [NAME]))
        # A state of its own begins to count its starts anew.
        restarts("fresh")
        assert runner.run(engine.get(peer.target, [NAME])).octets(NAME) == b"peer.example"
        runner.run(engine.__aexit__())
    event(record_property, "engine with fewer boots than before", "read", peer.port)


@pytest.mark.parametrize("trust", Trust)
def test_an_engine_that_changed_is_asked_only_where_the_network_is_trusted(
    restarts: Callable[..., Snmpd], trust: Trust, record_property: Record
) -> None:
    peer = restarts("one")
    with asyncio.Runner() as runner:
        engine = engine_with(replace(METER, trust=trust), timeout=0.5)
        runner.run(engine.__aenter__())
        runner.run(engine.get(peer.target, [NAME]))
        restarts("two", engine_id=OTHER_ENGINE)
        said: object
        if trust is Trust.NETWORK:
            assert runner.run(engine.get(peer.target, [NAME])).octets(NAME) == b"peer.example"
            said = "read"
        else:
            with pytest.raises(AccessDenied, match="another SNMPv3 engine id than at first") as caught:
                runner.run(engine.get(peer.target, [NAME]))
            said = caught.value
        runner.run(engine.__aexit__())
    event(record_property, f"another engine, trust: {trust}", said, peer.port)


async def test_columns_are_the_same_as_under_v2c(peer: Snmpd) -> None:
    columns = {(*SYSTEM, 9, 1, number): 10 for number in (2, 3, 4)}
    v2c = SnmpCredential(name="open", version=SnmpVersion.V2C, community=SecretStr("public"))
    walks = []
    for one in (v2c, METER):
        async with engine_with(one) as engine:
            walks.append(await engine.columns(peer.target, columns, instances=[NAME]))
    by_v2c, by_v3 = ({row.oid: (row.tag, row.value) for row in walk} for walk in walks)
    assert len(by_v2c) > 10
    assert by_v3 == by_v2c
    assert walks[1].missing == {}


async def test_forty_readers_at_once_lose_nothing(peer: Snmpd, record_property: Record) -> None:
    clock = Shifted()
    users = V3Users(clock)
    async with Exchange() as exchange:
        readers = [session_with(exchange, users, clock, peer, tries=1) for _ in range(40)]
        replies = await asyncio.gather(*(one.ask(PduType.GET, [NAME]) for one in readers))
    assert [reply.rows[0].value for reply in replies] == [b"peer.example"] * 40
    event(record_property, "40 in flight", "none lost", peer.port)
