"""What is learned of a device, kept over a restart, and tried again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import pytest
from pydantic import SecretStr

from pagemeter.clock import SystemClock
from pagemeter.net.budget import Budget
from pagemeter.net.credentials import Credentials, NetworkCredential, SnmpCredential, SnmpVersion
from pagemeter.net.fence import Fence, FencedNetwork
from pagemeter.snmp.codec import PduType
from pagemeter.snmp.engine import SnmpEngine
from pagemeter.snmp.habits import Habits
from pagemeter.snmp.types import Tag, VarBind, oid

V1 = SnmpCredential(name="v1", version=SnmpVersion.V1, community=SecretStr("public"))
V2C = SnmpCredential(name="v2c", version=SnmpVersion.V2C, community=SecretStr("public"))
OTHER = SnmpCredential(name="other", version=SnmpVersion.V2C, community=SecretStr("other"))
LOOPBACK = (ip_network("127.0.0.0/8"),)

DESCR, NAME = oid("1.3.6.1.2.1.1.1.0"), oid("1.3.6.1.2.1.1.5.0")
UP_TIME = oid("1.3.6.1.2.1.1.3.0")
ABSENT = oid("1.3.6.1.2.1.1.4.0")
SYSTEM, LEVELS = oid("1.3.6.1.2.1.1"), oid("1.3.6.1.2.1.43.11.1.1.9")

TODAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
Kept = dict[str, Mapping[str, object]]


class Calendar(SystemClock):
    """A clock whose day a test sets."""

    def __init__(self, now: datetime = TODAY) -> None:
        self.today = now

    def now(self) -> datetime:
        return self.today


def engine_with(kept: Kept, *credentials: SnmpCredential, clock: Calendar | None = None) -> SnmpEngine:
    clock = clock or Calendar()
    return SnmpEngine(
        fence=Fence([FencedNetwork(network=network) for network in LOOPBACK]),
        budget=Budget(clock, 5000),
        credentials=Credentials([NetworkCredential(networks=LOOPBACK, snmp=one) for one in credentials]),
        clock=clock,
        timeout=0.1,
        retries=1,
        recall=lambda place: kept.get(place, {}),
    )


async def test_what_was_learned_serves_the_next_start(device: Any) -> None:
    device.speaks, device.bulk = (1,), False
    kept: Kept = {}
    async with engine_with(kept, OTHER, V1, V2C) as engine:
        await engine.walk(device.target, [SYSTEM, LEVELS])
        kept |= engine.learned()
        assert engine.learned() == {}
    device.heard.clear()
    async with engine_with(kept, OTHER, V1, V2C) as engine:
        assert len(await engine.walk(device.target, [SYSTEM, LEVELS])) == 8
    assert {(question.community, question.pdu) for question in device.heard} == {(b"public", PduType.GET_NEXT)}
    assert list(kept) == [f"127.0.0.1:{device.port}"]


async def test_nothing_new_is_nothing_to_keep(device: Any) -> None:
    async with engine_with({}, V2C) as engine:
        for _ in range(6):
            await engine.walk(device.target, [SYSTEM, LEVELS])
        engine.learned()
        await engine.walk(device.target, [SYSTEM, LEVELS])
        assert engine.learned() == {}


async def test_a_limit_is_tried_again_after_a_week(device: Any) -> None:
    device.bulk = False
    clock = Calendar()
    async with engine_with({}, V2C, clock=clock) as engine:
        await engine.walk(device.target, [LEVELS, SYSTEM])
        device.bulk = True
        for days, wanted in ((6, {PduType.GET_NEXT}), (8, {PduType.GET_BULK})):
            clock.today = TODAY.replace(day=TODAY.day + days)
            device.heard.clear()
            await engine.walk(device.target, [LEVELS])
            assert {question.pdu for question in device.heard} == wanted


async def test_a_limit_is_tried_again_with_another_firmware(device: Any) -> None:
    device.bulk = False
    clock = Calendar()
    async with engine_with({}, V2C, clock=clock) as engine:
        await engine.walk(device.target, [SYSTEM, LEVELS])
        device.bulk = True
        device.rows = [VarBind(DESCR, Tag.OCTET_STRING, b"firmware 2"), *device.rows[1:]]
        clock.today = TODAY.replace(day=TODAY.day + 1)
        await engine.get(device.target, [DESCR])
        device.heard.clear()
        await engine.walk(device.target, [LEVELS])
    assert {question.pdu for question in device.heard} == {PduType.GET_BULK}


async def test_v1_is_asked_around_absent_values_once_it_is_known_to_fail(device: Any) -> None:
    async with engine_with({}, V1) as engine:
        for _ in range(2):
            device.heard.clear()
            walk = await engine.get(device.target, [DESCR, UP_TIME, ABSENT, NAME])
            assert [row.oid for row in walk] == [DESCR, UP_TIME, NAME]
            assert walk.missing == {}
    assert len(device.heard) == 1


async def test_a_few_values_are_asked_of_v1_by_get_for_getnext_may_hide_them(device: Any) -> None:
    async with engine_with({}, V1) as engine:
        await engine.get(device.target, [DESCR, UP_TIME, ABSENT, NAME])
        device.heard.clear()
        walk = await engine.get(device.target, [ABSENT, NAME])
    assert [row.oid for row in walk] == [NAME]
    assert {question.pdu for question in device.heard} == {PduType.GET}


async def test_tables_of_v1_are_read_some_rows_at_once(device: Any) -> None:
    entry = LEVELS[:-1]
    device.rows = [
        VarBind((*entry, column, 1, row), Tag.INTEGER, column * 10 + row)
        for column in range(2, 10)
        for row in range(1, 6)
        if (column, row) != (5, 3)
    ]
    async with engine_with({}, V1) as engine:
        walk = await engine.walk(device.target, [entry])
    assert [row.value for row in walk] == [row.value for row in device.rows]
    assert walk.missing == {}
    assert len(device.heard) < len(device.rows) / 2


async def test_an_agent_that_ends_in_a_column_is_read_behind_it(device: Any) -> None:
    entry = LEVELS[:-1]
    device.rows = [VarBind((*entry, column, 1), Tag.INTEGER, column) for column in range(2, 6)]

    def ends(answer: Any) -> Any:
        question = device.heard[-1]
        if question.pdu == PduType.GET or question.rows[0].oid[: len(entry)] != entry:
            return answer
        after = question.rows[0].oid
        column = after[len(entry)] if len(after) > len(entry) else 2
        rows = [row for row in answer.rows if row.oid[: len(entry) + 1] == (*entry, column)]
        return replace(answer, rows=(*rows, VarBind((*entry, column, 1), Tag.END_OF_MIB_VIEW, None)))

    device.mutate = ends
    async with engine_with({}, V2C) as engine:
        walk = await engine.walk(device.target, [entry])
        assert [memory["ends"] for memory in engine.learned().values()] == [-1]
    assert [row.value for row in walk] == [2, 3, 4, 5]


@pytest.mark.parametrize(
    "memory",
    [
        {"bulk": "no", "repetitions": -3, "octets": 10**9, "credential": 7, "engine_id": "zz", "wide": 1},
        {"credential": "gone", "repetitions": True, "since": "yesterday", "described": None, "at_once": 10.5},
        {"unheard": {"of": []}, "ends": 99},
    ],
)
async def test_what_can_not_have_been_kept_is_ignored(device: Any, memory: Mapping[str, object]) -> None:
    async with engine_with({f"127.0.0.1:{device.port}": memory}, V2C) as engine:
        assert len(await engine.walk(device.target, [LEVELS])) == 4
    assert Habits.from_memory(memory, (V2C,)).as_memory() == {}


def test_what_was_kept_is_what_is_recalled() -> None:
    habits = Habits(credential=V2C, bulk=False, repetitions=5, most_repetitions=7, engine_id=b"\x80\x00\x01", ends=-1)
    habits.settle(739_000)
    again = Habits.from_memory(habits.as_memory(), (OTHER, V2C))
    assert again.as_memory() == habits.as_memory()
    assert (again.credential, again.bulk, again.since) == (V2C, False, 739_000)
