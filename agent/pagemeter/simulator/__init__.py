"""Printers that answer on loopback from recordings; `run` never imports this package."""

from pagemeter.simulator.background import in_background
from pagemeter.simulator.behaviour import WELL_BEHAVED, Behaviour, WalkFault
from pagemeter.simulator.device import SimulatedDevice
from pagemeter.simulator.faults import AnswerFault
from pagemeter.simulator.fleet import FleetDevice, has_loopback, load_device, load_fleet, place_fleet
from pagemeter.simulator.server import Place, Simulator

__all__ = [
    "WELL_BEHAVED",
    "AnswerFault",
    "Behaviour",
    "FleetDevice",
    "Place",
    "SimulatedDevice",
    "Simulator",
    "WalkFault",
    "has_loopback",
    "in_background",
    "load_device",
    "load_fleet",
    "place_fleet",
]
