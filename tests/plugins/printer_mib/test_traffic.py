"""What `plan` promises of a visit is what the simulated fleet needs, question by question and octet by octet."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import SecretStr

from pagemeter.clock import SystemClock
from pagemeter.component import Answer, Ask, Traffic
from pagemeter.model import Target
from pagemeter.net.budget import Budget
from pagemeter.net.credentials import Credentials, NetworkCredential, SnmpCredential, SnmpVersion
from pagemeter.net.fence import Fence, FencedNetwork
from pagemeter.simulator import FleetDevice, Simulator, load_fleet
from pagemeter.simulator.behaviour import WELL_BEHAVED, Behaviour
from pagemeter.simulator.device import SimulatedDevice
from pagemeter.snmp.engine import SnmpEngine
from pagemeter.snmp.types import Walk
from pagemeter.testing import FakeServices
from pagemeter_plugins.printer_mib.printer_mib import SCOPES
from pagemeter_plugins.printer_mib.reader import PrinterMibReader
from pagemeter_plugins.printer_mib.settings import PrinterMibSettings

LOOPBACK = ip_network("127.0.0.0/8")
HEADERS = 20 + 8  # of IPv4 and UDP
PRINTERS = tuple(device for device in load_fleet() if device.expected["printer"])


class Counted(SimulatedDevice):
    """A device that counts packets and octets, both ways."""

    def __init__(self, walk: Walk, behaviour: Behaviour = WELL_BEHAVED) -> None:
        super().__init__(walk, behaviour)
        self.packets = self.octets = 0

    def answer(self, datagram: bytes) -> bytes | None:
        answer = super().answer(datagram)
        for packet in (datagram, answer):
            self.packets += packet is not None
            self.octets += 0 if packet is None else HEADERS + len(packet)
        return answer


async def visited(device: FleetDevice, version: SnmpVersion) -> Counted:
    """Read everything of a device over the engine of the agent."""
    clock = SystemClock()
    behaviour = replace(WELL_BEHAVED, largest=device.behaviour.largest)
    counted = Counted(device.walk, behaviour)
    credential = SnmpCredential(name="test", version=version, community=SecretStr(behaviour.community))
    engine = SnmpEngine(
        fence=Fence([FencedNetwork(network=LOOPBACK)]),
        budget=Budget(clock, 100_000),
        credentials=Credentials([NetworkCredential(networks=(LOOPBACK,), snmp=credential)]),
        clock=clock,
        timeout=10.0,
    )
    async with Simulator([("127.0.0.1", 0, counted)]) as simulator, engine:
        reader = PrinterMibReader(PrinterMibSettings(), FakeServices(snmp=engine))
        target = Target(uri=f"snmp://127.0.0.1:{simulator.places[0].port}", found_by="test")
        assert isinstance(await reader.read(target, Ask(scopes=SCOPES)), Answer)
    return counted


def promised() -> Traffic:
    [traffic] = PrinterMibReader(PrinterMibSettings(), FakeServices(folder=Path())).traffic()
    return traffic


@pytest.mark.parametrize("version", [SnmpVersion.V1, SnmpVersion.V2C])
async def test_no_device_of_the_fleet_needs_more_than_was_promised_and_the_neediest_nearly_that(
    version: SnmpVersion,
) -> None:
    counted = await asyncio.gather(*(visited(device, version) for device in PRINTERS))
    packets, octets = max(one.packets for one in counted), max(one.octets for one in counted)
    promise = promised()
    assert promise.packets is not None
    assert promise.octets is not None
    assert packets <= promise.packets
    assert octets <= promise.octets
    if version is SnmpVersion.V1:
        assert packets > 0.7 * promise.packets
        assert octets > 0.7 * promise.octets
