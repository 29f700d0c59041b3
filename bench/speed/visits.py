"""Figures of a visit and of the whole agent: packets to a known printer, and ten thousand printers in a cycle."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bench.speed.building import Ready
from bench.speed.outcome import Outcome
from bench.speed.processes import Fleet, Skipped, client, fleet
from bench.speed.setting import BUILT, LAB, Setting
from bench.speed.tables import variants

VISITS = 4
CYCLE_SECONDS = 900
DEFAULT_RATE = 500
"""Packets a second that an agent sends whose YAML says nothing."""


@contextmanager
def configuration(
    setting: Setting, discoveries: Sequence[str], *, ports: Sequence[int] = ()
) -> Iterator[dict[str, Any]]:
    """Write the YAML of an agent whose state and output are in a folder of their own."""
    with tempfile.TemporaryDirectory(dir=BUILT, prefix="agent-") as made:
        folder = Path(made)
        network = str(setting.net)
        credentials = [
            {"networks": [network], "snmp": {"version": "2c", "community": "public", "port": port}}
            for port in ports or (setting.port,)
        ]
        written = {
            "agent": {"site": "Bench", "state": str(folder / "state"), "packets_per_second": 50_000},
            "networks": [{"network": network}],
            "credentials": credentials,
            "discoveries": [json.loads(text) for text in discoveries],
            "readers": [{"plugin": "printer_mib"}],
            "cycles": {"meters": {"every": "15m"}},
            "outputs": [{"plugin": "files", "folder": str(folder / "out"), "every": "1h"}],
        }
        # YAML is a superset of JSON.
        (folder / "pagemeter.yaml").write_text(json.dumps(written, indent=1))
        yield {"config": str(folder / "pagemeter.yaml"), "store": str(folder / "state" / "pagemeter.db")}


def recordings(setting: Setting) -> list[Path]:
    """Return the recordings of printers that are whole walks; none where there are none beside the checkout."""
    index = setting.recordings / "index.json"
    if not index.is_file():
        return []
    printers = json.loads(index.read_text(encoding="utf-8"))["printers"]
    return [setting.recordings / printer["file"] for printer in printers if printer["class"] == "full"]


def packets_of_a_visit(setting: Setting, ready: Ready) -> Outcome:  # noqa: ARG001 - every figure is called alike
    """Questions that a whole agent sends to read a printer that it knows, without anything being lost."""
    tables = list(setting.tables)
    recorded = recordings(setting)
    every = [*tables, *recorded]
    with ExitStack() as stack:
        fleets: list[Fleet] = []
        targets = []
        for number, table in enumerate(every, start=1):
            address, port = setting.net[number], setting.port + number
            running = fleet(setting, net=f"{address}/32", every=1, tables=[table], port=port)
            fleets.append(stack.enter_context(running))
            targets.append(f"snmp://{address}:{port}")
        found = json.dumps({"plugin": "static", "targets": targets})
        given = stack.enter_context(configuration(setting, [found]))
        told = client(setting, "visits", {**given, "simulators": [one.pid for one in fleets], "visits": VISITS})
        counted = [one.lines() for one in fleets]
    for table, lines in zip(every, counted, strict=True):
        if len(lines) < VISITS + 1 or not lines[-1]["rx"]:
            raise Skipped(f"the printer of {table.name} was not read")
    outcome = Outcome()
    steady = [lines[VISITS]["rx"] for lines in counted]
    name = "packets to read a known printer"
    most = max(steady[: len(tables)])
    outcome.row(f"{name}: the simulated one", f"{most}", "<= 3", met=most <= 3)
    if recorded:
        mean = sum(steady[len(tables) :]) / len(recorded)
        outcome.row(f"{name}: mean over {len(recorded)} whole walks", f"{mean:.1f}", "<= 5", met=mean <= 5)
    else:
        outcome.row(f"{name}: mean over whole walks", "not measured: no recordings beside the checkout", "<= 5")
    short = {place: fields for place, fields in told["short"][-1].items() if fields}
    whole = not short and not told["cut"][-1] and not told["failed"] and len(told["held"]) == len(every)
    said = f"{len(told['held'])} printers, {'nothing' if whole else json.dumps([short, told['cut'][-1]])} missing"
    outcome.row(f"{name}: the last visit says what the first one said", said, "nothing missing", met=whole)
    for table, lines in zip(every, counted, strict=True):
        visits = ", ".join(f"{line['rx']}" for line in lines[1 : VISITS + 1])
        outcome.note(f"{name}: {table.stem}", f"found and first read {lines[0]['rx']}, then {visits}")
    return outcome


def ten_thousand_printers(setting: Setting, ready: Ready) -> Outcome:  # noqa: ARG001 - every figure is called alike
    """The agent itself: it finds the fleet, then reads, stores and owes it in a cycle, and in one more."""
    count = setting.printers
    every = max(1, (setting.addresses - 1) // count)
    last = setting.net[1 + (count - 1) * every]
    ranges = json.dumps({"plugin": "sweep", "ranges": [f"{setting.net[1]}-{last}"], "large": True})
    tables = variants(setting.tables) if setting.tables == (LAB / "printer.snmprec",) else setting.tables
    outcome = Outcome()
    with fleet(setting, "-V", every=every, tables=tables) as simulator:
        with configuration(setting, [ranges]) as given:
            asked = {**given, "simulator": simulator.pid, "learn": True}
            learned = client(setting, "fleet", asked)
            first_packets = simulator.counters()["rx"]
            known = client(setting, "fleet", {**asked, "learn": False, "cycles": 2, "shares": True})
        packets = [line["rx"] for line in simulator.lines()[1:]]
    name = f"the agent, {count:,} printers"
    for cycle, what in zip(known["cycles"], ("a cycle after a start", "a warm cycle"), strict=True):
        scale = 90 * count / 10_000
        outcome.row(f"{name}, {what}: CPU", f"{cycle['cpu']:.1f} s", f"<= {scale:.0f} s", met=cycle["cpu"] <= scale)
    peak = max(learned["peak"], known["peak"], *(cycle["peak"] for cycle in known["cycles"]))
    outcome.row(f"{name}: peak memory", f"{peak:.0f} MB", "<= 300 MB", met=peak <= 300)
    took = max(packets[:2]) / DEFAULT_RATE
    outcome.row(
        f"{name}, a cycle at {DEFAULT_RATE} packets/s",
        f"{took:.0f} s",
        f"<= {CYCLE_SECONDS} s",
        met=took <= CYCLE_SECONDS,
    )
    whole = sum(known["shares"].values()) or 1
    shares = ", ".join(f"{part} {seconds / whole:.0%}" for part, seconds in known["shares"].items() if seconds)
    outcome.row(f"{name}, shares of a warm cycle's CPU", shares)
    _tell_absolute(outcome, name, learned, known)
    outcome.note(
        f"{name}: packets", f"found and first read {first_packets:,}, then {', '.join(map('{:,}'.format, packets))}"
    )
    wrong = [cycle for cycle in known["cycles"] if cycle["answered"] != count]
    if learned["devices"] != count or wrong:
        read = ", ".join(f"{cycle['answered']:,}" for cycle in known["cycles"])
        outcome.row(f"{name}: read", f"{learned['devices']:,} found, {read} read", f"{count:,}", met=False)
    return outcome


def _tell_absolute(outcome: Outcome, name: str, learned: dict[str, Any], known: dict[str, Any]) -> None:
    def took(run: dict[str, Any]) -> str:
        return f"{run['cpu']:.1f} s of CPU, {run['wall']:.1f} s, peak {run['peak']:.0f} MB"

    outcome.note(f"{name}: found, identified, read and delivered for the first time", took(learned))
    outcome.note(f"{name}: opened again, {known['known']:,} devices known", took(known["opened"]))
    for number, cycle in enumerate(known["cycles"], start=1):
        outcome.note(f"{name}: cycle {number} of that start", took(cycle))
    outcome.note(f"{name}: both cycles delivered to files", took(known["delivery"]))
