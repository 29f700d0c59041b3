"""``devices`` and ``quarantine``: what the store knows of printers, of what is none, and of what nobody understood."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from pagemeter.cli.exits import Exit
from pagemeter.cli.paths import config_file, store_path
from pagemeter.cli.show import console, json_line, others_table, print_fleet, quarantine_table
from pagemeter.component import Quarantined
from pagemeter.config import load_config
from pagemeter.inventory import Inventory
from pagemeter.model import FleetEntry
from pagemeter.store import Decoy, StoreReader
from pagemeter.wire import to_json


def devices(config: Path | None, *, as_json: bool) -> Exit:
    """List the devices of the store beside a running agent; exit 3 where none is known yet."""
    path = _store(config)
    entries: Sequence[FleetEntry] = ()
    if path.exists():
        with StoreReader(path) as store:
            entries = Inventory(store.fleet(), store.aliases(), new_id=str).entries()
    if as_json:
        for entry in entries:
            print(json_line(json.loads(to_json(entry))))
    elif entries:
        print_fleet(console(), entries)
    if not entries:
        console(stderr=True).print(f"No device is known yet in {path}; `pagemeter once` looks for some.", markup=False)
        return Exit.NOTHING_ANSWERED
    return Exit.OK


def others(config: Path | None, *, as_json: bool) -> Exit:
    """List what answered and is no printer, and when that was seen; discoveries leave it alone for a week."""
    path = _store(config)
    decoys: tuple[Decoy, ...] = ()
    if path.exists():
        with StoreReader(path) as store:
            decoys = store.decoys()
    if as_json:
        for decoy in decoys:
            print(json_line({"address": decoy.address, "what": decoy.what, "seen_at": decoy.at.isoformat()}))
    elif decoys:
        console().print(others_table(decoys))
    else:
        console(stderr=True).print(f"Nothing that is no printer is remembered in {path}.", markup=False)
    return Exit.OK


def quarantine(config: Path | None, *, as_json: bool) -> Exit:
    """List what of the streams of sources could not be understood; its text is there only where it may be kept."""
    path = _store(config)
    rows: list[dict[str, str | int | None]] = []
    if path.exists():
        with StoreReader(path) as store:
            rows = [_quarantined(store, *row) for row in store.quarantined()]
    if as_json:
        for row in rows:
            print(json_line(row))
    elif rows:
        console().print(quarantine_table(rows))
    else:
        console(stderr=True).print(f"Nothing is in quarantine in {path}.", markup=False)
    return Exit.OK


def _quarantined(store: StoreReader, source: str, stream: str, piece: Quarantined) -> dict[str, str | int | None]:
    """Name the file where the cursor of the stream does: streams are called by what does not change with a rename."""
    cursor = store.cursors(source).get(stream)
    name = cursor.get("name") if isinstance(cursor, dict) else None
    return {
        "source": source,
        "stream": stream,
        "file": name if isinstance(name, str) else None,
        "offset": piece.offset,
        "length": piece.length,
        "why": piece.why,
        "text": piece.text,
    }


def _store(config: Path | None) -> Path:
    return store_path(load_config(config_file(config), environ=os.environ))
