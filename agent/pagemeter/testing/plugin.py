"""pytest fixtures for authors of plugins: ``pytest_plugins = ["pagemeter.testing.plugin"]`` in a conftest."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from typing import TypeAlias

import pytest

from pagemeter.simulator import Behaviour, SimulatedDevice, Simulator, load_device, load_fleet
from pagemeter.snmp.types import Walk

SimulatedPrinter: TypeAlias = Callable[..., Simulator]

_PRINTER = "kyocera-ecosys-m9140cidn"


@pytest.fixture
def free_udp_port() -> int:
    """Return a UDP port of 127.0.0.1 that was free a moment ago."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def simulated_printer() -> SimulatedPrinter:
    """Return a function that makes a simulator of one printer at a free port of 127.0.0.1.

    It takes the name of a folder of the fleet or a Walk, and a Behaviour: ``async with simulated_printer("oki-c9990dn",
    Behaviour(drop=2)) as simulator: simulator.places[0].port``. For clients that block: ``with in_background(...)``.
    """

    def build(device: str | Walk = _PRINTER, behaviour: Behaviour | None = None) -> Simulator:
        if isinstance(device, str):
            simulated = load_device(device).simulated(behaviour)
        else:
            simulated = SimulatedDevice(device, behaviour if behaviour is not None else Behaviour())
        return Simulator([("127.0.0.1", 0, simulated)])

    return build


@pytest.fixture
def simulated_fleet() -> Callable[..., Simulator]:
    """Return a function that makes a simulator of the fleet, or of the devices that are named.

    Each stands at a free port of its own of 127.0.0.1, in the order of their names.
    """

    def build(names: Sequence[str] = ()) -> Simulator:
        fleet = [device for device in load_fleet() if not names or device.name in names]
        return Simulator([("127.0.0.1", 0, device.simulated()) for device in fleet])

    return build
