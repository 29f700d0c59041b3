"""What ``engines`` does: lists the engines that wait, and confirms one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from rich.table import Table

from pagemeter.cli.asked import ask_or_open
from pagemeter.cli.choosing import loaded
from pagemeter.cli.exits import Exit
from pagemeter.cli.paths import store_path
from pagemeter.cli.show import cell, console, json_line
from pagemeter.config import AgentConfig
from pagemeter.control import NotRunning, ask_agent
from pagemeter.engines import waiting
from pagemeter.root import run_root
from pagemeter.store import StoreReader

__all__ = ["confirm", "loaded", "show"]


def show(config: AgentConfig, *, as_json: bool) -> Exit:
    """List the engines that wait; exit 1 where one does."""
    known = _known(config)
    if as_json:
        for place, ids in known.items():
            print(json_line({"place": place, **ids}))
    elif known:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for title in ("address", "known engine", "engine now"):
            table.add_column(title, overflow="fold")
        for place, ids in known.items():
            table.add_row(*map(cell, (place, ids["known"], ids["met"])))
        console().print(table)
        text = "`pagemeter engines confirm ADDRESS` lets one be asked, if its device was exchanged."
        console(stderr=True).print(text, markup=False)
    else:
        console(stderr=True).print("No SNMPv3 engine waits to be confirmed.", markup=False)
    return Exit.PARTLY_FAILED if known else Exit.OK


def confirm(config: AgentConfig, place: str) -> Exit:
    """Confirm one, through the running agent where one runs; raises PagemeterError where none waits there."""
    path = store_path(config)

    async def whole() -> None:
        await ask_or_open(
            config, lambda: ask_agent(path, "confirm-engine", place=place), lambda agent: agent.engines.confirm(place)
        )

    run_root(whole())
    print(f"{place} is asked again, as the engine that answers there now.")
    return Exit.OK


def _known(config: AgentConfig) -> Mapping[str, Mapping[str, str]]:
    """Ask the running agent, which may have met one just now, or read the store."""
    path = store_path(config)

    async def ask() -> Mapping[str, Mapping[str, str]]:
        return cast("Mapping[str, Mapping[str, str]]", await ask_agent(path, "engines"))

    try:
        return run_root(ask())
    except NotRunning:
        if not path.exists():
            return {}
        with StoreReader(path) as store:
            return waiting(store)
