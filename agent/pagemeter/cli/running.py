"""``run`` and ``once``: the agent itself."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TypeAlias

from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from pagemeter.agent import Agent, Outcome
from pagemeter.cli.exits import Exit
from pagemeter.cli.paths import config_file, store_path
from pagemeter.cli.show import console, json_line, print_fleet
from pagemeter.clock import SystemClock
from pagemeter.config import AgentConfig, load_config
from pagemeter.logs import set_up_logging
from pagemeter.progress import Progress, Watcher, nobody
from pagemeter.root import Terminated, calm_collector, run_root
from pagemeter.wire import to_json

log = logging.getLogger(__name__)

Build: TypeAlias = Callable[..., AbstractAsyncContextManager[Agent]]


def run(config: Path | None, *, log_json: bool, verbose: bool) -> Exit:
    """Run until a signal comes; what is under way is finished or left for the next start."""
    loaded = _load(config)
    set_up_logging(logging.DEBUG if verbose else logging.INFO, json=log_json)

    calm_collector()
    try:
        run_root(serving(loaded))
    except Terminated:
        log.info("ended by SIGTERM")
    return Exit.OK


def once(config: Path | None, *, verbose: bool, as_json: bool) -> Exit:
    """Discover, read every device once, deliver, end."""
    loaded = _load(config)
    set_up_logging(logging.INFO if verbose else logging.ERROR, json=False)
    with Bars() as bars:
        outcome = run_root(one_round(loaded, bars.watch))
    show_outcome(outcome, as_json=as_json)
    return exit_of(outcome)


def opened(config: AgentConfig, watcher: Watcher = nobody) -> AbstractAsyncContextManager[Agent]:
    """Build the agent of a configuration; the one way in which every command does it."""
    return Agent.open(config, store_path(config), clock=SystemClock(), watcher=watcher)


async def one_round(config: AgentConfig, watcher: Watcher, *, build: Build = opened) -> Outcome:
    """Discover, read every device once, deliver; what ``once`` does and what the demo shows."""
    async with build(config, watcher) as agent:
        return await agent.once()


async def serving(config: AgentConfig, *, build: Build = opened) -> None:
    """Run the agent until it is cancelled."""
    async with build(config) as agent:
        await agent.run()


def show_outcome(outcome: Outcome, *, as_json: bool) -> None:
    """Print the fleet, then on standard error what failed and what stayed silent."""
    if as_json:
        for entry in outcome.fleet:
            print(json_line(json.loads(to_json(entry))))
    elif outcome.fleet:
        print_fleet(console(), outcome.fleet)
    err = console(stderr=True)
    for place in outcome.silent:
        err.print(f"{place.removeprefix('host://')} did not answer", markup=False)
    for what, why in outcome.failed.items():
        err.print(why if what in why else f"{what}: {why}", markup=False)
    if not outcome.fleet and outcome.sought:
        err.print(
            "Nothing answered. Are the ranges and the community right? `pagemeter scan` tries them.", markup=False
        )


def exit_of(outcome: Outcome) -> Exit:
    """Say how it went: a sleeping printer is no failure."""
    if outcome.failed:
        return Exit.PARTLY_FAILED
    return Exit.OK if outcome.answered or not outcome.sought else Exit.NOTHING_ANSWERED


class Bars:
    """Progress on standard error: bars on a terminal, nothing in a log."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Bar(*columns, console=console(stderr=True), disable=not sys.stderr.isatty())
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Bars:
        self._bar.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._bar.stop()

    def watch(self, progress: Progress) -> None:
        """Show how far a piece of work is."""
        if progress.work not in self._tasks:
            self._tasks[progress.work] = self._bar.add_task(progress.work, total=progress.total)
        self._bar.update(self._tasks[progress.work], completed=progress.done, total=progress.total)


def _load(config: Path | None) -> AgentConfig:
    return load_config(config_file(config), environ=os.environ)
