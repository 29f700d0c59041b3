"""Files opened so that nobody is in their way: shared, read only."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Self


def open_shared(path: Path) -> int:
    """Open a file for reading so that others may write, rename and delete it meanwhile; raises OSError."""
    if sys.platform == "win32":
        return _open_on_windows(path)
    # NONBLOCK: a named pipe in the folder must not hold us.
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)


class Opened:
    """A file that is open: what it is by now, and its octets at a place."""

    __slots__ = ("_descriptor", "name", "path")

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self.name = name
        self._descriptor = open_shared(path)

    def stat(self) -> os.stat_result:
        """Return what the system says of it now, whatever its name is."""
        return os.fstat(self._descriptor)

    def at(self, offset: int, length: int) -> bytes:
        """Read at most ``length`` octets; fewer at the end of the file. Raises OSError."""
        parts = []
        while length > 0:
            part = self._some(offset, length)
            if not part:
                break
            parts.append(part)
            offset, length = offset + len(part), length - len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def close(self) -> None:
        """Close it; once is enough."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _some(self, offset: int, length: int) -> bytes:
        if sys.platform == "win32":
            os.lseek(self._descriptor, offset, os.SEEK_SET)
            return os.read(self._descriptor, length)
        return os.pread(self._descriptor, length, offset)


if sys.platform == "win32":

    def _open_on_windows(path: Path) -> int:
        """Open with CreateFileW, for Python's own open forbids others to rename and delete (fileapi.h)."""
        import ctypes
        import msvcrt
        from ctypes import wintypes

        generic_read, share_all, open_existing, normal = 0x80000000, 0x1 | 0x2 | 0x4, 3, 0x80
        create = ctypes.WinDLL("kernel32", use_last_error=True).CreateFileW
        create.restype = wintypes.HANDLE
        create.argtypes = [
            wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD, wintypes.LPVOID,
            wintypes.DWORD, wintypes.DWORD, wintypes.HANDLE,
        ]  # fmt: skip
        handle = create(str(path), generic_read, share_all, None, open_existing, normal, None)
        if handle in (None, wintypes.HANDLE(-1).value):
            raise ctypes.WinError(ctypes.get_last_error())
        return msvcrt.open_osfhandle(handle, os.O_RDONLY | os.O_BINARY)
