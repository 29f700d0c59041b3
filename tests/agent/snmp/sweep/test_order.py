"""Who is asked, in which order, and where the lanes are cut: facts of arithmetic, no packet."""

from __future__ import annotations

from datetime import datetime
from ipaddress import IPv4Address, ip_address, ip_network
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from pagemeter.clock import SystemClock
from pagemeter.net.budget import Budget
from pagemeter.net.credentials import Credentials, IPNetwork, NetworkCredential, SnmpCredential, SnmpVersion
from pagemeter.net.fence import Fence, FencedNetwork
from pagemeter.snmp.lane import Lane, addresses_of
from pagemeter.snmp.order import Order, Stretch
from pagemeter.snmp.territory import Territory, blocks, merged


def number(text: str) -> int:
    return int(IPv4Address(text))


def stretch(first: str, last: str) -> Stretch:
    return Stretch(number(first), number(last))


STRETCHES = st.lists(
    st.tuples(st.integers(0, 2000), st.integers(0, 700)).map(lambda pair: Stretch(pair[0], sum(pair))), max_size=6
)


@given(stretches=STRETCHES)
@settings(max_examples=50, deadline=None)
def test_each_address_has_one_position_and_others_have_none(stretches: list[Stretch]) -> None:
    wanted = {address for one in stretches for address in range(one.first, one.last + 1)}
    order = Order(merged(stretches))
    assert [order.address(position) for position in range(order.count)] == sorted(wanted, key=order.position)  # type: ignore[arg-type] # none of them is none
    assert {order.address(position) for position in range(order.count)} == wanted
    assert all(order.position(address) is None for address in range(2800) if address not in wanted)


@given(stretches=STRETCHES, most=st.integers(1, 500))
@settings(max_examples=50, deadline=None)
def test_blocks_are_full_but_for_the_last_and_leave_nobody_out(stretches: list[Stretch], most: int) -> None:
    parts = list(blocks(merged(stretches), most))
    sizes = [sum(one.last - one.first + 1 for one in part) for part in parts]
    assert all(size == most for size in sizes[:-1])
    assert all(0 < size <= most for size in sizes[-1:])
    assert merged(one for part in parts for one in part) == merged(stretches)


def test_neighbours_of_one_segment_are_never_asked_one_after_the_other() -> None:
    order = Order([stretch("10.1.0.1", "10.1.255.254")])
    asked = [order.address(position) for position in range(order.count)]
    assert order.count == 65_534
    assert all(before >> 8 != after >> 8 for before, after in pairwise(asked))
    first = [asked.index(number(f"10.1.7.{host}")) for host in (1, 2, 3)]
    assert min(abs(a - b) for a in first for b in first if a != b) > 5_000


def test_several_ranges_take_turns_and_a_single_segment_is_scattered() -> None:
    order = Order(
        [stretch("10.1.0.1", "10.1.0.254"), stretch("10.9.0.10", "10.9.0.90"), stretch("10.2.0.7", "10.2.0.7")]
    )
    asked = [str(IPv4Address(order.address(position))) for position in range(order.count)]
    middle = asked.index("10.1.0.64")
    assert asked[middle + 1] == "10.9.0.64"
    single = Order([stretch("10.1.0.1", "10.1.0.254")])
    hosts = [single.address(position) & 0xFF for position in range(single.count)]
    assert sorted(hosts) == list(range(1, 255))
    assert all(abs(before - after) > 1 for before, after in pairwise(hosts))


def key(name: str, version: SnmpVersion = SnmpVersion.V2C, port: int = 161) -> SnmpCredential:
    return SnmpCredential(name=name, version=version, community=SecretStr(name.partition(" ")[0]), port=port)


def territory(
    *networks: FencedNetwork,
    credentials: list[tuple[str, SnmpCredential]] | None = None,
    attached: tuple[IPNetwork, ...] | None = (),
    rate: float = 1e6,
) -> Territory:
    given_ = credentials or [("0.0.0.0/0", key("public"))]
    made = [NetworkCredential(networks=(ip_network(network),), snmp=one) for network, one in given_]
    fence = Fence(networks, local_time=lambda: datetime(2026, 3, 2, 23, 0))  # noqa: DTZ001 - a local time of day
    budget = Budget(SystemClock(), rate)
    return Territory(fence=fence, credentials=Credentials(made), budget=budget, attached=attached, tries=2)


def asked_of(lanes: list[Lane]) -> dict[str, set[str]]:
    return {
        " ".join(credential.name for credential in lane.credentials): {
            str(IPv4Address(lane.order.address(position))) for position in range(lane.order.count)
        }
        for lane in lanes
    }


def fenced(text: str, **facts: object) -> FencedNetwork:
    return FencedNetwork(network=ip_network(text), **facts)  # type: ignore[arg-type] # as the test names them


