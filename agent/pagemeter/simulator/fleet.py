"""The fleet that ships with Pagemeter: invented devices, a folder each."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from ipaddress import IPv4Network
from itertools import islice
from typing import Any

import yaml

from pagemeter.simulator.behaviour import WELL_BEHAVED, Behaviour
from pagemeter.simulator.device import SimulatedDevice
from pagemeter.snmp.recording import parse_recording
from pagemeter.snmp.types import Walk

DEMO_NETWORK = "127.30.0.0/24"
DEMO_PORT = 16161


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetDevice:
    """A folder of the fleet; ``expected`` is what a reader should find, as decided before the rows were written."""

    name: str
    folder: Traversable
    walk: Walk
    behaviour: Behaviour
    expected: Mapping[str, Any]

    def simulated(self, behaviour: Behaviour | None = None) -> SimulatedDevice:
        """Make a device of it, with its own behaviour unless another is given."""
        return SimulatedDevice(self.walk, behaviour if behaviour is not None else self.behaviour)


def load_fleet() -> tuple[FleetDevice, ...]:
    """Load every device of the fleet, sorted by name; works from an installed wheel too."""
    root = files("pagemeter.simulator").joinpath("fleet")
    return tuple(_load(folder) for folder in sorted(root.iterdir(), key=lambda entry: entry.name) if folder.is_dir())


def load_device(name: str) -> FleetDevice:
    """Load the device in the folder ``name``; raises KeyError where there is none."""
    folder = files("pagemeter.simulator").joinpath("fleet", name)
    if not folder.is_dir():
        raise KeyError(name)
    return _load(folder)


def place_fleet(
    fleet: Sequence[FleetDevice], network: str = DEMO_NETWORK, port: int = DEMO_PORT
) -> tuple[tuple[str, int, SimulatedDevice], ...]:
    """Give each device an address of ``network`` and the same port.

    Where the system binds only 127.0.0.1 (macOS), all stand there, each at a port of its own from ``port`` on.
    Raises ValueError for a network that is too small.
    """
    if not has_loopback(network):
        return tuple(("127.0.0.1", port + place, device.simulated()) for place, device in enumerate(fleet))
    addresses = [str(address) for address in islice(IPv4Network(network).hosts(), len(fleet))]
    if len(addresses) < len(fleet):
        raise ValueError(f"{network} has {len(addresses)} addresses for {len(fleet)} devices")
    return tuple((address, port, device.simulated()) for address, device in zip(addresses, fleet, strict=True))


def has_loopback(network: str) -> bool:
    """Say whether this system binds addresses of that loopback network, by trying."""
    address = str(next(IPv4Network(network).hosts()))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as attempt:
        try:
            attempt.bind((address, 0))
        except OSError:
            return False
    return True


def _load(folder: Traversable) -> FleetDevice:
    recording = folder.joinpath("snmp.snmprec").read_text(encoding="utf-8")
    behaviour = folder.joinpath("device.yaml")
    given = yaml.safe_load(behaviour.read_text(encoding="utf-8")) if behaviour.is_file() else None
    return FleetDevice(
        name=folder.name,
        folder=folder,
        walk=Walk(parse_recording(recording, name=f"{folder.name}/snmp.snmprec")),
        behaviour=Behaviour.from_mapping(given) if given is not None else WELL_BEHAVED,
        expected=json.loads(folder.joinpath("expected.json").read_text(encoding="utf-8")),
    )
