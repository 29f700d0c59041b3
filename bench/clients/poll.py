"""Walks the same subtrees of many devices with the engine, twice.

{"net", "port", "every", "devices", "at_once", "roots", "values", "rounds"} come as JSON; ``values`` is what each device
has below the roots.
"""

from __future__ import annotations

import asyncio
from typing import Any

from measuring import Meter, arguments, tell
from ours import answering, community, engine, target

from pagemeter.errors import DeviceError
from pagemeter.root import calm_collector, run_root
from pagemeter.snmp.types import oid


async def main(given: dict[str, Any]) -> None:
    roots = tuple(oid(root) for root in given["roots"])
    port = given["port"]
    targets = [target(address, port) for address in answering(given["net"], given["every"], given["devices"])]
    seats = asyncio.Semaphore(given["at_once"])
    rounds = []
    async with engine(given["net"], community(port)) as snmp:

        async def read(one: Any) -> int:
            async with seats:
                try:
                    return len(await snmp.walk(one, roots))
                except DeviceError:
                    return 0

        for _ in range(given["rounds"]):
            meter = Meter()
            values = await asyncio.gather(*(read(one) for one in targets))
            lost = sum(max(0, given["values"] - value) for value in values)
            rounds.append({"values": sum(values), "lost": lost, **meter.read()})
    tell(devices=len(targets), rounds=rounds)


if __name__ == "__main__":
    calm_collector()
    run_root(main(arguments()))
