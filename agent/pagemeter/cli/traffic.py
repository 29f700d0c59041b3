"""``traffic``: what the runs of the cycles sent to devices and got from them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from pagemeter.cli.exits import Exit
from pagemeter.cli.paths import config_file, store_path
from pagemeter.cli.show import cell, console, json_line
from pagemeter.config import load_config
from pagemeter.net.accounts import RunTraffic, Traffic
from pagemeter.store import StoreReader
from pagemeter.wire import to_json

# Broken by hand, so that a terminal of 80 columns folds no word and no number.
_NUMBERS = ("Packets\nout", "Packets\nin", "kB\nout", "kB\nin", "Peak\npackets\n/s")
_RUNS = ("Cycle", "Began (UTC)", "Seconds", "Devices", *_NUMBERS, "kB a\ndevice")
_ROWS = ("Network", "Integration", *_NUMBERS)
_WORDS = frozenset({"Cycle", "Began (UTC)", "Network", "Integration"})


def show(config: Path | None, cycle: str | None, *, runs: int, as_json: bool) -> Exit:
    """Show the last runs of each cycle, and of the last one what each integration exchanged with each network.

    Exit 3 where none was recorded. JSON has a line a run, the oldest first.
    """
    path = store_path(load_config(config_file(config), environ=os.environ))
    known: tuple[RunTraffic, ...] = ()
    if path.exists():
        with StoreReader(path) as store:
            known = store.runs()
    shown = list(_last(known, cycle, runs))
    if as_json:
        for run in shown:
            print(json_line(_plain(run)))
    elif shown:
        console().print(_table(_RUNS, map(_run, shown)))
        for run in _latest(shown):
            console().print(f"The last run of {run.cycle}:", markup=False)
            console().print(_table(_ROWS, map(_row, run.rows)))
    if not shown:
        console(stderr=True).print(_nothing(path, cycle, known), markup=False)
    return Exit.OK if shown else Exit.NOTHING_ANSWERED


def _last(known: Iterable[RunTraffic], cycle: str | None, runs: int) -> Iterator[RunTraffic]:
    """Yield the last runs of each cycle, sorted by when they began."""
    by_cycle: dict[str, list[RunTraffic]] = {}
    for run in known:
        if cycle is None or run.cycle == cycle:
            by_cycle.setdefault(run.cycle, []).append(run)
    yield from sorted((run for mine in by_cycle.values() for run in mine[-runs:]), key=lambda run: run.began)


def _latest(shown: Iterable[RunTraffic]) -> list[RunTraffic]:
    latest = {run.cycle: run for run in shown if run.rows}
    return sorted(latest.values(), key=lambda run: run.cycle)


def _plain(run: RunTraffic) -> dict[str, Any]:
    packets, octets, each = run.packets, run.octets, run.octets_per_device
    totals = {"packets_out": packets[0], "packets_in": packets[1], "octets_out": octets[0], "octets_in": octets[1]}
    per_device = {} if each is None else {"octets_per_device": round(each)}
    return {**json.loads(to_json(run)), **totals, **per_device}


def _run(run: RunTraffic) -> tuple[str, ...]:
    each = run.octets_per_device
    return (
        run.cycle,
        f"{run.began:%Y-%m-%d %H:%M:%S}",
        f"{(run.ended - run.began).total_seconds():,.1f}",
        "" if run.answered is None else f"{run.answered:,}",
        *_numbers(run.packets, run.octets),
        f"{run.peak:,}",
        "" if each is None else f"{each / 1000:,.1f}",
    )


def _row(row: Traffic) -> tuple[str, ...]:
    numbers = _numbers((row.packets_out, row.packets_in), (row.octets_out, row.octets_in))
    return row.network or "a server of the settings", row.integration or "the agent", *numbers, f"{row.peak:,}"


def _numbers(packets: tuple[int, int], octets: tuple[int, int]) -> tuple[str, ...]:
    return *(f"{one:,}" for one in packets), *(f"{one / 1000:,.1f}" for one in octets)


def _table(headings: Iterable[str], rows: Iterable[tuple[str, ...]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=0, header_style="bold")
    for heading in headings:
        if heading in _WORDS:
            table.add_column(heading, overflow="fold")
        else:
            table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*map(cell, row))
    return table


def _nothing(path: Path, cycle: str | None, known: Iterable[RunTraffic]) -> str:
    cycles = sorted({run.cycle for run in known})
    if cycle is not None and cycles:
        return f"No run of {cycle} is recorded in {path}; there are runs of {', '.join(cycles)}."
    return f"No run is recorded yet in {path}; `pagemeter run` and `pagemeter once` record them."
