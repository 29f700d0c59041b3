"""What an earlier visit found is read once more in as few packets as there can be, each with a proof of whose it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from pydantic import SecretStr

from pagemeter.errors import Unreachable
from pagemeter.model import Target
from pagemeter.net.credentials import SnmpCredential, SnmpVersion
from pagemeter.simulator import Simulator
from pagemeter.simulator.device import SimulatedDevice
from pagemeter.snmp.codec import Message, PduType, decode, encode
from pagemeter.snmp.engine import SnmpEngine
from pagemeter.snmp.types import Oid, Tag, VarBind, Walk, oid

V1 = SnmpCredential(name="v1", version=SnmpVersion.V1, community=SecretStr("public"))
V2C = SnmpCredential(name="v2c", version=SnmpVersion.V2C, community=SecretStr("public"))
COLUMN = oid("1.3.6.1.2.1.43.11.1.1.9")
OTHER = oid("1.3.6.1.2.1.43.11.1.1.8")
ALERTS = oid("1.3.6.1.2.1.43.18.1.1.2")
SERIAL = VarBind(oid("1.3.6.1.2.1.43.5.1.1.17.1"), Tag.OCTET_STRING, b"ACME1")
LEVELS = [VarBind((*COLUMN, 1, row), Tag.INTEGER, row) for row in range(1, 6)]
MANY = [VarBind((*OTHER, 1, row), Tag.COUNTER32, row) for row in range(1, 101)]
ALERT = [VarBind((*ALERTS, 1, row), Tag.INTEGER, 3) for row in (4, 7)]
BEHIND = VarBind(oid("1.3.6.1.2.1.99.1.0"), Tag.INTEGER, 1)
ROWS = (SERIAL, *MANY, *LEVELS, *ALERT, BEHIND)
KNOWN = dict.fromkeys((row.oid for row in LEVELS), 4)
ENDS = {COLUMN: LEVELS[-1].oid}

Make = Callable[..., SnmpEngine]
Start = Callable[..., Awaitable["Device"]]


class Device(SimulatedDevice):
    """A device that takes only so much, as its fields say; ``heard`` are the questions that it took."""

    def __init__(self, rows: tuple[VarBind, ...] = ROWS, **faults: int) -> None:
        super().__init__(Walk(rows))
        self.heard: list[Message] = []
        self.target = Target(uri="snmp://127.0.0.1", found_by="test")
        self.drops = faults.get("drops", 0)
        self.bulk = faults.get("bulk", 1)
        self.most = faults.get("most", 100)
        self.chokes_above = faults.get("chokes_above", 100)
        self.mutate: Callable[[Message], Message] = lambda answer: answer

    def answer(self, datagram: bytes) -> bytes | None:
        question = decode(datagram)
        self.heard.append(question)
        self.drops -= 1
        if self.drops >= 0 or (question.pdu == PduType.GET_BULK and not self.bulk):
            return None
        if len(question.rows) > self.chokes_above:
            return None
        if len(question.rows) > self.most:
            return encode(replace(question, pdu=PduType.RESPONSE, error_status=1, error_index=0))
        answer = super().answer(datagram)
        return None if answer is None else encode(self.mutate(decode(answer)))


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start a device on loopback."""
    async with AsyncExitStack() as stack:

        async def begin(rows: tuple[VarBind, ...] = ROWS, **faults: int) -> Device:
            device = Device(rows, **faults)
            simulator = await stack.enter_async_context(Simulator([("127.0.0.1", 0, device)]))
            device.target = Target(uri=f"snmp://127.0.0.1:{simulator.places[0].port}", found_by="test")
            return device

        yield begin


async def met(engine: SnmpEngine, device: Device) -> None:
    """Let the engine find out which credential the device takes."""
    await engine.get(device.target, [SERIAL.oid])
    device.heard.clear()


def names(device: Device) -> list[PduType]:
    return [question.pdu for question in device.heard]


