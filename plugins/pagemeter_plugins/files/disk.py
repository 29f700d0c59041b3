"""Durable appending to files."""

from __future__ import annotations

import os
from pathlib import Path

from pagemeter.durable import sync_folder

_TAIL = 64 * 1024


def append(path: Path, header: bytes, lines: bytes) -> None:
    """Append whole lines and return when they are on the disk; a new file gets the header first.

    A torn last line, left by a crash before its batch was acknowledged, is cut off first: that batch comes again.
    After an error the file is as long as before. Raises OSError.
    """
    is_new = not path.exists()
    with path.open("ab+", buffering=0) as file:
        size = _cut_torn_line(file.fileno())
        try:
            _write(file.fileno(), lines if size else header + lines)
            os.fsync(file.fileno())
        except OSError:
            os.ftruncate(file.fileno(), size)
            raise
    if is_new:
        sync_folder(path.parent)


def _cut_torn_line(descriptor: int) -> int:
    """Cut what stands after the last line's end, and return the size that is left."""
    size = end = os.lseek(descriptor, 0, os.SEEK_END)
    while end > 0:
        start = max(0, end - _TAIL)
        os.lseek(descriptor, start, os.SEEK_SET)
        if (found := _read(descriptor, end - start).rfind(b"\n")) >= 0:
            end = start + found + 1
            break
        end = start
    if end < size:
        os.ftruncate(descriptor, end)
    return end


def _read(descriptor: int, count: int) -> bytes:
    """Read that many bytes: one call may give less."""
    parts = b""
    while len(parts) < count and (part := os.read(descriptor, count - len(parts))):
        parts += part
    return parts


def _write(descriptor: int, content: bytes) -> None:
    """Write all of it: one call may take less."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
