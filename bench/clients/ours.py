"""The engine as the measured programs use it: one network, one community, and a budget that may be endless."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, ip_network

from pydantic import SecretStr

from pagemeter.clock import SystemClock
from pagemeter.model import Target
from pagemeter.net.budget import Budget
from pagemeter.net.credentials import Credentials, NetworkCredential, SnmpCredential, SnmpVersion
from pagemeter.net.fence import Fence, FencedNetwork
from pagemeter.snmp.engine import SnmpEngine

ENDLESS = 1e9
"""Packets a second that no machine sends: nothing is paced."""


def community(port: int) -> SnmpCredential:
    return SnmpCredential(name="bench", version=SnmpVersion.V2C, community=SecretStr("public"), port=port)


def engine(
    net: str,
    credential: SnmpCredential,
    *,
    rate: float | None = None,
    timeout: float = 2.0,
    retries: int = 1,
    known: bool = False,
) -> SnmpEngine:
    """Make an engine that may ask one network; ``rate`` in packets a second, none for as fast as it can.

    Where all devices are ``known`` the credential was taken by them before.
    """
    network = loopback(net)
    clock = SystemClock()
    return SnmpEngine(
        fence=Fence([FencedNetwork(network=network)]),
        budget=Budget(clock, rate or ENDLESS),
        credentials=Credentials([NetworkCredential(networks=(network,), snmp=credential)]),
        clock=clock,
        timeout=timeout,
        retries=retries,
        recall=lambda _: {"credential": credential.name} if known else {},
    )


def target(address: object, port: int) -> Target:
    return Target(uri=f"snmp://{address}:{port}", found_by="bench")


def loopback(net: str) -> IPv4Network:
    network = ip_network(net)
    if not isinstance(network, IPv4Network) or not network.subnet_of(IPv4Network("127.0.0.0/8")):
        raise SystemExit(f"{net} is not inside 127.0.0.0/8")
    return network


def answering(net: str, every: int, count: int) -> Iterable[str]:
    """Name the first addresses that the simulator answers for: each ``every``-th, the first and last left out."""
    network = loopback(net)
    places = range(1, network.num_addresses - 1, every)
    return [str(network[place]) for place in places[:count]]