@pytest.mark.parametrize("credential", [V1, V2C])
async def test_what_is_known_is_read_with_its_proof_and_its_end_in_one_packet(
    start: Start, make: Make, credential: SnmpCredential
) -> None:
    device = await start()
    async with make(credential) as engine:
        await met(engine, device)
        walk = await engine.again(device.target, KNOWN, proof=[SERIAL.oid], ends=ENDS)
    assert list(walk) == [SERIAL, *LEVELS]
    assert not walk.missing
    assert len(device.heard) == 1


async def test_rows_that_come_and_go_fit_into_the_same_packet(start: Start, make: Make) -> None:
    device = await start()
    async with make(V2C) as engine:
        await met(engine, device)
        walk = await engine.again(device.target, KNOWN, proof=[SERIAL.oid], ends=ENDS, columns={ALERTS: 2})
    assert list(walk) == [SERIAL, *LEVELS, *ALERT]
    assert names(device) == [PduType.GET_BULK]


async def test_more_rows_than_expected_are_read_to_their_end(start: Start, make: Make) -> None:
    device = await start()
    async with make(V2C) as engine:
        await met(engine, device)
        walk = await engine.again(device.target, KNOWN, proof=[SERIAL.oid], columns={ALERTS: 0})
    assert list(walk) == [SERIAL, *LEVELS, *ALERT]


@pytest.mark.parametrize("credential", [V1, V2C])
async def test_a_row_that_came_behind_the_last_one_is_told(
    start: Start, make: Make, credential: SnmpCredential
) -> None:
    new = VarBind((*COLUMN, 1, 9), Tag.INTEGER, 70)
    device = await start(rows=(*ROWS, new))
    async with make(credential) as engine:
        await met(engine, device)
        walk = await engine.again(device.target, KNOWN, proof=[SERIAL.oid], ends=ENDS)
    assert walk.get(new.oid) == new


@pytest.mark.parametrize("credential", [V1, V2C])
async def test_a_row_that_went_is_not_told(start: Start, make: Make, credential: SnmpCredential) -> None:
    device = await start(rows=tuple(row for row in ROWS if row != LEVELS[2]))
    async with make(credential) as engine:
        await met(engine, device)
        walk = await engine.again(device.target, KNOWN, proof=[SERIAL.oid], ends=ENDS)
    assert list(walk) == [SERIAL, *LEVELS[:2], *LEVELS[3:]]


async def test_what_was_absent_before_costs_no_packet_of_its_own(start: Start, make: Make) -> None:
    device = await start()
    async with make(V2C) as engine:
        await met(engine, device)
        known = {**KNOWN, (*COLUMN, 1, 77): 0, (*ALERTS, 1, 4): 0}
        walk = await engine.again(device.target, known, proof=[SERIAL.oid])
    assert list(walk) == [SERIAL, *LEVELS, ALERT[0]]
    assert len(device.heard) == 1


@pytest.mark.parametrize("credential", [V1, V2C])
async def test_every_packet_carries_the_proof_and_they_grow(
    start: Start, make: Make, credential: SnmpCredential
) -> None:
    device = await start()
    known = dict.fromkeys((row.oid for row in MANY), 4)
    async with make(credential) as engine:
        await met(engine, device)
        assert list(await engine.again(device.target, known, proof=[SERIAL.oid])) == [SERIAL, *MANY]
        before = len(device.heard)
        assert list(await engine.again(device.target, known, proof=[SERIAL.oid])) == [SERIAL, *MANY]
    assert all(question.rows[0].oid == (*SERIAL.oid[:-1], 0) for question in device.heard)
    assert len(device.heard) - before == 2 < before


class Moved:
    """From the second answer on another device is at the address."""

    def __init__(self, serial: bytes | None) -> None:
        self._serial, self._answers = serial, -2

    def __call__(self, answer: Message) -> Message:
        self._answers += 1
        if self._answers <= 1:
            return answer
        first = replace_value(answer.rows[0], self._serial)
        return replace(answer, rows=(first, *answer.rows[1:]))


