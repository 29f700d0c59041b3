"""Figures of reading: what a device costs, what gets lost, what a question holds in memory."""

from __future__ import annotations

from typing import Any

from bench.speed.building import Ready
from bench.speed.outcome import Outcome
from bench.speed.processes import PEERS, Skipped, client, fleet, foreign
from bench.speed.setting import ROOTS, Setting

REPETITIONS = 50
"""max-repetitions for the peers: both clients of gufo-snmp take the least CPU with it; 70 and 100 are no better."""

DEVICES = {
    "gufo_async": 500,
    "gufo_sync": 500,
    "aiosnmp": 200,
    "puresnmp": 30,
    "pysnmp_v1arch": 30,
    "pysnmp_v3arch": 30,
}


def cost_of_a_poll(setting: Setting, ready: Ready) -> Outcome:
    """CPU for the same subtrees of a device, 40 devices at once."""
    if "peers" in ready.why:
        raise Skipped(ready.why["peers"])
    expected = setting.values(setting.tables[0])
    given: dict[str, Any] = {
        "net": str(setting.net),
        "port": setting.port,
        "every": 1,
        "at_once": 40,
        "roots": ROOTS,
        "values": expected,
    }
    first, later, packets = [], [], 0.0
    costs: dict[str, list[float]] = {}
    lost: dict[str, int] = {}
    with fleet(setting, every=1, tables=setting.tables[:1]) as simulator:
        for _ in range(setting.repetitions):
            many = 200 if setting.quick else 1000
            simulator.counters()
            rounds = client(setting, "poll", {**given, "devices": many, "rounds": 3})["rounds"]
            packets = simulator.counters()["rx"] / many / len(rounds)
            first.append(rounds[0]["cpu"] / many)
            later.append(min(run["cpu"] for run in rounds[1:]) / many)
            lost["Pagemeter"] = sum(run["lost"] for run in rounds)
            for name, devices in DEVICES.items():
                some = max(10, devices // 5) if setting.quick else devices
                if name == "gufo_sync" and setting.latency:
                    some = 20  # it waits for each answer
                asked = {**given, "client": name, "devices": some, "repetitions": REPETITIONS}
                told = client(setting, "peers_poll", asked, python=PEERS)
                costs.setdefault(name, []).append(told["cpu"] / some)
                lost[name] = told["lost"]
        bulkwalk = snmpbulkwalk(setting, ready)
    best = {"Pagemeter": min(later), **{name: min(several) for name, several in costs.items()}}
    outcome = Outcome()
    pysnmp = min(best["pysnmp_v1arch"], best["pysnmp_v3arch"])
    name = f"poll, CPU per device, {expected} values"
    ratio = best["Pagemeter"] / pysnmp
    outcome.row(f"{name}, against pysnmp", f"1/{1 / ratio:.1f}", "<= 1/25", met=ratio <= 1 / 25)
    for peer, target in (("gufo_async", 1 / 0.65), ("gufo_sync", None), ("aiosnmp", None), ("puresnmp", None)):
        ratio = best["Pagemeter"] / best[peer]
        met = None if target is None else ratio <= target
        said = "" if target is None else f"<= {target:.2f} (1/0.65)"
        outcome.row(f"{name}, against {peer.replace('_', ' ')}", f"{ratio:.2f}", said, met=met)
    for peer, seconds in best.items():
        note = f"; {min(first) * 1e6:,.0f} us at the first visit, {packets:.1f} packets" if peer == "Pagemeter" else ""
        missing = f"; {lost[peer]:,} values lost" if lost[peer] else ""
        outcome.note(f"{name}: {peer.replace('_', ' ')}", f"{seconds * 1e6:,.0f} us{note}{missing}")
    outcome.note(f"{name}: snmpbulkwalk, a process for each subtree", bulkwalk)
    return outcome


def snmpbulkwalk(setting: Setting, ready: Ready) -> str:
    """Let net-snmp walk some devices; most of it is what a process costs."""
    if "snmpbulkwalk" in ready.why:
        return f"not measured: {ready.why['snmpbulkwalk']}"
    cpu = 0.0
    devices = 3
    for place in range(1, devices + 1):
        where = f"udp:{setting.net[place]}:{setting.port}"
        command = ["snmpbulkwalk", "-v2c", "-c", "public", "-On", f"-Cr{REPETITIONS}", where]
        cpu += sum(foreign(setting, [*command, root], env={"MIBS": ""}).cpu for root in ROOTS)
    return f"{cpu / devices * 1e6:,.0f} us"


def lost_in_flight(setting: Setting, ready: Ready) -> Outcome:
    """1,000 devices asked at the same time, each of which answers after 20 ms."""
    expected = setting.values(setting.tables[0])
    many = 1000
    given: dict[str, Any] = {
        "net": str(setting.net),
        "port": setting.port,
        "every": 1,
        "at_once": many,
        "devices": many,
        "roots": ROOTS,
        "values": expected,
    }
    outcome = Outcome()
    latency = 20.0 if setting.latency is None else setting.latency
    name = f"poll with {many:,} in flight and {latency:g} ms latency: values lost"
    with fleet(setting, every=1, tables=setting.tables[:1], latency=latency) as simulator:
        rounds = client(setting, "poll", {**given, "rounds": 1 if setting.quick else 3})["rounds"]
        packets = simulator.counters()["rx"]
        lost = sum(run["lost"] for run in rounds)
        outcome.row(name, f"{lost:,}", "0", met=lost == 0)
        said = f"{sum(run['values'] for run in rounds):,} values read in {len(rounds)} rounds, {packets:,} packets"
        outcome.note(name, f"{said}, {min(run['wall'] for run in rounds):.2f} s a round")
        if "peers" not in ready.why and not setting.quick:
            for peer in ("gufo_async", "pysnmp_v1arch"):
                some = many if peer == "gufo_async" else 300
                asked = {**given, "client": peer, "devices": some, "repetitions": REPETITIONS}
                told = client(setting, "peers_poll", asked, python=PEERS)
                share = told["lost"] / (some * expected)
                outcome.note(f"{some:,} in flight and {latency:g} ms: {peer.replace('_', ' ')}", f"{share:.1%} lost")
    return outcome


_HOLD = {
    "request": "memory of a read's question alone, which is part of what the read holds",
    "later": "memory of a later read of a device: of these 40 are under way at once",
}


def memory_of_a_question(setting: Setting, ready: Ready) -> Outcome:  # noqa: ARG001 - every figure is called alike
    """Octets that are held for each question that is not answered yet."""
    outcome = Outcome()
    count = min(setting.addresses, 10_000)
    with fleet(setting, "-c", "nobody"):
        for how in ("read", "sweep", "request", "later"):
            some = setting.addresses if how == "sweep" else count
            given = {"net": str(setting.net), "port": setting.port, "count": some, "how": how}
            octets = client(setting, "outstanding", given)["octets"]
            if how in _HOLD:
                outcome.note(_HOLD[how], f"{octets:,.0f} octets")
                continue
            outcome.row(
                f"memory per outstanding request: a {how}", f"{octets:,.0f} octets", "<= 2,048", met=octets <= 2048
            )
    some = f"tracemalloc, {count:,} reads and {setting.addresses:,} of a sweep"
    outcome.note("memory per outstanding request", some)
    return outcome


def codec(setting: Setting, ready: Ready) -> Outcome:  # noqa: ARG001 - every figure is called alike
    """The codec alone."""
    given = {"table": str(setting.tables[0]), "rows": 30, "damaged": 10_000, "rounds": 10 if setting.quick else 40}
    told = client(setting, "codec", given)
    outcome = Outcome()
    slowest, other = told["slowest_ms"], told["other"]
    outcome.row("10,000 damaged packets: slowest decode", f"{slowest:.2f} ms", "<= 5 ms", met=slowest <= 5)
    outcome.row("10,000 damaged packets: other exceptions", f"{other}", "0", met=other == 0)
    said = f"decode {told['decode_ns']:,.0f} ns, encode {told['encode_ns']:,.0f} ns"
    outcome.note("codec, a variable binding in messages of 30", said)
    return outcome
