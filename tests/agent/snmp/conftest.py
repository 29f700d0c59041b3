"""Devices made up in this process: a small agent over a few rows, with the faults of real firmware."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from types import MappingProxyType

import pytest

from pagemeter.clock import Clock, SystemClock
from pagemeter.model import Target
from pagemeter.net.budget import Budget
from pagemeter.net.credentials import Credentials, NetworkCredential, SnmpCredential
from pagemeter.net.fence import Fence, FencedNetwork
from pagemeter.net.ranges import Resolver, resolve
from pagemeter.snmp.codec import V1, Message, PduType, decode, encode
from pagemeter.snmp.denied import deny_list
from pagemeter.snmp.engine import SnmpEngine
from pagemeter.snmp.types import Oid, Tag, VarBind, oid

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))

SYSTEM = [
    VarBind(oid("1.3.6.1.2.1.1.1.0"), Tag.OCTET_STRING, b"Made-up LaserWriter"),
    VarBind(oid("1.3.6.1.2.1.1.2.0"), Tag.OBJECT_IDENTIFIER, oid("1.3.6.1.4.1.99999.1")),
    VarBind(oid("1.3.6.1.2.1.1.3.0"), Tag.TIME_TICKS, 4711),
    VarBind(oid("1.3.6.1.2.1.1.5.0"), Tag.OCTET_STRING, b"made-up"),
]
SUPPLIES = [
    VarBind((*oid("1.3.6.1.2.1.43.11.1.1.9.1"), index), Tag.INTEGER, level)
    for index, level in enumerate((-3, -2, 40, 0), start=1)
]


@dataclass
class Device:
    """An SNMP agent; change its fields to make it faulty. ``heard`` are the questions that it took."""

    rows: Sequence[VarBind] = (*SYSTEM, *SUPPLIES)
    community: bytes = b"public"
    speaks: tuple[int, ...] = (0, 1)
    bulk: bool = True
    most_oids: int = 100
    chokes_above: int = 100
    most_repetitions: int = 100
    drops: int = 0
    mutate: Callable[[Message], Message] = lambda answer: answer
    raw: Callable[[bytes], list[bytes]] = lambda datagram: [datagram]
    heard: list[Message] = field(default_factory=list)
    port: int = 0

    @property
    def target(self) -> Target:
        return Target(uri=f"snmp://127.0.0.1:{self.port}", found_by="test")

    def answer(self, data: bytes) -> list[bytes]:
        question = decode(data)
        self.heard.append(question)
        if question.community != self.community or question.version not in self.speaks:
            return []
        if self.drops > 0:
            self.drops -= 1
            return []
        if question.pdu == PduType.GET_BULK and not self.bulk:
            return []
        if len(question.rows) > self.chokes_above:
            return []
        return self.raw(encode(self.mutate(self._respond(question))))

    def _respond(self, question: Message) -> Message:
        blank = replace(question, pdu=PduType.RESPONSE, error_status=0, error_index=0)
        repetitions = question.error_index if question.pdu == PduType.GET_BULK else 1
        if len(question.rows) > self.most_oids or repetitions > self.most_repetitions:
            return replace(blank, error_status=1)
        table = {row.oid: row for row in self.rows}
        found = []
        for place, asked in enumerate(question.rows, start=1):
            if question.pdu == PduType.GET:
                row = table.get(asked.oid)
                rows = [] if row is None else [row]
                none = VarBind(asked.oid, Tag.NO_SUCH_INSTANCE, None)
            else:
                rows = [row for row in sorted(self.rows) if row.oid > asked.oid][:repetitions]
                none = VarBind(asked.oid, Tag.END_OF_MIB_VIEW, None)
            if not rows and question.version == V1:
                return replace(question, pdu=PduType.RESPONSE, error_status=2, error_index=place)
            found += rows or [none]
        return replace(blank, rows=tuple(found))


Start = Callable[..., Awaitable[Device]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start a device on loopback: ``await start()``, or ``await start("127.0.0.7", port, community=b"other")``."""
    loop = asyncio.get_running_loop()
    sockets: list[socket.socket] = []

    async def begin(address: str = "127.0.0.1", port: int = 0, **faults: object) -> Device:
        device = Device(**faults)  # type: ignore[arg-type]  # fields of the device, as the test names them
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        bound = socket.socket(family, socket.SOCK_DGRAM)
        sockets.append(bound)
        bound.setblocking(False)
        bound.bind((address, port))
        device.port = bound.getsockname()[1]
        loop.add_reader(bound, _serve, bound, device)
        return device

    yield begin
    for bound in sockets:
        loop.remove_reader(bound)
        bound.close()


def _serve(bound: socket.socket, device: Device) -> None:
    data, sender = bound.recvfrom(65_535)
    for datagram in device.answer(data):
        bound.sendto(datagram, sender)


@pytest.fixture
async def device(start: Start) -> Device:
    """A device without faults."""
    return await start()


def engine_for(
    *credentials: SnmpCredential,
    timeout: float = 0.1,
    retries: int = 1,
    denied: frozenset[Oid] | None = None,
    fence: Fence | None = None,
    rate: float = 5000,
    resolver: Resolver = resolve,
    kept: Mapping[str, Mapping[str, object]] = MappingProxyType({}),
    clock: Clock | None = None,
) -> SnmpEngine:
    clock = clock or SystemClock()
    return SnmpEngine(
        fence=fence or Fence([FencedNetwork(network=network) for network in LOOPBACK]),
        budget=Budget(clock, rate),
        credentials=Credentials([NetworkCredential(networks=LOOPBACK, snmp=one) for one in credentials]),
        clock=clock,
        timeout=timeout,
        retries=retries,
        denied=deny_list() if denied is None else denied,
        resolver=resolver,
        recall=lambda place: kept.get(place, {}),
        remembered=lambda: kept,
    )


@pytest.fixture
def make() -> Callable[..., SnmpEngine]:
    """Build an engine for loopback with these credentials."""
    return engine_for
