"""Columns of a known device: few packets, none cut short unseen, and every fallback."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from pagemeter.errors import Unreachable
from pagemeter.net.credentials import SnmpCredential, SnmpVersion
from pagemeter.snmp.codec import Message, PduType
from pagemeter.snmp.denied import DEVICE_PASSWORDS
from pagemeter.snmp.engine import SnmpEngine
from pagemeter.snmp.packing import ENVELOPE, Part, pack
from pagemeter.snmp.types import Oid, Tag, VarBind, oid

V1 = SnmpCredential(name="v1", version=SnmpVersion.V1, community=SecretStr("public"))
V2C = SnmpCredential(name="v2c", version=SnmpVersion.V2C, community=SecretStr("public"))

DESCR, NAME, UPTIME = (oid(f"1.3.6.1.2.1.1.{number}.0") for number in (1, 5, 3))
ABSENT = oid("1.3.6.1.2.1.1.77.0")
SUPPLIES = oid("1.3.6.1.2.1.43.11.1.1")
MARKER = oid("1.3.6.1.2.1.43.10.2.1")

Start = Callable[..., Awaitable[Any]]
Make = Callable[..., SnmpEngine]


def table(entry: Oid, columns: range, rows: int) -> list[VarBind]:
    return [
        VarBind((*entry, column, 1, row), Tag.INTEGER, column * 100 + row)
        for column in columns
        for row in range(1, rows + 1)
    ]


@pytest.fixture
async def device(start: Start) -> Any:
    """A device that gives repetitions in turn, as RFC 3416 has it."""
    device = await start()
    device.rows = [*device.rows[:4], *table(MARKER, range(2, 10), 1), *table(SUPPLIES, range(2, 10), 4)]
    device.mutate = in_turn(device)
    return device


def in_turn(device: Any) -> Callable[[Message], Message]:
    def respond(answer: Message) -> Message:
        question = device.heard[-1]
        if question.pdu != PduType.GET_BULK or answer.error_status:
            return answer
        ordered, rows = sorted(device.rows), []
        places = [row.oid for row in question.rows]
        for turn in range(1 + question.error_index):
            for number, place in enumerate(places):
                if turn and number < question.error_status:
                    continue
                if not turn and number >= question.error_status:
                    continue
                row = next((row for row in ordered if row.oid > place), VarBind(place, Tag.END_OF_MIB_VIEW, None))
                places[number] = row.oid
                rows.append(row)
        return replace(answer, rows=tuple(rows))

    return respond


def expected(device: Any) -> dict[Oid, int]:
    found: dict[Oid, int] = {}
    for row in device.rows:
        found[row.oid[:-2]] = found.get(row.oid[:-2], 0) + 1
    return {name: count for name, count in found.items() if name[:-1] in (SUPPLIES, MARKER)}


def values(walk: Any) -> list[int]:
    return [row.value for row in walk if isinstance(row.value, int)]


async def test_a_known_device_is_read_in_one_packet(make: Make, device: Any) -> None:
    async with make(V2C) as engine:
        await engine.get(device.target, [NAME])
        device.heard.clear()
        walk = await engine.columns(device.target, expected(device), instances=[NAME, UPTIME])
    assert {row.oid for row in walk} == {row.oid for row in device.rows if len(row.oid) > 10} | {NAME, UPTIME}
    assert walk.missing == {}
    assert [question.pdu for question in device.heard] == [PduType.GET_BULK]


@pytest.mark.parametrize("credential", [V1, V2C])
@pytest.mark.parametrize("bulk", [True, False])
async def test_columns_are_read_whole_whatever_the_device_speaks(
    make: Make, device: Any, credential: SnmpCredential, bulk: bool
) -> None:
    device.bulk = bulk
    async with make(credential) as engine:
        for rows in (expected(device), dict.fromkeys(expected(device), 0), dict.fromkeys(expected(device), 9)):
            walk = await engine.columns(device.target, rows, instances=[NAME, ABSENT])
            assert values(walk) == [row.value for row in device.rows if len(row.oid) > 10]
            assert walk.octets(NAME) == b"made-up"
            assert ABSENT not in walk
            assert walk.missing == {}


async def test_rows_that_came_since_are_read(make: Make, device: Any) -> None:
    before = expected(device)
    device.rows = [*device.rows[:4], *table(MARKER, range(2, 10), 2), *table(SUPPLIES, range(2, 10), 9)]
    async with make(V2C) as engine:
        walk = await engine.columns(device.target, before)
    assert values(walk) == [row.value for row in device.rows if len(row.oid) > 10]


async def test_rows_that_are_gone_are_absent_and_not_missing(make: Make, device: Any) -> None:
    before = expected(device)
    device.rows = [*device.rows[:4], *table(SUPPLIES, range(2, 10), 3)]
    async with make(V2C) as engine:
        walk = await engine.columns(device.target, before)
    assert values(walk) == [row.value for row in device.rows if len(row.oid) > 10]
    assert walk.missing == {}


async def test_agents_that_leave_out_columns_that_ended_lose_no_row(make: Make, device: Any) -> None:
    whole = in_turn(device)
    rows = expected(device)

    def leave_out(answer: Message) -> Message:
        question, full = device.heard[-1], whole(answer)
        if question.pdu != PduType.GET_BULK:
            return full
        once, width = question.error_status, len(question.rows) - question.error_status
        kept, ended = list(full.rows[:once]), set()
        for number, row in enumerate(full.rows[once:]):
            place = number % width
            if number >= width and place in ended:
                continue
            kept.append(row)
            if row.oid[:11] != question.rows[once + place].oid[:11]:
                ended.add(place)
        return replace(full, rows=tuple(kept))

    device.mutate = leave_out
    async with make(V2C) as engine:
        walk = await engine.columns(device.target, {**rows, (*SUPPLIES, 5): 1, (*SUPPLIES, 6): 2})
    assert values(walk) == [row.value for row in device.rows if len(row.oid) > 10]


@pytest.mark.parametrize("fault", ["most_oids", "chokes_above"])
async def test_a_device_that_takes_few_at_once_is_read_and_remembered(make: Make, device: Any, fault: str) -> None:
    setattr(device, fault, 3)
    async with make(V2C) as engine:
        for _ in range(4):
            walk = await engine.columns(device.target, expected(device), instances=[NAME])
            assert values(walk) == [row.value for row in device.rows if len(row.oid) > 10]
            assert walk.missing == {}
        device.heard.clear()
        await engine.columns(device.target, expected(device), instances=[NAME])
    assert max(len(question.rows) for question in device.heard) <= 3


async def test_answers_that_are_cut_go_on_from_the_last_row(make: Make, device: Any) -> None:
    whole = in_turn(device)
    device.mutate = lambda answer: replace(full := whole(answer), rows=full.rows[:7])
    async with make(V2C) as engine:
        walk = await engine.columns(device.target, expected(device), instances=[NAME])
    assert values(walk) == [row.value for row in device.rows if len(row.oid) > 10]
    assert walk.missing == {}


async def test_a_value_on_which_the_device_fails_costs_only_itself(make: Make, device: Any) -> None:
    bad = (*SUPPLIES, 6)

    def fail(answer: Message) -> Message:
        asks = any(row.oid[: len(bad)] == bad for row in device.heard[-1].rows)
        return replace(answer, error_status=5, error_index=0) if asks else in_turn(device)(answer)

    device.mutate = fail
    async with make(V2C) as engine:
        walk = await engine.columns(device.target, expected(device), instances=[NAME])
    good = [row.value for row in device.rows if len(row.oid) > 10 and row.oid[: len(bad)] != bad]
    assert values(walk) == good
    assert list(walk.missing) == [bad]
    assert "genErr" in walk.missing[bad]


async def test_what_was_read_before_the_device_fell_silent_is_kept(make: Make, device: Any) -> None:
    many = table(SUPPLIES, range(2, 60), 4)
    device.rows = [*device.rows[:4], *many]
    async with make(V2C) as engine:
        await engine.get(device.target, [NAME])
        device.heard.clear()
        device.raw = lambda datagram: [] if len(device.heard) > 1 else [datagram]
        walk = await engine.columns(device.target, expected(device))
    assert 0 < len(walk) < len(many)
    complete = [name for name in expected(device) if name not in walk.missing]
    assert all(len(walk.column(name)) == 4 for name in complete)
    assert set(walk.missing.values()) == {"no answer"}


async def test_a_device_that_sleeps_is_unreachable_and_nothing_is_learned(make: Make, device: Any) -> None:
    async with make(V2C) as engine:
        await engine.columns(device.target, expected(device))
        engine.learned()
        device.heard.clear()
        device.drops = 100
        with pytest.raises(Unreachable):
            await engine.columns(device.target, expected(device))
        assert engine.learned() == {}
    assert len(device.heard) == 2


async def test_passwords_are_not_read_as_columns_either(make: Make, device: Any) -> None:
    password = min(DEVICE_PASSWORDS)
    device.rows = [*device.rows, VarBind((*password, 0), Tag.OCTET_STRING, b"hunter2")]
    async with make(V2C) as engine:
        walk = await engine.columns(device.target, {password: 1, password[:-1]: 1}, instances=[(*password, 0), NAME])
    assert b"hunter2" not in [row.value for row in walk]
    assert walk.missing == dict.fromkeys((password, (*password, 0)), "is never asked for")


def test_no_packet_is_larger_than_allowed_and_nothing_is_left_out() -> None:
    parts = tuple(
        Part(rows, (*SUPPLIES, number), (*SUPPLIES, number), 20 + number % 30)
        for number, rows in enumerate([1, 2, 2, 5, 9, 1, 1, 3, 4, 5, 6, 12, 20, 1, 1] * 4, start=1)
    )
    packets = pack(parts, 1400, 20)
    assert sorted(part for packet in packets for part in packet.parts) == sorted(parts)
    assert all(packet.octets <= 1400 and len(packet.names) <= 20 for packet in packets)
    needed = sum(part.rows * part.octets for part in parts)
    assert len(packets) <= needed / (1400 - ENVELOPE) * 1.3 + 1
    for packet in packets:
        assert all(part.rows <= packet.repetitions for part in packet.repeated)
