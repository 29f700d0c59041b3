"""``python -m pagemeter.simulator``: serve the fleet until it is interrupted."""

from __future__ import annotations

import argparse
import asyncio
import sys

from pagemeter.simulator.fleet import DEMO_NETWORK, DEMO_PORT, load_fleet, place_fleet
from pagemeter.simulator.server import Simulator


def main() -> None:
    """Serve the fleet, one line a device on the standard output when all answer."""
    parser = argparse.ArgumentParser(prog="python -m pagemeter.simulator", description="Serve the simulated fleet.")
    parser.add_argument("--network", default=DEMO_NETWORK, help="a loopback network, an address a device")
    parser.add_argument("--port", type=int, default=DEMO_PORT, help="the UDP port of each device")
    given = parser.parse_args()
    try:
        asyncio.run(_serve(given.network, given.port))
    except KeyboardInterrupt:
        sys.exit(130)
    except (OSError, ValueError) as error:
        sys.exit(f"The fleet can't be served: {error}")


async def _serve(network: str, port: int) -> None:
    fleet = load_fleet()
    async with Simulator(place_fleet(fleet, network, port)) as simulator:
        for place, device in zip(simulator.places, fleet, strict=True):
            sys.stdout.write(f"{place.address}:{place.port} {device.name}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    main()
