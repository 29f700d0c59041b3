"""The sockets: what is sent arrives, what arrives is heard, and what goes wrong costs one datagram."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from pydantic import SecretStr

from pagemeter.net.credentials import SnmpCredential, SnmpVersion
from pagemeter.snmp.datagrams import PORTABLE, Datagrams, udp_socket
from pagemeter.snmp.echo import question
from pagemeter.snmp.mmsg import calls
from pagemeter.snmp.types import oid
from pagemeter.snmp.volley import Shots, Stencil

WAYS = [
    pytest.param(True, id="portable"),
    pytest.param(False, id="mmsg", marks=pytest.mark.skipif(calls() is None, reason="this system has no sendmmsg")),
]


class Heard:
    """What came in; waits for a number of datagrams."""

    def __init__(self) -> None:
        self.all: list[tuple[bytes, str, int]] = []
        self._more = asyncio.Event()

    def __call__(self, data: bytes, host: str, port: int) -> None:
        self.all.append((data, host, port))
        self._more.set()

    async def wait_for(self, count: int) -> list[tuple[bytes, str, int]]:
        async with asyncio.timeout(10):
            while len(self.all) < count:
                self._more.clear()
                await self._more.wait()
        return self.all


@pytest.fixture
def peer() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        bound.bind(("127.0.0.1", 0))
        bound.settimeout(5)
        yield bound


async def met(datagrams: Datagrams, peer: socket.socket) -> tuple[str, int]:
    """Return the address by which the peer reaches the sockets."""
    datagrams.send(b"hello", "127.0.0.1", peer.getsockname()[1])
    data, address = peer.recvfrom(100)
    assert data == b"hello"
    return str(address[0]), int(address[1])


@pytest.mark.parametrize("portable", WAYS)
async def test_what_came_in_while_nobody_looked_is_heard_in_one_go(peer: socket.socket, portable: bool) -> None:
    heard = Heard()
    datagrams = Datagrams(heard, portable=portable)
    address = await met(datagrams, peer)
    sent = [f"{number}".encode() for number in range(200)]
    for one in sent:
        peer.sendto(one, address)
    datagrams.receive()
    assert heard.all == [(one, "127.0.0.1", peer.getsockname()[1]) for one in sent]
    datagrams.close()


@pytest.mark.parametrize("portable", WAYS)
@pytest.mark.parametrize("size", [0, 1, 1472, 9000, 65_507])
async def test_a_datagram_of_any_size_is_heard_whole_between_others(
    peer: socket.socket, portable: bool, size: int
) -> None:
    heard = Heard()
    datagrams = Datagrams(heard, portable=portable)
    address = await met(datagrams, peer)
    large = bytes(number % 251 for number in range(size))
    for one in (b"before", large, b"after"):
        peer.sendto(one, address)
    assert [data for data, _, _ in await heard.wait_for(3)] == [b"before", large, b"after"]
    datagrams.close()


@pytest.mark.parametrize("portable", WAYS)
async def test_an_error_in_hearing_costs_one_datagram(
    peer: socket.socket, portable: bool, caplog: pytest.LogCaptureFixture
) -> None:
    heard = Heard()

    def hear(data: bytes, host: str, port: int) -> None:
        if data == b"bad":
            raise ValueError("can't be heard")
        heard(data, host, port)

    datagrams = Datagrams(hear, portable=portable)
    address = await met(datagrams, peer)
    with caplog.at_level(logging.CRITICAL):
        for one in (b"bad", b"good"):
            peer.sendto(one, address)
        assert [data for data, _, _ in await heard.wait_for(1)] == [b"good"]
    datagrams.close()


class Windows(socket.socket):
    """A socket that reports closed ports as Windows does, by error 10054: at the next reception, or the next send."""

    resets = 3

    def recvfrom(self, *args: Any) -> Any:
        if self.resets > 0:
            self.resets -= 1
            raise ConnectionResetError(10054, "An existing connection was forcibly closed by the remote host")
        return super().recvfrom(*args)

    def sendto(self, *args: Any) -> int:
        if self.resets == 3:
            self.resets -= 1
            raise ConnectionResetError(10054, "An existing connection was forcibly closed by the remote host")
        return super().sendto(*args)


async def test_a_closed_port_does_not_stop_the_reception_on_windows(peer: socket.socket) -> None:
    heard = Heard()
    opened: list[Windows] = []

    def windows(family: int) -> socket.socket:
        opened.append(Windows(family, socket.SOCK_DGRAM))
        opened[0].setblocking(False)
        return opened[0]

    datagrams = Datagrams(heard, portable=True, open_socket=windows)
    address = await met(datagrams, peer)
    for one in (b"first", b"second"):
        peer.sendto(one, address)
    assert [data for data, _, _ in await heard.wait_for(2)] == [b"first", b"second"]
    assert opened[0].resets == 0
    datagrams.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what it dropped")
@pytest.mark.parametrize("portable", WAYS)
async def test_what_the_system_dropped_is_told(peer: socket.socket, portable: bool) -> None:
    heard = Heard()
    datagrams = Datagrams(heard, portable=portable, receive_buffer=4096)
    address = await met(datagrams, peer)
    assert datagrams.dropped == 0
    for _ in range(100):
        peer.sendto(b"x" * 100, address)
    datagrams.receive()
    assert 0 < len(heard.all) < 100
    assert datagrams.dropped == 100 - len(heard.all)
    datagrams.close()


def test_the_environment_switches_to_the_portable_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PORTABLE, "1")
    assert Datagrams(Heard()).portable
    monkeypatch.delenv(PORTABLE)
    assert Datagrams(Heard()).portable == (calls() is None)


def test_source_ports_are_not_handed_out_in_a_row() -> None:
    opened = [udp_socket(socket.AF_INET) for _ in range(8)]
    ports = [one.getsockname()[1] for one in opened]
    for one in opened:
        one.close()
    steps = {after - before for before, after in pairwise(ports)}
    assert len(steps) > 4


async def test_what_is_closed_hears_nothing_any_more(peer: socket.socket) -> None:
    heard = Heard()
    datagrams = Datagrams(heard)
    address = await met(datagrams, peer)
    datagrams.close()
    peer.sendto(b"late", address)
    await asyncio.sleep(0)
    assert heard.all == []


def credential(version: SnmpVersion) -> SnmpCredential:
    return SnmpCredential(name="x", version=version, community=SecretStr("public"))


@pytest.mark.parametrize("version", SnmpVersion)
def test_a_stencil_knows_where_the_request_id_stands(version: SnmpVersion) -> None:
    ask = question(credential(version), (oid("1.3.6.1.2.1.1.1.0"), oid("1.3.6.1.2.1.1.2.0")))
    stencil = Stencil.of(ask)
    octets = bytearray(stencil.octets)
    for place in stencil.places:
        octets[place : place + 2] = (0x1234).to_bytes(2, "big")
    assert bytes(octets) == ask(0x1234)
    assert len(stencil.places) == (2 if version == SnmpVersion.V3 else 1)


def test_a_question_without_a_request_id_is_refused() -> None:
    with pytest.raises(ValueError, match="no request id"):
        Stencil.of(lambda _: b"always the same")


def shots_for(addresses: list[str], ids: list[int]) -> Shots:
    octets = [socket.inet_aton(address) for address in addresses]
    a, b, c, d = (bytes(one[place] for one in octets) for place in range(4))
    return Shots(a, b, c, d, bytes(number >> 8 for number in ids), bytes(number & 0xFF for number in ids))


@pytest.fixture
def bind() -> Iterator[Callable[[str, int], socket.socket]]:
    opened: list[socket.socket] = []

    def begin(address: str, port: int = 0) -> socket.socket:
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.append(one)
        one.settimeout(5)
        one.bind((address, port))
        return one

    yield begin
    for one in opened:
        one.close()


@pytest.mark.parametrize("portable", WAYS)
async def test_a_volley_brings_each_its_own_request_id(bind: Callable[..., socket.socket], portable: bool) -> None:
    addresses = [f"127.31.0.{number}" for number in range(1, 6)]
    first_peer = bind(addresses[0])
    port = first_peer.getsockname()[1]
    peers = [first_peer, *(bind(address, port) for address in addresses[1:])]
    ask = question(credential(SnmpVersion.V2C), (oid("1.3.6.1.2.1.1.1.0"),))
    datagrams = Datagrams(Heard(), portable=portable)
    volley = datagrams.volley(Stencil.of(ask), port, 8)
    for first in (300, 4000):
        ids = [first + number for number in range(5)]
        shots = shots_for(addresses, ids)
        assert volley.send(shots) == 5
        for peer, number in zip(peers, ids, strict=True):
            assert peer.recvfrom(1000)[0] == ask(number)
    # The last one again, as after a full send buffer.
    assert volley.send(shots, 4) == 5
    assert peers[4].recvfrom(1000)[0] == ask(4004)
    datagrams.close()


class Busy(socket.socket):
    """A socket of which the third send finds the buffer full, and the fifth no way."""

    sends = 0

    def sendto(self, *args: Any) -> int:
        self.sends += 1
        if self.sends == 3:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        if self.sends == 5:
            raise OSError(101, "Network is unreachable")
        return super().sendto(*args)


async def test_a_busy_system_gets_the_rest_of_a_volley_later(bind: Callable[..., socket.socket]) -> None:
    addresses = [f"127.31.0.{number}" for number in range(1, 6)]
    first = bind(addresses[0])
    port = first.getsockname()[1]
    peers = [first, *(bind(address, port) for address in addresses[1:])]
    ask = question(credential(SnmpVersion.V2C), (oid("1.3.6.1.2.1.1.1.0"),))

    def busy(family: int) -> socket.socket:
        one = Busy(family, socket.SOCK_DGRAM)
        one.setblocking(False)
        return one

    datagrams = Datagrams(Heard(), portable=True, open_socket=busy)
    volley = datagrams.volley(Stencil.of(ask), port, 5)
    shots = shots_for(addresses, [400, 401, 402, 403, 404])
    assert volley.send(shots) == 2
    assert volley.send(shots, 2) == 5
    # The fourth had no way: it is as good as silent, and the fifth is asked all the same.
    for place in (0, 1, 2, 4):
        assert peers[place].recvfrom(1000)[0] == ask(400 + place)
    peers[3].setblocking(False)
    with pytest.raises(BlockingIOError):
        peers[3].recvfrom(1000)
    datagrams.close()
