"""Turns at a device: in the order in which they came, none lost with who is cancelled."""

from __future__ import annotations

import asyncio

import pytest

from pagemeter.snmp.turns import InTurns


async def test_those_who_wait_come_in_their_order() -> None:
    turns, told = InTurns(), list[int]()

    async def talk(name: int) -> None:
        if not turns.begin(1):
            await turns.wait()
        told.append(name)
        await asyncio.sleep(0)
        turns.end()

    await asyncio.gather(*(talk(name) for name in range(5)))
    assert told == [0, 1, 2, 3, 4]
    assert (turns.talking, turns.queue) == (0, None)


async def test_nobody_overtakes_who_waits() -> None:
    turns = InTurns()
    assert turns.begin(1)
    waiting = asyncio.create_task(turns.wait())
    await asyncio.sleep(0)
    assert not turns.begin(2)
    turns.end()
    await waiting
    assert turns.talking == 1


@pytest.mark.parametrize("its_turn_has_come", [False, True])
async def test_who_is_cancelled_passes_its_turn_on(its_turn_has_come: bool) -> None:
    turns = InTurns()
    assert turns.begin(1)
    given_up, next_one = asyncio.create_task(turns.wait()), asyncio.create_task(turns.wait())
    await asyncio.sleep(0)
    if its_turn_has_come:
        turns.end()
        given_up.cancel()
    else:
        given_up.cancel()
        turns.end()
    await next_one
    assert given_up.cancelled()
    assert turns.talking == 1
    turns.end()
    assert turns.begin(1)
