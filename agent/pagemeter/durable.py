"""Files that survive a power cut: replaced whole, with their folder's entry on the disk."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path


def replace_file(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Put a file in place of another at once: a reader sees the old or the new one, whole. Raises OSError.

    ``content`` may come in parts, each written before the next is made.
    """
    beside = path.with_name(f".{path.name}.new")
    with beside.open("wb") as file:
        file.writelines((content,) if isinstance(content, bytes) else content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a new or renamed entry of a folder durable; Windows does that by itself and has no call for it."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
