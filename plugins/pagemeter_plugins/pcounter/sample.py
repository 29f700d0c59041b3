"""A look into the files before they are read: what of day and month comes first."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from pagemeter.tail import Opened, Watched, newline_of, split
from pagemeter_plugins.pcounter.lines import LineReader

MOST_FILES: Final = 20
LENGTH: Final = 64 * 1024


def sample(watched: Watched, reader: LineReader) -> None:
    """Let the reader learn from the newest files, from the beginning and the end of each; raises OSError.

    A file that can't be read is passed over.
    """
    files = sorted(watched.files(), key=lambda file: -file[1].st_mtime_ns)
    for path, status in files[:MOST_FILES]:
        with suppress(OSError):
            _learn(path, status, reader)
        if reader.evidence is not None and reader.evidence.sure:
            return


def _learn(path: Path, status: os.stat_result, reader: LineReader) -> None:
    file = Opened(path, status)
    try:
        newline = newline_of(file.at(0, 1024))
        for offset in {0, max(0, status.st_size - LENGTH) // 2 * 2}:
            lines, _ = split(file.at(offset, LENGTH), offset, newline, 1000)
            reader.read("", lines[1 if offset else 0 :], name=path.name, modified=status.st_mtime)
    finally:
        file.close()
