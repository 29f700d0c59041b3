"""A sweep that was cut off goes on where it was: hardly anybody is asked twice, and nobody is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from pagemeter.clock import SystemClock
from pagemeter.component import Memory, Responder
from pagemeter.net.credentials import SnmpCredential, SnmpVersion
from pagemeter.snmp.bookmark import MOST_AGE, Bookmark, fingerprint
from pagemeter.snmp.engine import SnmpEngine
from pagemeter.snmp.types import oid

OIDS = [oid("1.3.6.1.2.1.1.1.0"), oid("1.3.6.1.2.1.1.2.0")]
RANGE = "127.32.0.0/21"
ADDRESSES = 2046

Make = Callable[..., SnmpEngine]
WholeNet = Callable[..., Any]


def some(host: str) -> bool:
    return int(host.rpartition(".")[2]) % 9 == 4


def credential(port: int) -> SnmpCredential:
    return SnmpCredential(name="x", version=SnmpVersion.V2C, community=SecretStr("public"), port=port)


async def part(engine: SnmpEngine, memory: Memory, enough: Callable[[], bool]) -> tuple[list[str], Memory]:
    """Sweep until it is enough; returns who was found and the last memory, as somebody has it who is killed."""
    found = []
    async with aclosing(engine.sweep([RANGE], OIDS, found_by="test", memory=memory)) as sweep:
        async for one in sweep:
            if isinstance(one, Responder):
                found.append(one.target.host)
            else:
                memory = one
            if enough():
                break
    return found, memory


@pytest.mark.parametrize("share", [0.1, 0.4, 0.95, 1.3, 1.7])
async def test_what_was_asked_before_the_cut_is_not_asked_again(make: Make, whole_net: WholeNet, share: float) -> None:
    async with whole_net(some) as net, make(credential(net.port), rate=20_000) as engine:
        before, memory = await part(engine, {}, lambda: net.asked.total() >= share * ADDRESSES)
        assert memory
        after, end = await part(engine, memory, lambda: False)
        assert end == {}
        assert {*before, *after} == {host for host in net.asked if some(host)}
        assert len({*before, *after}) == 8 * 28
        # Whose answer was on its way at the cut is found by the second question, and then looked at by the first again.
        twice = sum(count - 1 for (_, host), count in net.swept.items() if not some(host))
        assert twice <= ADDRESSES / 100
        assert {host for turn, host in net.swept if turn == 2} == set(net.asked)
        assert len(net.asked) == ADDRESSES


async def test_an_unbroken_sweep_remembers_often_and_ends_with_nothing_pending(make: Make, whole_net: WholeNet) -> None:
    async with whole_net(some) as net, make(credential(net.port), rate=20_000) as engine:
        sweep = engine.sweep([RANGE], OIDS, found_by="test", memory={})
        memories = [one async for one in sweep if not isinstance(one, Responder)]
    assert len(memories) > 200
    assert memories[-1] == {}
    assert all(memories[:-1])


async def test_nobody_runs_ahead_of_what_is_remembered(make: Make, whole_net: WholeNet) -> None:
    async with (
        whole_net(lambda _: False) as net,
        make(credential(net.port), rate=20_000) as engine,
        aclosing(engine.sweep([RANGE], OIDS, found_by="test", memory={})) as sweep,
    ):
        await anext(sweep)
        # It is not asked for more: so nobody keeps what it has to remember.
        await net.until(lambda: net.asked.total() >= ADDRESSES * 9 // 1000)
        for _ in range(50):
            await asyncio.sleep(0.001)
        assert net.asked.total() <= ADDRESSES / 100


@pytest.mark.parametrize("change", ["ranges", "credentials", "age", "broken", "foreign"])
async def test_a_memory_of_another_sweep_is_not_used(make: Make, whole_net: WholeNet, change: str) -> None:
    async with whole_net(some) as net:
        key = credential(net.port)
        async with make(key, rate=20_000) as engine:
            _, memory = await part(engine, {}, lambda: net.asked.total() >= ADDRESSES // 2)
        net.swept.clear()
        ranges, keys, given_ = [RANGE], [key], dict(memory)
        if change == "ranges":
            ranges = [RANGE, "127.32.100.7"]
        elif change == "credentials":
            keys = [key, SnmpCredential(name="y", version=SnmpVersion.V1, community=SecretStr("b"), port=net.port)]
        elif change == "age":
            given_["began"] = (SystemClock().now() - MOST_AGE).isoformat()
        elif change == "broken":
            given_["heard"] = "AAAA"
        else:
            given_ = {"another": ["plugin's"], "memory": None}
        async with make(*keys, rate=20_000) as engine:
            async for _ in engine.sweep(ranges, OIDS, found_by="test", memory=given_):
                if net.swept.total() >= ADDRESSES // 2:
                    break
        first = {host for turn, host in net.swept if turn == 2}
        assert len(first) >= ADDRESSES // 2


async def test_who_answered_by_half_before_the_cut_is_looked_at_after_it(make: Make, start: Any) -> None:
    device = await start("127.32.0.1", most_oids=1)
    key = credential(device.port)
    async with make(key) as engine:
        device.chokes_above = 0
        device.most_oids = 1

        # It answers the sweep with an error, and then nothing: its look is under way at the cut.
        def half(datagram: bytes) -> list[bytes]:
            device.drops = 1000
            return [datagram]

        device.chokes_above, device.raw = 100, half
        async with aclosing(engine.sweep(["127.32.0.0/24"], OIDS, found_by="test", memory={})) as sweep:
            async for one in sweep:
                assert not isinstance(one, Responder)
                memory = one
                if memory["again"]:
                    break
        device.drops, device.raw = 0, lambda datagram: [datagram]
        found = [r async for r in engine.sweep(["127.32.0.0/24"], OIDS, found_by="test", memory=memory)]
    [responder] = [r for r in found if isinstance(r, Responder)]
    assert responder.walk.octets(OIDS[0]) == b"Made-up LaserWriter"


@given(heard=st.binary(max_size=300).map(lambda octets: bytes(octet & 1 for octet in octets)))
def test_who_was_heard_is_kept_a_bit_each(heard: bytes) -> None:
    now = datetime.fromisoformat("2026-03-02T08:00:00+00:00")
    mark = Bookmark(sweep="s", began=now, stage=3, lanes=((1, 7), (0, 0)), heard=heard, again=("10.0.0.7",))
    memory = mark.as_memory()
    assert Bookmark.read(memory, "s", now) == mark
    assert len(str(memory["heard"])) <= len(heard) // 5 + 40
    late = now + timedelta(hours=24)
    assert Bookmark.read(memory, "s", late) == Bookmark(sweep="s", began=late)
    assert Bookmark.read(memory, "other", now) == Bookmark(sweep="other", began=now)


@pytest.mark.parametrize(
    "garbage",
    [
        {"began": "2026-03-02T08:00:00"},
        {"began": "2026-03-02T08:00:01+00:00"},
        {"began": 7},
        {"lanes": [[float("inf"), 1]]},
        {"lanes": "ab"},
        {"heard": "not base64!"},
        {"again": ["no address"]},
        {"stage": None},
    ],
    ids=["no zone", "of the future", "no time", "endless", "no list", "no bits", "no address", "no stage"],
)
def test_garbage_is_a_new_beginning(garbage: dict[str, Any]) -> None:
    now = datetime.fromisoformat("2026-03-02T08:00:00+00:00")
    kept = Bookmark(sweep="s", began=now, stage=3, heard=bytes(9)).as_memory()
    assert Bookmark.read({**kept, **garbage}, "s", now) == Bookmark(sweep="s", began=now)


def test_a_fingerprint_tells_sweeps_apart() -> None:
    assert fingerprint([1, ["a"]]) == fingerprint([1, ["a"]])
    assert fingerprint([1, ["a"]]) != fingerprint([1, ["b"]])
