"""What ``outbox`` does: lists what each feed owes, retries and drops what was set aside."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import typer
from rich.table import Table

from pagemeter.cli.asked import ask_or_open
from pagemeter.cli.exits import Exit, usage
from pagemeter.cli.paths import config_file, store_path
from pagemeter.cli.show import cell, console, json_line
from pagemeter.config import AgentConfig, load_config
from pagemeter.config.mistakes import near, with_remedy
from pagemeter.control import ask_agent
from pagemeter.root import run_root
from pagemeter.store import Aside, Owed, StoreReader, Suspect
from pagemeter.text import scrub
from pagemeter.wire import type_of


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """What one feed owes; ``configured`` tells whether its output is still in the YAML."""

    owed: Owed
    configured: bool
    suspects: tuple[Suspect, ...]
    aside: tuple[tuple[Aside, str], ...]

    @property
    def is_well(self) -> bool:
        """Whether it delivers and gave nothing up."""
        return not self.configured or (self.owed.delivery.why is None and not self.aside)


def loaded(config: Path | None) -> AgentConfig:
    """Load the configuration; raises ConfigError."""
    return load_config(config_file(config), environ=os.environ)


def show(config: AgentConfig, *, as_json: bool) -> Exit:
    """List all feeds; exit 3 where there is no store yet, 1 where a feed fails or something was set aside."""
    path = store_path(config)
    if not path.exists():
        console(stderr=True).print(
            f"Nothing is owed: there is no store at {path} yet; `pagemeter once` makes one.", markup=False
        )
        return Exit.NOTHING_ANSWERED
    states = _states(config)
    if as_json:
        for state in states:
            print(json_line(_plain(state)))
    else:
        _print(states, {item.name for item in config.outputs})
    return Exit.OK if all(state.is_well for state in states) else Exit.PARTLY_FAILED


def retry(config: AgentConfig, feed: str, key: str | None) -> Exit:
    """Owe again what was set aside, through the running agent where one runs."""
    name, _ = _chosen(config, feed, key)
    path = store_path(config)

    async def whole() -> object:
        return await ask_or_open(
            config,
            lambda: ask_agent(path, "retry-aside", feed=name, key=key),
            lambda agent: agent.outbox.retry(name, key),
        )

    print(f"{name}: {_counted(run_root(whole()))} tried again, each by itself, when the agent next delivers.")
    return Exit.OK


def drop(config: AgentConfig, feed: str, key: str | None, *, yes: bool) -> Exit:
    """Forget what was set aside, after asking."""
    name, count = _chosen(config, feed, key)
    if not yes:
        if not sys.stdin.isatty():
            raise usage(f"{count} of {name} would never be delivered; add --yes if that is meant")
        typer.confirm(f"{count} of {name} will never be delivered. Drop it?", abort=True)
    path = store_path(config)

    async def whole() -> object:
        return await ask_or_open(
            config,
            lambda: ask_agent(path, "drop-aside", feed=name, key=key),
            lambda agent: agent.outbox.drop(name, key),
        )

    print(f"{name}: {_counted(run_root(whole()))} dropped.")
    return Exit.OK


def _counted(count: object) -> str:
    return "1 document is" if count == 1 else f"{count} documents are"


def _chosen(config: AgentConfig, feed: str, key: str | None) -> tuple[str, str]:
    """Return the feed's whole name and how much of it is meant; ends the command where there is no such thing."""
    path = store_path(config)
    if not path.exists():
        raise usage(f"there is no store at {path}; nothing was set aside")
    with StoreReader(path) as store:
        names = [name for name in store.feeds() if feed in (name, name.partition("/")[0])]
        holding = [name for name in names if store.set_aside(name)] or names
        if not holding:
            remedy = near(feed, store.feeds()) or f"there are: {', '.join(store.feeds()) or 'none'}"
            raise usage(with_remedy(f"no feed {feed}", remedy))
        if len(holding) > 1:
            raise usage(f"{feed} has several feeds; name one of {', '.join(holding)}")
        aside = store.set_aside(holding[0])
    keys = [str(one.key) for one in aside]
    if not keys:
        raise usage(f"{holding[0]} has set nothing aside")
    if key is not None and key not in keys:
        raise usage(with_remedy(f"{holding[0]} has not set {key} aside", near(key, keys)))
    return holding[0], "1 document" if key is not None or len(keys) == 1 else f"{len(keys)} documents"


def _states(config: AgentConfig) -> list[FeedState]:
    outputs = {item.name for item in config.outputs}
    with StoreReader(store_path(config)) as store:
        return [
            FeedState(
                owed=store.owed(name),
                configured=name.partition("/")[0] in outputs,
                suspects=store.suspects(name),
                aside=tuple((one, _what(store, one)) for one in store.set_aside(name)),
            )
            for name in store.feeds()
        ]


def _what(store: StoreReader, aside: Aside) -> str:
    """Say what a document is, as far as it can be read."""
    entry = store.entry(aside.key)
    if entry is None:
        return "gone"
    return "unreadable" if entry.document is None else type_of(entry.document.body)


def _plain(state: FeedState) -> dict[str, Any]:
    owed, delivery = state.owed, state.owed.delivery
    return {
        "feed": owed.feed,
        "form": delivery.form.value if delivery.form else None,
        "configured": state.configured,
        "documents": owed.documents + owed.again,
        "oldest": _time(owed.oldest),
        "last_report": _time(owed.position.at),
        "failing_since": _time(delivery.since),
        "failures": delivery.failures,
        "error": delivery.why,
        "tried_alone": [{"key": str(one.key), "tries": one.tries, "error": one.why} for one in state.suspects],
        "set_aside": [
            {"key": str(one.key), "type": what, "at": _time(one.at), "error": one.why} for one, what in state.aside
        ],
    }


def _print(states: Iterable[FeedState], outputs: set[str]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("feed", "owes", "the oldest of", "state", "set aside"):
        table.add_column(title, justify="right" if title in ("owes", "set aside") else "left", overflow="fold")
    asides: list[str] = []
    for state in states:
        owed = state.owed
        outputs.discard(owed.feed.partition("/")[0])
        cells = (owed.feed, str(owed.documents + owed.again), _time(owed.oldest) or "", _state(state), str(owed.aside))
        table.add_row(*map(cell, cells))
        asides += [
            f"{owed.feed} tries {one.key} alone, {one.tries} times so far: {_line(one.why)}" for one in state.suspects
        ]
        asides += [
            f"{owed.feed} set {one.key} aside ({what}, {_time(one.at)}): {_line(one.why)}" for one, what in state.aside
        ]
    for name in sorted(outputs):
        table.add_row(cell(name), "", "", "was not served yet", "")
    out = console()
    out.print(table)
    for line in asides:
        out.print(line, markup=False, soft_wrap=True)
    if any(state.aside for state in states):
        out.print("`pagemeter outbox retry FEED` delivers what was set aside again, `drop` forgets it.", markup=False)


def _state(state: FeedState) -> str:
    delivery = state.owed.delivery
    if not state.configured:
        return "its output is not in the configuration any more"
    if delivery.why is None:
        return "well"
    return f"fails since {_time(delivery.since)} ({delivery.failures} times): {_line(delivery.why)}"


def _line(why: str) -> str:
    return scrub(why) or "?"


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds").replace("+00:00", "Z")
