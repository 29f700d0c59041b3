"""``plan``: what a configuration will send, for whoever has to allow it; nothing is sent to find that out."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from pagemeter.cli.exits import Exit
from pagemeter.cli.paths import config_file, store_path
from pagemeter.cli.show import console
from pagemeter.clock import SystemClock
from pagemeter.config import load_config
from pagemeter.config.build import credentials_of, fence_of, selected_by
from pagemeter.net.fence import PRINTING_PORTS
from pagemeter.plan import Known, Plan, PlannedItem, PlannedTraffic, plan_of, totals, words
from pagemeter.plugins import load_plugins
from pagemeter.site import chosen
from pagemeter.store import StoreReader


def plan(config: Path | None, *, as_json: bool, markdown: bool) -> Exit:
    """Print the plan of a configuration; an item that can't tell its part makes the exit code 1."""
    made = planned(config_file(config))
    if as_json:
        print(json.dumps(asdict(made), default=str, indent=2))
    else:
        lines = list(written(made))
        text = "\n".join(lines if markdown else map(_plain, lines))
        console().print(text, markup=False, soft_wrap=True)
    return Exit.PARTLY_FAILED if any(item.broken for item in made.items) else Exit.OK


def planned(path: Path) -> Plan:
    """Make the plan of a YAML file with what the state adds; raises ConfigError."""
    config = load_config(path, environ=os.environ)
    known, store = Known(), store_path(config)
    if store.exists():
        with StoreReader(store) as reader:
            known = Known(devices=len(reader.fleet()), selected=chosen(reader))
    # Without the local time: what is quiet now is asked at another hour.
    fence = fence_of(config)
    fence.select((*selected_by(config), *known.selected))
    return plan_of(
        config,
        load_plugins(item.plugin for item in config.items),
        fence=fence,
        credentials=credentials_of(config, selected=lambda: fence.selected),
        clock=SystemClock(),
        known=known,
    )


def written(made: Plan) -> Iterator[str]:
    """Write a plan as Markdown, line by line."""
    yield f"# What Pagemeter does in this network ({made.path.name})"
    yield ""
    yield f"Site: {made.site or 'without a name'}. Devices that are known so far: {made.devices}."
    yield f"At most {_number(made.packets_per_second)} packets a second are sent to devices, all together."
    if made.bytes_per_second is not None:
        limit = _number(made.bytes_per_second)
        yield f"At most {limit} bytes a second of payload, on average, go to and from all devices."
    yield f"At most {made.reads_at_once} devices are read at once."
    ports = f"{min(PRINTING_PORTS)}" + ", " + ", ".join(str(port) for port in sorted(PRINTING_PORTS)[1:])
    yield "Packets, octets and durations are the most that is needed; where none stand, they depend on what answers."
    yield f"Never: SNMP SET, print jobs, and any packet to the TCP ports {ports}."
    yield ""
    yield from _section("Networks that may be asked", _networks(made))
    for kind, title in (("discoveries", "Discoveries"), ("readers", "Readers"), ("sources", "Sources")):
        yield from _section(title, _items(made, kind))
    yield from _section("Outputs: what leaves, and where to", _items(made, "outputs"))
    yield f"Job details that are kept: {made.job_details}."
    yield ""
    yield from _section("Cycles", _table(("cycle", "when", "what"), made.cycles))
    yield from _section("What the operating system sends on its own", [f"- {line}" for line in made.system])
    packets, octets = totals(made.items)
    yield f"One run of all discoveries, as far as it is counted above: at most {packets:,} packets, {_octets(octets)}."


def _section(title: str, lines: Sequence[str] | Iterator[str]) -> Iterator[str]:
    body = list(lines)
    yield f"## {title}"
    yield ""
    yield from body or ["none"]
    yield ""


def _networks(made: Plan) -> Iterator[str]:
    rows = [
        (
            str(one.network),
            one.written,
            one.site or "",
            f"{one.addresses:,}",
            f"{_number(one.packets_per_second)}/s",
            "" if one.bytes_per_second is None else f"{_number(one.bytes_per_second)}/s",
            f"{one.reads_at_once} devices",
            f"{one.requests_per_device} a device",
            ", ".join(one.answers_from),
            one.quiet or "",
            ", ".join(one.never),
            ", ".join(one.credentials) or "none",
        )
        for one in made.networks
    ]
    headings = (
        "network",
        "written in",
        "site",
        "addresses",
        "packets",
        "bytes",
        "read at once",
        "requests at once",
        "answer from elsewhere",
        "quiet",
        "never asked",
        "credentials",
    )
    yield from _table(headings, rows)


def _items(made: Plan, kind: str) -> Iterator[str]:
    for item in (item for item in made.items if item.kind == kind):
        yield f"### {item.name}" + (f" ({item.plugin})" if item.plugin != item.name else "")
        yield ""
        yield from _item(item)
        yield ""


def _item(item: PlannedItem) -> Iterator[str]:
    yield f"When: {item.when}." if item.kind != "outputs" else f"When: {item.when}. " + _leaves(item)
    if item.broken is not None:
        yield f"It does not work: {item.broken}"
        return
    yield ""
    headings = (
        "direction",
        "to",
        "protocol",
        "port",
        "addresses",
        "packets",
        "octets",
        "duration",
        "per",
        "why",
        "carries",
    )
    rows = [_row(row) for row in item.traffic]
    yield from _table(headings, rows) if rows else ["Nothing is sent over the network."]


def _leaves(item: PlannedItem) -> str:
    return "Limits: " + "; ".join(item.limits) if item.limits else "Everything that is kept may leave."


def _row(row: PlannedTraffic) -> tuple[str, ...]:
    return (
        row.direction,
        row.to,
        row.protocol,
        ", ".join(map(str, row.ports)),
        "" if row.addresses is None else f"{row.addresses:,}",
        "" if row.packets is None else f"{row.packets:,}",
        "" if row.octets is None else _octets(row.octets),
        "" if row.seconds is None else words(row.seconds),
        row.per,
        row.why,
        row.carries,
    )


def _number(number: float) -> str:
    return f"{number:,.12g}"


def _octets(octets: int) -> str:
    return f"{octets / 1000:,.0f} kB" if octets >= 10_000 else f"{octets:,} B"


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Write a table in Markdown, its columns in line, empty ones left out."""
    used = [n for n in range(len(headings)) if any(row[n] for row in rows)]
    cells = [[row[n].replace("|", "/") for n in used] for row in (headings, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for number, row in enumerate(cells):
        yield "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        if number == 0:
            yield "|" + "|".join("-" * (width + 2) for width in widths) + "|"


def _plain(line: str) -> str:
    """Turn a line of Markdown into one of text."""
    if line.startswith("#"):
        return line.lstrip("# ").upper() if line.startswith(("# ", "## ")) else line.lstrip("# ")
    if line.startswith("|-"):
        return "  ".join(part[2:] for part in line[1:-1].split("|"))
    return line[2:-2].replace(" | ", "  ").rstrip() if line.startswith("|") else line
