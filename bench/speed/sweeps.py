"""Figures of the sweep: how fast, how evenly, how surely, and at what price."""

from __future__ import annotations

import json
from collections.abc import Mapping
from ipaddress import IPv4Network
from pathlib import Path
from statistics import median
from typing import Any

from bench.speed.building import Ready
from bench.speed.outcome import Outcome
from bench.speed.processes import PEERS, Fleet, Skipped, client, fleet, foreign
from bench.speed.setting import BUILT, Setting

PORTABLE = {"PAGEMETER_PORTABLE_SOCKETS": "1"}
STOCK_BUFFER = 212_992
"""net.core.rmem_default of Linux: 208 KiB, as the kernel counts them."""


def sweep(setting: Setting, net: IPv4Network, *, env: Mapping[str, str] | None = None, **more: Any) -> dict[str, Any]:
    """Sweep a network with the engine: with one retry after 2 s, unless ``more`` says something else."""
    return client(setting, "sweep", {"net": str(net), "port": setting.port, **more}, env=env)


def rate_of(simulator: Fleet) -> tuple[int, float]:
    """Return how many packets came since the last time, and how many in a second by the kernel's time stamps."""
    counted = simulator.counters()
    return counted["rx"], (counted["rx"] - 1) / max(counted["span_us"], 1) * 1e6


def unpaced_sweep(setting: Setting, ready: Ready) -> Outcome:  # noqa: ARG001 - every figure is called alike
    """Once through the network as fast as it goes, beside the same in C."""
    rates: dict[str, list[float]] = {}
    costs: dict[str, list[float]] = {}
    with fleet(setting, "-T") as simulator:

        def took(name: str, cpu: float) -> None:
            packets, rate = rate_of(simulator)
            rates.setdefault(name, []).append(rate)
            costs.setdefault(name, []).append(cpu / packets * 1e6)

        for _ in range(3 if setting.quick else 5):
            for name, option in (("csweep", ()), ("csweep -1", ("-1",))):
                command = [BUILT / "csweep", "-n", setting.net, "-p", setting.port, "-w", 500, *option]
                took(name, json.loads(foreign(setting, [str(part) for part in command]).out)["cpu_s"])
            for name, env in (("sendmmsg", {}), ("portable", PORTABLE)):
                took(name, sweep(setting, setting.net, env=env, timeout=0.5, retries=0)["cpu"])
    outcome = Outcome()
    best = {name: max(several) for name, several in rates.items()}
    for name, target in (("sendmmsg", 0.75), ("portable", 0.40)):
        ratio = best[name] / best["csweep"]
        outcome.row(
            f"unpaced sweep, packets/s against csweep ({name})", f"{ratio:.2f}", f">= {target:.2f}", met=ratio >= target
        )
    outcome.row("unpaced sweep, portable against csweep -1 (sendto)", f"{best['portable'] / best['csweep -1']:.2f}")
    for name in ("sendmmsg", "portable"):
        ratio = min(costs["csweep"]) / min(costs[name])
        outcome.row(f"unpaced sweep, packets per CPU second against csweep ({name})", f"{ratio:.2f}")
    for name, rate in best.items():
        outcome.note(
            f"unpaced sweep of {setting.net}, 1 in {setting.every} answers: {name}",
            f"{rate:,.0f} packets/s (median {median(rates[name]):,.0f}), {min(costs[name]):.2f} us of CPU a packet",
        )
    return outcome


def paced_sweep(setting: Setting, ready: Ready) -> Outcome:  # noqa: ARG001 - every figure is called alike
    """Is the rate of the budget the rate on the wire?"""
    outcome = Outcome()
    seconds = 2 if setting.quick else 4
    with fleet(setting, "-T") as simulator:
        for rate in (500, 5_000, 20_000):
            bits = 32 - (rate * seconds).bit_length()
            net = next(setting.net.subnets(new_prefix=max(bits, setting.net.prefixlen)))
            sweep(setting, net, rate=rate, timeout=0.5, retries=0)
            packets, kept = rate_of(simulator)
            off = kept / rate - 1
            outcome.row(f"paced sweep at {rate:,}/s: off", f"{off:+.2%}", "within 1 %", met=abs(off) <= 0.01)
            outcome.note(f"paced sweep at {rate:,}/s", f"{kept:,.1f} packets/s over {packets:,} packets")
    return outcome


def whole_sweep(setting: Setting, ready: Ready) -> Outcome:  # noqa: ARG001 - every figure is called alike
    """A whole network at 20,000 packets/s with one retry: seconds and memory."""
    with fleet(setting) as simulator:
        runs = []
        for _ in range(1 if setting.quick else 2):
            told = sweep(setting, setting.net, rate=20_000)
            runs.append({**told, "packets": simulator.counters()["rx"]})
    wall = min(run["wall"] for run in runs)
    grown = max(run["grown"] for run in runs)
    most = longest(setting.addresses, 20_000)
    outcome = Outcome()
    name = f"a /{setting.net.prefixlen} at 20,000/s with one retry"
    outcome.row(f"{name}: seconds", f"{wall:.2f}", f"<= {most:.1f}", met=wall <= most)
    outcome.row(f"{name}: peak memory above start", f"{grown:.1f} MB", "<= 50 MB", met=grown <= 50)
    outcome.note(
        name,
        f"{wall:.2f} s, {min(run['cpu'] for run in runs):.2f} s of CPU, {runs[-1]['packets']:,} packets, "
        f"{runs[-1]['found']:,} of {setting.answering():,} found, peak {max(run['peak'] for run in runs):.0f} MB",
    )
    return outcome


