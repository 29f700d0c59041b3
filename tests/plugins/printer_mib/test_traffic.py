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


async def visited(device: FleetDevice, version: SnmpVersion) -> tuple[Counted, Counted]:
    """Read everything of a device over the engine of the agent, then a third time: what the two visits needed."""
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
        first = await reader.read(target, Ask(scopes=SCOPES))
        assert isinstance(first, Answer)
        assert first.memory is not None
        told, later = replace_counts(counted), Ask(scopes=SCOPES, memory=first.memory)
        await reader.read(target, later)
        replace_counts(counted)
        last = await reader.read(target, later)
        assert isinstance(last, Answer)
        assert last.memory is None
    return told, replace_counts(counted)


def replace_counts(device: Counted) -> Counted:
    """Return the counts of a device, which begin anew."""
    counts = Counted(Walk(()))
    counts.packets, counts.octets = device.packets, device.octets
    device.packets = device.octets = 0
    return counts


def promised() -> tuple[Traffic, Traffic]:
    again, first = PrinterMibReader(PrinterMibSettings(), FakeServices(folder=Path())).traffic()
    return again, first


@pytest.mark.parametrize("version", [SnmpVersion.V1, SnmpVersion.V2C])
async def test_no_device_of_the_fleet_needs_more_than_was_promised_and_the_neediest_nearly_that(
    version: SnmpVersion,
) -> None:
    counted = await asyncio.gather(*(visited(device, version) for device in PRINTERS))
    again, first = promised()
    for promise, visits in ((first, [one for one, _ in counted]), (again, [other for _, other in counted])):
        packets, octets = max(one.packets for one in visits), max(one.octets for one in visits)
        assert promise.packets is not None
        assert promise.octets is not None
        assert packets <= promise.packets
        assert octets <= promise.octets
        if version is SnmpVersion.V1:
            assert packets > 0.7 * promise.packets
            assert octets > 0.7 * promise.octets


async def test_a_known_device_is_read_in_two_packets_or_three() -> None:
    counted = await asyncio.gather(*(visited(device, SnmpVersion.V2C) for device in PRINTERS))
    questions = [again.packets // 2 for _, again in counted]
    assert max(questions) <= 3
    assert sum(questions) / len(questions) < 2.5
