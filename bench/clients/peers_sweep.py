"""Asks each address once with pysnmp; {"client", "net", "port", "addresses", "at_once"} come as JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from ipaddress import ip_network
from typing import Any

from measuring import Meter, arguments, tell

Ask = Callable[[str], Awaitable[bool]]


def pysnmp_v3arch(port: int) -> Ask:
    from pysnmp.hlapi.v3arch import asyncio as snmp

    engine, who, context = snmp.SnmpEngine(), snmp.CommunityData("public", mpModel=1), snmp.ContextData()

    async def ask(address: str) -> bool:
        place = await snmp.UdpTransportTarget.create((address, port), timeout=1, retries=0)
        asked = [snmp.ObjectType(snmp.ObjectIdentity(f"1.3.6.1.2.1.1.{number}.0")) for number in (1, 2)]
        error, status, _, found = await snmp.get_cmd(engine, who, place, context, *asked, lookupMib=False)
        return not error and not status and len(found) == len(asked)

    return ask


def pysnmp_v1arch(port: int) -> Ask:
    from pysnmp.hlapi.v1arch import asyncio as snmp

    dispatcher, who = snmp.SnmpDispatcher(), snmp.CommunityData("public", mpModel=1)

    async def ask(address: str) -> bool:
        place = await snmp.UdpTransportTarget.create((address, port), timeout=1, retries=0)
        asked = [snmp.ObjectType(snmp.ObjectIdentity(f"1.3.6.1.2.1.1.{number}.0")) for number in (1, 2)]
        error, status, _, found = await snmp.get_cmd(dispatcher, who, place, *asked, lookupMib=False)
        return not error and not status and len(found) == len(asked)

    return ask


CLIENTS = {made.__name__: made for made in (pysnmp_v3arch, pysnmp_v1arch)}


async def main(given: dict[str, Any]) -> None:
    ask = CLIENTS[given["client"]](given["port"])
    network = ip_network(given["net"])
    seats = asyncio.Semaphore(given["at_once"])

    async def one(place: int) -> bool:
        async with seats:
            return await ask(str(network[place]))

    await one(1)
    meter = Meter()
    found = await asyncio.gather(*(one(place) for place in range(1, given["addresses"] + 1)))
    tell(addresses=len(found), found=sum(found), **meter.read())


if __name__ == "__main__":
    asyncio.run(main(arguments()))