def test_lanes_end_where_something_else_holds() -> None:
    here = territory(
        fenced("10.1.0.0/16", never=(ip_address("10.1.0.7"), ip_network("10.1.0.64/26"))),
        fenced("10.1.0.16/28", packets_per_second=7),
        credentials=[("10.1.0.0/25", key("public")), ("10.1.0.32/27", key("other"))],
    )
    lanes = here.lanes([stretch("10.0.255.250", "10.1.0.255")])
    by_rate = {lane.toll.batch: asked_of([lane]) for lane in lanes}
    assert asked_of(lanes).keys() == {"public", "public other"}
    hosts = {name: {int(address.split(".")[3]) for address in found} for name, found in asked_of(lanes[-1:]).items()}
    assert hosts == {"public other": set(range(32, 64))}
    everybody = {int(a.split(".")[3]) for lane in lanes for found in asked_of([lane]).values() for a in found}
    assert everybody == set(range(64)) - {7}
    assert {int(a.split(".")[3]) for a in by_rate[1]["public"]} == set(range(16, 32))


def test_at_most_three_communities_are_tried_and_one_probe_a_port() -> None:
    keys = [key("a"), key("b"), key("a v1", SnmpVersion.V1), key("c"), key("d"), key("c v1", SnmpVersion.V1)]
    users = [key("u", SnmpVersion.V3), key("w", SnmpVersion.V3), key("w 2", SnmpVersion.V3, 1161)]
    here = territory(fenced("10.1.0.0/16"), credentials=[("10.1.0.0/16", one) for one in (*users, *keys)])
    [lane] = here.lanes([stretch("10.1.0.1", "10.1.0.9")])
    assert [one.name for one in lane.credentials] == ["u", "w 2", "a", "b", "a v1", "c", "c v1"]
    assert lane.turns == 14


def test_what_is_known_of_a_host_is_tried_first_whatever_else_is_configured() -> None:
    keys = [key(name) for name in "abcd"]
    here = territory(fenced("10.1.0.0/16"), credentials=[("10.1.0.0/16", one) for one in keys])
    candidate = here.candidate(ip_address("10.1.0.1"), keys[3])
    assert candidate is not None
    assert [one.name for one in candidate.credentials] == ["d", "a", "b"]


def test_a_port_that_prints_is_never_asked() -> None:
    here = territory(fenced("10.1.0.0/16"), credentials=[("10.1.0.0/16", key("public", port=9100))])
    assert here.lanes([stretch("10.1.0.1", "10.1.0.9")]) == []


def test_quiet_hours_do_not_change_the_lanes_but_what_is_allowed() -> None:
    loud = territory(fenced("10.1.0.0/24"))
    quiet = territory(fenced("10.1.0.0/24", quiet="22:00-06:00"))
    [lane], [same] = (here.lanes([stretch("10.1.0.1", "10.1.0.9")]) for here in (loud, quiet))
    assert (lane.order.columns, loud.allows(lane)) == (same.order.columns, True)
    assert not quiet.allows(same)


@pytest.mark.parametrize(
    ("attached", "says"),
    [
        ((ip_network("10.1.0.0/24"),), {"10.1.0.9": True, "10.2.0.9": False, "127.0.0.1": False}),
        (None, {"10.2.0.9": True}),
    ],
)
def test_attached_networks_are_those_of_the_routes_and_all_where_there_are_none(
    attached: tuple[IPNetwork, ...] | None, says: dict[str, bool]
) -> None:
    here = territory(fenced("0.0.0.0/0"), attached=attached)
    assert {text: here.is_attached(ip_address(text)) for text in says} == says
    for text, expected in says.items():
        [lane] = here.lanes([stretch(text, text)])
        assert lane.attached == expected


def test_many_lanes_take_turns_in_small_steps() -> None:
    networks = [fenced(f"10.1.{third}.0/24") for third in range(20)]
    lanes = territory(*networks, rate=20_000).lanes([stretch("10.1.0.0", "10.1.255.255")])
    assert len(lanes) == 20
    assert max(lane.batch for lane in lanes) <= 3


def test_request_ids_are_of_two_octets_and_not_in_a_row_and_belong_to_their_address() -> None:
    [lane] = territory(fenced("10.1.0.0/16")).lanes([stretch("10.1.0.0", "10.1.15.255")])
    lane.begin_turn()
    assert lane.next()
    shots = lane.shots(4096)
    ids = [high << 8 | low for high, low in zip(shots.high, shots.low, strict=True)]
    assert min(ids) >= 128
    assert max(ids) <= 32_767
    assert len(set(ids)) > 3000
    assert sum(after - before == 1 for before, after in pairwise(ids)) < 10
    for place, address in enumerate(addresses_of(shots)):
        position = lane.order.position(address)
        assert position == place
        assert lane.asked_in(position, ids[place]) == 0
        assert lane.asked_in(position, ids[place] ^ 1) is None


def test_an_answer_to_the_first_question_counts_after_the_second_was_sent() -> None:
    [lane] = territory(fenced("10.1.0.0/16")).lanes([stretch("10.1.0.1", "10.1.0.1")])
    ids = []
    for _ in range(2):
        lane.begin_turn()
        shots = lane.shots(1)
        ids.append(shots.high[0] << 8 | shots.low[0])
        lane.turn += 1
    assert [lane.asked_in(0, one) for one in ids] == ([0, 1] if ids[0] != ids[1] else [1, 1])
