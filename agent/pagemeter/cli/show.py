"""Tables for people: what a printer's panel would say, and what a fleet looks like."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from io import TextIOWrapper
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pagemeter.cli.summary import main_meters, supply_text
from pagemeter.model import DeviceSnapshot, FleetEntry
from pagemeter.store import Decoy
from pagemeter.text import escaped

# Where no terminal says how wide it is (a pipe, a file), lines must not be folded in the middle of a number.
PLAIN_WIDTH = 200
MOST_ROWS = 500
"""The longest table that is drawn as a whole; of ten thousand rows that takes as long as to read so many printers."""

_FLEET_NUMBERS = ("Total", "Mono", "Color")
_FLEET_HEADINGS = ("Address", "Maker", "Model", "Serial number", *_FLEET_NUMBERS, "Supplies", "Status")


def console(*, stderr: bool = False) -> Console:
    """Make the console for people; without a terminal it is wide, plain and without colour.

    What its character set does not have is written by its number.
    """
    stream = sys.stderr if stderr else sys.stdout
    if isinstance(stream, TextIOWrapper) and stream.errors == "strict":
        stream.reconfigure(errors="backslashreplace")
    plain = not stream.isatty()
    width = PLAIN_WIDTH if plain else None
    # No emoji: what a device says is shown as it is, ":bomb:" too.
    return _Console(file=stream, width=width, highlight=False, emoji=False, no_color=plain or None)


class _Console(Console):
    """Writes nothing of a text that steers a terminal: messages may quote what servers and plugins say."""

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*(escaped(one, but="\n") if isinstance(one, str) else one for one in objects), **options)

    def on_broken_pipe(self) -> None:
        # Rich would end the process as if it had failed; `exits.speaking` knows that a reader may go away.
        raise BrokenPipeError


def cell(text: str) -> Text:
    """Make a cell that shows a text as it is, without markup; what is not printable is escaped."""
    return Text(escaped(text))


def json_line(value: object) -> str:
    """Write a value as a line of JSON for programs; what is not printable is escaped as JSON does it.

    All that is not ASCII is, where the output may not have it.
    """
    encoding = (sys.stdout.encoding or "ascii").casefold()
    line = json.dumps(value, ensure_ascii=not encoding.startswith("utf"))
    return line if line.isprintable() else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line)


def fleet_table(entries: Iterable[FleetEntry], *, title: str | None = None) -> Table:
    """Show a fleet, a row a device."""
    return _fleet_table(map(_fleet_row, entries), title)


def print_fleet(out: Console, entries: Sequence[FleetEntry]) -> None:
    """Print ``fleet_table``; one of many rows as they come, and in a tenth of the time where none has to be folded."""
    rows = [_fleet_row(entry) for entry in entries]
    if len(rows) <= MOST_ROWS:
        out.print(_fleet_table(rows))
        return
    texts = [tuple(map(escaped, row)) for row in rows]
    widest = tuple("x" * max(map(cell_len, column)) for column in zip(_FLEET_HEADINGS, *texts, strict=True))
    with out.capture() as drawn:
        out.print(_fleet_table([widest]))
    # Three blanks stand between two columns: a padding of each, and the box's own.
    head, line, tail = drawn.get().rpartition("   ".join(widest))
    if not line:
        for start in range(0, len(rows), MOST_ROWS):
            out.print(_fleet_table(rows[start : start + MOST_ROWS]))
        return
    before, after = head.rpartition("\n")[2], tail.partition("\n")[0]
    out.file.write(head.removesuffix(before))
    out.file.writelines(f"{before}{_fleet_line(text, widest)}{after}\n" for text in texts)
    out.file.write(tail.partition("\n")[2])


def _fleet_line(texts: Sequence[str], widest: Sequence[str]) -> str:
    """Put a row together, each text as wide as the widest of its column; numbers stand at the right."""
    gaps = [" " * (len(wide) - cell_len(text)) for text, wide in zip(texts, widest, strict=True)]
    named = zip(_FLEET_HEADINGS, texts, gaps, strict=True)
    return "   ".join(gap + text if heading in _FLEET_NUMBERS else text + gap for heading, text, gap in named)


def _fleet_table(rows: Iterable[Sequence[str]], title: str | None = None) -> Table:
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for heading in _FLEET_HEADINGS:
        if heading in _FLEET_NUMBERS:
            table.add_column(heading, justify="right", no_wrap=True)
        else:
            table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*map(cell, row))
    return table


def others_table(decoys: Iterable[Decoy]) -> Table:
    """Show what is no printer, a row an address."""
    rows = [(decoy.address, decoy.what, f"{decoy.at:%Y-%m-%d %H:%M} UTC") for decoy in decoys]
    return _table(None, ("Address", "What it is", "Seen"), rows)


def quarantine_table(pieces: Iterable[Mapping[str, str | int | None]]) -> Table:
    """Show what could not be understood, a row a piece; places and lengths in octets."""
    keys = ("source", "stream", "file", "offset", "length", "why", "text")
    rows = [tuple("" if piece[key] is None else str(piece[key]) for key in keys) for piece in pieces]
    return _table(None, ("Source", "Stream", "File", "Offset", "Length", "Why", "Text"), rows)


def found_table(snapshots: Iterable[DeviceSnapshot]) -> Table:
    """Show what a scan found, a row a device: who it is and how it is, for nothing else was read."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Address", "Maker", "Model", "Serial number", "Name", "Status"):
        table.add_column(heading, overflow="fold")
    for snapshot in snapshots:
        device = snapshot.device
        names = [name.name for name in device.host_names]
        cells = (
            ", ".join(device.addresses),
            device.manufacturer,
            device.model,
            device.serial_number,
            device.name or ", ".join(names),
            str(snapshot.status.state) if snapshot.status else None,
        )
        table.add_row(*(cell(text or "-") for text in cells))
    return table


def _fleet_row(entry: FleetEntry) -> tuple[str, ...]:
    latest, device = entry.latest, entry.latest.device
    status = str(latest.status.state) if latest.status else "-"
    if entry.silent_since is not None:
        status = f"silent since {entry.silent_since:%Y-%m-%d %H:%M} UTC"
    return (
        ", ".join(device.addresses) or latest.target,
        device.manufacturer or "-",
        device.model or "-",
        device.serial_number or "-",
        *main_meters(latest.meter_reads),
        ", ".join(supply_text(supply) for supply in latest.supplies) or "-",
        status,
    )


def _table(title: str | None, headings: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Table:
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for text in headings:
        table.add_column(text, overflow="fold", justify="right" if text == "Value" else "left")
    for row in rows:
        table.add_row(*(cell(text) for text in row))
    return table
