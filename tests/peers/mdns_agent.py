"""A program that test_mdns.py runs inside a namespace: mdns as the agent runs it, a line of JSON for each result.

The first line of its standard input is JSON: ``settings``, the ``networks`` of the fence, and ``watch``: whether it
serves until that input ends instead of discovering once.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict, dataclass
from typing import Any

from pagemeter.clock import SystemClock
from pagemeter.errors import PluginError
from pagemeter.model import Scope, Target
from pagemeter.testing import FakeServices
from pagemeter_plugins.mdns.discovery import MdnsDiscovery
from pagemeter_plugins.mdns.settings import MdnsSettings


def say(told: object) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


@dataclass(slots=True, kw_only=True)
class Telling(FakeServices):
    def read_soon(self, what: Target | str, scopes: frozenset[Scope], why: str) -> None:
        say({"what": what if isinstance(what, str) else asdict(what), "scopes": sorted(scopes), "why": why})


async def main(order: dict[str, Any]) -> None:
    services = Telling(clock=SystemClock(), networks=tuple(order["networks"]))
    try:
        async with MdnsDiscovery(MdnsSettings.model_validate(order["settings"]), services) as discovery:
            if order.get("watch"):
                await watch(discovery)
            else:
                async for found in discovery.discover({}):
                    assert isinstance(found, Target)
                    say(asdict(found))
    except PluginError as error:
        say({"error": str(error)})
    left = [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    say({"tasks left": left})


async def watch(discovery: MdnsDiscovery) -> None:
    served = asyncio.create_task(discovery.serve())
    await asyncio.to_thread(sys.stdin.read)
    served.cancel()
    await asyncio.wait({served})


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.stdin.readline())))
