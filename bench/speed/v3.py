"""The figure of SNMPv3: authPriv against net-snmp's snmpd."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL

from bench.speed.building import Ready
from bench.speed.outcome import Outcome
from bench.speed.processes import Skipped, client, end, start
from bench.speed.setting import BUILT, Setting

AT_ONCE = 40
USER, AUTH, PRIV = "bench", "quiet paper tray", "second cassette"


def snmpv3(setting: Setting, ready: Ready) -> Outcome:
    """40 addresses, each asked one question at a time, authenticated by SHA-256 and encrypted by AES-128."""
    if "snmpd" in ready.why:
        raise Skipped(ready.why["snmpd"])
    addresses = [str(setting.net[number]) for number in range(1, AT_ONCE + 1)]
    requests = 600 if setting.quick else 3000
    given = {"addresses": addresses, "port": setting.port, "requests": requests, "at_once": AT_ONCE}
    with snmpd(setting, addresses):
        secrets = {"user": USER, "auth": AUTH, "priv": PRIV}
        runs = [client(setting, "v3", {**given, **secrets}) for _ in range(setting.repetitions)]
    outcome = Outcome()
    best = min(runs, key=lambda run: run["cpu"])
    rate, lost = requests / best["cpu"], sum(run["lost"] for run in runs)
    outcome.row("SNMPv3 authPriv: requests/s on one core", f"{rate:,.0f}", ">= 250", met=rate >= 250)
    outcome.row(f"SNMPv3 authPriv: lost at {AT_ONCE} in flight", f"{lost}", "0", met=lost == 0)
    wall = requests / min(run["wall"] for run in runs)
    outcome.note(
        "SNMPv3 authPriv (SHA-256, AES-128) against snmpd", f"{wall:,.0f} requests/s by the clock, {requests:,} a run"
    )
    return outcome


@contextmanager
def snmpd(setting: Setting, addresses: list[str]) -> Iterator[None]:
    """Run snmpd in the foreground from a folder of its own, on these loopback addresses and nowhere else."""
    program = shutil.which("snmpd") or "/usr/sbin/snmpd"
    with tempfile.TemporaryDirectory(dir=BUILT, prefix="snmpd-") as made:
        folder = Path(made)
        (folder / "state").mkdir()
        lines = (
            f'createUser {USER} SHA-256 "{AUTH}" AES "{PRIV}"',
            f"rouser {USER} priv",
            "sysName bench.example",
        )
        (folder / "snmpd.conf").write_text("".join(f"{line}\n" for line in lines))
        places = [f"udp:{address}:{setting.port}" for address in addresses]
        environment = {**os.environ, "SNMP_PERSISTENT_DIR": str(folder / "state"), "MIBS": ""}
        command = [program, "-f", "-C", "-c", folder / "snmpd.conf", "-Lf", folder / "log", *places]
        process = start(command, setting.cores[0], env=environment, stdout=DEVNULL, stderr=DEVNULL)
        try:
            deadline = time.perf_counter() + 10
            while not _bound(addresses[-1], setting.port):
                if process.poll() is not None or time.perf_counter() > deadline:
                    raise Skipped("snmpd does not start; is the port free?")
                time.sleep(0.05)
            yield
        finally:
            end(process)


def _bound(address: str, port: int) -> bool:
    """Say whether somebody has the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tried:
        try:
            tried.bind((address, port))
        except OSError:
            return True
    return False
