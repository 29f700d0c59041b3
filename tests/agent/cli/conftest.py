"""The command line as a user types it, against the simulated fleet at addresses of these tests alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from typer.testing import CliRunner

from pagemeter.cli import app
from pagemeter.simulator import FleetDevice, SimulatedDevice, Simulator, in_background, load_fleet, place_fleet

NETWORK = "127.41.0.0/24"


@dataclass(frozen=True)
class Said:
    """What a command left: its exit code and its two streams."""

    code: int
    out: str
    err: str

    def lines(self) -> list[dict[str, Any]]:
        """Read the standard output as a JSON object a line."""
        return [json.loads(line) for line in self.out.splitlines()]


Type = Callable[..., Said]


@pytest.fixture
def pagemeter() -> Type:
    """Return a function that runs ``pagemeter`` with arguments; an error that nobody caught fails the test."""

    def run(*arguments: object, **environ: str) -> Said:
        result = CliRunner(env=environ).invoke(app, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert "Traceback" not in result.stderr
        return Said(result.exit_code, result.stdout, result.stderr)

    return run


@dataclass(frozen=True)
class Fleet:
    """The fleet that answers: each device with its address, all at one port."""

    port: int
    at: dict[str, tuple[FleetDevice, SimulatedDevice]]

    def address(self, name: str) -> str:
        """Say where the device of that name answers."""
        return next(address for address, (device, _) in self.at.items() if device.name == name)

    def facts(self, name: str) -> Any:
        """Return the facts that were written down of the device before its rows were."""
        return self.at[self.address(name)][0].expected

    def answering(self, *, printer: bool) -> dict[str, FleetDevice]:
        """Return the devices that say something readable, by address."""
        return {
            address: device
            for address, (device, _) in self.at.items()
            if device.expected["answers"] and device.expected["printer"] is printer
        }

    def requests(self) -> dict[str, int]:
        """Count what each address was asked."""
        return {address: simulated.requests for address, (_, simulated) in self.at.items()}


@pytest.fixture(scope="module")
def fleet(common_port: Callable[[], int]) -> Iterator[Fleet]:
    devices, port = load_fleet(), common_port()
    with in_background(Simulator(place_fleet(devices, NETWORK, port))) as simulator:
        places = zip(simulator.places, devices, strict=True)
        yield Fleet(port, {place.address: (device, place.device) for place, device in places})
