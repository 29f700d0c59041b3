"""A program that test_mdns.py runs inside a namespace: announces services until its standard input ends.

The first line of that is JSON: ``address``, its own, and ``services``: type, name, port, ``txt`` in hex, and the
addresses that it claims to have. ``garbage`` are datagrams in hex that go to the group beside.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from typing import Any

from zeroconf import ServiceInfo
from zeroconf.asyncio import AsyncZeroconf


async def throw(datagrams: list[str]) -> None:
    """Send them to the IPv4 group again and again, for half a minute."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thrower:
        for _ in range(60):
            for datagram in datagrams:
                thrower.sendto(bytes.fromhex(datagram), ("224.0.0.251", 5353))
            await asyncio.sleep(0.5)


async def main(order: dict[str, Any]) -> None:
    throwing = asyncio.create_task(throw(order["garbage"]))
    zeroconf = AsyncZeroconf(interfaces=[order["address"]])
    for number, service in enumerate(order["services"]):
        kind = f"{service['type']}.local."
        info = ServiceInfo(
            kind,
            f"{service['name']}.{kind}",
            port=service["port"],
            properties=bytes.fromhex(service["txt"]),
            server=f"host{number}.local.",
            parsed_addresses=service["addresses"],
        )
        await (await zeroconf.async_register_service(info, strict=False))
    sys.stdout.write("announced\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    throwing.cancel()
    await zeroconf.async_close()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.stdin.readline())))
