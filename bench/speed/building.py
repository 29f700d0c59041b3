"""What a run needs before it starts: the simulator, the limit in C, and the peers in an environment of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec

from bench.speed.setting import BUILT, LAB, ROOT

VENV = ROOT / "build" / "bench-venv"
PEERS = ("pysnmp==7.1.30", "gufo-snmp==0.13.0", "aiosnmp==0.7.2", "puresnmp==2.0.1")
DEBIAN = {"onesixtyone": "onesixtyone", "snmpbulkwalk": "snmp", "snmpd": "snmpd"}
"""Which program is in which of Debian's packages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """What there is; ``why`` says of what is missing how it is had."""

    peers: bool
    why: dict[str, str]


def build() -> Ready:
    BUILT.mkdir(parents=True, exist_ok=True)
    for log in BUILT.glob("fleet*.log"):
        log.unlink()
    _compile()
    why: dict[str, str] = {}
    peers = _environment(why)
    _debian(why)
    return Ready(peers=peers, why=why)


def _compile() -> None:
    compiler = os.environ.get("CC") or shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise SystemExit("gcc is missing; on Debian and Ubuntu: apt-get install gcc libc6-dev")
    for name in ("fleetsim", "csweep"):
        source, made = LAB / f"{name}.c", BUILT / name
        if not made.exists() or made.stat().st_mtime < source.stat().st_mtime:
            print(f"building {name}", flush=True)
            subprocess.run([compiler, "-O2", "-Wall", "-o", made, source], check=True)


def _environment(why: dict[str, str]) -> bool:
    stamp = VENV / "peers.txt"
    wanted = "\n".join((sys.version, *PEERS))
    if stamp.exists() and stamp.read_text() == wanted:
        return True
    print(f"installing {', '.join(PEERS)} into {VENV.relative_to(ROOT)}", flush=True)
    # Debian's python3 has no ensurepip: then the environment is made without pip and filled from outside.
    pip = [] if find_spec("ensurepip") else ["--without-pip"]
    install: list[object] = (
        [VENV / "bin" / "python", "-m", "pip"] if not pip else [sys.executable, "-m", "pip", "--python", VENV]
    )
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", *pip, VENV], check=True)
        subprocess.run([*map(str, install), "install", "--quiet", "--disable-pip-version-check", *PEERS], check=True)
    except (subprocess.CalledProcessError, OSError) as error:
        why["peers"] = f"the peers could not be installed ({error}); is there a package index?"
        return False
    stamp.write_text(wanted)
    return True


def _debian(why: dict[str, str]) -> None:
    missing = {program: package for program, package in DEBIAN.items() if _which(program) is None}
    if not missing:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        packages = sorted(set(missing.values()))
        print(f"installing {', '.join(packages)} with apt-get", flush=True)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "install", "-y", "-q", *packages], check=False, env=environment, **quiet)  # type: ignore[call-overload] # both are ints
    for program, package in missing.items():
        if _which(program) is None:
            why[program] = f"{program} is missing; on Debian and Ubuntu: apt-get install {package}"


def _which(program: str) -> str | None:
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
