"""What ``segments`` does: lists the networks that gateways know, selects and drops them."""

from __future__ import annotations

import os
from pathlib import Path

from rich.table import Table

from pagemeter.cli.asked import ask_or_open
from pagemeter.cli.exits import Exit
from pagemeter.cli.paths import config_file, store_path
from pagemeter.cli.show import cell, console, json_line
from pagemeter.config import AgentConfig, load_config
from pagemeter.config.build import fence_of, selected_by
from pagemeter.control import ask_agent
from pagemeter.root import run_root
from pagemeter.site import Choice, checked_segment, choices
from pagemeter.store import StoreReader


def loaded(config: Path | None) -> AgentConfig:
    """Load the configuration; raises ConfigError."""
    return load_config(config_file(config), environ=os.environ)


def show(config: AgentConfig, *, as_json: bool) -> Exit:
    """List all segments; exit 3 where none is known."""
    path = store_path(config)
    known: tuple[Choice, ...] = ()
    networks = [one.network for one in fence_of(config).networks if one.network not in selected_by(config)]
    if path.exists():
        with StoreReader(path) as store:
            known = choices(store, selected_by(config), networks)
    if as_json:
        for choice in known:
            print(json_line(_plain(choice)))
    elif known:
        console().print(_table(known))
    else:
        there = any(item.plugin == "gateway" for item in config.discoveries)
        remedy = "`pagemeter once` looks for some" if there else "write `- plugin: gateway` under discoveries"
        console(stderr=True).print(f"No segment is known yet; {remedy}.", markup=False)
    return Exit.OK if known else Exit.NOTHING_ANSWERED


def choose(config: AgentConfig, network: str, *, selected: bool) -> Exit:
    """Select or drop a segment, through the running agent where one runs; say what it means."""
    segment = str(checked_segment(network))
    path = store_path(config)

    async def whole() -> None:
        await ask_or_open(
            config,
            lambda: ask_agent(path, "select-segment", network=segment, selected=selected),
            lambda agent: agent.site.select(segment, selected),
        )

    run_root(whole())
    if not selected:
        print(f"{segment} is not searched any more.")
        return Exit.OK
    print(f"{segment} is selected: it may be asked, and a sweep with `ranges: [segments]` searches it. In the YAML:")
    print(f"discoveries:\n  - plugin: gateway\n    select: [{segment}]")
    if not any("segments" in _ranges(item.settings) for item in config.discoveries):
        print("No sweep of this configuration has `ranges: [segments]` yet; nothing searches it until one has.")
    if not any("segments" in map(str, one.networks) for one in config.credentials):
        print("A credential goes there only if its `networks` hold the segment, or say `segments`.")
    return Exit.OK


def _ranges(settings: object) -> tuple[str, ...]:
    found = getattr(settings, "ranges", ())
    return tuple(found) if isinstance(found, tuple | list) else ()


def _plain(choice: Choice) -> dict[str, object]:
    segment = choice.segment
    return {
        "network": str(choice.network),
        "selected_by": choice.selected_by,
        "addresses": choice.network.num_addresses,
        "next_hop": segment.next_hop if segment else None,
        "interface": segment.interface if segment else None,
        "hosts_seen": segment.hosts_seen if segment else None,
        "learned_from": segment.learned_from if segment else None,
        "first_seen": choice.first_seen,
        "last_seen": choice.last_seen,
    }


def _table(known: tuple[Choice, ...]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("segment", "selected", "addresses", "hosts seen", "next hop", "interface", "learned from"):
        table.add_column(title, justify="right" if title in ("addresses", "hosts seen") else "left", overflow="fold")
    for choice in known:
        plain = _plain(choice)
        told = (plain[key] for key in ("addresses", "hosts_seen", "next_hop", "interface", "learned_from"))
        cells = (str(choice.network), choice.selected_by or "no", *("" if one is None else str(one) for one in told))
        table.add_row(*map(cell, cells))
    return table
