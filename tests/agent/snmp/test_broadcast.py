"""Broadcasts: who answers is found; what is sent reaches only those who may have it.

A segment of loopback hears its broadcast at 127.255.255.255 and answers from as many addresses as a test likes.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from pydantic import SecretStr

from pagemeter.clock import SystemClock
from pagemeter.component import Responder
from pagemeter.errors import AccessDenied, ConfigError, PagemeterError, QuietHours, Unreachable
from pagemeter.net.budget import Budget
from pagemeter.net.credentials import Credentials, IPNetwork, NetworkCredential, SnmpCredential, SnmpVersion
from pagemeter.net.fence import Fence, FencedNetwork
from pagemeter.net.routes import Route
from pagemeter.snmp.codec import Message, PduType, decode, encode
from pagemeter.snmp.engine import SnmpEngine
from pagemeter.snmp.types import Oid, Tag, VarBind, oid

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="loopback has a broadcast address on Linux only")

SYS_OBJECT_ID = oid("1.3.6.1.2.1.1.2.0")
MADE_UP: Oid = oid("1.3.6.1.4.1.99999.1")
SEGMENT = ip_network("127.0.0.0/8")
ROUTES = (Route(network=SEGMENT, interface="lo"),)

Answer = Callable[[Message], Message | bytes | None]


def well(question: Message) -> Message:
    row = VarBind(SYS_OBJECT_ID, Tag.OBJECT_IDENTIFIER, MADE_UP)
    return replace(question, pdu=PduType.RESPONSE, rows=(row,))


@dataclass
class Segment:
    """Hosts that hear one broadcast socket; ``heard`` are the questions that came."""

    port: int = 0
    hosts: dict[str, Answer] = field(default_factory=dict)
    heard: list[Message] = field(default_factory=list)
    sockets: dict[str, socket.socket] = field(default_factory=dict)

    def serve(self, ear: socket.socket) -> None:
        data, sender = ear.recvfrom(65_535)
        question = decode(data)
        self.heard.append(question)
        for address, answer in self.hosts.items():
            said = answer(question)
            if said is not None:
                self.mouth(address).sendto(said if isinstance(said, bytes) else encode(said), sender)

    def mouth(self, address: str) -> socket.socket:
        if address not in self.sockets:
            self.sockets[address] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.sockets[address].bind((address, 0))
        return self.sockets[address]


@pytest.fixture
async def segment() -> AsyncIterator[Segment]:
    made = Segment()
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.setblocking(False)
        ear.bind(("0.0.0.0", 0))  # noqa: S104 - broadcasts come to the wildcard address only
        made.port = ear.getsockname()[1]
        loop.add_reader(ear, made.serve, ear)
        yield made
        loop.remove_reader(ear)
    for mouth in made.sockets.values():
        mouth.close()


def community(port: int, name: str = "public", version: SnmpVersion = SnmpVersion.V2C) -> SnmpCredential:
    return SnmpCredential(name=f"v{version} {name}", version=version, community=SecretStr(name), port=port)


def engine_of(
    *credentials: SnmpCredential | tuple[SnmpCredential, str],
    fence: Sequence[FencedNetwork] = (FencedNetwork(network=SEGMENT),),
    routes: Sequence[Route] = ROUTES,
    never: Sequence[IPNetwork] = (),
    hour: int = 12,
) -> SnmpEngine:
    """An engine whose credentials are for the whole segment, or for the network that stands beside them."""
    clock = SystemClock()
    pairs = [one if isinstance(one, tuple) else (one, str(SEGMENT)) for one in credentials]
    return SnmpEngine(
        fence=Fence(fence, never=never, local_time=lambda: datetime(2025, 1, 6, hour, tzinfo=UTC)),
        budget=Budget(clock, 5000),
        credentials=Credentials([NetworkCredential(networks=(ip_network(net),), snmp=one) for one, net in pairs]),
        clock=clock,
        timeout=0.1,
        routes=lambda: routes,
    )


async def found(
    engine: SnmpEngine, network: str | None = str(SEGMENT), *, seconds: float = 0.3
) -> dict[str, Responder]:
    async with engine:
        stream = engine.broadcast(network, SYS_OBJECT_ID, found_by="broadcast", seconds=seconds)
        responders = [one async for one in stream]
    by_address = {one.target.host: one for one in responders}
    assert len(by_address) == len(responders)
    return by_address


async def test_all_that_answer_are_found_by_one_packet(segment: Segment) -> None:
    segment.hosts = {f"127.30.0.{number}": well for number in range(1, 60)}
    responders = await found(engine_of(community(segment.port)))
    assert set(responders) == set(segment.hosts)
    assert {one.walk.oid(SYS_OBJECT_ID) for one in responders.values()} == {MADE_UP}
    assert {one.target.found_by for one in responders.values()} == {"broadcast"}
    assert {one.target.hints.credential for one in responders.values()} == {"v2c public"}
    assert [(one.pdu, one.community) for one in segment.heard] == [(PduType.GET, b"public")]


async def test_it_is_asked_again_each_second_with_a_new_request_id(segment: Segment) -> None:
    segment.hosts = {"127.30.0.1": lambda question: well(question) if len(segment.heard) == 2 else None}
    responders = await found(engine_of(community(segment.port)), seconds=2)
    assert set(responders) == {"127.30.0.1"}
    assert len(segment.heard) == 2
    assert len({one.request_id for one in segment.heard}) == 2


async def test_an_address_that_answers_every_time_is_told_once(segment: Segment) -> None:
    segment.hosts = {"127.30.0.1": well}
    keys = community(segment.port), community(segment.port, version=SnmpVersion.V1)
    assert set(await found(engine_of(*keys))) == {"127.30.0.1"}
    assert sorted(one.version for one in segment.heard) == [0, 1]


@pytest.mark.parametrize("rows", [True, False], ids=["with its variable", "without variables"])
async def test_an_error_shows_a_device_all_the_same(segment: Segment, rows: bool) -> None:
    def no_such_name(question: Message) -> Message:
        said = replace(question, pdu=PduType.RESPONSE, error_status=2, error_index=1)
        return said if rows else replace(said, rows=())

    segment.hosts = {"127.30.0.1": no_such_name}
    responders = await found(engine_of(community(segment.port, version=SnmpVersion.V1)))
    assert len(responders["127.30.0.1"].walk) == 0


async def test_what_is_no_answer_to_this_question_is_dropped(segment: Segment) -> None:
    foreign = VarBind(oid("1.3.6.1.2.1.1.1.0"), Tag.OCTET_STRING, b"uninvited")
    segment.hosts = {
        "127.30.0.1": lambda question: replace(well(question), request_id=question.request_id % 32_767 + 1),
        "127.30.0.2": lambda question: replace(well(question), community=b"private"),
        "127.30.0.3": lambda question: replace(well(question), rows=(foreign,)),
        "127.30.0.4": lambda question: question,
        "127.30.0.5": lambda _: b"\x30\x82garbage",
        "127.30.0.6": lambda question: replace(well(question), rows=()),
        "127.30.0.7": well,
    }
    assert set(await found(engine_of(community(segment.port)))) == {"127.30.0.7"}


async def test_an_answer_from_outside_the_fence_is_dropped(segment: Segment) -> None:
    inside = ip_network("127.0.0.0/9")
    routes = (Route(network=inside, interface="lo"),)
    segment.hosts = {"127.30.0.1": well, "127.200.0.1": well}
    engine = engine_of(community(segment.port), fence=[FencedNetwork(network=inside)], routes=routes)
    assert set(await found(engine, None)) == {"127.30.0.1"}
    assert set(segment.sockets) == {"127.30.0.1", "127.200.0.1"}


@pytest.mark.parametrize("network", [str(SEGMENT), None], ids=["directed", "255.255.255.255"])
async def test_a_community_that_is_not_for_the_whole_segment_is_never_sent(
    segment: Segment, network: str | None
) -> None:
    segment.hosts = {"127.30.0.1": well}
    half = community(segment.port, "half"), "127.0.0.0/9"
    everywhere = community(segment.port, "wide"), "0.0.0.0/0"
    v3 = SnmpCredential(name="v3", version=SnmpVersion.V3, user="meter", port=segment.port)
    assert set(await found(engine_of(half, everywhere, v3), network)) == {"127.30.0.1"}
    assert {one.community for one in segment.heard} == {b"wide"}


@pytest.mark.parametrize("network", [str(SEGMENT), None], ids=["directed", "255.255.255.255"])
async def test_nothing_is_sent_where_no_community_may_be(segment: Segment, network: str | None) -> None:
    segment.hosts = {"127.30.0.1": well}
    v3 = SnmpCredential(name="v3", version=SnmpVersion.V3, user="meter", port=segment.port)
    with pytest.raises(AccessDenied, match=r"no community may be sent to all of 127\.0\.0\.0/8; add one"):
        await found(engine_of((community(segment.port), "127.0.0.0/9"), v3), network)
    assert segment.heard == []


async def test_limited_asks_out_of_each_interface_that_may_be_asked(segment: Segment) -> None:
    segment.hosts = {"127.30.0.1": well}
    strange = Route(network=ip_network("10.99.0.0/16"), interface="strange0")
    assert set(await found(engine_of(community(segment.port), routes=(strange, *ROUTES)), None)) == {"127.30.0.1"}
    assert len(segment.heard) == 1


async def test_a_second_segment_at_an_interface_must_be_allowed_too(segment: Segment) -> None:
    strange = Route(network=ip_network("10.99.0.0/16"), interface="lo")
    with pytest.raises(AccessDenied, match=r"10\.99\.0\.0/16 is not wholly inside the networks"):
        await found(engine_of(community(segment.port), routes=(*ROUTES, strange)), None)
    assert segment.heard == []


@pytest.mark.parametrize("network", [str(SEGMENT), None], ids=["directed", "255.255.255.255"])
@pytest.mark.parametrize(
    ("fence", "never", "says"),
    [
        ([FencedNetwork(network=ip_network("127.0.0.0/9"))], (), "is not wholly inside the networks"),
        ([FencedNetwork(network=SEGMENT)], (ip_network("127.0.0.9/32"),), "127.0.0.9/32 too, which is on a never-list"),
        ([FencedNetwork(network=SEGMENT, never=(ip_address("127.0.0.9"),))], (), "which is on a never-list"),
    ],
    ids=["a part", "never", "never of the network"],
)
async def test_a_segment_that_may_not_be_asked_as_a_whole_is_not(
    segment: Segment, network: str | None, fence: Sequence[FencedNetwork], never: Sequence[IPNetwork], says: str
) -> None:
    with pytest.raises(AccessDenied, match=says):
        await found(engine_of(community(segment.port), fence=fence, never=never), network)
    assert segment.heard == []


async def test_a_fence_in_two_halves_holds_the_whole(segment: Segment) -> None:
    segment.hosts = {"127.30.0.1": well}
    halves = [FencedNetwork(network=ip_network(net)) for net in ("127.0.0.0/9", "127.128.0.0/9")]
    assert set(await found(engine_of(community(segment.port), fence=halves))) == {"127.30.0.1"}


@pytest.mark.parametrize(("hour", "sent"), [(12, 1), (23, 0)])
async def test_quiet_hours_of_a_part_are_kept(segment: Segment, hour: int, sent: int) -> None:
    part = FencedNetwork(network=ip_network("127.1.0.0/16"), quiet="22:00-06:00")
    engine = engine_of(community(segment.port), fence=[FencedNetwork(network=SEGMENT), part], hour=hour)
    if sent:
        await found(engine)
    else:
        with pytest.raises(QuietHours, match="22:00-06:00"):
            await found(engine)
    assert len(segment.heard) == sent


@pytest.mark.parametrize("network", ["10.99.0.0/16", "127.128.0.0/9"], ids=["elsewhere", "a part of one"])
async def test_a_segment_that_this_host_is_not_attached_to_is_not_asked(segment: Segment, network: str) -> None:
    world = FencedNetwork(network=ip_network("0.0.0.0/0"))
    engine = engine_of((community(segment.port), "0.0.0.0/0"), fence=[world])
    with pytest.raises(AccessDenied, match=r"attached to: 127\.0\.0\.0/8\); sweep it"):
        await found(engine, network)
    assert segment.heard == []


@pytest.mark.parametrize("network", ["127.0.0.1/8", "printers", "10.0.0.0/31", "10.0.0.7", "0.0.0.0/0", "fd00::/64"])
async def test_what_has_no_broadcast_address_is_a_mistake_with_a_remedy(network: str) -> None:
    with pytest.raises(ConfigError, match=r"10\.1\.2\.0/24"):
        await found(engine_of(community(161)), network)


async def test_a_host_without_segments_says_so() -> None:
    with pytest.raises(AccessDenied, match="attached to no segment that knows broadcasts"):
        await found(engine_of(community(161), routes=()), None)


async def test_a_system_that_does_not_tell_its_routes_stops_nothing_else() -> None:
    def silent() -> Sequence[Route]:
        raise PagemeterError("this system does not tell its routes")

    engine = engine_of(community(161))
    engine._routes = silent
    with pytest.raises(AccessDenied, match="nothing is broadcast, for this system does not tell"):
        await found(engine)


async def test_what_is_never_asked_for_is_not_broadcast_either(segment: Segment) -> None:
    async with engine_of(community(segment.port)) as engine:
        with pytest.raises(AccessDenied, match="is never asked for"):
            await anext(engine.broadcast(str(SEGMENT), oid("1.3.6.1.4.1.11.2.3.9.1.1.13.0"), found_by="test"))
    assert segment.heard == []


async def test_each_packet_goes_through_the_budget(segment: Segment) -> None:
    clock = SystemClock()
    budget = Budget(clock, 1000)
    keys = [community(segment.port), community(segment.port, "other")]
    engine = SnmpEngine(
        fence=Fence([FencedNetwork(network=SEGMENT)]),
        budget=budget,
        credentials=Credentials([NetworkCredential(networks=(SEGMENT,), snmp=key) for key in keys]),
        clock=clock,
        routes=lambda: ROUTES,
    )
    await found(engine, seconds=2)
    assert budget.accounts.current.total.packets_out == len(segment.heard) == 4


async def test_what_answered_is_spoken_to_at_once(segment: Segment) -> None:
    segment.hosts = {"127.30.0.1": well}
    keys = community(segment.port, "first"), community(segment.port)
    segment.hosts = {"127.30.0.1": lambda question: well(question) if question.community == b"public" else None}
    engine = engine_of(*keys)
    [responder] = (await found(engine)).values()
    assert responder.target.hints.credential == "v2c public"
    assert engine._switchboard.habits(ip_address("127.30.0.1")).credential == keys[1]


async def test_a_user_of_v3_that_stands_before_a_community_is_tried_first(segment: Segment) -> None:
    segment.hosts = {"127.30.0.1": well}
    v3 = SnmpCredential(name="v3", version=SnmpVersion.V3, user="meter", port=segment.port)
    engine = engine_of(v3, community(segment.port))
    [responder] = (await found(engine)).values()
    assert responder.target.hints.credential is None
    assert engine._switchboard.habits(ip_address("127.30.0.1")).credential is None


async def test_a_community_is_not_learnt_for_an_address_beyond_its_networks(segment: Segment) -> None:
    # A device may answer a broadcast from an address of another segment of the fence.
    segment.hosts = {"127.200.0.1": well}
    near = ip_network("127.0.0.0/9")
    fence = [FencedNetwork(network=SEGMENT)]
    routes = (Route(network=near, interface="lo"),)
    engine = engine_of((community(segment.port), str(near)), fence=fence, routes=routes)
    [responder] = (await found(engine, None)).values()
    assert responder.target.hints.credential is None
    assert engine._switchboard.habits(ip_address("127.200.0.1")).credential is None


async def test_where_nothing_can_be_sent_it_is_told(segment: Segment) -> None:
    nowhere = ip_network("203.0.113.0/24")
    engine = engine_of(
        (community(segment.port), str(nowhere)),
        fence=[FencedNetwork(network=nowhere)],
        routes=(Route(network=nowhere, interface="void0"),),
    )
    with pytest.raises(Unreachable, match="void0 has no address to broadcast from"):
        await found(engine, str(nowhere))


async def test_a_stream_that_is_left_early_closes_its_sockets(segment: Segment) -> None:
    segment.hosts = {"127.30.0.1": well, "127.30.0.2": well}
    async with engine_of(community(segment.port)) as engine:
        stream: Any = engine.broadcast(str(SEGMENT), SYS_OBJECT_ID, found_by="test", seconds=60)
        await anext(stream)
        await stream.aclose()
