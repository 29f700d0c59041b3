"""A visit has 60 s, 5,000 rows and 1 MB of SNMP, whoever asks and however often; other calls have their own limits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import nullcontext

import pytest
from pydantic import SecretStr

from pagemeter.clock import SystemClock
from pagemeter.errors import Unreadable
from pagemeter.model import Target
from pagemeter.net.credentials import SnmpCredential, SnmpVersion
from pagemeter.simulator import AnswerFault, Behaviour, SimulatedDevice, Simulator
from pagemeter.snmp.allowance import MOST_OCTETS, MOST_ROWS, PROOF_OCTETS, PROOF_ROWS, PROOF_SECONDS, Allowance
from pagemeter.snmp.caps import Caps
from pagemeter.snmp.engine import SnmpEngine
from pagemeter.snmp.types import Tag, VarBind, Walk, oid
from pagemeter.testing import FakeClock

V2C = SnmpCredential(name="v2c", version=SnmpVersion.V2C, community=SecretStr("public"))
NAME = VarBind(oid("1.3.6.1.2.1.1.5.0"), Tag.OCTET_STRING, b"made-up")
ROOTS = [oid(f"1.3.6.1.2.1.43.{number}") for number in range(5, 15)]
Make = Callable[..., SnmpEngine]


class Skipping(SystemClock):
    """The system's clock, put forward."""

    ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


def simulated(fault: AnswerFault | None) -> tuple[SimulatedDevice, Simulator]:
    device = SimulatedDevice(Walk([NAME]), Behaviour(fault=fault))
    return device, Simulator([("127.0.0.1", 0, device)])


def target_of(simulator: Simulator) -> Target:
    return Target(uri=f"snmp://127.0.0.1:{simulator.places[0].port}", found_by="test")


@pytest.mark.parametrize("shared", [True, False])
async def test_ten_walks_of_a_device_without_an_end_share_the_rows_of_a_visit(make: Make, *, shared: bool) -> None:
    device, simulator = simulated(AnswerFault.FORWARD)
    async with simulator, make(V2C) as engine:
        with Allowance().shared() if shared else nullcontext():
            walks = [await engine.walk(target_of(simulator), [root]) for root in ROOTS[: 10 if shared else 2]]
            before = device.requests
            if shared:
                await engine.walk(target_of(simulator), ROOTS)
    most = MOST_ROWS - PROOF_ROWS
    assert sum(map(len, walks)) == (most if shared else 2 * MOST_ROWS)
    why = f"cut after {most} rows of this visit" if shared else f"cut after {MOST_ROWS} rows"
    assert {reason for walk in walks for reason in walk.missing.values()} == {why}
    assert device.requests == before


async def test_one_endless_subtree_leaves_rows_to_the_counters(make: Make) -> None:
    device, simulator = simulated(AnswerFault.FORWARD)
    async with simulator, make(V2C) as engine:
        with Allowance().shared():
            await engine.walk(target_of(simulator), ROOTS[:1])
            device.behaviour = Behaviour()
            assert not len(await engine.get(target_of(simulator), [NAME.oid]))
            told = await engine.again(target_of(simulator), {NAME.oid: 7}, proof=[NAME.oid])
    assert list(told) == [NAME]


async def test_the_octets_of_a_visit_are_shared_too(make: Make) -> None:
    _, simulator = simulated(AnswerFault.HUGE)
    async with simulator, make(V2C) as engine:
        allowance = Allowance()
        with allowance.shared():
            walks = [await engine.walk(target_of(simulator), [root]) for root in ROOTS[:3]]
    taken = sum(len(row.value) for walk in walks for row in walk if isinstance(row.value, bytes))
    assert MOST_OCTETS - PROOF_OCTETS - 70_000 < taken < MOST_OCTETS - PROOF_OCTETS + 70_000
    [why] = {reason for walk in walks for reason in walk.missing.values()}
    assert why == f"cut after {MOST_OCTETS - allowance.octets} octets of this visit"


async def test_the_time_of_a_visit_runs_from_its_first_question_and_some_is_left_to_the_proof() -> None:
    clock = FakeClock()
    with Allowance().shared():
        await clock.advance(500)
        assert Caps(clock).left == 60 - PROOF_SECONDS
        await clock.advance(45)
        assert (Caps(clock).left, Caps(clock, within=3).left, Caps(clock, proven=True).left) == (5, 3, 15)
        await clock.advance(5)
        assert Caps(clock).exhausted() == "cut after 50 s of this visit"
        assert Caps(clock, proven=True).exhausted() is None
        await clock.advance(10)
        assert Caps(clock, proven=True).exhausted() == "cut after 60 s of this visit"
    assert Caps(clock).left == 60


async def test_what_is_asked_after_the_time_is_over_sends_nothing(make: Make) -> None:
    device, simulator = simulated(None)
    clock = Skipping()
    async with simulator, make(V2C, clock=clock) as engine:
        with Allowance().shared():
            assert NAME in list(await engine.get(target_of(simulator), [NAME.oid]))
            before = device.requests
            clock.ahead = 61
            for asked in (engine.get(target_of(simulator), [NAME.oid]), engine.walk(target_of(simulator), ROOTS)):
                with pytest.raises(Unreadable, match="is not asked any more, the 60 s of this visit are over"):
                    await asked
    assert device.requests == before


async def test_tasks_that_a_visit_starts_draw_from_it_and_those_of_another_do_not() -> None:
    clock = FakeClock()

    async def take() -> int:
        caps = Caps(clock)
        caps.take([NAME] * 100)
        return Caps(clock).all_rows

    with Allowance().shared():
        assert await asyncio.create_task(take()) == MOST_ROWS - PROOF_ROWS - 100
        with Allowance().shared():
            assert await take() == MOST_ROWS - PROOF_ROWS - 100
        assert await take() == MOST_ROWS - PROOF_ROWS - 200
    assert await take() == MOST_ROWS
