"""Which part of the agent takes the CPU: a look at the main thread whenever some of its CPU time went by.

A timer of CPU time interrupts it, so that no place is looked at more often than its share. The threads beside it (the
store's writer) are counted whole by their own CPU clocks. Nothing is profiled, so that nothing is slowed down.
"""

from __future__ import annotations

import signal
import threading
import time
from collections import defaultdict
from types import FrameType
from typing import Self

PARTS = (
    # A walk is looked into by those that parse it.
    ("pagemeter/snmp/types", None),
    ("pagemeter/snmp/", "SNMP"),
    ("pagemeter/net/", "SNMP"),
    ("pagemeter_plugins/printer_mib/", "parse"),
    ("pagemeter_plugins/", "outputs"),
    ("pagemeter/text", None),
    ("pagemeter/inventory/", "inventory"),
    ("pagemeter/continuity/", "continuity"),
    ("pagemeter/store/", "store"),
    ("pagemeter/wire", "wire"),
    ("pagemeter/model/", None),
    ("pagemeter/", "agent"),
)
"""The innermost frame in one of these files says whose the time is; none: ask the frame that called it."""

SECONDS = 0.002


class Sampler:
    """``seconds`` of CPU by part, once it is left; for the main thread."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._before = 0.0
        self._others: dict[int, float] = {}

    def __enter__(self) -> Self:
        self._others = {ident: _cpu(ident) for ident in _others()}
        self._before = time.thread_time()
        signal.signal(signal.SIGPROF, self._look)
        signal.siginterrupt(signal.SIGPROF, False)
        signal.setitimer(signal.ITIMER_PROF, SECONDS, SECONDS)
        return self

    def __exit__(self, *exc_info: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, signal.SIG_IGN)
        for ident, name in _others().items():
            part = "store" if "store" in name else "other threads"
            self.seconds[part] += _cpu(ident) - self._others.get(ident, 0.0)

    def _look(self, _number: int, frame: FrameType | None) -> None:
        now = time.thread_time()
        self.seconds[_part(frame)] += now - self._before
        self._before = now


def _others() -> dict[int, str]:
    others = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    return {thread.ident: thread.name for thread in others if thread.ident is not None}


def _cpu(ident: int) -> float:
    return time.clock_gettime(time.pthread_getcpuclockid(ident))


def _part(frame: FrameType | None) -> str:
    while frame is not None:
        path = frame.f_code.co_filename.replace("\\", "/")
        part = next((part for place, part in PARTS if place in path), None)
        if part is not None:
            return part
        frame = frame.f_back
    return "event loop"
