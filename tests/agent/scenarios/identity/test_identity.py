"""Which device is this? Every row of the table is played with printers on loopback, an agent and its store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from pagemeter.model import DeviceFound, DevicesMerged, FleetEntry

TABLE = yaml.safe_load(Path(__file__).with_name("identity.yaml").read_text(encoding="utf-8"))
PRINTERS = {name: {"pages": 1000 * place, **told} for place, (name, told) in enumerate(TABLE["printers"].items(), 1)}
ROWS = TABLE["rows"]
FORWARD, BACKWARD = "one agent", "an agent that starts anew before each look, from the last place on"


class Play:
    """A row as it is played: its names, each bound to the id under which that printer was seen first."""

    def __init__(self, site: Any, printer: Callable[[Mapping[str, Any]], Any], *, forward: bool) -> None:
        self.site, self.printer, self.forward = site, printer, forward
        self.ids: dict[str, str] = {}
        self.aliases: dict[str, str] = {}

    async def step(self, step: Mapping[str, Any]) -> None:
        """Plug in what is there now, let time pass, let the agent look, and hold the store against the table."""
        printers = self.printers(step.get("there", {}))
        self.site.plug(printers)
        self.site.clock.later(timedelta(days=step.get("days", 0), minutes=20))
        if not self.forward:
            await self.site.begin()
        await self.site.look(step.get("look"), alerts=step.get("alerts", False))
        self.bind(step, printers)
        self.check(step)

    def printers(self, there: Mapping[str, Any]) -> dict[str, list[Any]]:
        """Build what is there: a name, a mapping that changes what it ``is``, or a list of these behind one address."""

        def one(what: Any) -> Any:
            told = {"is": what} if isinstance(what, str) else dict(what)
            return self.printer({**PRINTERS[told.pop("is")], **told})

        return {place: [one(what) for what in _several(at)] for place, at in there.items()}

    def bind(self, step: Mapping[str, Any], printers: Mapping[str, list[Any]]) -> None:
        """Hold the ids against the names: the one living entry with a printer's pages is that printer's."""
        for place, names in step.get("are", {}).items():
            for name, printer in zip(_several(names), printers[place], strict=True):
                found = [entry.latest.device.id for entry in self.living() if _pages(entry) == printer.pages]
                assert len(found) == 1, f"{name} at {place} is {len(found)} devices: {self.names(self.living())}"
                if name in self.ids:
                    assert found == [self.ids[name]], f"at {place} is {self.name(found[0])} and not {name}"
                assert self.name(found[0]) in (name, "a new one"), f"at {place} is {self.name(found[0])}, not {name}"
                self.ids[name] = found[0]

    def check(self, step: Mapping[str, Any]) -> None:
        """Hold the store's fleet, aliases and events against the table."""
        expected = {name for names in step.get("are", {}).values() for name in _several(names)} | set(
            step.get("still", [])
        )
        assert self.names(self.living()) == sorted(expected)
        silent = [entry for entry in self.site.fleet() if entry.silent_since is not None]
        assert self.names(silent) == sorted(step.get("silent", []))
        self.aliases = step.get("aliases", self.aliases)
        assert {self.name(old): self.name(new) for old, new in self.site.aliases().items()} == self.aliases
        told = [f"{self.name(event.device)} {event.kind}" for event in self.site.happened()]
        if "events" in step and self.forward:
            assert Counter(told) == Counter(step["events"])
        self.check_the_log()

    def check_the_log(self) -> None:
        """Hold the whole log against what is always true of it."""
        log, aliases = self.site.events(), self.site.aliases()
        found = Counter(event.device for event in log if isinstance(event.facts, DeviceFound))
        assert set(found) == {entry.latest.device.id for entry in self.site.fleet()} | set(aliases)
        assert set(found.values()) == {1}
        merged = [(event.facts.alias, event.device) for event in log if isinstance(event.facts, DevicesMerged)]
        assert len(merged) == len(aliases)
        assert {old: aliases.get(new, new) for old, new in merged} == aliases
        serials: dict[str, set[str]] = {}
        for one in self.site.snapshots():
            told = {one.device.serial_number} - {None}
            serials.setdefault(aliases.get(one.device.id, one.device.id), set()).update(told)
        assert all(len(told) <= 1 for told in serials.values())

    def living(self) -> list[FleetEntry]:
        return [entry for entry in self.site.fleet() if entry.silent_since is None]

    def names(self, entries: Iterable[FleetEntry]) -> list[str]:
        return sorted(self.name(entry.latest.device.id) for entry in entries)

    def name(self, device: str) -> str:
        return next((name for name, known in self.ids.items() if known == device), "a new one")


def _several(what: Any) -> list[Any]:
    return what if isinstance(what, list) else [what]


def _pages(entry: FleetEntry) -> int | None:
    return next((read.value for read in entry.latest.meter_reads), None)


@pytest.mark.slow
@pytest.mark.parametrize("way", [FORWARD, BACKWARD])
@pytest.mark.parametrize("row", ROWS, ids=[row["says"] for row in ROWS])
async def test_a_row_of_the_table(row: Mapping[str, Any], way: str, site: Any, printer: Any) -> None:
    places = sorted({place for step in row["visits"] for place in step.get("there", {}) if place != "usb"})
    forward = way == FORWARD
    play = Play(await site(places if forward else places[::-1]), printer, forward=forward)
    for step in row["visits"]:
        await play.step(step)


def test_the_table_has_the_rows_that_were_promised() -> None:
    assert len(ROWS) >= 40
    assert len({row["says"] for row in ROWS}) == len(ROWS)
