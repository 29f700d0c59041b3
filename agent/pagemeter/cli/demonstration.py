"""``demo``: the real agent against printers that are simulated on loopback; it has no road of its own."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.markup import escape
from rich.syntax import Syntax

from pagemeter.agent import Outcome
from pagemeter.cli.exits import Exit, usage
from pagemeter.cli.running import Bars, Build, exit_of, one_round, opened, serving, show_outcome
from pagemeter.cli.show import console
from pagemeter.config import AgentConfig, load_config
from pagemeter.logs import set_up_logging
from pagemeter.model import host_uri
from pagemeter.progress import Watcher
from pagemeter.root import run_root
from pagemeter.simulator import Simulator, load_fleet, place_fleet
from pagemeter.simulator.fleet import DEMO_NETWORK, DEMO_PORT

PORTS_TRIED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetPlace:
    """Where a device of the fleet stands; ``mute`` ones sleep or answer nothing that can be read."""

    address: str
    port: int
    mute: bool

    @property
    def uris(self) -> tuple[str, str]:
        """What the place may be called: by its address, and by address and port."""
        return host_uri(self.address), host_uri(self.address, port=self.port)


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
{discoveries}
readers:
  - plugin: printer_mib
outputs:
  - plugin: files
    folder: .
  - plugin: https_xml
    folder: .
"""

SWEEP = """\
  - plugin: sweep
    ranges: [{network}]
  - plugin: static        # one that sleeps and one that answers garbage: no sweep finds them
    targets: [{mute}]"""

# Where a system binds one loopback address only (macOS), the devices differ by their ports, which no sweep tries.
LISTED = """\
  - plugin: static
    targets:
{targets}"""


def demo(folder: Path, *, keep: bool) -> Exit:
    """Start the fleet, run the agent once against it (or for good), show what was found, leave the files behind."""
    out = console()
    port = _free_port()
    text = demo_config(port=port)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "pagemeter.yaml"
        config.write_text(text, encoding="utf-8")
    except OSError as error:
        raise usage(f"{folder} can't be written ({error.strerror}); choose another with --folder") from None
    out.print(f"[bold]{escape(str(config))}[/bold]")
    out.print(Syntax(text, "yaml", background_color="default") if out.is_terminal else text, markup=False)
    set_up_logging(logging.ERROR)
    with Bars() as bars:
        outcome = run_root(round_of_the_fleet(config, bars.watch))
    show_outcome(outcome, as_json=False)
    out.print("Left behind:")
    for path in sorted(folder.iterdir()):
        if not path.name.endswith((".lock", "-wal", "-shm")):
            out.print(f"  {path} ({path.stat().st_size:,} bytes)", markup=False)
    out.print(f"Look further: `pagemeter devices`, `plan` or `outbox`, each with `--config {config}`.", markup=False)
    if keep:
        console(stderr=True).print("The fleet and the agent go on running; Ctrl-C ends them.")
        run_root(_go_on(config))
    # The one that answers garbage is there on purpose: it must cost only itself.
    expected = {uri for place in _places(port) if place.mute for uri in place.uris}
    return exit_of(replace(outcome, failed={what: why for what, why in outcome.failed.items() if what not in expected}))


def demo_config(*, port: int = DEMO_PORT) -> str:
    """Write the configuration of the demo."""
    return config_of(_places(port))


def config_of(places: Sequence[FleetPlace]) -> str:
    """Write a configuration for devices at these places: an address each, or one address with a port each."""
    port = places[0].port
    if len({place.address for place in places}) == 1:
        targets = "\n".join(f"      - snmp://{place.address}:{place.port}" for place in places)
        return CONFIG.format(network=f"{places[0].address}/32", port=port, discoveries=LISTED.format(targets=targets))
    mute = ", ".join(place.address for place in places if place.mute)
    discoveries = SWEEP.format(network=DEMO_NETWORK, mute=mute)
    return CONFIG.format(network=DEMO_NETWORK, port=port, discoveries=discoveries)


async def round_of_the_fleet(path: Path, watcher: Watcher, *, build: Build = opened) -> Outcome:
    """Serve the fleet and do with the file at ``path`` what ``once`` does."""
    config = load_config(path, environ=os.environ)
    async with _fleet(config):
        return await one_round(config, watcher, build=build)


async def _go_on(path: Path) -> None:
    config = load_config(path, environ=os.environ)
    async with _fleet(config):
        await serving(config)


def _fleet(config: AgentConfig) -> Simulator:
    """Make the fleet at the port that the configuration logs in to."""
    port = next(credential.snmp.port for credential in config.credentials)
    return Simulator(place_fleet(load_fleet(), port=port))


def _free_port() -> int:
    """Find a port that is free at every address of the fleet: another demo may be running."""
    ports = range(DEMO_PORT, DEMO_PORT + PORTS_TRIED)
    for port in ports:
        if all(_is_free(place.address, place.port) for place in _places(port)):
            return port
    raise usage(f"the UDP ports {ports[0]} to {ports[-1]} of {DEMO_NETWORK} are in use; end what uses one of them")


def _is_free(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as attempt:
        try:
            attempt.bind((address, port))
        except OSError:
            return False
    return True


def _places(port: int) -> list[FleetPlace]:
    fleet = load_fleet()
    return [
        FleetPlace(address=address, port=at, mute=device.expected.get("answers") is False)
        for (address, at, _), device in zip(place_fleet(fleet, port=port), fleet, strict=True)
    ]
