"""What ``outputs test`` does: opens an output beside the agent and tells the stages of its test."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pagemeter.cli.exits import Exit, usage
from pagemeter.cli.paths import config_file
from pagemeter.cli.show import console
from pagemeter.clock import Clock, SystemClock
from pagemeter.component import Output, Services, Stage
from pagemeter.config import load_config
from pagemeter.config.build import secrets_of
from pagemeter.errors import PagemeterError, PluginError
from pagemeter.logs import keep_secret, redact
from pagemeter.model import Scope, Target
from pagemeter.plugins import Kind, load_plugins
from pagemeter.root import run_root


def test(name: str, config: Path | None) -> Exit:
    """Try the way to a receiver; a stage that fails makes the exit code 1."""
    return run_root(_test(name, config))


async def _test(name: str, config: Path | None) -> Exit:
    out = console()
    well, ill = ("✓", "✗") if _writes("✓✗") else ("ok  ", "FAIL")
    good = False
    async for stage in _stages(_built(name, config)):
        sign = f"[green]{well}[/green]" if stage.ok else f"[red]{ill}[/red]"
        out.print(sign, end=" ")
        out.print(f"{stage.name}: {redact(stage.text)}", markup=False)
        good = stage.ok
    return Exit.OK if good else Exit.PARTLY_FAILED


async def _stages(output: Output) -> AsyncIterator[Stage]:
    """Open the output and try it; one that can't be opened fails at that."""
    try:
        async with output:
            async for stage in output.test():
                yield stage
    except PagemeterError as error:
        yield Stage(name="open", ok=False, text=str(error))


def _built(name: str, config: Path | None) -> Output:
    """Build the output as the agent does, without the store: the agent may be running."""
    loaded = load_config(config_file(config), environ=os.environ)
    keep_secret(secrets_of(loaded))
    item = next((item for item in loaded.outputs if item.name == name), None)
    if item is None:
        names = ", ".join(item.name for item in loaded.outputs) or "none"
        raise usage(f"no output {name} in {loaded.path}; there are: {names}")
    registry = load_plugins([item.plugin])
    factory = registry.factory(Kind.OUTPUT, item.plugin)
    if factory is None or item.settings is None:
        raise PluginError(f"{name}: {item.broken or registry.why_not(item.plugin) or 'it offers no output'}")
    services = _Services(clock=SystemClock(), folder=loaded.folder)
    # An output asks no device: of the services, those that do are not there.
    built = factory(item.settings, cast("Services", services))
    if not isinstance(built, Output):
        raise PluginError(f"{name}: it is no output")
    return built


@dataclass(frozen=True, slots=True, kw_only=True)
class _Services:
    clock: Clock
    folder: Path
    # The running agent has the store open, which knows the id.
    agent: str = "test"

    def read_soon(self, what: Target | str, scopes: frozenset[Scope], why: str) -> None:
        """Do nothing: no agent is there to read."""

    def progress(self, done: int, total: int | None) -> None:
        """Do nothing: a test has no long work."""


def _writes(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
