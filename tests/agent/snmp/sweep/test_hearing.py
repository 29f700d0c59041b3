"""What comes in while a sweep runs is kept within bounds, and counted for the network it came from."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import IPv4Address, ip_network

import pytest
from pydantic import SecretStr

from pagemeter.net.budget import Budget
from pagemeter.net.credentials import SnmpCredential, SnmpVersion
from pagemeter.net.fence import FencedNetwork
from pagemeter.snmp.codec import V2C, Message, PduType, encode
from pagemeter.snmp.echo import Echo
from pagemeter.snmp.hearing import MOST_KEPT, Hearing
from pagemeter.snmp.lane import Lane
from pagemeter.snmp.neighbours import Neighbours
from pagemeter.snmp.order import Order, Stretch
from pagemeter.snmp.types import Tag, VarBind, oid
from pagemeter.testing.clock import FakeClock

DESCR = oid("1.3.6.1.2.1.1.1.0")
KEY = SnmpCredential(name="x", version=SnmpVersion.V2C, community=SecretStr("public"), port=161)
HOST = IPv4Address("10.1.0.7").packed


def lane_of(network: str, budget: Budget) -> Lane:
    net = ip_network(network)
    lane = Lane(
        order=Order([Stretch(int(net[1]), int(net[-2]))]),
        credentials=(KEY,),
        address=net[1],
        toll=budget.toll(FencedNetwork(network=net)),
        batch=64,
    )
    lane.begin_turn()
    return lane


def hearing_of(*lanes: Lane, found: list[Echo] | None = None, over: list[Lane] | None = None) -> Hearing:
    found, over = [] if found is None else found, [] if over is None else over
    return Hearing(lanes, found=found.append, over=over.append, neighbours=Neighbours(FakeClock()))


def answer_of(lane: Lane, address: IPv4Address) -> tuple[bytes, bytes, int]:
    """Answer as the device at an address does, with the id that it was asked with."""
    position = lane.order.position(int(address))
    assert position is not None
    lane.position = position
    shots = lane.shots(1)
    message = Message(
        version=V2C,
        community=b"public",
        pdu=PduType.RESPONSE,
        request_id=shots.high[0] << 8 | shots.low[0],
        rows=(VarBind(DESCR, Tag.OCTET_STRING, b"here"),),
    )
    return encode(message), address.packed, 161


@pytest.mark.parametrize(("size", "kept"), [(50, MOST_KEPT), (65_507, (8 << 20) // 65_507)])
def test_a_flood_is_kept_as_far_as_there_is_room_and_counted(size: int, kept: int) -> None:
    hearing = hearing_of(lane_of("10.1.0.0/24", Budget(FakeClock(), 500)))
    for _ in range(MOST_KEPT // 64 + 10):
        hearing.keep([(b"x" * size, HOST, 161)] * 64)
    assert len(hearing) == kept
    assert hearing.strays["too many"] == (MOST_KEPT // 64 + 10) * 64 - kept
    hearing.judge(kept)
    hearing.keep([(b"x" * size, HOST, 161)])
    assert len(hearing) == 1


def test_each_network_pays_for_what_came_from_it() -> None:
    clock = FakeClock(datetime(2026, 3, 2, tzinfo=UTC))
    budget = Budget(clock, 500)
    with budget.accounts.run("sweep") as run:
        lanes = [lane_of("10.1.0.0/28", budget), lane_of("10.2.0.0/28", budget)]
        found: list[Echo] = []
        over: list[Lane] = []
        hearing = hearing_of(*lanes, found=found, over=over)
        heard = [answer_of(lane, IPv4Address(lane.order.address(at))) for at in range(14) for lane in lanes]
        hearing.keep([*heard[:-1], (b"rubbish", IPv4Address("10.2.0.3").packed, 161), (b"", b"\x01\x02\x03\x04", 161)])
        hearing.judge(len(hearing))
    octets = len(heard[0][0])
    counts = {str(network): (count.packets_in, count.octets_in) for (network, _), count in run.counts.items()}
    assert counts == {"10.1.0.0/28": (14, 14 * octets), "10.2.0.0/28": (14, 13 * octets + len(b"rubbish"))}
    assert [echo.host for echo in found] == [str(IPv4Address(host)) for _, host, _ in heard[:-1]]
    assert dict(hearing.strays) == {"rubbish": 1, "foreign": 1}
    assert over == [lanes[0]]


def test_one_answer_that_nobody_can_take_costs_no_other(caplog: pytest.LogCaptureFixture) -> None:
    lane = lane_of("10.1.0.0/28", Budget(FakeClock(), 500))
    found: list[str] = []

    def take(echo: Echo) -> None:
        if echo.host == "10.1.0.1":
            raise ValueError("can't be taken")
        found.append(echo.host)

    hearing = Hearing([lane], found=take, over=lambda _: None, neighbours=Neighbours(FakeClock()))
    with caplog.at_level("CRITICAL"):
        hearing.keep([answer_of(lane, IPv4Address(f"10.1.0.{host}")) for host in (1, 2)])
        hearing.judge(2)
    assert found == ["10.1.0.2"]


def test_who_floods_is_not_read_any_more_and_costs_no_other() -> None:
    lane = lane_of("10.1.0.0/28", Budget(FakeClock(), 500))
    found: list[Echo] = []
    hearing = hearing_of(lane, found=found)
    answers = [answer_of(lane, IPv4Address(f"10.1.0.{host}")) for host in (7, 8)]
    hearing.keep([*[(b"rubbish", HOST, 161)] * 73, *answers])
    hearing.judge(len(hearing))
    assert [echo.host for echo in found] == ["10.1.0.8"]
    assert dict(hearing.strays) == {"rubbish": 64, "too much": 10}
