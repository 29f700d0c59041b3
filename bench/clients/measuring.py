"""What every measured program shares: its arguments, its meter, and the line in which it says what it found."""

from __future__ import annotations

import contextlib
import gc
import json
import sys
import time
from pathlib import Path
from typing import Any

STATUS = Path("/proc/self/status")


def arguments() -> dict[str, Any]:
    """Return what the bench gave: one JSON object."""
    given: dict[str, Any] = json.loads(sys.argv[1])
    return given


def tell(**found: object) -> None:
    """Say what was found: the last line of the output is for the bench."""
    print(json.dumps(found), flush=True)


class Meter:
    """CPU seconds of all threads, seconds of the wall and peak memory above what was there at the start."""

    def __init__(self) -> None:
        gc.collect()
        # Makes the kernel take the peak anew from here on; where it may not be written, the peak may be an older one.
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")
        self._resident = _kilobytes("VmRSS")
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    def read(self) -> dict[str, float]:
        """Return ``cpu``, ``wall`` in seconds; ``grown`` and ``peak`` in MB."""
        cpu, wall = time.process_time() - self._cpu, time.perf_counter() - self._wall
        peak = _kilobytes("VmHWM")
        return {"cpu": cpu, "wall": wall, "grown": (peak - self._resident) / 1024, "peak": peak / 1024}


def _kilobytes(what: str) -> float:
    if not STATUS.exists():
        return 0.0
    return float(next(line.split()[1] for line in STATUS.read_text().splitlines() if line.startswith(f"{what}:")))


def open_sockets() -> list[int]:
    """Return the file descriptors of this process that are sockets."""
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if str(entry.readlink()).startswith("socket:"):
                found.append(int(entry.name))
    return found