def replace_value(row: VarBind, serial: bytes | None) -> VarBind:
    return VarBind(row.oid, Tag.OCTET_STRING, serial) if serial is not None else row._replace(oid=BEHIND.oid)


@pytest.mark.parametrize("serial", [b"OTHER9", None])
async def test_values_of_another_device_are_missing(start: Start, make: Make, serial: bytes | None) -> None:
    device = await start()
    device.mutate = Moved(serial)
    known = dict.fromkeys((row.oid for row in MANY), 4)
    async with make(V2C) as engine:
        await met(engine, device)
        walk = await engine.again(device.target, known, proof=[SERIAL.oid])
    kept: set[Oid] = {row.oid for row in walk} - {SERIAL.oid}
    assert 0 < len(kept) < len(known)
    assert kept | walk.missing.keys() == known.keys()
    assert set(walk.missing.values()) == {"came without the proof of whose it is"}


FAULTS: dict[str, dict[str, int]] = {
    "no GETBULK": {"bulk": 0},
    "tooBig above 7": {"most": 7},
    "silence above 7": {"chokes_above": 7},
    "a lost packet": {"drops": 1},
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_device_that_takes_less_is_asked_for_less_and_tells_the_same(
    start: Start, make: Make, fault: str
) -> None:
    device = await start(**FAULTS[fault])
    known = {**dict.fromkeys((row.oid for row in MANY[:30]), 4), **KNOWN}
    async with make(V2C) as engine:
        await met(engine, device)
        for _ in range(3):
            walk = await engine.again(device.target, known, proof=[SERIAL.oid], ends=ENDS, columns={ALERTS: 2})
            assert list(walk) == [SERIAL, *MANY[:30], *LEVELS, *ALERT]
            assert not walk.missing


async def test_a_device_that_is_gone_is_unreachable_and_nothing_is_learned_of_it(start: Start, make: Make) -> None:
    device = await start()
    async with make(V2C) as engine:
        await met(engine, device)
        device.drops = 1000
        with pytest.raises(Unreachable):
            await engine.again(device.target, KNOWN, proof=[SERIAL.oid], ends=ENDS)
        device.drops = 0
        assert list(await engine.again(device.target, KNOWN, proof=[SERIAL.oid], ends=ENDS)) == [SERIAL, *LEVELS]
        device.heard.clear()
        assert list(await engine.again(device.target, KNOWN, proof=[SERIAL.oid], ends=ENDS)) == [SERIAL, *LEVELS]
        assert len(device.heard) == 1


async def test_a_row_that_came_before_the_first_one_or_between_is_told(start: Start, make: Make) -> None:
    new = [VarBind((*COLUMN, 0, 7), Tag.INTEGER, 7), VarBind((*COLUMN, 1, 3, 5), Tag.INTEGER, 8)]
    device = await start((*ROWS, *new))
    async with make(V2C) as engine:
        await met(engine, device)
        walk = await engine.again(device.target, KNOWN, proof=[SERIAL.oid], ends=ENDS)
    assert set(walk) == {SERIAL, *LEVELS, *new}


async def test_the_proof_may_be_a_row_of_a_column_with_an_end(start: Start, make: Make) -> None:
    device = await start()
    column = SERIAL.oid[:-1]
    async with make(V2C) as engine:
        await met(engine, device)
        walk = await engine.again(device.target, {SERIAL.oid: 5}, proof=[SERIAL.oid], ends={column: SERIAL.oid})
    assert list(walk) == [SERIAL]
    assert not walk.missing
    assert len(device.heard) == 1


async def test_what_was_read_before_a_silence_is_kept(start: Start, make: Make) -> None:
    device = await start()
    known = dict.fromkeys((row.oid for row in MANY), 4)
    async with make(V2C) as engine:
        await met(engine, device)

        def falls_silent(answer: Message) -> Message:
            device.drops = 1000
            return answer

        device.mutate = falls_silent
        walk = await engine.again(device.target, known, proof=[SERIAL.oid], ends=ENDS, columns={ALERTS: 2})
    told: set[Oid] = {row.oid for row in walk}
    assert SERIAL.oid in told
    assert len(told) > 1
    assert told | walk.missing.keys() == {SERIAL.oid, *known, COLUMN, ALERTS}
    assert set(walk.missing.values()) == {"no answer"}


async def test_what_a_column_meets_behind_the_values_costs_the_column_only(start: Start, make: Make) -> None:
    device = await start(bulk=0)
    async with make(V2C) as engine:
        await engine.walk(device.target, [COLUMN])
        device.mutate = lambda answer: replace(
            answer, rows=() if answer.rows[0].oid[: len(ALERTS)] == ALERTS else answer.rows
        )
        walk = await engine.again(device.target, KNOWN, proof=[SERIAL.oid], columns={ALERTS: 2})
    assert list(walk) == [SERIAL, *LEVELS]
    assert list(walk.missing) == [ALERTS]


async def test_a_device_that_is_slow_is_cut_off_and_what_is_left_is_named(start: Start, make: Make) -> None:
    device = await start()
    known = dict.fromkeys((row.oid for row in MANY), 4)
    async with make(V2C) as engine:
        await met(engine, device)
        device.behaviour = replace(device.behaviour, delay=0.1)
        walk = await engine.again(device.target, known, proof=[SERIAL.oid], within=0.15)
        values = await engine.get(device.target, list(known), within=0.15)
    assert known.keys() - {row.oid for row in walk} == walk.missing.keys()
    assert set(walk.missing.values()) == {"cut after 0 s"}
    assert set(values.missing.values()) == {"cut after 0 s"}


@pytest.mark.parametrize("rows", [1, 2])
async def test_a_device_that_tells_less_than_was_asked_is_not_asked_for_ever(
    start: Start, make: Make, rows: int
) -> None:
    device = await start()
    async with make(V2C) as engine:
        await met(engine, device)
        device.mutate = lambda answer: replace(answer, rows=answer.rows[:rows])
        walk = await engine.again(device.target, KNOWN, proof=[SERIAL.oid], ends=ENDS)
    assert {row.oid for row in walk} | walk.missing.keys() >= {SERIAL.oid, *KNOWN}
    assert len(device.heard) < 60


@pytest.mark.parametrize("credential", [V1, V2C])
async def test_ends_and_columns_that_another_device_answers_are_missing(
    start: Start, make: Make, credential: SnmpCredential
) -> None:
    device = await start()
    rows = dict.fromkeys((row.oid for row in MANY[:19]), 4)
    other = SimulatedDevice(Walk(row._replace(value=b"OTHER1") if row is SERIAL else row for row in ROWS))
    async with make(credential) as engine:
        await met(engine, device)
        own = device.answer
        device.answer = lambda datagram: other.answer(datagram) if device.heard else own(datagram)  # type: ignore[method-assign]  # another one comes
        walk = await engine.again(device.target, rows, proof=[SERIAL.oid], ends=ENDS, columns={ALERTS: 2})
    assert list(walk) == [SERIAL, *MANY[:19]]
    assert walk.missing == dict.fromkeys((COLUMN, ALERTS), "came without the proof of whose it is")


async def test_a_table_that_another_device_tells_as_a_whole_is_missing(start: Start, make: Make) -> None:
    device = await start(bulk=0, most=6)
    other = SimulatedDevice(Walk(row._replace(value=b"OTHER1") if row is SERIAL else row for row in ROWS))
    async with make(V2C) as engine:
        await engine.walk(device.target, [COLUMN])
        device.heard.clear()
        own = device.answer

        def answer(datagram: bytes) -> bytes | None:
            question = decode(datagram)
            whole = len(question.rows) < len(LEVELS) and COLUMN in {row.oid for row in question.rows}
            return (other.answer if whole else own)(datagram)

        device.answer = answer  # type: ignore[method-assign]  # another one comes
        walk = await engine.again(device.target, KNOWN, proof=[SERIAL.oid], ends=ENDS)
    assert walk.get(SERIAL.oid) == SERIAL
    assert walk.missing == {COLUMN: "came without the proof of whose it is"}
