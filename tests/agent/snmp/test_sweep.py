"""Sweeps: who answers is found, whatever the others do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from pydantic import SecretStr

from pagemeter.errors import AccessDenied, ConfigError
from pagemeter.net.credentials import Auth, IPAddress, SnmpCredential, SnmpVersion
from pagemeter.net.fence import Fence, FencedNetwork
from pagemeter.snmp.codec import V2C, Message, PduType, encode, expect, integer
from pagemeter.snmp.engine import SnmpEngine
from pagemeter.snmp.types import Tag, VarBind, oid

DESCR, ABSENT, NAME = (oid(f"1.3.6.1.2.1.1.{number}.0") for number in (1, 77, 5))

Start = Callable[..., Awaitable[Any]]
Make = Callable[..., SnmpEngine]


def credential(version: SnmpVersion, port: int, community: str = "public") -> SnmpCredential:
    return SnmpCredential(name=f"v{version} {community}", version=version, community=SecretStr(community), port=port)


async def found(engine: SnmpEngine, *ranges: str, oids: tuple[Any, ...] = (DESCR, NAME)) -> dict[str, Any]:
    responders = [one async for one in engine.sweep(ranges, oids, found_by="sweep")]
    assert len({one.target.uri for one in responders}) == len(responders)
    return {one.target.uri.removeprefix("host://127.30."): one for one in responders}


@pytest.fixture
async def port(start: Start) -> int:
    """A port that is free on all addresses of the test."""
    number: int = (await start("127.30.9.9")).port
    return number


async def test_a_sweep_finds_all_that_answer_in_one_packet_each(make: Make, start: Start, port: int) -> None:
    fleet = [await start(f"127.30.0.{number}", port) for number in range(10, 60)]
    async with make(credential(SnmpVersion.V2C, port)) as engine:
        responders = await found(engine, "127.30.0.0/24")
    assert set(responders) == {f"0.{number}" for number in range(10, 60)}
    assert all(one.walk.octets(NAME) == b"made-up" for one in responders.values())
    assert all(one.target.found_by == "sweep" for one in responders.values())
    assert all(one.target.hints.credential == "v2c public" for one in responders.values())
    assert {len(device.heard) for device in fleet} == {1}


async def test_each_device_is_found_under_the_credential_that_it_takes(make: Make, start: Start, port: int) -> None:
    await start("127.30.0.1", port, speaks=(0,))
    await start("127.30.0.2", port)
    await start("127.30.0.3", port, community=b"other")
    keys = [
        credential(SnmpVersion.V2C, port),
        credential(SnmpVersion.V2C, port, "other"),
        credential(SnmpVersion.V1, port),
    ]
    async with make(*keys) as engine:
        responders = await found(engine, "127.30.0.1-127.30.0.5")
    names = {place: one.target.hints.credential for place, one in responders.items()}
    assert names == {"0.1": "v1 public", "0.2": "v2c public", "0.3": "v2c other"}


async def test_what_a_sweep_learned_spares_the_next_read_a_greeting(make: Make, start: Start, port: int) -> None:
    device = await start("127.30.0.1", port, speaks=(0,))
    async with make(credential(SnmpVersion.V2C, port), credential(SnmpVersion.V1, port)) as engine:
        (responder,) = (await found(engine, "127.30.0.1")).values()
        device.heard.clear()
        walk = await engine.get(responder.target, [NAME])
        again = await found(engine, "127.30.0.1")
    assert walk.octets(NAME) == b"made-up"
    assert [question.version for question in device.heard] == [0, 0]
    assert set(again) == {"0.1"}


async def test_what_was_learned_before_the_start_is_tried_first(make: Make, start: Start, port: int) -> None:
    device = await start("127.30.0.1", port, speaks=(0,))
    stranger = await start("127.30.0.2", port, speaks=(0,))
    kept = {"127.30.0.1": {"credential": "v1 public"}, "no address": {}, "::5": {"credential": "v1 public"}}
    keys = [credential(SnmpVersion.V2C, port), credential(SnmpVersion.V1, port)]
    async with make(*keys, kept=kept) as engine:
        assert set(await found(engine, "127.30.0.1-127.30.0.9")) == {"0.1", "0.2"}
    assert [question.version for question in device.heard] == [0]
    assert [question.version for question in stranger.heard][:2] == [1, 0]


async def test_a_lost_packet_does_not_lose_the_device(make: Make, start: Start, port: int) -> None:
    await start("127.30.0.1", port, drops=1)
    async with make(credential(SnmpVersion.V2C, port)) as engine:
        responders = await found(engine, "127.30.0.0/29")
    assert responders["0.1"].walk.octets(NAME) == b"made-up"
    assert responders["0.1"].walk.octets(DESCR) == b"Made-up LaserWriter"


async def test_a_v1_device_without_one_of_the_values_tells_the_others(make: Make, start: Start, port: int) -> None:
    await start("127.30.0.1", port, speaks=(0,))
    async with make(credential(SnmpVersion.V1, port)) as engine:
        responders = await found(engine, "127.30.0.1", oids=(ABSENT, DESCR, NAME))
    assert [row.oid for row in responders["0.1"].walk] == [DESCR, NAME]


async def test_a_device_that_takes_one_value_a_packet_is_found(make: Make, start: Start, port: int) -> None:
    await start("127.30.0.1", port, chokes_above=1)
    await start("127.30.0.2", port, most_oids=1)
    async with make(credential(SnmpVersion.V2C, port)) as engine:
        responders = await found(engine, "127.30.0.0/29")
    assert [one.walk.octets(NAME) for _, one in sorted(responders.items())] == [b"made-up"] * 2


async def test_rubbish_and_foreign_ids_and_tellers_of_nothing_cost_only_themselves(
    make: Make, start: Start, port: int
) -> None:
    await start("127.30.0.1", port, raw=lambda _: [b"\x30\x82garbage"])
    await start("127.30.0.2", port, mutate=lambda answer: replace(answer, request_id=answer.request_id ^ 1))
    await start("127.30.0.3", port, rows=())
    await start("127.30.0.4", port, raw=lambda datagram: [datagram] * 5)
    async with make(credential(SnmpVersion.V2C, port)) as engine:
        responders = await found(engine, "127.30.0.0/29")
    assert {place: len(one.walk) for place, one in responders.items()} == {"0.3": 0, "0.4": 2}


class Impostor(asyncio.DatagramProtocol):
    """Asked by SNMPv3 who it is, it tells values in v2c."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        start, end = expect(data, 0, len(data), 0x30)
        _, at = integer(data, start, end)
        head, after = expect(data, at, end, 0x30)
        number, _ = integer(data, head, after)
        rows = (VarBind(DESCR, Tag.OCTET_STRING, b"unsigned"), VarBind(NAME, Tag.OCTET_STRING, b"unsigned"))
        answer = Message(version=V2C, community=b"", pdu=PduType.RESPONSE, request_id=number, rows=rows)
        self.transport.sendto(encode(answer), address)


