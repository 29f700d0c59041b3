"""Walks the same subtrees of many devices with another library, each in the way that its own pages show.

{"client", "net", "port", "every", "devices", "at_once", "repetitions", "roots", "values"} come as JSON; runs in the
environment of the peers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from ipaddress import ip_network
from typing import Any

from measuring import Meter, arguments, tell

Read = Callable[[str], Awaitable[int]]


def pysnmp_v3arch(given: dict[str, Any]) -> Read:
    from pysnmp.hlapi.v3arch import asyncio as snmp

    engine, who, context = snmp.SnmpEngine(), snmp.CommunityData("public", mpModel=1), snmp.ContextData()

    async def read(address: str) -> int:
        values = 0
        place = await snmp.UdpTransportTarget.create((address, given["port"]), timeout=2, retries=1)
        for root in given["roots"]:
            rows = snmp.bulk_walk_cmd(
                *(engine, who, place, context, 0, given["repetitions"], snmp.ObjectType(snmp.ObjectIdentity(root))),
                lookupMib=False,
                lexicographicMode=False,
            )
            async for error, status, _, found in rows:
                values += len(found) if not error and not status else 0
        return values

    return read


def pysnmp_v1arch(given: dict[str, Any]) -> Read:
    from pysnmp.hlapi.v1arch import asyncio as snmp

    dispatcher, who = snmp.SnmpDispatcher(), snmp.CommunityData("public", mpModel=1)

    async def read(address: str) -> int:
        values = 0
        place = await snmp.UdpTransportTarget.create((address, given["port"]), timeout=2, retries=1)
        for root in given["roots"]:
            rows = snmp.bulk_walk_cmd(
                *(dispatcher, who, place, 0, given["repetitions"], snmp.ObjectType(snmp.ObjectIdentity(root))),
                lookupMib=False,
                lexicographicMode=False,
            )
            async for error, status, _, found in rows:
                values += len(found) if not error and not status else 0
        return values

    return read


def gufo_async(given: dict[str, Any]) -> Read:
    from gufo.snmp.aio import SnmpSession

    async def read(address: str) -> int:
        values = 0
        async with SnmpSession(address, port=given["port"], timeout=2, max_repetitions=given["repetitions"]) as session:
            for root in given["roots"]:
                async for _ in session.getbulk(root):
                    values += 1
        return values

    return read


def gufo_sync(given: dict[str, Any]) -> Read:
    from gufo.snmp.sync import SnmpSession

    async def read(address: str) -> int:
        with SnmpSession(address, port=given["port"], timeout=2, max_repetitions=given["repetitions"]) as session:
            return sum(1 for root in given["roots"] for _ in session.getbulk(root))

    return read


def aiosnmp(given: dict[str, Any]) -> Read:
    from aiosnmp import Snmp

    async def read(address: str) -> int:
        values = 0
        async with Snmp(
            host=address, port=given["port"], timeout=2, retries=2, max_repetitions=given["repetitions"]
        ) as session:
            for root in given["roots"]:
                values += len(await session.bulk_walk(root))
        return values

    return read


def puresnmp(given: dict[str, Any]) -> Read:
    from puresnmp import V2C, Client, PyWrapper

    async def read(address: str) -> int:
        client = PyWrapper(Client(address, V2C("public"), port=given["port"]))
        values = 0
        for root in given["roots"]:
            async for _ in client.bulkwalk([root], bulk_size=given["repetitions"]):
                values += 1
        return values

    return read


CLIENTS = {made.__name__: made for made in (pysnmp_v3arch, pysnmp_v1arch, gufo_async, gufo_sync, aiosnmp, puresnmp)}


async def main(given: dict[str, Any]) -> None:
    read = CLIENTS[given["client"]](given)
    network = ip_network(given["net"])
    addresses = [str(network[1 + place * given["every"]]) for place in range(given["devices"])]
    seats = asyncio.Semaphore(given["at_once"])

    async def one(address: str) -> int:
        async with seats:
            try:
                return await read(address)
            except Exception:  # noqa: BLE001 - libraries raise what they like; what is not read counts as lost
                return 0

    await one(addresses[0])
    meter = Meter()
    values = await asyncio.gather(*(one(address) for address in addresses))
    lost = sum(max(0, given["values"] - value) for value in values)
    tell(devices=len(addresses), values=sum(values), lost=lost, **meter.read())


if __name__ == "__main__":
    asyncio.run(main(arguments()))
