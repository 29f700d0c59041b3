"""The engine against net-snmp's snmpd: every version, every key, and each refusal in words of its own."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from ipaddress import ip_address, ip_network
from pathlib import Path
from subprocess import DEVNULL, Popen

import pytest
from pydantic import SecretStr

from pagemeter.clock import SystemClock
from pagemeter.errors import AccessDenied, DeviceError, Unreachable
from pagemeter.model import Target
from pagemeter.net.budget import Budget
from pagemeter.net.credentials import Auth, Credentials, NetworkCredential, Priv, SnmpCredential, SnmpVersion
from pagemeter.net.fence import Fence, FencedNetwork
from pagemeter.snmp.engine import SnmpEngine
from pagemeter.snmp.types import Oid, Tag, Walk, oid

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(
        shutil.which("snmpd") is None and "CI" not in os.environ, reason="snmpd of net-snmp is not installed"
    ),
]

SYSTEM = oid("1.3.6.1.2.1.1")
CONTACT = oid("1.3.6.1.2.1.1.4.0")
LOCATION = oid("1.3.6.1.2.1.1.6.0")
NAME = oid("1.3.6.1.2.1.1.5.0")
UPTIME = oid("1.3.6.1.2.1.1.3.0")

AUTH_PASSWORD = "quiet paper tray"
PRIV_PASSWORD = "second cassette"

USERS = {
    "md5des": (Auth.MD5, Priv.DES, "MD5", "DES"),
    "sha1aes128": (Auth.SHA1, Priv.AES128, "SHA", "AES"),
    "sha256aes128": (Auth.SHA256, Priv.AES128, "SHA-256", "AES"),
    "sha512aes256": (Auth.SHA512, Priv.AES256, "SHA-512", "AES-256"),
    "sha512aes256c": (Auth.SHA512, Priv.AES256_C, "SHA-512", "AES-256-C"),
    # Only with a short hash do the two key extensions differ.
    "md5aes256": (Auth.MD5, Priv.AES256, "MD5", "AES-256"),
    "md5aes256c": (Auth.MD5, Priv.AES256_C, "MD5", "AES-256-C"),
    "sha1aes256": (Auth.SHA1, Priv.AES256, "SHA", "AES-256"),
    "sha1aes256c": (Auth.SHA1, Priv.AES256_C, "SHA", "AES-256-C"),
    "sha1aes192": (Auth.SHA1, Priv.AES192, "SHA", "AES-192"),
    "sha1aes192c": (Auth.SHA1, Priv.AES192_C, "SHA", "AES-192-C"),
}

V1 = SnmpCredential(name="v1", version=SnmpVersion.V1, community=SecretStr("public"))
V2C = SnmpCredential(name="v2c", version=SnmpVersion.V2C, community=SecretStr("public"))
NO_AUTH = SnmpCredential(name="noauth", version=SnmpVersion.V3, user="plain")
AUTH_ONLY = SnmpCredential(
    name="auth", version=SnmpVersion.V3, user="signed", auth=Auth.SHA256, auth_password=SecretStr(AUTH_PASSWORD)
)


def encrypted(
    user: str, *, auth_password: str = AUTH_PASSWORD, priv_password: str = PRIV_PASSWORD, name: str | None = None
) -> SnmpCredential:
    auth, priv, _, _ = USERS[user]
    return SnmpCredential(
        name=user,
        version=SnmpVersion.V3,
        user=name or user,
        auth=auth,
        auth_password=SecretStr(auth_password),
        priv=priv,
        priv_password=SecretStr(priv_password),
    )


def engine_with(credential: SnmpCredential, *, timeout: float = 2.0) -> SnmpEngine:
    loopback = ip_network("127.0.0.0/8")
    clock = SystemClock()
    return SnmpEngine(
        fence=Fence([FencedNetwork(network=loopback)]),
        budget=Budget(clock, 500),
        credentials=Credentials([NetworkCredential(networks=(loopback,), snmp=credential)]),
        clock=clock,
        timeout=timeout,
    )


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("snmpd")
    (folder / "state").mkdir()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
    (folder / "snmpd.conf").write_text("\n".join(configuration()) + "\n")
    snmpd = Popen(
        ["snmpd", "-f", "-C", "-c", folder / "snmpd.conf", "-Lf", folder / "log", f"udp:127.0.0.1:{number}"],
        env={**os.environ, "SNMP_PERSISTENT_DIR": str(folder / "state"), "MIBS": ""},
        stdin=DEVNULL,
    )
    try:
        asyncio.run(ready(number, snmpd, folder / "log"))
        yield number
    finally:
        snmpd.terminate()
        snmpd.wait(10)


def configuration() -> Iterator[str]:
    yield from ("rocommunity public 127.0.0.1", "sysName peer.example", "sysContact Facilities", "sysLocation Room 7")
    yield from ('createUser plain MD5 "unused password"', "rouser plain noauth")
    yield from (f'createUser signed SHA-256 "{AUTH_PASSWORD}"', "rouser signed auth")
    for user, (_, _, auth, priv) in USERS.items():
        yield f'createUser {user} {auth} "{AUTH_PASSWORD}" {priv} "{PRIV_PASSWORD}"'
        yield f"rouser {user} priv"


async def ready(port: int, snmpd: Popen[bytes], log: Path) -> None:
    async with engine_with(V2C, timeout=0.2) as engine, asyncio.timeout(30):
        while True:
            try:
                await engine.get(target(port), [NAME])
            except Unreachable:
                assert snmpd.poll() is None, f"snmpd ended, see {log}"
            else:
                return


def target(port: int) -> Target:
    return Target(uri=f"snmp://127.0.0.1:{port}", found_by="test")


@pytest.fixture
async def by_v2c(port: int) -> AsyncIterator[Walk]:
    async with engine_with(V2C) as engine:
        yield await engine.walk(target(port), [SYSTEM])


def steady(walk: Walk) -> dict[Oid, object]:
    """Return the rows that do not change while the tests run: all but the TimeTicks."""
    return {row.oid: (row.tag, row.value) for row in walk if row.tag != Tag.TIME_TICKS}


def test_the_system_group_is_that_of_the_configuration(by_v2c: Walk) -> None:
    assert by_v2c.octets(NAME) == b"peer.example"
    assert by_v2c.octets(CONTACT) == b"Facilities"
    assert by_v2c.octets(LOCATION) == b"Room 7"
    assert by_v2c.integer(UPTIME) is not None
    assert by_v2c.missing == {}


@pytest.mark.parametrize(
    "credential", [V1, NO_AUTH, AUTH_ONLY, *map(encrypted, USERS)], ids=lambda credential: credential.name
)
async def test_every_version_and_key_reads_the_same_system_group(
    port: int, by_v2c: Walk, credential: SnmpCredential
) -> None:
    async with engine_with(credential) as engine:
        walk = await engine.walk(target(port), [SYSTEM])
        values = await engine.get(target(port), [NAME, oid("1.3.6.1.2.1.1.99.0"), LOCATION])
    assert steady(walk) == steady(by_v2c)
    assert walk.missing == {}
    assert {row.oid: row.value for row in values} == {NAME: b"peer.example", LOCATION: b"Room 7"}


@pytest.mark.parametrize(
    ("credential", "kind", "message"),
    [
        (encrypted("sha1aes128", name="nobody"), AccessDenied, "does not know the SNMPv3 user 'nobody'"),
        (
            encrypted("sha256aes128", auth_password="wrong password"),
            AccessDenied,
            "refuses the authentication password",
        ),
        (
            encrypted("sha256aes128", priv_password="wrong password"),
            AccessDenied,
            "is the privacy password or protocol",
        ),
        (encrypted("md5aes256", name="md5aes256c"), AccessDenied, "is the privacy password or protocol"),
    ],
    ids=["user", "authentication", "privacy", "key extension"],
)
async def test_each_refusal_of_v3_has_its_own_message(
    port: int, credential: SnmpCredential, kind: type[DeviceError], message: str
) -> None:
    async with engine_with(credential, timeout=0.5) as engine:
        with pytest.raises(kind, match=message) as caught:
            await engine.get(target(port), [NAME])
    assert f"snmp://127.0.0.1:{port}" in str(caught.value)
    assert "wrong password" not in str(caught.value)


async def test_another_engine_at_a_known_address_is_refused(port: int) -> None:
    async with engine_with(encrypted("sha256aes128")) as engine:
        engine._switchboard.habits(ip_address("127.0.0.1"), port).engine_id = b"the engine of yesterday"
        with pytest.raises(AccessDenied, match="another SNMPv3 engine id than at first"):
            await engine.get(target(port), [NAME])


async def test_a_level_that_the_user_may_not_use_is_told(port: int) -> None:
    unsigned = SnmpCredential(name="low", version=SnmpVersion.V3, user="sha1aes128")
    async with engine_with(unsigned, timeout=0.5) as engine:
        with pytest.raises(AccessDenied, match="lets it read nothing with noAuthNoPriv"):
            await engine.get(target(port), [NAME])


@pytest.mark.parametrize("credential", [V1, V2C])
async def test_a_wrong_community_is_silence(port: int, credential: SnmpCredential) -> None:
    wrong = SnmpCredential(name="wrong", version=credential.version, community=SecretStr("privat"))
    async with engine_with(wrong, timeout=0.2) as engine:
        with pytest.raises(Unreachable, match="did not answer SNMP in 3 tries; is it on, is the community right"):
            await engine.get(target(port), [NAME])


async def test_nobody_there_has_its_own_message_under_v3() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        async with engine_with(encrypted("sha1aes128"), timeout=0.1) as engine:
            with pytest.raises(Unreachable, match="did not answer SNMPv3 in 3 tries"):
                await engine.get(target(mute.getsockname()[1]), [NAME])


async def test_a_sweep_finds_it_under_v3(port: int) -> None:
    async with engine_with(replace(encrypted("sha256aes128"), port=port), timeout=0.5) as engine:
        found = [one async for one in engine.sweep(["127.0.0.1-127.0.0.3"], [NAME], found_by="sweep")]
    assert [(one.target.uri, one.walk.octets(NAME)) for one in found] == [("host://127.0.0.1", b"peer.example")]