async def test_values_in_v2c_are_not_taken_for_those_of_an_snmpv3_user(make: Make) -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Impostor, local_addr=("127.30.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    user = SnmpCredential(
        name="user",
        version=SnmpVersion.V3,
        user="reader",
        auth=Auth.SHA256,
        auth_password=SecretStr("invented words"),
        port=port,
    )
    try:
        async with make(user) as engine:
            responders = [
                *(await found(engine, "127.30.0.1")).values(),
                *(await found(engine, "127.30.0.0/30")).values(),
            ]
    finally:
        transport.close()
    assert [(len(one.walk), one.target.hints.credential) for one in responders] == [(0, None)] * 2


async def test_addresses_outside_the_fence_and_on_never_lists_are_not_asked(
    make: Make, start: Start, port: int
) -> None:
    inside, never, outside = [await start(f"127.30.0.{number}", port) for number in (1, 2, 9)]
    fence = Fence([FencedNetwork(network=ip_network("127.30.0.0/29"), never=(ip_address("127.30.0.2"),))])
    async with make(credential(SnmpVersion.V2C, port), fence=fence) as engine:
        assert set(await found(engine, "127.30.0.0/24")) == {"0.1"}
    assert inside.heard
    assert never.heard == outside.heard == []


@pytest.mark.parametrize("text", ["10.1.2.0/24", "10.1.2.3", "fd00::1-fd00::7"])
async def test_a_range_that_is_outside_as_a_whole_is_named(make: Make, text: str) -> None:
    async with make(credential(SnmpVersion.V2C, 161)) as engine:
        with pytest.raises(AccessDenied, match=text.partition("/")[0]):
            await found(engine, "127.30.0.1", text)


async def test_what_is_no_range_is_a_mistake_of_the_configuration(make: Make) -> None:
    async with make(credential(SnmpVersion.V2C, 161)) as engine:
        with pytest.raises(ConfigError, match="did you mean"):
            await found(engine, "127.30.0.5/24")


async def test_overlapping_ranges_ask_an_address_once(make: Make, start: Start, port: int) -> None:
    device = await start("127.30.0.1", port)
    async with make(credential(SnmpVersion.V2C, port)) as engine:
        assert set(await found(engine, "127.30.0.1", "127.30.0.0/30", "127.30.0.1-127.30.0.2")) == {"0.1"}
    assert [question.pdu for question in device.heard] == [PduType.GET]


async def test_host_names_are_resolved_and_held_against_the_fence(make: Make, start: Start, port: int) -> None:
    await start("127.30.0.1", port)
    names = {"mine": (ip_address("127.30.0.1"),), "foreign": (ip_address("10.1.2.3"),)}

    async def resolver(host: str) -> tuple[IPAddress, ...]:
        return names.get(host, ())

    async with make(credential(SnmpVersion.V2C, port), resolver=resolver) as engine:
        assert set(await found(engine, "mine", "unknown")) == {"0.1"}
        with pytest.raises(AccessDenied, match="foreign"):
            await found(engine, "foreign")


async def test_progress_grows_to_the_number_of_addresses(make: Make, start: Start, port: int) -> None:
    await start("127.30.0.1", port)
    told: list[tuple[int, int]] = []
    async with make(credential(SnmpVersion.V2C, port)) as engine:
        sweep = engine.sweep(["127.30.0.0/24"], [NAME], found_by="sweep", progress=lambda *at: told.append(at))
        assert len([one async for one in sweep]) == 1
    assert told == sorted(told)
    assert told[-1] == (254, 254)
    assert len(told) > 4


async def test_a_sweep_that_is_left_early_leaves_nothing_behind(make: Make, start: Start, port: int) -> None:
    for number in range(1, 9):
        await start(f"127.30.0.{number}", port, most_oids=1)
    async with make(credential(SnmpVersion.V2C, port)) as engine:
        sweep = engine.sweep(["127.30.0.0/24"], [DESCR, NAME], found_by="sweep")
        async for _ in sweep:
            break
        await sweep.aclose()
        assert engine._exchange._waiting == {}


async def test_nothing_to_ask_ends_at_once(make: Make) -> None:
    async with make() as engine:
        assert await found(engine, "127.30.0.0/24") == {}
