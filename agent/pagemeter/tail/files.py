"""Which files belong to a stream."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

PACKED: Final = (".gz", ".zip", ".bz2", ".xz", ".zst", ".7z", ".rar", ".tmp", ".swp", ".filepart", "~")
"""Ends of names that are never followed: packed files, and what others are still writing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """The files of one stream.

    ``path`` is a file, and with it what it is renamed or copied to: files of its folder whose names begin like its own
    (``PCOUNTER.LOG``: ``PCOUNTER.LOG.1``, ``PCOUNTER_2008_1014.LOG``). Or it is a folder with its daily files.
    ``patterns`` are shell patterns that say otherwise which names are meant; capitals are as good as small letters.
    ``others`` are further folders, such as the one that old files are moved to.
    """

    path: Path
    patterns: tuple[str, ...] = ()
    others: tuple[Path, ...] = ()

    def files(self) -> Iterator[tuple[Path, os.stat_result]]:
        """Yield the files that are there now; raises OSError where the folder can't be listed."""
        single = not self.path.is_dir()
        folder = self.path.parent if single else self.path
        patterns = self.patterns or ((_family(self.path.name),) if single else ("*",))
        for place in (folder, *self.others):
            yield from _regular(place, tuple(pattern.lower() for pattern in patterns), required=place == folder)


def _family(name: str) -> str:
    """Return the pattern of a file and what it is renamed to: what is before the first dot, then anything."""
    stem = name.lower().partition(".")[0] or name.lower()
    return re.sub(r"([\[*?])", r"[\1]", stem) + "*"


def _regular(folder: Path, patterns: tuple[str, ...], *, required: bool) -> Iterator[tuple[Path, os.stat_result]]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        if required:
            raise
        return
    for entry in entries:
        name = entry.name.lower()
        if name.endswith(PACKED) or not any(fnmatchcase(name, pattern) for pattern in patterns):
            continue
        try:
            # Not entry.stat: on Windows that has no inode.
            status = Path(entry.path).stat()
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode):
            yield Path(entry.path), status
