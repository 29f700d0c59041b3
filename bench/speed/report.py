"""bench/RESULTS.md: ratios first, then the absolute figures and the machine."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

from bench.speed.building import PEERS
from bench.speed.outcome import Outcome, Row
from bench.speed.setting import ROOT, Setting

RESULTS = ROOT / "bench" / "RESULTS.md"


def write(setting: Setting, outcomes: Sequence[Outcome], seconds: float) -> None:
    rows = [row for outcome in outcomes for row in outcome.rows]
    text = [
        "# Results",
        "",
        "Written by `make bench`; [README.md](README.md) says what is measured how.",
        "",
        _setting(setting, seconds),
        "",
        "## Figures",
        "",
        *_table(("figure", "measured", "target", "met"), ((r.figure, r.measured, r.target, met(r)) for r in rows)),
        "",
        "## Absolute figures",
        "",
        *_table(("what", "value"), (note for outcome in outcomes for note in outcome.absolute)),
        "",
        "## Machine",
        "",
        *_table(("what", "value"), machine()),
    ]
    RESULTS.write_text("\n".join(text) + "\n", encoding="utf-8")


def met(row: Row) -> str:
    return "" if row.met is None else "yes" if row.met else "**no**"


def _setting(setting: Setting, seconds: float) -> str:
    tables = ", ".join(table.name for table in setting.tables)
    latency = "" if setting.latency is None else f", {setting.latency:g} ms latency"
    loss = " and ".join(f"{share:g} %" for share in setting.loss)
    return (
        f"{setting.net}, 1 address in {setting.every} answers a sweep, table {tables}{latency}, recall at {loss} loss; "
        f"best of {setting.repetitions}; the simulator on one core, the client on another; "
        f"the run took {seconds / 60:.0f} minutes."
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    return lines + [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows]


def machine() -> list[tuple[str, str]]:
    """Name what decides the figures, and nothing that names a host."""
    told = [
        ("CPU", _cpu()),
        ("cores", str(len(os.sched_getaffinity(0)))),
        ("kernel", f"{platform.system()} {platform.release()}"),
        ("Python", f"{platform.python_implementation()} {platform.python_version()}"),
        ("Pagemeter", version("pagemeter")),
        ("peers", ", ".join(peer.replace("==", " ") for peer in PEERS)),
    ]
    for module in ("pysnmp", "uvloop"):
        try:
            told.append((f"{module} beside Pagemeter", version(module)))
        except ModuleNotFoundError:
            told.append((f"{module} beside Pagemeter", "not installed"))
    for program, package in (("onesixtyone", "onesixtyone"), ("snmpd", "snmpd")):
        told.append((program, _package(package)))
    return told


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _package(name: str) -> str:
    if shutil.which("dpkg-query") is None:
        return "unknown"
    asked = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", name], check=False, capture_output=True, text=True)
    return asked.stdout.strip() or "not installed"


def show(outcome: Outcome) -> None:
    """Print a figure as soon as it is there."""
    for row in outcome.rows:
        verdict = {None: "    ", True: "ok  ", False: "MISS"}[row.met]
        print(f"  {verdict} {row.figure}: {row.measured}" + (f"   (target {row.target})" if row.target else ""))
    for what, value in outcome.absolute:
        print(f"       {what}: {value}")
    sys.stdout.flush()
