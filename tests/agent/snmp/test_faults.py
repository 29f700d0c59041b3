"""Devices that answer wrongly: each costs only itself, within its time, and is named with a plain message."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest
from pydantic import SecretStr

from pagemeter.errors import DeviceError, Unreachable, Unreadable
from pagemeter.model import Target
from pagemeter.net.credentials import SnmpCredential, SnmpVersion
from pagemeter.net.fence import Fence, FencedNetwork
from pagemeter.simulator import AnswerFault, Behaviour, SimulatedDevice, Simulator
from pagemeter.snmp.caps import MOST_OCTETS, MOST_ROWS
from pagemeter.snmp.engine import SnmpEngine
from pagemeter.snmp.types import Tag, VarBind, Walk, oid

V2C = SnmpCredential(name="v2c", version=SnmpVersion.V2C, community=SecretStr("public"))
V1 = SnmpCredential(name="v1", version=SnmpVersion.V1, community=SecretStr("public"))

NAME = oid("1.3.6.1.2.1.1.5.0")
DESCR = oid("1.3.6.1.2.1.1.1.0")
LEVELS = oid("1.3.6.1.2.1.43.11.1.1.9")
MAXIMA = oid("1.3.6.1.2.1.43.11.1.1.8")
TABLE = Walk(
    [
        VarBind(DESCR, Tag.OCTET_STRING, b"Made-up LaserWriter"),
        VarBind(oid("1.3.6.1.2.1.1.2.0"), Tag.OBJECT_IDENTIFIER, oid("1.3.6.1.4.1.99999.1")),
        VarBind(NAME, Tag.OCTET_STRING, b"made-up"),
        *(VarBind((*MAXIMA, 1, index), Tag.INTEGER, 100) for index in range(1, 5)),
        *(VarBind((*LEVELS, 1, index), Tag.INTEGER, index * 20) for index in range(1, 5)),
        VarBind(oid("1.3.6.1.2.1.43.18.1.1.2.1.1"), Tag.INTEGER, 3),
    ]
)

Make = Callable[..., SnmpEngine]
Ask = Callable[[SnmpEngine, Target], Awaitable[Walk]]


@asynccontextmanager
async def beside_a_healthy_one(behaviour: Behaviour) -> AsyncIterator[tuple[Target, Target, SimulatedDevice]]:
    """Serve a faulty device and a healthy one."""
    faulty = SimulatedDevice(TABLE, behaviour)
    simulator = Simulator([("127.0.0.1", 0, faulty), ("127.0.0.1", 0, SimulatedDevice(TABLE))])
    async with simulator:
        one, two = (Target(uri=f"snmp://{place.address}:{place.port}", found_by="test") for place in simulator.places)
        yield one, two, faulty


async def outcome(make: Make, behaviour: Behaviour, ask: Ask, credential: SnmpCredential = V2C) -> Walk | DeviceError:
    """Ask both at once; the healthy one is read whole, and what came of the other one is returned."""
    async with beside_a_healthy_one(behaviour) as (faulty, healthy, _), make(credential) as engine:
        found, well = await asyncio.gather(ask(engine, faulty), read(engine, healthy), return_exceptions=True)
    assert isinstance(well, Walk)
    assert list(well) == [row for row in TABLE if row.oid[: len(MAXIMA) - 1] == MAXIMA[:-1]]
    assert well.missing == {}
    assert isinstance(found, Walk | DeviceError), found
    return found


async def read(engine: SnmpEngine, target: Target) -> Walk:
    return await engine.walk(target, [MAXIMA, LEVELS])


async def warm(engine: SnmpEngine, target: Target) -> Walk:
    return await engine.columns(target, {MAXIMA: 4, LEVELS: 4}, instances=[NAME])


async def get(engine: SnmpEngine, target: Target) -> Walk:
    return await engine.get(target, [NAME, DESCR])


ASKS = [pytest.param(ask, id=ask.__name__) for ask in (get, read, warm)]


@pytest.mark.parametrize("ask", ASKS)
@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ("garbage", Unreadable, "answers on port .*, but not in SNMP"),
        ("wrong-id", Unreachable, "did not answer SNMP in 2 tries; is it on, is the community right"),
        ("other-port", Unreachable, "did not answer SNMP in 2 tries"),
        ("truncated", Unreadable, "but not in SNMP"),
        ("too-big", Unreadable, r"answers, but not with values: error-status 1 \(tooBig\)"),
        ("gen-err", Unreadable, r"answers, but not with values: error-status 5 \(genErr\)"),
        ("no-rows", Unreadable, "answers, but not with values: an answer without variable bindings"),
        ("report", Unreadable, "but not in SNMP .*instead of an answer"),
        ("trap", Unreadable, "but not in SNMP"),
        ("drip", Unreadable, "but not in SNMP"),
        ("flood", Unreadable, "but not in SNMP"),
    ],
)
async def test_what_gives_no_value_is_named(
    make: Make, ask: Ask, fault: str, kind: type[DeviceError], words: str
) -> None:
    delay = 0.02 if fault == "drip" else 0.0
    found = await outcome(make, Behaviour(fault=AnswerFault(fault), delay=delay), ask)
    assert isinstance(found, kind)
    with pytest.raises(kind, match=words):
        raise found


@pytest.mark.parametrize("fault", ["garbage-first", "wrong-id-first", "twice", "short-id"])
async def test_the_answer_counts_whatever_comes_beside_it(make: Make, fault: str) -> None:
    found = await outcome(make, Behaviour(fault=AnswerFault(fault), delay=0.001), read)
    assert isinstance(found, Walk)
    assert len(found) == 8
    assert found.missing == {}


async def test_an_answer_from_another_address_is_none(make: Make) -> None:
    found = await outcome(make, Behaviour(fault=AnswerFault.OTHER_ADDRESS), get)
    assert isinstance(found, Unreachable)


async def test_a_router_that_is_named_may_answer_from_its_other_address(make: Make) -> None:
    behaviour = Behaviour(fault=AnswerFault.OTHER_ADDRESS)
    network = FencedNetwork(network=ip_network("127.0.0.0/24"), answers_from=(ip_address("127.0.0.1"),))
    async with beside_a_healthy_one(behaviour) as (faulty, _, _), make(V2C, fence=Fence([network])) as engine:
        walk = await engine.get(faulty, [NAME])
    assert walk.octets(NAME) == b"made-up"


async def test_it_may_not_answer_from_another_network_or_port(make: Make) -> None:
    narrow = FencedNetwork(network=ip_network("127.0.0.1/32"), answers_from=(ip_address("127.0.0.1"),))
    wide = replace(narrow, network=ip_network("127.0.0.0/24"))
    for network, fault in ((narrow, AnswerFault.OTHER_ADDRESS), (wide, AnswerFault.OTHER_PORT)):
        behaviour, fence = Behaviour(fault=fault), Fence([network])
        async with beside_a_healthy_one(behaviour) as (faulty, _, _), make(V2C, fence=fence) as engine:
            with pytest.raises(Unreachable):
                await engine.get(faulty, [NAME])
            assert engine.counts.foreign == 2


async def test_one_row_for_ever_is_a_circle(make: Make) -> None:
    for ask in (read, warm):
        found = await outcome(make, Behaviour(fault=AnswerFault.SAME), ask)
        assert isinstance(found, Walk)
        assert {"goes in circles" in found.missing[root] for root in (LEVELS, MAXIMA)} == {True}


async def test_rows_that_go_backwards_are_named(make: Make) -> None:
    found = await outcome(make, Behaviour(fault=AnswerFault.BACKWARDS), read)
    with pytest.raises(Unreadable, match="answers, but not with values: goes backwards"):
        raise found if isinstance(found, DeviceError) else AssertionError(found.missing)


@pytest.mark.parametrize("credential", [V1, V2C])
async def test_rows_for_ever_are_cut(make: Make, credential: SnmpCredential) -> None:
    found = await outcome(make, Behaviour(fault=AnswerFault.FORWARD), read, credential)
    assert isinstance(found, Walk)
    assert len(found) == MOST_ROWS
    assert [why.startswith("cut after") for why in found.missing.values()] == [True, True]


async def test_columns_for_ever_are_cut(make: Make) -> None:
    found = await outcome(make, Behaviour(fault=AnswerFault.FORWARD), warm)
    assert isinstance(found, Walk)
    assert len(found) <= MOST_ROWS
    assert set(found.missing) >= {MAXIMA}


async def test_an_answer_of_64_kb_is_read_and_many_are_cut(make: Make) -> None:
    behaviour = Behaviour(fault=AnswerFault.HUGE)
    value = await outcome(make, behaviour, get)
    assert isinstance(value, Walk)
    assert len(value.octets(NAME) or b"") > 65_000
    rows = await outcome(make, behaviour, read)
    assert isinstance(rows, Walk)
    octets = sum(len(row.value) for row in rows if isinstance(row.value, bytes))
    assert MOST_OCTETS - 66_000 < octets < MOST_OCTETS + 66_000
    assert rows.missing == dict.fromkeys((MAXIMA, LEVELS), f"cut after {MOST_OCTETS} octets")


async def test_what_is_dropped_is_counted(make: Make) -> None:
    async with beside_a_healthy_one(Behaviour(fault=AnswerFault.TWICE)) as (faulty, _, _), make(V2C) as engine:
        await engine.get(faulty, [NAME])
        await asyncio.sleep(0.02)
        assert engine.counts.answered == 2
        assert engine.counts.doubled >= 2
    late = Behaviour(delay=0.35)
    async with beside_a_healthy_one(late) as (faulty, _, _), make(V2C) as engine:
        with pytest.raises(Unreachable):
            await engine.get(faulty, [NAME])
        await asyncio.sleep(0.5)
        assert engine.counts.late + engine.counts.foreign == 2
        assert engine.counts.answered == 0


async def test_a_device_that_cuts_request_ids_is_asked_with_short_ones(make: Make) -> None:
    async with beside_a_healthy_one(Behaviour(fault=AnswerFault.SHORT_ID)) as (faulty, _, device), make(V2C) as engine:
        await read(engine, faulty)
        before = device.requests
        await read(engine, faulty)
        assert device.requests - before == 1
        assert [memory["wide"] for memory in engine.learned().values()] == [False]


async def test_cancelling_a_read_leaves_nothing_behind(make: Make) -> None:
    drip = Behaviour(fault=AnswerFault.DRIP, delay=0.01)
    async with beside_a_healthy_one(drip) as (faulty, healthy, _), make(V2C, timeout=60) as engine:
        task = asyncio.create_task(get(engine, faulty))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert engine.outstanding == 0
        assert len(await read(engine, healthy)) == 8
