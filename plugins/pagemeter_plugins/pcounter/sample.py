"""A look into the files before they are read: what of day and month comes first."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from pagemeter.tail import Opened, Watched, newline_of, split
from pagemeter_plugins.pcounter.lines import LineReader

MOST_FILES: Final = 20
PARTS: Final = 8
LENGTH: Final = 16 * 1024
MOST_LINES: Final = 1000


def sample(watched: Watched, reader: LineReader) -> None:
    """Let the reader learn from the newest files, each looked at in several places; raises OSError.

    A file that can't be read is passed over.
    """
    files = sorted(watched.files(), key=lambda file: -file[1].st_mtime_ns)
    dates: list[str] = []
    for path, status in files[:MOST_FILES]:
        with suppress(OSError):
            dates = [*_dates(path, status, reader), *dates]
        if reader.evidence is not None and reader.evidence.sure:
            return
    if reader.order is None:
        reader.learn(dates)


def _dates(path: Path, status: os.stat_result, reader: LineReader) -> list[str]:
    """Return the dates of a file, in their order; the reader learns from them by the way."""
    file = Opened(path, status)
    found: list[str] = []
    try:
        newline = newline_of(file.at(0, 1024))
        for part in range(PARTS + 1):
            offset = max(0, (status.st_size - LENGTH) * part // PARTS) // 2 * 2
            lines, _ = split(file.at(offset, LENGTH), offset, newline, MOST_LINES)
            # Where the look begins in the middle of a file, it begins in the middle of a line.
            found += reader.dates_in(lines[1 if offset else 0 :])
            if offset == 0 and status.st_size <= LENGTH:
                break
    finally:
        file.close()
    reader.learn(found, name=path.name, modified=status.st_mtime)
    return found
