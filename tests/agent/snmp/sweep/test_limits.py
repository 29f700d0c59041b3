"""What holds a sweep back, what it does not believe, and what it leaves behind."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from ipaddress import IPv4Address, ip_network
from typing import Any

import pytest
from pydantic import SecretStr

from pagemeter.clock import Clock, SystemClock
from pagemeter.net.budget import Budget
from pagemeter.net.credentials import Credentials, NetworkCredential, SnmpCredential, SnmpVersion
from pagemeter.net.fence import Fence, FencedNetwork
from pagemeter.snmp.codec import V2C, Message, PduType, encode
from pagemeter.snmp.datagrams import Datagrams, Hear
from pagemeter.snmp.echo import Echo
from pagemeter.snmp.engine import SnmpEngine
from pagemeter.snmp.lane import Lane
from pagemeter.snmp.neighbours import Neighbours
from pagemeter.snmp.order import Order, Stretch
from pagemeter.snmp.sweep import Sweep
from pagemeter.snmp.types import Tag, VarBind, oid
from pagemeter.snmp.valve import Valve
from pagemeter.testing.clock import FakeClock

OIDS = [oid("1.3.6.1.2.1.1.1.0"), oid("1.3.6.1.2.1.1.2.0")]
NETWORK = ip_network("127.33.0.0/16")

Make = Callable[..., SnmpEngine]
WholeNet = Callable[..., Any]


def credential(port: int) -> SnmpCredential:
    return SnmpCredential(name="x", version=SnmpVersion.V2C, community=SecretStr("public"), port=port)


def lane_of(first: str, last: str, port: int, clock: Clock, *, rate: float = 1e5, attached: bool = False) -> Lane:
    toll = Budget(clock, rate).toll(FencedNetwork(network=NETWORK))
    order = Order([Stretch(int(IPv4Address(first)), int(IPv4Address(last)))])
    return Lane(
        order=order,
        credentials=(credential(port),),
        address=IPv4Address(first),
        toll=toll,
        batch=min(toll.batch, 64),
        attached=attached,
        turns=2,
    )


def sweep_of(lane: Lane, clock: Clock, found: list[Echo], **parts: Any) -> Sweep:
    given: dict[str, Any] = {
        "found": found.append,
        "allowed": lambda _: True,
        "valve": Valve(lambda: 0),
        "neighbours": Neighbours(clock),
        "clock": clock,
        "timeout": 0.2,
    }
    return Sweep([lane], OIDS, **(given | parts))


async def test_only_so_many_unresolved_neighbours_are_asked_at_once(whole_net: WholeNet) -> None:
    clock = FakeClock()
    async with whole_net(lambda _: False) as net:
        lane = lane_of("127.33.0.1", "127.33.0.254", net.port, clock, attached=True)
        neighbours = Neighbours(clock, most=16)
        run = asyncio.create_task(sweep_of(lane, clock, [], neighbours=neighbours, timeout=1000.0).run())
        asked: list[int] = []
        for _ in range(3):
            await clock.advance(2.5)
            await net.until(lambda: len(net.asked) >= 16 * (len(asked) + 1))
            asked.append(len(net.asked))
            await clock.advance(0.6)
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
    assert asked == [16, 32, 48]


async def test_who_answers_makes_room_for_another_at_once(whole_net: WholeNet) -> None:
    clock = SystemClock()
    found: list[Echo] = []
    async with whole_net(lambda _: True) as net:
        lane = lane_of("127.33.0.1", "127.33.0.254", net.port, clock, attached=True)
        async with asyncio.timeout(10):
            await sweep_of(lane, clock, found, neighbours=Neighbours(clock, most=16)).run()
    assert len(found) == 254


async def test_nobody_is_asked_any_more_when_quiet_hours_begin(whole_net: WholeNet) -> None:
    clock = SystemClock()
    quiet = FencedNetwork(network=NETWORK, quiet="22:00-06:00")
    async with whole_net(lambda _: False) as net:
        hour = [12]
        fence = Fence([quiet], local_time=lambda: datetime(2026, 3, 2, hour[0]))  # noqa: DTZ001 - a local time of day
        async with SnmpEngine(
            fence=fence,
            budget=Budget(clock, 2000),
            credentials=Credentials([NetworkCredential(networks=(NETWORK,), snmp=credential(net.port))]),
            clock=clock,
            timeout=0.1,
        ) as engine:

            async def whole() -> list[object]:
                return [one async for one in engine.sweep(["127.33.0.0/18"], OIDS, found_by="test", memory={})]

            run = asyncio.create_task(whole())
            await net.until(lambda: len(net.asked) >= 200)
            hour[0] = 23
            memories = await run
        assert 200 <= len(net.asked) < 16_382
        # What is left out is not owed: otherwise every other sweep would be for the quiet ones alone.
        assert memories[-1] == {}


async def test_a_network_with_a_rate_of_its_own_does_not_hold_up_the_others(whole_net: WholeNet) -> None:
    clock = SystemClock()
    slow = FencedNetwork(network=ip_network("127.33.0.0/24"), packets_per_second=1.0)
    fast = FencedNetwork(network=ip_network("127.33.1.0/24"))
    async with whole_net(lambda host: host == "127.33.1.77") as net:
        async with SnmpEngine(
            fence=Fence([slow, fast]),
            budget=Budget(clock, 5000),
            credentials=Credentials([NetworkCredential(networks=(NETWORK,), snmp=credential(net.port))]),
            clock=clock,
            timeout=0.1,
        ) as engine:
            sweep = engine.sweep(["127.33.0.0/23"], OIDS, found_by="test")
            assert (await anext(sweep)).target.host == "127.33.1.77"
            await net.until(lambda: sum(host.startswith("127.33.1.") for host in net.asked) == 255)
            await sweep.aclose()
        assert sum(host.startswith("127.33.0.") for host in net.asked) < 100


async def test_each_that_answers_is_found_with_the_buffer_that_linux_gives_unasked(whole_net: WholeNet) -> None:
    clock = SystemClock()

    def small(hear: Hear) -> Datagrams:
        # Linux doubles it: 208 KiB.
        return Datagrams(hear, receive_buffer=106_496)

    found: list[Echo] = []
    async with whole_net(lambda _: True) as net:
        lane = lane_of("127.33.0.1", "127.33.3.254", net.port, clock)
        await sweep_of(lane, clock, found, datagrams=small).run()
    assert {echo.host for echo in found} == set(net.asked)
    assert len(found) == 1022


class Leaky(Datagrams):
    """Says before each turn and each look how many datagrams were dropped; ``rises`` is how many more at a look."""

    looks = rises = 0

    @property
    def dropped(self) -> int:
        self.looks += self.rises
        return self.looks


@pytest.mark.parametrize("portable", [False, True])
@pytest.mark.parametrize(("before", "rises", "asked"), [(0, 0, 2), (9000, 0, 2), (0, 50, 5)])
async def test_only_who_loses_answers_all_the_time_asks_a_third_time_and_not_for_ever(
    whole_net: WholeNet, portable: bool, before: int, rises: int, asked: int
) -> None:
    clock = SystemClock()

    def leaky(hear: Hear) -> Datagrams:
        made = Leaky(hear, portable=portable)
        made.looks, made.rises = before, rises
        return made

    async with whole_net(lambda _: False) as net:
        lane = lane_of("127.33.0.1", "127.33.0.40", net.port, clock)
        await sweep_of(lane, clock, [], datagrams=leaky).run()
        await net.until(lambda: net.asked.total() >= 40 * asked)
    assert set(net.asked.values()) == {asked}


@pytest.mark.parametrize("portable", [False, True])
async def test_a_lossy_network_loses_hardly_anybody(make: Make, whole_net: WholeNet, portable: bool) -> None:
    clock = SystemClock()
    found: list[Echo] = []
    async with whole_net(lambda _: True, loss=0.05) as net:
        lane = lane_of("127.33.0.1", "127.33.7.254", net.port, clock)
        sweep = sweep_of(lane, clock, found, datagrams=lambda hear: Datagrams(hear, portable=portable))
        await sweep.run()
    assert len(found) == len({echo.host for echo in found})
    # 0.05 * 0.05 of 2,046 are 5.1; the dice are always the same, the order in which they fall is not.
    assert len(found) >= 2046 - 20
    # The first question to some may have been dropped on its way into the net: then it heard the shorter one alone.
    heard_all = [echo for echo in found if net.asked[echo.host] == net.swept[2, echo.host] == 1]
    assert len(heard_all) > 1000
    assert all(echo.whole for echo in heard_all)


async def test_what_does_not_count_is_counted(start: Any) -> None:
    clock = SystemClock()
    wrong_id = lambda answer: replace(answer, request_id=answer.request_id ^ 1)  # noqa: E731 - a fault of one line
    port = (await start("127.33.0.1", raw=lambda datagram: [datagram] * 3)).port
    await start("127.33.0.2", port, mutate=wrong_id)
    await start("127.33.0.3", port, raw=lambda _: [bytes.fromhex("2307ff010000f8")])
    await start("127.33.0.4", port)
    found: list[Echo] = []
    lane = lane_of("127.33.0.1", "127.33.0.4", port, clock)
    sweep = sweep_of(lane, clock, found)
    await sweep.run()
    assert sorted(echo.host for echo in found) == ["127.33.0.1", "127.33.0.4"]
    assert sweep.strays["twice"] == 2
    # Who is asked again answers as wrongly as before.
    assert (sweep.strays["wrong id"], sweep.strays["rubbish"]) == (2, 2)


async def test_an_answer_from_another_port_or_address_does_not_count(start: Any) -> None:
    clock = SystemClock()
    asked = await start("127.33.0.1")
    stranger = await start("127.33.0.99")
    other_port = await start("127.33.0.1")
    found: list[Echo] = []
    lane = lane_of("127.33.0.1", "127.33.0.1", asked.port, clock)
    sweep = sweep_of(lane, clock, found)
    stolen: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def keep(datagram: bytes) -> list[bytes]:
        if not stolen.done():
            stolen.set_result(datagram)
        return []

    asked.raw = keep
    run = asyncio.create_task(sweep.run())
    answer = await stolen
    sweep._hear(answer, "127.33.0.99", stranger.port)
    sweep._hear(answer, "127.33.0.1", other_port.port)
    await run
    assert (found, sweep.strays["foreign"], sweep.strays["wrong port"]) == ([], 1, 1)


async def test_a_sweep_that_is_left_early_closes_its_sockets_and_ends_its_tasks(
    make: Make, whole_net: WholeNet
) -> None:
    opened: list[Datagrams] = []

    def noted(hear: Hear) -> Datagrams:
        opened.append(Datagrams(hear))
        return opened[-1]

    async with whole_net(lambda _: True) as net, make(credential(net.port)) as engine:
        engine._sweeping._means = replace(engine._sweeping._means, datagrams=noted)
        before = asyncio.all_tasks()
        sweep = engine.sweep(["127.33.0.0/16"], OIDS, found_by="test", memory={})
        async for _ in sweep:
            break
        await sweep.aclose()
        assert asyncio.all_tasks() == before
        assert [one._sockets for one in opened] == [{}]
        gc.collect()
        assert not [task for task in asyncio.all_tasks() if task not in before]


async def test_nobody_who_takes_answers_slowly_is_buried_in_them(make: Make, whole_net: WholeNet) -> None:
    async with whole_net(lambda _: True) as net, make(credential(net.port), rate=4000) as engine:
        sweep = engine.sweep(["127.33.0.0/19"], OIDS, found_by="test")
        first = await anext(sweep)
        await net.until(lambda: len(net.asked) >= 4096)
        for _ in range(200):
            await asyncio.sleep(0.001)
        # Those on their way are not counted yet.
        assert len(net.asked) < 7000
        assert {one.target.host async for one in sweep} | {first.target.host} == set(net.asked)
        assert len(net.asked) == 8190


async def test_a_question_is_v2c_and_asks_for_one_value_the_second_time(start: Any) -> None:
    clock = SystemClock()
    device = await start("127.33.0.1", drops=2)
    lane = lane_of("127.33.0.1", "127.33.0.1", device.port, clock)
    await sweep_of(lane, clock, []).run()
    assert [question.version for question in device.heard] == [V2C, V2C]
    assert [[row.oid for row in question.rows] for question in device.heard] == [OIDS, OIDS[:1]]
    assert device.heard[0].request_id != device.heard[1].request_id


def answer_to(request_id: int, host: str, port: int) -> tuple[bytes, bytes, int]:
    rows = (VarBind(OIDS[0], Tag.OCTET_STRING, b"here"),)
    message = Message(version=V2C, community=b"public", pdu=PduType.RESPONSE, request_id=request_id, rows=rows)
    return encode(message), IPv4Address(host).packed, port


class Held(Valve):
    """Lets nobody pass from the second time on until it is opened; ``held`` is set when somebody waits."""

    def __init__(self) -> None:
        super().__init__(lambda: 0)
        self.held, self.go = asyncio.Event(), asyncio.Event()
        self._times = 0

    async def room(self, wanted: int) -> int:
        self._times += 1
        if self._times > 1:
            self.held.set()
            await self.go.wait()
        return await super().room(wanted)


@pytest.mark.parametrize("portable", [False, True])
async def test_who_answers_while_its_second_packet_waits_is_not_asked_again(
    whole_net: WholeNet, portable: bool
) -> None:
    clock = SystemClock()
    found: list[Echo] = []
    heard = asyncio.Event()
    valve = Held()

    def take(echo: Echo) -> None:
        found.append(echo)
        heard.set()

    async with whole_net(lambda _: False) as net:
        lane = lane_of("127.33.0.1", "127.33.0.1", net.port, clock)
        made = Sweep(
            [lane],
            OIDS,
            found=take,
            allowed=lambda _: True,
            valve=valve,
            neighbours=Neighbours(clock),
            clock=clock,
            timeout=0.2,
            datagrams=lambda hear: Datagrams(hear, portable=portable),
        )
        run = asyncio.create_task(made.run())
        await net.until(lambda: net.asked.total() == 1)
        await valve.held.wait()
        made._gather([answer_to(net.ids[0], "127.33.0.1", net.port)])
        await heard.wait()
        valve.go.set()
        await run
        assert net.asked.total() == 1
    assert [echo.host for echo in found] == ["127.33.0.1"]


class Flood(Datagrams):
    """Has more to tell at each look, ``looks`` times."""

    looks = 300

    def __init__(self, hear: Hear) -> None:
        super().__init__(hear)
        self.tell: Callable[[Any], None] = lambda _: None

    def gather(self, gather: Callable[[Any], None]) -> None:
        self.tell = gather

    def receive(self) -> None:
        if self.looks:
            self.looks -= 1
            self.tell([(b"rubbish", IPv4Address("127.33.0.1").packed, 1)] * 40)


async def test_others_have_their_turn_however_much_comes_in() -> None:
    clock = SystemClock()
    floods: list[Flood] = []

    def flood(hear: Hear) -> Datagrams:
        floods.append(Flood(hear))
        return floods[-1]

    sweep = sweep_of(lane_of("127.33.0.1", "127.33.0.1", 1, clock), clock, [], datagrams=flood)
    floods[0].receive()
    judged = []
    while floods[0].looks:
        before = sweep.strays["rubbish"]
        await asyncio.sleep(0)
        judged.append(sweep.strays["rubbish"] - before)
    assert 0 < max(judged) <= 128
