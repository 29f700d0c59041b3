"""The log's word on devices that stop answering and that answer again: once at each edge, many of them in one line."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta

from pagemeter.errors import Unreachable
from pagemeter.model import DeviceBack, DeviceSilent, Event, FleetEntry
from pagemeter.visits import Visited

SINGLE_LINES = 5
"""How many devices of one round get a line each; a building that goes dark is one line."""


class SilenceLog:
    """Gathers the edges of a round and tells them at its end.

    A device that refuses us is no sleeping one: that is told elsewhere, with the reason.
    """

    def __init__(self, logger: logging.Logger, silent: Iterable[str]) -> None:
        """Take the devices that are silent at the start: that was told by the process before."""
        self._logger = logger
        self._told = set(silent)
        self._gone: dict[str, str] = {}
        self._back: dict[str, str] = {}

    def note(self, visited: Visited) -> None:
        """Take in what a visit changed."""
        if visited.learned is None:
            return
        entries = {entry.latest.device.id: entry for entry in visited.learned.entries}
        for event in visited.learned.events:
            entry = entries.get(event.device or "")
            if entry is not None and isinstance(event.facts, DeviceSilent):
                if visited.error is None or isinstance(visited.error, Unreachable):
                    self._fell_silent(event.facts, entry)
            elif entry is not None and isinstance(event.facts, DeviceBack):
                self._came_back(event, event.facts, entry)

    def tell(self) -> None:
        """Write what was gathered; nothing where nothing changed."""
        for edges, many in (
            (self._gone, "%d devices do not answer any more, their last values stay: %s"),
            (self._back, "%d devices answer again: %s"),
        ):
            if len(edges) > SINGLE_LINES:
                names = sorted(line.split(" ", maxsplit=1)[0] for line in edges.values())
                rest = f" and {len(names) - SINGLE_LINES} more"
                self._logger.info(many, len(names), ", ".join(names[:SINGLE_LINES]) + rest)
            else:
                for line in sorted(edges.values()):
                    self._logger.info("%s", line)
            edges.clear()

    def _fell_silent(self, facts: DeviceSilent, entry: FleetEntry) -> None:
        device = entry.latest.device.id
        self._told.add(device)
        if self._back.pop(device, None) is None:
            since = f"{facts.since:%Y-%m-%d %H:%M} UTC"
            self._gone[device] = f"{_name(entry)} does not answer any more; its last values, of {since}, stay"

    def _came_back(self, event: Event, facts: DeviceBack, entry: FleetEntry) -> None:
        device = entry.latest.device.id
        if device not in self._told:
            return
        self._told.discard(device)
        if self._gone.pop(device, None) is None:
            lasted = timedelta(seconds=round((event.at - facts.silent_since).total_seconds()))
            self._back[device] = f"{_name(entry)} answers again after {lasted}"


def _name(entry: FleetEntry) -> str:
    """Name a device by its address and what is written on it."""
    device = entry.latest.device
    words = " ".join(filter(None, (device.model, device.serial_number)))
    place = next(iter(device.addresses), None) or entry.latest.target
    return f"{place} ({words})" if words else place
