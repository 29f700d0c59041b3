"""What the agent hands to a component."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from pagemeter.net.fence import Fence, FencedNetwork
from pagemeter.progress import nobody
from pagemeter.services import AgentServices
from pagemeter.testing import FakeServices

MIDNIGHT = datetime(2025, 1, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("10.0.0.7", True),
        ("::ffff:10.0.0.7", True),
        ("10.0.0.1", False),
        ("10.0.1.7", False),
        ("10.0.2.7", True),
        ("fe80::7%2", True),
        ("printer.example", False),
        ("", False),
    ],
)
def test_a_component_may_ask_whether_an_address_is_inside_the_fence(address: str, allowed: bool) -> None:
    networks = [FencedNetwork(network=ip_network(text)) for text in ("10.0.0.0/24", "fe80::/10")]
    # Where hours are quiet an address is inside all the same: the visit is put off, not forbidden.
    networks.append(FencedNetwork(network=ip_network("10.0.2.0/24"), quiet="22:00-06:00"))
    fence = Fence(networks, never=(ip_address("10.0.0.1"),), local_time=lambda: MIDNIGHT)
    fake = FakeServices()
    services = AgentServices(
        name="mdns",
        snmp=fake.snmp,
        ipp=fake.ipp,
        fence=fence,
        clock=fake.clock,
        folder=Path(),
        ask=fake.read_soon,
        watcher=nobody,
    )
    assert services.allows(address) is allowed


def test_the_fence_of_a_test_is_open_until_it_is_closed() -> None:
    assert FakeServices().allows("192.0.2.7")
    closed = FakeServices(networks=("10.0.0.0/24",))
    assert (closed.allows("10.0.0.7"), closed.allows("10.0.1.7"), closed.allows("nobody")) == (True, False, False)
