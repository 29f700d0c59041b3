"""``ledger``: what was counted of each meter, run by run, and why a run ended."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from pagemeter.cli.exits import Exit
from pagemeter.cli.paths import config_file, store_path
from pagemeter.cli.show import cell, console, json_line
from pagemeter.config import load_config
from pagemeter.continuity import Series
from pagemeter.inventory import Inventory
from pagemeter.model import Device, FleetEntry, Target
from pagemeter.store import StoreReader
from pagemeter.wire import to_json

_NUMBERS = ("Run", "First", "Last", "Counted")


def show(config: Path | None, device: str | None, *, as_json: bool) -> Exit:
    """Show the ledger of all devices, or of one named by id, alias, serial number or address; exit 3 where none is."""
    path = store_path(load_config(config_file(config), environ=os.environ))
    shown: list[tuple[FleetEntry, tuple[Series, ...]]] = []
    if path.exists():
        with StoreReader(path) as store:
            shown = [(entry, _runs(store, entry.latest.device.id)) for entry in _chosen(store, device)]
    told = [(entry, runs) for entry, runs in shown if runs]
    if as_json:
        for entry, runs in told:
            for run in runs:
                print(json_line(_plain(entry.latest.device, run)))
    else:
        for entry, runs in told:
            console().print(_table(entry, runs))
    if told:
        return Exit.OK
    console(stderr=True).print(_nothing(path, device, known=bool(shown)), markup=False)
    return Exit.NOTHING_ANSWERED


def _chosen(store: StoreReader, device: str | None) -> list[FleetEntry]:
    """Return the devices in the order of their places; a serial number of several makers names several."""
    entries = Inventory(store.fleet(), store.aliases(), new_id=str).entries()
    if device is None:
        return list(entries)
    known = store.aliases().get(device, device)
    return [entry for entry in entries if entry.latest.device.id == known] or [
        entry for entry in entries if device.casefold() in _names(entry)
    ]


def _names(entry: FleetEntry) -> set[str]:
    who = entry.latest.device
    names = (who.serial_number, *who.addresses, entry.latest.target, Target(uri=entry.latest.target, found_by="").host)
    return {name.casefold() for name in names if name}


def _runs(store: StoreReader, device: str) -> tuple[Series, ...]:
    return tuple(sorted((run for _, run in store.lives(Series, device)), key=lambda run: (run.key, run.number)))


def _plain(device: Device, run: Series) -> Mapping[str, Any]:
    """Write a run as the wire does: what is absent is absent, times end in Z."""
    who = {"device": device.id, "serial_number": device.serial_number}
    return {**{name: value for name, value in who.items() if value is not None}, **json.loads(to_json(run))}


def _table(entry: FleetEntry, runs: Iterable[Series]) -> Table:
    who = entry.latest.device
    names = (", ".join(who.addresses) or entry.latest.target, who.manufacturer, who.model, who.serial_number)
    title = cell("  ".join(name for name in names if name))
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for heading in ("Meter", "Run", "Began", "Last read", "First", "Last", "Counted", "Began by", "Ended by"):
        table.add_column(heading, overflow="fold", justify="right" if heading in _NUMBERS else "left")
    for run in runs:
        times = (f"{at:%Y-%m-%d %H:%M}" for at in (run.began_at, run.last_at))
        numbers = (f"{number:,}" for number in (run.first, run.last, run.counted))
        table.add_row(
            *map(cell, (run.key, str(run.number), *times, *numbers, run.began_by or "", run.ended_by or "goes on"))
        )
    return table


def _nothing(path: Path, device: str | None, *, known: bool) -> str:
    if device is not None and not known:
        return (
            f"No device in {path} has the id, serial number or address {device}; `pagemeter devices --json` lists them."
        )
    return f"No meter was read yet in {path}; `pagemeter once` reads them."
