"""What the tests of gateways and broadcasts run inside of a network namespace; prints JSON.

``gateway FENCE COMMUNITY``, ``broadcast NETWORK PORT`` (``-`` for 255.255.255.255) or ``respond ADDRESS ...``.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import sys
from dataclasses import asdict, replace
from ipaddress import ip_network

from pydantic import SecretStr

from pagemeter.clock import SystemClock
from pagemeter.errors import PagemeterError
from pagemeter.model import Segment
from pagemeter.net.budget import Budget
from pagemeter.net.credentials import Credentials, NetworkCredential, SnmpCredential, SnmpVersion
from pagemeter.net.fence import Fence, FencedNetwork
from pagemeter.net.routes import gateways, own_routes
from pagemeter.snmp.codec import PduType, decode, encode
from pagemeter.snmp.engine import SnmpEngine
from pagemeter.snmp.types import Tag, VarBind, dotted, oid
from pagemeter.testing import FakeServices
from pagemeter_plugins.gateway.discovery import GatewayDiscovery
from pagemeter_plugins.gateway.settings import GatewaySettings

LAN = ip_network("10.60.0.0/24")
SYS_OBJECT_ID = oid("1.3.6.1.2.1.1.2.0")
RESPONDER_PORT = 1161
MADE_UP = oid("1.3.6.1.4.1.99999.7")


def engine(fence: str, *credentials: tuple[str, str, int]) -> SnmpEngine:
    """An engine with a fence of one network and communities: each with its network and its port."""
    clock = SystemClock()
    made = [
        NetworkCredential(
            networks=(ip_network(network),),
            snmp=SnmpCredential(name=name, version=SnmpVersion.V2C, community=SecretStr(name), port=port),
        )
        for name, network, port in credentials
    ]
    return SnmpEngine(
        fence=Fence([FencedNetwork(network=ip_network(fence))]),
        budget=Budget(clock, 500),
        credentials=Credentials(made),
        clock=clock,
        timeout=1.0,
    )


async def gateway(fence: str, community: str) -> object:
    """List the segments; also the gateways of this host, and what was logged."""
    said: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign] # a list is enough
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    async with engine(fence, (community, "10.60.0.0/24", 161)) as snmp:
        discovery = GatewayDiscovery(GatewaySettings(), FakeServices(snmp=snmp))
        segments = [asdict(one) async for one in discovery.discover({}) if isinstance(one, Segment)]
    return {"gateways": [str(one) for one in gateways(own_routes())], "segments": segments, "said": said}


async def broadcast(network: str, port: int) -> object:
    """Ask with three communities, of which only one may be sent to the whole segment; print who answered."""
    credentials = [
        ("half", "10.60.0.0/25", port),
        ("public", "10.60.0.0/24", port),
        ("elsewhere", "10.61.0.0/16", port),
    ]
    try:
        async with engine(str(LAN), *credentials) as snmp:
            stream = snmp.broadcast(
                None if network == "-" else network, SYS_OBJECT_ID, found_by="broadcast", seconds=1.5
            )
            return {one.target.host: dotted(one.walk.oid(SYS_OBJECT_ID) or ()) async for one in stream}
    except PagemeterError as error:
        return {"error": str(error)}


def respond(*addresses: str) -> None:
    """Hear all broadcasts, print each one's community and answer it from every one of the addresses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("0.0.0.0", RESPONDER_PORT))  # noqa: S104 - broadcasts come to the wildcard address only
        mouths = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in addresses]
        for mouth, address in zip(mouths, addresses, strict=True):
            mouth.bind((address, 0))
        print("ready", flush=True)  # noqa: T201 - the test waits for it
        while True:
            data, sender = ear.recvfrom(65_535)
            question = decode(data)
            print(question.community.decode(), flush=True)  # noqa: T201 - the test reads it
            row = VarBind(SYS_OBJECT_ID, Tag.OBJECT_IDENTIFIER, MADE_UP)
            for mouth in mouths:
                mouth.sendto(encode(replace(question, pdu=PduType.RESPONSE, rows=(row,))), sender)


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command == "respond":
        respond(*rest)
    elif command == "gateway":
        print(json.dumps(asyncio.run(gateway(*rest))))  # noqa: T201 - the test reads it
    else:
        print(json.dumps(asyncio.run(broadcast(rest[0], int(rest[1])))))  # noqa: T201 - the test reads it
