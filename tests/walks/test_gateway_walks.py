"""Routing and address tables of real devices, published by others: none of their odd indexes is passed over."""

from __future__ import annotations

from ipaddress import IPv4Network, ip_address
from pathlib import Path

import pytest

from pagemeter.model import Target
from pagemeter.snmp.recording import read_recording
from pagemeter.snmp.types import Oid
from pagemeter.testing import RecordedSnmp
from pagemeter_plugins.gateway import mib
from pagemeter_plugins.gateway.indexes import decode_cidr_route, decode_inet_route
from pagemeter_plugins.gateway.router import read_router
from pagemeter_plugins.gateway.segments import segments

pytestmark = pytest.mark.walks

WALKS = Path(__file__).resolve().parents[2] / "../shared/walks"
each_recording = pytest.mark.parametrize("path", sorted(WALKS.glob("*.snmprec")), ids=lambda path: path.stem)

MASKS = "1.3.6.1.2.1.4.20.1.3."
PRIVATE = [IPv4Network(network) for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")]


@each_recording
def test_the_index_of_each_route_is_read(path: Path) -> None:
    walk = read_recording(path)
    odd: list[Oid] = []
    for column, decode in (
        (mib.INET_CIDR_ROUTE_TYPE, decode_inet_route),
        (mib.IP_CIDR_ROUTE_TYPE, decode_cidr_route),
    ):
        for index in walk.column(column):
            try:
                decode(index)
            except ValueError:
                odd.append(index)
    assert odd == []


def written_masks(path: Path) -> dict[str, IPv4Network]:
    """The networks of ipAddrTable by address, from the text itself."""
    found: dict[str, IPv4Network] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith(MASKS):
            name, _, mask = line.split("|")
            address = name.removeprefix(MASKS)
            found[address] = IPv4Network((address, mask), strict=False)
    return found


@each_recording
async def test_the_networks_of_its_own_addresses_are_listed(path: Path) -> None:
    expected = {
        str(network)
        for address, network in written_masks(path).items()
        if network.prefixlen < 32 and any(ip_address(address) in private for private in PRIVATE)
    }
    snmp = RecordedSnmp({"10.0.0.1": read_recording(path)})
    router = await read_router(snmp, Target(uri="host://10.0.0.1", found_by="test"), most_routes=2000)
    down = {number for number, interface in router.interfaces.items() if not interface.alive}
    dead = {str(one.network) for one in router.addresses if one.interface in down}
    listed = {one.network for one in segments([router], ())}
    assert expected - dead <= listed
    assert all(any(IPv4Network(one).subnet_of(private) for private in PRIVATE) for one in listed if ":" not in one)
