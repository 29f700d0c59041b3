"""Measures all figures, one after the other, and writes them down: ``make bench``, ``make bench-quick``."""

from __future__ import annotations

import signal
import sys
import time
from types import FrameType

from bench.speed import polls, report, sweeps, v3, visits
from bench.speed.building import Ready, build
from bench.speed.outcome import Figure, Outcome
from bench.speed.processes import Skipped, end_all
from bench.speed.setting import ROOT, Setting, parse

FIGURES: dict[str, Figure] = {
    "unpaced sweep": sweeps.unpaced_sweep,
    "paced sweep": sweeps.paced_sweep,
    "whole sweep": sweeps.whole_sweep,
    "recall": sweeps.recall,
    "every address answers": sweeps.every_address,
    "CPU per address": sweeps.cost_of_an_address,
    "poll": polls.cost_of_a_poll,
    "in flight": polls.lost_in_flight,
    "packets of a visit": visits.packets_of_a_visit,
    "memory per request": polls.memory_of_a_question,
    "SNMPv3": v3.snmpv3,
    "whole agent": visits.ten_thousand_printers,
    "codec": polls.codec,
}


def main() -> int:
    setting = parse()
    if not sys.platform.startswith("linux"):
        raise SystemExit("the simulator and the limit in C are for Linux; so are these measurements")
    signal.signal(signal.SIGTERM, _interrupt)
    ready = build()
    if setting.cores[0] == setting.cores[1]:
        print("only one core: simulator and client share it, and the rates are too low")
    chosen = {name: figure for name, figure in FIGURES.items() if _is_wanted(name, setting)}
    began = time.perf_counter()
    outcomes = []
    try:
        for number, (name, figure) in enumerate(chosen.items(), start=1):
            print(f"[{number}/{len(chosen)}] {name}", flush=True)
            begun = time.perf_counter()
            outcome = _measured(name, figure, setting, ready)
            report.show(outcome)
            print(f"       ({time.perf_counter() - begun:.0f} s)", flush=True)
            outcomes.append(outcome)
    except KeyboardInterrupt:
        print("interrupted; nothing was written")
        return 130
    finally:
        end_all()
    seconds = time.perf_counter() - began
    print(f"{seconds:.0f} s; {_verdict(outcomes)}")
    if not setting.quick and not setting.only:
        report.write(setting, outcomes, seconds)
        print(f"written: {report.RESULTS.relative_to(ROOT)}")
    return 0


def _measured(name: str, figure: Figure, setting: Setting, ready: Ready) -> Outcome:
    try:
        return figure(setting, ready)
    except Skipped as why:
        skipped = Outcome()
        skipped.row(name, f"not measured: {why}")
        return skipped


def _verdict(outcomes: list[Outcome]) -> str:
    rows = [row for outcome in outcomes for row in outcome.rows]
    missed = [row.figure for row in rows if row.met is False]
    unknown = [row.figure for row in rows if row.measured.startswith("not measured")]
    said = [f"{len(missed)} missed: {'; '.join(missed)}"] if missed else []
    said += [f"{len(unknown)} not measured: {'; '.join(unknown)}"] if unknown else []
    return "; ".join(said) or "all targets are met"


def _is_wanted(name: str, setting: Setting) -> bool:
    return not setting.only or any(word.lower() in name.lower() for word in setting.only)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
