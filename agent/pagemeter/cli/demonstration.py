"""``demo``: the real agent against printers that are simulated on loopback; it has no road of its own."""

from __future__ import annotations

import logging
import os
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from rich.markup import escape
from rich.syntax import Syntax

from pagemeter.agent import Agent, Outcome
from pagemeter.cli.exits import Exit, usage
from pagemeter.cli.paths import store_path
from pagemeter.cli.running import Bars, exit_of, show_outcome
from pagemeter.cli.show import console
from pagemeter.clock import SystemClock
from pagemeter.config import load_config
from pagemeter.logs import set_up_logging
from pagemeter.model import host_uri
from pagemeter.progress import Watcher
from pagemeter.root import run_root
from pagemeter.simulator import Simulator, load_fleet, place_fleet
from pagemeter.simulator.fleet import DEMO_NETWORK, DEMO_PORT

CONFIG = """\
# The configuration of the demo: a simulated fleet on this machine.
agent:
  site: Demo
  state: .
networks:
  - network: {network}
credentials:
  - networks: [{network}]
    snmp: {{version: 2c, community: public, port: {port}}}
  - networks: [{network}]
    snmp: {{version: 1, community: public, port: {port}}}
discoveries:
  - plugin: sweep
    ranges: [{network}]
  - plugin: static        # one that sleeps and one that answers garbage: no sweep finds them
    targets: [{mute}]
readers:
  - plugin: printer_mib
outputs:
  - plugin: files
    folder: .
  - plugin: https_xml
    folder: .
"""


def demo(folder: Path, *, keep: bool) -> Exit:
    """Start the fleet, run the agent once against it (or for good), show what was found, leave the files behind."""
    out = console()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "pagemeter.yaml"
        config.write_text(demo_config(), encoding="utf-8")
    except OSError as error:
        raise usage(f"{folder} can't be written ({error.strerror}); choose another with --folder") from None
    out.print(f"[bold]{escape(str(config))}[/bold]")
    out.print(Syntax(demo_config(), "yaml", background_color="default") if out.is_terminal else demo_config())
    set_up_logging(logging.ERROR)
    with Bars() as bars:
        outcome = run_root(_demo(config, bars.watch, keep=keep))
    show_outcome(outcome, as_json=False)
    out.print("Left behind:")
    for path in sorted(folder.iterdir()):
        if not path.name.endswith((".lock", "-wal", "-shm")):
            out.print(f"  {path} ({path.stat().st_size:,} bytes)", markup=False)
    # The one that answers garbage is there on purpose: it must cost only itself.
    expected = {host_uri(address) for address in _mute(DEMO_NETWORK)}
    return exit_of(replace(outcome, failed={what: why for what, why in outcome.failed.items() if what not in expected}))


def demo_config(network: str = DEMO_NETWORK, port: int = DEMO_PORT) -> str:
    """Write the configuration of the demo."""
    return CONFIG.format(network=network, port=port, mute=", ".join(_mute(network)))


def _mute(network: str) -> list[str]:
    """List the addresses of the fleet's devices from which nothing readable comes."""
    fleet = load_fleet()
    places = place_fleet(fleet, network)
    return [place[0] for place, device in zip(places, fleet, strict=True) if device.expected.get("answers") is False]


async def _demo(path: Path, watcher: Watcher, *, keep: bool) -> Outcome:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(Simulator(place_fleet(load_fleet())))
        config = load_config(path, environ=os.environ)
        opened = Agent.open(config, store_path(config), clock=SystemClock(), watcher=watcher)
        agent = await stack.enter_async_context(opened)
        outcome = await agent.once()
        if keep:
            console(stderr=True).print("The fleet and the agent go on running; Ctrl-C ends them.")
            await agent.run()
        return outcome
