"""What can be chosen for a run, so that the figures can be measured again with another fleet."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from ipaddress import IPv4Network, ip_network
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAB = ROOT / "bench" / "lab"
BUILT = ROOT / "build" / "bench"
RECORDINGS = ROOT.parent / "shared" / "walks"

ROOTS = tuple(
    f"1.3.6.1.2.1.{root}"
    for root in ("1", "25.3.2", "25.3.5", "43.5", "43.6", "43.8", "43.9", "43.10", "43.11", "43.16", "43.18")
)
"""The subtrees of a poll: of the lab's own printer they are 294 values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One run: the fleet, the cores, and how often all is repeated; ``latency`` in ms, ``loss`` in %."""

    net: IPv4Network
    port: int
    every: int
    latency: float | None
    loss: tuple[float, ...]
    tables: tuple[Path, ...]
    recordings: Path
    printers: int
    quick: bool
    only: tuple[str, ...]

    @property
    def repetitions(self) -> int:
        return 1 if self.quick else 3

    @property
    def addresses(self) -> int:
        """How many addresses are asked: without those of the network and of the broadcast."""
        return self.net.num_addresses - 2

    @property
    def cores(self) -> tuple[int, int]:
        """The simulator's core and the client's; the same one where there is but one."""
        cores = sorted(os.sched_getaffinity(0))
        return cores[0], cores[-1]

    def answering(self, net: IPv4Network | None = None, every: int | None = None) -> int:
        """How many of the asked addresses the simulator answers for."""
        net, every = net or self.net, every or self.every
        return len(range(1 % every or every, net.num_addresses - 1, every))

    def values(self, table: Path) -> int:
        """How many values of a table are below the roots of the poll."""
        oids = (line.split("|")[0] for line in table.read_text(encoding="utf-8").splitlines() if "|" in line)
        return sum(any(f"{name}.".startswith(f"{root}.") for root in ROOTS) for name in oids)


def parse() -> Setting:
    parser = argparse.ArgumentParser(prog="make bench", description="Measure the speed claims of the SNMP engine.")
    parser.add_argument("--net", default="127.20.0.0/16", help="the simulated network, a /16 inside 127.0.0.0/8")
    parser.add_argument("--port", type=int, default=1161, help="UDP port of the simulated printers")
    parser.add_argument("--every", type=int, default=50, help="every so many-th address answers a sweep")
    parser.add_argument("--latency", type=float, help="ms, for all figures (0, and 20 with 1,000 in flight)")
    parser.add_argument("--loss", type=float, action="append", help="%% of the requests, for recall (1 and 5)")
    parser.add_argument("--table", type=Path, action="append", help="a device table (.snmprec); may be given again")
    parser.add_argument("--recordings", type=Path, default=RECORDINGS, help="a folder of recordings with index.json")
    parser.add_argument("--printers", type=int, help="how many printers the whole agent reads (10,000)")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions and a smaller net; prints only")
    parser.add_argument("--only", action="append", default=[], help="only figures with this word in their name")
    given = parser.parse_args()
    net = ip_network(given.net)
    if not isinstance(net, IPv4Network) or not net.subnet_of(IPv4Network("127.0.0.0/8")):
        parser.error(f"{net} is not inside 127.0.0.0/8, and nothing else is ever asked")
    if not 8 <= net.prefixlen <= 24:
        parser.error(f"{net} is not of a size between /8 and /24")
    tables = tuple(given.table or [LAB / "printer.snmprec"])
    for table in tables:
        if not table.is_file():
            parser.error(f"there is no {table}")
    if given.quick and net.prefixlen < 19:
        net = next(net.subnets(new_prefix=19))
    return Setting(
        net=net,
        port=given.port,
        every=given.every,
        latency=given.latency,
        loss=tuple(given.loss or (1.0, 5.0)),
        tables=tables,
        recordings=given.recordings,
        printers=given.printers or (300 if given.quick else 10_000),
        quick=given.quick,
        only=tuple(given.only),
    )