def longest(addresses: int, rate: int) -> float:
    """Return the seconds that a sweep with one retry may take: both rounds and what is waited, and half a second.

    A retry comes 2 s after its question, and 2 s after the last one nobody is waited for: 9 s for a /16 at 20,000/s.
    """
    once = addresses / rate
    return round(once + max(once, 2.0) + 2.45, 1)


def recall(setting: Setting, ready: Ready) -> Outcome:  # noqa: ARG001 - every figure is called alike
    """How many of those that are there are found when packets get lost."""
    outcome = Outcome()
    # More devices than in the other figures, so that chance decides less.
    every = min(setting.every, 5)
    there = setting.answering(every=every)
    for loss in setting.loss:
        with fleet(setting, "-d", loss, "-s", 7, every=every):
            found = sweep(setting, setting.net, rate=20_000)["found"]
        target = 0.999 if loss <= 1 else 0.995 if loss <= 5 else 1 - 2 * (loss / 100) ** 2
        share = found / there
        name = f"recall with one retry at {loss:g} % loss"
        outcome.row(name, f"{share:.2%}", f">= {target:.2%}", met=share >= target)
        outcome.note(name, f"{found:,} of {there:,} found; {1 - (loss / 100) ** 2:.2%} is what chance leaves")
    return outcome


def every_address(setting: Setting, ready: Ready) -> Outcome:  # noqa: ARG001 - every figure is called alike
    """All addresses answer, into the receive buffer that a machine has that nobody tuned."""
    there = setting.answering(every=1)
    runs = []
    with fleet(setting, every=1) as simulator:
        for _ in range(setting.repetitions):
            told = sweep(setting, setting.net, rate=20_000, buffer=STOCK_BUFFER)
            runs.append({**told, "packets": simulator.counters()["rx"]})
    worst = min(runs, key=lambda run: run["found"])
    outcome = Outcome()
    name = "every address answers, 20,000/s, 208 KiB buffer: found"
    said = f"{worst['found'] / there:.2%}" + (f", the worst of {len(runs)}" if len(runs) > 1 else "")
    outcome.row(name, said, "100 %", met=worst["found"] == there)
    for run in runs:
        buffers = ", ".join(f"{octets:,}" for octets in run["buffers"])
        packets = f"{run['packets']:,} packets, {run['cpu']:.2f} s of CPU"
        outcome.note(name, f"{run['found']:,} of {there:,}, {packets}, SO_RCVBUF {buffers}")
    return outcome


def cost_of_an_address(setting: Setting, ready: Ready) -> Outcome:
    """CPU for one address, asked once."""
    if "peers" in ready.why:
        raise Skipped(ready.why["peers"])
    outcome = Outcome()
    few = 300 if setting.quick else 1000
    costs: dict[str, float] = {}
    with fleet(setting):
        runs = [sweep(setting, setting.net, timeout=1.0, retries=0)["cpu"] for _ in range(setting.repetitions)]
        costs["Pagemeter"] = min(runs) / setting.addresses
        for name in ("pysnmp_v3arch", "pysnmp_v1arch"):
            given = {"client": name, "net": str(setting.net), "port": setting.port, "addresses": few, "at_once": few}
            told = [client(setting, "peers_sweep", given, python=PEERS)["cpu"] for _ in range(setting.repetitions)]
            costs[name] = min(told) / few
        if "onesixtyone" not in ready.why:
            costs["onesixtyone"] = min(onesixtyone(setting) for _ in range(setting.repetitions))
    v3arch, v1arch = (costs["Pagemeter"] / costs[f"pysnmp_{arch}"] for arch in ("v3arch", "v1arch"))
    name = "CPU per address against pysnmp"
    outcome.row(f"{name} v3arch", f"1/{1 / v3arch:,.0f}", "<= 1/100", met=v3arch <= 0.01)
    outcome.row(f"{name} v1arch", f"1/{1 / v1arch:,.0f}")
    for client_name, seconds in costs.items():
        outcome.note(f"CPU per address: {client_name.replace('_', ' ')}", f"{seconds * 1e6:,.1f} us")
    if "onesixtyone" in ready.why:
        outcome.note("CPU per address: onesixtyone", f"not measured: {ready.why['onesixtyone']}")
    return outcome


def onesixtyone(setting: Setting) -> float:
    """Let onesixtyone ask as many addresses; it waits 5 s for the last answers, which takes no CPU."""
    listed = Path(BUILT / "addresses.txt")
    listed.write_text("".join(f"{address}\n" for address in setting.net.hosts()))
    command = ["onesixtyone", "-q", "-o", "/dev/null", "-p", str(setting.port), "-w", "0", "-i", str(listed), "public"]
    return foreign(setting, command).cpu / setting.addresses
