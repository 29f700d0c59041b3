"""What a question costs in memory while it is not answered; {"net", "port", "count", "how"} come as JSON.

``sweep``: asked by a sweep whose addresses stay silent. ``request``: each a question of the exchange, with what waits
for its answer. ``read``: each the first read of a device, with the coroutines above the question and what the engine
keeps of the device for good; ``later``: the same of devices whose credential is known. The tasks, the targets and the
questions are there before and are not counted.
"""

from __future__ import annotations

import asyncio
import tracemalloc
from contextlib import suppress
from typing import Any

from measuring import arguments, tell
from ours import community, engine, loopback, target

from pagemeter.errors import DeviceError
from pagemeter.root import calm_collector, run_root
from pagemeter.snmp.codec import V2C, PduType, question
from pagemeter.snmp.engine import SnmpEngine
from pagemeter.snmp.exchange import Exchange
from pagemeter.snmp.types import oid

ASKED = (oid("1.3.6.1.2.1.1.2.0"),)
SILENCE = 6.0


async def by_sweep(snmp: SnmpEngine, given: dict[str, Any], gate: asyncio.Event) -> None:
    await gate.wait()
    async for _ in snmp.sweep([given["net"]], ASKED, found_by="bench"):
        pass


async def by_read(snmp: SnmpEngine, given: dict[str, Any], gate: asyncio.Event) -> None:
    network, port = loopback(given["net"]), given["port"]

    async def ask(place: int) -> None:
        one = target(network[place], port)
        await gate.wait()
        with suppress(DeviceError):
            await snmp.get(one, ASKED)

    async with asyncio.TaskGroup() as group:
        for place in range(1, given["count"] + 1):
            group.create_task(ask(place))


async def by_request(exchange: Exchange, given: dict[str, Any], gate: asyncio.Event) -> None:
    network, port = loopback(given["net"]), given["port"]
    asked = question(V2C, b"public", PduType.GET, ASKED)

    async def ask(place: int) -> None:
        address = network[place]
        await gate.wait()
        with suppress(TimeoutError):
            ticket = exchange.ask((str(address), port), asked, timeout=SILENCE)
            await ticket

    async with asyncio.TaskGroup() as group:
        for place in range(1, given["count"] + 1):
            group.create_task(ask(place))


async def main(given: dict[str, Any]) -> None:
    """Ask silent addresses, let all be asked, and see how much more is held than before."""
    tracemalloc.start()
    asking = engine(given["net"], community(given["port"]), timeout=SILENCE, retries=0, known=given["how"] == "later")
    async with asking as snmp, Exchange() as exchange:
        gate = asyncio.Event()
        ways = {"sweep": by_sweep(snmp, given, gate), "read": by_read(snmp, given, gate)}
        ways["later"] = by_read(snmp, given, gate)
        ways["request"] = by_request(exchange, given, gate)
        work = asyncio.create_task(ways.pop(given["how"]))
        for other in ways.values():
            other.close()
        await asyncio.sleep(1)
        before, _ = tracemalloc.get_traced_memory()
        gate.set()
        await asyncio.sleep(SILENCE * 0.75)
        now, _ = tracemalloc.get_traced_memory()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
    tell(octets=(now - before) / given["count"])


if __name__ == "__main__":
    calm_collector()
    run_root(main(arguments()))
