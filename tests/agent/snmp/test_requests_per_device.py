"""How many requests one device has to answer at once: as many as its network says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_network
from typing import cast

import pytest
from pydantic import SecretStr

from pagemeter.clock import SystemClock
from pagemeter.model import Target
from pagemeter.net.budget import Budget
from pagemeter.net.credentials import Credentials, NetworkCredential, SnmpCredential, SnmpVersion
from pagemeter.net.fence import Fence, FencedNetwork
from pagemeter.simulator import load_device
from pagemeter.snmp import oid
from pagemeter.snmp.engine import SnmpEngine

NETWORK = ip_network("127.45.0.0/24")
ADDRESS = "127.45.0.1"
SYS_DESCR = oid("1.3.6.1.2.1.1.1.0")


class Holding(asyncio.DatagramProtocol):
    """A device that answers when it is told to."""

    def __init__(self) -> None:
        self._device = load_device("kyocera-ecosys-m9140cidn").simulated()
        self.held: list[tuple[bytes, tuple[str, int]]] = []
        self.most = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)
        self.port: int = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.held.append((data, addr))
        self.most = max(self.most, len(self.held))

    def answer(self) -> None:
        """Answer the oldest request, if there is one."""
        if self.held:
            data, addr = self.held.pop(0)
            self.transport.sendto(self._device.answer(data) or b"", addr)


@pytest.fixture
async def device() -> AsyncIterator[Holding]:
    transport, holding = await asyncio.get_running_loop().create_datagram_endpoint(Holding, local_addr=(ADDRESS, 0))
    yield holding
    transport.close()


def engine_for(port: int, requests_per_device: int | None) -> SnmpEngine:
    clock = SystemClock()
    credential = SnmpCredential(name="v2c", version=SnmpVersion.V2C, community=SecretStr("public"), port=port)
    return SnmpEngine(
        fence=Fence([FencedNetwork(network=NETWORK, requests_per_device=requests_per_device)]),
        budget=Budget(clock, 10_000),
        credentials=Credentials([NetworkCredential(networks=(NETWORK,), snmp=credential)]),
        clock=clock,
        timeout=20,
    )


@pytest.mark.parametrize(("setting", "most"), [(None, 1), (1, 1), (3, 3)])
async def test_a_device_gets_no_more_requests_at_once_than_its_network_says(
    device: Holding, setting: int | None, most: int
) -> None:
    # A discovery names its usual port, a list does not: it is one device.
    uris = (f"host://{ADDRESS}", f"snmp://{ADDRESS}:{device.port}")
    async with engine_for(device.port, setting) as engine:
        targets = [Target(uri=uri, found_by="test") for uri in uris * 3]
        tasks = [asyncio.create_task(engine.get(target, (SYS_DESCR,))) for target in targets]
        while not all(task.done() for task in tasks):
            # Long enough for whoever may send to have sent.
            await asyncio.sleep(0.02)
            device.answer()
    assert device.most == most
    assert all(SYS_DESCR in {row.oid for row in task.result()} for task in tasks)
