"""Which part of the agent takes the CPU: every few milliseconds a look at the main thread, weighed by its CPU time.

The threads beside it (the store's writer) are counted whole by their own CPU clocks: nothing is profiled, so that
nothing is slowed down.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from types import FrameType
from typing import Self

PARTS = (
    ("pagemeter/snmp/", "SNMP"),
    ("pagemeter/net/", "SNMP"),
    ("pagemeter_plugins/printer_mib/", "parse"),
    ("pagemeter_plugins/", "outputs"),
    ("pagemeter/inventory/", "inventory"),
    ("pagemeter/continuity/", "continuity"),
    ("pagemeter/store/", "store"),
    ("pagemeter/wire", "wire"),
    ("pagemeter/model/", "model"),
    ("pagemeter/", "agent"),
)
"""The first that is in the path of the innermost frame of ours has the time."""

SECONDS = 0.003


class Sampler:
    """``seconds`` of CPU by part, once it is left."""

    def __init__(self, main: threading.Thread) -> None:
        self.seconds: Counter[str] = Counter()
        self._main = main.ident or 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="sampler")
        self._others: dict[int, float] = {}

    def __enter__(self) -> Self:
        self._others = {thread: _cpu(thread) for thread in self._threads()}
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._over.set()
        self._thread.join()
        names = {thread.ident: thread.name for thread in threading.enumerate()}
        for thread in self._threads():
            part = "store" if "writer" in names[thread] or "store" in names[thread] else "other threads"
            self.seconds[part] += _cpu(thread) - self._others.get(thread, 0.0)

    def _threads(self) -> list[int]:
        live = [thread.ident for thread in threading.enumerate() if thread is not self._thread]
        return [ident for ident in live if ident is not None and ident != self._main]

    def _look(self) -> None:
        before = _cpu(self._main)
        while not self._over.wait(SECONDS):
            frame = sys._current_frames().get(self._main)  # noqa: SLF001 - the one way to see another thread's frames
            now = _cpu(self._main)
            self.seconds[_part(frame)] += now - before
            before = now


def _cpu(thread: int) -> float:
    return time.clock_gettime(time.pthread_getcpuclockid(thread))


def _part(frame: FrameType | None) -> str:
    while frame is not None:
        path = frame.f_code.co_filename.replace("\\", "/")
        for place, part in PARTS:
            if place in path:
                return part
        frame = frame.f_back
    return "event loop"
