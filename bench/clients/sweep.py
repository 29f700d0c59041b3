"""Sweeps a network with the engine; {"net", "port", "rate", "retries", "timeout", "buffer"} come as JSON.

``buffer`` holds the receive buffers of the sockets at so many octets, as the kernel counts them.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

from measuring import Meter, arguments, open_sockets, tell
from ours import community, engine

from pagemeter.root import calm_collector, run_root
from pagemeter.snmp.types import oid

ASKED = (oid("1.3.6.1.2.1.1.1.0"), oid("1.3.6.1.2.1.1.2.0"))


class SmallBuffers:
    """Makes the receive buffers small as soon as there are sockets, again whenever there is progress."""

    def __init__(self, octets: int) -> None:
        self._octets = octets
        self.seen: dict[int, int] = {}

    def hold(self) -> None:
        for descriptor in open_sockets():
            with suppress(OSError), socket.socket(fileno=socket.dup(descriptor)) as held:
                if held.type != socket.SOCK_DGRAM or held.family not in (socket.AF_INET, socket.AF_INET6):
                    continue
                # The kernel doubles what it is given, for its own bookkeeping.
                if held.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) > self._octets:
                    held.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._octets // 2)
                self.seen[descriptor] = held.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)


async def main(given: dict[str, Any]) -> None:
    buffers = SmallBuffers(given["buffer"]) if given.get("buffer") else None
    calls = 0

    def progress(done: int, total: int) -> None:  # noqa: ARG001 - only that there is progress counts
        nonlocal calls
        calls += 1
        if buffers is not None and calls < 50:
            buffers.hold()

    found: set[str | None] = set()
    chosen = {key: given[key] for key in ("rate", "retries", "timeout") if given.get(key) is not None}
    async with engine(given["net"], community(given["port"]), **chosen) as snmp:
        meter = Meter()
        async for responder in snmp.sweep([given["net"]], ASKED, found_by="bench", progress=progress):
            if len(responder.walk) == len(ASKED):
                found.add(responder.target.host)
        measured = meter.read()
    tell(found=len(found), buffers=sorted(buffers.seen.values()) if buffers else [], **measured)


if __name__ == "__main__":
    calm_collector()
    run_root(main(arguments()))
