"""One device: credentials, fallbacks, and the faults of firmware."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from pydantic import SecretStr

from pagemeter.component import Snmp
from pagemeter.errors import AccessDenied, Unreachable, Unreadable
from pagemeter.model import Target
from pagemeter.net.credentials import SnmpCredential, SnmpVersion
from pagemeter.net.fence import Fence, FencedNetwork
from pagemeter.snmp.codec import Message, PduType
from pagemeter.snmp.denied import DEVICE_PASSWORDS, deny_list
from pagemeter.snmp.engine import SnmpEngine
from pagemeter.snmp.reading import MOST_ROWS
from pagemeter.snmp.types import Tag, VarBind, oid

V1 = SnmpCredential(name="v1", version=SnmpVersion.V1, community=SecretStr("public"))
V2C = SnmpCredential(name="v2c", version=SnmpVersion.V2C, community=SecretStr("public"))
PRIVATE = SnmpCredential(name="private", version=SnmpVersion.V2C, community=SecretStr("other"))

DESCR, OBJECT_ID, UPTIME, NAME = (oid(f"1.3.6.1.2.1.1.{number}.0") for number in (1, 2, 3, 5))
ABSENT = oid("1.3.6.1.2.1.1.77.0")
LEVELS = oid("1.3.6.1.2.1.43.11.1.1.9")
SYS_DESCR = oid("1.3.6.1.2.1.1.1")

Start = Callable[..., Awaitable[Any]]
Make = Callable[..., SnmpEngine]


def pdus(device: Any) -> list[PduType]:
    return [question.pdu for question in device.heard]


def test_the_engine_keeps_the_contract(make: Make) -> None:
    engine: Snmp = make()
    assert isinstance(engine, SnmpEngine)


@pytest.mark.parametrize("credential", [V1, V2C])
async def test_values_are_read_and_absent_ones_are_left_out(
    make: Make, device: Any, credential: SnmpCredential
) -> None:
    async with make(credential) as engine:
        walk = await engine.get(device.target, [DESCR, ABSENT, NAME, UPTIME])
    assert walk.octets(DESCR) == b"Made-up LaserWriter"
    assert walk.octets(NAME) == b"made-up"
    assert walk.integer(UPTIME) == 4711
    assert ABSENT not in walk
    assert walk.missing == {}


@pytest.mark.parametrize("credential", [V1, V2C])
async def test_a_subtree_is_read_whole_and_nothing_else(make: Make, device: Any, credential: SnmpCredential) -> None:
    async with make(credential) as engine:
        walk = await engine.walk(device.target, [LEVELS])
    assert [row.value for row in walk] == [-3, -2, 40, 0]
    assert walk.missing == {}


async def test_several_subtrees_of_which_one_is_absent(make: Make, device: Any) -> None:
    async with make(V2C) as engine:
        walk = await engine.walk(device.target, [oid("1.3.6.1.2.1.25"), LEVELS, oid("1.3.6.1.2.1.1")])
    assert len(walk) == 8
    assert walk.missing == {}


async def test_silence_names_the_target_and_the_tries(make: Make, device: Any) -> None:
    device.community = b"secret"
    async with make(V2C) as engine:
        with pytest.raises(Unreachable) as caught:
            await engine.get(device.target, [NAME])
    assert str(caught.value) == (
        f"snmp://127.0.0.1:{device.port} did not answer SNMP in 2 tries; is it on, is the community right?"
    )


async def test_credentials_are_tried_in_order_and_the_one_that_works_is_remembered(make: Make, device: Any) -> None:
    device.speaks = (0,)
    async with make(PRIVATE, V2C, V1, retries=0) as engine:
        await engine.get(device.target, [NAME])
        tried = [(question.version, question.community) for question in device.heard]
        device.heard.clear()
        await engine.get(device.target, [NAME])
        assert [question.version for question in device.heard] == [0]
    assert tried == [(1, b"other"), (1, b"public"), (0, b"public"), (0, b"public")]


async def test_a_changed_community_is_found_at_the_next_visit(make: Make, device: Any) -> None:
    async with make(PRIVATE, V2C, retries=0) as engine:
        await engine.get(device.target, [NAME])
        device.community = b"other"
        with pytest.raises(Unreachable):
            await engine.get(device.target, [NAME])
        assert (await engine.get(device.target, [NAME])).octets(NAME) == b"made-up"


async def test_a_lost_packet_is_asked_again_with_a_new_request_id(make: Make, device: Any) -> None:
    device.drops = 1
    async with make(V2C) as engine:
        assert NAME in await engine.get(device.target, [NAME])
    first, second, _ = device.heard
    assert first.rows == second.rows
    assert first.request_id != second.request_id
    assert all(128 <= question.request_id <= 32_767 for question in (first, second))


@pytest.mark.parametrize("fault", ["most_oids", "chokes_above"])
async def test_packets_shrink_until_the_device_takes_them(make: Make, device: Any, fault: str) -> None:
    setattr(device, fault, 1)
    wanted = [DESCR, OBJECT_ID, ABSENT, UPTIME, NAME]
    async with make(V2C) as engine:
        walk = await engine.get(device.target, wanted)
        device.heard.clear()
        await engine.get(device.target, wanted)
    assert [row.oid for row in walk] == [DESCR, OBJECT_ID, UPTIME, NAME]
    assert [len(question.rows) for question in device.heard] == [1] * 5


async def test_a_known_device_that_sleeps_costs_only_the_tries_of_one_question(make: Make, device: Any) -> None:
    async with make(V2C) as engine:
        await engine.get(device.target, [DESCR, NAME, UPTIME])
        device.heard.clear()
        device.drops = 100
        with pytest.raises(Unreachable):
            await engine.get(device.target, [DESCR, NAME, UPTIME])
    assert len(device.heard) == 2


async def test_values_are_kept_where_the_device_falls_silent_between(make: Make, device: Any) -> None:
    device.most_oids = 1
    device.raw = lambda datagram: [] if len(device.heard) > 4 else [datagram]
    async with make(V2C) as engine:
        walk = await engine.get(device.target, [DESCR, OBJECT_ID, UPTIME, NAME])
    assert [row.oid for row in walk] == [DESCR]
    assert walk.missing == {OBJECT_ID: "no answer", UPTIME: "no answer", NAME: "the device fell silent"}


async def test_a_value_that_get_fails_on_is_read_by_getnext(make: Make, device: Any) -> None:
    def fail(answer: Message) -> Message:
        asked_get = device.heard[-1].pdu == PduType.GET and any(row.oid == NAME for row in device.heard[-1].rows)
        return replace(answer, error_status=5, error_index=1) if asked_get else answer

    device.mutate = fail
    async with make(V2C) as engine:
        walk = await engine.get(device.target, [DESCR, NAME])
    assert walk.octets(NAME) == b"made-up"
    assert walk.octets(DESCR) == b"Made-up LaserWriter"
    assert walk.missing == {}


async def test_a_device_without_getbulk_is_walked_by_getnext_and_not_bothered_again(make: Make, device: Any) -> None:
    device.bulk = False
    async with make(V2C) as engine:
        walk = await engine.walk(device.target, [LEVELS])
        device.heard.clear()
        await engine.walk(device.target, [LEVELS])
    assert [row.value for row in walk] == [-3, -2, 40, 0]
    assert set(pdus(device)) == {PduType.GET_NEXT}


async def test_getbulk_asks_for_fewer_rows_where_they_are_too_many(make: Make, device: Any) -> None:
    device.most_repetitions = 2
    async with make(V2C) as engine:
        walk = await engine.walk(device.target, [LEVELS])
    assert [row.value for row in walk] == [-3, -2, 40, 0]
    bulks = [question.error_index for question in device.heard if question.pdu == PduType.GET_BULK]
    assert bulks[:3] == [10, 5, 2]
    assert set(bulks[3:]) == {2}
    assert PduType.GET_NEXT not in pdus(device)


async def test_what_went_in_circles_is_named_and_its_rows_are_kept(make: Make, device: Any) -> None:
    first, second = (row for row in device.rows if row.oid[:-2] == LEVELS and row.oid[-1] in (1, 2))

    def circle(answer: Message) -> Message:
        bulk = device.heard[-1].pdu == PduType.GET_BULK and device.heard[-1].rows[0].oid[: len(LEVELS)] == LEVELS
        return replace(answer, rows=(first, second, first, second)) if bulk else answer

    device.mutate = circle
    async with make(V2C) as engine:
        walk = await engine.walk(device.target, [LEVELS, oid("1.3.6.1.2.1.1")])
    assert [row.value for row in walk.column(LEVELS).values()] == [-3, -2]
    assert "circles" in walk.missing[LEVELS]
    assert walk.octets(NAME) == b"made-up"


async def test_an_endless_walk_is_cut_and_says_so(make: Make, device: Any) -> None:
    def endless(answer: Message) -> Message:
        question = device.heard[-1]
        if question.pdu == PduType.GET:
            return answer
        last = question.rows[0].oid
        number = last[-1] if len(last) > len(LEVELS) else 0
        rows = (VarBind((*LEVELS, number + step), Tag.INTEGER, step) for step in range(1, 60))
        return replace(answer, error_status=0, rows=tuple(rows))

    device.mutate = endless
    async with make(V2C, timeout=2.0) as engine:
        walk = await engine.walk(device.target, [LEVELS])
    assert len(walk) == MOST_ROWS
    assert walk.missing == {LEVELS: f"cut after {MOST_ROWS} rows"}


async def test_a_subtree_without_an_end_leaves_rows_to_those_behind_it(make: Make, device: Any) -> None:
    def endless(answer: Message) -> Message:
        last = device.heard[-1].rows[0].oid
        if device.heard[-1].pdu == PduType.GET or last[: len(SYS_DESCR)] != SYS_DESCR:
            return answer
        number = last[-1] if len(last) > len(SYS_DESCR) else 0
        rows = (VarBind((*SYS_DESCR, number + step), Tag.INTEGER, step) for step in range(1, 60))
        return replace(answer, error_status=0, rows=tuple(rows))

    device.mutate = endless
    async with make(V2C, timeout=2.0) as engine:
        walk = await engine.walk(device.target, [SYS_DESCR, LEVELS])
    assert list(walk.missing) == [SYS_DESCR]
    assert [row.value for row in walk.column(LEVELS).values()] == [-3, -2, 40, 0]


async def test_a_device_that_falls_silent_keeps_what_it_told(make: Make, device: Any) -> None:
    device.rows = [*device.rows, *(VarBind((*LEVELS, 2, n), Tag.INTEGER, n) for n in range(1, 300))]

    def sleep(datagram: bytes) -> list[bytes]:
        return [] if len(device.heard) > 3 else [datagram]

    device.raw = sleep
    async with make(V2C) as engine:
        walk = await engine.walk(device.target, [LEVELS, oid("1.3.6.1.2.1.1"), oid("1.3.6.1.2.1.25")])
    assert 10 <= len(walk) < 300
    assert set(walk.missing) == {LEVELS, oid("1.3.6.1.2.1.1"), oid("1.3.6.1.2.1.25")}
    assert walk.missing[LEVELS].startswith("no answer after 1.3.6.1.2.1.43")


async def test_a_device_that_answers_only_behind_the_first_column_is_read(make: Make, device: Any) -> None:
    def picky(answer: Message) -> Message:
        at_root = device.heard[-1].pdu != PduType.GET and device.heard[-1].rows[0].oid == LEVELS
        return replace(answer, rows=(VarBind(LEVELS, Tag.END_OF_MIB_VIEW, None),)) if at_root else answer

    device.mutate = picky
    async with make(V2C) as engine:
        walk = await engine.walk(device.target, [LEVELS])
    assert [row.value for row in walk] == [-3, -2, 40, 0]


async def test_garbage_is_unreadable_and_not_silence(make: Make, device: Any) -> None:
    device.raw = lambda _: [b"HTTP/1.1 400 Bad Request\r\n\r\n"]
    async with make(V2C) as engine:
        with pytest.raises(Unreadable, match="but not in SNMP"):
            await engine.get(device.target, [NAME])


async def test_late_foreign_and_broken_datagrams_before_the_answer_do_no_harm(make: Make, device: Any) -> None:
    earlier: list[bytes] = []

    def noisy(datagram: bytes) -> list[bytes]:
        earlier.append(datagram)
        return [*earlier[:-1], b"", b"\x30\x82\xff", datagram[:-1], datagram, datagram]

    device.raw = noisy
    async with make(V2C) as engine:
        for _ in range(3):
            walk = await engine.get(device.target, [DESCR, NAME])
            assert [row.value for row in walk] == [b"Made-up LaserWriter", b"made-up"]
        assert (await engine.get(device.target, [UPTIME])).integer(UPTIME) == 4711


async def test_an_answer_with_a_foreign_request_id_is_no_answer(make: Make, device: Any) -> None:
    device.mutate = lambda answer: replace(answer, request_id=answer.request_id ^ 1)
    async with make(V2C) as engine:
        with pytest.raises(Unreachable):
            await engine.get(device.target, [NAME])


async def test_an_identifier_that_grew_by_a_zero_is_put_right(make: Make, device: Any) -> None:
    device.mutate = lambda answer: replace(answer, rows=tuple(row._replace(oid=(*row.oid, 0)) for row in answer.rows))
    async with make(V2C) as engine:
        assert (await engine.get(device.target, [NAME])).octets(NAME) == b"made-up"


async def test_a_device_that_refuses_the_credential_is_access_denied(make: Make, device: Any) -> None:
    device.mutate = lambda answer: replace(answer, error_status=16, error_index=0)
    async with make(V2C) as engine:
        with pytest.raises(AccessDenied, match="refuses the credential 'v2c'"):
            await engine.get(device.target, [NAME])


async def test_passwords_of_devices_are_never_asked_for_and_walked_around(make: Make, device: Any) -> None:
    password = oid("1.3.6.1.4.1.11.2.3.9.1.1.13")
    behind = oid("1.3.6.1.4.1.11.2.3.9.1.1.14.0")
    device.rows = [
        VarBind((*password, 0), Tag.OCTET_STRING, b"hunter2"),
        VarBind(behind, Tag.INTEGER, 7),
        *device.rows,
    ]
    async with make(V2C) as engine:
        values = await engine.get(device.target, [(*password, 0), NAME])
        asked = {row.oid for question in device.heard for row in question.rows}
        walk = await engine.walk(device.target, [oid("1.3.6.1.4.1.11")])
        forbidden = await engine.walk(device.target, [password])
    assert (*password, 0) not in asked
    assert values.missing == {(*password, 0): "is never asked for"}
    assert [row.value for row in walk] == [7]
    assert forbidden.missing == {password: "is never asked for"}
    assert len(forbidden) == 0


async def test_job_tables_are_read_only_where_jobs_are_wanted(make: Make, device: Any) -> None:
    job = oid("1.3.6.1.4.1.2699.1.1.1.1.0")
    device.rows = [*device.rows, VarBind(job, Tag.OCTET_STRING, b"payroll.pdf")]
    async with make(V2C) as engine:
        assert len(await engine.walk(device.target, [oid("1.3.6.1.4.1.2699")])) == 0
    async with make(V2C, denied=deny_list(jobs=True)) as engine:
        assert (await engine.walk(device.target, [oid("1.3.6.1.4.1.2699")])).octets(job) == b"payroll.pdf"
    assert deny_list(jobs=True) == DEVICE_PASSWORDS


async def test_outside_the_fence_nothing_is_sent(make: Make, device: Any) -> None:
    fence = Fence([FencedNetwork(network=ip_network("127.0.0.0/8"), never=(ip_address("127.0.0.1"),))])
    async with make(V2C, fence=fence) as engine:
        with pytest.raises(AccessDenied, match="never-list"):
            await engine.get(device.target, [NAME])
    assert device.heard == []


async def test_a_port_that_prints_is_never_asked(make: Make) -> None:
    async with make(V2C) as engine:
        with pytest.raises(AccessDenied, match="port 9100 prints"):
            await engine.get(Target(uri="snmp://127.0.0.1:9100", found_by="test"), [NAME])


async def test_a_device_is_read_and_found_over_ipv6(make: Make, start: Start) -> None:
    try:
        device = await start("::1")
    except OSError:
        pytest.skip("this host has no IPv6")
    async with make(replace(V2C, port=device.port)) as engine:
        walk = await engine.get(Target(uri="host://[::1]", found_by="test"), [NAME])
        found = [one.target.uri async for one in engine.sweep(["::1"], [NAME], found_by="sweep")]
    assert walk.octets(NAME) == b"made-up"
    assert found == ["host://[::1]"]


async def test_the_port_of_another_protocol_is_not_asked_by_snmp(make: Make, device: Any) -> None:
    async with make(replace(V2C, port=device.port)) as engine:
        walk = await engine.get(Target(uri="ipp://127.0.0.1:631/ipp/print", found_by="test"), [NAME])
    assert walk.octets(NAME) == b"made-up"


async def test_an_address_without_credential_says_so(make: Make) -> None:
    async with make() as engine:
        with pytest.raises(AccessDenied, match="no SNMP credential"):
            await engine.get(Target(uri="host://127.0.0.1", found_by="test"), [NAME])


@pytest.mark.parametrize("uri", ["usb:///Maker/Model", "host://no-such-host.invalid"])
async def test_a_target_without_address_is_unreachable(make: Make, uri: str) -> None:
    async with make(V2C) as engine:
        with pytest.raises(Unreachable, match="address"):
            await engine.get(Target(uri=uri, found_by="test"), [NAME])


async def test_one_device_is_asked_one_question_at_a_time_and_others_meanwhile(make: Make, device: Any) -> None:
    async with make(V2C) as engine:
        walks = await asyncio.gather(*(engine.get(device.target, [NAME]) for _ in range(20)))
    assert [walk.octets(NAME) for walk in walks] == [b"made-up"] * 20
